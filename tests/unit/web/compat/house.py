"""A house with calls in memory, behind the doors of the services, and who asks there."""

import asyncio
import base64
import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any, cast

from fastapi import FastAPI

from connector.domain.access import Access
from connector.domain.call import CallState, Role
from connector.domain.diagnosis import Finding
from connector.domain.ids import CallId, ChannelId, Moment, RecordingId
from connector.domain.own_storage import OwnStorage
from connector.domain.policy import Switch
from connector.domain.recording import ArtefactKind
from connector.domain.secret import Secret
from connector.domain.setting_changes import EffectiveSettings, RefusedSetting, agent_setting
from connector.domain.setting_origins import KnownAgent, Origin
from connector.domain.states import CommandState, DeliveryState, RecordingState, TranscriptionState
from connector.domain.transcript import SpokenLine, Transcript
from connector.errors import CatalogueUnavailable, ConnectorError, KeyRefused
from connector.ports.call_search import CallFile, CallFilter, CallPart, CallPlace
from connector.ports.changed_settings import ChangedSetting
from connector.ports.commands import Command
from connector.ports.object_store import Link
from connector.ports.shipping_ledger import RecordingFile, ShippingLedger
from connector.services.auditing import Auditing
from connector.services.fetching import Fetching
from connector.services.file_links import FileLinks
from connector.services.house_settings import HouseSettings
from connector.services.lookup import Lookup
from connector.services.ordering import Ordering
from connector.services.organisation_names import OrganisationNames
from connector.services.sinch_signatures import SinchSignatures
from connector.settings import DestinationSettings, OrganisationsSettings
from connector.settings.doors import DoorSettings
from connector.storage.memory import MemoryStore
from connector.web.compat import BehindDoors, compatible_doors
from connector.web.door import Door
from connector.web.problems import answer_with_problems
from tests.builders import MORNING, a_call, a_delivery, a_leg, a_recording, a_rendering, an_artefact
from tests.unit.services.memory_settings import MemorySeenAgents
from tests.unit.services.memory_vault import MemoryVault
from tests.unit.services.yard import MemoryDestinations
from tests.unit.web.browser import Answer, Browser
from tests.unit.web.keys import Keyring

NOW: Moment = MORNING + 1000


# --- what there is ------------------------------------------------------------------------------------------------


def a_recorded_call(
    id: str = "call_123",
    kinds: Sequence[ArtefactKind] = (ArtefactKind.MONO, ArtefactKind.STEREO),
    audio_format: str = "wav",
    tags: Sequence[str] = (),
    **over: Any,
) -> CallFile:
    """Over, with the files of one recording stored and a few words written."""
    known: dict[str, Any] = {"state": CallState.ENDED, "ended_at": MORNING + 184}
    call = a_call(**({"id": CallId(id)} | known | over))
    recording_id = RecordingId(f"recording of {id}")
    recording = a_recording(
        id=recording_id,
        call_id=call.id,
        organisation=call.organisation,
        state=RecordingState.AVAILABLE,
        started_at=MORNING + 4,
    )
    artefacts = tuple(
        an_artefact(
            recording_id=recording_id,
            kind=kind,
            format=audio_format,
            size_bytes=len(sound_of(f"{id}.{kind}.{audio_format}")),
        )
        for kind in kinds
    )
    deliveries = tuple(
        a_delivery(
            recording_id=recording_id,
            kind=kind,
            state=DeliveryState.STORED,
            object_name=f"{id}.{kind}.{audio_format}",
        )
        for kind in kinds
    )
    file = RecordingFile(
        recording=recording,
        call=call,
        segments=(),
        rendering=a_rendering(artefacts=artefacts),
        deliveries=deliveries,
    )
    return CallFile(call=call, recordings=(file,), tags=tuple(tags), transcripts=(a_transcript(file),))


def sound_of(name: str) -> bytes:
    """What lies in the bucket under that name."""
    return f"the sound of {name}".encode()


def a_live_call(id: str, **over: Any) -> CallFile:
    """One channel of a caller's, answered."""
    leg = a_leg(channel=ChannelId(f"channel of {id}"))
    return CallFile(call=a_call(**({"id": CallId(id), "legs": (leg,)} | over)))


def a_transcript(file: RecordingFile) -> Transcript:
    lines = (
        SpokenLine(role=Role.AGENT, start_seconds=2, end_seconds=4, text="Hello!"),
        SpokenLine(role=Role.CALLER, start_seconds=5, end_seconds=7, text="Hi, what does it cost?"),
    )
    return Transcript(
        recording_id=file.recording.id,
        call_id=file.call.id,
        organisation=file.call.organisation,
        state=TranscriptionState.DONE,
        lines=lines,
    )


def bare(file: CallFile) -> CallFile:
    """The same call, of which nothing is there."""
    return replace(file, recordings=(), transcripts=())


