"""What many calls' recordings sound like against what their phones know: frame by frame, or by likeness after a codec.

Knows the proof and callreel's rows; measures, and has no bar but what is complete.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from tests.pbx import mixture, proof
from tests.pbx.daemon import Daemon
from tests.pbx.noise import GROUP, Samples
from tests.pbx.proof import Finding, Findings, Recording, Voice

from .sip_calls import Round, Talk

#: A codec keeps no sample. A second of a voice is found again within this much around its place.
_LISTENED_SECONDS: Final = 1.0
_AROUND_SECONDS: Final = 0.5
#: How far its finds may lie apart: behind a codec all are late by the same.
_APART_SECONDS: Final = 0.040


#: Most that may be lost at once, anywhere.
LOST_SECONDS: Final = 0.040


@dataclass(frozen=True, slots=True, kw_only=True)
class Sound:
    """Of one call. Seconds."""

    #: Empty when nothing is wrong.
    troubles: tuple[str, ...]
    lost_at_start: float = 0.0
    #: The PBX does not write what comes right before a hangup.
    lost_at_end: float = 0.0
    #: Each hole between them.
    holes: tuple[float, ...] = ()
    #: How much later than in truth the right side is than the left one.
    lags: tuple[float, ...] = ()
    #: How far beside the wall clock each voice stands.
    beside: tuple[float, ...] = ()


def exact(of: Round) -> list[Sound]:
    """Sound that went through no codec, sample by sample."""
    return [_proved(daemon, row, talk) for daemon, row, talk in _pairs(of)]


def alike(of: Round) -> list[Sound]:
    """Sound behind a lossy codec: each second of each voice is on its side, at its place."""
    return [Sound(troubles=tuple(_unlike(daemon, row, talk))) for daemon, row, talk in _pairs(of)]


def _pairs(of: Round) -> list[tuple[Daemon, dict[str, Any] | None, Talk]]:
    assert of.daemon is not None, "nobody recorded"
    by_number: dict[str, list[dict[str, Any]]] = {}
    for row in of.daemon.recordings():
        by_number.setdefault(row["from_number"], []).append(row)
    return [(of.daemon, _only(by_number.get(talk.caller.user, [])), talk) for talk in of.talks]


def _only(rows: list[dict[str, Any]]) -> dict[str, Any] | None:
    """One conversation is one recording."""
    return rows[0] if len(rows) == 1 else None


def voices(talk: Talk) -> tuple[list[Voice], list[Voice]]:
    """Left and right."""
    return [Voice.of(talk.caller, heard_by=talk.agent)], [Voice.of(talk.agent, heard_by=talk.caller)]


def _proved(daemon: Daemon, row: dict[str, Any] | None, talk: Talk) -> Sound:
    if row is None:
        return Sound(troubles=(f"{talk.caller.user} has not one recording",))
    left, right = voices(talk)
    findings = proof.examine(daemon.sound(row), left=left, right=right)
    lost = [loss for finding in findings.all for loss in _losses(finding)]
    return Sound(
        troubles=tuple(f"{talk.caller.user}, {trouble}" for trouble in _wrong(findings, lost)),
        lost_at_start=max((loss.seconds for loss in lost if loss.where == "start"), default=0.0),
        lost_at_end=max((loss.seconds for loss in lost if loss.where == "end"), default=0.0),
        holes=tuple(loss.seconds for loss in lost if loss.where == "inside"),
        lags=tuple(findings.lags()),
        beside=_beside(findings),
    )


@dataclass(frozen=True, slots=True)
class _Loss:
    name: str
    where: str
    seconds: float


def _losses(finding: Finding) -> Iterator[_Loss]:
    voice = finding.voice
    for first, end in finding.lost:
        where = "start" if first == voice.expected[0][0] else "end" if end == voice.expected[-1][1] else "inside"
        yield _Loss(voice.name, where, (end - first) / voice.sample_rate)


def _wrong(findings: Findings, lost: Sequence[_Loss]) -> Iterator[str]:
    for finding in findings.all:
        if finding.is_silent:
            yield f"{finding.voice.name} is silent"
        if finding.doubled:
            yield f"{finding.voice.name}: {1000 * finding.doubled_seconds:.0f} ms are there twice"
    for loss in lost:
        if loss.seconds > LOST_SECONDS + 1e-9:
            yield f"{loss.name}: {1000 * loss.seconds:.0f} ms are lost, {loss.where}"
    if findings.strangers_left or findings.strangers_right:
        yield f"strangers are heard: {findings.strangers_left}, {findings.strangers_right}"


def _beside(findings: Findings) -> tuple[float, ...]:
    start = findings.recording.start
    assert start is not None, "nobody claims when it began"
    return tuple(origin - start for finding in findings.all for origin in finding.origins)


def _unlike(daemon: Daemon, row: dict[str, Any] | None, talk: Talk) -> list[str]:
    if row is None:
        return [f"{talk.caller.user} has not one recording"]
    recording = daemon.sound(row)
    left, right = voices(talk)
    return [
        f"{talk.caller.user}, {side}: {trouble}"
        for side, samples, [voice] in (("left", recording.left, left), ("right", recording.right, right))
        for trouble in _troubles(voice, samples, recording)
    ]


def _troubles(voice: Voice, samples: Samples, recording: Recording) -> list[str]:
    if not voice.expected:
        return ["nobody heard it, so that nothing can be expected"]
    rate = recording.sample_rate
    step = round(_LISTENED_SECONDS * rate) // GROUP * GROUP
    first, end = -(-voice.expected[0][0] // GROUP) * GROUP, voice.expected[-1][1]
    around = round(_AROUND_SECONDS * rate)
    # What is lost at a start would lie before the file.
    heard = np.concatenate((np.zeros(around, samples.dtype), samples))
    late: list[float] = []
    for sample in range(first, end - step + 1, step):
        place = round((voice.wall(sample) - (recording.start or 0.0)) * rate)
        begin = max(0, place)
        trace = mixture.trace(heard[begin : place + around + 2 * step], voice.stream, sample, step)
        if not trace.is_there:
            return [f"{sample / rate:.0f} s of what it said are not there, or not at their place"]
        late.append((begin + trace.at - around - place) / rate)
    apart = float(np.ptp(late))
    return [f"stands {apart * 1000:.0f} ms apart from itself"] if apart > _APART_SECONDS else []
