"""Names of files and the commands about them."""

import pytest

from connector.domain.ids import ChannelId, SegmentId
from connector.domain.recording import Heard
from connector.errors import PbxRefused
from connector.pbx.freeswitch.file_names import (
    Named,
    masked,
    named,
    played,
    spool_trouble,
    started,
    stopped,
    unmasked,
    why_not,
)

LEG = ChannelId("dcbf650e-abfd-494e-bb38-0c9637a61480")
SEGMENT = SegmentId("5f1c0b52-5a3e-5b0c-8f52-0d7f7d6c6f3a")
SPOOL = "/var/lib/freeswitch/callreel"


@pytest.mark.parametrize("folder", ["", "a/b.c/"])
def test_a_file_tells_its_segment_and_its_path(folder: str) -> None:
    for heard in Heard:
        path = f"{folder}0c7e_{SEGMENT}_{heard}.wav"
        assert named(f"{SPOOL}/{path}", SPOOL) == Named(SEGMENT, path)
        assert named(f"{SPOOL}/{path}", SPOOL + "/") == Named(SEGMENT, path)


@pytest.mark.parametrize(
    "file",
    [
        "/recordings/x_s1_rx.wav",
        f"{SPOOL}2/x_s1_rx.wav",
        f"{SPOOL}/x.wav",
        f"{SPOOL}/x_s1.wav",
        f"{SPOOL}/x_s1_rx.mp3",
        f"{SPOOL}/_s1_rx.wav",
        f"{SPOOL}/my call_s1_rx.wav",
        f"{SPOOL}/x_s 1_rx.wav",
        "",
    ],
)
def test_other_peoples_files_are_not_ours(file: str) -> None:
    assert named(file, SPOOL) is None


def test_the_limit_is_given_and_the_leg_alone_is_heard() -> None:
    command = started(LEG, f"{SPOOL}/x.wav", Heard.RX, 16000, SEGMENT)
    head, _, options = command.partition(" {")
    assert head == f"uuid_record {LEG} start {SPOOL}/x.wav 0"
    assert options.endswith("}")
    said = dict(pair.split("=") for pair in options[:-1].split(","))
    assert said["RECORD_READ_ONLY"] == "true"
    assert said["RECORD_STEREO"] == "false"
    assert said["RECORD_PRE_BUFFER_FRAMES"] == "0"
    assert said["enable_file_write_buffering"] == "false"
    assert said["record_sample_rate"] == "16000"
    assert said["callreel_segment"] == SEGMENT


def test_what_the_leg_hears_is_the_first_of_two_channels() -> None:
    options = started(LEG, "/x.wav", Heard.TX, 8000, SEGMENT)
    assert "RECORD_STEREO=true,RECORD_STEREO_SWAP=true" in options
    assert "RECORD_READ_ONLY=true" not in options


def test_the_dialplans_own_options_do_not_reach_our_recorder() -> None:
    for heard in Heard:
        options = started(LEG, "/x.wav", heard, 8000, SEGMENT)
        for option in ("RECORD_APPEND=false", "RECORD_MIN_SEC=0", "RECORD_HANGUP_ON_ERROR=false"):
            assert option in options


def test_a_recorder_is_named_by_its_file() -> None:
    assert stopped(LEG, "/x.wav") == f"uuid_record {LEG} stop /x.wav"
    assert masked(LEG, "/x.wav") == f"uuid_record {LEG} mask /x.wav"
    assert unmasked(LEG, "/x.wav") == f"uuid_record {LEG} unmask /x.wav"


def test_a_spool_that_uuid_record_takes_as_it_stands_is_no_trouble() -> None:
    assert spool_trouble("/srv/pbx-1/callreel_x.d") == ""


@pytest.mark.parametrize("spool", ["/a b", "/a'b", '/a"b', "/a{b", "/a}b", "/a,b", "/a\\b", "/a\nb"])
def test_a_spool_that_uuid_record_takes_apart_is_named(spool: str) -> None:
    assert "choose another" in spool_trouble(spool)


def test_a_relative_spool_is_named() -> None:
    assert "no absolute path" in spool_trouble("spool")


@pytest.mark.parametrize("path", ["", "/x.wav", "../x.wav", "a/../x.wav", "a b.wav", "a{b.wav", "ä.wav"])
def test_a_path_that_is_not_plain_is_refused(path: str) -> None:
    assert "no plain path" in why_not(path, SEGMENT, LEG)


def test_a_leg_with_an_invented_uuid_cannot_smuggle_words_in() -> None:
    path = f"x_{SEGMENT}_rx.wav"
    assert "origination_uuid" in why_not(path, SEGMENT, ChannelId("a stop all"))
    assert why_not(path, SEGMENT, LEG) == ""


@pytest.mark.parametrize("path", ["x.wav", f"x_{SEGMENT}.wav", "x_another_rx.wav"])
def test_a_path_that_does_not_tell_its_segment_is_refused(path: str) -> None:
    assert "does not tell its segment" in why_not(path, SEGMENT, LEG)


def test_a_sound_is_mixed_into_what_one_party_hears() -> None:
    assert played(LEG, "custom/notice") == f"uuid_displace {LEG} start custom/notice.wav 0 mux"
    assert played(LEG, "/s/notice.mp3") == f"uuid_displace {LEG} start /s/notice.mp3 0 mux"
    assert played(LEG, "beep") == f"uuid_displace {LEG} start tone_stream://%(200,0,1400) 0 mux"


@pytest.mark.parametrize("sound", ["shell_stream://rm", "a b", "x.wav 0 loop", "http_cache://x/y.wav", "", "{x=y}z"])
def test_what_is_more_than_a_sound_is_not_played(sound: str) -> None:
    with pytest.raises(PbxRefused, match="no name of a sound"):
        played(LEG, sound)
