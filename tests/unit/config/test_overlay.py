"""Settings by API over those of config.yaml: who wins, what does not hold, and what is said of it."""

import json
from collections.abc import Mapping, Sequence

import pytest

from connector.config.house_rules import destination_names, policies
from connector.config.overlay import Laid, effective, laid, laid_over
from connector.domain.call import Direction
from connector.domain.options import AudioFormat, ChannelLayout, RecordingOptions, TranscriptionOptions
from connector.domain.own_storage import OwnStorage, written
from connector.domain.policy import CallFacts, Ruling, When, Wish, Word
from connector.domain.secret import Secret
from connector.ports.changed_settings import ChangedSetting
from connector.settings import (
    DefaultSettings,
    DestinationSettings,
    OrganisationSettings,
    OrganisationsSettings,
    PlanSettings,
    RuleSettings,
    Settings,
)
from tests.builders import MORNING

ARCHIVE = DestinationSettings(url="file:///srv/archive/")
BUCKET = OwnStorage(
    endpoint="https://s3.example.com",
    region="eu-west-1",
    bucket="calls",
    access_key="AKIA1",
    secret_name="s-1",
    public_endpoint="https://files.example.com",
)
SECRETS = {"s-1": Secret("hush/+=")}


def row(name: str, value: object, organisation: str = "default") -> ChangedSetting:
    text = written(value) if isinstance(value, OwnStorage) else json.dumps(value)
    return ChangedSetting(organisation=organisation, name=name, value=text, by="key k1", at=MORNING)


def house(
    rules: Sequence[RuleSettings] = (),
    defaults: DefaultSettings | None = None,
    known: Mapping[str, OrganisationSettings] | None = None,
) -> Settings:
    return Settings(
        destinations={"archive": ARCHIVE},
        rules=tuple(rules),
        defaults=defaults or DefaultSettings(),
        organisations=OrganisationsSettings(known=known or {}),
        plans={"free": PlanSettings(retention_days=7, max_retention_days=7)},
    )


def ruled(
    settings: Settings, organisation: str = "default", agent: str = "2001", wish: Wish | None = None, queue: str = ""
) -> Ruling:
    facts = CallFacts(organisation=organisation, direction=Direction.INBOUND, agent=agent, queue=queue, at=MORNING)
    return policies(settings)[organisation].decide(facts, wish or Wish())


def records(settings: Settings, *rows: ChangedSetting, **asked: str) -> bool:
    return ruled(laid_over(settings, rows, {}), **asked).verdict.record  # type: ignore[arg-type]


def reasons(found: Laid) -> list[str]:
    return [one.reason for one in found.refused]


ALWAYS = RuleSettings(when=When(queue=("claims",)), record=Word.FORCE)
NEVER = RuleSettings(when=When(queue=("claims",)), record=Word.NEVER)
YES = RuleSettings(when=When(queue=("claims",)), record=Word.YES)
NO = RuleSettings(when=When(queue=("claims",)), record=Word.NO)


def test_nothing_changed_is_the_file_itself() -> None:
    assert laid(house(), (), {}) == Laid(settings=house())


@pytest.mark.parametrize("names", [{}, {"acme": OrganisationSettings(record=Word.YES)}], ids=["one house", "several"])
def test_the_switch_of_an_organisation_is_above_its_word_and_below_every_rule(
    names: dict[str, OrganisationSettings],
) -> None:
    who = next(iter(names), "default")
    off, on = row("recording_enabled", False, who), row("recording_enabled", True, who)
    assert not records(house(known=names), off, organisation=who)
    assert records(house([YES], known=names), off, organisation=who, queue="claims")
    assert not records(house([NO], known=names), on, organisation=who, queue="claims")


def test_the_switch_of_an_agent_is_above_every_rule_that_says_yes_or_no_and_below_the_call_itself() -> None:
    off, on = row("agents.2001.recording_enabled", False), row("agents.2001.recording_enabled", True)
    assert not records(house([YES]), off, queue="claims")
    assert records(house([NO]), on, queue="claims")
    assert not records(house(), on, row("recording_enabled", False), agent="2002")
    wish = Wish(record=False, by="the caller")
    assert not ruled(laid_over(house(), [on], {}), wish=wish).verdict.record


