"""How the dialplan's own recorders ("must record") are named: by dialplan/asterisk/callreel.conf, which says why. Pure.

must_UNIQUEID~LINKEDID~START_rx.wav, .wav16 for a wideband phone. Nothing in it comes from a caller.
"""

import re
from dataclasses import dataclass

from connector.domain.ids import ChannelId, Moment
from connector.domain.recording import Heard

PREFIX = "must_"
#: What the dialplan notes beside the sound, under the same name.
NOTES = ".txt"
#: Set on the channel: FILE|NAME OF THE VARIABLE WITH THE MIXMONITORID|START.
VARIABLE = "CALLREEL_MUST"

_PLAIN = r"[0-9A-Za-z+.@=-]+"
#: What the dialplan leaves out of names.
_UNNAMED = re.compile(r"[^0-9A-Za-z+.@=-]")
_FILE = re.compile(rf"{PREFIX}({_PLAIN})~({_PLAIN})~([0-9]+(?:\.[0-9]+)?)_(rx|tx)\.wav(16)?")


@dataclass(frozen=True, slots=True)
class MustFile:
    path: str
    channel: ChannelId
    linked: str
    started_at: Moment
    heard: Heard
    sample_rate: int

    @property
    def notes(self) -> str:
        return self.path.rpartition(".")[0] + NOTES


def must_file(path: str) -> MustFile | None:
    """None for every other file."""
    found = _FILE.fullmatch(path)
    if found is None:
        return None
    channel, linked, start, heard, wide = found.groups()
    return MustFile(path, ChannelId(channel), linked, float(start), Heard(heard), 16000 if wide else 8000)


@dataclass(frozen=True, slots=True)
class MustRecorder:
    """What the channel's variable tells."""

    file: MustFile
    id_variable: str

    def is_on(self, channel: ChannelId) -> bool:
        """Channels that are dialled may inherit the variable: the recorder is on the one that the file is named for."""
        return _UNNAMED.sub("", channel) == self.file.channel


def must_recorder(value: str) -> MustRecorder | None:
    """None when the value names no file of such a recorder."""
    path, _, rest = value.partition("|")
    file = must_file(path)
    return MustRecorder(file, rest.partition("|")[0]) if file is not None else None
