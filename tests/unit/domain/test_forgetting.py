"""A person leaves what is known of a call; everything else stays."""

from connector.domain.call import Asked, Verdict, Wanted
from connector.domain.forgetting import Person, forgotten, person
from tests.builders import AGENT, a_call, a_leg

NUMBER = "+4930123456"


def test_number_and_name_go_and_the_other_party_stays() -> None:
    call = a_call()
    left = forgotten(call, person(call, NUMBER))
    assert (left.from_number, left.to_number, left.agent_name) == ("", "201", "Ada")
    caller, agent = left.legs
    assert (caller.number, caller.name, caller.dialled) == ("", "", "201")
    assert (agent.number, agent.name) == ("201", "Ada")
    assert (left.started_at, left.answered_at, left.id) == (call.started_at, call.answered_at, call.id)


def test_the_number_goes_wherever_it_stands_as_a_word() -> None:
    call = a_call(
        legs=(
            a_leg(device=f"Local/{NUMBER}", variables=(("FROM", f"<sip:{NUMBER}@host>"), ("LANGUAGE", "de"))),
            a_leg(channel=AGENT, number="201", name="Zoé Müller calls", dialled=NUMBER),
        ),
        verdict=Verdict(record=True, reason=f"rule 2 (from {NUMBER}): force"),
        wanted=Wanted(by="the dialplan", options=f"clientState={NUMBER}"),
        consent=Asked(by=NUMBER),
        tags=("vip", f"from {NUMBER}"),
    )
    left = forgotten(call, person(call, NUMBER))
    assert NUMBER not in repr(left)
    assert "Zoé" not in repr(left)
    assert left.tags == ("vip",)
    assert left.legs[0].variables == (("LANGUAGE", "de"),)


def test_a_number_within_another_is_another() -> None:
    someone = Person(("201",))
    texts = ["201", "+201", "2010", "1201", "a201", "(201)", "PJSIP/201"]
    assert [someone.without(text) for text in texts] == ["", "+201", "2010", "1201", "a201", "()", "PJSIP/"]


def test_an_agent_who_is_erased_loses_his_name_too() -> None:
    call = a_call()
    left = forgotten(call, person(call, "201"))
    assert (left.agent_id, left.agent_name, left.to_number) == ("", "", "")
    assert left.from_number == NUMBER


def test_without_a_number_everybody_goes() -> None:
    call = a_call()
    left = forgotten(call, person(call, ""))
    for word in (NUMBER, "Zoé Müller", "Ada", "201"):
        assert word not in (left.from_number, left.to_number, left.agent_id, left.agent_name)
        assert all(word not in (leg.number, leg.name, leg.dialled) for leg in left.legs)


def test_twice_does_no_harm() -> None:
    call = a_call()
    once = forgotten(call, person(call, NUMBER))
    assert forgotten(once, person(once, NUMBER)) == once


def test_nested_texts_are_cleaned_and_nobody_is_nothing() -> None:
    someone = Person((NUMBER,))
    assert someone.without_any({"a": [NUMBER, 1, None, {"b": f"to {NUMBER}"}]}) == {"a": ["", 1, None, {"b": "to "}]}
    assert Person(()).without("text") == "text"
