"""What a changed file means for a daemon that runs."""

from dataclasses import fields

import pytest

from connector.config.reloading import LIVE, changes
from connector.settings import Settings
from tests.unit.config.conftest import PBX, Load

BASE = PBX + (
    "rules: [{when: {queue: pay}, record: yes}, {record: no}]\n"
    'destinations: {disk: {url: "file:///srv/a/"}}\norganisations: {acme: {record: yes}}\n'
    'credentials: {s3: "a:b"}\nplans: {p: {}}\n'
)


def test_the_same_file_changes_nothing(read: Load) -> None:
    differing = changes(read(BASE), read(BASE))
    assert differing.live == differing.needs_restart == ()


@pytest.mark.parametrize(
    ("old", "new", "live", "needs_restart"),
    [
        ("queue: pay", "queue: sales", ("rules[1].when",), ()),
        ("{record: no}]", "{record: no, format: wav}]", ("rules[2].options",), ()),
        (", {record: no}]", "]", ("rules",), ()),
        ("file:///srv/a/", "file:///srv/b/", ("destinations.disk.url",), ()),
        ('"a:b"', '"a:c"', ("credentials.s3",), ()),
        ("acme: {record: yes}", "acme: {record: no}, b: {}", ("organisations.acme.record", "organisations.b"), ()),
        ("p: {}", "p: {retentionDays: 7}", ("plans.p.retentionDays",), ()),
        ("callreel:pw@", "callreel:other@", (), ("pbx.office.asterisk.ami",)),
        ('1"}', '1"}, internal: [3XX], trunks: [x]', ("pbx.office.internal", "pbx.office.trunks"), ()),
        ("plans:", "encoders: 3\nstate: /x\nlog: {level: debug}\nplans:", ("log.level",), ("state", "encoders")),
        ("plans:", "timezone: Asia/Tokyo\napi: {listen: 127.0.0.1:1}\nplans:", ("timezone",), ("api.listen",)),
    ],
)
def test_a_change_is_named_by_its_keys_and_told_apart_by_what_it_needs(
    read: Load, old: str, new: str, live: tuple[str, ...], needs_restart: tuple[str, ...]
) -> None:
    assert old in BASE
    differing = changes(read(BASE), read(BASE.replace(old, new)))
    assert set(differing.live) == set(live)
    assert set(differing.needs_restart) == set(needs_restart)


def test_what_can_change_at_once_are_settings_that_there_are() -> None:
    assert {live.partition(".")[0] for live in LIVE} <= {field.name for field in fields(Settings)}


def test_no_secret_is_told_with_a_change(read: Load) -> None:
    differing = changes(read(BASE), read(BASE.replace('"a:b"', '"a:s3cr3t"')))
    assert "s3cr3t" not in repr(differing)
