"""Speech engines in the file: which there are, whom they may hear, and every mistake with its line."""

from pathlib import Path

import pytest

from connector.config.engine_rules import Hearing, engines_of, hearings, may_hear, usual_engine
from connector.config.overlay import laid_over
from connector.config.reloading import changes
from connector.domain.options import TranscriptionOptions
from connector.ports.changed_settings import ChangedSetting
from connector.settings import DeepgramSettings, OpenaiSettings, Settings, WhisperSettings
from tests.builders import MORNING
from tests.unit.config.conftest import PBX, Load, Refused, a_secret

HOUSE = """\
transcription:
  engine: big
  at_once: 3
  engines:
    big: {whisper: {model: /srv/models/large/, workers: 2, beam: 5, idle: 1m}}
    cloud: {openai: {key: {file: secrets/openai}, languages: [en, de]}}
    inside: {deepgram: {url: "http://10.0.0.7/v1/listen", allow_private: 10.0.0.0/24, timeout: 30s}}
"""
TENANTS = """\
organisations:
  acme: {engines: [inside, local]}
  globex: {}
"""


@pytest.fixture
def house(read: Load, tmp_path: Path) -> Load:
    def read_house(text: str = "") -> Settings:
        return read(PBX + HOUSE + text)

    a_secret(tmp_path, "openai", "sk-0815")
    return read_house


def test_without_a_word_there_is_whisper_on_this_machine(read: Load) -> None:
    transcription = read(PBX).transcription
    assert (transcription.engine, transcription.names, transcription.at_once) == ("local", ("local",), 2)
    assert transcription.of("local") == WhisperSettings()
    assert transcription.of("cloud") is None


def test_engines_have_names_of_ones_own(house: Load) -> None:
    transcription = house().transcription
    assert (transcription.engine, transcription.at_once) == ("big", 3)
    assert transcription.names == ("local", "big", "cloud", "inside")
    assert transcription.of("big") == WhisperSettings(model="/srv/models/large", workers=2, beam=5, idle_seconds=60)
    cloud, inside = transcription.of("cloud"), transcription.of("inside")
    assert isinstance(cloud, OpenaiSettings)
    assert cloud.key is not None
    assert (cloud.key.reveal(), cloud.languages, cloud.model) == ("sk-0815", ("en", "de"), "whisper-1")
    assert isinstance(inside, DeepgramSettings)
    assert (inside.allow_private, inside.timeout_seconds, inside.key) == (("10.0.0.0/24",), 30.0, None)
    assert "sk-0815" not in repr(transcription)


def test_the_local_engine_can_be_told_how(read: Load) -> None:
    settings = read(f"{PBX}transcription: {{engines: {{local: {{whisper: {{workers: 3}}}}}}}}\n")
    assert settings.transcription.of("local") == WhisperSettings(workers=3)


@pytest.mark.parametrize(
    ("text", "line", "path", "said"),
    [
        ("{engin: local}", 2, "transcription.engin", "did you mean engine?"),
        ("{engine: lokal}", 2, "transcription.engine", "did you mean local?"),
        ("{at_once: 0}", 2, "transcription.at_once", "less than 1"),
        ("\n  engines:\n    big: {}", 4, "transcription.engines.big", "one of whisper, openai, deepgram"),
        ("\n  engines:\n    big:", 4, "transcription.engines.big", "one of whisper, openai, deepgram"),
        ("{engines: {x: {whisper: {}, deepgram: {key: k}}}}", 2, "transcription.engines.x", "one of whisper"),
        ("{engines: {x: {wisper: {}}}}", 2, "transcription.engines.x.wisper", "did you mean whisper?"),
        ("{engines: {local: {openai: {key: k}}}}", 2, "transcription.engines.local", "choose another name"),
        ("{engines: {x: {whisper: {model: tiny.en}}}}", 2, "transcription.engines.x.whisper.model", "or auto"),
        (
            "{engines: {x: {whisper: {worker: 2}}}}",
            2,
            "transcription.engines.x.whisper.worker",
            "did you mean workers?",
        ),
        ("{engines: {x: {openai: {}}}}", 2, "transcription.engines.x.openai.key", "is missing"),
        ("{engines: {x: {deepgram: }}}", 2, "transcription.engines.x.deepgram.key", "is missing"),
        ("{engines: {x: {openai: {key: sk-é}}}}", 2, "transcription.engines.x.openai.key", "no header"),
        ("{engines: {x: {openai: {url: 'http://a.lan/'}}}}", 2, "transcription.engines.x.openai.url", "allow_private"),
        ("{engines: {x: {deepgram: {url: a.lan}}}}", 2, "transcription.engines.x.deepgram.url", "https://"),
        ("{engines: {x: {openai: {languages: english}}}}", 2, "transcription.engines.x.openai.languages", "en-GB"),
    ],
)
def test_an_engine_that_cannot_be_is_refused_with_what_to_write(
    refused: Refused, text: str, line: int, path: str, said: str
) -> None:
    found = [problem for problem in refused(f"{PBX}transcription: {text}\n") if f": {path}: " in problem]
    assert len(found) == 1
    assert found[0].startswith(f"line {line}: ")
    assert said in found[0]


