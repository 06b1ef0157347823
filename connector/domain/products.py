"""What is made of a recording by its options, and the words in its files' tags. Defaults stand here once."""

import json
from collections.abc import Sequence

from connector.domain.call import Call, CallKind
from connector.domain.ids import RecordingId
from connector.domain.options import AudioFormat, ChannelLayout, RecordingOptions
from connector.domain.recording import ArtefactKind, ChannelLabel, Recording
from connector.domain.states import RecordingState
from connector.domain.transcript import TRANSCRIBING

DEFAULT_FORMAT = AudioFormat.MP3
DEFAULT_LAYOUT = ChannelLayout.BOTH

#: How many channels a file of the format can have: what libsndfile writes, what players and ffmpeg read.
_MOST_CHANNELS = {AudioFormat.MP3: 2, AudioFormat.FLAC: 8, AudioFormat.OPUS: 64}
#: The work that brings a recording's sound where it belongs.
SHIPPING = "ship"
#: The work that deletes the file of a transcript whose days are over, while its sound stays.
WITHDRAWING = "withdraw"
_KINDS = {
    ChannelLayout.MONO: (ArtefactKind.MONO,),
    ChannelLayout.STEREO: (ArtefactKind.STEREO,),
    ChannelLayout.BOTH: (ArtefactKind.MONO, ArtefactKind.STEREO),
}


def audio_format(options: RecordingOptions) -> AudioFormat:
    return options.format or DEFAULT_FORMAT


def artefact_format(options: RecordingOptions, kind: ArtefactKind, rows: int) -> AudioFormat:
    """As wished, but WAV for more participants than the format has channels."""
    wished = audio_format(options)
    is_too_wide = kind is ArtefactKind.PARTICIPANTS and rows > _MOST_CHANNELS.get(wished, rows)
    return AudioFormat.WAV if is_too_wide else wished


def kinds(options: RecordingOptions, call: CallKind = CallKind.CALL) -> tuple[ArtefactKind, ...]:
    """The files to make, the one that a plain link means first. A conference has no left and right: always a mix."""
    if call is CallKind.CONFERENCE:
        return (ArtefactKind.MONO, *((ArtefactKind.PARTICIPANTS,) if options.separate else ()))
    separate = (ArtefactKind.LEFT, ArtefactKind.RIGHT) if options.separate else ()
    return _KINDS[options.channels or DEFAULT_LAYOUT] + separate


def peaks_path(id: RecordingId) -> str:
    """Where the picture of its sound lies, below the folder that rendering works in."""
    return f"peaks/{id[:2]}/{id}.peaks"


def wants_transcript(options: RecordingOptions) -> bool:
    return bool(options.transcription.enabled)


def keeps_sound(options: RecordingOptions) -> bool:
    """Whether its sound goes to destinations. Without a transcript it always does: something has to be left."""
    return not wants_transcript(options) or options.transcription.keep_sound is not False


def next_work(recording: Recording) -> str:
    """What falls due of it so that it goes on. What is only heard is shipped as well, once its words are there."""
    is_to_be_heard = recording.state in {RecordingState.CAPTURED, RecordingState.FAILED_RENDER}
    return TRANSCRIBING if is_to_be_heard and not keeps_sound(recording.options) else SHIPPING


def works(options: RecordingOptions) -> tuple[str, ...]:
    """What falls due of it once it is CAPTURED."""
    return (
        *((SHIPPING,) if keeps_sound(options) else ()),
        *((TRANSCRIBING,) if wants_transcript(options) else ()),
    )


def tags(recording: Recording, call: Call, channels: Sequence[ChannelLabel]) -> dict[str, str]:
    """What a player shows, and the channel map for whoever finds the file without the catalogue."""
    people = call.conference or " – ".join(label.party or label.role for label in channels)
    labels = [{"index": label.index, "role": label.role, "party": label.party} for label in channels]
    return {
        "title": people,
        "artist": call.agent_name or call.agent_id or call.organisation,
        "album": call.organisation,
        "comment": json.dumps({"recording": recording.id, "call": call.id, "channels": labels}, ensure_ascii=False),
    }
