"""What waits to be stored and is not on our disk any more, as after a catalogue was restored: with real encoders."""

import asyncio
import hashlib
import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from connector.domain.ids import RecordingId
from connector.domain.options import AudioFormat, ChannelLayout, RecordingOptions
from connector.domain.recording import Artefact, ArtefactKind, Rendering
from connector.domain.states import DeliveryEvent, DeliveryState, RecordingEvent, RecordingState
from connector.errors import CatalogueUnavailable, DestinationRefused, DestinationUnreachable, NoRoom
from connector.network.backoff import SCHEDULE_SECONDS
from connector.pbx.spool import SpoolFolder
from connector.ports.object_store import Digest
from connector.ports.workshop import Job, Result
from connector.storage.memory import MemoryStore
from tests.builders import RECORDING
from tests.unit.services.desk import Desk
from tests.unit.services.yard import OPTIONS, Yard

AWAY = DestinationUnreachable("archive does not answer")
OPUS = replace(OPTIONS, format=AudioFormat.OPUS)
BOTH = replace(OPUS, channels=ChannelLayout.BOTH)


class OpensFirst(MemoryStore):
    """As buckets do: without the file they look for nothing."""

    is_away = False

    async def put(self, name: str, source: Path, digest: Digest, *, overwrite: bool = False) -> None:
        if self.is_away:
            raise AWAY
        if not await asyncio.to_thread(source.exists):
            raise DestinationRefused(f"cannot store {source}")
        await super().put(name, source, digest, overwrite=overwrite)


@pytest.fixture(autouse=True)
def stores(yard: Yard) -> None:
    yard.destinations.stores = {name: OpensFirst() for name in ("archive", "second")}


async def not_stored_yet(
    yard: Yard, options: RecordingOptions = OPTIONS, *destinations: str, away: tuple[str, ...] = ("archive",)
) -> dict[str, bytes]:
    """Rendered of real sound; returns the work files, which are gone then."""
    wanted = destinations or ("archive",)
    await yard.captured(yard.caller(), yard.agent(), options=options, destinations=wanted)
    stores = [one for name, one in yard.destinations.stores.items() if name in away and isinstance(one, OpensFirst)]
    for store in stores:
        store.is_away = True
    await yard.run()
    for store in stores:
        store.is_away = False
    return lose(yard)


def lose(yard: Yard) -> dict[str, bytes]:
    lost = {path.name: path.read_bytes() for path in (yard.state / "work" / RECORDING).iterdir()}
    shutil.rmtree(yard.state / "work")
    return lost


async def artefact(yard: Yard, kind: ArtefactKind = ArtefactKind.STEREO) -> Artefact:
    rendering = (await yard.file()).rendering
    assert rendering is not None
    return next(one for one in rendering.artefacts if one.kind is kind)


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@pytest.mark.parametrize("format", [AudioFormat.WAV, AudioFormat.FLAC, AudioFormat.MP3])
async def test_it_is_made_again_as_it_was(yard: Yard, format: AudioFormat) -> None:
    lost = await not_stored_yet(yard, replace(OPTIONS, format=format))
    assert await yard.run(attempt=2) == ""
    assert list(yard.archive.objects.values()) == list(lost.values())
    assert (await yard.recording()).state is RecordingState.AVAILABLE


async def test_a_manifest_that_was_lost_with_the_sound_is_made_again_as_well(yard: Yard) -> None:
    yard.destinations.with_manifest = {"archive"}
    lost = await not_stored_yet(yard, replace(OPTIONS, channels=ChannelLayout.BOTH, separate=True))
    assert len(lost) == 5
    await yard.run(attempt=2)
    assert sorted(yard.archive.objects.values()) == sorted(lost.values())
    assert (await yard.recording()).state is RecordingState.AVAILABLE


