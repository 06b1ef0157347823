"""Which releases of FreeSWITCH callreel can use. Pure: a version's text in, findings out."""

import re
from collections.abc import Iterator

from connector.domain.diagnosis import Finding, bad, note, ok, warning

SUBJECT = "version"
Release = tuple[int, int, int]

#: What our tests ran on.
_TESTED = ((1, 10, 12), (1, 11, 3))
#: Before it, uuid_record takes no variables of its own, and our recorders are told by one.
_FIRST_USABLE = (1, 8, 6)
_FIRST_NEAR = (1, 10, 7)


def release(text: str) -> Release | None:
    """1.10.12 of `FreeSWITCH Version 1.10.12-release~64bit (…)`; None where no number stands."""
    found = re.search(r"\bVersion (\d+)\.(\d+)\.(\d+)", text)
    return (int(found[1]), int(found[2]), int(found[3])) if found else None


def shown(text: str) -> str:
    """For people; "" where no number stands."""
    return ".".join(map(str, release(text) or ()))


def version_findings(text: str) -> Iterator[Finding]:
    found = release(text)
    if found is None:
        yield note(SUBJECT, f"{text[:60] or '?'} has no release number: nothing is known about it")
        return
    name = f"FreeSWITCH {'.'.join(map(str, found))}"
    if found < _FIRST_USABLE:
        what = f"{name} knows no variables for a single recording: none can be told from another"
        yield bad(SUBJECT, what, "upgrade it, to 1.10 or later")
    elif found < _FIRST_NEAR:
        yield warning(SUBJECT, f"{name} is older than any that callreel was tested on (1.10.12)", "upgrade it")
    else:
        yield ok(SUBJECT, name + ("" if found in _TESTED else ", near to those that were tested"))