def test_an_agents_id_is_no_pattern() -> None:
    assert records(house(), row("agents.2XXX.recording_enabled", False), agent="2001")


def test_force_and_never_of_the_file_win_over_every_switch() -> None:
    switches = [row("agents.2001.recording_enabled", False), row("recording_enabled", False)]
    assert records(house([ALWAYS]), *switches, queue="claims")
    opposite = [row("agents.2001.recording_enabled", True), row("recording_enabled", True)]
    assert not records(house([NEVER]), *opposite, queue="claims")
    for settings, who in (
        (house(defaults=DefaultSettings(record=Word.NEVER)), "default"),
        (house(known={"acme": OrganisationSettings(record=Word.NEVER)}), "acme"),
    ):
        changed = [row(one.name, True, who) for one in opposite]
        found = laid(settings, changed, {})
        assert not ruled(found.settings, who).verdict.record
        assert [reason.startswith("config.yaml says") for reason in reasons(found)] == [True, True]


def test_an_organisations_own_word_that_leaves_it_open_leaves_it_to_the_defaults() -> None:
    known = {"acme": OrganisationSettings(record=Word.DONTCARE)}
    final = house(defaults=DefaultSettings(record=Word.FORCE), known=known)
    assert reasons(laid(final, [row("recording_enabled", False, "acme")], {}))
    assert not records(house(known=known), row("recording_enabled", False, "acme"), organisation="acme")


def test_a_switch_says_whether_and_rules_go_on_saying_how() -> None:
    rule = RuleSettings(
        when=When(queue=("claims",)),
        record=Word.YES,
        options=RecordingOptions(tags=("secret",), transcription=TranscriptionOptions(enabled=True, locale="de-DE")),
    )
    changed = [row("agents.2001.recording_enabled", True), row("agents.2001.transcription_enabled", False)]
    ruling = ruled(laid_over(house([rule]), changed, {}), queue="claims")
    assert ruling.verdict.record
    assert ruling.options.tags == ("secret",)
    assert ruling.options.transcription == TranscriptionOptions(enabled=False, locale="de-DE")


def test_the_reason_names_the_switch() -> None:
    said = ruled(laid_over(house(), [row("recording_enabled", False)], {})).verdict.reason
    assert said == "organisation default is switched off by the API"
    said = ruled(laid_over(house(), [row("agents.2001.recording_enabled", True)], {})).verdict.reason
    assert said == "agent 2001 is switched on by the API"


def test_what_forces_a_recording_keeps_its_options() -> None:
    forced = RuleSettings(
        when=When(), record=Word.FORCE, options=RecordingOptions(transcription=TranscriptionOptions(enabled=True))
    )
    ruling = ruled(laid_over(house([forced]), [row("agents.2001.transcription_enabled", False)], {}))
    assert ruling.options.transcription.enabled


def test_every_setting_reaches_the_calls_of_its_organisation_and_no_others() -> None:
    changed = [
        row("transcription_enabled", True, "acme"),
        row("transcription_locale", "en-GB", "acme"),
        row("multi_channel", False, "acme"),
        row("recording_format", "wav", "acme"),
        row("retention_days", 30, "acme"),
    ]
    settings = laid_over(house(known={"acme": OrganisationSettings(), "rival": OrganisationSettings()}), changed, {})
    options = ruled(settings, "acme").options
    assert options.transcription == TranscriptionOptions(enabled=True, locale="en-GB")
    assert (options.channels, options.format, options.retention_days) == (ChannelLayout.MONO, AudioFormat.WAV, 30)
    assert ruled(settings, "rival").options == ruled(house(known={"rival": OrganisationSettings()}), "rival").options


def test_without_end_is_a_word_of_its_own() -> None:
    assert ruled(laid_over(house(), [row("retention_days", "unlimited")], {})).options.retention_days == 0