class Bucket(MemoryStore):
    """Gives links of its own; without `base_url` ours are given instead."""

    def __init__(self) -> None:
        super().__init__()
        self.base_url = "https://files.example.com"
        #: Raised instead of a link.
        self.trouble: ConnectorError | None = None
        self.asked_seconds: set[float] = set()

    async def link(self, name: str, seconds: float, *, filename: str = "") -> Link | None:
        self.asked_seconds.add(seconds)
        if self.trouble is not None:
            raise self.trouble
        return Link(url=f"{self.base_url}/{name}", expires_at=NOW + seconds) if self.base_url else None


class MemoryCalls:
    """The CallSearch, and of the ShippingLedger what fetching asks."""

    def __init__(self) -> None:
        self.files: dict[str, CallFile] = {}

    async def calls(
        self,
        wanted: CallFilter,
        *,
        limit: int,
        after: CallPlace | None = None,
        without: Collection[CallPart] = (),
    ) -> Sequence[CallFile]:
        """Doors ask for whole calls, and for the first page alone."""
        assert after is None
        assert not without
        fitting = [one for one in self.files.values() if _fits(one, wanted)]
        return sorted(fitting, key=lambda one: -one.call.started_at)[:limit]

    async def call(self, call_id: CallId) -> CallFile | None:
        return self.files.get(call_id)

    async def file(self, recording_id: RecordingId) -> RecordingFile | None:
        found = (file for call in self.files.values() for file in call.recordings)
        return next((file for file in found if file.recording.id == recording_id), None)


def _fits(file: CallFile, wanted: CallFilter) -> bool:
    call = file.call
    asked: tuple[tuple[object, object], ...] = (
        (wanted.organisation, call.organisation),
        (wanted.kind, call.kind),
        (wanted.state, call.state),
        (wanted.pbx, call.pbx),
        (wanted.conference, call.conference),
        (wanted.is_answered, call.answered_at is not None),
        (wanted.tag, wanted.tag if wanted.tag in file.tags else None),
    )
    is_late = wanted.started_after is not None and call.started_at < wanted.started_after
    return (
        not is_late and wanted.limits.allow(call, file.tags) and all(said is None or said == own for said, own in asked)
    )


# --- who watches and who obeys ------------------------------------------------------------------------------------


class MemoryAuditing(Auditing):
    def __init__(self) -> None:
        self.deeds: list[tuple[str, str, Mapping[str, object]]] = []
        self.is_away = False

    async def done(
        self, access: Access, action: str, *, subject: str = "", organisation: str | None = None, **details: object
    ) -> None:
        if self.is_away:
            raise CatalogueUnavailable("it is locked")
        self.deeds.append((action, subject, {"by": access.by, "organisation": organisation, **details}))

    @property
    def actions(self) -> list[str]:
        return [action for action, _, _ in self.deeds]


class MemoryCommands:
    """Settles each command as it comes."""

    def __init__(self) -> None:
        self.given: list[Command] = []
        #: What is refused, and why; None: nobody ever answers it.
        self.refused: dict[str, str | None] = {}

    async def post(self, command: Command) -> Command:
        earlier = await self.find(command.id)
        if earlier is not None:
            return earlier
        state, outcome = CommandState.DONE, "recording-1"
        if command.action in self.refused:
            reason = self.refused[command.action]
            state, outcome = (CommandState.OPEN, "") if reason is None else (CommandState.REFUSED, reason)
        self.given.append(replace(command, state=state, outcome=outcome))
        return self.given[-1]

    async def find(self, command_id: str) -> Command | None:
        return next((one for one in self.given if one.id == command_id), None)

    async def open_for(self, node: str, now: Moment) -> Sequence[Command]:
        return [one for one in self.given if one.state is CommandState.OPEN]

    async def expiries(self, action: str, after: Moment) -> Sequence[Moment]:
        return sorted(one.expires_at for one in self.given if one.action == action and one.expires_at > after)

    async def forget(self, before: Moment) -> int:
        return 0

    @property
    def actions(self) -> list[tuple[str, str]]:
        return [(one.call_id, one.action) for one in self.given]


class HurryingClock:
    """Whoever sleeps wakes at once, and that much later it is."""

    def __init__(self) -> None:
        self.moment: Moment = NOW

    def now(self) -> Moment:
        return self.moment

    async def sleep_until(self, moment: Moment) -> None:
        await asyncio.sleep(0)
        self.moment = max(self.moment, moment)


# --- what is set --------------------------------------------------------------------------------------------------


class MemoryRows:
    """The ChangedSettings."""

    def __init__(self) -> None:
        self.rows: dict[tuple[str, str], ChangedSetting] = {}

    async def all(self) -> Sequence[ChangedSetting]:
        return list(self.rows.values())

    async def change(self, organisation: str, values: Mapping[str, str | None], *, by: str, at: Moment) -> None:
        for name, value in values.items():
            self.rows.pop((organisation, name), None)
            if value is not None:
                row = ChangedSetting(organisation=organisation, name=name, value=value, by=by, at=at)
                self.rows[organisation, name] = row

    async def revision(self) -> int:
        return 0


