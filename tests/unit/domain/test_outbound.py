"""Which calls may be placed, and that nothing of a request reaches a dial string that is not plain."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.domain.ids import ChannelId
from connector.domain.instruction import options_of, options_text
from connector.domain.outbound import CallOrder, CallWish, Permitted, answered, answered_call, order_of, place_call
from connector.domain.pbx_commands import PlaceCall
from connector.errors import BadRequest, NotPermitted
from connector.pbx.asterisk import placing as asterisk
from connector.pbx.freeswitch import placing as freeswitch

PERMITTED = Permitted(
    numbers=("+49X.", "110"),
    caller_ids=("+4930555XX",),
    endpoints={"ep_1": "PJSIP/2001", "acme/ep_2": "PJSIP/2002", "globex/ep_2": "PJSIP/2003"},
    context="from-internal",
)
WISH = CallWish(from_number="+493055512", to_number="+498912345", endpoint_id="ep_1")
CHANNEL = ChannelId("callreel-1")
EVIL = (
    "\r\nAction: Command",
    "1;2",
    "1|2",
    "1,2",
    "1&2",
    "1 2",
    "1/n",
    "{a}",
    "${X}",
    "１２",
    "",
    "+",
    "sip:1@x",
    "1\0",
)


def placed(organisation: str | None = "acme", **over: Any) -> PlaceCall:
    return place_call(replace(WISH, **over), PERMITTED, organisation, CHANNEL)


def test_a_wish_becomes_a_command_in_the_configured_context() -> None:
    assert placed(recording_enabled=False, agent="201", client_state="aGVsbG8=") == PlaceCall(
        channel=CHANNEL,
        device="PJSIP/2001",
        number="+498912345",
        context="from-internal",
        caller_id="+493055512",
        record=False,
        options="clientState=aGVsbG8=",
        agent="201",
    )


@pytest.mark.parametrize("evil", EVIL)
@pytest.mark.parametrize("field", ["to_number", "from_number"])
def test_only_digits_are_dialled(field: str, evil: str) -> None:
    with pytest.raises(BadRequest) as refused:
        placed(**{field: evil})
    assert refused.value.pointer == f"/{field}"


@pytest.mark.parametrize(
    ("over", "setting"),
    [
        ({"to_number": "+15551234"}, "api.outbound.numbers"),
        ({"to_number": "+49"}, "api.outbound.numbers"),
        ({"to_number": "1100"}, "api.outbound.numbers"),
        ({"from_number": "+4930999"}, "api.outbound.caller_ids"),
    ],
)
def test_a_number_that_is_not_allowed_is_refused_naming_the_setting(over: dict[str, str], setting: str) -> None:
    with pytest.raises(NotPermitted, match=setting):
        placed(**over)


def test_without_patterns_nothing_may_be_called() -> None:
    with pytest.raises(NotPermitted):
        place_call(WISH, replace(PERMITTED, numbers=()), None, CHANNEL)
    with pytest.raises(NotPermitted):
        place_call(WISH, replace(PERMITTED, caller_ids=()), None, CHANNEL)


@pytest.mark.parametrize(
    ("organisation", "endpoint", "device"),
    [("acme", "ep_2", "PJSIP/2002"), ("globex", "ep_2", "PJSIP/2003"), (None, "acme/ep_2", "PJSIP/2002")],
)
def test_an_organisation_rings_its_own_phones(organisation: str | None, endpoint: str, device: str) -> None:
    assert placed(organisation, endpoint_id=endpoint).device == device


@pytest.mark.parametrize(("organisation", "endpoint"), [("acme", "globex/ep_2"), ("initech", "ep_2"), ("acme", "x")])
def test_nobody_elses_phone_is_rung(organisation: str, endpoint: str) -> None:
    with pytest.raises(BadRequest, match="no such endpoint"):
        placed(organisation, endpoint_id=endpoint)


def test_one_phone_need_not_be_named_and_of_several_one_must_be() -> None:
    assert placed("initech", endpoint_id="").device == "PJSIP/2001"
    with pytest.raises(BadRequest, match="Name its endpoint_id"):
        placed("acme", endpoint_id="")


@pytest.mark.parametrize(
    "options",
    [
        {"format": "wav", "tags": ["vip", "sales"], "swap": True, "retentionDays": 30},
        {"destinationUrl": "s3://bucket/folder", "transcriptionOptions": {"enabled": True, "locale": "en-GB"}},
        {"consent": "1", "maxLength": "90m", "Channels": "MONO", "beep": None},
    ],
)
def test_options_mean_to_the_pbx_what_they_mean_in_the_request(options: dict[str, object]) -> None:
    assert options_text(placed(recording_options=options).options) == options_of(options)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"credentials": "key:secret"}, "credentials are not handed to a PBX"),
        ({"formt": "wav"}, "did you mean format"),
        ({"clientState": "a,b"}, "can be handed to a PBX"),
        ({"clientState": "a:_:b"}, "can be handed to a PBX"),
        ({"tags": ["two words"]}, "can be handed to a PBX"),
        ({"tags": ["a|b"]}, "cannot be handed to a PBX as they are"),
        ({"consent": {"key": "1"}}, "can be handed to a PBX"),
        ({"tags": [f"{number:04}" for number in range(200)]}, "at most 600 signs"),
        ({"tags": {"a": {}}}, "tags"),
    ],
)
def test_options_that_cannot_be_handed_over_are_refused(options: dict[str, object], said: str) -> None:
    with pytest.raises(BadRequest, match=said) as refused:
        placed(recording_options=options)
    assert refused.value.pointer.startswith("/recording_options")


@pytest.mark.parametrize("agent", ["a,b", "a b", "ä", "\n", "a" * 65])
def test_an_agent_is_a_plain_id(agent: str) -> None:
    with pytest.raises(BadRequest, match="agent"):
        placed(agent=agent)


@given(
    st.builds(
        CallWish,
        from_number=st.just("+493055512") | st.text(),
        to_number=st.from_regex(r"\+49[0-9]{1,12}", fullmatch=True) | st.text(),
        endpoint_id=st.just("ep_1") | st.text(),
        recording_enabled=st.none() | st.booleans(),
        recording_options=st.dictionaries(st.sampled_from(["clientState", "tags", "destination"]), st.text()),
        client_state=st.text(),
        agent=st.just("") | st.text(),
    )
)
def test_whatever_is_asked_for_a_dial_string_has_only_plain_signs(wish: CallWish) -> None:
    try:
        wanted = place_call(wish, PERMITTED, None, CHANNEL)
    except (BadRequest, NotPermitted):
        return
    inner, _, rest = freeswitch.originate(wanted).removeprefix("originate {").partition("}")
    assert set("{}'\"\\ \r\n;$[]<>&^").isdisjoint(inner.replace("\\,", ""))
    assert rest.split(" ")[1:] == [wanted.number, "XML", "from-internal", wanted.caller_id, wanted.caller_id]
    fields = asterisk.fields(wanted, "1")
    assert all("\r" not in str(value) and "\n" not in str(value) for value in fields.values())


def test_an_order_comes_back_as_it_was_written() -> None:
    order = CallOrder(pbx="office", organisation=None, ordered_at=1.5, wanted=placed(recording_enabled=True))
    assert order_of(order.text) == order
    later = replace(order, ordered_at=2.5, wanted=replace(order.wanted, channel=ChannelId("other")))
    assert order.is_same_as(later)
    assert not order.is_same_as(replace(order, wanted=replace(order.wanted, number="110")))


@pytest.mark.parametrize("text", ["", "[]", "{}", "null", '{"wanted": {}}', '{"wanted": {"channel": "a"}, "x": 1}'])
def test_what_is_no_order_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        order_of(text)


def test_an_outcome_tells_its_call() -> None:
    call = placed().channel
    assert answered_call(answered(None)) is None
    assert answered_call("answered call-1") == "call-1"
    assert answered_call(f"busy {call}") is None


def test_a_client_state_that_no_pbx_can_carry_is_pointed_at() -> None:
    with pytest.raises(BadRequest, match="clientState") as refused:
        placed(client_state="a,b")
    assert refused.value.pointer == "/client_state"
