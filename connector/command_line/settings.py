"""callreel settings list, unset."""

import argparse
import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

from connector.command_line.audit import operator
from connector.command_line.exits import Exit
from connector.command_line.output import iso, print_json, print_table
from connector.domain.access import Access
from connector.errors import ConfigError
from connector.roles.following import Overlay
from connector.roles.house import opened
from connector.roles.storage_trial import BucketTrial
from connector.services.house_settings import HouseSettings, Overlaid

_Work = Callable[[HouseSettings, Access, Overlay], Awaitable[int]]


def listing(options: argparse.Namespace) -> int:
    """What lies over config.yaml; never a secret of it."""

    async def work(settings: HouseSettings, access: Access, overlay: Overlay) -> int:
        found = await settings.overlaid(access, options.organisation)
        if options.json:
            print_json([_as_json(one) for one in found])
        elif found:
            columns = ("organisation", "name", "value", "by", "since (UTC)", "holds")
            print_table(columns, [_row(one) for one in found], whole=("name",))
        else:
            print("nothing lies over the configuration: it holds as it is written")
        return Exit.OK

    return _with_settings(options, work)


def unset(options: argparse.Namespace) -> int:
    """The configuration holds again, as far as these names go."""

    async def work(settings: HouseSettings, access: Access, overlay: Overlay) -> int:
        organisation = options.organisation or _only(overlay)
        gone = await settings.unset(access, organisation, options.names)
        if options.json:
            print_json({"organisation": organisation, "taken_back": list(gone)})
        else:
            print(f"taken back of {organisation}: {', '.join(gone)}; the configuration holds again within two seconds")
        return Exit.OK

    return _with_settings(options, work)


def _with_settings(options: argparse.Namespace, work: _Work) -> int:
    async def run() -> int:
        async with opened(options.config) as house:
            overlay = house.overlay
            trial = BucketTrial(house.clock, house.catalogue.pins)
            rows, seen_agents = house.catalogue.changed_settings, house.catalogue.seen_agents
            settings = HouseSettings(rows, seen_agents, house.vault, overlay, trial, house.auditing, house.clock)
            return await work(settings, operator(house), overlay)

    return asyncio.run(run())


def _only(overlay: Overlay) -> str:
    known = sorted(overlay.organisations)
    if len(known) != 1:
        raise ConfigError(f"say whose, by --organisation: {', '.join(known)}")
    return known[0]


def _as_json(one: Overlaid) -> dict[str, Any]:
    """In the words of the API."""
    return {
        "organisation": one.organisation,
        "name": one.name,
        "value": one.value,
        "changed_by": one.by,
        "changed_at": iso(one.at),
        "refused": one.refused or None,
    }


def _row(one: Overlaid) -> tuple[str, ...]:
    holds = f"no: {one.refused}" if one.refused else "yes"
    value = json.dumps(one.value, ensure_ascii=False)
    since = (iso(one.at) or "")[:16].replace("T", " ")
    return (one.organisation, one.name, value, one.by, since, holds)
