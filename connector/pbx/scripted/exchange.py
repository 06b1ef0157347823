"""The scripted PBX itself: what happens in it, what its recorders write, how it obeys and how it misbehaves.

Synchronous: it is told the moment. Knows no clock and no socket beyond "write this".
"""

from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import assert_never

from connector.domain import events
from connector.domain.events import CallEvent
from connector.domain.ids import CallId, ChannelId, Moment, SegmentId
from connector.domain.pbx_commands import (
    MuteRecorder,
    PbxCommand,
    PlaySound,
    StartRecorder,
    StopRecorder,
    UnmuteRecorder,
)
from connector.pbx.scripted.agenda import Agenda
from connector.pbx.scripted.answers import Answers
from connector.pbx.scripted.doors import Connection, Doors
from connector.pbx.scripted.recorder import Flush, Recorder, own_lag_ticks
from connector.pbx.scripted.script import Fault, Misbehaves, SoundChanged, What
from connector.pbx.scripted.sound import TICK_SECONDS, TICKS_PER_SECOND
from connector.pbx.scripted.stage import Stage
from connector.pbx.scripted.wav_file import FLUSH_BYTES, Disk, WavFile
from connector.pbx.scripted.wire import Confirmed, answer_frame, event_frame

#: Moments are floats of about 2e9: their last bits are no time.
_ROUNDING_TICKS = 1e-4


@dataclass(frozen=True, slots=True, kw_only=True)
class Manners:
    """What kind of PBX this is."""

    flush_bytes: int = FLUSH_BYTES
    #: Whether each growth of a file is told.
    tells_flushes: bool = True
    #: How late tx is, in ticks; None = 0 or 1, as it happens to each recorder.
    tx_lag_ticks: int | None = None
    #: After a resynchronisation, every living channel and who is in which bridge are told again.
    restates: bool = True


