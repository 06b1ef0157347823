"""Starts, mutes and stops recorders by AMI, and sees to it that what was said to have started has.

Asterisk says Success to a recorder that cannot write: only its file proves it. Decides nothing about calls.
"""

import logging
from collections import OrderedDict
from collections.abc import Callable

from connector.domain.events import CallEvent, CommandTimedOut, RecorderRefused
from connector.domain.ids import ChannelId, Moment, SegmentId
from connector.domain.pbx_commands import MuteRecorder, StartRecorder, StopRecorder, UnmuteRecorder
from connector.errors import PbxRefused, PbxUnreachable
from connector.pbx.asterisk.ami import Ami
from connector.pbx.asterisk.book import Book, Recorder
from connector.pbx.asterisk.census import counted
from connector.pbx.asterisk.native_formats import NativeFormats
from connector.pbx.asterisk.recorder_files import RecorderFiles
from connector.pbx.asterisk.recorder_names import WIDEBAND_RATE, is_plain, options, spool_trouble, variable
from connector.ports.clock import Clock

#: With the question for the channel's format before it, less than the Director waits: that Asterisk says nothing is
#: another thing than that no file appears.
ANSWER_SECONDS = 1.4
#: How long a file is waited for. The slowest that was measured took 0.29 s on a busy machine. After one that never came
#: the folder is most likely not writable, and three tries have to be over before anybody waits for a recording.
FIRST_PATIENCE_SECONDS = 0.8
NEXT_PATIENCE_SECONDS = 0.25
_LOOK_SECONDS = 0.1
_FIRST_LOOK_SECONDS = 0.005
#: A file whose start was never told is taken as started when it was seen, after this time.
_START_EVENT_SECONDS = 0.3
_REMEMBERED_FAILURES = 1000

_log = logging.getLogger(__name__)


