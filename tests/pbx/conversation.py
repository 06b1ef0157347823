"""A conversation of a test: its parties, what its phones know of it, and the proof that it was recorded as one.

Knows phones and what callreel tells of itself; how the parties come together is the shapes' business.
"""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from tests.pbx import proof
from tests.pbx.asterisk import Asterisk
from tests.pbx.configuration import Wishes
from tests.pbx.daemon import Daemon
from tests.pbx.leg import Leg
from tests.pbx.phone import Manner, Phone
from tests.pbx.proof import Finding, Findings, Voice, assert_complete, assert_length, examine
from tests.pbx.sounds import Noise, Silence, Sound
from tests.pbx.spans import overlap
from tests.pbx.waiting import talking
from tests.steadiness import VERDICT

#: By so much RTP's numbers of a new peer lie beside those of the last one. Behind them, a recorder of what Asterisk
#: sends to the other channel goes silent for good.
_BESIDE: Final = 2000
TALK_SECONDS: Final = 1.5
#: Longer than what lies between two recorders' clocks.
_BETWEEN_TURNS_SECONDS: Final = 0.1
EXTENSIONS: Final = """[phones]
exten => _2XXX,1,Dial(PJSIP/${EXTEN}@phones,60,Tt)
exten => _telli[n]g_.,1,Answer()
 same => n,Queue(${EXTEN:8},t,,${SOUNDS}/prompt)
"""
_BETWEEN_BEGINS_SECONDS: Final = 0.1
#: What Asterisk has read of a channel but not yet given to its recorders when the channel ends is written by none.
UNWRITTEN_SECONDS: Final = 0.040
#: Of the places where two parties speak: there one frame more may lie between their recorders.
_LATE_SHARE: Final = 0.05
#: How many conversations of one shape there may be at the same time.
MOST: Final = 50


