"""callreel retention run, list, apply."""

import argparse
import asyncio
import sys
from collections.abc import Sequence
from typing import Any, Final

from connector.command_line.exits import Exit
from connector.command_line.output import iso, print_json, print_table
from connector.config.retention_terms import retention_terms
from connector.domain.keeping import DAY_SECONDS
from connector.domain.retention import Ending
from connector.errors import ConfigError
from connector.ports.keeping_ledger import Undeleted
from connector.roles.house import opened
from connector.services.retention import RetentionReport

_MOST: Final = 1000
_ENDING = ("ends (UTC)", "recording", "call", "organisation", "stays because")


def run(options: argparse.Namespace) -> int:
    """The daily job, now; what it removes is deleted by the work role."""

    async def work() -> int:
        async with opened(options.config) as house:
            now = house.clock.now()
            report = await house.retention.run_once(now, dry_run=options.dry_run)
            if not options.dry_run:
                await house.catalogue.keeping.claim_run(await house.catalogue.keeping.last_run(), now)
        if options.json:
            print_json(_as_json(report))
        else:
            _print(report)
        return Exit.OK

    return asyncio.run(work())


def listing(options: argparse.Namespace) -> int:
    """What ends within the next days, and what could not be deleted."""

    async def work() -> int:
        async with opened(options.config) as house:
            keeping = house.catalogue.keeping
            until = house.clock.now() + options.days * DAY_SECONDS
            ending = await keeping.ending(until, options.limit, options.organisation)
            undeleted = await keeping.undeleted(options.limit, options.organisation)
        if options.json:
            print_json(
                {"ending": [_ending(one) for one in ending], "undeleted": [_undeleted(one) for one in undeleted]}
            )
        else:
            print_table(_ENDING, [_row(one) for one in ending], whole=_ENDING[:2])
            _print_undeleted(undeleted)
        return Exit.OK

    return asyncio.run(work())


def apply(options: argparse.Namespace) -> int:
    """Days as they are configured now hold for earlier recordings, too."""

    async def work() -> int:
        async with opened(options.config) as house:
            organisations = retention_terms(house.overlay.settings).policies
            if options.organisation is not None and options.organisation not in organisations:
                raise ConfigError(f"no organisation is called {options.organisation!r}: {', '.join(organisations)}")
            changed = await house.retention.reapply(options.organisation)
        if options.json:
            print_json({"changed": changed})
        else:
            print(f"{changed} recordings end at another time now: callreel retention list")
        return Exit.OK

    return asyncio.run(work())


def _print(report: RetentionReport) -> None:
    would = "would go" if report.is_dry else "go"
    print_table(_ENDING, [_row(one) for one in (*report.going, *report.staying)], whole=_ENDING[:2])
    print(
        f"{report.expired} recordings {would}, {len(report.staying)} stay; {report.transcripts} transcripts {would} by "
        f"days of their own; {report.tried_again} recordings with copies that could not be deleted are tried again"
    )


def _print_undeleted(undeleted: Sequence[Undeleted]) -> None:
    if not undeleted:
        return
    print(f"{len(undeleted)} copies could not be deleted; they are tried again every day:", file=sys.stderr)
    columns = ("recording", "file", "destination", "object", "reason")
    rows = [
        (
            one.delivery.recording_id,
            str(one.delivery.kind),
            one.delivery.destination,
            one.delivery.object_name,
            one.delivery.reason,
        )
        for one in undeleted
    ]
    print_table(columns, rows, whole=columns[:1])


def _row(one: Ending) -> tuple[str, ...]:
    return ((iso(one.expires_at) or "")[:19], one.recording_id, one.call_id, one.organisation, one.stays)


def _as_json(report: RetentionReport) -> dict[str, Any]:
    return {
        "at": iso(report.at),
        "dry_run": report.is_dry,
        "reckoned": report.reckoned,
        "expired": report.expired,
        "going": [_ending(one) for one in report.going],
        "staying": [_ending(one) for one in report.staying],
        "transcripts": report.transcripts,
        "tried_again": report.tried_again,
    }


def _ending(one: Ending) -> dict[str, Any]:
    return {
        "recording_id": one.recording_id,
        "call_id": one.call_id,
        "organisation": one.organisation,
        "expires_at": iso(one.expires_at),
        "stays": one.stays,
    }


def _undeleted(one: Undeleted) -> dict[str, Any]:
    delivery = one.delivery
    return {
        "recording_id": delivery.recording_id,
        "kind": str(delivery.kind),
        "destination": delivery.destination,
        "organisation": one.organisation,
        "object": delivery.object_name,
        "reason": delivery.reason,
    }
