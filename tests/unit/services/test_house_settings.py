"""Settings by API: whose they are, what is refused and how, what is written down, and when a storage is taken."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest

from connector.domain.access import NO_LIMITS, Access, ApiKey, KeyRole, Limits
from connector.domain.diagnosis import Finding, bad, note, ok
from connector.domain.policy import Word
from connector.domain.setting_changes import SettingsChange
from connector.errors import BadRequest, CatalogueUnavailable, ConnectorError, NotFound, NotPermitted
from connector.roles.following import Overlay
from connector.services.house_settings import HouseSettings, SettingsView
from connector.settings import (
    DefaultSettings,
    DestinationSettings,
    OrganisationSettings,
    OrganisationsSettings,
    PlanSettings,
    Settings,
)
from tests.builders import MORNING
from tests.clocks import SimulatedClock
from tests.unit.services.memory_settings import MemorySettings, Writing
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
    def __init__(self, known: Mapping[str, OrganisationSettings] | None = None, **over: Any) -> None:
        file = Settings(
            destinations={"archive": DestinationSettings(url="file:///srv/archive/")},
            organisations=OrganisationsSettings(known=known or {}),
            plans={"free": PlanSettings(retention_days=7, max_retention_days=7)},
            **over,
        )
        self.rows, self.vault, self.trial, self.audit = MemorySettings(), MemoryVault(), Trial(), Writing()
        clock = SimulatedClock(MORNING)
        self.overlay = Overlay(file, self.rows, clock, vault=self.vault)
        self.settings = HouseSettings(
            self.rows, self.vault, self.overlay, self.trial, self.audit, clock, trial_seconds=0.01
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
