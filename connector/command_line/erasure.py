"""callreel erasure begin, show."""

import argparse
import asyncio
from pathlib import Path
from typing import Any

from connector.command_line.audit import operator
from connector.command_line.exits import Exit
from connector.command_line.output import iso, print_json, print_table
from connector.command_line.ownership import give_to_owner
from connector.errors import ConfigError
from connector.ports.erasure_ledger import ErasureState
from connector.roles.house import opened
from connector.services.erasing import ErasureView


def begin(options: argparse.Namespace) -> int:
    """Erase all of a call or of a number; the work role carries it out."""

    async def work() -> ErasureView:
        if bool(options.call) == bool(options.number):
            raise ConfigError("say what: --call ID or --number NUMBER")
        async with opened(options.config) as house:
            try:
                return await house.erasing.erase(
                    operator(house), call_id=options.call or "", number=options.number or ""
                )
            finally:
                # The book of erasures may be new.
                give_to_owner(Path(house.settings.state))

    return _answered(options, asyncio.run(work()))


def show(options: argparse.Namespace) -> int:
    """How far an erasure is."""

    async def work() -> ErasureView:
        async with opened(options.config) as house:
            return await house.erasing.look(operator(house), options.id)

    return _answered(options, asyncio.run(work()))


def _answered(options: argparse.Namespace, found: ErasureView) -> int:
    if options.json:
        print_json(_as_json(found))
        return Exit.OK
    counts = f"{found.erased} calls erased, {found.under_way} under way, {found.cannot} cannot be"
    print(f"erasure {found.erasure.id}: {counts}")
    rows = [
        (call.call_id, thing.recording_id, thing.kind, thing.destination, str(thing.state), thing.reason)
        for call in found.calls
        for thing in call.things
    ]
    columns = ("call", "recording", "what", "where", "state", "reason")
    print_table(columns, rows, whole=columns[:2])
    calls = [
        (call.call_id, call.reason) for call in found.calls if call.state is not ErasureState.ERASED and call.reason
    ]
    for call_id, reason in calls:
        print(f"call {call_id}: {reason}")
    print(f"Later: callreel erasure show {found.erasure.id}")
    return Exit.OK


def _as_json(found: ErasureView) -> dict[str, Any]:
    erasure = found.erasure
    return {
        "id": erasure.id,
        "state": str(found.state),
        "call_id": erasure.call_id or None,
        "number": erasure.number or None,
        "by": erasure.by,
        "at": iso(erasure.at),
        "erased": found.erased,
        "under_way": found.under_way,
        "cannot_be": found.cannot,
        "calls": [
            {
                "call_id": call.call_id,
                "state": str(call.state),
                "reason": call.reason,
                "things": [
                    {
                        "recording_id": thing.recording_id,
                        "kind": thing.kind,
                        "destination": thing.destination,
                        "state": str(thing.state),
                        "reason": thing.reason,
                    }
                    for thing in call.things
                ],
            }
            for call in found.calls
        ],
    }
