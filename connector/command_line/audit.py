"""callreel audit list, verify; and who is at the command line, for all commands that do what must be written down."""

import argparse
import asyncio
import os
import pwd
from pathlib import Path
from typing import Any, Final

from connector.command_line.exits import Exit
from connector.command_line.output import iso, print_json, print_table
from connector.domain.access import Access, of_the_house
from connector.domain.audit import AuditLine, details_text
from connector.errors import ConfigError
from connector.roles.house import House, opened
from connector.roles.house_key import house_key
from connector.services.audit_head import NAME, Heads, heads, verified

_PAGE: Final = 200


def operator(house: House) -> Access:
    """Whoever types: he has the house."""
    return of_the_house(f"command line (user {_user()})", house.clock.now())


def listing(options: argparse.Namespace) -> int:
    """The newest lines."""

    async def work() -> int:
        async with opened(options.config) as house:
            found = await _found(house, options)
        if options.json:
            print_json([_as_json(line) for line in found])
        else:
            columns = ("number", "at (UTC)", "action", "of", "by", "organisation", "details")
            print_table(columns, [_row(line) for line in found], whole=columns[:4])
        return Exit.OK

    return asyncio.run(work())


def verify(options: argparse.Namespace) -> int:
    """Reckon the whole log again, and compare it with what was signed."""

    async def work() -> int:
        async with opened(options.config) as house:
            path = options.head or Path(house.settings.state) / NAME
            # First the file, then the log, which grows meanwhile.
            known = _known(path, house)
            verdict = await verified(house.catalogue.audit, known, str(path))
        if options.json:
            facts = {"is_good": not verdict.problems, "lines": verdict.lines, "signed_up_to": verdict.signed_up_to}
            print_json(facts | {"problems": list(verdict.problems)})
        else:
            for problem in verdict.problems:
                print(problem)
            print(f"{verdict.lines} lines are as they were written; signed up to line {verdict.signed_up_to}")
        return Exit.FAILED if verdict.problems else Exit.OK

    return asyncio.run(work())


async def _found(house: House, options: argparse.Namespace) -> list[AuditLine]:
    found: list[AuditLine] = []
    while len(found) < options.limit:
        page = await house.catalogue.audit.page(
            options.organisation or None,
            limit=min(_PAGE, options.limit - len(found)),
            before=found[-1].number if found else None,
            subject=options.subject,
            action=options.action,
            by=options.by,
        )
        if not page:
            break
        found += page
    return found


def _known(path: Path, house: House) -> Heads:
    try:
        return heads(path, house_key(house.settings))
    except OSError as error:
        raise ConfigError(
            f"{path} cannot be read ({error.strerror or error}): who runs this must be allowed to"
        ) from error


def _user() -> str:
    """By the system, not by the environment: that says whatever one likes."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())


def _as_json(line: AuditLine) -> dict[str, Any]:
    deed = line.deed
    return {
        "number": line.number,
        "at": iso(line.at),
        "action": deed.action,
        "by": deed.by,
        "organisation": deed.organisation,
        "subject": deed.subject,
        "address": deed.address,
        "details": dict(deed.details),
        "digest": line.digest,
    }


def _row(line: AuditLine) -> tuple[str, ...]:
    deed = line.deed
    who = f"{deed.by} at {deed.address}" if deed.address else deed.by
    at = (iso(line.at) or "")[:19].replace("T", " ")
    details = details_text(deed) if deed.details else ""
    return (str(line.number), at, deed.action, deed.subject, who, deed.organisation or "(house)", details)
