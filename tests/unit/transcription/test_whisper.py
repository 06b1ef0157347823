"""Whisper's processes: who is asked what, and what becomes of a job when one dies. A stand-in program hears nothing."""

import asyncio
import os
import select
import signal
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from connector.domain.speech import Heard, Voice
from connector.errors import BrokenAudio, EngineRefused, EngineUnreachable
from connector.ports.transcriber import ChannelSound
from connector.settings.transcription import WhisperSettings
from connector.transcription.models import find
from connector.transcription.whisper import WhisperTranscriber
from connector.transcription.whisper_messages import Answer, Channel, LanguageWanted, WordsWanted, line_of, request_of
from tests.clocks import SimulatedClock
from tests.unit.processes import Talking

from .whisper_models import a_model

STUB = (sys.executable, "-m", "tests.unit.transcription.whisper_stub")
SPOKEN = (Voice(1.0, 3.0),)
LONG = (Voice(0.0, 5.0), Voice(6.0, 9.0))
SILENT: tuple[Voice, ...] = ()
Make = Callable[..., WhisperTranscriber]


@pytest.fixture
async def make(tmp_path: Path) -> AsyncIterator[Make]:
    made: list[WhisperTranscriber] = []

    def of(
        *,
        workers: int = 1,
        languages: Sequence[str] = ("en", "fr"),
        least_limit_seconds: float = 30.0,
        clock: SimulatedClock | None = None,
    ) -> WhisperTranscriber:
        folder = tmp_path / f"model{len(made)}"
        settings = WhisperSettings(model=str(a_model(folder, languages)), workers=workers, idle_seconds=300.0)
        made.append(
            WhisperTranscriber(
                settings,
                tmp_path / "state",
                clock or SimulatedClock(),
                command=STUB,
                least_limit_seconds=least_limit_seconds,
            )
        )
        return made[-1]

    yield of
    for one in made:
        await one.close()


def sound(folder: Path, name: str = "fine.wav", *voices: Sequence[Voice], seconds: float = 0.0) -> ChannelSound:
    return ChannelSound(
        path=folder / name, sample_rate=8000, duration_seconds=seconds, voices=voices or (SPOKEN, SILENT)
    )


def asked(folder: Path) -> list[str]:
    return (folder / "log").read_text().splitlines()


def who(heard: Sequence[Heard]) -> int:
    """Which process heard it."""
    return int(heard[0].words[1].text)


async def readable(descriptor: int) -> None:
    loop, is_readable = asyncio.get_running_loop(), asyncio.Event()
    loop.add_reader(descriptor, is_readable.set)
    try:
        await asyncio.wait_for(is_readable.wait(), 20)
    finally:
        loop.remove_reader(descriptor)
        os.close(descriptor)


@asynccontextmanager
async def ended(process_id: int) -> AsyncIterator[None]:
    """Leaves when that process has ended."""
    life = os.pidfd_open(process_id)
    yield
    await readable(life)


async def hanging(engine: WhisperTranscriber, folder: Path) -> asyncio.Task[Sequence[Heard]]:
    """A job that never ends, when its process is at it."""
    path = folder / "hangs.wav"
    os.mkfifo(path)
    is_taken = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    job = asyncio.create_task(engine.hear(sound(folder, path.name), "en"))
    await readable(is_taken)
    return job


def oom_score(process_id: int) -> int:
    return int(Path(f"/proc/{process_id}/oom_score_adj").read_text())


def is_there(process_id: int) -> bool:
    return Path(f"/proc/{process_id}").exists()


# --- what is asked ------------------------------------------------------------------------------------------------


async def test_each_channel_with_voice_is_asked_for_and_comes_back_in_its_place(make: Make, tmp_path: Path) -> None:
    heard = await make().hear(sound(tmp_path, "fine.wav", SPOKEN, SILENT, LONG), "en-GB")
    assert [[word.text for word in one.words[:1]] for one in heard] == [["en-0"], [], ["en-2"]]
    assert [one.language for one in heard] == ["en", "", "en"]
    assert heard[0].language_confidence is None
    assert asked(tmp_path) == ["WordsWanted fine.wav 2", "WordsWanted fine.wav 0"]


async def test_a_sound_without_voice_starts_no_process(make: Make, tmp_path: Path) -> None:
    engine = make()
    assert await engine.hear(sound(tmp_path, "fine.wav", SILENT, (Voice(1.0, 1.2),)), "en") == [Heard(), Heard()]
    assert engine.process_ids() == set()


async def test_a_language_is_learned_once_from_whoever_speaks_longest(make: Make, tmp_path: Path) -> None:
    heard = await make().hear(sound(tmp_path, "fine.wav", SPOKEN, LONG), "")
    assert asked(tmp_path) == ["LanguageWanted fine.wav 1", "WordsWanted fine.wav 1", "WordsWanted fine.wav 0"]
    assert [(one.language, one.language_confidence) for one in heard] == [("fr", 0.75), ("fr", 0.75)]


