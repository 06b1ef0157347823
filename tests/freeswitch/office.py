"""All calls that a module's tests look at are made at the same time, before the first test: many take as long as one.

Knows a scripted FreeSWITCH, the callreel at it and the phones of one evening; each module writes its own scenes.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, Generic, TypeVar

from tests.freeswitch import proving
from tests.freeswitch.daemon import Daemon
from tests.freeswitch.legs import Leg
from tests.freeswitch.switch import ScriptedSwitch
from tests.freeswitch.turns import Turns
from tests.freeswitch.voices import FRAMES_PER_SECOND
from tests.pbx import noise
from tests.pbx.proof import Findings, Voice, assert_complete, assert_length
from tests.pbx.spans import without
from tests.pbx.waiting import talking, until
from tests.steadiness import EVENINGS

Act = TypeVar("Act")
TALK_SECONDS: Final = 1.5
#: Calls begin one after the other, as people's do.
_STAGGER_SECONDS: Final = 0.1
#: From CHANNEL_BRIDGE to the first frame in the file; 56 ms were the most on a real one.
LOST_AT_START_SECONDS: Final = 0.060
_OVER_SECONDS: Final = 30.0


@dataclass(frozen=True, slots=True)
class Stage:
    """Where one call takes place; `number` tells its parties from those of the others."""

    switch: ScriptedSwitch
    daemon: Daemon
    number: int

    @property
    def caller(self) -> str:
        """Somebody outside."""
        return f"+49301000{self.number:02d}"

    def outside(self, rank: int) -> str:
        return f"+4940{rank}000{self.number:02d}"

    def agent(self, rank: int = 1) -> str:
        """The extension of the first, second ... agent."""
        return f"2{rank}{self.number:02d}"

    async def call(
        self,
        number: str = "",
        dialled: str = "",
        *,
        variables: Mapping[str, str] | None = None,
        rate: int = 8000,
        seconds: float = TALK_SECONDS,
    ) -> tuple[Leg, Leg]:
        """A call that is answered, and both have talked."""
        variables = variables or {}
        a_leg, b_leg = await self.switch.call(
            number or self.caller, dialled or self.agent(), variables=variables, rate=rate
        )
        await talking(seconds)
        return a_leg, b_leg


#: Plays one call.
Scene = Callable[[Stage], Awaitable[Act]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """What the phones know of a conversation that is over."""

    left: Sequence[Leg]
    right: Sequence[Leg]
    #: Recordings of calls that became part of this one.
    joined: int = 0

    @property
    def legs(self) -> tuple[Leg, ...]:
        return (*self.left, *self.right)

    @property
    def begins(self) -> float:
        return min(answered_at(leg) for leg in self.legs)

    @property
    def ends(self) -> float:
        return max(ended_at(leg) for leg in self.legs)


def answered_at(leg: Leg) -> float:
    """When it was connected to somebody first: a bridge may come before the answer."""
    assert leg.bridged_frame is not None, f"{leg.number} met nobody"
    return max(leg.clock.wall(leg.bridged_frame), leg.began)


def ended_at(leg: Leg) -> float:
    assert leg.ended_frame is not None, f"{leg.number} has not hung up"
    return leg.clock.wall(leg.ended_frame)


def voice(leg: Leg, *, between: tuple[float, float] | None = None) -> Voice:
    """What it said from its first bridge on, or between two times; not where it was quiet."""
    found = proving.voice(leg, between=between)
    if not isinstance(leg.voice, Turns):
        return found
    size = leg.rate // FRAMES_PER_SECOND
    silent = [(first * size, end * size) for first, end in leg.voice.silent]
    return replace(found, expected=tuple(without(found.expected, silent)))


def prompt(leg: Leg, begins: int, ends: int, stream: int = noise.PROMPT) -> Voice:
    """What the switch played to a leg between two frames of its clock."""
    size = leg.rate // FRAMES_PER_SECOND
    return Voice(
        name="FreeSWITCH",
        stream=stream,
        began=leg.clock.wall(begins),
        sample_rate=leg.rate,
        expected=((0, (ends - begins) * size),),
    )


class Evening(Generic[Act]):
    """What became of each scene, and the callreel that recorded it."""

    def __init__(
        self,
        daemon: Daemon,
        switch: ScriptedSwitch,
        acts: Mapping[str, Act | BaseException],
        log: Sequence[Mapping[str, object]],
    ) -> None:
        self.daemon, self.switch = daemon, switch
        #: What callreel said until all calls were over.
        self.log = log
        self._acts = acts

    def __getitem__(self, name: str) -> Act:
        act = self._acts[name]
        if isinstance(act, BaseException):
            raise act
        return act

    async def calls(self, caller: Leg) -> list[dict[str, Any]]:
        """The call that this phone made, once it is over."""
        question = f"SELECT * FROM calls WHERE from_number = '{caller.number}' AND joined IS NULL AND state = 'ended'"
        return await until(lambda: self.daemon.rows.ask(question), f"the end of the call of {caller.number}")

    async def unrecorded(self, caller: Leg) -> str:
        """Asserts that nothing was recorded of it; returns why, as the call's verdict says."""
        [call] = await self.calls(caller)
        assert not self.daemon.recordings(caller)
        return str(json.loads(call["verdict"])["reason"])

    async def one(self, *legs: Leg, joined: int = 0) -> dict[str, Any]:
        """The one recording that these took part in; so many others became part of it."""
        rows = await self.daemon.settled(*legs, count=1 + joined)
        own = [row for row in rows if not row["reason"].startswith("joined ")]
        told = [(row["state"], row["reason"], row["from_number"], row["to_number"]) for row in rows]
        assert [row["state"] for row in own] == ["available"], told
        others = [row["reason"] for row in rows if row is not own[0]]
        assert others == [f"joined {own[0]['id']}"] * joined, told
        return own[0]

    def assert_nothing_odd(self, *known: str) -> None:
        """callreel warned of nothing, but for events of these names."""
        odd = [line for line in self.log if line.get("level") not in {"info", "debug"}]
        assert not [line for line in odd if line.get("event") not in known], odd

    async def assert_told(
        self, story: Story, *, gaps: Sequence[tuple[float, float]] | None = None, **limits: Any
    ) -> tuple[dict[str, Any], Findings]:
        """The conversation is one recording with every word of it, each on its side, as long as it lasted. Gaps are
        named where some are expected, and nowhere else."""
        row = await self.one(*story.legs, joined=story.joined)
        named = self.daemon.gaps(row)
        if gaps is None:
            assert named == [], self.daemon.named_gaps(row)
        findings = assert_complete(
            self.daemon.sound(row),
            left=[voice(leg) for leg in story.left],
            right=[voice(leg) for leg in story.right],
            gaps=named,
            **{"lost_at_start_seconds": LOST_AT_START_SECONDS, **limits},
        )
        assert_length(findings.recording, begins=story.begins, ends=story.ends)
        return row, findings


