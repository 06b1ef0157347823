"""Settings by API in a role: they hold at once, everywhere soon, and without the catalogue as they held last."""

import asyncio
import logging
import os
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from connector.domain.own_storage import OwnStorage, written
from connector.domain.secret import Secret
from connector.errors import CatalogueUnavailable, ConfigError
from connector.roles.following import Overlay
from connector.settings import DestinationSettings, PlanSettings, Settings
from tests.builders import MORNING
from tests.clocks import SimulatedClock
from tests.unit.services.memory_settings import MemorySettings
from tests.unit.services.memory_vault import MemoryVault

FILE = Settings(destinations={"archive": DestinationSettings(url="file:///srv/archive/")})


class Role:
    """One that follows; its clock is its own."""

    def __init__(self, rows: MemorySettings, copy: Path | None = None, vault: MemoryVault | None = None) -> None:
        self.rows = rows
        self.clock = SimulatedClock(MORNING)
        self.overlay = Overlay(FILE, rows, self.clock, copy=copy, vault=vault)
        self.applied: list[Settings] = []
        self.refusal: ConfigError | None = None
        self.overlay.follow(self._apply)
        self.applied.clear()

    @property
    def records(self) -> bool | None:
        return self.overlay.settings.default_organisation.switch

    async def second(self) -> None:
        """One look for changes, to its end."""
        await self.clock.advance(1.0)
        await self.clock.until_sleeping()

    def _apply(self, settings: Settings) -> None:
        if self.refusal is not None:
            raise self.refusal
        self.applied.append(settings)


async def switch(rows: MemorySettings, value: str | None) -> None:
    await rows.change("default", {"recording_enabled": value}, by="key k1", at=MORNING)


@pytest.fixture
async def role() -> AsyncIterator[Role]:
    made = Role(MemorySettings())
    await made.overlay.recall()
    running = asyncio.ensure_future(made.overlay.run())
    await made.clock.until_sleeping()
    yield made
    running.cancel()


async def test_a_change_of_another_node_holds_here_within_a_second(role: Role) -> None:
    await switch(role.rows, "false")
    assert role.records is None
    await role.second()
    assert role.records is False
    assert [one.default_organisation.switch for one in role.applied] == [False]
    await switch(role.rows, None)
    await role.second()
    assert role.records is None


async def test_while_nothing_changes_nothing_is_read_and_nobody_is_told(role: Role) -> None:
    reads = role.rows.reads
    await role.clock.advance(60.0)
    assert (role.rows.reads, role.applied) == (reads, [])


async def test_whoever_made_the_change_need_not_wait(role: Role) -> None:
    await switch(role.rows, "false")
    await role.overlay.refresh()
    assert role.records is False


async def test_without_the_catalogue_the_last_known_holds_until_it_is_back(role: Role) -> None:
    await switch(role.rows, "false")
    await role.second()
    role.rows.is_away = True
    await role.clock.advance(30.0)
    with pytest.raises(CatalogueUnavailable):
        await role.overlay.refresh()
    assert role.records is False
    role.rows.is_away = False
    await switch(role.rows, "true")
    await role.second()
    assert role.records is True


async def test_another_file_keeps_what_is_laid_over_it(role: Role) -> None:
    await switch(role.rows, "false")
    await role.second()
    role.overlay.reload(replace(FILE, timezone="Europe/Berlin"))
    assert (role.overlay.settings.timezone, role.records) == ("Europe/Berlin", False)
    assert role.overlay.file == replace(FILE, timezone="Europe/Berlin")
    assert role.applied[-1] == role.overlay.settings


async def test_a_file_that_cannot_be_applied_leaves_everything_as_it_was(role: Role) -> None:
    role.refusal = ConfigError("not like this")
    with pytest.raises(ConfigError):
        role.overlay.reload(replace(FILE, timezone="Europe/Berlin"))
    role.refusal = None
    assert (role.overlay.file, role.overlay.settings) == (FILE, FILE)
    await switch(role.rows, "false")
    await role.second()
    assert role.overlay.settings.timezone == "UTC"


async def test_after_a_restart_they_hold_before_anything_is_decided() -> None:
    rows = MemorySettings()
    await switch(rows, "false")
    role = Role(rows)
    await role.overlay.recall()
    assert role.records is False


async def test_a_start_without_the_catalogue_is_by_the_copy_of_last_time(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    rows, copy = MemorySettings(), tmp_path / "settings.json"
    await switch(rows, "false")
    await Role(rows, copy).overlay.recall()
    rows.is_away = True
    again = Role(rows, copy)
    await again.overlay.recall()
    assert again.records is False
    assert "the last 1 that are known hold" in vars(caplog.records[0])["hint"]
    rows.is_away = False
    await switch(rows, None)
    await again.overlay.refresh()
    assert again.records is None


@pytest.mark.parametrize("content", [None, "", "[{}]", "7", '{"a": 1}'])
async def test_without_a_copy_that_can_be_read_the_file_alone_holds_and_it_is_said(
    tmp_path: Path, content: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    copy = tmp_path / "settings.json"
    if content is not None:
        copy.write_text(content)
    rows = MemorySettings()
    rows.is_away = True
    role = Role(rows, copy)
    await role.overlay.recall()
    assert role.overlay.settings == FILE
    assert "config.yaml alone holds" in vars(caplog.records[0])["hint"]


async def test_a_disk_without_room_keeps_the_old_copy_and_the_change_holds_all_the_same(tmp_path: Path) -> None:
    copy = tmp_path / "settings.json"
    copy.mkdir()
    role = Role(MemorySettings(), copy)
    await switch(role.rows, "false")
    await role.overlay.refresh()
    assert role.records is False
    assert os.listdir(tmp_path) == ["settings.json"]


async def test_secrets_are_unsealed_for_who_stores_and_are_in_no_copy(tmp_path: Path) -> None:
    vault, rows, copy = MemoryVault(), MemorySettings(), tmp_path / "settings.json"
    storage = OwnStorage(
        endpoint="https://s3.example.com",
        bucket="calls",
        access_key="AKIA1",
        secret_name=await vault.keep(Secret("hush")),
    )
    await rows.change("default", {"storage": written(storage)}, by="key k1", at=MORNING)
    role = Role(rows, copy, vault)
    await role.overlay.recall()
    own = role.overlay.settings.default_organisation.destination
    assert isinstance(own, DestinationSettings)
    assert own.credentials == Secret("AKIA1:hush")
    assert "hush" not in copy.read_text()
    assert copy.stat().st_mode & 0o007 == 0


async def test_keys_that_are_lost_are_said_and_nothing_else_suffers(caplog: pytest.LogCaptureFixture) -> None:
    rows = MemorySettings()
    storage = OwnStorage(endpoint="https://s3.example.com", bucket="calls", access_key="A", secret_name="s-gone")
    values = {"storage": written(storage), "recording_enabled": "false"}
    await rows.change("default", values, by="key k1", at=MORNING)
    role = Role(rows, vault=MemoryVault())
    await role.overlay.recall()
    assert role.records is False
    own = role.overlay.settings.default_organisation.destination
    assert isinstance(own, DestinationSettings)
    assert own.credentials == Secret("")
    assert [record.levelname for record in caplog.records] == ["ERROR"]


async def test_what_does_not_hold_is_said_once(role: Role, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        await role.rows.change("gone", {"recording_enabled": "false"}, by="key k1", at=MORNING)
        await role.overlay.refresh()
        role.overlay.reload(replace(FILE, plans={"free": PlanSettings()}))
    assert [vars(record)["organisation"] for record in caplog.records] == ["gone"]
