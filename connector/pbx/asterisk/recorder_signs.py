"""What Asterisk's events say of recorders, put into the book: started, stopped, begun by the dialplan, hung up.

Synchronous; knows the events' fields, sends nothing.
"""

from collections.abc import Callable

from connector.domain.ids import ChannelId, Moment, SegmentId
from connector.pbx.asterisk import must_files
from connector.pbx.asterisk.ami_message import AmiMessage
from connector.pbx.asterisk.book import Book, Recorder
from connector.pbx.asterisk.census import found_recorder
from connector.pbx.asterisk.recorder_names import VARIABLE, named


class RecorderSigns:
    """`strayed`: a recorder that is in no book shows up. `found`: one of the dialplan's is in the book now."""

    def __init__(
        self,
        pbx: str,
        book: Book,
        strayed: Callable[[ChannelId, SegmentId], None],
        found: Callable[[Recorder], None],
    ) -> None:
        self._pbx = pbx
        self._book = book
        self._strayed = strayed
        self._found = found
        #: The wire is silent from a hangup's request on; what the dialplan does then (`h`) is none of the call.
        self._hangup_asked_at: dict[ChannelId, Moment] = {}
        #: Of a recorder that nobody here asked for: the dialplan says afterwards what it is.
        self._last_start: dict[ChannelId, Moment] = {}
        self._readers: dict[str, Callable[[ChannelId, AmiMessage, Moment], None]] = {
            "MixMonitorStart": self._started,
            "MixMonitorStop": self._stopped,
            "VarSet": self._variable_set,
            "HangupRequest": self._hangup_asked,
            "Hangup": self._hung_up,
        }

    def read(self, message: AmiMessage, at: Moment) -> None:
        reader = self._readers.get(message.event)
        if reader is not None:
            reader(ChannelId(message.get("Uniqueid")), message, at)

    def forget(self) -> None:
        """What was going on when the connection broke."""
        self._hangup_asked_at.clear()
        self._last_start.clear()

    def _started(self, channel: ChannelId, _: AmiMessage, at: Moment) -> None:
        if not self._book.monitor_started(channel, at):
            self._last_start[channel] = at

    def _stopped(self, channel: ChannelId, _: AmiMessage, at: Moment) -> None:
        self._book.monitor_stopped(channel, at)

    def _hangup_asked(self, channel: ChannelId, _: AmiMessage, at: Moment) -> None:
        if self._book.on(channel):
            self._hangup_asked_at.setdefault(channel, at)

    def _hung_up(self, channel: ChannelId, _: AmiMessage, at: Moment) -> None:
        self._last_start.pop(channel, None)
        self._book.channel_ended(channel, self._hangup_asked_at.pop(channel, at))

    def _variable_set(self, channel: ChannelId, message: AmiMessage, at: Moment) -> None:
        # Set to be inherited, it is told with its underscores.
        name = message.get("Variable").lstrip("_")
        if name.startswith(VARIABLE):
            told = named(name)
            if told is not None and self._book.of(told.segment) is not None:
                self._book.id_told(channel, told.segment, message.get("Value"))
            elif told is not None and message.get("Value"):
                self._strayed(channel, told.segment)
        elif name == must_files.VARIABLE:
            self._begun_by_dialplan(channel, message, at)

    def _begun_by_dialplan(self, channel: ChannelId, message: AmiMessage, at: Moment) -> None:
        wanted = must_files.must_recorder(message.get("Value"))
        if wanted is None or not wanted.is_on(channel) or self._book.at(wanted.file.path) is not None:
            return
        recorder = found_recorder(self._pbx, message, wanted, at)
        recorder.started_at = self._last_start.get(channel, at)
        self._book.add(recorder)
        self._found(recorder)
