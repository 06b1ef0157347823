"""Object names: what administrators may write, what comes out, and that no caller leaves the folder."""

from dataclasses import fields, replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.domain.ids import CallId, RecordingId
from connector.domain.name_variables import BY_NAME, VARIABLES, SaidBy, cleaned
from connector.domain.object_names import DEFAULT_NAME, NameFacts, NameTemplate, plain_kind
from connector.domain.options import AudioFormat
from connector.domain.recording import ArtefactKind
from connector.errors import ConfigError

MONO, STEREO, LEFT, RIGHT, PARTICIPANTS, _, TRANSCRIPT = ArtefactKind
MP3, WAV, OPUS = AudioFormat.MP3, AudioFormat.WAV, AudioFormat.OPUS

FACTS = NameFacts(
    call_id=CallId("c-1"),
    recording_id=RecordingId("r-1"),
    organisation="acme.example.com",
    started_at=datetime(2026, 11, 21, 9, 5, 7, 250_000, tzinfo=UTC).timestamp(),
    timezone="Europe/London",
    from_number="+4930123456",
    to_number="201",
    agent="201",
    agent_name="Ada Lovelace",
    queue="sales",
    direction="inbound",
    pbx="office",
    node="pbx-1",
)


def named(template: str, kind: ArtefactKind = MONO, audio_format: AudioFormat | str = MP3, suffix: int = 0) -> str:
    return NameTemplate.parse(template).name(FACTS, kind, audio_format, suffix)


DEFAULT = "20261121090507_acme.example.com_c-1"


@pytest.mark.parametrize("template", ["", DEFAULT_NAME, "/"])
def test_without_a_template_the_name_is_the_one_that_sinch_documents(template: str) -> None:
    assert named(template) == f"{DEFAULT}.mp3"


@pytest.mark.parametrize(
    ("template", "name"),
    [
        ("calls/", f"calls/{DEFAULT}.mp3"),
        ("calls", f"calls/{DEFAULT}.mp3"),
        ("/calls/", f"calls/{DEFAULT}.mp3"),
        ("acme.example.com", f"acme.example.com/{DEFAULT}.mp3"),
        ("queues/{queue}/{utc:yyyy}/{utc:MM}/", f"queues/sales/2026/11/{DEFAULT}.mp3"),
        ("queues/{queue}/{utc:yyyy}/{utc:MM}", f"queues/sales/2026/11/{DEFAULT}.mp3"),
        ("{utc:yyyy/MM/dd}/", f"2026/11/21/{DEFAULT}.mp3"),
        ("x.mp3", "x.mp3"),
        ("{call_id}.{format}", "c-1.mp3"),
        ("{callId}_{recordingId}.{format}", "c-1_r-1.mp3"),
        ("{organisation}/{pbx}/{node}/{direction}.{format}", "acme.example.com/office/pbx-1/inbound.mp3"),
        ("{from}-{to}-{agent}-{agent_name}.{format}", "4930123456-201-201-Ada_Lovelace.mp3"),
        ("{utc:yyyy-MM-dd'T'}.mp3".replace("'", ""), "2026-11-21T.mp3"),
        ("{utc:yyMMdd-HHmmssSSS}Z.mp3", "261121-090507250Z.mp3"),
        ("{local:yyyy-MM-dd}.mp3", "2026-11-21.mp3"),
        ("Mein Ordner +/{format}/Zoé.{format}", "Mein Ordner +/mp3/Zoé.mp3"),
    ],
)
def test_templates_give_the_documented_names(template: str, name: str) -> None:
    assert named(template) == name


def test_every_variable_and_alias_has_a_value() -> None:
    for name in BY_NAME:
        assert named(f"x{{{name}}}x.{{format}}") not in {"xx.mp3", "xunknownx.mp3"}


def test_every_fact_of_the_table_is_a_fact() -> None:
    known = {field.name for field in fields(NameFacts)}
    assert {variable.fact for variable in VARIABLES if variable.fact} <= known


def test_what_strangers_say_is_marked_as_such() -> None:
    assert {variable.name for variable in VARIABLES if variable.said_by is SaidBy.STRANGERS} == {"from", "to"}


