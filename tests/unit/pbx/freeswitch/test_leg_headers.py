"""Who a leg is, by its headers."""

import pytest

from connector.pbx.freeswitch.leg_headers import created, rate
from tests.unit.pbx.freeswitch.streams import event


@pytest.mark.parametrize(
    ("name", "variables", "number", "device"),
    [
        ("sofia/external/+4930123", {"sip_gateway_name": "carrier-a"}, "+4930123", "sofia/gateway/carrier-a"),
        ("sofia/internal/sip:x7f@10.0.0.9:5060;transport=tcp", {"dialed_user": "2001"}, "2001",
         "sofia/internal/x7f@10.0.0.9"),
        ("sofia/internal/2001@10.0.0.9:5060", {}, "2001", "sofia/internal/2001@10.0.0.9"),
        ("sofia/internal/2001%phones", {}, "2001", "sofia/internal/2001%phones"),
        ("sofia/internal/x7f@[2001:db8::1]:5060", {}, "callee", "sofia/internal/x7f@[2001:db8::1]"),
        ("verto.rtc/1008", {}, "1008", "verto.rtc/1008"),
        ("sofia/internal/a/b@h", {}, "callee", "sofia/internal/a/b@h"),
        ("", {}, "callee", ""),
    ],
)  # fmt: skip
def test_a_leg_that_is_rung_has_the_number_of_whom_it_rings(
    name: str, variables: dict[str, str], number: str, device: str
) -> None:
    told = {f"variable_{key}": value for key, value in variables.items()}
    found = created(
        event("CHANNEL_CREATE", "b", Call_Direction="outbound", Channel_Name=name, Caller_Caller_ID_Number="1000",
              Caller_Callee_ID_Number="callee", Caller_Destination_Number="transferred", **told)
    )  # fmt: skip
    assert (found.number, found.device, found.dialled) == (number, device, "")


def test_a_leg_that_came_in_has_the_number_it_came_with_whatever_a_transfer_made_of_it() -> None:
    found = created(
        event("CHANNEL_CREATE", "a", Call_Direction="inbound", Channel_Name="sofia/external/+4930123@carrier:5080",
              Channel_Call_UUID="first", Caller_Caller_ID_Number="2001", Caller_Orig_Caller_ID_Number="+4930123",
              Caller_Caller_ID_Name="Anna", Caller_Destination_Number="5001", Caller_Context="public",
              variable_sip_gateway="carrier-a", Channel_Read_Codec_Rate="16000")
    )  # fmt: skip
    assert (found.number, found.name, found.dialled, found.context) == ("+4930123", "Anna", "5001", "public")
    assert (found.device, found.linked, found.sample_rate) == ("sofia/gateway/carrier-a", "first", 16000)


def test_a_name_that_only_repeats_the_number_or_says_nothing_is_none() -> None:
    inbound = {"Call_Direction": "inbound", "Caller_Caller_ID_Number": "1001", "Caller_Caller_ID_Name": "1001"}
    outbound = {"Call_Direction": "outbound", "Caller_Callee_ID_Name": "Outbound Call"}
    assert [created(event("CHANNEL_CREATE", "a", **headers)).name for headers in (inbound, outbound)] == ["", ""]


def test_a_leg_is_back_where_its_creation_says_that_it_was_recovered_and_at_no_other_time() -> None:
    recovered = {"Call_Direction": "inbound", "variable_recovered": "true"}
    assert created(event("CHANNEL_CREATE", "a", **recovered)).is_back
    assert not created(event("CHANNEL_DATA", "a", **recovered)).is_back
    assert not created(event("CHANNEL_CREATE", "a", Call_Direction="inbound")).is_back


@pytest.mark.parametrize("text", ["1001\r\nUnique-ID: victim", "10\x0001", '1001"', "1001'", "\u202e1001"])
def test_no_number_holds_what_cannot_be_printed(text: str) -> None:
    found = created(event("CHANNEL_CREATE", "a", Call_Direction="inbound", Caller_Caller_ID_Number=text))
    assert found.channel == "a"
    assert found.number.isprintable()


@pytest.mark.parametrize(
    ("text", "hertz"),
    [("8000", 8000), ("16000", 16000), ("48000", 16000), ("11025", 8000), ("0", 0), ("", 0), ("x", 0)],
)
def test_there_are_two_rates_and_none_before_it_is_negotiated(text: str, hertz: int) -> None:
    assert rate(event("X", Channel_Read_Codec_Rate=text)) == hertz