class RecorderControl:
    """Every method is its own task: it may wait for the PBX, nobody waits for it."""

    def __init__(
        self,
        name: str,
        ami: Ami,
        book: Book,
        files: RecorderFiles | None,
        formats: NativeFormats,
        *,
        spool: str,
        clock: Clock,
        tell: Callable[[Moment, CallEvent], None],
    ) -> None:
        self._name = name
        self._ami = ami
        self._book = book
        self._files = files
        self._formats = formats
        self._spool = spool.rstrip("/")
        self._spool_trouble = spool_trouble(spool)
        self._clock = clock
        self._tell = tell
        self._patience_seconds = FIRST_PATIENCE_SECONDS
        self._given_up: OrderedDict[SegmentId, None] = OrderedDict()

    @property
    def trouble(self) -> str:
        return self._spool_trouble

    def has_given_up(self, segment: SegmentId) -> bool:
        """Whether that recorder, should it show up after all, is nobody's."""
        return segment in self._given_up

    async def start(self, command: StartRecorder) -> None:
        why_not = self._spool_trouble or ("" if is_plain(command.path) else f"{command.path!r} is no plain path")
        if why_not:
            self._refuse(command.segment, why_not)
            return
        is_wide = self._formats.known(command.channel)
        if is_wide is None and command.sample_rate < WIDEBAND_RATE:
            is_wide = await self._formats.ask(command.channel)
        recorder = self._expected(command, is_wide=bool(is_wide) or command.sample_rate >= WIDEBAND_RATE)
        fields = {
            "Channel": command.channel,
            "Options": options(command.heard, f"{self._spool}/{recorder.path}", recorder.id_variable),
        }
        try:
            reply = await self._ami.act("MixMonitor", fields, ANSWER_SECONDS)
        except PbxRefused as error:
            self._book.remove(recorder)
            self._refuse(command.segment, str(error))
        except (PbxUnreachable, TimeoutError):
            self._book.remove(recorder)
            await self._timed_out(command.segment, recorder.asked_at)
        else:
            recorder.monitor_id = recorder.monitor_id or reply.get("MixMonitorID")
            await self._verify(recorder)

    async def stop(self, command: StopRecorder) -> None:
        """Only the recorder with its own MixMonitorID: a channel may have others that are nobody's business."""
        asked_at = self._clock.now()
        recorder = await self._known(command)
        if recorder is None:
            if not self._book.has_ended(command.segment):
                await self.stop_stray(command.channel, command.segment)
            return
        recorder.is_stop_asked = True
        try:
            await self._stop(recorder.channel, recorder.monitor_id or await self._id_of(recorder))
        except PbxRefused as error:
            # It had ended already, or its channel has.
            _log.debug("recorder %s was not stopped: %s", recorder.segment, error)
        except (PbxUnreachable, TimeoutError):
            recorder.is_stop_asked = False
            await self._timed_out(command.segment, asked_at)
            return
        recorder.stop_said_at = self._clock.now()
        if self._files is None:
            await self._mark_stopped(recorder)

    async def mute(self, command: MuteRecorder | UnmuteRecorder) -> None:
        """On 22 this recorder alone. 16 takes no ID here: it mutes the eldest MixMonitor of the channel, whoever's that
        is, so that a pause there is sure only where ours is the only one."""
        asked_at = self._clock.now()
        recorder = await self._known(command)
        fields = {
            "Channel": command.channel,
            "Direction": "both",
            "State": "1" if isinstance(command, MuteRecorder) else "0",
        }
        if recorder is not None and recorder.monitor_id:
            fields["MixMonitorID"] = recorder.monitor_id
        try:
            await self._ami.act("MixMonitorMute", fields, ANSWER_SECONDS)
        except PbxRefused as error:
            facts = {"channel": command.channel, "segment_id": command.segment, "reason": str(error)}
            _log.warning("recorder not muted or unmuted", extra=facts)
        except (PbxUnreachable, TimeoutError):
            await self._timed_out(command.segment, asked_at)

    async def stop_stray(self, channel: ChannelId, segment: SegmentId) -> None:
        """End a recorder that nobody knows any more, if it runs."""
        try:
            status = await self._ami.listed("Status", {"Channel": channel, "AllVariables": "true"}, ANSWER_SECONDS)
            for one in counted(self._name, status, self._clock.now()):
                for recorder in one.recorders:
                    if recorder.segment == segment and recorder.monitor_id:
                        await self._stop(channel, recorder.monitor_id)
        except (PbxRefused, PbxUnreachable, TimeoutError) as error:
            _log.debug("recorder %s on %s was not looked for: %s", segment, channel, error)

    async def _known(self, command: StopRecorder | MuteRecorder | UnmuteRecorder) -> Recorder | None:
        """Once its start, should that still wait for the channel's format, is on its way."""
        if self._book.of(command.segment) is None and self._formats.known(command.channel) is None:
            await self._formats.ask(command.channel)
        return self._book.of(command.segment)

    def _expected(self, command: StartRecorder, *, is_wide: bool) -> Recorder:
        path = f"{command.path}16" if is_wide and command.path.endswith(".wav") else command.path
        recorder = Recorder(
            segment=command.segment,
            channel=command.channel,
            path=path,
            sample_rate=WIDEBAND_RATE if path.endswith(".wav16") else 8000,
            heard=command.heard,
            id_variable=variable(command.segment, path),
            asked_at=self._clock.now(),
        )
        self._book.add(recorder)
        if self._files is not None:
            self._files.expect(recorder)
        return recorder

    async def _verify(self, recorder: Recorder) -> None:
        patience = self._patience_seconds
        deadline = self._clock.now() + patience
        # Nobody tells of the first file in a folder that the PBX has made for it.
        pause = _FIRST_LOOK_SECONDS if "/" in recorder.path else _LOOK_SECONDS
        while not recorder.is_proved and (now := self._clock.now()) < deadline:
            await self._clock.sleep_until(min(now + pause, deadline))
            pause = min(2 * pause, _LOOK_SECONDS)
            if not recorder.is_proved:
                await self._look_at(recorder)
        if recorder.is_proved:
            self._patience_seconds = FIRST_PATIENCE_SECONDS
        else:
            self._patience_seconds = NEXT_PATIENCE_SECONDS
            await self._give_back(recorder, patience)

    async def _look_at(self, recorder: Recorder) -> None:
        if self._files is not None:
            await self._files.look_at((recorder,))
        if self._is_unsaid(recorder):
            self._book.start_unsaid(recorder, self._clock.now())

    async def _give_back(self, recorder: Recorder, patience: float) -> None:
        reason = "Asterisk said yes, but never that it began"
        if self._files is not None:
            reason = self._files.why_absent(recorder.path, patience)
        self._book.remove(recorder)
        self._refuse(recorder.segment, reason)
        try:
            await self._stop(recorder.channel, recorder.monitor_id)
        except (PbxRefused, PbxUnreachable, TimeoutError) as error:
            _log.debug("recorder %s was not stopped: %s", recorder.segment, error)

    def _is_unsaid(self, recorder: Recorder) -> bool:
        is_late = recorder.asked_at + _START_EVENT_SECONDS <= self._clock.now()
        return is_late and (recorder.is_on_disk or self._files is None)

    async def _stop(self, channel: ChannelId, monitor_id: str) -> None:
        if not monitor_id:
            raise PbxRefused(f"{channel} has a recorder whose MixMonitorID nobody knows: it runs until the call ends")
        await self._ami.act("StopMixMonitor", {"Channel": channel, "MixMonitorID": monitor_id}, ANSWER_SECONDS)

    async def _id_of(self, recorder: Recorder) -> str:
        if not recorder.id_variable:
            return ""
        fields = {"Channel": recorder.channel, "Variable": recorder.id_variable}
        recorder.monitor_id = (await self._ami.act("Getvar", fields, ANSWER_SECONDS)).get("Value")
        return recorder.monitor_id

    async def _mark_stopped(self, recorder: Recorder) -> None:
        """Where nobody sees the file, the variable says after a restart that the recorder runs no more."""
        fields = {"Channel": recorder.channel, "Variable": recorder.id_variable, "Value": ""}
        try:
            await self._ami.act("Setvar", fields, ANSWER_SECONDS)
        except (PbxRefused, PbxUnreachable, TimeoutError) as error:
            _log.debug("%s keeps its variable: %s", recorder.channel, error)

    def _refuse(self, segment: SegmentId, reason: str) -> None:
        self._give_up(segment)
        self._tell(self._clock.now(), RecorderRefused(segment=segment, reason=reason))

    async def _timed_out(self, segment: SegmentId, asked_at: Moment) -> None:
        """Not before its time, though the connection is gone: it may be back by then, and tell that it was obeyed."""
        await self._clock.sleep_until(asked_at + ANSWER_SECONDS)
        if self._book.of(segment) is None:
            self._give_up(segment)
        self._tell(self._clock.now(), CommandTimedOut(segment=segment))

    def _give_up(self, segment: SegmentId) -> None:
        self._given_up[segment] = None
        if len(self._given_up) > _REMEMBERED_FAILURES:
            self._given_up.popitem(last=False)
