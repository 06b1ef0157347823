"""The ChangedSettings on both databases."""

import asyncio

import pytest

from connector.catalogue.bell import Bell
from connector.catalogue.changed_settings_rows import ChangedSettingRows
from connector.catalogue.store import Catalogue
from connector.ports.changed_settings import ChangedSetting
from tests.builders import MORNING


def rows(catalogue: Catalogue) -> ChangedSettingRows:
    return ChangedSettingRows(catalogue.database)


async def names(of: ChangedSettingRows) -> list[tuple[str, str, str]]:
    return [(one.organisation, one.name, one.value) for one in await of.all()]


async def test_a_catalogue_in_which_nothing_was_changed_says_so(catalogue: Catalogue) -> None:
    changed = rows(catalogue)
    assert (await changed.all(), await changed.revision()) == ([], 0)


async def test_what_was_changed_is_there_with_who_and_when(catalogue: Catalogue) -> None:
    changed = rows(catalogue)
    await changed.change("acme", {"recording_enabled": "false"}, by="key k1", at=MORNING)
    assert await changed.all() == [
        ChangedSetting(organisation="acme", name="recording_enabled", value="false", by="key k1", at=MORNING)
    ]


async def test_a_later_change_takes_the_place_of_an_earlier_one_and_none_takes_it_back(catalogue: Catalogue) -> None:
    changed = rows(catalogue)
    await changed.change("acme", {"retention_days": "30", "link_seconds": "60"}, by="a", at=MORNING)
    await changed.change("rival", {"retention_days": "7"}, by="a", at=MORNING)
    await changed.change("acme", {"retention_days": "40", "link_seconds": None, "unheard": None}, by="b", at=MORNING)
    assert await names(changed) == [("acme", "retention_days", "40"), ("rival", "retention_days", "7")]


async def test_every_change_is_another_revision(catalogue: Catalogue) -> None:
    changed, other = rows(catalogue), rows(catalogue)
    seen = [await changed.revision()]
    for value in ("true", None, None):
        await other.change("acme", {"recording_enabled": value}, by="a", at=MORNING)
        seen.append(await changed.revision())
    assert len(set(seen)) == 4


async def test_a_change_of_which_nobody_said_a_word_is_seen_at_one_of_the_next_looks(
    catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    changed = rows(catalogue)
    before = await changed.revision()
    monkeypatch.setattr(Bell, "ring", lambda _: None)
    await rows(catalogue).change("acme", {"recording_enabled": "true"}, by="a", at=MORNING)
    assert [await changed.revision() for _ in range(2)][-1] != before


async def test_changes_at_the_same_time_are_all_there_and_each_counts(catalogue: Catalogue) -> None:
    changed = rows(catalogue)
    agents = [f"agents.{number}.recording_enabled" for number in range(8)]
    await asyncio.gather(*(changed.change("acme", {name: "true"}, by="a", at=MORNING) for name in agents))
    assert [name for _, name, _ in await names(changed)] == agents
    assert await changed.revision() == 8