async def test_where_nobody_speaks_in_spite_of_a_voice_nothing_is_heard(make: Make, tmp_path: Path) -> None:
    assert await make().hear(sound(tmp_path, "mute.wav", LONG), "") == [Heard()]
    assert asked(tmp_path) == ["LanguageWanted mute.wav 0"]


async def test_a_language_is_learned_from_who_speaks_when_what_is_voiced_longest_is_music(
    make: Make, tmp_path: Path
) -> None:
    heard = await make().hear(sound(tmp_path, "mute.wav", LONG, SPOKEN), "")
    assert asked(tmp_path)[:2] == ["LanguageWanted mute.wav 0", "LanguageWanted mute.wav 1"]
    assert [one.words[0].text for one in heard] == ["fr-0", "fr-1"]


async def test_a_model_of_one_language_is_not_asked_which(make: Make, tmp_path: Path) -> None:
    (heard,) = await make(languages=("en",)).hear(sound(tmp_path, "fine.wav", SPOKEN), "")
    assert (heard.language, heard.language_confidence) == ("en", None)
    assert asked(tmp_path) == ["WordsWanted fine.wav 0"]


async def test_a_language_that_the_model_does_not_know_is_refused_before_anything_starts(
    make: Make, tmp_path: Path
) -> None:
    engine = make(languages=("en",))
    engine.check("en-NZ")
    engine.check("")
    with pytest.raises(EngineRefused, match="model0 cannot hear de-DE"):
        engine.check("de-DE")
    with pytest.raises(EngineRefused, match="model0 cannot hear de-DE"):
        await engine.hear(sound(tmp_path), "de-DE")
    assert engine.process_ids() == set()


def test_without_the_library_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "faster_whisper", None)
    folder = a_model(tmp_path / "model")
    engine = WhisperTranscriber(WhisperSettings(model=str(folder)), tmp_path, SimulatedClock())
    assert engine.model == "model"
    with pytest.raises(EngineRefused, match="scripts/install --with whisper-english"):
        engine.check("en")


async def test_its_model_is_named_also_while_there_is_none(tmp_path: Path) -> None:
    engine = WhisperTranscriber(WhisperSettings(model=str(tmp_path / "gone")), tmp_path, SimulatedClock())
    assert engine.model == str(tmp_path / "gone")


# --- deaths -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("habit", "reason"),
    [
        ("killed", "was killed by SIGKILL"),
        ("crashes", "was killed by SIGSEGV"),
        ("leaves", r"ended with code 1 \(out of paper\)"),
        ("babbles", "answered what is no answer"),
        ("strange", "answered 'SystemExit'"),
    ],
)
async def test_a_process_that_dies_or_talks_nonsense_costs_the_job_at_hand_and_no_other(
    make: Make, tmp_path: Path, habit: str, reason: str
) -> None:
    engine = make()
    before = who(await engine.hear(sound(tmp_path), "en"))
    with pytest.raises(EngineUnreachable, match=rf"{habit}\.wav {reason}"):
        await engine.hear(sound(tmp_path, f"{habit}.wav"), "en")
    assert not is_there(before)
    assert who(await engine.hear(sound(tmp_path), "en")) != before


async def test_a_process_that_is_never_done_is_ended_when_its_time_is_over(make: Make, tmp_path: Path) -> None:
    engine = make(least_limit_seconds=0.0)
    os.mkfifo(tmp_path / "hangs.wav")
    with pytest.raises(EngineUnreachable, match=r"hangs\.wav was not done within 1 s"):
        await engine.hear(sound(tmp_path, "hangs.wav", seconds=0.2), "en")
    assert engine.process_ids() == set()


async def test_a_sound_that_kills_three_processes_in_a_row_is_refused_and_may_try_again_later(
    make: Make, tmp_path: Path
) -> None:
    engine = make()
    for attempt in range(2):
        with pytest.raises(EngineUnreachable):
            await engine.hear(sound(tmp_path, f"killed-{attempt}.wav"), "en")
    await engine.hear(sound(tmp_path, "fine.wav", LONG), "en")
    with pytest.raises(EngineRefused, match=r"killed-2\.wav kills the engine, 3 times in a row.*SIGKILL"):
        await engine.hear(sound(tmp_path, "killed-2.wav"), "en")
    with pytest.raises(EngineUnreachable):
        await engine.hear(sound(tmp_path, "killed-3.wav"), "en")


async def test_deaths_do_not_add_up_when_it_was_heard_between_them(make: Make, tmp_path: Path) -> None:
    engine = make()
    for _ in range(2):
        for _ in range(2):
            with pytest.raises(EngineUnreachable):
                await engine.hear(sound(tmp_path, "killed.wav"), "en")
        await engine.hear(sound(tmp_path), "en")


async def test_what_is_said_on_purpose_comes_back_as_itself_and_costs_no_process(make: Make, tmp_path: Path) -> None:
    engine = make()
    with pytest.raises(EngineRefused, match="not this one"):
        await engine.hear(sound(tmp_path, "refuses.wav"), "en")
    (process_id,) = engine.process_ids()
    with pytest.raises(BrokenAudio, match="no such sound"):
        await engine.hear(sound(tmp_path, "breaks.wav"), "en")
    assert who(await engine.hear(sound(tmp_path), "en")) == process_id


