"""Starts, masks and stops recorders by jobs, and sees to it that what was said to have started has.

FreeSWITCH's +OK is no proof: RECORD_START is, and the file where it can be seen here. Decides nothing about calls.
"""

import asyncio
import logging
from collections.abc import Callable
from typing import Protocol

from connector.domain.events import CallEvent, CommandTimedOut, RecorderClosed, RecorderRefused
from connector.domain.ids import ChannelId, Moment, SegmentId
from connector.domain.pbx_commands import MuteRecorder, StartRecorder, StopRecorder, UnmuteRecorder
from connector.errors import PbxRefused, PbxUnreachable
from connector.pbx.freeswitch import file_names, roll_call
from connector.pbx.freeswitch.census import RunningRecorder
from connector.pbx.freeswitch.recorders import Recorder, Recorders
from connector.pbx.freeswitch.spool_look import SpoolLook
from connector.ports.clock import Clock

#: Less than the Director waits: that FreeSWITCH says nothing is another thing than that it says no.
ANSWER_SECONDS = 1.4
PATIENCE_SECONDS = 1.9
_LOOK_SECONDS = 0.1
_ROOM_SECONDS = 1.0
_NO_ROOM = "the PBX could not begin its file: its disk was full"

_log = logging.getLogger(__name__)


class Obeys(roll_call.Asks, Protocol):
    """Of the event socket what is used here."""

    @property
    def is_up(self) -> bool: ...

    async def api(self, command: str, limit_seconds: float = ...) -> str: ...

    async def job(self, command: str, limit_seconds: float = ...) -> str: ...


