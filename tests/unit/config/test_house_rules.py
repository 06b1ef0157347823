"""From the file to directories, policies and destinations."""

import pytest

from connector.config.house_rules import destination_names, directory, may_use, policies
from connector.domain.call import Direction
from connector.domain.policy import CallFacts, Wish
from tests.builders import MORNING, a_leg
from tests.unit.config.conftest import PBX, Load

HOUSE = """\
timezone: Europe/London
destinations:
  local: {url: "file:///srv/recordings/"}
  archive: {url: "s3://archive/"}
  acme-only: {url: "s3://acme/", organisations: [acme]}
defaults: {destination: archive, retentionDays: 30, bitrate: 64}
rules: [{when: {queue: pay}, record: force}, {record: no}]
agents: {names: {"acme/201": Ada, globex/PJSIP/201: Bob}}
plans: {short: {retentionDays: 7}}
organisations:
  by: context
  acme: {match: [from-acme], destinations: [local, acme-only], rules: [{when: {queue: pay}, record: never}]}
  globex: {plan: short, timezone: Asia/Tokyo, agents: {"202": Bea}, bitrate: 96}
  initech: {destination: {url: "s3://initech/"}, plan: short, retentionDays: 5}
"""


def facts(organisation: str, queue: str = "pay") -> CallFacts:
    return CallFacts(organisation=organisation, direction=Direction.INBOUND, queue=queue, at=MORNING)


def test_an_organisations_rules_come_before_the_common_ones(read: Load) -> None:
    rules = policies(read(PBX + HOUSE))
    assert rules["acme"].decide(facts("acme"), Wish()).verdict.reason == "rule 1 of acme (queue pay): never"
    assert rules["globex"].decide(facts("globex"), Wish()).verdict.reason == "rule 1 (queue pay): force"
    assert rules["acme"].decide(facts("acme", "x"), Wish()).verdict.reason == "rule 2 (every call): no"
    assert {name: policy.timezone for name, policy in rules.items()} == {
        "acme": "Europe/London",
        "globex": "Asia/Tokyo",
        "initech": "Europe/London",
    }


def test_an_organisations_options_stand_above_its_plan_and_that_above_the_defaults(read: Load) -> None:
    rules = policies(read(PBX + HOUSE))
    options = {name: rules[name].decide(facts(name), Wish()).options for name in rules}
    assert {name: one.retention_days for name, one in options.items()} == {"acme": 30, "globex": 7, "initech": 5}
    assert {name: one.bitrate for name, one in options.items()} == {"acme": 64, "globex": 96, "initech": 64}


def test_the_houses_destination_never_takes_the_place_of_an_organisations_own(read: Load) -> None:
    settings = read(PBX + HOUSE)
    rules = policies(settings)
    assert all(rules[name].decide(facts(name), Wish()).options.destination is None for name in rules)
    assert destination_names(settings, "acme") == ("local", "acme-only")
    assert destination_names(settings, "globex") == ("archive",)
    assert destination_names(settings, "initech") == ()


def test_a_destination_may_be_for_some_organisations_only(read: Load) -> None:
    settings = read(PBX + HOUSE)
    assert may_use(settings, "acme", "acme-only")
    assert not may_use(settings, "globex", "acme-only")
    assert may_use(settings, "globex", "archive")
    assert not may_use(settings, "globex", "nowhere")


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("", ("recordings",)),
        ('destinations: {b: {url: "file:///b/"}, a: {url: "file:///a/"}}', ("b",)),
        (
            'destinations: {b: {url: "file:///b/"}, a: {url: "file:///a/"}}\ndefaults: {destinations: [a, b]}',
            ("a", "b"),
        ),
        ("state: /srv/callreel", ("recordings",)),
    ],
)
def test_there_is_always_a_destination(read: Load, text: str, names: tuple[str, ...]) -> None:
    assert destination_names(read(f"{PBX}{text}\n"), "default") == names


def test_the_default_destination_lies_in_the_state_folder(read: Load) -> None:
    settings = read(f"{PBX}state: /srv/callreel/\n")
    assert settings.destinations["recordings"].url == "file:///srv/callreel/recordings/"


def test_a_template_stands_behind_the_url(read: Load) -> None:
    settings = read(
        f"{PBX}destinations:\n"
        '  disk: {url: "file:///srv/rec", template: "{utc:yyyy}/50% #1/{callId}.{format}"}\n'
        '  cloud: {url: "s3://b/calls/", template: "/{queue}/"}\n'
    )
    assert settings.destinations["disk"].url == "file:///srv/rec/{utc:yyyy}/50%25 %231/{callId}.{format}"
    assert settings.destinations["cloud"].url == "s3://b/calls/{queue}/"


def test_the_directory_of_a_pbx_knows_its_own_numbers_and_everybodys_agents(read: Load) -> None:
    two = (
        "pbx:\n"
        '  a: {asterisk: {ami: "u:p@a"}, internal: [1XX], trunks: [PJSIP/a-*]}\n'
        '  b: {asterisk: {ami: "u:p@b"}, internal: [2XX]}\n'
    )
    settings = read(two + HOUSE)
    a, b = directory(settings, "a"), directory(settings, "b")
    assert a.is_internal(a_leg(number="101", device="x"))
    assert not b.is_internal(a_leg(number="101", device="x"))
    assert a.is_trunk(a_leg(device="PJSIP/a-1"))
    assert not b.is_trunk(a_leg(device="PJSIP/a-1"))
    assert a.organisation("a", a_leg(context="From-Acme")) == "acme"
    assert a.organisation("a", a_leg(context="elsewhere")) is None
    assert a.agent("acme", a_leg(number="201")) == ("201", "Ada")
    assert a.agent("globex", a_leg(number="201", device="PJSIP/201")) == ("201", "Bob")
    assert a.agent("globex", a_leg(number="202")) == ("202", "Bea")
    assert a.agent("initech", a_leg(number="201", device="x")) == ("201", "")
