"""A hundred concurrent SIP calls at a real Asterisk: whether each is recorded whole, how soon, and what it costs."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from .sip_calls import Cost, Load, Round, Way, Wedged, placed
from .sip_sound import Sound, alike, exact
from .tool import Bench, BenchBroken

LOAD: Final = Load(calls=100, per_second=10, seconds=30)
ROUNDS: Final = 2
#: A wedge is Asterisk's own; its round is placed again so often.
TRIES: Final = 3
TROUBLES_SHOWN: Final = 5

START_BAR_MS: Final = 20
LOST_BAR_MS: Final = 40
HOLE_BAR_MS: Final = 20
LAG_BAR_MS: Final = 40
CAPTURE_BAR: Final = 20
CALLREEL_BAR: Final = 60

ALONE: Final = "no recorder"
PAIR: Final = "the dialplan's own MixMonitor, r and t"
MIXED: Final = "the dialplan's own MixMonitor, mixed only"
BOTH: Final = "callreel as it comes (MP3, mono and stereo)"
MP3: Final = "callreel, MP3 stereo"
WAV: Final = "callreel, WAV stereo"
OURS: Final = (BOTH, MP3, WAV)
#: Placed in turn, so that what disturbs the machine disturbs all alike.
WAYS: Final = {
    ALONE: Way(extension="to_{agent}"),
    PAIR: Way(extension="recorded_{agent}_{agent}"),
    BOTH: Way(extension="to_{agent}", settings={"defaults": {}}),
    MP3: Way(extension="to_{agent}", settings={"defaults": {"channels": "stereo"}}),
    MIXED: Way(extension="mixed_{agent}_{agent}"),
    WAV: Way(extension="to_{agent}", settings={}),
}


@dataclass
class _Measured:
    """Of one way, over its rounds."""

    costs: list[Cost] = field(default_factory=list)
    sounds: list[Sound] = field(default_factory=list)
    start_seconds: list[float] = field(default_factory=list)

    @property
    def asterisk(self) -> float:
        """Seconds of processor for each call."""
        return sum(cost.asterisk for cost in self.costs) / len(self.costs) / LOAD.calls

    def part(self, name: str) -> float:
        return sum(cost.parts[name] for cost in self.costs) / len(self.costs) / LOAD.calls

    @property
    def callreel(self) -> float:
        return sum(cost.callreel for cost in self.costs) / len(self.costs) / LOAD.calls


def run(bench: Bench) -> None:
    measured = {name: _Measured() for name in WAYS}
    wedges = 0
    for turn in range(ROUNDS):
        for name, way in WAYS.items():
            bench.note(
                f"round {turn + 1}: {LOAD.calls} calls of {LOAD.seconds:g} s, {LOAD.per_second:g} a second, {name}"
            )
            done, lost = _placed(bench, way)
            wedges += lost
            _note(bench, measured[name], name, done)
    for name in OURS:
        _complete(bench, name, measured[name].sounds)
    _exact(bench, measured[WAV].sounds)
    _starts(bench, sorted(seconds for name in OURS for seconds in measured[name].start_seconds))
    _costs(bench, measured)
    bench.figure("rounds placed again because Asterisk itself was wedged (FRACK)", wedges, "rounds")


def _placed(bench: Bench, way: Way) -> tuple[Round, int]:
    """One round, and how many before it were lost to a wedge."""
    for lost in range(TRIES):
        folder = bench.folder / f"round-{len(list(bench.folder.iterdir()))}"
        try:
            return asyncio.run(placed(folder, way, LOAD)), lost
        except Wedged:
            bench.note("  Asterisk itself was wedged (FRACK in its log), whoever records: placed again")
    raise BenchBroken(f"Asterisk was wedged {TRIES} times in a row")


def _note(bench: Bench, measured: _Measured, name: str, done: Round) -> None:
    if done.phone_late_seconds > HOLE_BAR_MS / 1000:
        bench.note(
            f"  the machine is busy: the phones were up to {done.phone_late_seconds:.3f} s late with their sound"
        )
    measured.costs.append(done.cost)
    if done.daemon is not None:
        measured.start_seconds += done.start_seconds
        measured.sounds += exact(done) if name == WAV else alike(done)


def _complete(bench: Bench, name: str, sounds: Sequence[Sound]) -> None:
    troubles = [trouble for sound in sounds for trouble in sound.troubles]
    for trouble in troubles[:TROUBLES_SHOWN]:
        bench.note(f"  {trouble}")
    whole = sum(not sound.troubles for sound in sounds)
    bench.figure(f"{name}: complete recordings", whole, "", bar=LOAD.calls * ROUNDS, higher_is_better=True)


def _exact(bench: Bench, sounds: Sequence[Sound]) -> None:
    holes = [hole for sound in sounds for hole in sound.holes]
    lags = [abs(lag) for sound in sounds for lag in sound.lags]
    bench.figure(
        "  sound lost at a start, the most", 1000 * max(sound.lost_at_start for sound in sounds), "ms", bar=LOST_BAR_MS
    )
    bench.figure(
        "  sound lost at a hangup, the most", 1000 * max(sound.lost_at_end for sound in sounds), "ms", bar=LOST_BAR_MS
    )
    bench.figure("  sound lost inside at once, the most", 1000 * max(holes, default=0.0), "ms", bar=HOLE_BAR_MS)
    bench.figure("  places where sound is lost inside", len(holes), "")
    bench.figure("  one side later than in truth, the most", 1000 * max(lags, default=0.0), "ms", bar=LAG_BAR_MS)


def _starts(bench: Bench, seconds: Sequence[float]) -> None:
    expected = 2 * LOAD.calls * ROUNDS * len(OURS)
    if len(seconds) < expected:
        bench.note(f"  {len(seconds)} of {expected} recorders were seen to start")
    for name, share in (("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("latest", 1.0)):
        bar = START_BAR_MS if name == "p99" else None
        late = seconds[min(int(share * len(seconds)), len(seconds) - 1)]
        bench.figure(f"BridgeEnter to MixMonitorStart, {name}", 1000 * late, "ms", bar=bar)


def _costs(bench: Bench, measured: Mapping[str, _Measured]) -> None:
    for name, one in measured.items():
        bench.figure(f"Asterisk's processor for a call of {LOAD.seconds:g} s, {name}", 1000 * one.asterisk, "ms")
        bench.figure("  of that without a recorder", one.asterisk / measured[ALONE].asterisk, "×")
    for name in OURS:
        one = measured[name]
        bench.figure(f"{name}: capture, of Asterisk's", 100 * one.part("capture") / one.asterisk, "%", bar=CAPTURE_BAR)
        bench.figure("  all roles with their encoders", 100 * one.callreel / one.asterisk, "%", bar=CALLREEL_BAR)
        for part in ("capture", "work", "encoders", "web", "supervisor"):
            bench.figure(f"  {part}'s processor for a call", 1000 * one.part(part), "ms")
