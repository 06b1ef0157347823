"""Who may ask that a recording is heard again, by whom it may be heard, and when it cannot be."""

from dataclasses import replace
from typing import Any

import pytest

from connector.domain.access import Access, KeyRole
from connector.domain.ids import CallId, RecordingId
from connector.domain.options import RecordingOptions, TranscriptionOptions
from connector.domain.secret import Secret
from connector.domain.states import RecordingEvent, RecordingState, TranscriptionState
from connector.domain.transcript import Transcript
from connector.errors import BadRequest, Conflict, NoLongerThere, NotFound
from connector.services.fetching import Fetching
from connector.services.file_links import FileLinks
from connector.services.lookup import Lookup
from connector.services.rehearing import Asked, Rehearing
from tests.builders import CALL, RECORDING, a_call, a_recording
from tests.unit.services.yard import Yard
from tests.unit.web.keys import an_access

ID = RecordingId(RECORDING)
WAITING = Transcript(recording_id=ID, call_id=CallId(CALL), organisation="default")
HEARD = replace(WAITING, state=TranscriptionState.DONE, engine="cloud")


class Audit:
    def __init__(self) -> None:
        self.lines: list[tuple[str, str, str | None, dict[str, object]]] = []

    async def done(
        self, access: Access, action: str, *, subject: str = "", organisation: str | None = None, **details: object
    ) -> None:
        self.lines.append((action, subject, organisation, details))


class Desk:
    """Where somebody asks; `engines` may hear the sound of each organisation."""

    def __init__(self, yard: Yard) -> None:
        self.yard, self.audit = yard, Audit()
        self.engines: dict[str, tuple[str, ...]] = {"default": ("local", "cloud")}
        self.ledger = yard.catalogue.transcriptions
        links = FileLinks("https://calls.example.com", Secret("key"), yard.clock)
        lookup = Lookup(yard.catalogue.call_search, Fetching(yard.catalogue.shipping, yard.destinations, links))
        self._rehearing = Rehearing(self.ledger, lookup, self.engines.__getitem__, self.audit, yard.clock)

    async def captured(self, transcription: TranscriptionOptions | None = None, **over: Any) -> None:
        options = RecordingOptions(transcription=transcription or TranscriptionOptions())
        known: dict[str, Any] = {"state": RecordingState.CAPTURED, "options": options}
        await self.yard.apply(a_call(), a_recording(**(known | over)))

    async def ask(self, engine: str = "", recording: str | None = None, access: Access | None = None) -> Asked:
        return await self._rehearing.again(access or an_access(KeyRole.ADMIN), CALL, recording, engine)

    async def heard(self) -> None:
        await self.ledger.begun(WAITING)
        await self.ledger.done(HEARD, [])


@pytest.fixture
def desk(yard: Yard) -> Desk:
    return Desk(yard)


async def test_what_is_done_is_heard_again_as_a_newer_version_by_the_engine_that_is_named(desk: Desk) -> None:
    await desk.captured()
    await desk.heard()
    assert await desk.ask("local") == Asked(recording_id=ID, version=2, engine="local")
    assert await desk.ledger.engine_wished(ID) == "local"
    assert [one.kind for one in await desk.yard.dues()].count("transcribe") == 1


async def test_what_failed_is_heard_again_as_the_version_that_it_would_have_been(desk: Desk) -> None:
    await desk.captured()
    await desk.ledger.begun(WAITING)
    await desk.ledger.failed(ID, "the model is not there")
    assert (await desk.ask()).version == 1
    current = await desk.ledger.current(ID)
    assert current is not None
    assert current.state is TranscriptionState.WAITING


async def test_a_recording_whose_words_nobody_wished_is_heard_the_first_time(desk: Desk) -> None:
    await desk.captured()
    assert await desk.ask("cloud") == Asked(recording_id=ID, version=1, engine="cloud")
    assert await desk.ledger.current(ID) == WAITING
    assert await desk.ledger.engine_wished(ID) == "cloud"
    assert "transcribe" in [one.kind for one in await desk.yard.dues()]


