"""callreel keys add, list, revoke, rotate."""

import argparse
import asyncio
import sys
from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import Any, Final

from connector.command_line.audit import operator
from connector.command_line.exits import Exit
from connector.command_line.output import iso, print_json, print_table
from connector.domain.access import Access, ApiKey, KeyRole, Limits
from connector.domain.ids import Moment
from connector.domain.organisation import DEFAULT_ORGANISATION
from connector.errors import ConfigError, NotFound
from connector.roles.house import House, opened
from connector.services.keys import Keys, KeyWish, NewKey

_PAGE: Final = 200

_Work = Callable[[Keys, Access, House], Awaitable[int]]


def add(options: argparse.Namespace) -> int:
    """A new key, shown once."""

    async def work(keys: Keys, access: Access, house: House) -> int:
        expires_at = None if options.expires is None else house.clock.now() + options.expires
        made = await keys.make(
            access,
            KeyWish(
                name=options.name,
                organisation=options.organisation,
                roles=tuple(KeyRole(role) for role in options.role or [KeyRole.READ]),
                limits=Limits(
                    tags=tuple(options.limit_tag),
                    agents=tuple(options.limit_agent),
                    numbers=tuple(options.limit_number),
                ),
                expires_at=expires_at,
                is_signing=options.signing,
            ),
        )
        return _show(made, house, options)

    return _with_keys(options, work)


def listing(options: argparse.Namespace) -> int:
    """All keys; never what is secret of them."""

    async def work(keys: Keys, access: Access, house: House) -> int:
        now = house.clock.now()
        found = [
            key
            for key in await _every(keys, access)
            if (options.all or key.is_good(now)) and options.organisation in {None, key.organisation}
        ]
        if options.json:
            print_json([_as_json(key, now) for key in found])
        else:
            columns = ("id", "name", "organisation", "roles", "limits", "state", "expires (UTC)", "last used (UTC)")
            print_table(columns, [_row(key, now) for key in found], whole=("id", "state"))
        return Exit.OK

    return _with_keys(options, work)


def revoke(options: argparse.Namespace) -> int:
    """It opens nothing any more."""

    async def work(keys: Keys, access: Access, house: House) -> int:
        revoked = await keys.revoke(access, await _whole_id(keys, access, options.id))
        if options.json:
            print_json(_as_json(revoked, house.clock.now()))
        else:
            print(f"{revoked.id} ({revoked.name}) is revoked: nodes that run know it within two seconds")
        return Exit.OK

    return _with_keys(options, work)


def rotate(options: argparse.Namespace) -> int:
    """A new key in the place of an old one."""

    async def work(keys: Keys, access: Access, house: House) -> int:
        old = await _whole_id(keys, access, options.id)
        made = await keys.rotate(access, old, grace_seconds=options.grace)
        print(f"callreel: {old} is good for {options.grace:g} s still", file=sys.stderr)
        return _show(made, house, options)

    return _with_keys(options, work)


def _with_keys(options: argparse.Namespace, work: _Work) -> int:
    async def run() -> int:
        async with opened(options.config) as house:
            keys = Keys(
                house.catalogue.accounts,
                house.vault,
                house.auditing,
                house.clock,
                organisations=lambda: _organisations(house),
            )
            return await work(keys, operator(house), house)

    return asyncio.run(run())


def _organisations(house: House) -> Collection[str]:
    return house.settings.organisations.known.keys() or {DEFAULT_ORGANISATION}


async def _every(keys: Keys, access: Access) -> Sequence[ApiKey]:
    found: list[ApiKey] = []
    while page := await keys.listed(access, limit=_PAGE, after=found[-1].id if found else ""):
        found += page
    return found


async def _whole_id(keys: Keys, access: Access, beginning: str) -> str:
    found = [key.id for key in await _every(keys, access) if key.id.startswith(beginning)]
    if not found:
        raise NotFound(f"no key has the id {beginning!r}: callreel keys list --all shows what there is")
    if len(found) > 1:
        raise ConfigError(f"{beginning!r} means more than one key: say which, {', '.join(found[:10])}")
    return found[0]


def _show(made: NewKey, house: House, options: argparse.Namespace) -> int:
    """Alone on standard output, so that it can go on from there."""
    secret = made.secret.reveal() if made.key.is_signing else None
    if options.json:
        print_json(_as_json(made.key, house.clock.now()) | {"key": made.text.reveal(), "secret": secret})
        return Exit.OK
    whose = f"of organisation {made.key.organisation}" if made.key.organisation else "of the whole house"
    print(
        f"callreel: key {made.key.id} {whose}, {', '.join(made.key.roles)}; nobody can show it again:", file=sys.stderr
    )
    print(made.text.reveal())
    if secret is not None:
        print(f"callreel: for clients that sign: application key {made.key.id}, secret {secret}", file=sys.stderr)
    return Exit.OK


def _state(key: ApiKey, now: Moment) -> str:
    if key.revoked_at is not None:
        return "revoked"
    return "good" if key.is_good(now) else "expired"


def _as_json(key: ApiKey, now: Moment) -> dict[str, Any]:
    """In the words of the API."""
    limits = key.limits
    return {
        "id": key.id,
        "name": key.name,
        "organisation": key.organisation,
        "roles": [str(role) for role in key.roles],
        "limits": {"tags": list(limits.tags), "agents": list(limits.agents), "numbers": list(limits.numbers)},
        "state": _state(key, now),
        "signing": key.is_signing,
        "created_at": iso(key.created_at),
        "created_by": key.created_by,
        "expires_at": iso(key.expires_at),
        "revoked_at": iso(key.revoked_at),
        "used_at": iso(key.used_at),
    }


def _row(key: ApiKey, now: Moment) -> tuple[str, ...]:
    limits = key.limits
    said = [*(f"tag {one}" for one in limits.tags), *(f"agent {one}" for one in limits.agents), *limits.numbers]
    roles = [*key.roles, *(["(signing)"] if key.is_signing else [])]
    return (
        key.id,
        key.name,
        key.organisation or "(house)",
        " ".join(roles),
        ", ".join(said),
        _state(key, now),
        _short(key.expires_at),
        _short(key.used_at),
    )


def _short(moment: Moment | None) -> str:
    return (iso(moment) or "")[:16].replace("T", " ")
