"""How a recorder is named on Asterisk: its file, MixMonitor's options, the channel variable that tells of it. Pure.

The variable's name holds segment and file, its value the MixMonitorID: so that one `Status` tells, after any restart of
ours, which recorder runs on which channel and where it writes, and nobody has to keep a book of it.
"""

import re
import uuid
from dataclasses import dataclass

from connector.domain.ids import SegmentId
from connector.domain.recording import Heard

VARIABLE = "CALLREEL_REC_"
WIDEBAND_RATE = 16000

_PLAIN = re.compile(r"[A-Za-z0-9_./@=+~-]+")
#: What MixMonitor, its option parser or AMI would take apart in a folder's name.
_TAKEN_APART = re.compile(r"[\r\n\0,()|&\"'\\$^;]")
_WIDE = re.compile(r"g722|opus|silk(12|16|24)|siren|slin(12|16|24|32|44|48|96|192)|speex(16|32)|amrwb|evs")


def spool_trouble(spool: str) -> str:
    """Why recorders cannot write to that folder, whatever its rights; "" when they can."""
    if not spool.startswith("/"):
        return f"the spool folder {spool!r} is no absolute path: Asterisk would look below its own"
    found = _TAKEN_APART.search(spool)
    if found:
        return f"the spool folder {spool!r} has {found[0]!r} in its name, which MixMonitor takes apart: choose another"
    return ""


def is_plain(path: str) -> bool:
    """Whether MixMonitor takes that relative path as it stands, and it stays in the folder."""
    return bool(_PLAIN.fullmatch(path)) and not path.startswith("/") and ".." not in path.split("/")


def is_wideband(native_formats: str) -> bool:
    """Of CHANNEL(audionativeformat) or Nativeformats: "(g722)", "(ulaw|g722)"."""
    return bool(_WIDE.search(native_formats.lower()))


def variable(segment: SegmentId, path: str) -> str:
    return f"{VARIABLE}{segment.replace('-', '')}_{path}"


def options(heard: Heard, file: str, id_variable: str) -> str:
    # Without S the file of Asterisk 16 stands still while its own side sends nothing; 22 needs no S, and ignores it.
    return f"{'r' if heard is Heard.RX else 't'}({file})Si({id_variable})"


@dataclass(frozen=True, slots=True)
class Named:
    """What the name of a recorder's variable tells."""

    segment: SegmentId
    path: str


def named(variable_name: str) -> Named | None:
    """None for every other variable."""
    if not variable_name.startswith(VARIABLE):
        return None
    segment, _, path = variable_name.removeprefix(VARIABLE).partition("_")
    return Named(_segment(segment), path) if segment and is_plain(path) else None


def _segment(text: str) -> SegmentId:
    return SegmentId(str(uuid.UUID(text)) if re.fullmatch(r"[0-9a-f]{32}", text) else text)


def heard_in(path: str) -> Heard:
    return Heard.TX if path.rpartition(".")[0].endswith("_tx") else Heard.RX


def rate_of(path: str) -> int:
    return WIDEBAND_RATE if path.endswith(".wav16") else 8000