async def test_what_was_partial_from_the_start_is_made_again(yard: Yard) -> None:
    gone = yard.agent()
    (yard.spool / gone.path).unlink()
    yard.archive.fail_next(AWAY)
    await yard.captured(yard.caller(), gone, destinations=("archive",))
    await yard.run()
    lost = lose(yard)
    await yard.run(attempt=2)
    assert list(yard.archive.objects.values()) == list(lost.values())


@pytest.mark.parametrize("left", ["nothing", "one side"])
async def test_what_the_pbx_has_not_any_more_is_refused_until_it_is_put_back(yard: Yard, left: str) -> None:
    lost = await not_stored_yet(yard)
    kept = yard.state / "kept.wav"
    shutil.move(yard.spool / "caller.wav", kept)
    if left == "nothing":
        shutil.move(yard.spool / "agent.wav", yard.state / "agent.wav")
    await yard.run(attempt=2)
    delivery = await yard.delivery()
    assert delivery.state is DeliveryState.REFUSED
    assert "caller.wav: " in delivery.reason
    assert delivery.reason.endswith("back, then retry")
    assert yard.archive.objects == {}
    shutil.move(kept, yard.spool / "caller.wav")
    if left == "nothing":
        shutil.move(yard.state / "agent.wav", yard.spool / "agent.wav")
    assert await yard.reviving.revive(RECORDING) is RecordingState.RENDERED
    await yard.run(attempt=3)
    assert list(yard.archive.objects.values()) == list(lost.values())


async def test_sound_that_the_pbx_holds_only_in_part_any_more_takes_no_ones_place(yard: Yard) -> None:
    lost = await not_stored_yet(yard, OPUS)
    whole = (yard.spool / "agent.wav").read_bytes()
    for name in ("caller.wav", "agent.wav"):
        (yard.spool / name).write_bytes(whole[:8000])
    await yard.run(attempt=2)
    delivery = await yard.delivery()
    assert delivery.state is DeliveryState.REFUSED
    assert "do not hold it whole any more" in delivery.reason
    assert (yard.archive.objects, list((yard.state / "work").rglob("*.opus"))) == ({}, [])
    assert (await artefact(yard)).sha256 == sha256(*lost.values())


async def test_it_waits_for_room(yard: Yard, monkeypatch: pytest.MonkeyPatch) -> None:
    async def full(job: Job) -> Result:
        raise NoRoom("no space left for the work files")

    await not_stored_yet(yard)
    with monkeypatch.context() as patch:
        patch.setattr(yard.workshop, "make", full)
        await yard.run(attempt=2)
    assert (await yard.delivery()).state is DeliveryState.WAITING
    (due,) = [one for one in await yard.dues() if one.attempt == 3]
    await yard.run(attempt=due.attempt)
    assert (await yard.recording()).state is RecordingState.AVAILABLE


async def test_what_is_stored_everywhere_is_not_made_again(yard: Yard) -> None:
    await not_stored_yet(yard, away=())
    await yard.run(attempt=2)
    assert not (yard.state / "work").exists()


async def test_what_comes_out_otherwise_takes_the_place_of_what_it_was(yard: Yard) -> None:
    (before,) = (await not_stored_yet(yard, OPUS)).values()
    assert await yard.run(attempt=2) == ""
    (stored,) = yard.archive.objects.values()
    assert (await artefact(yard)).sha256 == sha256(stored) != sha256(before)
    assert (await yard.recording()).state is RecordingState.AVAILABLE


async def test_the_manifest_gives_the_digests_of_what_came_out_otherwise(yard: Yard) -> None:
    yard.destinations.with_manifest = {"archive"}
    await not_stored_yet(yard, BOTH)
    # Nobody wants one any more of whoever is rendered now.
    yard.destinations.with_manifest = set()
    assert await yard.run(attempt=2) == ""
    papers = [name for name in yard.archive.objects if name.endswith("json")]
    facts = json.loads(yard.archive.objects.pop(papers[0]))
    assert [one["sha256"] for one in facts["files"]] == [
        (await artefact(yard, kind)).sha256 for kind in (ArtefactKind.MONO, ArtefactKind.STEREO)
    ]
    assert {one["sha256"] for one in facts["files"]} == set(map(sha256, yard.archive.objects.values()))
    assert (await yard.recording()).state is RecordingState.AVAILABLE