def test_a_plan_is_not_exceeded() -> None:
    settings = house(known={"acme": OrganisationSettings(plan="free")})
    found = laid(settings, [row("retention_days", 30, "acme"), row("recording_format", "wav", "acme")], {})
    assert reasons(found) == ["is beyond plan 'free', which allows 7 days"]
    assert (found.refused[0].organisation, found.refused[0].name) == ("acme", "retention_days")
    options = ruled(found.settings, "acme").options
    assert (options.retention_days, options.format) == (7, AudioFormat.WAV)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("recording_enabled", "yes"),
        ("recording_enabled", 1),
        ("retention_days", 0),
        ("retention_days", 3651),
        ("retention_days", "365"),
        ("retention_days", True),
        ("link_seconds", 59),
        ("recording_format", "aac"),
        ("transcription_locale", "de DE"),
        ("of_tomorrow", True),
        ("agents.2001.of_tomorrow", True),
        ("agents..recording_enabled", True),
        ("storage", [1]),
    ],
)
def test_a_row_that_cannot_be_read_does_not_hold_and_harms_no_other(name: str, value: object) -> None:
    found = laid(house(), [row(name, value), row("recording_enabled", False, "default")], {})
    assert found.refused[0].name == name
    assert not ruled(found.settings).verdict.record


def test_a_row_of_an_organisation_that_is_gone_does_not_hold() -> None:
    found = laid(house(known={"acme": OrganisationSettings()}), [row("recording_enabled", False, "gone")], {})
    assert found.settings == house(known={"acme": OrganisationSettings()})
    assert reasons(found) == ["config.yaml has no such organisation (any more)"]


@pytest.mark.parametrize("names", [{}, {"acme": OrganisationSettings(destinations=("archive",))}], ids=["one", "some"])
def test_a_users_bucket_is_where_his_recordings_go_and_is_guarded(names: dict[str, OrganisationSettings]) -> None:
    who = next(iter(names), "default")
    found = laid(house(known=names), [row("storage", BUCKET, who)], SECRETS)
    assert found.refused == ()
    assert destination_names(found.settings, who) == ()
    known = found.settings.organisations.known
    own = (known[who] if known else found.settings.default_organisation).destination
    assert own == DestinationSettings(
        url="s3://calls/",
        endpoint="https://s3.example.com",
        public_endpoint="https://files.example.com",
        region="eu-west-1",
        credentials=Secret("AKIA1:hush/+="),
        is_guarded=True,
    )


def test_a_bucket_whose_keys_are_lost_stays_where_recordings_go_and_has_no_keys_of_the_machine() -> None:
    settings = laid_over(house(), [row("storage", BUCKET)], {})
    own = settings.default_organisation.destination
    assert isinstance(own, DestinationSettings)
    assert own.credentials == Secret("")
    assert own.credentials is not None


def test_what_holds_is_told_as_the_next_call_will_find_it() -> None:
    usual = effective(house(), "default")
    assert (usual.recording_enabled, usual.transcription_enabled, usual.multi_channel) == (True, False, True)
    assert (usual.recording_format, usual.retention_days, usual.link_seconds) == ("mp3", 90, 3600.0)
    changed = [
        row("recording_enabled", False),
        row("transcription_enabled", True),
        row("multi_channel", False),
        row("retention_days", "unlimited"),
        row("transcript_retention_days", 10),
        row("link_seconds", 600),
        row("storage", BUCKET),
        row("agents.2001.recording_enabled", True),
    ]
    now = effective(laid_over(house(), changed, SECRETS), "default")
    assert (now.recording_enabled, now.transcription_enabled, now.multi_channel) == (False, True, False)
    assert (now.retention_days, now.transcript_retention_days, now.link_seconds) == (0, 10, 600.0)
    assert now.agents["2001"].record is True


def test_days_of_transcripts_hold_for_the_next_call_and_the_files_are_told() -> None:
    changed = laid_over(house(), [row("transcript_retention_days", 10)], {})
    assert ruled(changed).options.transcript_retention_days == 10
    said = RecordingOptions(transcript_retention_days=5)
    assert effective(house(defaults=DefaultSettings(options=said)), "default").transcript_retention_days == 5


@pytest.mark.parametrize(("word", "expected"), [(Word.FORCE, True), (Word.NEVER, False), (Word.NO, False)])
def test_a_word_of_the_file_is_told_where_no_switch_is(word: Word, expected: bool) -> None:
    assert effective(house(defaults=DefaultSettings(record=word)), "default").recording_enabled is expected
    settings = house(known={"acme": OrganisationSettings(record=word)})
    assert effective(settings, "acme").recording_enabled is expected
