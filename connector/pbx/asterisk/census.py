"""What `Status` with all variables tells of the recorders that run and of the channels under them. Pure."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from connector.domain.events import RecorderFound
from connector.domain.ids import ChannelId, Moment, found_segment_id
from connector.pbx.asterisk.ami_message import AmiMessage
from connector.pbx.asterisk.book import Recorder
from connector.pbx.asterisk.channel_names import device, known
from connector.pbx.asterisk.must_files import VARIABLE, MustRecorder, must_recorder
from connector.pbx.asterisk.recorder_names import heard_in, named, rate_of


@dataclass(frozen=True, slots=True)
class Counted:
    """A living channel and what its variables say."""

    channel: ChannelId
    native_formats: str
    recorders: tuple[Recorder, ...]


def counted(pbx: str, status: Iterable[AmiMessage], now: Moment) -> Iterator[Counted]:
    for message in status:
        channel = ChannelId(message.get("Uniqueid"))
        if channel:
            recorders = tuple(_recorders(pbx, message, channel, now))
            yield Counted(channel, message.get("Nativeformats"), recorders)


def _recorders(pbx: str, message: AmiMessage, channel: ChannelId, now: Moment) -> Iterator[Recorder]:
    variables = dict(text.partition("=")[::2] for text in message.all("Variable"))
    for name, value in variables.items():
        told = named(name)
        # Emptied by us where nobody sees the file: it was stopped.
        if told is not None and value:
            yield Recorder(
                segment=told.segment,
                channel=channel,
                path=told.path,
                sample_rate=rate_of(told.path),
                heard=heard_in(told.path),
                monitor_id=value,
                id_variable=name,
                asked_at=now,
            )
    wanted = must_recorder(variables.get(VARIABLE, ""))
    if wanted is not None and wanted.is_on(channel):
        yield found_recorder(pbx, message, wanted, now, variables.get(wanted.id_variable, ""))


def found_recorder(pbx: str, message: AmiMessage, wanted: MustRecorder, now: Moment, monitor_id: str = "") -> Recorder:
    """What the dialplan started on the channel that this message is about."""
    channel = ChannelId(message.get("Uniqueid"))
    found = RecorderFound(
        channel=channel,
        linked=message.get("Linkedid") or channel,
        path=wanted.file.path,
        sample_rate=wanted.file.sample_rate,
        heard=wanted.file.heard,
        number=known(message.get("CallerIDNum")),
        device=device(message.get("Channel")),
        dialled=message.get("Exten"),
        context=message.get("Context"),
    )
    return Recorder(
        segment=found_segment_id(pbx, wanted.file.path),
        channel=channel,
        path=wanted.file.path,
        sample_rate=wanted.file.sample_rate,
        heard=wanted.file.heard,
        monitor_id=monitor_id,
        id_variable=wanted.id_variable,
        asked_at=now,
        started_at=wanted.file.started_at,
        found=found,
    )
