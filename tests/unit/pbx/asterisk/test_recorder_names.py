"""What a recorder is called on the PBX, there and back."""

import pytest

from connector.domain.ids import SegmentId
from connector.domain.recording import Heard
from connector.pbx.asterisk import recorder_names as names

SEGMENT = SegmentId("0b9c1d1e-58a7-5b6e-9f4c-2f6b3c1d0e9a")
PATH = "7f0c2b6a-rec_0b9c1d1e_rx.wav16"


def test_segment_and_file_are_read_back_from_the_variables_name() -> None:
    told = names.named(names.variable(SEGMENT, PATH))
    assert told == names.Named(SEGMENT, PATH)


def test_a_segment_that_is_no_uuid_and_a_file_in_a_folder_are_read_back_too() -> None:
    assert names.named(names.variable(SegmentId("s1"), "a/s1.wav")) == names.Named(SegmentId("s1"), "a/s1.wav")


@pytest.mark.parametrize("name", ["CALLREEL_MUST", "CALLREEL_REC_", "CALLREEL_REC_s1", "CALLREEL_REC_s1_../x", "REC"])
def test_any_other_variable_is_none_of_ours(name: str) -> None:
    assert names.named(name) is None


def test_the_direction_is_the_option_of_mixmonitor() -> None:
    assert names.options(Heard.RX, "/spool/a.wav", "V") == "r(/spool/a.wav)Si(V)"
    assert names.options(Heard.TX, "/spool/a.wav", "V") == "t(/spool/a.wav)Si(V)"


@pytest.mark.parametrize("path", ["/a.wav", "../a.wav", "a/../../b.wav", "a,b.wav", "a(b.wav", "a\r\nb.wav", "a&b", ""])
def test_a_path_that_mixmonitor_takes_apart_or_that_leaves_the_folder_is_not_plain(path: str) -> None:
    assert not names.is_plain(path)


@pytest.mark.parametrize("spool", ["/var/spool/asterisk/recording", "/srv/our calls/é"])
def test_a_usual_folder_is_no_trouble(spool: str) -> None:
    assert names.spool_trouble(spool) == ""


@pytest.mark.parametrize("spool", ["recording", "/a,b", "/a)b", "/a|b", "/a&b", "/a\nb", "/a\0b", "/a;b", "/${x}"])
def test_a_folder_that_mixmonitor_cannot_name_is_said_to_be_one(spool: str) -> None:
    assert repr(spool) in names.spool_trouble(spool)


@pytest.mark.parametrize(
    ("formats", "is_wide"),
    [
        ("(ulaw)", False),
        ("(ulaw|alaw)", False),
        ("(slin)", False),
        ("(gsm)", False),
        ("(speex)", False),
        ("", False),
        ("(g722)", True),
        ("(opus)", True),
        ("(slin16)", True),
        ("(speex16)", True),
    ],
)
def test_what_the_phone_speaks_says_whether_it_is_wideband(formats: str, is_wide: bool) -> None:
    assert names.is_wideband(formats) is is_wide


def test_the_file_says_direction_and_rate() -> None:
    assert names.heard_in("must_1~1~2_tx.wav") is Heard.TX
    assert (names.rate_of("x.wav"), names.rate_of("x.wav16")) == (8000, 16000)
