"""Whether FreeSWITCH and we mean the same folder by the same path. Looks at files; asks nobody and writes nothing.

What FreeSWITCH sees is told to it: by its answers to `file_exists`, or by its process where it runs here.
"""

import os
import re
from collections.abc import Awaitable, Callable
from pathlib import Path

from connector.domain.diagnosis import Finding, bad, note, ok
from connector.pbx.freeswitch.file_names import spool_trouble
from connector.pbx.processes import PbxProcess

SUBJECT = "spool"
_MOUNT = "let both see one folder at one path: a mount, or a volume of the container"
_PLAIN = re.compile(r"[A-Za-z0-9_.@=+~-]+")

#: Asks FreeSWITCH whether there is something at that path; None when it does not say.
Exists = Callable[[str], Awaitable[bool | None]]


async def spool_finding(spool: Path, process: PbxProcess | None, exists: Exists) -> Finding:
    trouble = spool_trouble(str(spool))
    if trouble:
        return bad(SUBJECT, trouble, "another folder in `spool`, and there")
    is_there = await exists(str(spool))
    if is_there is False:
        what = f"FreeSWITCH sees no folder {spool}: it would make one that only its own user may write to"
        return bad(SUBJECT, what, f"make it, with the rights named under `recording folder`; in a container: {_MOUNT}")
    is_same = _is_same(spool, process)
    if is_same is None:
        is_same = await _shares_a_file(spool, exists)
    if is_same is False:
        return bad(SUBJECT, f"{spool} is another folder there than here: its files never reach us", _MOUNT)
    if is_same:
        return ok(SUBJECT, f"{spool} is the same folder there and here")
    if is_there is None:
        return note(SUBJECT, f"whether FreeSWITCH sees {spool} cannot be asked")
    return note(
        SUBJECT, f"FreeSWITCH sees a {spool}, and nothing lies in ours to compare: the first recording will tell"
    )


def _is_same(spool: Path, process: PbxProcess | None) -> bool | None:
    """None when we may not look there, or there is nothing to look at."""
    if process is None or process.root is None:
        return None
    try:
        theirs, ours = (process.root / spool.relative_to("/")).stat(), spool.stat()
    except OSError:
        return None
    return os.path.samestat(theirs, ours)


async def _shares_a_file(spool: Path, exists: Exists) -> bool | None:
    try:
        with os.scandir(spool) as entries:
            name = next((entry.name for entry in entries if _PLAIN.fullmatch(entry.name)), "")
    except OSError:
        return None
    if not name:
        return None
    answer = await exists(f"{spool}/{name}")
    # It may have been fetched and removed meanwhile.
    return None if answer is False and not (spool / name).exists() else answer