class RecorderControl:
    """Every method is its own task: it may wait for the PBX, nobody waits for it."""

    def __init__(
        self,
        name: str,
        esl: Obeys,
        recorders: Recorders,
        look: SpoolLook,
        *,
        spool: str,
        rate_of: Callable[[ChannelId], int],
        clock: Clock,
        tell: Callable[[Moment, CallEvent], None],
        room_again: Callable[[], None],
    ) -> None:
        self._name = name
        self._esl = esl
        self._recorders = recorders
        self._look = look
        self._spool = spool.rstrip("/")
        self._spool_trouble = file_names.spool_trouble(spool)
        self._write_trouble = ""
        self._mask_trouble = ""
        self._move_trouble = ""
        self._rate_of = rate_of
        self._clock = clock
        self._tell = tell
        self._room_again = room_again
        self._waits_for_room = False

    @property
    def trouble(self) -> str:
        return self._spool_trouble or self._write_trouble or self._mask_trouble or self._move_trouble

    async def start(self, command: StartRecorder) -> None:
        why_not = self._spool_trouble or file_names.why_not(command.path, command.segment, command.channel)
        if why_not:
            self._refuse(command.segment, why_not)
            return
        recorder = self._expected(command)
        async with recorder.turn:
            try:
                await self._esl.job(self._started(recorder), ANSWER_SECONDS)
            except PbxRefused as error:
                if await self._is_for_lack_of_room(error):
                    await self._found_no_room(recorder)
                else:
                    self._refused(recorder, str(error))
            except (PbxUnreachable, TimeoutError):
                await self._unanswered(recorder)
            else:
                await self._verify(recorder, self._clock.now())

    async def stop(self, command: StopRecorder) -> None:
        asked_at = self._clock.now()
        recorder = self._recorders.of(command.segment)
        if recorder is None:
            if not self._recorders.has_ended(command.segment):
                await self.stop_stray(command.channel, command.segment)
            return
        recorder.is_stop_asked = True
        async with recorder.turn:
            if recorder.ended.is_set():
                return
            try:
                await self._esl.job(file_names.stopped(recorder.channel, self._file(recorder)), ANSWER_SECONDS)
            except PbxRefused as error:
                await self._not_stopped(recorder, error)
            except (PbxUnreachable, TimeoutError):
                recorder.is_stop_asked = False
                await self._timed_out(command.segment, asked_at)

    async def mute(self, command: MuteRecorder | UnmuteRecorder) -> None:
        """Once its start is proved. What was said until then is blanked later."""
        asked_at = self._clock.now()
        recorder = self._recorders.of(command.segment)
        if recorder is None:
            return
        words = file_names.masked if isinstance(command, MuteRecorder) else file_names.unmasked
        async with recorder.turn:
            if recorder.ended.is_set():
                return
            try:
                await self._esl.job(words(recorder.channel, self._file(recorder)), ANSWER_SECONDS)
            except PbxRefused as error:
                if not recorder.is_stop_asked and not recorder.ended.is_set():
                    self._not_masked(recorder, error)
            except (PbxUnreachable, TimeoutError):
                await self._timed_out(command.segment, asked_at)
            else:
                self._mask_trouble = ""

    async def stop_stray(self, channel: ChannelId, segment: SegmentId) -> None:
        """End a recorder that nobody knows any more, if it runs."""
        try:
            for running in await self._running_on(channel):
                if running.segment == segment:
                    await self._esl.job(file_names.stopped(channel, running.path), ANSWER_SECONDS)
        except (PbxRefused, PbxUnreachable, TimeoutError) as error:
            _log.debug("recorder %s on %s was not looked for: %s", segment, channel, error)

    async def pursue(self, recorder: Recorder, ended_at: Moment) -> None:
        """Its leg is gone, and it was not told to have ended. Where recording_follow_transfer is set, FreeSWITCH has
        moved it to somebody else's leg: what it writes there is nothing of this one's."""
        is_moved = False
        try:
            for moved in await roll_call.recorders(self._esl, self._spool):
                if moved.segment == recorder.segment:
                    is_moved = True
                    self._say_moved(moved)
                    await self._esl.job(file_names.stopped(moved.channel, moved.path), ANSWER_SECONDS)
        except (PbxRefused, PbxUnreachable, TimeoutError) as error:
            # FreeSWITCH has lost its name by then.
            _log.debug("recorder %s was not stopped: %s", recorder.segment, error)
        if not recorder.ended.is_set():
            self._close(recorder, ended_at, is_moved=is_moved)

    def _say_moved(self, moved: RunningRecorder) -> None:
        self._move_trouble = (
            f"PBX {self._name} moves recorders to other legs when a call is transferred; what they write there is cut "
            "off: unset recording_follow_transfer in the dialplan (callreel follows transfers by itself)"
        )
        facts = {"pbx": self._name, "segment_id": moved.segment, "channel": moved.channel, "hint": self._move_trouble}
        _log.warning("recorder moved to another leg", extra=facts)

    async def _running_on(self, channel: ChannelId) -> tuple[RunningRecorder, ...]:
        answer = await self._esl.api(f"uuid_buglist {channel}", ANSWER_SECONDS)
        return roll_call.recorders_on(channel, answer, self._spool)

    # Beginning

    def _expected(self, command: StartRecorder) -> Recorder:
        rate = self._rate_of(command.channel) or command.sample_rate
        recorder = Recorder(
            segment=command.segment,
            channel=command.channel,
            path=command.path,
            sample_rate=file_names.WIDEBAND_RATE if rate >= file_names.WIDEBAND_RATE else file_names.NARROWBAND_RATE,
            heard=command.heard,
            asked_at=self._clock.now(),
        )
        self._recorders.add(recorder)
        return recorder

    def _started(self, recorder: Recorder) -> str:
        return file_names.started(
            recorder.channel, self._file(recorder), recorder.heard, recorder.sample_rate, recorder.segment
        )

    async def _verify(self, recorder: Recorder, answered_at: Moment) -> None:
        deadline = recorder.asked_at + PATIENCE_SECONDS
        is_told = await self._soon(recorder.heard_of, deadline - self._clock.now())
        if not is_told and not self._esl.is_up:
            await self._unanswered(recorder)
            return
        if not is_told and not await self._runs_unsaid(recorder, answered_at):
            await self._give_back(recorder, "FreeSWITCH said yes, but not that it began: its log says why")
            return
        if await self._has_file(recorder, deadline):
            self._write_trouble = ""
            self._recorders.proved(recorder)
        elif not recorder.ended.is_set():
            self._write_trouble = (
                f"FreeSWITCH says that it writes {self._file(recorder)}, but there is no such file here: is the spool "
                "the same folder here as there?"
            )
            await self._give_back(recorder, self._write_trouble)

    async def _has_file(self, recorder: Recorder, deadline: Moment) -> bool:
        """A folder over the network may show it a little later."""
        while not await self._look.is_there(recorder.path):
            if self._clock.now() >= deadline or recorder.ended.is_set():
                return False
            await self._clock.sleep_until(min(self._clock.now() + _LOOK_SECONDS, deadline))
        return True

    async def _runs_unsaid(self, recorder: Recorder, answered_at: Moment) -> bool:
        """Its event may wait in a long queue."""
        try:
            runs = recorder.segment in {one.segment for one in await self._running_on(recorder.channel)}
        except (PbxRefused, PbxUnreachable, TimeoutError):
            return False
        return runs and self._recorders.record_start(recorder.segment, answered_at)

    async def _give_back(self, recorder: Recorder, reason: str) -> None:
        self._recorders.remove(recorder)
        self._refuse(recorder.segment, reason)
        await self.stop_stray(recorder.channel, recorder.segment)

    def _refused(self, recorder: Recorder, answer: str) -> None:
        self._recorders.remove(recorder)
        reason = answer
        if "locate session" in answer:
            reason = f"{answer} (the leg had hung up)"
        elif "Cannot record" in answer:
            reason = (
                f"{answer}: may FreeSWITCH's user write to {self._spool} (chown freeswitch), is it a folder, and has "
                "this leg sound that passes FreeSWITCH (no bypass_media)?"
            )
            self._write_trouble = f"PBX {self._name}: {reason}"
        self._refuse(recorder.segment, reason)

    async def _is_for_lack_of_room(self, error: PbxRefused) -> bool:
        """FreeSWITCH writes the head of a file at once, and says no when it cannot."""
        if "Cannot record" not in str(error):
            return False
        await self._look.look_around()
        return not self._look.has_room

    async def _found_no_room(self, recorder: Recorder) -> None:
        """That is no last word: who had no recorder gets one when there is room."""
        self._recorders.remove(recorder)
        await self._timed_out(recorder.segment, recorder.asked_at, _NO_ROOM)
        if self._waits_for_room:
            return
        self._waits_for_room = True
        while not self._look.has_room:
            await self._clock.sleep_until(self._clock.now() + _ROOM_SECONDS)
            await self._look.look_around()
        self._waits_for_room = False
        self._room_again()

    async def _unanswered(self, recorder: Recorder) -> None:
        """It may have begun all the same: then its event says so."""
        if recorder.started_at is not None and self._esl.is_up:
            await self._verify(recorder, recorder.started_at)
            return
        self._recorders.remove(recorder)
        await self._timed_out(recorder.segment, recorder.asked_at)

    def _refuse(self, segment: SegmentId, reason: str) -> None:
        self._recorders.give_up(segment)
        self._tell(self._clock.now(), RecorderRefused(segment=segment, reason=reason))

    # Ending

    async def _not_stopped(self, recorder: Recorder, error: PbxRefused) -> None:
        """Most likely it had ended, and its event is on the way; its leg is gone, or somebody else has moved it."""
        _log.debug("recorder %s was not stopped: %s", recorder.segment, error)
        if not await self._soon(recorder.ended, ANSWER_SECONDS):
            self._close(recorder, self._clock.now())

    def _close(self, recorder: Recorder, at: Moment, *, is_moved: bool = False) -> None:
        """Its end was never told."""
        self._recorders.remove(recorder)
        self._tell(at, RecorderClosed(segment=recorder.segment, is_moved=is_moved))

    async def _soon(self, sign: asyncio.Event, limit_seconds: float) -> bool:
        try:
            async with asyncio.timeout(limit_seconds):
                await sign.wait()
        except TimeoutError:
            return False
        return True

    def _not_masked(self, recorder: Recorder, error: PbxRefused) -> None:
        self._mask_trouble = (
            f"PBX {self._name} does not silence its files while a recording is paused ({error}): what was said is "
            "blanked later, but lies in the spool until then"
        )
        facts = {"pbx": self._name, "segment_id": recorder.segment, "hint": self._mask_trouble}
        _log.warning("recorder not masked or unmasked", extra=facts)

    async def _timed_out(self, segment: SegmentId, asked_at: Moment, reason: str = "") -> None:
        """Not before its time, though the connection is gone: it may be back by then, and tell that it was obeyed."""
        await self._clock.sleep_until(asked_at + ANSWER_SECONDS)
        if self._recorders.of(segment) is None:
            self._recorders.give_up(segment)
        self._tell(self._clock.now(), CommandTimedOut(segment=segment, reason=reason))

    def _file(self, recorder: Recorder) -> str:
        return f"{self._spool}/{recorder.path}"
