"""Asterisk as the rest of the house sees it: AMI's events and the recorders' files to facts, commands to AMI.

Decides nothing about calls; must work without numpy and without ARI, as it runs in the capture role.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import suppress
from pathlib import Path

from connector.domain.events import (
    CallEvent,
    ChannelCreated,
    CommandTimedOut,
    PbxLost,
    PbxResynchronised,
    Stamped,
    VariableSet,
)
from connector.domain.ids import ChannelId, Moment, SegmentId
from connector.domain.pbx_commands import PbxCommand, PlaceCall, PlaySound, StartRecorder, StopRecorder
from connector.errors import PbxRefused, PbxUnreachable
from connector.pbx.asterisk.ami import Ami
from connector.pbx.asterisk.ami_message import AmiMessage
from connector.pbx.asterisk.book import Book, Recorder, started
from connector.pbx.asterisk.census import counted
from connector.pbx.asterisk.channel_names import is_helper
from connector.pbx.asterisk.events import Translation, stamp_of
from connector.pbx.asterisk.native_formats import NativeFormats
from connector.pbx.asterisk.placing import Placing, own_number
from connector.pbx.asterisk.recorder_control import RecorderControl
from connector.pbx.asterisk.recorder_files import RecorderFiles
from connector.pbx.asterisk.recorder_signs import RecorderSigns
from connector.pbx.asterisk.vitality import Vitality
from connector.pbx.fact_stream import QUEUE_LENGTH, FactStream
from connector.pbx.stamps import SteadyStamps
from connector.ports.clock import Clock
from connector.settings import AsteriskSettings

#: Plays a sound to a channel; raises PbxRefused and PbxUnreachable.
Player = Callable[[ChannelId, str], Awaitable[None]]
_ASK_AGAIN_SECONDS = 1.0
_LOGIN_SECONDS = 2.0

_log = logging.getLogger(__name__)


class AsteriskPbx:
    """Implements ports.pbx.Pbx."""

    def __init__(
        self,
        name: str,
        settings: AsteriskSettings,
        *,
        clock: Clock,
        variables: frozenset[str] = frozenset(),
        player: Player | None = None,
        queue_length: int = QUEUE_LENGTH,
    ) -> None:
        self._name = name
        self._clock = clock
        #: May be given later: it needs `ami` itself.
        self.player = player
        self._facts = FactStream(name, length=queue_length, recovered=self._overrun_is_over)
        self._tasks: asyncio.TaskGroup | None = None
        self._is_told_up = False
        #: Events that come between a login and the end of the resynchronisation, to be told after it; None when all is
        #: told at once.
        self._kept: list[tuple[Moment, AmiMessage]] | None = []
        self._stamps = SteadyStamps()
        self._lacks_stamps = False
        self._play_trouble = ""
        self._version = ""
        self._translation = Translation(variables)
        self.ami = Ami(
            name,
            settings.ami,
            ca=settings.ca,
            heard=self._heard,
            came_up=self._resynchronise,
            went_down=self._went_down,
            variables=variables,
            clock=clock,
        )
        self._placing = Placing(name, self.ami, clock)
        is_shared = settings.files == "shared"
        self._book = Book(self._tell, on_disk=is_shared)
        self._files = RecorderFiles(Path(settings.spool), self._book, clock) if is_shared else None
        self._signs = RecorderSigns(name, self._book, self._strayed, self._found)
        self._formats = NativeFormats(self._native_format)
        self._vitality = Vitality(name, self.ami, self._book, self._files, clock)
        self._control = RecorderControl(
            name,
            self.ami,
            self._book,
            self._files,
            self._formats,
            spool=settings.spool,
            clock=clock,
            tell=self._tell,
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
        self._tasks.create_task(self._obey(command), name=f"{type(command).__name__} on {command.channel}")

    async def place(self, wanted: PlaceCall) -> None:
        with self._translation.expecting(wanted.channel, own_number(wanted.device)):
            await self._placing.place(wanted)

    def troubles(self) -> list[str]:
        said = [
            self.ami.trouble,
            self.ami.unfiltered,
            self._files.trouble if self._files is not None else "",
            self._control.trouble,
            self._vitality.trouble,
            self._play_trouble,
        ]
        if self._lacks_stamps:
            said.append(
                f"PBX {self._name} sends no time stamps, so that files are placed less exactly: write "
                "timestampevents = yes into [general] of manager.conf, then: asterisk -rx 'manager reload'"
            )
        return [trouble for trouble in said if trouble]

    async def close(self) -> None:
        await self._facts.close()
        await self.ami.close()

    # The stream of facts

    async def _run(self) -> None:
        if self._files is not None:
            self._files.open()
        try:
            async with asyncio.TaskGroup() as tasks:
                self._tasks = tasks
                tasks.create_task(self.ami.run(), name=f"ami {self._name}")
                tasks.create_task(self._vitality.look_after(), name=f"vitality of {self._name}")
        finally:
            self._tasks = None
            if self._files is not None:
                self._files.close()

    def _tell(self, at: Moment, event: CallEvent) -> None:
        if not self._facts.tell(at, event):
            # AMI cannot be made to wait for us.
            _log.error("too many events at once", extra={"pbx": self._name, "hint": "what lives is asked anew"})

    def _overrun_is_over(self) -> None:
        if self._tasks is not None:
            self._tasks.create_task(self._ask_anew(), name=f"resynchronise {self._name}")

    # What Asterisk says

    def _heard(self, message: AmiMessage, received_at: Moment) -> None:
        self._placing.heard(message)
        at = self._stamp(message, received_at)
        if self._kept is not None:
            self._kept.append((at, message))
        else:
            self._told(message, at)

    def _stamp(self, message: AmiMessage, received_at: Moment) -> Moment:
        self._lacks_stamps = not message.get("Timestamp")
        return self._stamps.steady(stamp_of(message, received_at), received_at)

    def _told(self, message: AmiMessage, at: Moment) -> None:
        for fact in self._translation.facts(message):
            self._vitality.note(fact, at)
            self._tell(at, fact)
        # After the facts: a hangup is told before the end of its files.
        self._signs.read(message, at)
        if message.event == "Newstate" and message.get("ChannelState") == "6":
            self._answered(message)
        elif message.event == "Hangup":
            self._formats.forget(ChannelId(message.get("Uniqueid")))

    def _answered(self, message: AmiMessage) -> None:
        """Soon a recorder may be wanted here: ask now what its file has to be."""
        if self._tasks is not None and not is_helper(message.get("Channel")):
            self._tasks.create_task(self._formats.ask(ChannelId(message.get("Uniqueid"))))

    async def _native_format(self, channel: ChannelId, limit_seconds: float) -> str:
        fields = {"Channel": channel, "Variable": "CHANNEL(audionativeformat)"}
        return (await self.ami.act("Getvar", fields, limit_seconds)).get("Value")

    def _went_down(self, reason: str) -> None:
        self._kept = []
        self._placing.forget()
        self._signs.forget()
        self._book.connection_lost()
        if self._is_told_up:
            self._is_told_up = False
            self._tell(self._clock.now(), PbxLost(reason=reason))

    def _strayed(self, channel: ChannelId, segment: SegmentId) -> None:
        if self._tasks is not None and self._control.has_given_up(segment):
            self._tasks.create_task(self._control.stop_stray(channel, segment))

    def _found(self, recorder: Recorder) -> None:
        if self._files is None:
            self._book.start_unsaid(recorder, recorder.asked_at)
        elif self._tasks is not None:
            # Its file was there before we knew that it is of interest.
            self._tasks.create_task(self._files.look_at((recorder,)), name=f"look at {recorder.path}")

    # What lives there

    async def _resynchronise(self) -> None:
        """Raises PbxRefused, PbxUnreachable and TimeoutError when Asterisk does not say what lives."""
        at = self._clock.now()
        # What is older comes from a login that failed later on.
        self._kept = [one for one in self._kept or () if one[0] >= at - _LOGIN_SECONDS]
        status = await self.ami.listed("Status", {"AllVariables": "true"})
        bridges = await self._bridges()
        census = tuple(counted(self._name, status, at))
        self._formats.forget_all()
        for one in census:
            self._formats.learned(one.channel, one.native_formats)
        alive = await self._adopted([recorder for one in census for recorder in one.recorders])
        self._vitality.begin()
        self._is_told_up = self._book.is_connected = True
        channels = tuple(one.channel for one in census)
        self._tell(at, PbxResynchronised(channels=channels, recorders=tuple(started(one) for one in alive)))
        # The dialplan's own recorders before anything that wants one on their channels.
        untold = [recorder for recorder in alive if recorder.found is not None]
        for fact in self._translation.resynchronised(status, bridges):
            if not isinstance(fact, ChannelCreated | VariableSet):
                self._tell_found(untold, at)
            self._vitality.note(fact, at)
            self._tell(at, fact)
        self._tell_found(untold, at)
        kept, self._kept = self._kept, None
        for stamp, message in kept or ():
            self._told(message, stamp)
        if self._tasks is not None:
            self._tasks.create_task(self._learn_version(), name=f"version of {self._name}")

    def _tell_found(self, untold: list[Recorder], at: Moment) -> None:
        """Once."""
        for recorder in untold:
            assert recorder.found is not None
            self._tell(recorder.started_at or at, recorder.found)
        untold.clear()

    async def _bridges(self) -> list[AmiMessage]:
        try:
            return await self.ami.listed("BridgeList")
        except PbxRefused as error:
            # Without it parked callers seem to talk with each other, but only those that were parked before now.
            _log.warning("bridges are not told", extra={"pbx": self._name, "hint": str(error)})
            return []

    async def _learn_version(self) -> None:
        """For people: an account that may not ask (reporting) is good enough."""
        with suppress(PbxRefused, PbxUnreachable, TimeoutError):
            self._version = (await self.ami.act("CoreSettings")).get("AsteriskVersion")

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

    async def _adopted(self, seen: Sequence[Recorder]) -> list[Recorder]:
        """The recorders of the census that run, taken into the book in place of all that was in it."""
        looks = await self._files.looks([one.path for one in seen]) if self._files is not None else {}
        alive: list[Recorder] = []
        for recorder in seen:
            look = looks.get(recorder.path)
            if self._files is not None and (look is None or look.is_final):
                continue
            if self._control.has_given_up(recorder.segment):
                self._strayed(recorder.channel, recorder.segment)
                continue
            known = self._book.of(recorder.segment) or recorder
            known.monitor_id, known.is_on_disk, known.is_proved = recorder.monitor_id, True, True
            if look is not None and (known.started_at is None or (look.frames and not known.is_known_in_time)):
                known.started_at = look.changed_at - look.frames / known.sample_rate
            alive.append(known)
        for known in self._book:
            self._book.remove(known)
        for recorder in alive:
            self._book.add(recorder)
            if self._files is not None:
                self._files.expect(recorder)
        return alive

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
        trouble = "nothing can play sounds to a call: name an `ari` of this PBX, or load the dialplan snippet"
        if self.player is not None:
            try:
                await self.player(command.channel, command.sound)
                trouble = ""
            except (PbxRefused, PbxUnreachable, TimeoutError) as error:
                trouble = str(error)
        self._play_trouble = f"PBX {self._name}: {trouble}" if trouble else ""
        if trouble:
            facts = {"pbx": self._name, "channel": command.channel, "sound": command.sound, "hint": trouble}
            _log.warning("sound not played", extra=facts)
