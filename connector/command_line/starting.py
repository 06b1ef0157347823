"""callreel run, capture, work, web."""

import argparse
import asyncio
import importlib
import os
import subprocess
import sys
from pathlib import Path
from typing import Final

from connector.command_line.exits import Exit
from connector.errors import ConnectorError

#: How far each stands back for the others: a page may wait, an encoder, too; a recorder that begins late may not.
_ROLES: Final = {"capture": 0, "work": 5, "web": 10}


def run(options: argparse.Namespace) -> int:
    """All roles under the supervisor. The catalogue is brought to our version first, in a process of its own."""
    from connector.command_line.checking import useless_destinations
    from connector.config.loading import load
    from connector.supervisor import role_command, supervise

    settings = load(options.config, os.environ)
    for useless in useless_destinations(settings):
        # Calls are recorded: what cannot be stored yet waits here.
        print(f"callreel: {useless}", file=sys.stderr)
    state = Path(settings.state)
    config = ("--config", str(options.config))
    migrated = subprocess.run([sys.executable, "-m", "connector", "migrate", *config], check=False)
    if migrated.returncode != Exit.OK:
        return migrated.returncode
    return supervise([role_command(role, *config, niceness=niceness) for role, niceness in _ROLES.items()], state)


def capture(options: argparse.Namespace) -> int:
    return _role("capture", options)


def work(options: argparse.Namespace) -> int:
    from connector.roles.lifeline import leave

    leave(_role("work", options))


def web(options: argparse.Namespace) -> int:
    return _role("web", options)


def _role(name: str, options: argparse.Namespace) -> int:
    module = importlib.import_module(f"connector.roles.{name}")
    try:
        asyncio.run(module.run(options.config))
    except BaseExceptionGroup as group:
        # What a role's task failed of on purpose is said in one line; a bug keeps its trace.
        errors = _leaves(group)
        if len(errors) == 1 and isinstance(errors[0], ConnectorError):
            raise errors[0] from group
        raise
    return Exit.OK


def _leaves(group: BaseExceptionGroup[BaseException]) -> list[BaseException]:
    found: list[BaseException] = []
    for error in group.exceptions:
        found += _leaves(error) if isinstance(error, BaseExceptionGroup) else [error]
    return found
