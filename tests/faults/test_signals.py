"""Roles that stand still, are told to leave or to read their configuration again, or are started twice."""

import json
import os
import signal
from functools import partial
from typing import Any

import pytest

from connector.services.reports import read_reports
from tests.faults.conftest import Build
from tests.faults.house import House
from tests.faults.pbx import PbxCall
from tests.faults.proof import assert_nothing_lost, assert_sounds_whole, until_grown
from tests.faults.role import Role
from tests.faults.waiting import until


def a_live_call(house: House, name: str = "call") -> PbxCall:
    call = house.pbx.call(name).answer()
    house.until_recording(name)
    until_grown(house, call, 0.2)
    return call


def child(house: House, role: str) -> dict[str, Any]:
    """What the supervisor says of it now."""
    try:
        picture = json.loads((house.state / "supervisor.json").read_text())
    except FileNotFoundError:
        return {}
    return next(dict(one) for one in picture["roles"] if one["role"] == role)


def until_ready(house: House, role: str, restarts: int) -> None:
    def is_ready() -> bool:
        facts = child(house, role)
        return bool(facts) and facts["state"] == "ready" and facts["restarts"] == restarts

    until(is_ready, lambda: f"{role} with {restarts} restarts: {child(house, role)}; {house.tails}")


def supervised(house: House) -> Role:
    run = house.supervised()
    run.start()
    for role in ("capture", "work", "web"):
        until_ready(house, role, restarts=0)
        until(partial(has_reported, house, role), f"a report of {role} itself")
    return run


def has_reported(house: House, role: str) -> bool:
    """What doctor believes."""
    return role in read_reports(house.state / "health")


@pytest.mark.slow
def test_a_capture_that_stands_still_is_killed_and_goes_on(build: Build) -> None:
    house = build()
    supervised(house)
    call = a_live_call(house)
    os.kill(child(house, "capture")["pid"], signal.SIGSTOP)
    until_ready(house, "capture", restarts=1)
    assert child(house, "capture")["last_exit"] == "stuck: no sign of life, killed"
    until_grown(house, call, 0.2)
    call.hang_up()
    assert_nothing_lost(house)
    assert_sounds_whole(house, call)


@pytest.mark.slow
def test_when_the_supervisor_is_killed_its_children_leave_and_the_next_one_goes_on(build: Build) -> None:
    house = build()
    run = supervised(house)
    call = a_live_call(house)
    watched = [os.pidfd_open(child(house, role)["pid"]) for role in ("capture", "work", "web")]
    os.kill(run.pid, signal.SIGKILL)
    run.ended()
    for pidfd in watched:
        until(partial(is_over, pidfd), lambda: f"a role outlived its supervisor: {house.tails}")
        os.close(pidfd)
    until_grown(house, call, 0.3)
    (house.state / "supervisor.json").unlink()
    supervised(house)
    call.hang_up()
    assert_nothing_lost(house)
    assert_sounds_whole(house, call)


def is_over(pidfd: int) -> bool:
    try:
        signal.pidfd_send_signal(pidfd, 0)
    except ProcessLookupError:
        return True
    return False


@pytest.mark.slow
def test_told_to_leave_everybody_leaves_in_good_order_and_the_pbx_goes_on(build: Build) -> None:
    house = build()
    run = supervised(house)
    finished, call = a_live_call(house, "finished"), a_live_call(house)
    finished.hang_up()
    house.until_state("finished", "available")
    run.send(signal.SIGTERM)
    assert run.ended() == 0
    for words in ("capture leaves; the PBXs go on recording", "work leaves"):
        assert run.said(words)
    until_grown(house, call, 0.2)
    supervised(house)
    call.hang_up()
    assert_nothing_lost(house)
    assert_sounds_whole(house, call)


def test_a_configuration_read_again_good_or_bad_touches_no_running_recording(build: Build) -> None:
    house = build()
    house.work.command = ["connector", "work", "--config", str(house.config)]
    house.start()
    call = a_live_call(house)
    good = dict(house.settings)
    house.settings["defaults"] = {"rekord": "perhaps"}
    house.write_config()
    for role in house.roles.values():
        role.send(signal.SIGHUP)
        assert "defaults.rekord" in str(role.until_said("configuration refused, the old one stays")["hint"])
    house.settings = good | {"defaults": {"record": False, "format": "wav"}}
    house.write_config()
    for role in house.roles.values():
        role.send(signal.SIGHUP)
        role.until_said("configuration read again")
    other = house.pbx.call("unwanted", agent="202").answer()
    until(lambda: verdict_of(house, other), "the new rules' verdict")
    assert verdict_of(house, other)["record"] is False
    house.pbx.calls.remove(other)
    other.hang_up()
    call.hang_up()
    assert_nothing_lost(house)
    assert_sounds_whole(house, call)
    assert house.rows.recordings("unwanted") == []


def verdict_of(house: House, call: PbxCall) -> dict[str, Any]:
    rows = house.rows.ask(f"SELECT verdict FROM calls WHERE legs LIKE '%\"{call.caller}\"%' AND verdict IS NOT NULL")
    return dict(json.loads(rows[0]["verdict"])) if rows else {}


@pytest.mark.slow
def test_a_second_capture_on_the_same_folder_is_refused_and_told_by_whom(build: Build) -> None:
    house = build()
    house.start()
    call = a_live_call(house)
    for role in (house.capture, house.work):
        second = house.command(role.name)
        assert second.returncode == 1
        assert f"holds {house.state}" in second.stderr
    assert f"process {house.capture.pid}" in house.command("capture").stderr
    call.hang_up()
    assert_nothing_lost(house)
    assert_sounds_whole(house, call)
