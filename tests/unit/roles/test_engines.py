"""Which engine hears whom, as the configuration changes, and what is said of one that cannot work."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from connector.domain.diagnosis import Level
from connector.domain.options import RecordingOptions, TranscriptionOptions
from connector.domain.policy import Word
from connector.domain.secret import Secret
from connector.domain.speech import Heard
from connector.errors import EngineRefused
from connector.ports.transcriber import ChannelSound, Transcriber, Transcribers
from connector.roles.engines import ConfiguredEngines, Engine, engine_findings, maker, unheard
from connector.settings import (
    DeepgramSettings,
    EngineSettings,
    OpenaiSettings,
    OrganisationSettings,
    OrganisationsSettings,
    RuleSettings,
    Settings,
    TranscriptionSettings,
    WhisperSettings,
)
from tests.clocks import SimulatedClock

CLOUD = OpenaiSettings(key=Secret("sk-1"), languages=("en", "de"))
INSIDE = DeepgramSettings(url="https://speech.lan/v1/listen")
HEARD = RecordingOptions(transcription=TranscriptionOptions(enabled=True, locale="en-GB"))


class Ear:
    """A Transcriber that knows English alone."""

    def __init__(self, settings: Engine) -> None:
        self.settings = settings
        self.model = settings.model
        self.is_closed = False

    def check(self, locale: str) -> None:
        if not locale.startswith("en"):
            raise EngineRefused(f"{self.model} does not know {locale!r}: choose another model")

    async def hear(self, sound: ChannelSound, locale: str) -> Sequence[Heard]:
        return ()

    async def close(self) -> None:
        self.is_closed = True


class Made:
    def __init__(self) -> None:
        self.ears: list[Ear] = []

    def __call__(self, settings: Engine) -> Transcriber:
        self.ears.append(Ear(settings))
        return self.ears[-1]


def house(cloud: OpenaiSettings = CLOUD, /, **organisations: OrganisationSettings) -> Settings:
    entries = {"cloud": EngineSettings(openai=cloud), "inside": EngineSettings(deepgram=INSIDE)}
    return Settings(
        transcription=TranscriptionSettings(engines=entries),
        organisations=OrganisationsSettings(known=organisations),
    )


def heard_by(*names: str, options: RecordingOptions = HEARD) -> OrganisationSettings:
    return OrganisationSettings(engines=names, options=options)


def settings_of(engines: Transcribers, organisation: str, wished: str = "") -> tuple[str, Engine]:
    name, engine = engines.chosen(organisation, wished)
    assert isinstance(engine, Ear)
    return name, engine.settings


def test_the_usual_engine_hears_whoever_wishes_no_other() -> None:
    made = Made()
    engines = ConfiguredEngines(house(acme=heard_by("cloud", "local"), globex=OrganisationSettings()), made)
    assert made.ears == []
    assert settings_of(engines, "acme") == ("cloud", CLOUD)
    assert settings_of(engines, "acme", "local") == ("local", WhisperSettings())
    assert settings_of(engines, "globex") == ("local", WhisperSettings())
    assert len(made.ears) == 2


def test_a_sound_goes_to_no_engine_that_may_not_hear_it() -> None:
    made = Made()
    engines = ConfiguredEngines(house(acme=heard_by("local"), globex=OrganisationSettings()), made)
    for organisation in ("acme", "globex", "of-yesterday"):
        with pytest.raises(EngineRefused, match=f"'cloud' may not hear .*'{organisation}', only local may"):
            engines.chosen(organisation, "cloud")
    with pytest.raises(EngineRefused, match=r"no speech engine 'clout'.*local, cloud, inside"):
        engines.chosen("acme", "clout")
    assert made.ears == []


async def test_another_configuration_holds_at_once_and_leaves_what_is_heard_alone() -> None:
    made = Made()
    engines = ConfiguredEngines(house(acme=heard_by("cloud")), made)
    _, before = engines.chosen("acme", "")
    other = replace(CLOUD, model="whisper-2")
    engines.follow(house(other, acme=heard_by("cloud", "inside")))
    assert settings_of(engines, "acme") == ("cloud", other)
    assert settings_of(engines, "acme", "inside") == ("inside", INSIDE)
    engines.follow(house(acme=heard_by("cloud")))
    assert engines.chosen("acme", "")[1] is before
    assert not any(ear.is_closed for ear in made.ears)
    await engines.close()
    assert [ear.is_closed for ear in made.ears] == [True, True, True]


def test_a_new_key_is_another_engine() -> None:
    made = Made()
    engines = ConfiguredEngines(house(acme=heard_by("cloud")), made)
    engines.chosen("acme", "")
    engines.follow(house(replace(CLOUD, key=Secret("sk-2")), acme=heard_by("cloud")))
    _, engine = settings_of(engines, "acme")
    assert isinstance(engine, OpenaiSettings)
    assert engine.key == Secret("sk-2")


async def test_what_can_be_heard_is_said_and_what_cannot_is_named_once_for_all() -> None:
    german = RecordingOptions(transcription=TranscriptionOptions(enabled=True, locale="de"))
    tenants = {f"tenant-{number}": heard_by("local", options=german) for number in range(5)}
    made = Made()
    fine, amiss = await engine_findings(house(acme=heard_by("cloud"), **tenants), made)
    assert (fine.level, fine.subject, fine.what) == (
        Level.OK,
        "engine cloud",
        "makes transcripts in en-GB of acme",
    )
    assert (amiss.level, amiss.subject) == (Level.WARNING, "engine local")
    assert amiss.what == (
        "no transcript in de of tenant-0, tenant-1, tenant-2 and 2 more: auto does not know 'de': choose another model"
    )
    assert amiss.mend
    assert all(ear.is_closed for ear in made.ears)
    assert await unheard(house(**tenants), Made()) == [
        "engine local in de: auto does not know 'de': choose another model"
    ]


async def test_a_house_that_asks_for_no_transcript_loads_no_engine() -> None:
    made = Made()
    rules = (RuleSettings(record=Word.YES), RuleSettings(record=Word.NEVER, options=HEARD))
    assert await engine_findings(replace(house(acme=OrganisationSettings(rules=rules))), made) == []
    assert made.ears == []


async def test_each_kind_of_engine_is_made_of_its_settings(tmp_path: Path) -> None:
    engines = ConfiguredEngines(house(), maker(tmp_path, SimulatedClock()))
    assert engines.chosen("default", "cloud")[1].model == "whisper-1"
    assert engines.chosen("default", "inside")[1].model == "nova-3"
    with pytest.raises(EngineRefused, match="fr"):
        engines.chosen("default", "cloud")[1].check("fr")
    await engines.close()
    assert engines.at_once == 2
