"""Recording options: what one recording should be like. Every field is None until somebody says something."""

from dataclasses import dataclass, fields, replace
from enum import StrEnum


class AudioFormat(StrEnum):
    MP3 = "mp3"
    WAV = "wav"
    FLAC = "flac"
    OPUS = "opus"


class PauseBehavior(StrEnum):
    #: Silence in place: the length stays.
    SILENCE = "silence"
    #: The pause is cut out.
    SKIP = "skip"


class Beginning(StrEnum):
    #: When two parties talk with each other.
    BRIDGE = "bridge"
    #: As soon as somebody has answered: voicemail, menus and announcements too.
    ANSWER = "answer"


class ChannelLayout(StrEnum):
    MONO = "mono"
    STEREO = "stereo"
    BOTH = "both"


@dataclass(frozen=True, slots=True, kw_only=True)
class TranscriptionOptions:
    enabled: bool | None = None
    #: As `en-GB`; None: the engine finds out.
    locale: str | None = None
    #: The name of a configured engine; None: the organisation's first, or the house's.
    engine: str | None = None
    #: Runs of digits are put out before anything is kept.
    mask_digits: bool | None = None
    #: False: when the transcript is there, the sound is deleted, and it goes to no destination.
    keep_sound: bool | None = None

    def over(self, lower: "TranscriptionOptions") -> "TranscriptionOptions":
        said = {field.name: value for field in fields(self) if (value := getattr(self, field.name)) is not None}
        return replace(lower, **said)


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """Who is to be recorded is asked, and answers with a key of the phone."""

    key: str
    #: Whether it is recorded while nobody has pressed the key; pressing it means the opposite.
    otherwise: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingOptions:
    """Sinch's options first, ours below; None means that the next level decides."""

    destination_url: str | None = None
    #: The NAME of stored credentials once a caller's own have been put away; never a secret itself.
    credentials: str | None = None
    format: AudioFormat | None = None
    notification_events: bool | None = None
    transcription: TranscriptionOptions = TranscriptionOptions()

    destination: str | None = None
    channels: ChannelLayout | None = None
    swap: bool | None = None
    #: One file for each channel beside the others.
    separate: bool | None = None
    prompts: bool | None = None
    record_from: Beginning | None = None
    max_length_seconds: float | None = None
    beep: bool | None = None
    announce: str | None = None
    #: None: nobody is asked.
    consent: Consent | None = None
    pause_behavior: PauseBehavior | None = None
    pause_max_seconds: float | None = None
    sample_rate: int | None = None
    #: kbit/s, for the formats that have one.
    bitrate: int | None = None
    client_state: str | None = None
    #: 0 = unlimited.
    retention_days: int | None = None
    #: None: the transcript goes with its recording.
    transcript_retention_days: int | None = None
    tags: tuple[str, ...] | None = None
    overwrite: bool | None = None

    def over(self, lower: "RecordingOptions") -> "RecordingOptions":
        """These options where they say something, `lower` where they do not."""
        said = {
            field.name: value
            for field in fields(self)
            if field.name != "transcription" and (value := getattr(self, field.name)) is not None
        }
        return replace(lower, transcription=self.transcription.over(lower.transcription), **said)