async def test_unsaid_it_is_the_engine_that_heard_it_as_long_as_it_may(desk: Desk) -> None:
    await desk.captured()
    await desk.heard()
    assert (await desk.ask()).engine == "cloud"


async def test_an_engine_that_may_not_any_more_gives_way_to_the_usual_one(desk: Desk) -> None:
    await desk.captured()
    await desk.heard()
    desk.engines["default"] = ("local",)
    assert (await desk.ask()).engine == "local"


async def test_unsaid_and_never_heard_it_is_the_one_that_was_wished_for_the_call(desk: Desk) -> None:
    await desk.captured(TranscriptionOptions(engine="cloud"))
    assert (await desk.ask()).engine == "cloud"


async def test_an_engine_that_may_not_hear_it_is_refused_and_those_that_may_are_named(desk: Desk) -> None:
    await desk.captured()
    with pytest.raises(BadRequest, match=r"'other' may not hear the sound of 'default': local, cloud may") as refused:
        await desk.ask("other")
    assert refused.value.pointer == "/engine"
    assert desk.audit.lines == []
    assert await desk.ledger.current(ID) is None


async def test_asking_is_written_down(desk: Desk) -> None:
    await desk.captured()
    await desk.ask("cloud")
    assert desk.audit.lines == [("transcript.asked", ID, "default", {"call_id": CALL, "engine": "cloud"})]


async def test_while_it_is_heard_nobody_asks_again(desk: Desk) -> None:
    await desk.captured()
    await desk.ask()
    with pytest.raises(Conflict, match="being made"):
        await desk.ask()


async def test_while_what_is_done_is_heard_again_nobody_asks_again(desk: Desk) -> None:
    await desk.captured()
    await desk.heard()
    await desk.ask("local")
    with pytest.raises(Conflict, match="being heard again already, by 'local'"):
        await desk.ask("cloud")


@pytest.mark.parametrize("state", [RecordingState.RECORDING, RecordingState.FAILED_CAPTURE, RecordingState.ABSENT])
async def test_what_runs_still_or_has_no_sound_cannot_be_heard(desk: Desk, state: RecordingState) -> None:
    await desk.captured(state=state)
    with pytest.raises(Conflict, match=f"is {state}"):
        await desk.ask()
    assert await desk.ledger.current(ID) is None


async def test_what_was_removed_is_no_longer_there(desk: Desk) -> None:
    await desk.captured()
    await desk.heard()
    await desk.yard.catalogue.keeping.remove_transcripts([ID], "its days were over")
    with pytest.raises(NoLongerThere, match="its days were over"):
        await desk.ask()
    await desk.yard.catalogue.shipping.moved(ID, RecordingEvent.ERASED, reason="asked for")
    with pytest.raises(NoLongerThere, match="is removing"):
        await desk.ask()


async def test_words_whose_sound_was_not_kept_are_all_that_there_is(desk: Desk) -> None:
    await desk.captured(TranscriptionOptions(enabled=True, keep_sound=False))
    await desk.heard()
    with pytest.raises(NoLongerThere, match="was not kept"):
        await desk.ask()


async def test_of_several_recordings_the_one_that_is_named_is_meant(desk: Desk) -> None:
    await desk.captured()
    await desk.yard.apply(a_recording(id="recording-2", state=RecordingState.CAPTURED))
    assert (await desk.ask(recording="recording-2")).recording_id == "recording-2"
    with pytest.raises(NotFound):
        await desk.ask(recording="recording-3")


async def test_a_call_without_a_recording_and_anothers_are_not_found(desk: Desk) -> None:
    await desk.yard.apply(a_call())
    with pytest.raises(NotFound, match="nothing to hear"):
        await desk.ask()
    with pytest.raises(NotFound, match="there is no call"):
        await desk.ask(access=an_access(KeyRole.ADMIN, organisation="another"))
