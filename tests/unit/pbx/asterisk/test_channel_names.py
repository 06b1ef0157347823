"""Asterisk's ways of naming things."""

import pytest

from connector.pbx.asterisk.channel_names import device, dialled_number, is_helper, unescaped


@pytest.mark.parametrize(
    ("dial_string", "channel", "told", "number"),
    [
        ("2001", "PJSIP/2001-00000001", "030555", "2001"),
        ("2001@phones", "PJSIP/phones-00000001", "030555", "2001"),
        ("2001/sip:x7f3@10.0.0.9:5060", "PJSIP/2001-00000001", "030555", "2001"),
        ("carrier/sip:+4930123@sip.example.com", "PJSIP/carrier-00000001", "", "+4930123"),
        ("PJSIP/2001", "PJSIP/2001-00000001", "600", "2001"),
        ("carrier/030123", "SIP/carrier-00000001", "", "030123"),
        ("g1/030123", "DAHDI/1-1", "", "030123"),
        ("user:secret@carrier/030123", "IAX2/carrier-1234", "", "030123"),
        ("user:secret@carrier", "IAX2/carrier-1234", "", "user"),
        ("anna", "PJSIP/anna-00000001", "2001", "2001"),
        ("anna", "PJSIP/anna-00000001", "", "anna"),
        ("", "PJSIP/anna-00000001", "2001", "2001"),
        ("", "", "", ""),
    ],
)
def test_whom_a_dial_string_calls(dial_string: str, channel: str, told: str, number: str) -> None:
    assert dialled_number(dial_string, channel, told) == number


@pytest.mark.parametrize(
    ("name", "known"),
    [
        ("PJSIP/carrier-a-0000001f", "PJSIP/carrier-a"),
        ("Local/2001@agents-0000000d;1", "Local/2001@agents"),
        ("DAHDI/i1/030123-5", "DAHDI/i1/030123"),
        ("odd", "odd"),
    ],
)
def test_a_device_is_the_channel_without_its_running_number(name: str, known: str) -> None:
    assert device(name) == known


def test_helpers_of_the_pbx_are_told_from_parties() -> None:
    for helper in ("Local/1@x-0;1", "CBAnn/77-0;1", "Snoop/1-0", "Announcer/ARI-0;2", "PJSIP/a-1<ZOMBIE>"):
        assert is_helper(helper)
    for party in ("PJSIP/2001-1", "SIP/x-1", "UnicastRTP/10.0.0.1-1", "AudioSocket/bot-1", "WebSocket/bot-1", ""):
        assert not is_helper(party)


def test_what_asterisk_escapes_is_what_is_undone() -> None:
    assert unescaped(r"J\'s \"x\" \\n \n \z") == 'J\'s "x" \\n \n \\z'
