"""Two recorders of long calls against each other and the wall clock, with and without shared sound; stamps alone."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import soundfile

from tests.pbx import noise
from tests.pbx.daemon import Daemon
from tests.pbx.leg import Leg

from .sip_calls import Load, Round, Talk, Way, caller_number, placed
from .sip_sound import Sound, exact
from .tool import Bench, BenchBroken

MINUTES: Final = 10.0
CALLS: Final = 8
SHORT: Final = Load(calls=50, per_second=10, seconds=5)

LAG_BAR_MS: Final = 40
#: What stays where the caller's recorder holds the agent's sound, too: it is found bit by bit.
SHARED_BAR_MS: Final = 20
STAMPS_BAR_MS: Final = 40

#: The first half of the callers hear prompts in their recordings: then their recorders keep what they heard.
_SHARING: Final = {
    "local": {"keep": "1h"},
    "rules": [{"when": {"from": [caller_number(number) for number in range(CALLS)]}, "record": "yes", "prompts": True}],
}


@dataclass(frozen=True, slots=True)
class Placement:
    """Where the first sample of a file lies on the wall clock, as what is heard at its begin and at its end says."""

    first: float
    last: float

    @property
    def drift(self) -> float:
        """How far the file fell behind the wall clock."""
        return self.last - self.first


def run(bench: Bench) -> None:
    minutes = bench.minutes or MINUTES
    bench.note(f"{CALLS} calls of {minutes:g} minutes without shared sound and {CALLS} with it")
    load = Load(calls=2 * CALLS, per_second=2, seconds=60 * minutes)
    long = asyncio.run(placed(bench.folder / "long", Way(extension="to_{agent}", settings=_SHARING), load))
    bench.note(f"{SHORT.calls} calls of {SHORT.seconds:g} s, placed by stamps alone")
    short = asyncio.run(placed(bench.folder / "short", Way(extension="to_{agent}", settings={}), SHORT))
    _recorders(bench, long)
    sounds = exact(long)
    _result(bench, "with shared sound", sounds[:CALLS], SHARED_BAR_MS)
    _result(bench, "by stamps alone", sounds[CALLS:], None)
    _stamps(bench, exact(short))


def _recorders(bench: Bench, done: Round) -> None:
    """As Asterisk wrote them."""
    assert done.daemon is not None
    drifts: list[float] = []
    apart: list[float] = []
    for talk in done.talks:
        of_caller, of_agent = _files(done.daemon, talk)
        drifts += [of_caller.drift, of_agent.drift]
        apart.append(of_agent.drift - of_caller.drift)
    bench.note("  one recorder against the other, ms: " + ", ".join(f"{1000 * one:+.0f}" for one in apart))
    _range(bench, "a recorder's file falls behind the wall clock by", drifts)
    _range(bench, "two recorders of a call move against each other by", apart)


def _files(daemon: Daemon, talk: Talk) -> tuple[Placement, Placement]:
    [recording] = daemon.recordings(talk.caller)
    own = [row for row in daemon.segments(recording) if row["heard"] == "rx"]
    return _placement(daemon, own, "caller", talk.caller), _placement(daemon, own, "agent", talk.agent)


def _placement(daemon: Daemon, segments: Iterable[dict[str, Any]], role: str, leg: Leg) -> Placement:
    [segment] = [row for row in segments if row["role"] == role]
    samples, rate = soundfile.read(daemon.asterisk.recording_folder / segment["path"], dtype="int16")
    runs = noise.runs(samples, streams=[leg.stream])
    if not runs:
        raise BenchBroken(f"{segment['path']} does not hold what {leg.user} said")
    first, last = (leg.began + run.source / leg.coding.sample_rate - run.at / rate for run in (runs[0], runs[-1]))
    return Placement(first, last)


def _result(bench: Bench, way: str, sounds: Sequence[Sound], bar: float | None) -> None:
    """As the recordings arrive."""
    for sound in sounds:
        for trouble in sound.troubles:
            bench.note(f"  {way}: {trouble}")
    bench.figure(
        f"{way}: complete recordings", sum(not one.troubles for one in sounds), "", bar=CALLS, higher_is_better=True
    )
    lags = [lag for sound in sounds for lag in sound.lags]
    moved = [max(sound.lags) - min(sound.lags) for sound in sounds if sound.lags]
    bench.figure("  one side later than in truth, the most", _ms(max(map(abs, lags))), "ms", bar=LAG_BAR_MS)
    bench.figure("  one side moves against the other within a call, the most", _ms(max(moved)), "ms", bar=bar)


def _stamps(bench: Bench, sounds: Sequence[Sound]) -> None:
    _range(
        bench,
        f"{SHORT.calls} calls placed by stamps: a side is later than in truth by",
        [lag for sound in sounds for lag in sound.lags],
        bar=STAMPS_BAR_MS,
    )
    _range(bench, "  a voice stands after the wall clock by", [beside for sound in sounds for beside in sound.beside])


def _range(bench: Bench, name: str, seconds: Sequence[float], bar: float | None = None) -> None:
    for word, value in (("least", min(seconds)), ("most", max(seconds))):
        bench.figure(f"{name}, the {word}", _ms(value), "ms")
    if bar is not None:
        bench.figure("  at most, either way", _ms(max(map(abs, seconds))), "ms", bar=bar)


def _ms(seconds: float) -> float:
    """As exact as the wall clock of the phones: a frame is 20 ms, and not 20.0002."""
    return round(1000 * seconds, 2)