@contextmanager
def evening(
    folder: Path,
    scenes: Mapping[str, Scene[Act]],
    *,
    settings: Callable[[Path], dict[str, Any]] | None = None,
    afterwards: Mapping[str, Scene[Act]] | None = None,
) -> Iterator[Evening[Act]]:
    """callreel runs while the scenes are played and until all tests have looked at them. `settings` are told the folder
    of the finished recordings; `afterwards` come one by one, when nobody else calls."""
    switch = ScriptedSwitch(folder / "freeswitch", voice=Turns)
    callreel = folder / "callreel"

    async def played() -> Evening[Act]:
        async with switch:
            daemon = Daemon(callreel, switch)
            if settings is not None:
                daemon.settings |= settings(daemon.archive)
                daemon.write_settings()
            try:
                # It waits with no regard for our loop, in which the switch lives.
                await asyncio.to_thread(daemon.start)
                with EVENINGS.watched():
                    acts = await _all_played(switch, daemon, scenes, afterwards or {})
                return Evening(daemon, switch, acts, daemon.role.lines)
            except BaseException:
                daemon.kill()
                raise

    of_now = asyncio.run(played())
    try:
        yield of_now
    finally:
        EVENINGS.forget()
        of_now.daemon.kill()


async def _all_played(
    switch: ScriptedSwitch,
    daemon: Daemon,
    scenes: Mapping[str, Scene[Act]],
    afterwards: Mapping[str, Scene[Act]],
) -> dict[str, Act | BaseException]:
    numbers = iter(range(100))
    played = await asyncio.gather(
        *(_later(Stage(switch, daemon, next(numbers)), scene) for scene in scenes.values()), return_exceptions=True
    )
    await _over(switch, daemon)
    acts = dict(zip(scenes, played, strict=True))
    for name, scene in afterwards.items():
        [acts[name]] = await asyncio.gather(scene(Stage(switch, daemon, next(numbers))), return_exceptions=True)
        await _over(switch, daemon)
    return acts


async def _later(stage: Stage, scene: Scene[Act]) -> Act:
    await talking(stage.number * _STAGGER_SECONDS)
    return await scene(stage)


async def _over(switch: ScriptedSwitch, daemon: Daemon) -> None:
    """callreel knows that nobody calls any more."""
    for leg in list(switch.legs):
        await switch.hang_up(leg)
    live = "SELECT id FROM calls WHERE state = 'live'"
    # The rest is work for callreel alone.
    await until(lambda: not daemon.rows.ask(live), lambda: f"the end of all calls: {daemon.role.tail}", _OVER_SECONDS)
