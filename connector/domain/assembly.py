"""An assembly plan: which frames of which file go where, on one clock. Made by timeline, obeyed by audio."""

from dataclasses import dataclass

from connector.domain.call import Side
from connector.domain.recording import ChannelLabel, Gap


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """`frames` frames of `source`, from `source_frame` on, sound on `row` from frame `at_frame` of the plan's clock.

    Source frames count at the source's own rate, `at_frame` at the plan's rate. Pieces of different sources on one
    row may sound at the same time (two agents): they are added. Pieces of one source never overlap.
    """

    source: str
    source_rate: int
    source_frame: int
    frames: int
    row: int
    at_frame: int

    def frames_at(self, sample_rate: int) -> int:
        """How long the piece is at that rate, to the nearest frame."""
        return (self.frames * sample_rate + self.source_rate // 2) // self.source_rate


@dataclass(frozen=True, slots=True, kw_only=True)
class Blank:
    """Silence on all rows whatever the files hold: a pause."""

    start_frame: int
    end_frame: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AssemblyPlan:
    sample_rate: int
    #: The length of the result.
    frames: int
    pieces: tuple[Piece, ...]
    blanks: tuple[Blank, ...]
    gaps: tuple[Gap, ...]
    #: Whom each row is: its index is the channel in a file that keeps the rows apart.
    channels: tuple[ChannelLabel, ...]
    #: The side that each row is on. A call has one row a side, a conference one for each participant.
    sides: tuple[Side, ...] = (Side.LEFT, Side.RIGHT)
    #: Frames that the sources hold twice (two recorders of one channel overlapped) and that were used once.
    duplicate_frames: int = 0
    #: Frames of the sources that lie in a pause which is cut out of the clock.
    cut_frames: int = 0
