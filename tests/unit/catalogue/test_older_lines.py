"""What an older version wrote into journal and catalogue, before recordings could say as much of their transcripts."""

import json

from connector.catalogue import codec
from connector.catalogue.codec import decoded, encoded
from connector.domain.call import Wanted
from connector.domain.conversation import Conversation
from connector.domain.options import RecordingOptions, TranscriptionOptions
from connector.domain.recording import Recording
from connector.domain.rulings import Rulings
from tests.builders import MORNING, a_call, a_leg, a_recording
from tests.unit.domain.offices import a_directory, policies

NEW_FIELDS = ("engine", "mask_digits", "keep_sound")
SAID = RecordingOptions(transcription=TranscriptionOptions(enabled=True, locale="en-GB"))


def without_new_fields(options: dict[str, dict[str, object]]) -> dict[str, dict[str, object]]:
    old = {name: value for name, value in options["transcription"].items() if name not in NEW_FIELDS}
    assert set(old) == {"enabled", "locale"}
    return options | {"transcription": old}


def test_a_journal_line_of_before_is_read_as_it_was_meant() -> None:
    recording = a_recording(options=SAID)
    ((kind, facts),) = json.loads(encoded([recording]))
    old = json.dumps([[kind, facts | {"options": without_new_fields(facts["options"])}]]).encode()
    assert decoded(old) == (recording,)


def test_a_row_of_before_is_read_as_it_was_meant() -> None:
    recording = a_recording(options=SAID)
    row = codec.RECORDING.row(recording)
    old = without_new_fields(json.loads(str(row["options"])))
    assert codec.RECORDING.thing(row | {"options": json.dumps(old)}) == recording


def test_what_is_said_now_comes_back_from_both() -> None:
    whole = TranscriptionOptions(enabled=True, locale="", engine="cloud", mask_digits=False, keep_sound=False)
    recording = a_recording(options=RecordingOptions(transcription=whole))
    (read,) = decoded(encoded([recording]))
    assert isinstance(read, Recording)
    assert read == codec.RECORDING.thing(codec.RECORDING.row(recording)) == recording
    assert read.options.transcription.keep_sound is False


def test_a_call_that_an_older_version_took_goes_on_and_says_what_it_could_not_read() -> None:
    """Its options are text: what was a language then is none now."""
    asked = Wanted(by="dialplan", options="transcriptionOptions.locale=english")
    conversation = Conversation(call=a_call(legs=(a_leg(),), wanted=asked))
    ruling = Rulings(a_directory(), policies()).of(conversation, MORNING)
    assert ruling.verdict.record
    assert "no language" in ruling.verdict.reason
