"""Who is who: organisations, trunks, our own phones, agents."""

import pytest

from connector.domain.organisation import Agent, AgentSource, Directory
from tests.builders import a_leg

TENANTS = Directory(
    by="variable_domain_name",
    organisations=frozenset({"acme.example.com", "globex.example.com"}),
    matches={"acme.example.com": "acme.example.com", "acme.old": "acme.example.com"},
    agents={
        ("acme.example.com", "201"): Agent(id="201", name="Ada"),
        ("globex.example.com", "201"): Agent(id="201", name="Bob"),
    },
)


def test_without_organisations_everything_is_of_the_one_default() -> None:
    assert Directory().organisation("office", a_leg(context="anything")) == "default"


@pytest.mark.parametrize(
    ("domain", "organisation"),
    [
        ("acme.example.com", "acme.example.com"),
        ("ACME.example.com", "acme.example.com"),
        ("acme.old", "acme.example.com"),
        ("globex.example.com", "globex.example.com"),
        ("initech.example.com", None),
        ("", None),
    ],
)
def test_an_organisation_is_found_by_a_channel_variable_and_never_guessed(
    domain: str, organisation: str | None
) -> None:
    assert TENANTS.organisation("fusion", a_leg(variables=(("domain_name", domain),))) == organisation
    assert TENANTS.organisation("fusion", a_leg(variables=(("variable_domain_name", domain),))) == organisation


def test_a_leg_without_the_variable_is_of_nobody_known() -> None:
    assert TENANTS.organisation("fusion", a_leg(variables=(), context="acme.example.com")) is None


def test_an_organisation_is_found_by_context_or_by_the_pbx() -> None:
    names = frozenset({"acme", "globex"})
    by_context = Directory(by="context", organisations=names)
    by_pbx = Directory(by="pbx", organisations=names)
    assert by_context.organisation("globex", a_leg(context="acme")) == "acme"
    assert by_context.organisation("globex", a_leg(context="")) is None
    assert by_pbx.organisation("globex", a_leg(context="acme")) == "globex"


def test_the_pbx_is_asked_for_the_variables_that_are_needed_and_no_other() -> None:
    assert TENANTS.variables == {"domain_name"}
    assert Directory(agent_variable="AGENT_ID").variables == {"AGENT_ID"}
    assert Directory(by="context").variables == frozenset()


@pytest.mark.parametrize(
    ("number", "device", "is_inside"),
    [
        ("20", "PJSIP/20", True),
        ("201234", "PJSIP/201234", True),
        ("2", "PJSIP/2", False),
        ("2012345", "PJSIP/x", False),
        ("+4930123", "PJSIP/x", False),
        ("201", "PJSIP/carrier-a", False),
        ("", "PJSIP/201", False),
    ],
)
def test_numbers_of_two_to_six_digits_are_inside_unless_they_come_by_a_trunk(
    number: str, device: str, is_inside: bool
) -> None:
    directory = Directory(trunks=("PJSIP/carrier-*",))
    assert directory.is_internal(a_leg(number=number, device=device)) is is_inside


def test_extension_201_of_two_organisations_is_two_agents() -> None:
    leg = a_leg(number="201", device="PJSIP/201")
    assert TENANTS.agent("acme.example.com", leg) == ("201", "Ada")
    assert TENANTS.agent("globex.example.com", leg) == ("201", "Bob")


@pytest.mark.parametrize("member", ["2001", "PJSIP/2001", "Local/2001@agents/n"])
def test_an_agent_is_known_by_extension_member_or_device(member: str) -> None:
    directory = Directory(agents={("default", "2001"): Agent(id="2001", name="Ada")})
    assert directory.agent("default", a_leg(number="", device=""), member) == ("2001", "Ada")
    assert directory.agent("default", a_leg(number="2001", device="PJSIP/phone-7")) == ("2001", "Ada")
    assert directory.agent("default", a_leg(number="+4930", device="PJSIP/2001")) == ("2001", "Ada")


def test_who_is_not_on_the_list_is_his_number_without_a_name() -> None:
    assert Directory().agent("default", a_leg(number="205", device="PJSIP/205")) == ("205", "")
    assert Directory().agent("default", a_leg(number="", device="PJSIP/205")) == ("PJSIP/205", "")
    assert Directory().agent("default", a_leg(number="+4930", device="PJSIP/x"), "PJSIP/205") == ("205", "")


def test_a_queue_tells_its_members_name_where_names_come_from_queues() -> None:
    queues = Directory(agent_source=AgentSource.QUEUES)
    assert queues.agent("default", a_leg(number="205", device="PJSIP/205"), "Ada Lovelace") == ("205", "Ada Lovelace")
    assert queues.agent("default", a_leg(number="205", device="PJSIP/205"), "PJSIP/205") == ("205", "")


def test_a_channel_variable_tells_the_agent_where_the_configuration_says_so() -> None:
    directory = Directory(
        agent_source=AgentSource.VARIABLE,
        agent_variable="AGENT_ID",
        agents={("default", "a7"): Agent(id="a7", name="Ada")},
    )
    hot_desk = a_leg(number="205", variables=(("AGENT_ID", "a7"),))
    assert directory.agent("default", hot_desk) == ("a7", "Ada")
    assert directory.agent("default", a_leg(number="205", variables=(("AGENT_ID", "b8"),))) == ("b8", "")
