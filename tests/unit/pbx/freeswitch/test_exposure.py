"""Who else could command FreeSWITCH: the password, the addresses, the lists."""

from dataclasses import replace
from typing import Any

import pytest

from connector.domain.diagnosis import Level
from connector.pbx.freeswitch.exposure import EventSocketFile, Exposure, event_socket_file, exposure_findings

SAFE = Exposure(
    is_everybody_s=False, addresses=["127.0.0.1"], lists=["loopback.auto"], lets_strangers_in=False, is_here=True
)


def levels(exposure: Exposure) -> tuple[Level, Level]:
    password, listening = exposure_findings(exposure)
    return password.level, listening.level


@pytest.mark.parametrize(
    ("change", "password", "listening"),
    [
        ({}, Level.OK, Level.OK),
        ({"addresses": ["::1", "127.0.0.1"]}, Level.OK, Level.OK),
        ({"addresses": ["::"]}, Level.OK, Level.WARNING),
        ({"addresses": ["::"], "is_here": False}, Level.OK, Level.OK),
        ({"addresses": ["10.0.0.5"], "is_here": False, "lets_strangers_in": True}, Level.OK, Level.WARNING),
        ({"addresses": []}, Level.OK, Level.NOTE),
        ({"is_everybody_s": True}, Level.WARNING, Level.OK),
        ({"is_everybody_s": True, "addresses": ["::"]}, Level.WARNING, Level.WARNING),
        ({"is_everybody_s": True, "addresses": ["::"], "lets_strangers_in": True}, Level.BAD, Level.WARNING),
        ({"is_everybody_s": True, "lets_strangers_in": True}, Level.WARNING, Level.OK),
    ],
)
def test_each_danger_has_its_level(change: dict[str, Any], password: Level, listening: Level) -> None:
    assert levels(replace(SAFE, **change)) == (password, listening)


def test_a_danger_says_what_to_do_about_it() -> None:
    found = list(exposure_findings(replace(SAFE, is_everybody_s=True, addresses=["0.0.0.0"])))
    assert all("event_socket.conf.xml" in one.mend for one in found)


def test_a_file_tells_where_it_listens_and_whom_it_lets_in() -> None:
    text = """<configuration name="event_socket.conf"><settings>
      <param name="listen-ip" value="10.0.0.5"></param>
      <param name="apply-inbound-acl" value="callreel"></param>
      <param name="apply-inbound-acl" value="rfc1918.auto"></param></settings></configuration>"""
    assert event_socket_file(text) == EventSocketFile("10.0.0.5", ("callreel", "rfc1918.auto"))


def test_a_file_that_says_nothing_is_as_freeswitch_takes_it() -> None:
    text = '<configuration name="event_socket.conf"><settings></settings></configuration>'
    assert event_socket_file(text) == EventSocketFile("127.0.0.1", ("loopback.auto",))


def test_without_a_file_nothing_is_known() -> None:
    assert event_socket_file("can't find anything") is None
