"""Reads a dialplan in XML for uses of our snippet that lead nowhere, and for others who record too. Pure."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import unescape

from connector.domain.diagnosis import Finding, note, ok, warning

SUBJECT, OTHERS = "dialplan", "other recorders"
#: Ours, and the names in it begin so.
CONTEXT = "callreel"
_SNIPPET = "callreel.xml"
_NAMED = 5
#: FreeSWITCH writes these itself, with every > of a value escaped.
_TAG = re.compile(r"<(context|extension|action|anti-action|condition)\b([^>]*)>")
_ATTRIBUTE = re.compile(r'([\w-]+)="([^"]*)"')
_USE = re.compile(rf"\b({CONTEXT}_\w+)\s+XML\s+{CONTEXT}\b")
_RECORDING = frozenset(("record_session", "record"))
_RECORDING_COMMAND = re.compile(r"\buuid_record\b|\brecord_session(?=[ ,:])")


@dataclass(frozen=True, slots=True)
class Line:
    """One action."""

    context: str
    extension: str
    application: str
    data: str

    @property
    def place(self) -> str:
        return f"{self.context}/{self.extension}"


@dataclass(frozen=True, slots=True)
class Dialplan:
    lines: tuple[Line, ...]
    #: What our own context's conditions on destination_number say.
    ours: tuple[str, ...]


def dialplan(text: str) -> Dialplan:
    """Of `xml_locate dialplan`."""
    context = extension = ""
    lines: list[Line] = []
    ours: list[str] = []
    for tag, written in _TAG.findall(text):
        said = {name: unescape(value) for name, value in _ATTRIBUTE.findall(written)}
        if tag == "context":
            context = said.get("name", "")
        elif tag == "extension":
            extension = said.get("name", "")
        elif tag == "condition":
            if context == CONTEXT and said.get("field") == "destination_number":
                ours.append(said.get("expression", ""))
        else:
            lines.append(Line(context, extension, said.get("application", ""), said.get("data", "")))
    return Dialplan(tuple(lines), tuple(ours))


def dialplan_findings(found: Dialplan) -> Iterator[Finding]:
    uses = [(line, name) for line in found.lines if line.context != CONTEXT for name in _USE.findall(line.data)]
    missed = [(line, name) for line, name in uses if not any(_answers(pattern, name) for pattern in found.ours)]
    if found.ours:
        yield ok(SUBJECT, f"the snippet is loaded, and used in {len(uses)} places")
    elif not uses:
        what = "FreeSWITCH shows no snippet: rules and channel variables decide (what a database or a script tells it "
        yield note(SUBJECT, what + "call by call is not seen)")
    if missed:
        what = f"{_places([line for line, _ in missed])}: {missed[0][1]} is not there; calls go on, and nobody is told"
        mend = f"{_SNIPPET} into conf/dialplan, then reloadxml" if not found.ours else "correct the name"
        yield warning(SUBJECT, what, mend)


def recording_lines(found: Dialplan) -> tuple[Line, ...]:
    """Those that record by themselves."""
    return tuple(line for line in found.lines if line.application in _RECORDING or _RECORDING_COMMAND.search(line.data))


def others_finding(lines: Sequence[Line], recorded: Sequence[str]) -> Finding:
    """`recorded`: files that are being written now and are not ours."""
    both = "both work beside each other; take the other out if one is enough"
    if recorded:
        what = f"{len(recorded)} recordings of others run now ({recorded[0]}): those calls are recorded twice"
        return note(OTHERS, what, both)
    if lines:
        what = f"the dialplan records by itself at {_places(lines)}: those calls are recorded twice"
        return note(OTHERS, what, both)
    return ok(OTHERS, "nobody else records now, nor in the dialplan that FreeSWITCH shows")


def _answers(pattern: str, name: str) -> bool:
    try:
        return re.search(pattern, name) is not None
    except re.error:
        return False


def _places(lines: Sequence[Line]) -> str:
    places = list(dict.fromkeys(line.place for line in lines))
    named = "; ".join(places[:_NAMED])
    return named + (f" and {len(places) - _NAMED} more" if len(places) > _NAMED else "")