async def test_one_that_died_while_it_rested_costs_no_job(make: Make, tmp_path: Path) -> None:
    engine = make()
    process_id = who(await engine.hear(sound(tmp_path), "en"))
    async with ended(process_id):
        os.kill(process_id, signal.SIGKILL)
    assert who(await engine.hear(sound(tmp_path), "en")) != process_id


# --- many jobs ----------------------------------------------------------------------------------------------------


async def test_jobs_wait_in_order_for_the_one_process(make: Make, tmp_path: Path) -> None:
    engine = make()
    async with asyncio.TaskGroup() as jobs:
        heard = [jobs.create_task(engine.hear(sound(tmp_path, f"fine-{at}.wav"), "en")) for at in range(5)]
    assert asked(tmp_path) == [f"WordsWanted fine-{at}.wav 0" for at in range(5)]
    assert len({who(one.result()) for one in heard}) == 1


async def test_there_are_never_more_processes_than_were_allowed(make: Make, tmp_path: Path) -> None:
    engine = make(workers=2)
    stuck = await hanging(engine, tmp_path)
    async with asyncio.TaskGroup() as jobs:
        heard = [jobs.create_task(engine.hear(sound(tmp_path, f"fine-{at}.wav"), "en")) for at in range(4)]
    assert len({who(one.result()) for one in heard}) == 1
    assert len(engine.process_ids()) == 2
    stuck.cancel()
    await asyncio.wait([stuck])
    assert len(engine.process_ids()) == 1


# --- endings ------------------------------------------------------------------------------------------------------


async def test_a_process_that_has_had_nothing_to_do_for_long_ends(make: Make, tmp_path: Path) -> None:
    clock = SimulatedClock()
    engine = make(clock=clock)
    first = who(await engine.hear(sound(tmp_path), "en"))
    await clock.until_sleeping()
    await clock.advance(299)
    assert who(await engine.hear(sound(tmp_path), "en")) == first
    await clock.until_sleeping()
    await clock.advance(299)
    assert is_there(first)
    async with ended(first):
        await clock.advance(2)
    assert who(await engine.hear(sound(tmp_path), "en")) != first


async def test_a_cancelled_job_ends_its_process_and_frees_its_place(make: Make, tmp_path: Path) -> None:
    engine = make()
    job = await hanging(engine, tmp_path)
    (process_id,) = engine.process_ids()
    job.cancel()
    with pytest.raises(asyncio.CancelledError):
        await job
    assert not is_there(process_id)
    await engine.hear(sound(tmp_path), "en")


async def test_closing_ends_every_process_also_one_that_is_at_work(make: Make, tmp_path: Path) -> None:
    engine = make(workers=2)
    job = await hanging(engine, tmp_path)
    await engine.hear(sound(tmp_path), "en")
    process_ids = engine.process_ids()
    await engine.close()
    assert not any(map(is_there, process_ids))
    with pytest.raises(EngineUnreachable):
        await job
    with pytest.raises(EngineUnreachable, match="has been closed"):
        await engine.hear(sound(tmp_path), "en")
    assert engine.process_ids() == set()


# --- the real program ---------------------------------------------------------------------------------------------


def test_the_program_ends_with_its_parent() -> None:
    with Talking("tests.unit.transcription.whisper_parent") as parent:
        child = parent.hear("child")
        parent.others.append(child)
        lives = os.pidfd_open(child)
        parent.process.kill()
        ended, _, _ = select.select([lives], [], [], 20)
        os.close(lives)
        assert ended


async def test_the_program_stands_back_is_taken_first_and_refuses_what_is_no_model(tmp_path: Path) -> None:
    folder = a_model(tmp_path / "model")
    settings = WhisperSettings(model=str(folder))
    command = (sys.executable, "-m", "connector.transcription.whisper_process")
    engine = WhisperTranscriber(settings, tmp_path, SimulatedClock(), command=command)
    try:
        with pytest.raises(EngineRefused, match=r"model\.bin and what lies beside it are no model|cannot be loaded"):
            await engine.hear(sound(tmp_path), "en")
        (process_id,) = engine.process_ids()
        mine = os.getpriority(os.PRIO_PROCESS, 0)
        assert os.getpriority(os.PRIO_PROCESS, process_id) == min(mine + 10, 19)
        assert oom_score(process_id) == 800
    finally:
        await engine.close()


def test_what_is_asked_arrives_as_it_was_said(tmp_path: Path) -> None:
    model = find(str(a_model(tmp_path / "model")), tmp_path)
    channel = Channel(tmp_path / "sound.wav", 1, 2, LONG)
    for request in (LanguageWanted(model, channel), WordsWanted(model, channel, "fr", 5)):
        assert request_of(line_of(request)) == request
    assert line_of(Answer()).count(b"\n") == 1