async def test_a_catalogue_that_goes_away_before_it_knows_leaves_nothing_that_nobody_knows(
    yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(recording_id: RecordingId, rendering: Rendering) -> None:
        raise CatalogueUnavailable("the catalogue is locked")

    yard.destinations.with_manifest = {"archive"}
    await not_stored_yet(yard, BOTH)
    with monkeypatch.context() as patch:
        patch.setattr(yard.catalogue.shipping, "remade", away)
        assert "locked" in await yard.run(attempt=2)
    assert [path for path in (yard.state / "work").rglob("*") if path.is_file()] == []
    assert await yard.run(attempt=2) == ""
    assert {one.state for one in (await yard.file()).deliveries} == {DeliveryState.STORED}
    assert (await yard.recording()).state is RecordingState.AVAILABLE


async def test_what_is_removed_while_it_is_made_again_leaves_nothing(
    yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def removed(job: Job) -> Result:
        await yard.catalogue.shipping.moved((await yard.recording()).id, RecordingEvent.DISCARDED)
        return await make(job)

    make = yard.workshop.make
    await not_stored_yet(yard, OPUS)
    monkeypatch.setattr(yard.workshop, "make", removed)
    await yard.run(attempt=2)
    assert (yard.archive.objects, (yard.state / "work").exists()) == ({}, True)
    assert list((yard.state / "work").iterdir()) == []
    assert (await yard.delivery()).state is DeliveryState.WAITING
    assert (await yard.recording()).state is RecordingState.REMOVING


async def test_two_attempts_at_once_make_it_once(yard: Yard) -> None:
    await not_stored_yet(yard, OPUS)
    await asyncio.gather(yard.run(attempt=2), yard.run(attempt=3))
    assert (await yard.recording()).state is RecordingState.AVAILABLE
    (stored,) = yard.archive.objects.values()
    assert (await artefact(yard)).sha256 == sha256(stored)


@pytest.mark.parametrize("keep_sound", [True, False])
async def test_the_file_of_a_transcript_is_written_again(desk: Desk, keep_sound: bool) -> None:
    yard = desk.yard
    await desk.captured(keep_sound=keep_sound)
    await yard.run()
    assert await desk.run() == ""
    assert lose(yard)["transcript.json"]
    assert await yard.run("store", attempt=2) == ""
    delivery = await yard.delivery_of("archive", ArtefactKind.TRANSCRIPT)
    assert delivery.state is DeliveryState.STORED
    paper = yard.archive.objects[delivery.object_name]
    assert sha256(paper) == (await artefact(yard, ArtefactKind.TRANSCRIPT)).sha256
    assert (await yard.recording()).state is RecordingState.AVAILABLE


async def test_the_file_of_an_earlier_transcript_is_written_again_before_the_newer_one(desk: Desk) -> None:
    """That one waits until the earlier one has come to its end."""
    yard = desk.yard
    await desk.captured()
    await yard.run()
    assert await desk.run() == ""
    yard.archive.fail_next(AWAY)
    await yard.run("store", attempt=2)
    await desk.ledger.again((await yard.recording()).id, "cloud", yard.clock.now())
    desk.engines["cloud"].sentences = ["It is another sentence.", "Thank you!"]
    assert "it comes first" in await desk.run(2)
    lost = lose(yard)["transcript.json"]
    assert await yard.run("store", attempt=3) == ""
    name = (await yard.delivery_of("archive", ArtefactKind.TRANSCRIPT)).object_name
    assert yard.archive.objects[name] == lost
    assert await desk.run(3) == ""
    await yard.run("store", attempt=4)
    assert b"another sentence" in yard.archive.objects[name]


@pytest.mark.parametrize("is_named", [True, False])
async def test_what_lies_where_it_belongs_is_found_whoever_has_lost_the_sources(yard: Yard, is_named: bool) -> None:
    """The copy came there after the backup, or even its name was chosen after it."""
    if is_named:
        (sound,) = (await not_stored_yet(yard, OPUS)).values()
    else:
        await yard.captured(yard.caller(), yard.agent(), options=OPUS, destinations=("archive",))
        await yard.run("render")
        (sound,) = lose(yard).values()
    yard.archive.objects["call-1.opus"] = sound
    (yard.spool / "caller.wav").unlink()
    assert await yard.run(attempt=2) == ""
    assert yard.archive.objects == {"call-1.opus": sound}
    delivery = await yard.delivery()
    assert (delivery.state, delivery.url) == (DeliveryState.STORED, "memory:///call-1.opus")
    assert (delivery.object_name, delivery.place) == ("call-1.opus", "the place of archive")
    assert (await yard.recording()).state is RecordingState.AVAILABLE


async def test_what_is_found_after_a_retry_knows_its_place(yard: Yard) -> None:
    """A retry asks the configuration anew where it goes."""
    (sound,) = (await not_stored_yet(yard, OPUS)).values()
    await yard.catalogue.shipping.delivery_moved(await yard.delivery(), DeliveryEvent.REFUSED)
    await yard.reviving.revive(RECORDING)
    assert (await yard.delivery()).place == ""
    yard.archive.objects["call-1.opus"] = sound
    await yard.run(attempt=2)
    assert (await yard.delivery()).place == "the place of archive"


async def test_another_object_of_that_name_is_not_ours(yard: Yard) -> None:
    await not_stored_yet(yard, OPUS)
    yard.archive.objects["call-1.opus"] = b"somebody else's"
    assert await yard.run(attempt=2) == ""
    assert yard.archive.objects.keys() == {"call-1.opus", "call-1-2.opus"}


async def test_it_is_found_behind_another_object_of_its_name(yard: Yard) -> None:
    (sound,) = (await not_stored_yet(yard, OPUS)).values()
    yard.archive.objects |= {"call-1.opus": b"somebody else's", "call-1-2.opus": sound}
    assert await yard.run(attempt=2) == ""
    assert (await yard.delivery()).object_name == "call-1-2.opus"
    assert len(yard.archive.objects) == 2


async def test_nothing_comes_out_otherwise_while_a_destination_may_have_it_and_does_not_say(yard: Yard) -> None:
    (sound,) = (await not_stored_yet(yard, OPUS, "archive", "second", away=("archive", "second"))).values()
    second = yard.destinations.stores["second"]
    yard.archive.objects["call-1.opus"] = sound
    second.fail_next(AWAY)
    assert await yard.run(attempt=2) == ""
    assert await yard.states() == {
        ("archive", "stereo"): DeliveryState.STORED,
        ("second", "stereo"): DeliveryState.WAITING,
    }
    assert (await yard.delivery("second")).reason.endswith("cannot be looked for there: archive does not answer")
    (due,) = [one for one in await yard.dues() if one.attempt == 3]
    assert not list((yard.state / "work").rglob("*.opus"))
    second.objects["call-1.opus"] = sound
    assert await yard.run(attempt=due.attempt) == ""
    assert (await yard.delivery("second")).state is DeliveryState.STORED
    assert yard.archive.objects == second.objects == {"call-1.opus": sound}


async def test_what_comes_out_as_it_was_waits_for_nobody(yard: Yard) -> None:
    (sound,) = (await not_stored_yet(yard, OPTIONS, "archive", "second", away=("archive", "second"))).values()
    yard.destinations.stores["second"].fail_next(AWAY)
    assert await yard.run(attempt=2) == ""
    assert yard.archive.objects == {"call-1.wav": sound}
    assert (await yard.delivery("second")).state is DeliveryState.STORED


async def test_a_destination_that_never_says_is_not_waited_for_for_ever(yard: Yard) -> None:
    await not_stored_yet(yard, OPUS, "archive", "second", away=("archive", "second"))
    second = yard.destinations.stores["second"]
    for attempt in range(2, 40):
        second.fail_next(AWAY)
        await yard.run(attempt=attempt)
        if (await yard.delivery()).state is not DeliveryState.WAITING:
            break
        assert [one.attempt for one in await yard.dues() if one.attempt == attempt + 1], "nobody comes again"
    assert attempt == len(SCHEDULE_SECONDS) + 2
    assert (await yard.delivery()).state is DeliveryState.STORED
    assert (await yard.delivery("second")).state is DeliveryState.GAVE_UP
    assert (await yard.recording()).state is RecordingState.AVAILABLE


async def test_where_nobody_may_look_it_is_made_otherwise(yard: Yard, caplog: pytest.LogCaptureFixture) -> None:
    await not_stored_yet(yard, OPUS)
    yard.archive.fail_next(DestinationRefused("the key may not read"))
    assert await yard.run(attempt=2) == ""
    (said,) = [one for one in caplog.records if one.message == "a copy may be there"]
    assert (said.__dict__["destination"], said.__dict__["hint"]) == ("archive", "the key may not read")
    assert (await yard.recording()).state is RecordingState.AVAILABLE


async def test_a_source_that_was_missing_before_may_be_missing_in_other_words(yard: Yard) -> None:
    gone = yard.agent()
    (yard.spool / gone.path).unlink()
    yard.archive.fail_next(AWAY)
    await yard.captured(yard.caller(), gone, options=OPUS, destinations=("archive",))
    await yard.run()
    lose(yard)
    # The spool lies elsewhere now, and the trouble names its folder.
    elsewhere = yard.spool.rename(yard.spool.with_name("elsewhere"))
    yard.sources["asterisk"] = SpoolFolder(elsewhere, settle_seconds=0.001)
    await yard.run(attempt=2)
    assert (await yard.recording()).state is RecordingState.AVAILABLE
    await yard.sources["asterisk"].close()


async def test_what_somebody_was_given_stays_what_it_was(yard: Yard) -> None:
    await not_stored_yet(yard, OPUS, "archive", "second", away=("second",))
    before = dict(yard.archive.objects)
    await yard.run(attempt=2)
    second = await yard.delivery("second")
    assert (second.state, "other bytes than 'archive' has" in second.reason) == (DeliveryState.REFUSED, True)
    assert yard.archive.objects == before
    assert not (yard.state / (await artefact(yard)).path).exists()
    assert (await artefact(yard)).sha256 == sha256(*before.values())


async def test_of_two_files_the_one_that_nobody_has_is_made_otherwise(yard: Yard) -> None:
    lost = await not_stored_yet(yard, BOTH)
    yard.archive.objects["call-1.opus"] = lost["mono.opus"]
    assert await yard.run(attempt=2) == ""
    assert yard.archive.objects["call-1.opus"] == lost["mono.opus"]
    stereo = yard.archive.objects["call-1.stereo.opus"]
    assert (await artefact(yard)).sha256 == sha256(stereo) != sha256(lost["stereo.opus"])
    assert (await artefact(yard, ArtefactKind.MONO)).sha256 == sha256(lost["mono.opus"])
    assert (await yard.recording()).state is RecordingState.AVAILABLE


async def test_with_a_manifest_that_somebody_was_given_nothing_comes_out_otherwise(yard: Yard) -> None:
    yard.destinations.with_manifest = {"archive"}
    lost = await not_stored_yet(yard, OPUS)
    paper = (await yard.delivery_of("archive", ArtefactKind.MANIFEST)).object_name
    yard.archive.objects[paper] = lost["manifest.json"]
    await yard.run(attempt=2)
    delivery = await yard.delivery_of("archive", ArtefactKind.STEREO)
    assert (delivery.state, "other bytes than 'archive' has" in delivery.reason) == (DeliveryState.REFUSED, True)
    assert yard.archive.objects.keys() == {paper}
