"""Which releases of Asterisk are known to do harm, why, and what to do. Pure: a version's text in, findings out."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from connector.domain.diagnosis import Finding, Level, note, ok, warning

SUBJECT = "version"
Release = tuple[int, int, int]

#: What our tests ran on.
_TESTED = ((16, 28, 0), (22, 10, 1))


@dataclass(frozen=True, slots=True)
class _Fault:
    first: Release
    last: Release
    level: Level
    what: str
    mend: str


_FAULTS = (
    _Fault(
        (18, 18, 0),
        (18, 18, 0),
        Level.WARNING,
        "silencing a recorder (MixMonitorMute) can lock up Asterisk in WebRTC calls (asterisk/asterisk#233)",
        "upgrade Asterisk; until then stop and start recordings instead of pausing them: whatever pauseBehavior says, "
        "a pause silences the recorder, so that nothing of it is written to disk",
    ),
    _Fault(
        (22, 9, 0),
        (22, 9, 0),
        Level.WARNING,
        "under some 100 calls a minute its REST interface locks up (asterisk/asterisk#1962)",
        "upgrade Asterisk",
    ),
    _Fault(
        (22, 10, 1),
        (22, 10, 1),
        Level.WARNING,
        "dozens of transfers in the same moment can stop its SIP while the manager interface goes on (FRACK in its "
        "log), with recorders or without",
        "nothing to set; when calls no longer move, restart Asterisk, and upgrade when a newer one is there",
    ),
    _Fault(
        # Reported for 18.20.1 (#507), measured on 22.10.1, absent in 16.28; between them nobody looked.
        (18, 20, 1),
        (22, 10, 1),
        Level.NOTE,
        "what is played to a channel can turn silent in a recording when the other party changes "
        "(asterisk/asterisk#507): prompts and music; no voice, for each is recorded where it comes in",
        "",
    ),
)


def release(text: str) -> Release | None:
    """22.10.1 of 22.10.1~dfsg-1 and of certified-20.7-cert2; None where no number begins it."""
    found = re.match(r"(?:certified[/-])?(\d+)\.(\d+)(?:\.(\d+))?", text.strip())
    return (int(found[1]), int(found[2]), int(found[3] or 0)) if found else None


def version_findings(text: str) -> Iterator[Finding]:
    found = release(text)
    if found is None:
        yield note(SUBJECT, f"Asterisk {text or '?'} has no release number: nothing is known about it")
        return
    faults = [fault for fault in _FAULTS if fault.first <= found <= fault.last]
    if found < _TESTED[0]:
        yield warning(SUBJECT, f"Asterisk {text} is older than any that callreel was tested on (16.28)", "upgrade it")
    elif all(fault.level is Level.NOTE for fault in faults):
        yield ok(SUBJECT, f"Asterisk {text}" + ("" if found in _TESTED else ", near to those that were tested"))
    for fault in faults:
        yield Finding(fault.level, SUBJECT, f"Asterisk {text}: {fault.what}", fault.mend)