@pytest.mark.parametrize(
    ("template", "hint"),
    [
        ("{callid}.mp3", "{call_id}"),
        ("{call-id}.mp3", "{call_id}"),
        ("{queu}/", "{queue}"),
        ("{UTC:yyyy}/", "{utc:yyyyMMdd}"),
        ("{zzzzzz}/", "recording_id"),
        ("{utc}/", "{utc:yyyyMMddHHmmss}"),
        ("{utc:}/", "yyyy"),
        ("{utc:hh}/", "HH"),
        ("{utc:YYYY}/", "yyyy"),
        ("{local:HH:mm}/", "':'"),
        ("{call_id/x.mp3", "other half"),
        ("call_id}/x.mp3", "other half"),
        ("../x.mp3", ".."),
        ("a/../x.mp3", ".."),
        ("a..b/", ".."),
        ("{utc:..}/", ".."),
        ("a//b.mp3", "empty"),
        ("{utc:/}x.mp3", "empty"),
        ("{utc:yyyy/}/x.mp3", "empty"),
        ("//x.mp3", "empty"),
        (".hidden/", "dot"),
        ("a/.{call_id}.mp3", "dot"),
        ("{utc:.yyyy}/", "dot"),
        ("a./x.mp3", "dot"),
        ("a /x.mp3", "space"),
        ("a\\b.mp3", "backslash"),
        ("a\nb.mp3", "control"),
        ("a\0b.mp3", "control"),
        ("{queue}" * 5 + ".mp3", "grow"),
        ("{agent_name}/" * 20 + "x.mp3", "grow"),
    ],
)
def test_a_template_that_cannot_be_meant_is_refused_with_a_hint(template: str, hint: str) -> None:
    with pytest.raises(ConfigError) as refusal:
        NameTemplate.parse(template)
    assert hint in str(refusal.value)


@pytest.mark.parametrize(
    ("template", "audio_format", "name"),
    [
        ("x.mp3", WAV, "x.wav"),
        ("x.MP3", MP3, "x.MP3"),
        ("x.ogg", OPUS, "x.ogg"),
        ("x.ogg", MP3, "x.mp3"),
        ("x.wave", WAV, "x.wave"),
        ("x.{format}", OPUS, "x.opus"),
    ],
)
def test_the_ending_says_what_the_bytes_are(template: str, audio_format: AudioFormat, name: str) -> None:
    assert named(template, audio_format=audio_format) == name


def test_stereo_and_single_channels_stand_beside_the_mono_mix() -> None:
    assert [named("x.wav", kind, WAV) for kind in ArtefactKind if kind.is_sound] == [
        "x.wav",
        "x.stereo.wav",
        "x.left.wav",
        "x.right.wav",
        "x.participants.wav",
    ]


def test_stereo_alone_bears_the_plain_name() -> None:
    alone = replace(FACTS, plain_kind=plain_kind([STEREO, LEFT, RIGHT]))
    template = NameTemplate.parse("x.{format}")
    assert [template.name(alone, kind, MP3) for kind in (STEREO, LEFT)] == ["x.mp3", "x.left.mp3"]


def test_beside_a_mono_mix_or_where_only_single_channels_are_made_stereo_does_not() -> None:
    assert plain_kind([MONO, STEREO]) is MONO
    assert plain_kind([LEFT, RIGHT]) is MONO
    assert plain_kind([MONO, PARTICIPANTS]) is MONO


def test_a_template_that_names_the_channels_gets_no_second_word_for_them() -> None:
    assert named("{channels}/x.{format}", STEREO) == "stereo/x.mp3"
    assert named("{channels}/x.{format}", PARTICIPANTS, WAV) == "participants/x.wav"


@pytest.mark.parametrize("kind", [MONO, STEREO])
def test_each_name_that_was_taken_counts_one_further(kind: ArtefactKind) -> None:
    infix = "" if kind is MONO else ".stereo"
    names = [named("x.mp3", kind, MP3, suffix) for suffix in range(3)]
    assert names == [f"x{infix}.mp3", f"x-2{infix}.mp3", f"x-3{infix}.mp3"]


def at(year: int, month: int, day: int, hour: int, minute: int) -> NameFacts:
    return replace(FACTS, started_at=datetime(year, month, day, hour, minute, tzinfo=UTC).timestamp())


def test_in_the_night_when_the_clock_goes_back_two_calls_an_hour_apart_get_two_names() -> None:
    template = NameTemplate.parse("{local:yyyyMMddHHmmss}.mp3")
    first, second = (template.name(at(2026, 10, 25, hour, 30), MONO, MP3) for hour in (0, 1))
    assert first == "20261025013000p0100.mp3"
    assert second == "20261025013000p0000.mp3"


@pytest.mark.parametrize(
    ("timezone", "name"),
    [
        ("America/St_Johns", "2026-11-21_05-35m0330"),
        ("Asia/Kathmandu", "2026-11-21_14-50p0545"),
        ("UTC", "2026-11-21_09-05p0000"),
    ],
)
def test_local_time_says_its_offset_without_a_plus(timezone: str, name: str) -> None:
    facts = replace(FACTS, timezone=timezone)
    assert NameTemplate.parse("{local:yyyy-MM-dd_HH-mm}.mp3").name(facts, MONO, MP3) == f"{name}.mp3"