@dataclass(frozen=True, slots=True)
class Scene:
    """Where one conversation takes place; `number` tells its parties from those of the others."""

    asterisk: Asterisk
    phones: Phone
    number: int
    #: Where all conversations wait for each other before what they have to do in the same moment.
    barrier: asyncio.Barrier | None = None

    async def moment(self) -> None:
        if self.barrier is not None:
            await self.barrier.wait()

    @property
    def caller(self) -> str:
        return f"+49301000{self.number:02d}"

    @property
    def is_behind(self) -> bool:
        """Whether new peers number their frames behind those of the last one."""
        return self.number % 2 == 0

    def agent(self, rank: int) -> str:
        """The extension of the first, second ... agent."""
        return f"2{rank}{self.number:02d}"

    def follows(
        self, agent: str, earlier: Leg | None, *, after_seconds: float = 0.02, sound: Sound | None = None
    ) -> None:
        """How the phone of that agent, who comes in an earlier one's place, will answer."""
        manner = Manner(answers_after_seconds=after_seconds, sequence=self.sequence(earlier), sound=sound)
        self.phones.manners[agent] = manner

    def sequence(self, earlier: Leg | None) -> int:
        """RTP's first number of who comes after that one (or after a sound of Asterisk's own)."""
        last = earlier.sequence if earlier is not None else _BESIDE
        return (last + (-_BESIDE if self.is_behind else _BESIDE)) % (1 << 16)


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One leg of a party, and everybody who ever heard it."""

    leg: Leg
    heard_by: tuple[Leg, ...]

    def voice(self) -> Voice:
        """All that it said from the first to the last moment at which anybody heard it."""
        heard = Voice.of(self.leg, heard_by=self.heard_by)
        whole = [(heard.expected[0][0], heard.expected[-1][1])] if heard.expected else []
        return replace(heard, expected=tuple(overlap(self.leg.said(), whole)))

    def written(self) -> Voice:
        """The same without what Asterisk may drop at its end."""
        voice = self.voice()
        *spans, (first, end) = voice.expected or [(0, 0)]
        end -= round(UNWRITTEN_SECONDS * voice.sample_rate)
        return replace(voice, expected=(*spans, (first, end)) if end > first else tuple(spans))

    def first_heard(self) -> float:
        return min(at for leg in self.heard_by for at, run in leg.heard() if run.stream == self.leg.stream)


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """What the phones know of a conversation that is over."""

    scene: Scene
    left: tuple[Part, ...]
    right: tuple[Part, ...]
    #: Who ended it.
    last: Leg
    #: Whose number finds the recording.
    user: str = ""
    #: When the first recorder must have begun, where that is before anybody heard anybody.
    began: float | None = None
    #: Where somebody and whoever he was connected to said nothing: his recorder may stand still, and a gap be named.
    quiet: tuple[tuple[Leg, float, float], ...] = ()
    #: Recordings that began as conversations of their own and turned out to be part of this one.
    joined: int = 0

    @property
    def begins(self) -> float:
        return self.began or min(part.first_heard() for part in (*self.left, *self.right))

    @property
    def name(self) -> str:
        return self.user or self.scene.caller


Shape = Callable[[Scene], Awaitable[Story]]

_log = logging.getLogger(__name__)


async def talk(*legs: Leg, seconds: float = TALK_SECONDS) -> None:
    """Those legs talk with each other: each hears all others."""
    # Cheap, where to look into the sound of a hundred legs is not.
    await asyncio.gather(*(leg.hears.wait() for leg in legs))
    pairs = [(one, other) for one in legs for other in legs if one is not other]
    await asyncio.gather(*(one.heard_from(other.stream) for one, other in pairs))
    await talking(seconds)


async def take_turns(*legs: Leg, seconds: float = TALK_SECONDS / 2) -> None:
    """The same for parties of one side: there voices are added, and only one alone is known again bit by bit."""
    for speaker in legs:
        for leg in legs:
            leg.sound = Silence()
        await talking(_BETWEEN_TURNS_SECONDS)
        speaker.sound = Noise(speaker.stream)
        await asyncio.gather(*(leg.heard_from(speaker.stream) for leg in legs if leg is not speaker))
        await talking(seconds)


async def told(
    daemon: Daemon, phones: Phone, shapes: Sequence[Shape], barrier: asyncio.Barrier | None = None
) -> list[Story]:
    """Conversations of these shapes at the same time, from their begin to their end; ten begin each second."""

    async def played(number: int, shape: Shape) -> Story:
        await talking(number * _BETWEEN_BEGINS_SECONDS)
        return await shape(Scene(daemon.asterisk, phones, number, barrier))

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(played(number, shape)) for number, shape in enumerate(shapes)]
    return [task.result() for task in tasks]


@dataclass(slots=True)
class Figures:
    """What a test measured, for whoever looks."""

    lags: list[float] = field(default_factory=list)
    lost_at_start: list[float] = field(default_factory=list)
    lost_inside: list[float] = field(default_factory=list)
    lost_at_end: list[float] = field(default_factory=list)
    beside_the_clock: list[float] = field(default_factory=list)

    def add(self, findings: Findings, whole: Findings, seconds: float) -> None:
        """`whole` are those with the last frames of each voice."""
        self.lost_at_end += [_lost_at_end(found) for found in whole.all]
        self.lags += findings.lags()
        self.lost_at_start += [found.lost_at_start_seconds for found in findings.all]
        self.lost_inside += [lost for found in findings.all for lost in found.lost_inside_seconds]
        self.beside_the_clock.append(findings.recording.seconds - seconds)

    def troubles(self) -> list[str]:
        """What is too much though each conversation alone may have it."""
        limit = proof.LAG_SECONDS + VERDICT.unsure_seconds
        late = [lag for lag in self.lags if abs(lag) > limit]
        if len(late) <= max(1, _LATE_SHARE * len(self.lags)):
            return []
        return [f"{len(late)} of {len(self.lags)} lags are more than {limit * 1000:.0f} ms"]

    def __str__(self) -> str:
        def spread(values: Sequence[float]) -> str:
            return f"{min(values) * 1000:+.0f}..{max(values) * 1000:+.0f} ms" if values else "none"

        return (
            f"lost at a start {spread(self.lost_at_start)}, at an end {spread(self.lost_at_end)}, "
            f"{len(self.lost_inside)} holes of {spread(self.lost_inside)}, lag {spread(self.lags)}, "
            f"length beside the clock {spread(self.beside_the_clock)}"
        )


async def assert_recorded(daemon: Daemon, stories: Sequence[Story], known: Iterable[str] = ()) -> None:
    """Each conversation is one recording and there is no other; nothing of its voices is lost. `known` are the ids of
    the recordings that were there before."""
    joined = sum(story.joined for story in stories)
    before = set(known)
    rows = [row for row in await daemon.settled(count=len(before) + len(stories) + joined) if row["id"] not in before]
    figures, troubles = Figures(), []
    found = [_of(story, rows) for story in stories]
    for story, row in zip(stories, found, strict=True):
        try:
            figures.add(*_assert_story(daemon, story, row), story.last.ended_at - story.begins)
        except AssertionError as error:
            troubles.append(f"{story.name}: {error}")
    troubles += [*_others(rows, {row["id"] for row in found}, joined), *figures.troubles()]
    late_seconds = max(story.scene.phones.media.late_seconds for story in stories)
    told = f"({figures}; the phones themselves were up to {late_seconds * 1000:.0f} ms late)"
    assert not troubles, "\n".join([f"{len(troubles)} of {len(stories)}:", *troubles[:6], told])
    _log.info("%d conversations: %s", len(stories), told)


def _of(story: Story, rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    own = [row for row in rows if story.name in _numbers(row) and not row["reason"].startswith("joined ")]
    states = [(row["state"], row["reason"], sorted(_numbers(row))) for row in own]
    assert [row["state"] for row in own] == ["available"], f"{story.name} is not one recording: {states}"
    return own[0]


def _numbers(row: dict[str, Any]) -> set[str]:
    return {leg["number"] for leg in json.loads(row["legs"])}


def _others(rows: Sequence[dict[str, Any]], ours: set[str], joined: int) -> list[str]:
    others = [row for row in rows if row["id"] not in ours]
    astray = [row for row in others if row["state"] != "absent" or row["reason"].removeprefix("joined ") not in ours]
    said = [f"a further recording {row['state']}: {row['reason']}, of {sorted(_numbers(row))}" for row in astray]
    if len(others) - len(astray) > joined:
        said.append(f"{len(others)} recordings joined others, {joined} should have")
    return said


def _assert_story(daemon: Daemon, story: Story, row: dict[str, Any]) -> tuple[Findings, Findings]:
    recording = daemon.sound(row)
    gaps = daemon.named_gaps(row)
    # On a busy machine a file's growth is seen late by some frames; what is really missing is found below.
    for gap in (gap for gap in gaps if gap["end_seconds"] - gap["start_seconds"] >= 0.1):
        assert _is_quiet(story, float(row["started_at"]), gap), f"a gap is named where nobody was silent: {gap}"
    left, right = ([part.written() for part in side] for side in (story.left, story.right))
    findings = assert_complete(recording, left=left, right=right, gaps=daemon.gaps(row))
    assert_length(recording, begins=story.begins, ends=story.last.ended_at)
    left, right = ([part.voice() for part in side] for side in (story.left, story.right))
    return findings, examine(recording, left=left, right=right)


def _is_quiet(story: Story, start: float, gap: dict[str, Any]) -> bool:
    """Whether that gap lies in a silence of that party, as exactly as it claims, and is no longer than it."""
    unsure = gap["uncertain_seconds"] + proof.FRAME_SECONDS
    begins, ends = start + gap["start_seconds"], start + gap["end_seconds"]
    return any(
        gap["party"] == leg.user and first - unsure <= begins and ends <= end + unsure and ends - begins <= end - first
        for leg, first, end in story.quiet
    )


def _lost_at_end(found: Finding) -> float:
    end = found.voice.expected[-1][1] if found.voice.expected else 0
    return sum(last - first for first, last in found.lost if last == end) / found.voice.sample_rate


def wishes(count: int = MOST) -> Wishes:
    """Extensions, queues and endpoints for so many conversations at the same time."""
    return Wishes(
        dialplan=EXTENSIONS,
        agents=[f"2{rank}{number:02d}" for rank in (1, 2) for number in range(count)],
        snippets={"queues.conf": "".join(_queue(number) for number in range(count))},
    )


def _queue(number: int) -> str:
    """Those with even numbers ring their members through Local channels."""
    names = [f"2{rank}{number:02d}" for rank in (1, 2)]
    members = [f"Local/{name}@phones" if number % 2 == 0 else f"PJSIP/{name}" for name in names]
    return f"[members{number:02d}](ringall)\n" + "".join(f"member => {member}\n" for member in members)
