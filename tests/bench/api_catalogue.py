"""A catalogue with very many calls, written past callreel with each database's own quickest way. Knows rows and words;
measures nothing."""

import json
import random
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from itertools import accumulate
from pathlib import Path
from typing import Any, Final

import numpy as np
import psycopg

from connector.catalogue import codec, schema
from connector.catalogue.all_tables import METADATA
from connector.catalogue.call_texts import first_number, stored_words
from connector.catalogue.codec import RowCodec
from connector.domain.call import CallState, Direction
from connector.domain.options import RecordingOptions
from connector.domain.recording import ArtefactKind
from connector.domain.states import DeliveryState, RecordingState, TranscriptionState
from connector.domain.transcript import Transcript
from tests.builders import MORNING, a_call, a_delivery, a_leg, a_recording, a_rendering, an_artefact

#: Their shares of all calls.
ORGANISATIONS: Final = {"acme": 0.4, "globex": 0.3, "initech": 0.2, "hooli": 0.099, "tiny": 0.001}
RECORDED: Final = 0.6
TAGGED: Final = 0.05
TAG: Final = "vip"
AGENTS: Final = 200
SECONDS_BETWEEN: Final = 17.25
CALL_SECONDS: Final = 120.0
WORDS: Final = (30, 200)
VOCABULARY: Final = 60_000
LINE_WORDS: Final = 12
_AT_ONCE: Final = 5_000
_SYLLABLES: Final = [sign + sound for sign in "bdklmn" for sound in "aeiou"]

Rows = dict[str, list[tuple[object, ...]]]


def word(rank: int) -> str:
    """The most frequent one is that of rank 0."""
    text, rest = "", rank + len(_SYLLABLES)
    while rest:
        rest, syllable = divmod(rest, len(_SYLLABLES))
        text += _SYLLABLES[syllable]
    return text


def moment(calls: int, share: float) -> float:
    """Before which that share of all calls began."""
    return MORNING + calls * share * SECONDS_BETWEEN


class Writing:
    """Rows of calls, a few thousand at a time; the same for the same number."""

    def __init__(self, dialect: str, calls: int) -> None:
        self._dialect = dialect
        self._calls = calls
        self._random = random.Random(7)
        self._numpy = np.random.default_rng(7)
        weights = 1 / np.arange(1, VOCABULARY + 1)
        self._shares = np.cumsum(weights / weights.sum())
        self._words = [word(rank) for rank in range(VOCABULARY)]
        self._templates = _templates()

    def batches(self) -> Iterator[Rows]:
        for first in range(0, self._calls, _AT_ONCE):
            rows: Rows = {name: [] for name in COLUMNS}
            organisations = self._random.choices(
                list(ORGANISATIONS), cum_weights=list(accumulate(ORGANISATIONS.values())), k=_AT_ONCE
            )
            for number, organisation in enumerate(organisations[: self._calls - first], first):
                self._add_call(rows, number, organisation)
            yield rows

    def _add_call(self, rows: Rows, number: int, organisation: str) -> None:
        draw = self._random.random
        at = MORNING + number * SECONDS_BETWEEN
        id = f"{number:08x}-1b2c-5d6e-8f90-{number * 2654435761 % 2**48:012x}"
        agent = f"2{int(draw() * AGENTS):03}"
        caller = f"+49{30_000_000 + int(draw() * 9_000_000)}"
        ends = at + CALL_SECONDS
        call = self._templates["calls"] | {
            "id": id,
            "organisation": organisation,
            "from_number": caller,
            "to_number": agent,
            "agent_id": agent,
            "agent_name": f"Agent {agent}",
            "started_at": at,
            "answered_at": at + 4,
            "ended_at": ends,
        }
        rows["calls"].append(tuple(call.values()))
        if draw() < TAGGED:
            rows["call_tags"].append((id, TAG, organisation, "key bench", ends))
        if draw() < RECORDED:
            self._add_recording(rows, id, organisation, at)

    def _add_recording(self, rows: Rows, call: str, organisation: str, at: float) -> None:
        id = f"r{call}"
        ends = at + CALL_SECONDS
        of_recording: dict[str, object] = {"recording_id": id, "organisation": organisation}
        recording: dict[str, object] = {"id": id, "call_id": call, "organisation": organisation}
        moments = {"requested_at": at + 4, "started_at": at + 4.1, "ended_at": ends, "expires_at": ends + 90 * 86_400}
        rows["recordings"].append(tuple((self._templates["recordings"] | recording | moments).values()))
        rows["renderings"].append(tuple((self._templates["renderings"] | {"recording_id": id}).values()))
        for kind in (ArtefactKind.MONO.value, ArtefactKind.STEREO.value):
            about = of_recording | {"kind": kind}
            named = {"object_name": f"{call}.{kind}.mp3", "url": f"file:///archive/{call}.{kind}.mp3"}
            rows["artefacts"].append(tuple((self._templates["artefacts"] | about).values()))
            rows["deliveries"].append(
                tuple((self._templates["deliveries"] | about | named | {"stored_at": ends + 5}).values())
            )
        words = self._some_words()
        said = {"call_id": call, "lines": _lines(words), "made_at": ends + 20}
        rows["transcripts"].append(tuple((self._templates["transcripts"] | of_recording | said).values()))
        stored = stored_words(self._dialect, organisation, list(dict.fromkeys(words)))
        rows["call_texts"].append((first_number(at), call, organisation, stored))

    def _some_words(self) -> Sequence[str]:
        ranks = np.searchsorted(self._shares, self._numpy.random(self._random.randint(*WORDS)))
        return [self._words[rank] for rank in ranks.tolist()]


