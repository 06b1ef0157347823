"""Recording options as senders write them: Sinch's documents, the dialplan's lines, channel variables."""

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.domain.instruction import options_of, options_text, recording_options, wish, without_credentials
from connector.domain.option_values import OPTION_NAMES
from connector.domain.options import ChannelLayout, RecordingOptions, TranscriptionOptions
from connector.domain.policy import Wish
from connector.errors import IllegalInstruction

#: As in Sinch's page on recording.
SINCH = {
    "destinationUrl": "s3://my-s3-bucket",
    "credentials": "xyz_access_key:wrt_secret_key:eu-central-1",
    "format": "mp3",
    "notificationEvents": True,
    "transcriptionOptions": {"enabled": True, "locale": "en-US"},
}


def test_sinchs_own_example_is_read_once_its_credentials_are_put_away() -> None:
    rest, credentials = without_credentials(SINCH)
    assert credentials is not None
    assert credentials.reveal() == "xyz_access_key:wrt_secret_key:eu-central-1"
    options = recording_options({**rest, "credentials": "stored-7"})
    assert options == RecordingOptions(
        destination_url="s3://my-s3-bucket",
        credentials="stored-7",
        format=options.format,
        notification_events=True,
        transcription=TranscriptionOptions(enabled=True, locale="en-US"),
    )
    assert options.format == "mp3"


@pytest.mark.parametrize(
    "secret",
    [
        "xyz_access_key:wrt_secret_key:eu-central-1",
        "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4v==",
    ],
)
def test_credentials_that_are_no_name_never_get_into_options_nor_into_the_refusal(secret: str) -> None:
    with pytest.raises(IllegalInstruction) as refusal:
        recording_options({"credentials": secret})
    assert secret not in str(refusal.value)


def test_without_credentials_there_are_none() -> None:
    assert without_credentials({"format": "mp3"}) == ({"format": "mp3"}, None)
    rest, found = without_credentials({"Credentials": "a:b"})
    assert rest == {}
    assert found is not None
    with pytest.raises(IllegalInstruction, match="twice"):
        without_credentials({"credentials": "a", "CREDENTIALS": "b"})
    with pytest.raises(IllegalInstruction, match="text"):
        without_credentials({"credentials": 7})


def test_options_come_as_an_object_and_as_a_list_of_them() -> None:
    one = options_of({"format": "wav"})
    assert options_of([{"format": "wav"}]) == one
    assert options_of([{"format": "mp3", "beep": True}, {"format": "wav"}]) == RecordingOptions(
        format=one.format, beep=True
    )
    assert options_of([]) == RecordingOptions()
    for wrong in ("mp3", 3, None, [["format"]]):
        with pytest.raises(IllegalInstruction, match="object"):
            options_of(wrong)


@pytest.mark.parametrize("name", ["maxLength", "MaxLength", "MAXLENGTH", "max_length", "max-length", " maxlength "])
def test_names_are_the_same_in_any_case(name: str) -> None:
    assert recording_options({name: 60}).max_length_seconds == 60


