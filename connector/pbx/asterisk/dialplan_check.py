"""Reads a whole dialplan for what ends calls when callreel is gone, and for others who record too. Pure."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from connector.domain.diagnosis import Finding, bad, note, ok, warning

SUBJECT = "dialplan"
#: The contexts of our snippet begin so.
PREFIX = "callreel"
_NAMED = 5
_SNIPPET = "callreel.conf"
#: Jumps into a context of ours: Gosub(callreel-start,s,1), …?callreel-start,s,1, Dial(…,U(callreel-must^s^1))
_JUMP = re.compile(rf"(?:^|[?:(,\"'])\s*({PREFIX}-[A-Za-z0-9_-]+)\s*[,^)]", re.IGNORECASE)
_QUESTION = re.compile(rf"DIALPLAN_EXISTS\(\s*({PREFIX}-[A-Za-z0-9_-]+)", re.IGNORECASE)
_JUMPING = frozenset(("gosub", "gosubif", "macro", "macroif", "goto", "gotoif", "execif"))
#: Their U() and b() go on where there is no such context: a recording is missed, no call ends.
_FORGIVING = frozenset(("dial", "queue", "followme"))
#: AGI ends the call, too, where res_agi is not loaded.
_AGI = re.compile(r"(?:^|(?<=agi\()|(?<=agi,))\s*agi://[^/,:\]]+\]?(?::(\d+))?", re.IGNORECASE)
_AGI_QUESTION = re.compile(r"IFMODULE\(\s*res_agi", re.IGNORECASE)
_RECORDING = frozenset(("mixmonitor", "monitor", "record"))
_FREEPBX = frozenset(("sub-record-check", "sub-record-cancel", "macro-record-enable", "sub-call-recording"))


@dataclass(frozen=True, slots=True)
class Line:
    """One priority."""

    context: str
    extension: str
    priority: str
    application: str
    data: str

    @property
    def place(self) -> str:
        return f"{self.context},{self.extension},{self.priority}"


def dialplan_findings(lines: Sequence[Line], *, fastagi_ports: frozenset[int]) -> Iterator[Finding]:
    contexts = {line.context.casefold() for line in lines}
    ours = sorted(context for context in contexts if _is_ours(context))
    uses = list(_uses(lines))
    yield _snippet_finding(ours, has_uses=bool(uses))
    gone = [use for use in uses if use.target.casefold() not in contexts and not use.is_guarded]
    loose = [use for use in uses if use.target.casefold() in contexts and not use.is_guarded]
    if gone:
        what = f"calls end at {_places([use.line for use in gone])}: {gone[0].target} is not there"
        yield bad(SUBJECT, what, f"load {_SNIPPET}, and write {_guarded(gone[0].target)}")
    if loose:
        what = f"unguarded: {_places([use.line for use in loose])} end calls when the snippet is not loaded"
        yield warning(SUBJECT, what, f"write {_guarded(loose[0].target)}")
    if uses and not gone and not loose:
        yield ok(SUBJECT, f"all {len(uses)} uses of the snippet are guarded")
    yield from _agi_findings(lines, fastagi_ports)
    yield from _others(lines, contexts)


def _snippet_finding(ours: Sequence[str], *, has_uses: bool) -> Finding:
    if ours:
        return ok(SUBJECT, f"the snippet is loaded: {', '.join(ours)}")
    if has_uses:
        return warning(SUBJECT, "the snippet is used and not loaded", f"#include {_SNIPPET} in extensions.conf")
    return note(SUBJECT, "the snippet is not loaded: rules and channel variables decide what is recorded")


@dataclass(frozen=True, slots=True)
class _Use:
    line: Line
    target: str
    is_guarded: bool


def _uses(lines: Sequence[Line]) -> Iterator[_Use]:
    """A guard is the question on the same line, or in a branch before it in the same extension."""
    asked: set[str] = set()
    extension = ("", "")
    for line in lines:
        if _is_ours(line.context):
            continue
        if (line.context, line.extension) != extension:
            asked, extension = set(), (line.context, line.extension)
        asked_here = {target.casefold() for target in _QUESTION.findall(line.data)}
        is_forgiven = line.application.casefold() in _FORGIVING
        if is_forgiven or line.application.casefold() in _JUMPING:
            for target in dict.fromkeys(_JUMP.findall(_without_questions(line.data))):
                yield _Use(line, target, is_forgiven or target.casefold() in asked | asked_here)
        if line.application.casefold() in ("gotoif", "execif", "set"):
            asked |= asked_here


def _agi_findings(lines: Sequence[Line], ports: frozenset[int]) -> Iterator[Finding]:
    asked = {(line.context, line.extension) for line in lines if _AGI_QUESTION.search(line.data)}
    direct = [
        line
        for line in lines
        if _asks_at(line) in ports and not _is_ours(line.context) and (line.context, line.extension) not in asked
    ]
    if direct:
        what = f"{_places(direct)} ask our FastAGI port themselves, and end calls when res_agi is not loaded"
        yield warning(SUBJECT, what, "use the snippet's subroutines: they ask for res_agi first")


def _others(lines: Sequence[Line], contexts: set[str]) -> Iterator[Finding]:
    recorders = [line for line in lines if line.application.casefold() in _RECORDING and not _is_ours(line.context)]
    freepbx = sorted(_FREEPBX & contexts)
    if freepbx:
        what = f"FreePBX's own recording is there ({', '.join(freepbx)}): what it is set to record is recorded twice"
        yield note("other recorders", what, "set Call Recording to Never or Don't Care where callreel records")
    elif recorders:
        what = f"the dialplan records by itself at {_places(recorders)}: those calls are recorded twice"
        yield note("other recorders", what, "both work beside each other; take those lines out if one is enough")
    else:
        yield ok("other recorders", "nothing else in the dialplan records")


def _is_ours(context: str) -> bool:
    return context.casefold().startswith(PREFIX)


def _without_questions(data: str) -> str:
    """DIALPLAN_EXISTS(callreel-start,s,1) itself jumps nowhere."""
    return re.sub(r"DIALPLAN_EXISTS\([^)]*\)", "", data, flags=re.IGNORECASE)


def _asks_at(line: Line) -> int | None:
    """The port of AGI(agi://…) or ExecIf(…?AGI(agi://…)), not of TryExec: that one forgives."""
    if line.application.casefold() not in ("agi", "deadagi", "execif"):
        return None
    found = _AGI.search(line.data)
    return int(found[1] or 4573) if found else None


def _places(lines: Sequence[Line]) -> str:
    named = "; ".join(line.place for line in lines[:_NAMED])
    return named + (f" and {len(lines) - _NAMED} more" if len(lines) > _NAMED else "")


def _guarded(target: str) -> str:
    return f"GosubIf($[${{DIALPLAN_EXISTS({target},s,1)}}]?{target},s,1(…))"
