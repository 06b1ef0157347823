"""From captured sound to who said what: the catalogue, the files and the sound are real, the engine is not."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from connector.domain.call import Role
from connector.domain.options import AudioFormat, ChannelLayout, RecordingOptions, TranscriptionOptions
from connector.domain.recording import ArtefactKind, Delivery, FlushPoint
from connector.domain.secret import Secret
from connector.domain.speech import Heard, Word
from connector.domain.states import DeliveryState, RecordingEvent, RecordingState, TranscriptionState
from connector.domain.transcript import TRANSCRIBING, Transcript
from connector.errors import ConnectorError, DestinationUnreachable, EngineRefused, EngineUnreachable
from connector.ports.transcriber import ChannelSound
from connector.services.channel_sounds import FOLDER, ChannelSounds
from connector.services.fetching import Fetching
from connector.services.file_links import FileLinks
from connector.services.transcribing import Transcribing
from connector.services.transcript_filing import TranscriptFiling
from tests.builders import MORNING, RECORDING
from tests.unit.audio.sound import RATE, wav
from tests.unit.services.test_channel_sounds import said
from tests.unit.services.yard import Yard

SECONDS = 4


class Engine:
    """Hears a sentence wherever there is voice, one after the other in each channel."""

    model = "tiny"

    def __init__(self) -> None:
        self.sentences = ["Hello my number is 4711 0815", "Thank you"]
        self.troubles: list[ConnectorError] = []
        self.refuses = ""
        self.heard: list[ChannelSound] = []
        self.language = "en"

    def check(self, locale: str) -> None:
        if self.refuses:
            raise EngineRefused(self.refuses)

    async def hear(self, sound: ChannelSound, locale: str) -> Sequence[Heard]:
        self.heard.append(sound)
        assert sound.path.stat().st_size > RATE
        if self.troubles:
            raise self.troubles.pop(0)
        return [
            Heard(words=tuple(self._words(sentence, voices)), language=self.language, language_confidence=0.9)
            for sentence, voices in zip(self.sentences, sound.voices, strict=True)
        ]

    def _words(self, sentence: str, voices: Sequence[Any]) -> list[Word]:
        if not voices:
            return []
        start, end = voices[0].start_seconds, voices[-1].end_seconds
        texts = sentence.split()
        step = (end - start) / len(texts)
        return [Word(text, start + at * step, start + (at + 1) * step, 0.8) for at, text in enumerate(texts)]

    async def close(self) -> None: ...


class Desk:
    """Transcribing over a yard, with the engines that it may choose from."""

    def __init__(self, yard: Yard) -> None:
        self.yard = yard
        self.engines = {"local": Engine(), "cloud": Engine()}
        self.ledger = yard.catalogue.transcriptions
        fetching = Fetching(
            yard.catalogue.shipping, yard.destinations, FileLinks("https://c.example", Secret("k"), yard.clock)
        )
        sounds = ChannelSounds(yard.renderer, fetching, yard.workshop, yard.state)
        shipping, dues = yard.catalogue.shipping, yard.catalogue.dues
        filing = TranscriptFiling(shipping, dues, yard.sources, yard.destinations, yard.clock, yard.state)
        self.transcribing = Transcribing(
            self.ledger, shipping, dues, sounds, self, filing, yard.clock, draw=lambda: 0.5
        )

    def chosen(self, organisation: str, wished: str) -> tuple[str, Engine]:
        name = wished or "local"
        if name not in self.engines:
            raise EngineRefused(f"there is no speech engine {name!r}")
        return name, self.engines[name]

    @property
    def engine(self) -> Engine:
        return self.engines["local"]

    async def captured(self, **transcription: Any) -> None:
        end = MORNING + 4.1 + SECONDS
        over: dict[str, Any] = {"stopped_at": end, "flushes": (FlushPoint(at=end, frames=SECONDS * RATE),)}
        segments = self.yard.caller(**over), self.yard.agent(**over)
        for segment, seed in zip(segments, (1, 2), strict=True):
            wav(self.yard.spool / segment.path, said(seed))
        wished = TranscriptionOptions(enabled=True, **transcription)
        options = RecordingOptions(format=AudioFormat.WAV, channels=ChannelLayout.STEREO, transcription=wished)
        await self.yard.captured(*segments, options=options)

    async def run(self, attempt: int = 1) -> str:
        """Both steps; returns why the attempt ended early, or ""."""
        for _, step in self.transcribing.steps:
            try:
                await step(RECORDING, attempt)
            except ConnectorError as error:
                return str(error)
        return ""

    async def transcript(self) -> Transcript:
        found = await self.ledger.current((await self.yard.recording()).id)
        assert found is not None
        return found

    async def due(self) -> list[tuple[str, int, float]]:
        return [(one.kind, one.attempt, round(one.at - self.yard.clock.now())) for one in await self.yard.dues()]

    @property
    def left(self) -> list[Path]:
        return [path for path in (self.yard.state / FOLDER).rglob("*") if path.is_file()]


@pytest.fixture
def desk(yard: Yard) -> Desk:
    return Desk(yard)


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


async def filed(desk: Desk, **transcription: Any) -> Delivery:
    """Heard, and its file stored beside the sound."""
    await desk.captured(**transcription)
    assert await desk.yard.run() == ""
    assert await desk.run() == ""
    assert await desk.yard.run(attempt=2) == ""
    await desk.yard.catalogue.dues.forwarded(await desk.yard.dues())
    return await desk.yard.delivery_of("archive", ArtefactKind.TRANSCRIPT)


async def withdrawn(desk: Desk, attempt: int = 1) -> str:
    try:
        for _, step in desk.yard.removing.withdrawal:
            await step(RECORDING, attempt)
    except ConnectorError as error:
        return str(error)
    return ""


async def test_the_file_of_a_transcript_whose_days_are_over_goes_and_the_sound_stays(desk: Desk) -> None:
    delivery = await filed(desk)
    assert await desk.yard.catalogue.keeping.remove_transcripts([delivery.recording_id], "over") == 1
    assert [due.kind for due in await desk.yard.dues()] == ["withdraw"]
    assert await withdrawn(desk) == ""
    assert [name.endswith(".wav") for name in desk.yard.archive.objects] == [True]
    assert (await desk.yard.delivery_of("archive", ArtefactKind.TRANSCRIPT)).state is DeliveryState.DELETED
    assert (await desk.yard.recording()).state is RecordingState.AVAILABLE
    assert not list((desk.yard.state / "work").rglob("transcript.json"))
    assert await desk.ledger.words(delivery.recording_id, 1) == []
    files = await desk.yard.catalogue.shipping.files_to_remove("here", MORNING + 1e9, 9)
    assert files == [delivery.recording_id]


async def test_a_destination_that_is_away_keeps_the_file_until_it_is_back(desk: Desk) -> None:
    delivery = await filed(desk)
    await desk.yard.catalogue.keeping.remove_transcripts([delivery.recording_id], "over")
    await desk.yard.catalogue.dues.forwarded(await desk.yard.dues())
    desk.yard.archive.fail_next(DestinationUnreachable("it is away"))
    assert "away" in await withdrawn(desk)
    assert [(due.kind, due.attempt) for due in await desk.yard.dues()] == [("withdraw", 2)]
    assert await withdrawn(desk, 2) == ""
    assert delivery.object_name not in desk.yard.archive.objects


async def test_a_bucket_of_the_users_own_keeps_the_file_to_its_own_rules(desk: Desk) -> None:
    delivery = await filed(desk)
    await desk.yard.catalogue.keeping.remove_transcripts([delivery.recording_id], "over", lambda _: True)
    assert await desk.yard.dues() == []
    assert delivery.object_name in desk.yard.archive.objects
    assert (await desk.yard.delivery_of("archive", ArtefactKind.TRANSCRIPT)).state is DeliveryState.LEFT