@pytest.mark.parametrize(
    ("raw", "field", "value"),
    [
        ({"notificationEvents": "true"}, "notification_events", True),
        ({"notificationEvents": "False"}, "notification_events", False),
        ({"notificationEvents": False}, "notification_events", False),
        ({"transcriptionOptions": {"isEnabled": "true"}}, "transcription", TranscriptionOptions(enabled=True)),
        ({"transcriptionOptions": {"enabled": False}}, "transcription", TranscriptionOptions(enabled=False)),
        ({"transcriptionOptions": {"Locale": "de-DE"}}, "transcription", TranscriptionOptions(locale="de-DE")),
        ({"maxLength": "120s"}, "max_length_seconds", 120.0),
        ({"maxLength": "2m"}, "max_length_seconds", 120.0),
        ({"maxLength": "1h30m"}, "max_length_seconds", 5400.0),
        ({"maxLength": 90}, "max_length_seconds", 90.0),
        ({"pauseMax": "90"}, "pause_max_seconds", 90.0),
        ({"retentionDays": 1}, "retention_days", 1),
        ({"retentionDays": "3650"}, "retention_days", 3650),
        ({"retentionDays": "unlimited"}, "retention_days", 0),
        ({"retentionDays": "Unlimited"}, "retention_days", 0),
        ({"channels": "Stereo"}, "channels", ChannelLayout.STEREO),
        ({"tags": ["vip", "sales", "vip", ""]}, "tags", ("vip", "sales")),
        ({"tags": "vip|sales"}, "tags", ("vip", "sales")),
        ({"sampleRate": "16000"}, "sample_rate", 16000),
        ({"announce": ""}, "announce", ""),
        ({"announce": "callreel/disclosure"}, "announce", "callreel/disclosure"),
        ({"clientState": "a:b=c,d"}, "client_state", "a:b=c,d"),
        ({"destinationUrl": "azure://account/container/x.mp3"}, "destination_url", "azure://account/container/x.mp3"),
        ({"format": None}, "format", None),
    ],
)
def test_a_value_is_read_as_senders_write_it(raw: dict[str, object], field: str, value: object) -> None:
    assert getattr(recording_options(raw), field) == value


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("format", "mp4"),
        ("notificationEvents", "maybe"),
        ("maxLength", 0),
        ("maxLength", "0s"),
        ("maxLength", -1),
        ("maxLength", "soon"),
        ("maxLength", True),
        ("maxLength", float("inf")),
        ("maxLength", "9" * 39),
        ("retentionDays", 0),
        ("retentionDays", 3651),
        ("retentionDays", -1),
        ("retentionDays", 30.5),
        ("retentionDays", True),
        ("retentionDays", "forever"),
        ("sampleRate", 44100),
        ("bitrate", 4),
        ("destination", "a/b"),
        ("destination", "organisation:other"),
        ("destinationUrl", "file:///etc/passwd"),
        ("destinationUrl", "https://x.example.com/"),
        ("destinationUrl", "s3://KEY:SECRET@bucket/"),
        ("destinationUrl", "s3:bucket"),
        ("announce", "beep&custom/x"),
        ("announce", "../../etc/passwd"),
        ("announce", "x,y"),
        ("clientState", {"a": 1}),
        ("clientState", "x" * 5000),
        ("tags", {"a": 1}),
        ("tags", ["x" * 101]),
        ("transcriptionOptions", {"enable": True}),
        ("transcriptionOptions", {"enabled": True, "isEnabled": False}),
        ("transcriptionOptions", ["enabled"]),
        ("pauseBehavior", "mute"),
    ],
)
def test_a_value_that_cannot_be_is_refused_and_its_option_named(name: str, value: object) -> None:
    with pytest.raises(IllegalInstruction, match=f"recording option {name}"):
        recording_options({name: value})


@pytest.mark.parametrize("sign", ["\r", "\n", "\0"])
@pytest.mark.parametrize("name", ["clientState", "tags", "destination", "announce", "destinationUrl", "format"])
def test_line_ends_and_nul_are_refused_wherever_they_stand(name: str, sign: str) -> None:
    with pytest.raises(IllegalInstruction):
        recording_options({name: f"a{sign}b"})
    with pytest.raises(IllegalInstruction):
        options_text(json.dumps({name: f"a{sign}b"}))
    with pytest.raises(IllegalInstruction):
        options_text(f"{name}=a{sign}b")


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("formatt", "format"),
        ("retention", "retentionDays"),
        ("destinationURI", "destinationUrl"),
        ("pausMax", "pauseMax"),
    ],
)
def test_an_unknown_name_is_answered_with_the_nearest_one(name: str, meant: str) -> None:
    with pytest.raises(IllegalInstruction, match=f"did you mean {meant}\\?"):
        recording_options({name: "x"})


def test_a_name_like_none_is_answered_with_all_of_them() -> None:
    with pytest.raises(IllegalInstruction) as refusal:
        recording_options({"zzz": 1})
    assert all(name in str(refusal.value) for name in OPTION_NAMES)


def test_an_option_said_twice_is_refused() -> None:
    with pytest.raises(IllegalInstruction, match="twice"):
        recording_options({"maxLength": 60, "max_length": 90})
    with pytest.raises(IllegalInstruction, match="twice"):
        options_text("format=mp3,format=wav")
    with pytest.raises(IllegalInstruction, match="twice"):
        options_text('{"format": "mp3", "format": "wav"}')


# --- the dialplan -------------------------------------------------------------------------------------------------


