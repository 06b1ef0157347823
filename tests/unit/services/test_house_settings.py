"""Settings by API: whose they are, what is refused and how, what is written down, and when a storage is taken."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest

from connector.domain.access import NO_LIMITS, Access, ApiKey, KeyRole, Limits
from connector.domain.diagnosis import Finding, Level, bad, note, ok
from connector.domain.policy import Word
from connector.domain.setting_changes import SettingsChange
from connector.domain.setting_origins import Origin, Source
from connector.errors import (
    BadRequest,
    CatalogueUnavailable,
    ConnectorError,
    NotFound,
    NotPermitted,
    TooManyRequests,
)
from connector.ports.seen_agents import SeenAgent
from connector.roles.following import Overlay
from connector.services.house_settings import HouseSettings, SettingsView
from connector.services.storage_trying import Tried
from connector.settings import (
    AgentsSettings,
    DefaultSettings,
    DestinationSettings,
    OrganisationSettings,
    OrganisationsSettings,
    PlanSettings,
    Settings,
)
from tests.builders import MORNING
from tests.clocks import SimulatedClock
from tests.unit.services.memory_settings import MemorySeenAgents, MemorySettings, Writing
from tests.unit.services.memory_vault import MemoryVault

STORAGE: Mapping[str, object] = {
    "s3Endpoint": "https://s3.example.com",
    "s3Region": "eu-west-1",
    "s3Bucket": "calls",
    "s3AccessKey": "AKIA1",
    "s3SecretKey": "hush",
    "s3PublicEndpoint": "https://files.example.com",
}
SEVERAL = {"acme": OrganisationSettings(plan="free"), "rival": OrganisationSettings()}


class Trial:
    """The StorageTrial: finds what a test says, and remembers what it was asked for."""

    def __init__(self) -> None:
        self.of: list[DestinationSettings] = []
        self.found: Sequence[Finding] = [ok("small file", "arrived")]
        self.never_answers = False
        self.was_left = False

    async def findings(self, settings: DestinationSettings) -> Sequence[Finding]:
        self.of.append(settings)
        if self.never_answers:
            try:
                await asyncio.Event().wait()
            finally:
                self.was_left = True
        return self.found


class House:
    def __init__(
        self, known: Mapping[str, OrganisationSettings] | None = None, *, trial_seconds: float = 0.01, **over: Any
    ) -> None:
        file = Settings(
            destinations={"archive": DestinationSettings(url="file:///srv/archive/")},
            organisations=OrganisationsSettings(known=known or {}),
            plans={"free": PlanSettings(retention_days=7, max_retention_days=7)},
            **over,
        )
        self.rows, self.vault, self.trial, self.audit = MemorySettings(), MemoryVault(), Trial(), Writing()
        self.seen = MemorySeenAgents()
        clock = SimulatedClock(MORNING)
        self.overlay = Overlay(file, self.rows, clock, vault=self.vault)
        self.settings = HouseSettings(
            self.rows, self.seen, self.vault, self.overlay, self.trial, self.audit, clock, trial_seconds=trial_seconds
        )

    async def change(
        self,
        access: Access | None = None,
        organisation: str | None = None,
        storage: Mapping[str, object] | None = {},
        **values: object,
    ) -> SettingsView:
        change = SettingsChange(values=values, storage=storage)
        return await self.settings.change(access or key(), organisation, change)

    async def refused(self, error: type[ConnectorError], **asked: Any) -> ConnectorError:
        """And nothing came of it."""
        before, written = dict(self.rows.rows), list(self.audit.done_so_far)
        with pytest.raises(error) as refusal:
            await self.change(**asked)
        assert (self.rows.rows, self.audit.done_so_far) == (before, written)
        return refusal.value


def key(organisation: str | None = None, *roles: KeyRole, limits: Limits = NO_LIMITS) -> Access:
    made = ApiKey(
        id="k1",
        name="",
        organisation=organisation,
        roles=roles or (KeyRole.ADMIN,),
        limits=limits,
        created_at=MORNING,
    )
    return Access(key=made)


async def test_a_change_holds_here_at_once_and_is_kept_with_who_made_it() -> None:
    house = House()
    view = await house.change(recording_enabled=False, retention_days=30)
    assert (view.effective.recording_enabled, view.effective.retention_days) == (False, 30)
    assert house.overlay.settings.default_organisation.switch is False
    assert [(one.name, one.value, one.by, one.at) for one in view.changed] == [
        ("recording_enabled", False, "key k1", MORNING),
        ("retention_days", 30, "key k1", MORNING),
    ]


async def test_what_is_taken_back_is_as_the_file_says() -> None:
    house = House()
    await house.change(recording_enabled=False, retention_days=30)
    view = await house.change(recording_enabled=None)
    assert (view.effective.recording_enabled, view.effective.retention_days) == (True, 30)
    assert [one.name for one in view.changed] == ["retention_days"]


async def test_every_change_is_in_the_audit_log_with_its_values() -> None:
    house = House(SEVERAL)
    await house.change(organisation="acme", retention_days=5, recording_enabled=None)
    await house.change(organisation="acme", retention_days=None)
    assert house.audit.done_so_far == [
        ("key k1", "settings.changed", "acme", {"settings": {"retention_days": 5}}),
        ("key k1", "settings.changed", "acme", {"settings": {"retention_days": None}}),
    ]


async def test_nothing_is_changed_that_cannot_be_written_down() -> None:
    house = House()
    house.audit.is_away = True
    await house.refused(CatalogueUnavailable, recording_enabled=False)


async def test_what_is_so_already_is_no_change() -> None:
    house = House()
    await house.change(recording_enabled=False)
    await house.change(recording_enabled=False, retention_days=None)
    assert len(house.audit.done_so_far) == house.rows.revisions == 1


@pytest.mark.parametrize(
    ("values", "pointer", "said"),
    [
        ({"recording_enable": True}, "/recording_enable", "did you mean recording_enabled?"),
        ({"recording_enable": None}, "/recording_enable", "did you mean recording_enabled?"),
        ({"recording_enabled": "yes"}, "/recording_enabled", "true or false"),
        ({"retention_days": 0}, "/retention_days", "1 and 3650"),
        ({"retention_days": 3651}, "/retention_days", "1 and 3650"),
        ({"retention_days": "30"}, "/retention_days", "unlimited"),
        ({"retention_days": 30}, "/retention_days", "plan 'free', which allows 7 days"),
        ({"agents.2001.recording": True}, "/agents/2001/recording", "recording_enabled"),
        ({"agents.a/b.recording_enabled": 1}, "/agents/a~1b/recording_enabled", "true or false"),
    ],
)
async def test_a_value_that_cannot_be_is_refused_where_it_stands(
    values: dict[str, object], pointer: str, said: str
) -> None:
    house = House(SEVERAL)
    refusal = await house.refused(BadRequest, organisation="acme", multi_channel=False, **values)
    assert isinstance(refusal, BadRequest)
    assert refusal.pointer == pointer
    assert said in str(refusal)


async def test_what_the_file_forces_or_forbids_is_refused() -> None:
    house = House(defaults=DefaultSettings(record=Word.NEVER))
    refusal = await house.refused(BadRequest, recording_enabled=True)
    assert "defaults.record: never" in str(refusal)


async def test_whose_it_is_goes_by_the_key() -> None:
    house = House(SEVERAL)
    assert (await house.settings.view(key("acme"))).organisation == "acme"
    assert (await house.settings.view(key("acme"), "acme")).organisation == "acme"
    assert (await house.settings.view(key(), "rival")).organisation == "rival"
    assert (await House().settings.view(key())).organisation == "default"
    for access, asked in ((key("acme"), "rival"), (key("gone"), None), (key(), "gone")):
        with pytest.raises(NotFound):
            await house.settings.view(access, asked)
        await house.refused(NotFound, access=access, organisation=asked, recording_enabled=False)
    refusal = await house.refused(BadRequest, recording_enabled=False)
    assert isinstance(refusal, BadRequest)
    assert refusal.pointer == "organisation"


async def test_others_changes_are_not_seen() -> None:
    house = House(SEVERAL)
    await house.change(organisation="rival", recording_enabled=False)
    view = await house.settings.view(key("acme"))
    assert (view.effective.recording_enabled, view.changed) == (True, ())
    assert await house.settings.overlaid(key("acme"), "rival") == []
    assert len(await house.settings.overlaid(key())) == 1


async def test_a_key_for_some_calls_switches_its_own_agents_and_nothing_else() -> None:
    house = House()
    of_agent = key(None, limits=Limits(agents=("2001",)))
    switched: dict[str, Any] = {"agents.2001.recording_enabled": False}
    await house.change(of_agent, **switched)
    await house.refused(NotPermitted, access=of_agent, recording_enabled=False)
    await house.refused(NotPermitted, access=of_agent, storage=STORAGE)
    await house.refused(NotPermitted, access=of_agent, **{"agents.2002.recording_enabled": False})
    tagged = key(None, limits=Limits(agents=("2001",), tags=("vip",)))
    await house.refused(NotPermitted, access=tagged, **{"agents.2001.recording_enabled": True})


# --- storage ------------------------------------------------------------------------------------------------------


async def test_a_storage_is_tried_with_its_own_keys_and_then_taken() -> None:
    house = House()
    house.trial.found = [ok("small file", "arrived"), note("deleting", "it stays: the key may not delete")]
    view = await house.change(storage=STORAGE)
    (tried,) = house.trial.of
    assert (tried.url, tried.endpoint, tried.is_guarded) == ("s3://calls/", "https://s3.example.com", True)
    assert tried.credentials is not None
    assert tried.credentials.reveal() == "AKIA1:hush"
    assert house.overlay.settings.default_organisation.destination == tried
    assert [one.subject for one in view.findings] == ["small file", "deleting"]


async def test_its_secret_is_sealed_and_told_to_nobody() -> None:
    house = House()
    view = await house.change(storage=STORAGE)
    (row,) = house.rows.rows.values()
    (name,) = house.vault.secrets
    assert name in row.value
    assert view.storage == {**STORAGE, "s3SecretKey": "***"}
    assert house.audit.done_so_far == [
        ("key k1", "storage.changed", "default", {"storage": {**STORAGE, "s3SecretKey": "***"}})
    ]
    assert "hush" not in f"{row} {view} {house.audit.done_so_far}"


async def test_a_storage_that_fails_its_trial_changes_nothing_and_the_answer_says_what_failed() -> None:
    house = House()
    house.trial.found = [bad("small file", "the bucket calls is not there (404)", "")]
    refusal = await house.refused(BadRequest, storage=STORAGE, recording_enabled=False)
    assert isinstance(refusal, BadRequest)
    assert refusal.pointer == "/storage"
    assert "small file: the bucket calls is not there" in str(refusal)
    assert house.vault.secrets == {}


async def test_a_storage_that_does_not_answer_is_refused_and_its_trial_ended() -> None:
    house = House()
    house.trial.never_answers = True
    assert "did not answer" in str(await house.refused(BadRequest, storage=STORAGE))
    await house.settings.close()
    assert house.trial.was_left


async def test_what_is_said_later_is_laid_over_what_is_there() -> None:
    house = House()
    await house.change(storage=STORAGE)
    view = await house.change(storage={"s3Region": "eu-north-1", "s3PublicEndpoint": None, "s3SecretKey": "***"})
    last = house.trial.of[-1]
    assert (last.region, last.public_endpoint) == ("eu-north-1", "")
    assert last.credentials is not None
    assert last.credentials.reveal() == "AKIA1:hush"
    assert view.storage is not None
    assert "s3PublicEndpoint" not in view.storage
    await house.change(storage={"s3SecretKey": "other"})
    assert len(house.trial.of) == 3


async def test_the_same_storage_again_is_not_tried_again() -> None:
    house = House()
    await house.change(storage=STORAGE)
    await house.change(storage={"s3Region": "eu-west-1"})
    assert len(house.trial.of) == 1


@pytest.mark.parametrize("given_up", [None, {"s3Endpoint": None, "s3Bucket": None}, {"s3Endpoint": "", "s3Bucket": ""}])
async def test_a_storage_is_given_up_without_a_trial(given_up: Mapping[str, object] | None) -> None:
    house = House()
    await house.change(storage=STORAGE)
    view = await house.change(storage=given_up)
    assert (view.storage, house.rows.rows, len(house.trial.of)) == (None, {}, 1)
    assert house.overlay.settings.default_organisation.destination is None


@pytest.mark.parametrize(
    ("said", "pointer"),
    [
        ({"s3Bukket": "calls"}, "s3Bukket"),
        ({"s3Endpoint": None}, "s3Endpoint"),
        ({"s3Bucket": ""}, "s3Bucket"),
        ({"s3Bucket": "calls/../other"}, "s3Bucket"),
        ({"s3Bucket": 7}, "s3Bucket"),
        ({"s3Endpoint": "file:///etc"}, "s3Endpoint"),
        ({"s3Endpoint": "https://user:hush@s3.example.com"}, "s3Endpoint"),
        ({"s3PublicEndpoint": "ftp://files.example.com"}, "s3PublicEndpoint"),
        ({"s3AccessKey": "a:b"}, "s3AccessKey"),
        ({"s3AccessKey": ""}, "s3AccessKey"),
        ({"s3SecretKey": None}, "s3SecretKey"),
        ({"s3Region": "eu.evil.example.com/"}, "s3Region"),
    ],
)
async def test_a_storage_that_cannot_be_one_is_refused_before_anybody_is_asked(
    said: Mapping[str, object], pointer: str
) -> None:
    house = House()
    refusal = await house.refused(BadRequest, storage={**STORAGE, **said})
    assert isinstance(refusal, BadRequest)
    assert refusal.pointer == f"/storage/{pointer}"
    assert "hush" not in str(refusal)
    assert house.trial.of == []


async def test_a_secret_that_is_lost_has_to_be_said_again() -> None:
    house = House()
    await house.change(storage=STORAGE)
    house.vault.secrets.clear()
    refusal = await house.refused(BadRequest, storage={"s3Region": "eu-north-1"})
    assert isinstance(refusal, BadRequest)
    assert refusal.pointer == "/storage/s3SecretKey"
    await house.change(storage={"s3SecretKey": "hush"})


# --- trying without changing --------------------------------------------------------------------------------------


async def trying(house: House, words: Mapping[str, object] | None = None, access: Access | None = None) -> Tried:
    """And nothing is changed by it."""
    before = dict(house.rows.rows), house.rows.revisions, dict(house.vault.secrets)
    tried = await house.settings.tried(access or key(), None, words)
    assert (dict(house.rows.rows), house.rows.revisions, dict(house.vault.secrets)) == before
    return tried


async def test_a_storage_is_tried_as_it_would_be_set_and_not_set() -> None:
    house = House()
    tried = await trying(house, STORAGE)
    assert (tried.is_good, [one.subject for one in tried.findings]) == (True, ["small file"])
    (settings,) = house.trial.of
    assert settings.credentials is not None
    assert (settings.url, settings.is_guarded, settings.credentials.reveal()) == ("s3://calls/", True, "AKIA1:hush")
    assert house.audit.done_so_far == [
        ("key k1", "storage.tested", "default", {"storage": {**STORAGE, "s3SecretKey": "***"}})
    ]


async def test_the_secret_that_is_kept_is_tried_where_none_is_said() -> None:
    house = House()
    await house.change(storage=STORAGE)
    await trying(house, {**STORAGE, "s3SecretKey": "***", "s3Bucket": "others"})
    settings = house.trial.of[-1]
    assert settings.credentials is not None
    assert (settings.url, settings.credentials.reveal()) == ("s3://others/", "AKIA1:hush")
    await trying(house)
    assert house.trial.of[-1].url == "s3://calls/"


async def test_what_fails_in_a_trial_that_was_asked_for_is_an_answer() -> None:
    house = House()
    house.trial.found = [ok("region", "is known"), bad("s3Bucket", "is not there (404)", "")]
    tried = await trying(house, STORAGE)
    assert (tried.is_good, [one.subject for one in tried.findings]) == (False, ["region", "s3Bucket"])
    house.trial.never_answers = True
    silent = await trying(house, STORAGE)
    assert (silent.is_good, silent.findings[0].subject) == (False, "time")
    await house.settings.close()
    assert house.trial.was_left


async def test_without_a_storage_of_ones_own_the_houses_destinations_are_tried() -> None:
    house = House()
    house.trial.found = [bad("small file", "/srv/archive/ is not writable", "")]
    tried = await trying(house)
    assert [(one.subject, one.what) for one in tried.findings] == [
        ("archive: small file", "/srv/archive/ is not writable")
    ]
    assert (house.trial.of[0].url, house.trial.of[0].is_guarded) == ("file:///srv/archive/", False)
    assert house.audit.done_so_far[-1][3] == {"destinations": ["archive"]}


async def test_a_key_of_an_organisation_is_told_no_path_of_the_house() -> None:
    house = House(SEVERAL)
    for found in (bad("small file", "/srv/archive/ is full", ""), ok("small file", "arrived at /srv/archive/")):
        house.trial.found = [found]
        tried = await trying(house, access=key("acme"))
        assert [one.subject for one in tried.findings] == ["archive: small file"]
        assert "/srv" not in str(tried)
        assert tried.is_good is (found.level is Level.OK)


async def test_a_destination_written_out_for_an_organisation_is_the_houses_as_well() -> None:
    house = House({"acme": OrganisationSettings(destination=DestinationSettings(url="s3://theirs/"))})
    tried = await trying(house, access=key("acme"))
    assert [one.subject for one in tried.findings] == ["organisation:acme: small file"]
    assert house.trial.of[0].url == "s3://theirs/"


async def test_who_may_not_change_a_storage_tries_none() -> None:
    house = House()
    for words in (None, STORAGE):
        with pytest.raises(NotPermitted):
            await trying(house, words, key(None, limits=Limits(agents=("2001",))))
    house.audit.is_away = True
    with pytest.raises(CatalogueUnavailable):
        await trying(house, STORAGE)
    assert house.trial.of == []


async def test_only_some_are_tried_at_once() -> None:
    house = House(trial_seconds=5)
    house.trial.never_answers = True
    waiting = [asyncio.ensure_future(house.settings.tried(key(), None, STORAGE)) for _ in range(4)]
    for _ in range(20):
        await asyncio.sleep(0)
    with pytest.raises(TooManyRequests):
        await house.settings.tried(key(), None, STORAGE)
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    house.trial.never_answers = False
    assert (await trying(house, STORAGE)).is_good
    await house.settings.close()


# --- where it comes from ------------------------------------------------------------------------------------------


async def test_where_settings_come_from_is_for_administrators() -> None:
    house = House()
    view = await house.change(recording_format="wav")
    assert (view.origins["recording_format"].source, view.origins["retention_days"].source) == ("api", "default")
    for role in (KeyRole.READ, KeyRole.LISTEN, KeyRole.CONTROL):
        assert (await house.settings.view(key(None, role))).origins == {}


async def test_agents_are_listed_to_everybody_and_whence_to_administrators() -> None:
    house = House(agents=AgentsSettings(names={"PJSIP/201": "Ada"}))
    switch: dict[str, Any] = {"agents.2001.recording_enabled": False}
    await house.change(**switch)
    view = await house.settings.agents(key())
    assert (view.organisation, [(one.id, one.name, one.switch.record, one.origin.source) for one in view.agents]) == (
        "default",
        [("2001", "", False, "api"), ("201", "Ada", None, "default")],
    )
    read = (await house.settings.agents(key(None, KeyRole.READ))).agents
    assert [(one.switch.record, one.origin) for one in read] == [
        (False, Origin(source=Source.DEFAULT)),
        (None, Origin(source=Source.DEFAULT)),
    ]
    limited = await house.settings.agents(key(None, KeyRole.READ, limits=Limits(agents=("201",))))
    assert [one.id for one in limited.agents] == ["201"]


def seen(id: str, name: str = "", at: float = MORNING) -> SeenAgent:
    return SeenAgent(id=id, name=name, last_call_at=at)


async def test_who_has_had_calls_is_listed_among_the_others_and_the_configuration_s_name_counts() -> None:
    house = House(agents=AgentsSettings(names={"PJSIP/201": "Ada"}))
    house.seen.known["default"] = [seen("202", "Bo"), seen("201", "A. L.", MORNING + 5), seen("1001")]
    switch: dict[str, Any] = {"agents.202.recording_enabled": False, "agents.9.recording_enabled": True}
    await house.change(**switch)
    view = await house.settings.agents(key(None, KeyRole.READ))
    assert [(one.id, one.name, one.switch.record, one.last_call_at) for one in view.agents] == [
        ("1001", "", None, MORNING),
        ("201", "Ada", None, MORNING + 5),
        ("202", "Bo", False, MORNING),
        ("9", "", True, None),
    ]


async def test_of_calls_that_a_key_does_not_see_no_agent_is_told() -> None:
    house = House(SEVERAL)
    house.seen.known = {"acme": [seen("201"), seen("202")], "rival": [seen("301")]}
    limits = [Limits(), Limits(agents=("202", "301")), Limits(tags=("vip",)), Limits(numbers=("+49*",))]
    told = [(await house.settings.agents(key("acme", KeyRole.READ, limits=one))).agents for one in limits]
    assert [[agent.id for agent in agents] for agents in told] == [["201", "202"], ["202"], [], []]


async def test_a_key_for_some_agents_is_told_of_no_other_one() -> None:
    house = House()
    switches: dict[str, Any] = {f"agents.{agent}.recording_enabled": False for agent in ("2001", "2002")}
    await house.change(**switches)
    of_agent = key(None, limits=Limits(agents=("2001",)))
    view = await house.settings.view(of_agent)
    own = "agents.2001.recording_enabled"
    assert ([*view.effective.agents], [one.name for one in view.changed]) == (["2001"], [own])
    assert [name for name in view.origins if name.startswith("agents.")] == [own]
    assert [one.name for one in await house.settings.overlaid(of_agent)] == [own]


async def test_agents_of_others_are_not_listed() -> None:
    house = House(SEVERAL)
    switch: dict[str, Any] = {"agents.2001.recording_enabled": False}
    await house.change(organisation="rival", **switch)
    assert (await house.settings.agents(key("acme"))).agents == ()
    with pytest.raises(NotFound):
        await house.settings.agents(key("acme"), "rival")


async def test_who_may_only_read_sees_no_storage() -> None:
    house = House()
    await house.change(storage=STORAGE, recording_enabled=False)
    view = await house.settings.view(key(None, KeyRole.READ))
    assert (view.storage, [one.name for one in view.changed]) == (None, ["recording_enabled"])


async def test_what_the_file_outgrew_is_shown_with_its_reason_and_can_be_taken_back() -> None:
    house = House({"acme": OrganisationSettings()})
    await house.change(organisation="acme", retention_days=30)
    file = house.overlay.file
    house.overlay.reload(replace(file, organisations=OrganisationsSettings(known={"acme": SEVERAL["acme"]})))
    view = await house.settings.view(key())
    assert [one.refused for one in view.changed] == ["is beyond plan 'free', which allows 7 days"]
    assert view.effective.retention_days == 7
    assert await house.settings.unset(key(), "acme", ["retention_days"]) == ["retention_days"]
    assert house.rows.rows == {}
    with pytest.raises(NotFound, match="nothing is"):
        await house.settings.unset(key(), "acme", ["retention_days"])
