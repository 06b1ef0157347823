"""The oracle: a recording against what the phones know. Who is on which side, what is lost, doubled or out of place.

Knows sound and clocks only: neither the PBX nor callreel. `examine` measures, `assert_complete` claims.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import soundfile

from tests.pbx import noise
from tests.pbx.leg import Leg
from tests.pbx.noise import Run, Samples
from tests.pbx.spans import Span, length, overlap, united, without
from tests.steadiness import VERDICT

FRAME_SECONDS: Final = 0.020
#: Two runs are compared when they stand no further apart: between holds each side may say something alone.
NEAR_SECONDS: Final = 2.0
#: What two recorders' clocks may lie apart, each known to a frame ...
LAG_SECONDS: Final = 0.040
#: ... and now and then one more, where Asterisk itself comes late to a file.
MOST_LAG_SECONDS: Final = LAG_SECONDS + FRAME_SECONDS
#: An Asterisk that gets no processor in time throws frames away before anybody may record them.
MOST_STARVED_SECONDS: Final = 2 * FRAME_SECONDS


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    left: Samples
    right: Samples
    sample_rate: int
    #: Wall clock of the first sample, where somebody claims one.
    start: float | None = None

    @property
    def seconds(self) -> float:
        return len(self.left) / self.sample_rate


@dataclass(frozen=True, slots=True, kw_only=True)
class Voice:
    """One party: what it said, and which of it has to be in the recording."""

    name: str
    stream: int
    #: Wall clock of the first sample of its stream.
    began: float
    sample_rate: int
    #: Samples of the stream.
    expected: tuple[Span, ...]

    @classmethod
    def of(
        cls,
        speaker: Leg,
        *,
        heard_by: Leg | Iterable[Leg] | None = None,
        between: tuple[float, float] = (-np.inf, np.inf),
    ) -> "Voice":
        """What the listeners heard of it must be there; without listeners all that it said between those times."""
        if heard_by is None:
            spans = speaker.said()
        else:
            listeners = [heard_by] if isinstance(heard_by, Leg) else list(heard_by)
            heard = [run for leg in listeners for _, run in leg.heard() if run.stream == speaker.stream]
            spans = noise.said_in(heard)
        rate, began = speaker.coding.sample_rate, speaker.began
        wanted = [(first, end) for first, end in spans if end > 0]
        if between != (-np.inf, np.inf):
            first, end = (round(max(0.0, (at - began) * rate) / noise.GROUP) * noise.GROUP for at in between)
            wanted = overlap(wanted, [(first, end)])
        return cls(name=speaker.user, stream=speaker.stream, began=began, sample_rate=rate, expected=tuple(wanted))

    @classmethod
    def played(cls, stream: int, *, to: Leg) -> "Voice":
        """A prompt or music of Asterisk's own, as that phone heard it; its time is right to 20 ms."""
        heard = [(at, run) for at, run in to.heard() if run.stream == stream]
        assert heard, f"{to.user} heard nothing of stream {stream}"
        at, first = heard[0]
        rate = to.coding.sample_rate
        spans = tuple(noise.said_in(run for _, run in heard))
        return cls(name="Asterisk", stream=stream, began=at - first.source / rate, sample_rate=rate, expected=spans)

    def wall(self, sample: float) -> float:
        return self.began + sample / self.sample_rate


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One voice on its side."""

    voice: Voice
    runs: tuple[Run, ...]
    #: In samples of the stream.
    lost: tuple[Span, ...]
    doubled: tuple[Span, ...]
    #: Where the recording's first sample lies on the wall clock, as each run says.
    origins: tuple[float, ...]

    @property
    def is_silent(self) -> bool:
        return bool(self.voice.expected) and not self.runs

    @property
    def lost_at_start_seconds(self) -> float:
        at_start = [span for span in self.lost if span[0] == self.voice.expected[0][0]]
        return length(at_start) / self.voice.sample_rate

    @property
    def lost_inside_seconds(self) -> tuple[float, ...]:
        """Each hole behind the start."""
        inside = [span for span in self.lost if span[0] != self.voice.expected[0][0]]
        return tuple((end - first) / self.voice.sample_rate for first, end in inside)

    @property
    def doubled_seconds(self) -> float:
        return length(self.doubled) / self.voice.sample_rate


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    recording: Recording
    left: tuple[Finding, ...]
    right: tuple[Finding, ...]
    #: Streams that are on a side where nobody expects them, with their seconds.
    strangers_left: dict[int, float]
    strangers_right: dict[int, float]

    @property
    def all(self) -> tuple[Finding, ...]:
        return self.left + self.right

    def lags(self, unsure: Sequence[tuple[float, float]] = ()) -> list[float]:
        """How much later than in truth the right side is than the left one, wherever both speak; not within times of
        the wall clock that are said to be unsure."""
        rate = self.recording.sample_rate
        return [
            left_origin - right_origin
            for left in self.left
            for right in self.right
            for left_run, left_origin in self.sure(left, unsure)
            for right_run, right_origin in self.sure(right, unsure)
            if _distance(left_run, right_run) <= NEAR_SECONDS * rate
        ]

    def sure(self, finding: Finding, unsure: Sequence[tuple[float, float]]) -> list[tuple[Run, float]]:
        """Its runs, with their origins, that do not lie within these times."""
        found = list(zip(finding.runs, finding.origins, strict=True))
        start, rate = self.recording.start, self.recording.sample_rate
        if start is None:
            return found
        return [
            (run, origin)
            for run, origin in found
            # One frame on each side belongs to the edge of a gap.
            if not any(
                begins - FRAME_SECONDS <= start + run.at / rate and start + run.end / rate <= ends + FRAME_SECONDS
                for begins, ends in unsure
            )
        ]


def read(path: Path, start: float | None = None) -> Recording:
    """A finished stereo recording."""
    samples, sample_rate = soundfile.read(path, dtype="int16", always_2d=True)
    assert samples.shape[1] == 2, f"{path} has {samples.shape[1]} channels"
    return Recording(left=samples[:, 0], right=samples[:, 1], sample_rate=sample_rate, start=start)


def read_pair(left: Path, right: Path, start: float | None = None) -> Recording:
    """Two mono files that one recorder wrote."""
    (one, sample_rate), (other, _) = (soundfile.read(path, dtype="int16") for path in (left, right))
    return Recording(left=one, right=other, sample_rate=sample_rate, start=start)


def examine(recording: Recording, *, left: Sequence[Voice], right: Sequence[Voice]) -> Findings:
    left_runs, right_runs = noise.runs(recording.left), noise.runs(recording.right)
    return Findings(
        recording=recording,
        left=tuple(_finding(voice, left_runs, recording.sample_rate) for voice in left),
        right=tuple(_finding(voice, right_runs, recording.sample_rate) for voice in right),
        strangers_left=_strangers(left, left_runs, recording.sample_rate),
        strangers_right=_strangers(right, right_runs, recording.sample_rate),
    )


def assert_complete(
    recording: Recording,
    *,
    left: Sequence[Voice],
    right: Sequence[Voice],
    also_left: Iterable[int] = (),
    also_right: Iterable[int] = (),
    gaps: Sequence[tuple[float, float]] = (),
    lost_at_start_seconds: float = 0.040,
    single_frames: int = 3,
    hole_seconds: float = FRAME_SECONDS,
    twice_seconds: float = 0.0,
    lag_seconds: float = MOST_LAG_SECONDS,
    place_seconds: float = 0.060,
) -> Findings:
    """No silent side, nobody on the wrong one, nothing lost but single frames and what lies in a named gap (by the wall
    clock), nothing twice, and both sides on one clock but for what lies where a gap may be. All that is wrong is said
    at once."""
    findings = examine(recording, left=left, right=right)
    unsure = VERDICT.unsure_seconds
    lost_at_start_seconds, lag_seconds, place_seconds = (
        limit + unsure for limit in (lost_at_start_seconds, lag_seconds, place_seconds)
    )
    hole_seconds += min(unsure, MOST_STARVED_SECONDS)
    troubles = [
        *_missing(findings.left, "left", gaps, lost_at_start_seconds, single_frames, hole_seconds),
        *_missing(findings.right, "right", gaps, lost_at_start_seconds, single_frames, hole_seconds),
        *_doubled(findings.left, "left", twice_seconds),
        *_doubled(findings.right, "right", twice_seconds),
        *_misplaced(findings.strangers_left, "left", also_left),
        *_misplaced(findings.strangers_right, "right", also_right),
        *_untimely(findings, gaps, lag_seconds, place_seconds),
    ]
    assert not troubles, "the recording is not what the phones know:\n  " + "\n  ".join(troubles) + _summary(findings)
    return findings


def assert_length(recording: Recording, *, begins: float, ends: float, within_seconds: float = 0.060) -> None:
    wrong = recording.seconds - (ends - begins)
    assert abs(wrong) <= within_seconds + VERDICT.unsure_seconds, (
        f"the recording has {recording.seconds:.3f} s, the clock {ends - begins:.3f} s: {wrong * 1000:+.0f} ms"
    )


def _finding(voice: Voice, runs: list[Run], sample_rate: int) -> Finding:
    own = [run for run in runs if run.stream == voice.stream]
    present: list[Span] = []
    doubled: list[Span] = []
    for run in own:
        span = (run.source, run.source_end)
        doubled += overlap([span], present)
        present = united([*present, span])
    return Finding(
        voice=voice,
        runs=tuple(own),
        lost=tuple(without(voice.expected, present)),
        doubled=tuple(doubled),
        origins=tuple(voice.wall(run.source) - run.at / sample_rate for run in own),
    )


def _strangers(voices: Sequence[Voice], runs: list[Run], sample_rate: int) -> dict[int, float]:
    known = {voice.stream for voice in voices}
    seconds: dict[int, float] = {}
    for run in runs:
        if run.stream not in known:
            seconds[run.stream] = seconds.get(run.stream, 0.0) + run.length / sample_rate
    return seconds


def _missing(
    findings: Sequence[Finding],
    side: str,
    gaps: Sequence[tuple[float, float]],
    at_start_seconds: float,
    frames: int,
    hole_seconds: float,
) -> Iterable[str]:
    for finding in findings:
        voice = finding.voice
        who = f"{side}, {voice.name} (stream {voice.stream})"
        if finding.is_silent:
            yield f"{who}: silent; {length(voice.expected) / voice.sample_rate:.2f} s are expected"
            continue
        lost = [span for span in finding.lost if not _is_named(voice, span, gaps)]
        for first, end in lost:
            seconds = (end - first) / voice.sample_rate
            is_start = first == voice.expected[0][0]
            if seconds > (at_start_seconds if is_start else hole_seconds) + 1e-9:
                where = f"from {first / voice.sample_rate:.3f} s of what it said, at {voice.wall(first):.3f}"
                yield f"{who}: {seconds * 1000:.0f} ms lost {'at its start' if is_start else 'inside'}, {where}"
        if len(lost) > frames:
            yield f"{who}: {len(lost)} holes, more than {frames}"


def _doubled(findings: Sequence[Finding], side: str, allowed_seconds: float) -> Iterable[str]:
    for finding in findings:
        if finding.doubled_seconds > allowed_seconds + 1e-9:
            who = f"{side}, {finding.voice.name} (stream {finding.voice.stream})"
            yield f"{who}: {finding.doubled_seconds * 1000:.0f} ms are there twice"


def _is_named(voice: Voice, span: Span, gaps: Sequence[tuple[float, float]]) -> bool:
    # One frame on each side belongs to the edge of a gap.
    return any(
        begins - FRAME_SECONDS <= voice.wall(span[0]) and voice.wall(span[1]) <= ends + FRAME_SECONDS
        for begins, ends in gaps
    )


def _misplaced(strangers: dict[int, float], side: str, also: Iterable[int]) -> Iterable[str]:
    names = {noise.PROMPT: "a prompt", noise.MUSIC: "music on hold"}
    for stream, seconds in strangers.items():
        if stream not in set(also):
            whose = names.get(stream, f"stream {stream}")
            yield f"{side}: {seconds * 1000:.0f} ms of {whose}, which does not belong there"


def _untimely(
    findings: Findings, gaps: Sequence[tuple[float, float]], lag_seconds: float, place_seconds: float
) -> Iterable[str]:
    worst = max(findings.lags(gaps), key=abs, default=0.0)
    if abs(worst) > lag_seconds:
        yield f"right is {worst * 1000:+.0f} ms later than in truth, more than {lag_seconds * 1000:.0f}"
    start = findings.recording.start
    if start is None:
        return
    for finding in findings.all:
        off = max((origin - start for _, origin in findings.sure(finding, gaps)), key=abs, default=0.0)
        if abs(off) > place_seconds:
            who, most = finding.voice.name, place_seconds * 1000
            yield f"{who}: {off * 1000:+.0f} ms beside the wall clock, more than {most:.0f}"


def _distance(one: Run, other: Run) -> int:
    return max(one.at - other.end, other.at - one.end, 0)


def _summary(findings: Findings) -> str:
    lines = [f"\n  ({findings.recording.seconds:.2f} s; runs as at+length=stream@source, in samples:"]
    for side, parts in (("left", findings.left), ("right", findings.right)):
        for finding in parts:
            pieces = " ".join(f"{run.at}+{run.length}={run.stream}@{run.source}" for run in finding.runs[:12])
            lines.append(f"    {side} {finding.voice.name}: {pieces or 'nothing'}")
    return "\n".join(lines) + ")"