def test_the_offset_stands_where_the_template_wants_it() -> None:
    facts = at(2026, 7, 1, 12, 0)
    assert NameTemplate.parse("{local:x/HHmm}.mp3").name(facts, MONO, MP3) == "p0100/1300.mp3"


def test_a_day_in_local_time_is_the_day_there() -> None:
    facts = at(2026, 7, 1, 23, 30)
    assert NameTemplate.parse("{local:yyyy-MM-dd}.mp3").name(facts, MONO, MP3) == "2026-07-02.mp3"


def test_an_unknown_zone_is_a_fault_of_the_configuration() -> None:
    with pytest.raises(ConfigError, match="Europe/London"):
        NameTemplate.parse("{local:HH}.mp3").name(replace(FACTS, timezone="Mars/Olympus"), MONO, MP3)


@given(st.integers(0, 4_000_000_000), st.integers(1, 100_000))
def test_two_different_moments_never_have_the_same_local_name(second: int, later: int) -> None:
    template = NameTemplate.parse("{local:yyyyMMddHHmmss}.mp3")
    names = {template.name(replace(FACTS, started_at=moment), MONO, MP3) for moment in (second, second + later)}
    assert len(names) == 2


hostile = st.one_of(
    st.text(max_size=300),
    st.text(alphabet="./\\+- \0\n_~$`é日", max_size=80),
    st.sampled_from(
        ["../../etc/passwd", "..", ".", "/", "\\..\\", ".htaccess", "a" * 5000, "-rf", "＋49", "․․", "\ud800"]
    ),
)
TEMPLATES = [
    DEFAULT_NAME,
    "{from}/{to}/{agent}/{agent_name}/{queue}/",
    "{from}.{to}.{format}",
    "{pbx}/{node}/{organisation}/{direction}/{call_id}/{recording_id}.wav",
    "x{from}/{from}{to}.mp3",
]


@given(st.sampled_from(TEMPLATES), st.lists(hostile, min_size=10, max_size=10), st.sampled_from(list(ArtefactKind)))
def test_whatever_strangers_send_the_name_stays_in_its_folder_and_is_seen(
    template: str, said: list[str], kind: ArtefactKind
) -> None:
    facts = NameFacts(
        call_id=CallId(said[0]),
        recording_id=RecordingId(said[1]),
        organisation=said[2],
        started_at=FACTS.started_at,
        from_number=said[3],
        to_number=said[4],
        agent=said[5],
        agent_name=said[6],
        queue=said[7],
        direction=said[8],
        pbx=said[9],
        node=said[9],
    )
    parsed = NameTemplate.parse(template)
    name = parsed.name(facts, kind, MP3, 999)
    components = name.split("/")
    expected = parsed.name(FACTS, kind, MP3).count("/") + 1
    assert len(components) == expected
    for component in components:
        assert component
        assert component[0] not in ".-"
        assert component[-1] != "."
        assert ".." not in component
        assert len(component.encode()) <= 240
        assert all(letter.isascii() and (letter.isalnum() or letter in "._-") for letter in component)


@given(st.lists(hostile, min_size=2, max_size=2, unique=True))
def test_two_ids_never_become_one_name(ids: list[str]) -> None:
    variable = BY_NAME["organisation"]
    if all(ids):
        assert cleaned(ids[0], variable) != cleaned(ids[1], variable)


@pytest.mark.parametrize(
    ("value", "clean"),
    [
        ("+49 (30) 123-456", "49_30_123-456"),
        ("Zoé Müller", "Zoe_Muller"),
        ("anonymous@anonymous.invalid", "anonymous_anonymous.invalid"),
        ("", "anonymous"),
        ("...", "anonymous"),
        ("日本", "anonymous"),
        ("1" * 40, "1" * 32),
        ("*43#", "43"),
    ],
)
def test_numbers_are_cleaned_so_that_they_stay_readable(value: str, clean: str) -> None:
    assert cleaned(value, BY_NAME["from"]) == clean


def test_a_transcript_bears_the_name_of_the_sound_as_sinch_has_it() -> None:
    assert named("calls/", TRANSCRIPT, "json") == f"calls/{DEFAULT}-transcript.json"
    assert named("x.mp3", TRANSCRIPT, "json") == "x-transcript.json"
    assert named("{channels}/{call_id}.{format}", TRANSCRIPT, "json", suffix=1) == "transcript/c-1-2-transcript.json"
