"""Writes the fixture of a release: `python -m tests.contract.catalogue.release_fixture`, once, before the tag.

A catalogue with work of every pending kind, as the SQL that SQLite's own dump makes. Never written again.
"""

import asyncio
import sqlite3
import sys
import tempfile
from contextlib import closing
from pathlib import Path

from connector import __version__
from connector.catalogue import schema
from connector.catalogue.store import Catalogue
from connector.catalogue.vault import VaultRows
from connector.domain.call import CallState
from connector.domain.decision import Change
from connector.domain.ids import CallId, RecordingId
from connector.domain.secret import Secret
from connector.domain.states import DeliveryEvent, RecordingState
from connector.ports.call_ledger import JournalPosition
from connector.ports.commands import Command
from connector.ports.uploads import Upload
from tests.builders import (
    MORNING,
    a_call,
    a_delivery,
    a_due,
    a_recording,
    a_rendering,
    a_segment,
    an_artefact,
)

LIVE, CAPTURED, RENDERED = (RecordingId(f"{name}-recording") for name in ("live", "captured", "rendered"))
RELEASED = Path(__file__).parent / "released"
#: The house's key of every fixture.
KEY = Secret(bytes(range(32)).hex())


def capture() -> list[Change]:
    return [
        a_call(id="live-call"),
        a_call(id="ended-call", state=CallState.ENDED, ended_at=MORNING + 60),
        a_recording(id=LIVE, call_id="live-call", state=RecordingState.RECORDING),
        a_segment(id="live-segment", recording_id=LIVE, call_id="live-call"),
        a_recording(id=CAPTURED, call_id="ended-call", state=RecordingState.CAPTURED),
        a_segment(id="captured-segment", recording_id=CAPTURED, call_id="ended-call"),
        a_due(subject=CAPTURED, at=MORNING + 60),
        a_recording(id=RENDERED, call_id="ended-call", state=RecordingState.CAPTURED),
        a_segment(id="rendered-segment", recording_id=RENDERED, call_id="ended-call"),
    ]


async def fill(catalogue: Catalogue) -> None:
    await catalogue.calls.apply("here", capture(), JournalPosition(file="journal-00000001.jsonl", offset=4711))
    stored, waiting = (a_delivery(recording_id=RENDERED, destination=name) for name in ("archive", "second"))
    rendering = a_rendering(artefacts=(an_artefact(recording_id=RENDERED),))
    await catalogue.shipping.rendered(RENDERED, rendering, [stored, waiting])
    vault = VaultRows(catalogue.database, KEY, lambda: MORNING)
    await catalogue.shipping.named(stored, "one.mp3", await vault.keep(Secret("file:///archive")))
    await catalogue.shipping.delivery_moved(stored, DeliveryEvent.STORED, url="file:///archive/one.mp3")
    await catalogue.uploads.keep(
        Upload(place="s3://bucket", name="two.mp3", sha256="ab", upload_id="u1", part_bytes=2**23, parts=("e1", "e2"))
    )
    later = a_due(subject=RENDERED, attempt=3, at=MORNING + 600)
    await catalogue.shipping.delivery_postponed(waiting, "the bucket does not answer", later)
    await catalogue.commands.post(
        Command(id="open-command", node="here", call_id=CallId("live-call"), action="stop", expires_at=MORNING + 99)
    )
    await catalogue.nodes.seen("here", MORNING)
    await catalogue.close()


def main() -> None:
    target = RELEASED / f"{__version__}.sql"
    if target.exists() and "--again" not in sys.argv:
        raise SystemExit(f"{target} exists: a released schema does not change (--again before the tag)")
    with tempfile.TemporaryDirectory() as name:
        file = Path(name) / "catalogue.db"
        schema.upgrade(f"sqlite:///{file}", Path(name))
        asyncio.run(fill(Catalogue.open(f"sqlite:///{file}", now=lambda: MORNING + 100)))
        with closing(sqlite3.connect(file)) as connection:
            target.write_text("\n".join(connection.iterdump()) + "\n")


if __name__ == "__main__":
    main()