class Exchange:
    def __init__(self, disk: Disk, doors: Doors, agenda: Agenda, epoch: Moment, manners: Manners) -> None:
        self.stage = Stage()
        self.answers = Answers()
        self.events_told = 0
        self.commands_read = 0
        self._disk = disk
        self._doors = doors
        self._agenda = agenda
        self._epoch = epoch
        self._manners = manners
        self._recorders: dict[SegmentId, Recorder] = {}
        #: What the dialplan started by itself, since when; and what ended while nobody listened.
        self._found: dict[SegmentId, tuple[Moment, events.RecorderFound]] = {}
        self._left_behind: list[tuple[Moment, events.RecorderFound]] = []
        #: Channels and linked ids that died in a crash: their scripts go on without being heard.
        self._dead: set[str] = set()
        self._is_down = False
        self._clock_error = 0.0
        self._tricks: dict[Fault, Misbehaves] = {}

    def tick(self, at: Moment) -> int:
        """How many whole ticks have passed at that moment."""
        return int((at - self._epoch) * TICKS_PER_SECOND + _ROUNDING_TICKS)

    def happen(self, at: Moment, what: What) -> None:
        """One line of a script."""
        if isinstance(what, Misbehaves):
            self._misbehave(at, what)
        elif not self._is_of_the_dead(what):
            self._advance(at)
            self.stage.apply(what, self.tick(at))
            if isinstance(what, events.RecorderFound):
                self._find(at, what)
            if not isinstance(what, SoundChanged):
                self.tell(at, what)
            if isinstance(what, events.ChannelEnded):
                self._close_all_of(what.channel, at)
            self._look_ahead()

    def tell(self, at: Moment, event: CallEvent) -> None:
        """An event goes out, stamped by the PBX's own wall clock."""
        self.events_told += 1
        if isinstance(event, events.BridgeEntered):
            self.answers.asked(event.channel)
        self._doors.write(event_frame(at + self._clock_error, event))

    def obey(self, at: Moment, number: int, command: PbxCommand, connection: Connection, read_ns: int) -> None:
        """Do what a driver asks, or what the script has planned instead."""
        self.commands_read += 1
        if isinstance(command, StartRecorder):
            self.answers.answered(command.channel, read_ns)
        if self._tricked(Fault.SILENT) is not None:
            return
        self._advance(at)
        connection.write(answer_frame(Confirmed(id=number)))
        self._do(at, command)
        self._look_ahead()

    def refusal(self) -> str:
        """Why what is asked now is refused; "" when the script has planned nothing of the kind."""
        trick = self._tricked(Fault.REFUSE)
        return trick.reason if trick is not None else ""

    def snapshot(self, at: Moment) -> list[bytes]:
        """What lives now, as the first thing that a driver hears."""
        channels = tuple(channel for channel, _ in self.stage.phones())
        own = (segment for segment in self._recorders if segment not in self._found)
        running = tuple(events.RecorderStarted(segment=segment) for segment in own)
        living: list[CallEvent] = [events.PbxResynchronised(channels=channels, recorders=running)]
        if self._manners.restates:
            phones = [phone for _, phone in self.stage.phones()]
            living += [phone.created for phone in phones]
            living += [phone.entered for phone in phones if phone.entered is not None]
        found, self._left_behind = [*self._found.values(), *self._left_behind], []
        return [
            *(event_frame(at + self._clock_error, event) for event in living),
            *(event_frame(start + self._clock_error, event) for start, event in found),
        ]

    def end_all(self, at: Moment) -> None:
        """The PBX is shut down in good order: every channel ends, every file is closed."""
        for channel in [channel for channel, _ in self.stage.phones()]:
            self.happen(at, events.ChannelEnded(channel=channel, cause="shutdown"))

    # Commands

    def _do(self, at: Moment, command: PbxCommand) -> None:
        match command:
            case StartRecorder():
                self._start(at, command)
            case StopRecorder():
                self._close(command.segment, at)
            case MuteRecorder() | UnmuteRecorder():
                recorder = self._recorders.get(command.segment)
                if recorder is not None:
                    recorder.is_muted = isinstance(command, MuteRecorder)
            case PlaySound():
                self.stage.prompt(command.channel, self.tick(at))
            case _:
                assert_never(command)

    def _start(self, at: Moment, command: StartRecorder) -> None:
        if self._tricked(Fault.LIE) is not None:
            return
        place = self._disk.place(command.path)
        reason = self._reason_against(command)
        if reason or place is None:
            self.tell(at, events.RecorderRefused(segment=command.segment, reason=reason or "the path leaves the spool"))
            return
        try:
            file = None if self._tricked(Fault.FORGE) else self._file(place, command.sample_rate)
        except OSError as error:
            self.tell(at, events.RecorderRefused(segment=command.segment, reason=str(error)))
            return
        lag = self._manners.tx_lag_ticks
        lag = own_lag_ticks(command.segment) if lag is None else lag
        # The first whole frame after the command: as much as one frame is lost, as on a real PBX.
        first_tick = self.tick(at - 2 * _ROUNDING_TICKS * TICK_SECONDS) + 1
        self._recorders[command.segment] = Recorder(command, self.stage, first_tick, file, lag)
        self.tell(at, events.RecorderStarted(segment=command.segment))

    def _file(self, place: Path, sample_rate: int) -> WavFile:
        return WavFile(self._disk, place, sample_rate, self._manners.flush_bytes)

    def _reason_against(self, command: StartRecorder) -> str:
        if refusal := self.refusal():
            return refusal
        phone = self.stage.phone(command.channel)
        if phone is None or phone.created.is_local:
            return f"no such channel: {command.channel}"
        if command.segment in self._recorders:
            return f"segment {command.segment} is being written already"
        return "no space left on device" if self._disk.is_full else ""

    def _find(self, at: Moment, found: events.RecorderFound) -> None:
        """The dialplan starts a recorder by itself; here its path is its name."""
        place = self._disk.place(found.path)
        phone = self.stage.phone(found.channel)
        if place is None or phone is None:
            return
        segment = SegmentId(found.path)
        wanted = StartRecorder(
            call=CallId(""),
            segment=segment,
            channel=found.channel,
            path=found.path,
            sample_rate=found.sample_rate,
            heard=found.heard,
        )
        file = self._file(place, found.sample_rate)
        self._recorders[segment] = Recorder(wanted, self.stage, self.tick(at) + 1, file)
        created = phone.created
        self._found[segment] = (
            at,
            replace(
                found, number=created.number, device=created.device, dialled=created.dialled, context=created.context
            ),
        )

    def _close(self, segment: SegmentId, at: Moment) -> None:
        recorder = self._recorders.pop(segment, None)
        if recorder is not None:
            recorder.close()
            if segment in self._found:
                start, found = self._found.pop(segment)
                if not self._doors.has_listeners:
                    self._left_behind.append((start, replace(found, ended_at=at)))
            self.tell(at, events.RecorderClosed(segment=segment))

    def _close_all_of(self, channel: ChannelId, at: Moment) -> None:
        for segment in [segment for segment, one in self._recorders.items() if one.command.channel == channel]:
            self._close(segment, at)

    # Files grow

    def _advance(self, at: Moment) -> None:
        tick = self.tick(at)
        for recorder in self._recorders.values():
            for flush in recorder.advance(tick):
                self._tell_growth(recorder, flush)

    def _tell_growth(self, recorder: Recorder, flush: Flush) -> None:
        at = self._epoch + (flush.tick + 1) * TICK_SECONDS
        segment = recorder.command.segment
        if flush.is_written and self._manners.tells_flushes:
            self.tell(at, events.RecorderFlushed(segment=segment, frames=flush.frames))
        elif not flush.is_written and not recorder.is_reported:
            recorder.is_reported = True
            self.tell(at, events.RecorderStalled(segment=segment))

    def _look_ahead(self) -> None:
        for recorder in self._recorders.values():
            tick = recorder.next_flush_tick
            if tick is not None and tick != recorder.check_tick:
                self._agenda.put(self._epoch + tick * TICK_SECONDS, self._check)
            recorder.check_tick = tick

    def _check(self, at: Moment) -> None:
        self._advance(at)
        self._look_ahead()

    # Misbehaviour

    def _tricked(self, fault: Fault) -> Misbehaves | None:
        """The trick that is due now, used up by one."""
        trick = self._tricks.get(fault)
        if trick is None:
            return None
        self._tricks[fault] = replace(trick, count=trick.count - 1)
        if trick.count <= 1:
            del self._tricks[fault]
        return trick

    def _misbehave(self, at: Moment, wrong: Misbehaves) -> None:
        match wrong.fault:
            case Fault.REFUSE | Fault.SILENT | Fault.LIE | Fault.FORGE:
                self._tricks[wrong.fault] = wrong
            case Fault.STALL:
                self._stall(at, wrong.channel)
            case Fault.CLOCK_STEP:
                self._clock_error += wrong.seconds
            case Fault.CRASH:
                self._crash(at, wrong.seconds)
            case Fault.CUT | Fault.DUPLICATE | Fault.REORDER | Fault.FILL_DISK:
                self._for_a_while(at, wrong)
            case _:
                assert_never(wrong.fault)

    def _for_a_while(self, at: Moment, wrong: Misbehaves) -> None:
        self._advance(at)
        self._switch(wrong, is_on=True)
        self._agenda.put(at + wrong.seconds, partial(self._over, wrong))

    def _over(self, wrong: Misbehaves, at: Moment) -> None:
        self._advance(at)
        self._switch(wrong, is_on=False)

    def _switch(self, wrong: Misbehaves, *, is_on: bool) -> None:
        match wrong.fault:
            case Fault.CUT if is_on:
                self._doors.shut()
            case Fault.CUT:
                self._doors.reopen()
            case Fault.DUPLICATE:
                self._doors.double(is_on=is_on)
            case Fault.REORDER:
                self._doors.shuffle(max(2, wrong.count) if is_on else 1)
            case _:
                self._disk.is_full = is_on

    def _stall(self, at: Moment, channel: ChannelId | None) -> None:
        self._advance(at)
        for recorder in self._recorders.values():
            if channel is None or recorder.command.channel == channel:
                recorder.stick()

    def _crash(self, at: Moment, seconds: float) -> None:
        self._advance(at)
        for recorder in self._recorders.values():
            recorder.abandon()
        self._recorders.clear()
        self._found.clear()
        for channel, phone in self.stage.phones():
            self._dead |= {channel, phone.created.linked}
        self.stage.clear()
        self._doors.shut()
        self._is_down = True
        self._agenda.put(at + seconds, self._back)

    def _back(self, _at: Moment) -> None:
        self._is_down = False
        self._doors.reopen()

    def _is_of_the_dead(self, what: CallEvent | SoundChanged) -> bool:
        names = {name for field in ("channel", "other", "linked") if (name := getattr(what, field, None))}
        if self._is_down or names & self._dead:
            # What begins while the PBX is dead, or belongs to the dead, never was.
            self._dead |= names
            return True
        return False