def write(url: str, calls: int, backups: Path) -> None:
    """Into a new catalogue there."""
    schema.upgrade(url, backups)
    if url.startswith("sqlite"):
        _write_sqlite(url.removeprefix("sqlite:///"), calls)
    else:
        _write_postgresql(url, calls)


def _write_sqlite(file: str, calls: int) -> None:
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        for pragma in ("synchronous=OFF", "cache_size=-400000", "foreign_keys=OFF"):
            connection.execute(f"PRAGMA {pragma}")
        later = _set_aside(connection)
        connection.execute("BEGIN")
        for rows in Writing("sqlite", calls).batches():
            for name, found in rows.items():
                columns = COLUMNS[name]
                marks = ", ".join("?" * len(columns))
                connection.executemany(f"INSERT INTO {name} ({_listed(columns)}) VALUES ({marks})", found)
        for statement in later:
            connection.execute(statement)
        connection.execute("INSERT INTO call_words (call_words) VALUES ('rebuild')")
        connection.execute("COMMIT")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _set_aside(connection: sqlite3.Connection) -> list[str]:
    """Indexes and triggers, made again when all rows are there."""
    wanted = "SELECT type, name, sql FROM sqlite_master WHERE type IN ('index', 'trigger') AND sql IS NOT NULL"
    found = connection.execute(wanted).fetchall()
    for kind, name, _ in found:
        connection.execute(f"DROP {kind} {name}")
    return [sql for _, _, sql in found]


def _write_postgresql(url: str, calls: int) -> None:
    with psycopg.connect(url) as connection:
        connection.execute("SET maintenance_work_mem = '400MB'")
        wanted = (
            "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' AND indexname LIKE 'ix\\_%%'"
            " AND tablename = ANY(%s)"
        )
        indexes = connection.execute(wanted, [list(COLUMNS)]).fetchall()
        for name, _ in indexes:
            connection.execute(f'DROP INDEX "{name}"'.encode())
        for rows in Writing("postgresql", calls).batches():
            for name, found in rows.items():
                _copy(connection, name, found)
        for _, definition in indexes:
            connection.execute(definition.encode())
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")


def _copy(connection: "psycopg.Connection[Any]", name: str, rows: Sequence[tuple[object, ...]]) -> None:
    columns = COLUMNS[name]
    if name != "call_texts":
        with connection.cursor().copy(f"COPY {name} ({_listed(columns)}) FROM STDIN".encode()) as copy:
            for row in rows:
                copy.write_row(row)
        return
    connection.execute("CREATE TEMP TABLE IF NOT EXISTS texts (number bigint, call text, theirs text, words text[])")
    connection.execute("TRUNCATE texts")
    with connection.cursor().copy("COPY texts FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)
    connection.execute("INSERT INTO call_texts SELECT number, call, theirs, array_to_tsvector(words) FROM texts")


def _listed(columns: Sequence[str]) -> str:
    return ", ".join(f'"{name}"' for name in columns)


def _lines(words: Sequence[str]) -> str:
    spoken = [
        {
            "role": "agent" if at % (2 * LINE_WORDS) == 0 else "caller",
            "party": "",
            "start_seconds": at / 2,
            "end_seconds": at / 2 + 5,
            "text": " ".join(words[at : at + LINE_WORDS]),
            "confidence": 0.9,
        }
        for at in range(0, len(words), LINE_WORDS)
    ]
    return json.dumps(spoken, separators=(",", ":"))


def _templates() -> dict[str, dict[str, object]]:
    """A row of each table as callreel itself writes it."""
    ends = MORNING + CALL_SECONDS
    legs = tuple(
        a_leg(channel=f"176760{role}.1", number=number, ended_at=ends)
        for role, number in (("1", "+4930123456"), ("2", "201"))
    )
    call = a_call(state=CallState.ENDED, direction=Direction.INBOUND, queue="sales", legs=legs)
    recording = a_recording(state=RecordingState.AVAILABLE, options=RecordingOptions(retention_days=90))
    known = {"sources_removed": True, "artefacts_removed": True, "is_expiry_known": True, "expires_at": None}
    transcript = Transcript(
        recording_id=recording.id,
        call_id=call.id,
        organisation="",
        state=TranscriptionState.DONE,
        language="en",
        confidence=0.9,
    )
    of_organisation: dict[str, object] = {"organisation": ""}
    return {
        "calls": codec.CALL.row(call),
        "recordings": codec.RECORDING.row(recording) | known,
        "renderings": codec.RENDERING.row(a_rendering()) | {"recording_id": ""},
        "artefacts": codec.ARTEFACT.row(an_artefact()) | of_organisation,
        "deliveries": codec.DELIVERY.row(a_delivery(state=DeliveryState.STORED)) | of_organisation,
        "transcripts": RowCodec(Transcript, nested=("lines",)).row(transcript),
    }


#: Of each table that is written, in this order.
COLUMNS: Final = {name: tuple(row) for name, row in _templates().items()} | {
    "call_tags": ("call_id", "tag", "organisation", "by", "at"),
    "call_texts": ("number", "call_id", "organisation", "words"),
}
assert all(set(columns) <= {column.name for column in METADATA.tables[name].c} for name, columns in COLUMNS.items())
