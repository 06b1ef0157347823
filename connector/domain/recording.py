"""A recording and the segments the PBX writes for it; afterwards the artefacts made of them and their deliveries."""

from dataclasses import dataclass
from enum import StrEnum

from connector.domain.call import Role, Side, Span
from connector.domain.ids import CallId, ChannelId, Moment, RecordingId, SegmentId
from connector.domain.options import RecordingOptions
from connector.domain.states import DeliveryState, RecordingState

#: Why a segment ended whose file stood still while its phone spoke.
STALLED = "the file did not grow"
#: Why a segment ended whose file was written on, from another leg.
MOVED = "the PBX moved its recorder to another leg"
#: Of a segment that never was: it says since when one was missing.
MISSED = "nobody listened when its party came"


class Heard(StrEnum):
    """What a segment holds of its channel."""

    #: What the channel's own phone said. The truth.
    RX = "rx"
    #: What was played to the channel: only for matching shared sound, prompts and music.
    TX = "tx"


class SegmentState(StrEnum):
    WANTED = "wanted"
    RUNNING = "running"
    CLOSED = "closed"
    REFUSED = "refused"
    LOST = "lost"


@dataclass(frozen=True, slots=True, kw_only=True)
class FlushPoint:
    """At `at` (the PBX's clock) the file held `frames` frames."""

    at: Moment
    frames: int
    #: Only a part of what it wanted to write was taken: its disk was full. What came then is lost.
    is_torn: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """One file that the PBX writes: one channel, one direction."""

    id: SegmentId
    recording_id: RecordingId
    call_id: CallId
    channel: ChannelId
    role: Role
    side: Side
    heard: Heard = Heard.RX
    #: Relative to the PBX's spool folder.
    path: str
    sample_rate: int = 8000
    state: SegmentState = SegmentState.WANTED
    reason: str = ""
    requested_at: Moment
    started_at: Moment | None = None
    stopped_at: Moment | None = None
    flushes: tuple[FlushPoint, ...] = ()
    holds: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """What was asked for and how far it is. A state names a durable fact; holds, pauses and gaps are columns."""

    id: RecordingId
    call_id: CallId
    organisation: str
    pbx: str
    node: str
    state: RecordingState = RecordingState.REQUESTED
    #: Why it is ABSENT, FAILED or REMOVED.
    reason: str = ""
    #: Why it was recorded: the rule or wish, in words.
    rule: str = ""
    options: RecordingOptions = RecordingOptions()
    destinations: tuple[str, ...] = ()
    requested_at: Moment
    started_at: Moment | None = None
    ended_at: Moment | None = None
    pauses: tuple[Span, ...] = ()


class ArtefactKind(StrEnum):
    MONO = "mono"
    STEREO = "stereo"
    LEFT = "left"
    RIGHT = "right"
    #: Of a conference: one channel for each participant.
    PARTICIPANTS = "participants"
    #: No sound: what the others are, as JSON.
    MANIFEST = "manifest"
    #: No sound either: who said what, in Sinch's form.
    TRANSCRIPT = "transcript"

    @property
    def is_sound(self) -> bool:
        return self not in {ArtefactKind.MANIFEST, ArtefactKind.TRANSCRIPT}


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """Time that no file holds, on the recording's clock, and how exactly its place is known."""

    side: Side
    #: Whose voice is missing; a side may be several people, in a conference it always is.
    party: str = ""
    start_seconds: float
    end_seconds: float
    uncertain_seconds: float = 0.0
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelLabel:
    """Which channel of the file is whom; published in the catalogue, in notifications and in the file's tags."""

    index: int
    role: Role
    party: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Levels:
    """How one channel sounds: shares between 0 and 1."""

    side: Side
    silence_ratio: float
    clipped_ratio: float
    peak: float
    is_silent: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Artefact:
    """A file that we made of a recording."""

    recording_id: RecordingId
    kind: ArtefactKind
    format: str
    #: Relative to the work folder of the node that made it.
    path: str
    size_bytes: int
    md5: str
    sha256: str
    duration_seconds: float
    sample_rate: int
    channels: tuple[ChannelLabel, ...]
    #: Counted from 1; only words are made anew.
    version: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendering:
    """What rendering a recording found out and made."""

    duration_seconds: float
    gaps: tuple[Gap, ...]
    channels: tuple[ChannelLabel, ...]
    levels: tuple[Levels, ...]
    is_partial: bool
    #: What was wrong with which source, in words.
    troubles: tuple[str, ...]
    artefacts: tuple[Artefact, ...]
    peaks_path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One artefact to one destination."""

    recording_id: RecordingId
    kind: ArtefactKind
    destination: str
    #: The destination that was down when this one took its place; empty for those that were wished for.
    stands_for: str = ""
    state: DeliveryState = DeliveryState.WAITING
    #: The destination as it was when the name was chosen, as the vault calls it.
    place: str = ""
    #: Chosen once and committed before the first byte; empty until then.
    object_name: str = ""
    url: str = ""
    reason: str = ""
    attempts: int = 0
    stored_at: Moment | None = None
    #: Of the artefact, as it lies there.
    version: int = 1

    @property
    def has_earlier(self) -> bool:
        """An earlier version lies there under its name until a newer one has taken its place."""
        return self.state is DeliveryState.WAITING and self.stored_at is not None
