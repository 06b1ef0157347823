"""Three sites as administrators want to write them, and the example in the root."""

from pathlib import Path

import pytest

from connector.config.house_rules import destination_names, directory, may_use, policies
from connector.config.loading import load
from connector.domain.call import Direction
from connector.domain.organisation import AgentSource, Unknown
from connector.domain.policy import CallFacts, Policy, Wish, Word
from connector.domain.secret import Secret
from connector.settings import DestinationSettings, Endpoint
from tests.builders import MORNING, a_leg
from tests.unit.config.conftest import CRM_SECRET, Load, Refused

ROOT = Path(__file__).resolve().parents[3]


def decided(policy: Policy, **over: str) -> tuple[bool, str]:
    facts = CallFacts(organisation="default", direction=Direction.INBOUND, at=MORNING, **over)
    verdict = policy.decide(facts, Wish()).verdict
    return verdict.record, verdict.reason


def test_one_line_is_enough_and_everything_else_has_a_default(site: Load) -> None:
    settings = site("smallest")
    office = settings.pbx["office"].asterisk
    assert office is not None
    ami = office.ami
    assert (ami.user, ami.password.reveal(), ami.host, ami.port, ami.tls) == (
        "callreel",
        "ami-pw",
        "127.0.0.1",
        5038,
        False,
    )
    assert {name: one.url for name, one in settings.destinations.items()} == {
        "recordings": "file:///var/lib/callreel/recordings/"
    }
    assert settings.api.listen == "127.0.0.1:8080"
    assert settings.node
    policy = policies(settings)["default"]
    assert decided(policy) == (True, "no rule says anything; defaults.record: yes")
    options = policy.decide(CallFacts(organisation="default", direction=Direction.UNKNOWN, at=MORNING), Wish()).options
    assert (options.format, options.channels, options.retention_days) == ("mp3", "both", 90)
    assert destination_names(settings, "default") == ("recordings",)


def test_a_call_centre_has_rules_for_each_queue(site: Load) -> None:
    settings = site("call-centre")
    asterisk = settings.pbx["acd"].asterisk
    assert asterisk is not None
    assert asterisk.ari is not None
    assert asterisk.ami == Endpoint(
        user="callreel", password=asterisk.ami.password, host="10.0.0.5", port=5039, tls=True
    )
    assert (asterisk.ari.port, asterisk.files) == (8089, "ari")
    archive = settings.destinations["archive"]
    assert archive.url == "azure://callrec/queues/{queue}/{utc:yyyy}/{utc:MM}/"
    assert archive.credentials == Secret("s3cr3t")
    assert settings.notifications["crm"].secret == Secret(CRM_SECRET)
    policy = policies(settings)["default"]
    assert decided(policy, queue="payments") == (True, "rule 1 (queue payments, claims): force")
    assert decided(policy, queue="sales") == (True, "rule 2 (queue sales; time mon-fri 08:00-18:00): yes")
    assert decided(policy, queue="sales", agent="2099") == (False, "rule 3 (agent 2099): never")
    assert decided(policy) == (False, "no rule says anything; defaults.record: no")
    assert policy.timezone == "Europe/London"
    forced = policy.rules[0].options
    assert (forced.retention_days, forced.pause_behavior, forced.pause_max_seconds) == (3650, "silence", 120.0)
    assert policy.rules[1].options.transcription.locale == "en-GB"
    assert policy.default_options.announce == "callreel/disclosure"
    assert destination_names(settings, "default") == ("archive",)


def test_a_call_centre_knows_its_agents_and_trunks(site: Load) -> None:
    house = directory(site("call-centre"), "acd")
    assert house.agent_source is AgentSource.QUEUES
    assert house.agent("default", a_leg(number="2001")) == ("2001", "Ada Lovelace")
    assert house.is_trunk(a_leg(device="PJSIP/carrier-b"))
    assert house.is_internal(a_leg(number="2001", device="PJSIP/2001"))
    assert not house.is_internal(a_leg(number="201", device="PJSIP/201"))


def test_each_tenant_of_fusionpbx_has_its_own_bucket_rules_and_plan(site: Load) -> None:
    settings = site("fusionpbx")
    freeswitch = settings.pbx["fusion1"].freeswitch
    assert freeswitch is not None
    assert (freeswitch.esl.user, freeswitch.esl.password.reveal(), freeswitch.esl.port) == ("", "esl-pw", 8021)
    known = settings.organisations.known
    acme, globex = known["acme.example.com"].destination, known["globex.example.com"].destination
    assert isinstance(acme, DestinationSettings)
    assert isinstance(globex, DestinationSettings)
    assert (acme.url, acme.credentials) == ("s3://acme-calls/", Secret("s3cr3t"))
    assert (globex.endpoint, globex.credentials) == ("https://r2.example.com", Secret("K:S:eu"))
    rules = policies(settings)
    assert rules["acme.example.com"].organisation_options.retention_days == 90
    assert rules["acme.example.com"].organisation_word is Word.YES
    assert decided(rules["globex.example.com"], agent="201") == (
        True,
        "rule 1 of globex.example.com (agent 201): force",
    )
    assert destination_names(settings, "acme.example.com") == ()
    assert not may_use(settings, "globex.example.com", "acme-calls")


def test_a_call_of_an_unknown_tenant_is_nobodys(site: Load) -> None:
    house = directory(site("fusionpbx"), "fusion1")
    assert house.unknown is Unknown.REFUSE
    assert house.organisation("fusion1", a_leg(variables=(("domain_name", "ACME.example.com"),))) == "acme.example.com"
    assert house.organisation("fusion1", a_leg(variables=(("domain_name", "initech.example.com"),))) is None
    assert house.variables == {"domain_name"}


def test_the_example_in_the_root_is_good_as_it_is() -> None:
    settings = load(ROOT / "config.yaml", {})
    assert list(settings.pbx) == ["office"]
    assert decided(policies(settings)["default"])[0]


def test_what_the_example_only_hints_at_is_good_too(tmp_path: Path) -> None:
    lines = (ROOT / "config.yaml").read_text().splitlines()
    hints = [
        line.replace("#   -", "  -").replace("#   archive", "  archive").replace("# announce", "announce")
        for line in lines
    ]
    assert sum(line != hint for line, hint in zip(lines, hints, strict=True)) == 5
    path = tmp_path / "config.yaml"
    path.write_text("\n".join(hints).replace("rules: []", "rules:"))
    settings = load(path, {})
    assert len(settings.rules) == 3
    assert set(settings.destinations) == {"recordings", "archive"}
    assert settings.defaults.options.announce == "callreel/disclosure"


@pytest.mark.parametrize("text", ["", "# nothing\n", "---\n"])
def test_an_empty_file_is_told_what_it_needs(text: str, refused: Refused) -> None:
    assert "PBX" in refused(text)[0]
