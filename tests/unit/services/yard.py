"""Shipping with everything real but the destinations and the time: SQLite, a spool folder, encoder processes."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from sqlalchemy import Connection, select

from connector.audio.workshop import EncoderProcesses
from connector.catalogue.all_tables import METADATA
from connector.catalogue.store import Catalogue
from connector.domain.call import Role, Side
from connector.domain.decision import Change, Due
from connector.domain.ids import RecordingId
from connector.domain.notification import TELLING
from connector.domain.object_names import NameTemplate
from connector.domain.options import AudioFormat, ChannelLayout, RecordingOptions
from connector.domain.recording import ArtefactKind, Delivery, FlushPoint, Recording, Segment
from connector.domain.states import DeliveryState, RecordingState
from connector.errors import ConnectorError
from connector.pbx.spool import SpoolFolder
from connector.ports.call_ledger import JournalPosition
from connector.ports.destinations import Destination, Destinations
from connector.ports.shipping_ledger import RecordingFile
from connector.services.remaking import Remaking
from connector.services.removing import Removing
from connector.services.rendering import Renderer
from connector.services.reviving import Reviving
from connector.services.shipping import Shipping
from connector.services.storing import Storing
from connector.storage.memory import MemoryStore
from tests.builders import AGENT, MORNING, RECORDING, a_call, a_delivery, a_recording, a_rendering, a_segment
from tests.builders import an_artefact as built_artefact
from tests.clocks import SimulatedClock
from tests.unit.audio.sound import RATE, tone, wav

SECONDS = 2
#: One small file of each recording, quickly made.
OPTIONS = RecordingOptions(format=AudioFormat.WAV, channels=ChannelLayout.STEREO)
SOUND = b"what was rendered of recording-1"


class MemoryDestinations:
    """The Destinations port: every name that has a store, and every store that something was named for."""

    def __init__(self) -> None:
        self.stores: dict[str, MemoryStore] = {"archive": MemoryStore()}
        self.overwrite = False
        #: Who stands in for whom.
        self.backups: dict[str, str] = {}
        self.with_manifest: set[str] = set()
        self.places: dict[str, Destination] = {}

    def names_for(self, recording: Recording) -> Sequence[str]:
        return recording.destinations or tuple(self.stores)

    def wants_manifest(self, name: str) -> bool:
        return name in self.with_manifest

    async def find(self, name: str, recording: Recording) -> Destination | None:
        if name not in self.stores:
            return None
        found = Destination(
            name=name,
            store=self.stores[name],
            template=NameTemplate.parse("{callId}.{format}"),
            timezone="UTC",
            place=f"the place of {name}",
            overwrite=self.overwrite,
            backup=self.backups.get(name, ""),
        )
        self.places[found.place] = found
        return found

    async def holding(self, delivery: Delivery, recording: Recording) -> Destination | None:
        return await self.find(delivery.destination, recording) or self.places.get(delivery.place)


class Yard:
    def __init__(self, state: Path, spool: Path, configured: Destinations | None = None) -> None:
        """`configured`: destinations other than `self.destinations`."""
        self.state = state
        self.spool = spool
        spool.mkdir()
        self.clock = SimulatedClock(MORNING + 100)
        self.catalogue = Catalogue.open(f"sqlite:///{state}/catalogue.db", now=self.clock.now)
        self.destinations = MemoryDestinations()
        self.source = SpoolFolder(spool, settle_seconds=0.001)
        self.sources = {"asterisk": self.source}
        self.workshop = EncoderProcesses(1)
        self.renderer = Renderer(self.sources, self.workshop, state)
        self.follow(configured or self.destinations)

    def follow(self, wanted: Destinations) -> None:
        """Ship and remove as another process with these destinations would."""
        ledger, dues, state = self.catalogue.shipping, self.catalogue.dues, self.state
        storing = Storing(ledger, wanted, self.clock, state)
        remaking = Remaking(ledger, self.catalogue.transcriptions, self.renderer, storing, state)
        self.shipping = Shipping(
            ledger, dues, self.renderer, storing, remaking, wanted, self.clock, state, draw=lambda: 0.5
        )
        self.reviving = Reviving(ledger, dues, wanted, self.clock)
        self.removing = Removing(ledger, dues, self.sources, wanted, self.clock, state, draw=lambda: 0.5)

    async def close(self) -> None:
        await self.workshop.close()
        await self.source.close()
        await self.catalogue.close()

    @property
    def archive(self) -> MemoryStore:
        return self.destinations.stores["archive"]

    async def apply(self, *changes: Change) -> None:
        await self.catalogue.calls.apply("here", changes, JournalPosition(file="journal-00000001.jsonl", offset=1))

    async def captured(self, *segments: Segment, **over: object) -> None:
        """A recording as capture leaves it."""
        known: dict[str, object] = {"state": RecordingState.CAPTURED, "options": OPTIONS}
        await self.apply(a_call(), a_recording(**(known | over)), *segments)

    async def rendered(self, *destinations: str, kinds: Sequence[ArtefactKind] = (ArtefactKind.STEREO,)) -> None:
        """A recording whose files are made; their sound is a few words."""
        await self.captured(destinations=destinations or ("archive",))
        artefacts = []
        for kind in kinds:
            path = Path("work", RECORDING, f"{kind}.wav")
            (self.state / path).parent.mkdir(parents=True, exist_ok=True)
            (self.state / path).write_bytes(SOUND)
            md5 = hashlib.md5(SOUND, usedforsecurity=False).hexdigest()
            facts = {"size_bytes": len(SOUND), "md5": md5, "sha256": hashlib.sha256(SOUND).hexdigest()}
            artefacts.append(built_artefact(kind=kind, format="wav", path=str(path), **facts))
        deliveries = [
            a_delivery(kind=kind, destination=name) for name in destinations or ("archive",) for kind in kinds
        ]
        await self.catalogue.shipping.rendered(RECORDING, a_rendering(artefacts=tuple(artefacts)), deliveries)

    async def run(self, *names: str, attempt: int = 1) -> str:
        """The named steps of shipping, or all; returns why the attempt ended early, or ""."""
        for name, step in self.shipping.steps:
            if not names or name in names:
                try:
                    await step(RECORDING, attempt)
                except ConnectorError as error:
                    return str(error)
        return ""

    async def file(self) -> RecordingFile:
        file = await self.catalogue.shipping.file(RecordingId(RECORDING))
        assert file is not None
        return file

    async def recording(self) -> Recording:
        return (await self.file()).recording

    async def delivery(self, destination: str = "archive") -> Delivery:
        (found,) = [one for one in (await self.file()).deliveries if one.destination == destination]
        return found

    async def delivery_of(self, destination: str, kind: ArtefactKind) -> Delivery:
        of_both = (destination, kind)
        (found,) = [one for one in (await self.file()).deliveries if (one.destination, one.kind) == of_both]
        return found

    async def states(self) -> dict[tuple[str, str], DeliveryState]:
        """Of every delivery, by destination and kind."""
        return {(one.destination, one.kind.value): one.state for one in (await self.file()).deliveries}

    async def dues(self) -> list[Due]:
        """Work with the recording itself."""
        return [due for due in await self._due_rows() if due.kind != TELLING]

    async def tellings(self) -> list[str]:
        """Of what the outbox is to be told, as the due rows name it."""
        return [due.subject for due in await self._due_rows() if due.kind == TELLING]

    async def _due_rows(self) -> list[Due]:
        return await self.catalogue.dues.fallen("here", MORNING + 1e9, 100)

    async def everything(self) -> dict[str, list[object]]:
        """Every row of the catalogue."""

        def read(connection: Connection) -> dict[str, list[object]]:
            return {
                table.name: [tuple(row) for row in connection.execute(select(table))]
                for table in METADATA.sorted_tables
            }

        return await self.catalogue.database.read(read)

    def caller(self, **over: object) -> Segment:
        return self._spoken("caller.wav", 440, {"id": "of-caller", **over})

    def agent(self, **over: object) -> Segment:
        return self._spoken(
            "agent.wav", 880, {"id": "of-agent", "channel": AGENT, "role": Role.AGENT, "side": Side.RIGHT, **over}
        )

    def _spoken(self, path: str, hertz: float, over: dict[str, object]) -> Segment:
        frames = SECONDS * RATE
        wav(self.spool / path, tone(frames, hertz).astype(np.int16))
        end = MORNING + 4.1 + SECONDS
        known: dict[str, object] = {
            "path": path,
            "stopped_at": end,
            "flushes": (FlushPoint(at=end, frames=frames),),
        }
        return a_segment(**(known | over))
