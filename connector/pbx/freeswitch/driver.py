"""FreeSWITCH as the rest of the house sees it: its events and the recorders' files to facts, commands to jobs.

Decides nothing about calls; must work without numpy, as it runs in the capture role.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Coroutine, Iterable, Mapping
from contextlib import suppress
from pathlib import Path

from connector.domain.events import (
    CallEvent,
    ChannelCreated,
    ChannelEnded,
    CommandTimedOut,
    PbxLost,
    PbxResynchronised,
    Stamped,
)
from connector.domain.ids import ChannelId, Moment, SegmentId
from connector.domain.pbx_commands import PbxCommand, PlaceCall, PlaySound, StartRecorder, StopRecorder
from connector.errors import PbxRefused, PbxUnreachable
from connector.pbx.fact_stream import QUEUE_LENGTH, FactStream
from connector.pbx.freeswitch import file_names, placing, roll_call, versions
from connector.pbx.freeswitch.catching_up import dated
from connector.pbx.freeswitch.census import RunningRecorder
from connector.pbx.freeswitch.esl import Esl
from connector.pbx.freeswitch.esl_event import EslEvent
from connector.pbx.freeswitch.events import EVENTS, SUBCLASSES, Translation, stamp_of
from connector.pbx.freeswitch.growth_watch import GrowthWatch
from connector.pbx.freeswitch.recorder_control import RecorderControl
from connector.pbx.freeswitch.recorders import Recorder, Recorders, started
from connector.pbx.freeswitch.spool_look import Sight, SpoolLook
from connector.pbx.stamps import SteadyStamps
from connector.ports.clock import Clock
from connector.settings import FreeswitchSettings

#: What part of the queue may fill before FreeSWITCH has to keep its events, and empty before it may go on.
_FULL, _ROOMY = 0.75, 0.25
_EASE_SECONDS = 0.05
_ASK_AGAIN_SECONDS = 1.0
#: Why a file may be less than it should be, or not there at all.
_ODD_ENDS = {
    "empty-file": "nothing was heard: FreeSWITCH has removed its file",
    "input-too-short": "shorter than RECORD_MIN_SEC: FreeSWITCH has removed its file",
    "uri-failure": "FreeSWITCH could not write all of it: has its disk room, and may it write there?",
}


_log = logging.getLogger(__name__)


class FreeSwitchPbx:
    """Implements ports.pbx.Pbx."""

    def __init__(
        self,
        name: str,
        settings: FreeswitchSettings,
        *,
        clock: Clock,
        variables: frozenset[str] = frozenset(),
        queue_length: int = QUEUE_LENGTH,
    ) -> None:
        self._name = name
        self._spool = settings.spool
        self._clock = clock
        self._facts = FactStream(name, length=queue_length, recovered=self._overrun_is_over)
        self._full, self._roomy = int(queue_length * _FULL), int(queue_length * _ROOMY)
        self._is_eased = True
        self._tasks: asyncio.TaskGroup | None = None
        self._is_told_up = False
        #: Events that come between a login and the end of the resynchronisation, to be told after it; None when all is
        #: told at once.
        self._kept: list[tuple[Moment, EslEvent]] | None = []
        self._stamps = SteadyStamps()
        self._core_uuid = ""
        self._version = ""
        #: As far as we know, those that live.
        self._legs: set[ChannelId] = set()
        self._play_trouble = ""
        self._translation = Translation(variables)
        self.esl = Esl(
            name,
            settings.esl,
            events=(*EVENTS, "RECORD_START", "RECORD_STOP"),
            subclasses=SUBCLASSES,
            heard=self._heard,
            came_up=self._resynchronise,
            went_down=self._went_down,
            clock=clock,
            ca=settings.ca,
        )
        self._recorders = Recorders(self._tell)
        self._look = SpoolLook(Path(settings.spool), clock.now)
        self._watch = GrowthWatch(name, self._recorders, self._look, clock)
        self._control = RecorderControl(
            name,
            self.esl,
            self._recorders,
            self._look,
            spool=settings.spool,
            rate_of=self._translation.rate_of,
            clock=clock,
            tell=self._tell,
            room_again=self._room_again,
        )

    @property
    def name(self) -> str:
        return self._name

    @property
    def version(self) -> str:
        return self._version

    def events(self) -> AsyncIterator[Stamped]:
        return self._facts.of(self._run)

    async def execute(self, command: PbxCommand) -> None:
        """Returns before anything is done: the next command of the call must not wait for this one's proof."""
        if self._tasks is None or self._facts.is_closed:
            if not isinstance(command, PlaySound):
                self._tell(self._clock.now(), CommandTimedOut(segment=command.segment))
            return
        self._begin(self._obey(command), f"{type(command).__name__} on {command.channel}")

    async def place(self, wanted: PlaceCall) -> None:
        await placing.place(self._name, self.esl, wanted)

    def troubles(self) -> list[str]:
        parts = (self.esl, self._look, self._control, self._watch)
        return [trouble for trouble in (*(part.trouble for part in parts), self._play_trouble) if trouble]

    async def close(self) -> None:
        await self._facts.close()
        await self.esl.close()

    # The stream of facts

    async def _run(self) -> None:
        try:
            async with asyncio.TaskGroup() as tasks:
                self._tasks = tasks
                tasks.create_task(self.esl.run(), name=f"event socket of {self._name}")
                tasks.create_task(self._watch.look_after(), name=f"growth of {self._name}")
        finally:
            self._tasks = None
            self._look.close()

    def _begin(self, work: Coroutine[object, object, None], name: str) -> None:
        if self._tasks is None:
            work.close()
        else:
            self._tasks.create_task(work, name=name)

    def _tell(self, at: Moment, event: CallEvent) -> None:
        if not self._facts.tell(at, event):
            _log.error("too many events at once", extra={"pbx": self._name, "hint": "what lives is asked anew"})
        if self._is_eased and len(self._facts) >= self._full:
            self._is_eased = False
            self.esl.pause_events()
            self._begin(self._ease(), f"ease {self._name}")

    async def _ease(self) -> None:
        """FreeSWITCH keeps its events until there is room."""
        await self._room(self._roomy)
        self._is_eased = True
        self.esl.resume_events()

    async def _room(self, most: int) -> None:
        while len(self._facts) > most:
            await self._clock.sleep_until(self._clock.now() + _EASE_SECONDS)

    def _overrun_is_over(self) -> None:
        self._begin(self._ask_anew(), f"resynchronise {self._name}")

    def _room_again(self) -> None:
        """Whose recorders had found no room gets them now."""
        self._begin(self._ask_anew(), f"resynchronise {self._name}")

    # What FreeSWITCH says

    def _heard(self, event: EslEvent, received_at: Moment) -> None:
        at = self._stamps.steady(stamp_of(event, received_at), received_at)
        if self._kept is not None:
            self._kept.append((at, event))
        else:
            self._told(event, at)

    def _told(self, event: EslEvent, at: Moment) -> None:
        for fact in self._translation.facts(event):
            self._watch.note(fact, at)
            self._tell(at, fact)
            if isinstance(fact, ChannelCreated):
                self._legs.add(fact.channel)
            elif isinstance(fact, ChannelEnded):
                self._legs.discard(fact.channel)
                self._left_alone(fact.channel, at)
        if event.name == "RECORD_START":
            self._record_started(event, at)
        elif event.name == "RECORD_STOP":
            self._record_stopped(event, at)

    def _record_started(self, event: EslEvent, at: Moment) -> None:
        segment = self._segment_of(event)
        if segment and not self._recorders.record_start(segment, at) and self._recorders.is_nobodys(segment):
            channel = ChannelId(event.channel)
            self._begin(self._control.stop_stray(channel, segment), f"stop stray on {channel}")

    def _record_stopped(self, event: EslEvent, at: Moment) -> None:
        segment = self._segment_of(event)
        if segment and self._recorders.record_stop(segment, at):
            odd = _ODD_ENDS.get(event.get("Record-Completion-Cause"))
            if odd is not None:
                facts = {"pbx": self._name, "channel": event.channel, "segment_id": segment, "hint": odd}
                _log.warning("recorder ended oddly", extra=facts)

    def _segment_of(self, event: EslEvent) -> SegmentId | None:
        named = file_names.named(event.get("Record-File-Path"), self._spool)
        told = event.get(f"Recording-Variable-{file_names.SEGMENT_VARIABLE}")
        return SegmentId(told) if told else named.segment if named is not None else None

    def _left_alone(self, channel: ChannelId, at: Moment) -> None:
        """A recorder ends before its leg does; one that has not goes on elsewhere."""
        for recorder in self._recorders.on(channel):
            self._begin(self._control.pursue(recorder, at), f"pursue {recorder.segment}")

    def _went_down(self, reason: str) -> None:
        self._kept = []
        self._watch.pause()
        if self._is_told_up:
            self._is_told_up = False
            self._tell(self._clock.now(), PbxLost(reason=reason))

    # What lives there

    async def _resynchronise(self) -> None:
        """Raises PbxRefused, PbxUnreachable and TimeoutError when FreeSWITCH does not say what lives."""
        at = self._clock.now()
        if self._kept is None:
            self._kept = []
        self._note_restart()
        unlisted = [ChannelId(event.channel) for _, event in self._kept if file_names.is_leg(event.channel)]
        found = await roll_call.called(self.esl, self._spool, (*self._legs, *unlisted))
        sights = await self._look.looks(self._path_of(one) for one in found.recorders)
        alive = self._adopted(found.recorders, sights, at)
        seen = [(one, sight) for one in alive if (sight := sights.get(one.path)) is not None]
        self._watch.begin()
        self._is_told_up = True
        channels = tuple(found.channels)
        self._legs = set(channels)
        await self._facts.put(at, PbxResynchronised(channels=channels, recorders=tuple(started(one) for one in alive)))
        self._begin(self._learn_version(), f"version of {self._name}")
        for recorder, sight in seen:
            self._recorders.file_grew(recorder, sight.frames, sight.at, ends_block=sight.ends_block)
        for stamp, fact in dated(self._translation.resynchronised(found.dumps, found.conferences), found, at):
            self._watch.note(fact, stamp)
            await self._facts.put(stamp, fact)
        while self._kept:
            kept, self._kept = self._kept, []
            for stamp, event in kept:
                self._told(event, stamp)
                await self._room(self._full)
        self._kept = None

    def _note_restart(self) -> None:
        if self._core_uuid and self.esl.core_uuid != self._core_uuid:
            hint = "its calls and recordings have ended; what was written until then is kept"
            _log.error("freeswitch was restarted", extra={"pbx": self._name, "hint": hint})
        self._core_uuid = self.esl.core_uuid

    async def _learn_version(self) -> None:
        """For people: whoever does not say is used all the same."""
        with suppress(PbxRefused, PbxUnreachable, TimeoutError):
            self._version = versions.shown(await self.esl.api("version"))

    async def _ask_anew(self) -> None:
        """After events were lost on a connection that is fine."""
        while self._is_told_up:
            try:
                await self._resynchronise()
            except PbxUnreachable:
                return
            except (PbxRefused, TimeoutError) as error:
                _log.warning("not resynchronised", extra={"pbx": self._name, "reason": str(error)})
                await self._clock.sleep_until(self._clock.now() + _ASK_AGAIN_SECONDS)
            else:
                return

    def _path_of(self, running: RunningRecorder) -> str:
        return running.path.removeprefix(f"{self._spool.rstrip('/')}/")

    def _adopted(self, running: Iterable[RunningRecorder], sights: Mapping[str, Sight], at: Moment) -> list[Recorder]:
        """The recorders that run, taken into the book in place of all that was in it."""
        alive: list[Recorder] = []
        for one in running:
            if self._recorders.is_nobodys(one.segment):
                self._begin(self._control.stop_stray(one.channel, one.segment), f"stop stray on {one.channel}")
                continue
            path = self._path_of(one)
            sight = sights.get(path)
            rate = self._translation.rate_of(one.channel)
            whole_from = sight.frames if sight is not None else 0
            recorder = self._recorders.of(one.segment) or Recorder(
                segment=one.segment,
                channel=one.channel,
                path=path,
                sample_rate=rate,
                asked_at=at,
                whole_from=whole_from,
            )
            recorder.channel = one.channel
            if sight is not None and sight.head is not None:
                recorder.sample_rate = sight.head.sample_rate
                recorder.started_at = recorder.started_at or sight.at - sight.frames / recorder.sample_rate
            recorder.adopted(at)
            alive.append(recorder)
        alive += self._just_ended({recorder.segment for recorder in alive})
        self._recorders.replace(alive)
        return alive

    def _just_ended(self, alive: set[SegmentId]) -> list[Recorder]:
        """Those that ended after the login: the event that tells when is kept."""
        ended = {self._segment_of(event) for _, event in self._kept or () if event.name == "RECORD_STOP"}
        return [one for one in self._recorders if one.is_proved and one.segment in ended - alive]

    # What is wanted of it

    async def _obey(self, command: PbxCommand) -> None:
        match command:
            case StartRecorder():
                await self._control.start(command)
            case StopRecorder():
                await self._control.stop(command)
            case PlaySound():
                await self._play(command)
            case _:
                await self._control.mute(command)

    async def _play(self, command: PlaySound) -> None:
        self._play_trouble = ""
        try:
            await self.esl.job(file_names.played(command.channel, command.sound))
        except (PbxRefused, PbxUnreachable, TimeoutError) as error:
            hint = f"{error}: is there such a sound, as FreeSWITCH's user reads it, and does the leg have sound?"
            self._play_trouble = f"PBX {self._name} did not play {command.sound!r}: {hint}"
            facts = {"pbx": self._name, "channel": command.channel, "sound": command.sound, "hint": hint}
            _log.warning("sound not played", extra=facts)
