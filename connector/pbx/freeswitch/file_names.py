"""How a recorder is named on FreeSWITCH: its file, and the commands that start, mute and stop it. Pure.

The house's name of a file holds the segment: so that `uuid_buglist` tells, after any restart of ours, which recorder
runs on which leg, and nobody has to keep a book of it.
"""

import re
from dataclasses import dataclass
from typing import Final

from connector.domain.ids import ChannelId, SegmentId
from connector.domain.recording import Heard
from connector.errors import PbxRefused

#: Comes back in RECORD_START and RECORD_STOP as Recording-Variable-callreel_segment.
SEGMENT_VARIABLE: Final = "callreel_segment"
WIDEBAND_RATE: Final = 16000
NARROWBAND_RATE: Final = 8000
_ENDING = ".wav"
_OURS = re.compile(r"[^/_]_([A-Za-z0-9-]+)_[rt]x\.wav$")

_PLAIN = re.compile(r"[A-Za-z0-9_./@=+~-]+")
#: A leg's uuid may be anybody's invention (origination_uuid).
_CHANNEL = re.compile(r"[A-Za-z0-9_.:@=+~-]+")
#: What uuid_record or the words of a command take apart in a folder's name.
_TAKEN_APART = re.compile(r"[\s\0'\"\\,;{}\[\]()<>&|$%^!*?`]")
_SOUND = re.compile(r"tone_stream://[\w%(),.;=-]+|[\w./+~@-]+", re.ASCII)
#: What the dialplan may have set on the leg for recordings of its own must not reach ours: RECORD_APPEND and
#: RECORD_MIN_SEC throw short files away, the errors of one must not hang up the call.
_OURS_ALONE = "RECORD_APPEND=false,RECORD_MIN_SEC=0,RECORD_HANGUP_ON_ERROR=false,enable_file_write_buffering=false"
_HEARD = {
    # Without a pre-buffer: with it a recording of less than half a second is thrown away as empty.
    Heard.RX: "RECORD_READ_ONLY=true,RECORD_STEREO=false,RECORD_STEREO_SWAP=false,RECORD_PRE_BUFFER_FRAMES=0",
    # A write-only file has no clock: two channels, of which the first is what the leg heard.
    Heard.TX: "RECORD_STEREO=true,RECORD_STEREO_SWAP=true,RECORD_READ_ONLY=false,RECORD_WRITE_ONLY=false",
}
#: The sound that every PBX has under that name.
_TONES = {"beep": "tone_stream://%(200,0,1400)"}


def spool_trouble(spool: str) -> str:
    """Why recorders cannot write to that folder, whatever its rights; "" when they can."""
    if not spool.startswith("/"):
        return f"the spool folder {spool!r} is no absolute path: FreeSWITCH would look below its own"
    found = _TAKEN_APART.search(spool)
    if found:
        return f"the spool folder {spool!r} has {found[0]!r} in its name, which uuid_record takes apart: choose another"
    return ""


def why_not(path: str, segment: SegmentId, channel: ChannelId) -> str:
    """Why FreeSWITCH would not take these names as they stand; "" when it does."""
    if not _PLAIN.fullmatch(path) or path.startswith("/") or ".." in path.split("/"):
        return f"{path!r} is no plain path: letters, digits and / . _ @ = + ~ - only, below the spool folder"
    if segment_in(path) != segment:
        return f"{path!r} does not tell its segment {segment!r}: after a restart nobody would know whose it is"
    if not is_leg(channel):
        return f"{channel!r} is no plain uuid of a leg: what sets origination_uuid must set letters, digits and - only"
    return ""


def is_leg(uuid: str) -> bool:
    """Whether it can stand in a command."""
    return bool(_CHANNEL.fullmatch(uuid))


@dataclass(frozen=True, slots=True)
class Named:
    segment: SegmentId
    #: As it is really written, relative to the spool.
    path: str


def named(file: str, spool: str) -> Named | None:
    """None for a file that is not ours; `file` is absolute, as FreeSWITCH tells it."""
    folder = spool.rstrip("/") + "/"
    path = file.removeprefix(folder)
    segment = segment_in(path)
    is_ours = file.startswith(folder) and segment is not None and bool(_PLAIN.fullmatch(path))
    return Named(segment, path) if is_ours and segment is not None else None


def segment_in(path: str) -> SegmentId | None:
    """The house names a file for its recording, its segment and what is heard in it."""
    found = _OURS.search(path)
    return SegmentId(found[1]) if found else None


def started(channel: ChannelId, file: str, heard: Heard, rate: int, segment: SegmentId) -> str:
    """The command that starts it. The limit is always given: without it the options are silently taken for one."""
    options = f"{_HEARD[heard]},{_OURS_ALONE},record_sample_rate={rate},{SEGMENT_VARIABLE}={segment}"
    return f"uuid_record {channel} start {file} 0 {{{options}}}"


def stopped(channel: ChannelId, file: str) -> str:
    return f"uuid_record {channel} stop {file}"


def masked(channel: ChannelId, file: str) -> str:
    """Silence is written, the time goes on."""
    return f"uuid_record {channel} mask {file}"


def unmasked(channel: ChannelId, file: str) -> str:
    return f"uuid_record {channel} unmask {file}"


def played(channel: ChannelId, sound: str) -> str:
    """Mixed into what that party hears: the bridge goes on, the other party and our recorder of this one hear nothing
    of it. Raises PbxRefused for what is no name of a sound: others, like shell_stream://, could be more than that."""
    known = _TONES.get(sound, sound)
    if not _SOUND.fullmatch(known) or not is_leg(channel):
        raise PbxRefused(
            f"{sound!r} is no name of a sound: a path of letters, digits and / . _ + ~ @ - only, or a tone"
        )
    last = known.rpartition("/")[2]
    ending = "" if "://" in known or "." in last else _ENDING
    return f"uuid_displace {channel} start {known}{ending} 0 mux"