def test_no_refusal_repeats_a_key(refused: Refused) -> None:
    problems = refused(f'{PBX}transcription: {{engines: {{x: {{openai: {{key: "sk-Tr0ub4dor\u00e9"}}}}}}}}\n')
    assert "Tr0ub4dor" not in "".join(problems)


def test_an_organisation_names_who_may_hear_it_and_the_first_usually_does(house: Load) -> None:
    settings = house(TENANTS)
    assert engines_of(settings, "acme") == ("inside", "local")
    assert (usual_engine(settings, "acme"), usual_engine(settings, "globex")) == ("inside", "big")
    assert may_hear(settings, "acme", "local")
    assert not may_hear(settings, "acme", "big")
    assert engines_of(settings, "globex") == ("big",)
    assert not may_hear(settings, "globex", "cloud")
    assert engines_of(settings, "of-yesterday") == ("big",)


def test_a_house_of_one_may_be_heard_by_each_of_its_engines(house: Load) -> None:
    assert engines_of(house(), "default") == ("big", "local", "cloud", "inside")


@pytest.mark.parametrize(
    ("text", "path", "said"),
    [
        ("organisations: {acme: {engines: [locl]}}", "organisations.acme.engines[1]", "did you mean local?"),
        (
            "defaults: {transcriptionOptions: {engine: clout}}",
            "defaults.transcriptionOptions.engine",
            "did you mean cloud?",
        ),
        (
            "defaults: {transcriptionOptions: {enabeld: yes}}",
            "defaults.transcriptionOptions",
            "did you mean enabled?",
        ),
        ("defaults: {transcriptionOptions: {locale: x1}}", "defaults.transcriptionOptions", "en-GB"),
        (
            f"{TENANTS}  initech: {{transcriptionOptions: {{engine: cloud}}}}",
            "organisations.initech.transcriptionOptions.engine",
            "organisations.initech.engines",
        ),
        (
            f"{TENANTS}  initech: {{rules: [{{record: yes, transcriptionOptions: {{engine: cloud}}}}]}}",
            "organisations.initech.rules[1].transcriptionOptions.engine",
            "may not hear",
        ),
        (
            f"{TENANTS}rules:\n  - {{when: {{organisation: acme}}, transcriptionOptions: {{engine: cloud}}}}",
            "rules[1].transcriptionOptions.engine",
            "organisation 'acme'",
        ),
        (
            f"{TENANTS}rules: [{{when: {{queue: sales}}, transcriptionOptions: {{engine: local}}}}]",
            "rules[1].transcriptionOptions.engine",
            "organisation 'globex'",
        ),
        (
            f"{TENANTS}defaults: {{transcriptionOptions: {{engine: inside}}}}",
            "defaults.transcriptionOptions.engine",
            "organisation 'globex'",
        ),
    ],
)
def test_nobody_names_an_engine_that_may_not_hear_him(
    refused: Refused, tmp_path: Path, text: str, path: str, said: str
) -> None:
    a_secret(tmp_path, "openai")
    (problem,) = refused(f"{PBX}{HOUSE}{text}\n")
    assert f": {path}: " in problem
    assert said in problem


def test_a_rule_names_an_engine_that_each_whom_it_concerns_may_use(house: Load) -> None:
    settings = house(
        f"{TENANTS}rules: [{{when: {{organisation: acme}}, transcriptionOptions: {{Engine: local, maskDigits: on}}}}]\n"
    )
    assert settings.rules[0].options.transcription == TranscriptionOptions(engine="local", mask_digits=True)


def test_what_is_asked_for_is_known_before_anybody_speaks(house: Load) -> None:
    text = TENANTS + (
        "defaults: {transcriptionOptions: {locale: en-GB}}\n"
        "rules:\n"
        "  - {when: {queue: claims}, record: yes, transcriptionOptions: {enabled: yes, locale: de}}\n"
        "  - {when: {organisation: acme}, transcriptionOptions: {enabled: yes, engine: local}}\n"
        "  - {when: {queue: payments}, record: never, transcriptionOptions: {enabled: yes, locale: fr}}\n"
    )
    settings = house(text)
    assert set(hearings(settings)) == {
        Hearing("acme", "inside", "de"),
        Hearing("acme", "local", "en-GB"),
        Hearing("globex", "big", "de"),
    }
    switched = ChangedSetting(
        organisation="globex",
        name="agents.201.transcription_enabled",
        value="true",
        at=MORNING,
        by="somebody",
    )
    assert Hearing("globex", "big", "en-GB") in set(hearings(laid_over(settings, [switched], {})))


def test_nothing_is_asked_for_unless_somebody_does(house: Load) -> None:
    assert list(hearings(house(TENANTS))) == []


def test_other_engines_hold_without_a_restart(house: Load, read: Load) -> None:
    differing = changes(house(), read(PBX + HOUSE.replace("workers: 2", "workers: 4").replace("engine: big", "")))
    assert set(differing.live) == {"transcription.engine", "transcription.engines.big.whisper.workers"}
    assert differing.needs_restart == ()
