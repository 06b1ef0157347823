"""callreel settings: what lies over the file, who laid it there, and how it is taken back."""

import asyncio

from connector.config.loading import load
from connector.domain.own_storage import OwnStorage, written
from connector.roles.house import built
from tests.builders import MORNING
from tests.unit.command_line.site import Site

#: The keys of what programs read: none may go or be called otherwise.
KEYS = ["organisation", "name", "value", "changed_by", "changed_at", "refused"]
STORAGE = OwnStorage(endpoint="https://s3.example.com", bucket="calls", access_key="AKIA1", secret_name="s-sealed")


def changed(site: Site, organisation: str = "default", **values: str) -> None:
    async def work() -> None:
        async with built(load(site.config, {})) as house:
            rows = house.catalogue.changed_settings
            await rows.change(organisation, values, by="key k1", at=MORNING)

    asyncio.run(work())


def test_a_house_in_which_nothing_was_changed_is_told_so(site: Site) -> None:
    answer = site.run("settings", "list")
    assert (answer.code, answer.err) == (0, "")
    assert answer.out == "nothing lies over the configuration: it holds as it is written\n"
    assert site.run("settings", "list", "--json").facts == []


def test_what_lies_over_the_file_is_listed_with_who_laid_it_there_and_whether_it_holds(site: Site) -> None:
    changed(site, recording_enabled="false", storage=written(STORAGE))
    changed(site, "gone", retention_days="30")
    answer = site.run("settings", "list")
    lines = [line.split() for line in answer.out.splitlines()]
    assert lines[0][:2] == ["organisation", "name"]
    assert [line[:2] for line in lines[1:]] == [
        ["default", "recording_enabled"],
        ["default", "storage"],
        ["gone", "retention_days"],
    ]
    assert lines[1][2:] == ["false", "key", "k1", "2026-01-05", "09:00", "yes"]
    assert "no: config.yaml has no such organisation (any more)" in answer.out
    assert "s-sealed" not in answer.out
    facts = site.run("settings", "list", "--organisation", "default", "--json").facts
    assert [list(one) for one in facts] == [KEYS, KEYS]
    assert facts[1]["value"]["s3SecretKey"] == "***"


def test_what_is_taken_back_lies_there_no_more_and_is_in_the_audit_log(site: Site) -> None:
    changed(site, recording_enabled="false", retention_days="30")
    answer = site.run("settings", "unset", "recording_enabled")
    assert answer.code == 0
    assert answer.out.startswith("taken back of default: recording_enabled")
    assert [one["name"] for one in site.run("settings", "list", "--json").facts] == ["retention_days"]
    (line,) = site.run("audit", "list", "--action", "settings.", "--json").facts
    assert (line["action"], line["details"]) == ("settings.changed", {"settings": {"recording_enabled": None}})


def test_what_is_not_there_cannot_be_taken_back(site: Site) -> None:
    changed(site, retention_days="30")
    answer = site.run("settings", "unset", "retention_day")
    assert (answer.code, answer.out) == (3, "")
    assert "retention_days is" in answer.err


def test_where_there_are_several_one_has_to_be_named(site: Site) -> None:
    site.config.write_text(site.config.read_text() + "organisations: {acme: {}, rival: {}}\n")
    answer = site.run("settings", "unset", "recording_enabled")
    assert (answer.code, "acme, rival" in answer.err) == (2, True)
    changed(site, "acme", recording_enabled="false")
    facts = site.run("settings", "unset", "recording_enabled", "--organisation", "acme", "--json").facts
    assert facts == {"organisation": "acme", "taken_back": ["recording_enabled"]}
