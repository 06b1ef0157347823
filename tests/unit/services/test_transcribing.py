"""From captured sound to who said what: the catalogue, the files and the sound are real, the engine is not."""

import asyncio
from typing import Any

import pytest

from connector.domain.call import Role
from connector.domain.recording import ArtefactKind
from connector.domain.states import DeliveryState, RecordingEvent, RecordingState, TranscriptionState
from connector.domain.transcript import TRANSCRIBING
from connector.errors import CatalogueUnavailable, EngineUnreachable, PbxUnreachable
from connector.services.channel_sounds import FOLDER
from tests.builders import RECORDING
from tests.unit.services.desk import Desk


async def test_each_channel_is_heard_apart_and_written_down_with_its_words(desk: Desk) -> None:
    await desk.captured()
    assert await desk.yard.run() == ""
    assert await desk.run() == ""
    found = await desk.transcript()
    assert (found.state, found.version, found.engine, found.model) == (TranscriptionState.DONE, 1, "local", "tiny")
    assert (found.language, found.language_confidence) == ("en", 0.9)
    assert found.confidence == pytest.approx(0.8)
    assert {(line.role, line.text) for line in found.lines} == {
        (Role.CALLER, "Hello my number is 4711 0815"),
        (Role.AGENT, "Thank you"),
    }
    words = await desk.ledger.words(found.recording_id, 1)
    assert [" ".join(word.text for word in of_line) for of_line in words] == [line.text for line in found.lines]
    assert found.facts is not None
    assert [side.role for side in found.facts.sides] == [Role.CALLER, Role.AGENT]
    assert all(1.5 < side.talk_seconds < 2.5 for side in found.facts.sides)
    assert desk.left == []


async def test_its_file_goes_where_the_sound_went_once(desk: Desk) -> None:
    await desk.captured()
    assert await desk.yard.run() == ""
    assert await desk.run() == ""
    assert await desk.yard.states() == {
        ("archive", "stereo"): DeliveryState.STORED,
        ("archive", "transcript"): DeliveryState.WAITING,
    }
    assert [kind for kind, _, _ in await desk.due()] == ["ship"]
    assert await desk.yard.run(attempt=2) == ""
    delivery = await desk.yard.delivery_of("archive", ArtefactKind.TRANSCRIPT)
    assert delivery.state is DeliveryState.STORED
    assert delivery.object_name.endswith("-transcript.json")
    text = desk.yard.archive.objects[delivery.object_name].decode()
    assert '"speakerLabel"' in text
    assert "Thank you" in text
    assert (await desk.yard.recording()).state is RecordingState.AVAILABLE
    assert await desk.run(attempt=2) == ""
    assert len(desk.engine.heard) == 1
    assert len(await desk.due()) == 1


async def test_a_transcript_that_comes_first_waits_for_the_sound_with_its_file_and_no_sound_waits_for_it(
    desk: Desk,
) -> None:
    await desk.captured()
    assert "its sound comes first" in await desk.run()
    assert (await desk.transcript()).state is TranscriptionState.DONE
    assert await desk.due() == [(TRANSCRIBING, 2, 5)]
    assert await desk.yard.run() == ""
    assert (await desk.yard.recording()).state is RecordingState.AVAILABLE
    assert await desk.run(attempt=2) == ""
    assert len(desk.engine.heard) == 1
    assert ("archive", "transcript") in await desk.yard.states()


async def test_an_engine_that_is_away_is_asked_again_and_not_before_it_wished(desk: Desk) -> None:
    await desk.captured()
    desk.engine.troubles = [
        EngineUnreachable("it does not answer"),
        EngineUnreachable("it is busy", retry_after_seconds=600.0),
    ]
    assert "it does not answer" in await desk.run()
    assert await desk.due() == [(TRANSCRIBING, 2, 5)]
    assert "it is busy" in await desk.run(attempt=2)
    assert (TRANSCRIBING, 3, 600) in await desk.due()
    waiting = await desk.transcript()
    assert (waiting.state, waiting.reason) == (TranscriptionState.WAITING, "it is busy")
    assert await desk.yard.run() == ""
    assert await desk.run(attempt=3) == ""
    assert (await desk.transcript()).state is TranscriptionState.DONE
    assert desk.left == []


