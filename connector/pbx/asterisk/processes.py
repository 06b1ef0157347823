"""The Asterisk that runs on this machine: which of its processes is the server, and not a console that looks at it."""

import re
from pathlib import Path

from connector.pbx.processes import PROC, PbxProcess, process_at, words_behind

_CONSOLE = re.compile(r"-[A-Za-z]*[rRx]")


def asterisk_process(port: int, proc: Path = PROC) -> PbxProcess | None:
    """The one whose manager interface is at `port`; as process_at."""
    return process_at(port, _is_server, proc)


def _is_server(words: list[str]) -> bool:
    behind = words_behind("asterisk", words)
    return behind is not None and not any(_CONSOLE.match(word) for word in behind)