def test_a_line_of_the_dialplan_is_pairs_or_json() -> None:
    options = RecordingOptions(destination="archive", tags=("vip",), retention_days=30)
    assert options_text("destination=archive,tags=vip,retentionDays=30") == options
    assert options_text(" destination = archive , tags = vip,retentionDays=30, ") == options
    assert options_text('{"destination":"archive","tags":["vip"],"retentionDays":30}') == options
    assert options_text('[{"destination":"archive","tags":"vip","retentionDays":30}]') == options
    assert options_text("") == options_text("  ") == RecordingOptions()


def test_transcription_can_be_said_in_pairs() -> None:
    wanted = TranscriptionOptions(enabled=True, locale="en-GB")
    line = "transcriptionOptions.enabled=yes,transcriptionOptions.locale=en-GB"
    assert options_text(line).transcription == wanted
    assert options_text("transcriptionOptions=yes").transcription == TranscriptionOptions(enabled=True)
    with pytest.raises(IllegalInstruction, match="twice"):
        options_text("transcriptionOptions=yes,transcriptionOptions.locale=en-GB")


@pytest.mark.parametrize(
    "broken",
    [
        # What Gosub leaves of {"destination":"archive","retentionDays":30}: two arguments.
        '{"destination":"archive"',
        '"retentionDays":30}',
        # What AGI leaves of it: no quotes.
        "{destination:archive,retentionDays:30}",
        "{",
        "[1",
        '{"maxLength": NaN}',
        "[" * 5000,
    ],
)
def test_broken_json_is_answered_with_where_json_survives(broken: str) -> None:
    with pytest.raises(IllegalInstruction, match="channel variable CALLREEL_OPTIONS"):
        options_text(broken)


def test_a_word_alone_is_answered_with_how_to_write_it() -> None:
    with pytest.raises(IllegalInstruction, match="'archive' has no value: write name=value"):
        options_text("archive")


@given(st.text(max_size=60))
def test_any_text_is_options_or_refused_and_nothing_else(text: str) -> None:
    with suppress(IllegalInstruction):
        assert isinstance(options_text(text), RecordingOptions)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@given(st.dictionaries(st.sampled_from(OPTION_NAMES) | st.text(max_size=8), _JSON, max_size=4))
def test_any_object_is_options_or_refused_and_nothing_else(raw: dict[str, Any]) -> None:
    with suppress(IllegalInstruction):
        assert isinstance(options_of(raw), RecordingOptions)


# --- the call's own wish ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "record"),
    [
        ("yes", True),
        ("YES", True),
        ("1", True),
        ("true", True),
        ("no", False),
        ("0", False),
        ("off", False),
        ("dontcare", None),
    ],
)
@pytest.mark.parametrize("name", ["CALLREEL", "callreel_record", "_CALLREEL", "__CALLREEL"])
def test_a_channel_variable_says_whether(name: str, value: str, record: bool | None) -> None:
    assert wish({name: value}).record is record
    assert wish({name: value}).by == name.lstrip("_")
    assert not wish({name: value}).trouble


def test_a_call_without_our_variables_wishes_nothing() -> None:
    assert wish({}) == wish({"CALLREEL": " ", "OTHER": "yes"}) == Wish()


@pytest.mark.parametrize("name", ["CALLREEL_OPTIONS", "callreel_options"])
def test_a_channel_variable_says_how(name: str) -> None:
    assert wish({name: '{"destination":"archive","retentionDays":30}'}).options == RecordingOptions(
        destination="archive", retention_days=30
    )


def test_what_cannot_be_read_is_told_and_the_rest_of_the_wish_stays() -> None:
    broken = wish({"CALLREEL": "no", "CALLREEL_OPTIONS": "{destination"})
    assert broken.record is False
    assert broken.options == RecordingOptions()
    assert "CALLREEL_OPTIONS" in broken.trouble
    unsaid = wish({"CALLREEL": "perhaps", "CALLREEL_OPTIONS": "format=wav"})
    assert unsaid.record is None
    assert unsaid.options.format == "wav"
    assert "perhaps" in unsaid.trouble


@given(st.dictionaries(st.sampled_from(["CALLREEL", "CALLREEL_OPTIONS", "callreel_record"]), st.text(max_size=40)))
def test_a_wish_never_breaks_the_call(variables: dict[str, str]) -> None:
    assert isinstance(wish(variables), Wish)
