"""What a sender may say of a transcript, in every spelling, and what falls due for it when the call is over."""

import pytest

from connector.domain.instruction import options_text, recording_options
from connector.domain.options import RecordingOptions, TranscriptionOptions
from connector.domain.products import keeps_sound, wants_transcript, works
from connector.domain.states import RecordingState
from connector.errors import IllegalInstruction
from tests.unit.domain.offices import policies
from tests.unit.domain.stage import Stage, a_stage
from tests.unit.domain.stories import an_inbound_call
from tests.unit.domain.test_conferences import a_meeting

WHOLE = TranscriptionOptions(enabled=True, locale="en-GB", engine="cloud", mask_digits=True, keep_sound=False)
HEARD = TranscriptionOptions(enabled=True)
UNKEPT = TranscriptionOptions(enabled=True, keep_sound=False)


@pytest.mark.parametrize(
    "said",
    [
        {"enabled": True, "locale": "en-GB", "engine": "cloud", "maskDigits": True, "keepSound": False},
        {"isEnabled": "true", "Locale": "en_GB", "ENGINE": " cloud ", "mask_digits": "on", "keep-sound": "no"},
    ],
)
def test_it_is_understood_as_senders_write_it(said: dict[str, object]) -> None:
    assert recording_options({"transcriptionOptions": said}).transcription == WHOLE


def test_the_dialplan_says_it_in_pairs() -> None:
    names = {"enabled": "yes", "locale": "en-GB", "engine": "cloud", "maskDigits": "yes", "keepSound": "no"}
    line = ",".join(f"transcriptionOptions.{name}={value}" for name, value in names.items())
    assert options_text(line).transcription == WHOLE


@pytest.mark.parametrize("locale", ["en", "de-DE", "yue", "zh-Hans-CN", "es-419", "sl-rozaj-biske-1994"])
def test_a_language_is_one_as_everybody_writes_them(locale: str) -> None:
    assert options_text(f"transcriptionOptions.locale={locale}").transcription.locale == locale


def test_an_empty_language_lets_the_engine_find_out_whatever_the_rules_say() -> None:
    said = options_text("transcriptionOptions.locale=").over(RecordingOptions(transcription=WHOLE))
    assert said.transcription.locale == ""
    unsaid = recording_options({"transcriptionOptions": {"locale": None}}).over(RecordingOptions(transcription=WHOLE))
    assert unsaid.transcription.locale == "en-GB"


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"locale": "english"}, "locale: 'english' is no language: write it like en or en-GB"),
        ({"locale": "e"}, "no language"),
        ({"locale": "en-"}, "no language"),
        ({"locale": "en-GB-x-y-z"}, "no language"),
        ({"locale": True}, "a text is wanted"),
        ({"engine": "sk-abc/def"}, "a name from the configuration is wanted"),
        ({"maskDigits": "some"}, "maskDigits: 'some' is neither true nor false"),
        ({"keepSounds": False}, "there is no 'keepSounds' in it; did you mean keepSound?"),
        ({"zzz": 1}, "known are enabled, isEnabled, locale, engine, maskDigits, keepSound"),
        ({"keepSound": True, "keep_sound": True}, "keep_sound is said twice"),
    ],
)
def test_what_cannot_be_is_refused_and_named(said: dict[str, object], why: str) -> None:
    with pytest.raises(IllegalInstruction, match="recording option transcriptionOptions") as refusal:
        recording_options({"transcriptionOptions": said})
    assert why in str(refusal.value)


def test_each_level_says_what_it_wants_and_leaves_the_rest() -> None:
    below = TranscriptionOptions(enabled=True, engine="local", keep_sound=True)
    said = TranscriptionOptions(engine="cloud", keep_sound=False).over(below)
    assert said == TranscriptionOptions(enabled=True, engine="cloud", keep_sound=False)


@pytest.mark.parametrize(
    ("transcription", "due"),
    [
        (TranscriptionOptions(), ("ship",)),
        (TranscriptionOptions(enabled=False, keep_sound=False), ("ship",)),
        (TranscriptionOptions(keep_sound=False), ("ship",)),
        (HEARD, ("ship", "transcribe")),
        (TranscriptionOptions(enabled=True, keep_sound=True), ("ship", "transcribe")),
        (UNKEPT, ("transcribe",)),
    ],
)
def test_a_sound_without_a_transcript_is_always_kept(transcription: TranscriptionOptions, due: tuple[str, ...]) -> None:
    options = RecordingOptions(transcription=transcription)
    assert works(options) == due
    assert (keeps_sound(options), wants_transcript(options)) == ("ship" in due, "transcribe" in due)


def work(stage: Stage) -> list[tuple[str, str, int, str | None]]:
    return [(due.kind, due.subject, due.attempt, due.node) for due in stage.dues]


def test_a_captured_call_falls_due_to_be_stored_and_to_be_heard() -> None:
    stage = a_stage(policies(transcription=HEARD)).play(an_inbound_call().talk(5).hangup().script())
    id = stage.recording.id
    assert stage.recording.state is RecordingState.CAPTURED
    assert work(stage) == [("ship", id, 1, "here"), ("transcribe", id, 1, "here")]


def test_a_call_of_which_only_the_words_are_kept_is_not_stored() -> None:
    stage = a_stage(policies(transcription=UNKEPT)).play(an_inbound_call().talk(5).hangup().script())
    assert stage.recording.state is RecordingState.CAPTURED
    assert work(stage) == [("transcribe", stage.recording.id, 1, "here")]


def test_a_conference_is_heard_like_a_call() -> None:
    stage = a_stage(policies(transcription=HEARD)).play(a_meeting())
    assert [due.kind for due in stage.dues] == ["ship", "transcribe"]


def test_the_call_itself_can_ask_to_be_heard() -> None:
    story = an_inbound_call().ringing(2).instruct("options", options="transcriptionOptions.enabled=yes")
    stage = a_stage().play(story.talk(5).hangup().script())
    assert [due.kind for due in stage.dues] == ["ship", "transcribe"]


def test_a_call_that_nobody_answered_or_that_is_thrown_away_is_not_heard() -> None:
    rules = policies(transcription=HEARD)
    assert a_stage(rules).play(an_inbound_call().ringing(5).hangup().script()).dues == []
    story = an_inbound_call().talk(5).instruct("discard").talk(1).hangup()
    assert [due.kind for due in a_stage(rules).play(story.script()).dues] == ["remove"]