class PlainHouse:
    """A configuration that says nothing, with two organisations."""

    organisations = ("default", "another")

    def refused(self, changed: Sequence[ChangedSetting]) -> Sequence[RefusedSetting]:
        return ()

    def effective(self, changed: Sequence[ChangedSetting], organisation: str) -> EffectiveSettings:
        own = {row.name: json.loads(row.value) for row in changed if row.organisation == organisation}
        agents = {one.agent: Switch(record=own[name]) for name in own if (one := agent_setting(name)) is not None}
        return EffectiveSettings(
            recording_enabled=own.get("recording_enabled", True),
            transcription_enabled=False,
            transcription_locale=None,
            multi_channel=True,
            recording_format="mp3",
            retention_days=own.get("retention_days", 90),
            transcript_retention_days=None,
            link_seconds=3600,
            agents=agents,
        )

    def origins(self, changed: Sequence[ChangedSetting], organisation: str) -> Mapping[str, Origin]:
        return {}

    def agents(self, changed: Sequence[ChangedSetting], organisation: str) -> Sequence[KnownAgent]:
        return ()

    def destination(self, storage: OwnStorage, secret: Secret) -> DestinationSettings:
        return DestinationSettings(url=f"s3://{storage.bucket}/")

    def destinations(self, organisation: str) -> Mapping[str, DestinationSettings]:
        return {}

    async def refresh(self) -> None:
        return None


class MemoryTrial:
    def __init__(self) -> None:
        self.tried: list[str] = []
        self.findings_of_it: Sequence[Finding] = ()

    async def findings(self, settings: DestinationSettings) -> Sequence[Finding]:
        self.tried.append(settings.url)
        return self.findings_of_it


# --- who comes in -------------------------------------------------------------------------------------------------


class Visitors(Keyring):
    """Those of the keyring, by Sinch's ways of showing a key, too."""

    #: Sinch's own example.
    SECRET = Secret("BeIukql3pTKJ8RGL5zo0DA==")

    async def admitted_by_password(self, name: str, password: str, address: str) -> Access:
        found = await self.admitted(password, address)
        if found.organisation != name:
            raise KeyRefused("this is no key")
        return found

    async def admitted_by_proof(self, name: str, is_proof: Callable[[Secret], bool], address: str) -> Access:
        if name != "default" or not is_proof(self.SECRET):
            raise KeyRefused("this is no key")
        return self.known["control"]


class House:
    """All of it, and its application."""

    def __init__(self, switches: DoorSettings | None = None, url: str = "https://calls.example.com") -> None:
        self.calls, self.auditing, self.commands = MemoryCalls(), MemoryAuditing(), MemoryCommands()
        self.clock, self.vault, self.visitors = HurryingClock(), MemoryVault(), Visitors()
        self.rows, self.trial = MemoryRows(), MemoryTrial()
        self.bucket, self.organisations = Bucket(), OrganisationsSettings()
        places = MemoryDestinations()
        places.stores["archive"] = self.bucket
        self.links = FileLinks(url, Secret("key"), self.clock)
        self.fetching = Fetching(cast("ShippingLedger", self.calls), places, self.links)
        self.settings = HouseSettings(
            self.rows, MemorySeenAgents(), self.vault, PlainHouse(), self.trial, self.auditing, self.clock
        )
        parts = BehindDoors(
            door=Door(self.visitors),
            keeper=self.visitors,
            signatures=SinchSignatures(self.visitors, self.clock),
            lookup=Lookup(self.calls, self.fetching),
            auditing=self.auditing,
            ordering=Ordering(self.commands, self.vault, self.auditing, self.clock),
            settings=self.settings,
            links=self.links,
            names=OrganisationNames(lambda: self.organisations),
            clock=self.clock,
        )
        self.app = FastAPI()
        answer_with_problems(self.app)
        self.app.include_router(compatible_doors(switches or DoorSettings(), parts))

    def emptied(self) -> "House":
        """As if it were new: to build an application takes longer than most tests."""
        parts = (self.calls, self.bucket, self.auditing, self.commands, self.clock, self.vault, self.visitors)
        for part in (*parts, self.rows, self.trial):
            vars(part).clear()
            vars(part).update(vars(type(part)()))
        self.organisations = OrganisationsSettings()
        return self

    def add(self, *files: CallFile) -> None:
        self.calls.files |= {file.call.id: file for file in files}
        names = [one.object_name for call in files for file in call.recordings for one in file.deliveries]
        self.bucket.objects |= {name: sound_of(name) for name in names}

    def client(self, key: str = "admin") -> "Client":
        return Client(self.app, key)


class Client:
    """Asks an application with one key."""

    def __init__(self, app: FastAPI, key: str) -> None:
        self._browser = Browser(app)
        self._headers = {"authorization": f"Bearer {key}"}

    async def ask(self, url: str, method: str = "GET", body: bytes = b"", **headers: str) -> Answer:
        said = self._headers | {name.replace("_", "-").lower(): value for name, value in headers.items()}
        return await self._browser.ask(url, method, said, body)

    async def json(self, url: str, method: str = "GET", body: object = None) -> tuple[int, Any]:
        content = b"" if body is None else json.dumps(body).encode()
        answer = await self.ask(url, method, content, content_type="application/json")
        return answer.status, json.loads(answer.content) if answer.content else None


def basic(name: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()