async def test_what_was_heard_is_not_heard_again_because_the_catalogue_is_away(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    await desk.captured()
    tries = []
    done = desk.ledger.done

    async def away_at_first(*written: Any) -> bool:
        tries.append(written)
        if len(tries) < 3:
            raise CatalogueUnavailable("database or disk is full")
        return await done(*written)

    monkeypatch.setattr(desk.ledger, "done", away_at_first)
    heard = asyncio.create_task(desk.run())
    while not heard.done():
        await desk.yard.clock.advance(1.0)
        await asyncio.sleep(0.01)
    assert (len(tries), len(desk.engine.heard)) == (3, 1)
    assert (await desk.transcript()).state is TranscriptionState.DONE


async def test_after_four_days_it_has_failed(desk: Desk) -> None:
    await desk.captured()
    desk.engine.troubles = [EngineUnreachable("it does not answer") for _ in range(20)]
    attempt = 1
    while await desk.run(attempt):
        attempt += 1
    found = await desk.transcript()
    assert (found.state, found.reason, attempt) == (TranscriptionState.FAILED, "it does not answer", 12)


@pytest.mark.parametrize("wished", ["nobody", ""])
async def test_what_no_engine_can_hear_fails_with_the_reason_and_the_sound_goes_its_way(
    desk: Desk, wished: str
) -> None:
    desk.engine.refuses = "tiny.en knows no German"
    await desk.captured(engine=wished or None, locale="de-DE")
    assert await desk.run() == ""
    found = await desk.transcript()
    assert found.state is TranscriptionState.FAILED
    assert found.reason == ("there is no speech engine 'nobody'" if wished else "tiny.en knows no German")
    assert desk.engine.heard == []
    assert await desk.yard.run() == ""
    assert (await desk.yard.recording()).state is RecordingState.AVAILABLE


async def test_what_has_failed_is_heard_when_somebody_asks_again(desk: Desk) -> None:
    desk.engine.refuses = "no model"
    await desk.captured()
    assert await desk.yard.run() == ""
    assert await desk.run() == ""
    desk.engine.refuses = ""
    assert await desk.run(attempt=2) == ""
    assert (await desk.transcript()).state is TranscriptionState.FAILED
    assert await desk.ledger.again((await desk.yard.recording()).id, "", desk.yard.clock.now()) == 1
    assert await desk.run(attempt=3) == ""
    assert (await desk.transcript()).state is TranscriptionState.DONE


async def test_another_engine_makes_a_newer_version_and_the_older_one_is_kept(desk: Desk) -> None:
    await desk.captured()
    assert await desk.yard.run() == ""
    assert await desk.run() == ""
    await desk.yard.removing.remove_local(await desk.yard.file())
    desk.engines["cloud"].sentences = ["Hello, my number is 4711 0815.", "Thank you!"]
    id = (await desk.yard.recording()).id
    assert await desk.ledger.again(id, "cloud", desk.yard.clock.now()) == 2
    assert await desk.run(attempt=2) == ""
    newer, older = await desk.ledger.versions(id)
    assert (newer.version, newer.engine, newer.lines[0].text[:6]) == (2, "cloud", "Hello,")
    assert (older.version, older.engine) == (1, "local")
    assert await desk.run(attempt=3) == ""
    assert len(desk.engines["cloud"].heard) == 1


async def test_a_newer_version_that_cannot_be_made_leaves_the_older_one(desk: Desk) -> None:
    await desk.captured()
    assert await desk.yard.run() == ""
    assert await desk.run() == ""
    before = await desk.transcript()
    await desk.ledger.again(before.recording_id, "nobody", desk.yard.clock.now())
    assert await desk.run(attempt=2) == ""
    found = await desk.transcript()
    assert (found.lines, found.version, found.state) == (before.lines, 1, TranscriptionState.DONE)
    assert "nobody" in found.reason


async def test_digits_are_put_out_before_anything_is_kept(desk: Desk) -> None:
    await desk.captured(mask_digits=True)
    assert await desk.yard.run() == ""
    assert await desk.run() == ""
    assert await desk.yard.run(attempt=2) == ""
    caller = next(line for line in (await desk.transcript()).lines if line.role is Role.CALLER)
    assert caller.text == "Hello my number is **** ****"
    everything = str(await desk.yard.everything())
    assert "4711" not in everything
    assert "0815" not in everything
    assert not any(b"4711" in content for content in desk.yard.archive.objects.values())


async def test_sound_that_is_not_kept_goes_nowhere_and_is_gone_when_its_words_are_there(desk: Desk) -> None:
    await desk.captured(keep_sound=False)
    assert await desk.yard.run() == ""
    assert await desk.run() == ""
    assert list(desk.yard.spool.iterdir()) == []
    assert await desk.yard.run(attempt=2) == ""
    file = await desk.yard.file()
    assert file.recording.state is RecordingState.AVAILABLE
    assert [one.kind for one in file.deliveries] == [ArtefactKind.TRANSCRIPT]
    assert [name.rpartition("-")[2] for name in desk.yard.archive.objects] == ["transcript.json"]


async def test_sound_that_is_not_kept_and_could_not_be_removed_at_once_is_removed_later(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    await desk.captured(keep_sound=False)
    remove = desk.yard.source.remove

    async def away(path: str) -> None:
        monkeypatch.setattr(desk.yard.source, "remove", remove)
        raise PbxUnreachable("the PBX is away")

    monkeypatch.setattr(desk.yard.source, "remove", away)
    assert "away" in await desk.run()
    assert (TRANSCRIBING, 2) in [due[:2] for due in await desk.due()]
    assert len(list(desk.yard.spool.iterdir())) == 2
    assert await desk.run(attempt=2) == ""
    assert list(desk.yard.spool.iterdir()) == []
    assert len(desk.engine.heard) == 1


async def test_sound_that_is_not_kept_and_could_not_be_heard_is_a_recording_that_failed_and_can_be_retried(
    desk: Desk,
) -> None:
    desk.engine.refuses = "no model"
    await desk.captured(keep_sound=False)
    assert await desk.run() == ""
    recording = await desk.yard.recording()
    assert recording.state is RecordingState.FAILED_RENDER
    assert recording.reason == "no transcript could be made: no model"
    assert len(list(desk.yard.spool.iterdir())) == 2
    desk.engine.refuses = ""
    assert await desk.yard.reviving.revive(RECORDING) is RecordingState.CAPTURED
    assert await desk.run(attempt=2) == ""
    assert (await desk.transcript()).state is TranscriptionState.DONE
    assert list(desk.yard.spool.iterdir()) == []


async def test_what_is_on_its_way_out_is_not_heard(desk: Desk) -> None:
    await desk.captured()
    await desk.yard.catalogue.shipping.moved((await desk.yard.recording()).id, RecordingEvent.DISCARDED)
    assert await desk.run() == ""
    assert desk.engine.heard == []


async def test_a_bug_is_tried_again_and_then_named(desk: Desk) -> None:
    await desk.captured()
    desk.engine.sentences = ["one channel too few"]
    assert await desk.run() != ""
    assert (await desk.due())[0][:2] == (TRANSCRIBING, 2)
    assert (await desk.transcript()).state is TranscriptionState.WAITING


async def test_after_a_crash_what_waits_falls_due_and_half_made_sound_goes(desk: Desk) -> None:
    desk.engine.troubles = [EngineUnreachable("it does not answer")]
    await desk.captured()
    assert await desk.run() != ""
    await desk.yard.catalogue.dues.forwarded(await desk.yard.dues())
    (desk.yard.state / FOLDER / "other").mkdir(parents=True)
    (desk.yard.state / FOLDER / "other" / "channels.wav").touch()
    assert await desk.transcribing.begin("elsewhere") == 0
    assert await desk.transcribing.begin("here") == 1
    assert desk.left == []
    assert [(kind, late) for kind, _, late in await desk.due()] == [(TRANSCRIBING, 0)]
