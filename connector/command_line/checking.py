"""callreel check."""

import argparse
import asyncio
import os
from pathlib import Path

from connector.command_line.exits import Exit
from connector.command_line.output import print_json
from connector.config.loading import load
from connector.errors import ConfigError
from connector.network.clock import SystemClock
from connector.roles.destinations import all_destinations
from connector.roles.engines import maker, unheard
from connector.roles.stores import unusable
from connector.settings import Settings


def check(options: argparse.Namespace) -> int:
    """Load the file as the daemon would, and say what it means."""
    path = options.file or options.config
    try:
        settings = load(path, os.environ)
        if useless := [*useless_destinations(settings), *useless_engines(settings)]:
            raise ConfigError("\n".join(useless))
    except ConfigError as error:
        if not options.json:
            raise
        print_json({"file": str(path), "is_good": False, "problems": str(error).splitlines()})
        return Exit.USAGE
    if options.json:
        print_json({"file": str(path), "is_good": True, "problems": []})
    else:
        print(f"{path} is good. " + _summary(settings))
    return Exit.OK


def useless_destinations(settings: Settings) -> list[str]:
    """Where nothing could be stored, and why. A daemon records all the same: files wait here until that is mended."""
    return [f"destination {name}: {reason}" for name, reason in unusable(all_destinations(settings)).items()]


def useless_engines(settings: Settings) -> list[str]:
    """Who cannot make the transcripts that are asked for, and why; nothing is started, and nobody is asked."""
    return asyncio.run(unheard(settings, maker(Path(settings.state), SystemClock())))


def _summary(settings: Settings) -> str:
    lines = [
        f"PBX: {', '.join(settings.pbx) or 'none: nothing is recorded'}",
        f"destinations: {', '.join(f'{name} ({one.url})' for name, one in settings.destinations.items())}",
        f"when no rule says anything: record {settings.defaults.record}",
        f"state: {Path(settings.state)}",
    ]
    return "\n".join(["It means:", *(f"  {line}" for line in lines)])
