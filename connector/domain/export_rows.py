"""What is handed out in bulk, as rows and names: a call's facts, a transcript's row, CSV, names of files. Pure."""

import re
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

from connector.domain.call import Asked, Call, Leg
from connector.domain.ids import Moment
from connector.domain.keeping import DAY_SECONDS
from connector.domain.moments import iso
from connector.domain.recording import ArtefactKind
from connector.domain.transcript import SpokenLine, Transcript
from connector.errors import BadRequest

#: As KrosAI's example calls them.
TRANSCRIPT_COLUMNS: Final = ("call_id", "from", "to", "duration", "transcript", "timestamp")
#: What is taken of a recording when nobody says which: the first one that is there.
BEST_KINDS: Final = (ArtefactKind.STEREO, ArtefactKind.PARTICIPANTS, ArtefactKind.MONO)

_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_UNSAFE: Final = re.compile(r"[^A-Za-z0-9._-]+", re.ASCII)
_LONGEST_NAME: Final = 100
#: What spreadsheets take for the beginning of a formula, in Asia's full width, too; some pass over blanks before it.
_FORMULA: Final = re.compile(r"[\s\0]*[=+\-@＝＋－＠]|[\t\r\n]")
#: A telephone number cannot do anything, and everybody who reads the file wants it as it is.
_PHONE_NUMBER: Final = re.compile(r"\+?[0-9]+", re.ASCII)

Row = dict[str, object]


class Names:
    """Of files in one folder or archive: each once, whatever system unpacks it."""

    def __init__(self) -> None:
        self._taken: set[str] = set()

    def chosen(self, folder: str, stem: str, ending: str) -> str:
        """`<folder>/<stem>.<ending>`; the second of that name has -2 behind its stem."""
        number = 1
        while True:
            suffix = f"-{number}" if number > 1 else ""
            name = f"{plain_name(folder)}/{plain_name(stem)}{suffix}.{ending}"
            # Some file systems know no capital letters.
            if name.casefold() not in self._taken:
                self._taken.add(name.casefold())
                return name
            number += 1


def plain_name(text: str) -> str:
    """Letters, digits and . _ - only; never empty, hidden, or a way up."""
    return _UNSAFE.sub("_", text)[:_LONGEST_NAME].lstrip(".") or "_"


def day(moment: Moment) -> str:
    return iso(moment)[:10]


def first_moment(text: str, name: str) -> Moment:
    """Of a day, or the moment itself; UTC where no zone is said. Raises BadRequest that names the parameter."""
    try:
        at = datetime.fromisoformat(text)
        return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        said = f"{name}: a day or a moment is wanted, like 2026-01-31 or 2026-01-31T09:00:00Z"
        raise BadRequest(said, pointer=name) from None


def last_moment(text: str, name: str) -> Moment:
    """Behind the day, or the moment itself."""
    first = first_moment(text, name)
    return first + DAY_SECONDS if _DAY.fullmatch(text) else first


def duration_seconds(call: Call) -> int | None:
    """Of the talk; of the call where nobody answered. None while it lives."""
    if call.ended_at is None:
        return None
    return max(0, round(call.ended_at - (call.answered_at or call.started_at)))


def call_row(call: Call, tags: Collection[str]) -> Row:
    return {
        "id": call.id,
        "organisation": call.organisation,
        "kind": str(call.kind),
        "state": str(call.state),
        "direction": str(call.direction),
        "from_number": call.from_number,
        "to_number": call.to_number,
        "queue": call.queue,
        "agent": call.agent_id,
        "agent_name": call.agent_name,
        "conference": call.conference,
        "pbx": call.pbx,
        "started_at": iso(call.started_at),
        "answered_at": _iso(call.answered_at),
        "ended_at": _iso(call.ended_at),
        "duration": duration_seconds(call),
        "tags": list(tags),
    }


def leg_row(leg: Leg) -> Row:
    return {
        "number": leg.number,
        "name": leg.name,
        "device": leg.device,
        "dialled": leg.dialled,
        "created_at": iso(leg.created_at),
        "answered_at": _iso(leg.answered_at),
        "ended_at": _iso(leg.ended_at),
        "variables": dict(leg.variables),
    }


def consent_row(asked: Asked | None) -> Row | None:
    """None: nobody had to be asked."""
    if asked is None:
        return None
    return {"asked_at": _iso(asked.since), "key": asked.key, "by": asked.by, "answered_at": _iso(asked.at)}


def transcript_row(call: Call, transcript: Transcript) -> Row:
    values = (
        call.id,
        call.from_number,
        call.to_number,
        duration_seconds(call),
        transcript.labelled,
        iso(call.started_at),
    )
    return dict(zip(TRANSCRIPT_COLUMNS, values, strict=True))


def transcript_facts(transcript: Transcript) -> Row:
    """All of it."""
    return {
        "recording_id": transcript.recording_id,
        "state": str(transcript.state),
        "reason": transcript.reason,
        "language": transcript.language,
        "confidence": transcript.confidence,
        "word_count": transcript.word_count,
        "made_at": _iso(transcript.made_at),
        "lines": [_spoken(line) for line in transcript.lines],
    }


def csv_line(values: Sequence[object]) -> str:
    """RFC 4180, every field in quotes: some spreadsheets take a semicolon for the end of one that has none."""
    return ",".join(_field(value) for value in values) + "\r\n"


def csv_row(row: Mapping[str, object]) -> str:
    return csv_line([row[column] for column in TRANSCRIPT_COLUMNS])


def _field(value: object) -> str:
    text = harmless("" if value is None else str(value)).replace('"', '""')
    return f'"{text}"'


def harmless(text: str) -> str:
    """An apostrophe before what a spreadsheet would calculate; telephone numbers stay as they are."""
    is_formula = _FORMULA.match(text) is not None and not _PHONE_NUMBER.fullmatch(text)
    return f"'{text}" if is_formula else text


def _spoken(line: SpokenLine) -> Row:
    return {
        "role": str(line.role),
        "party": line.party,
        "start_seconds": round(line.start_seconds, 3),
        "end_seconds": round(line.end_seconds, 3),
        "text": line.text,
        "confidence": line.confidence,
    }


def _iso(moment: Moment | None) -> str | None:
    return None if moment is None else iso(moment)
