"""The FreeSWITCH that runs on this machine: which of its processes is the server, and not a word to one that runs."""

from pathlib import Path

from connector.pbx.processes import PROC, PbxProcess, process_at, words_behind

#: Ends a running one, and is no server.
_STOP = "-stop"


def freeswitch_process(port: int, proc: Path = PROC) -> PbxProcess | None:
    """The one whose event socket is at `port`; as process_at."""
    return process_at(port, _is_server, proc)


def _is_server(words: list[str]) -> bool:
    behind = words_behind("freeswitch", words)
    return behind is not None and _STOP not in behind
