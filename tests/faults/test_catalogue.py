"""The catalogue locked, absent or full: calls go on being recorded, and all of it is in the catalogue afterwards."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from tests.faults.conftest import Build
from tests.faults.house import House
from tests.faults.outages import absent, full, locked, small_disk
from tests.faults.pbx import PbxCall
from tests.faults.proof import assert_nothing_lost, assert_sounds_whole, until_grown
from tests.faults.waiting import until

Outage = Callable[[House], AbstractContextManager[None]]


def two_calls_in(house: House, outage: AbstractContextManager[None], noticed: str) -> tuple[PbxCall, PbxCall]:
    """One that ends while the catalogue is away, and one that begins and ends meanwhile."""
    first, second = house.pbx.call("before"), house.pbx.call("meanwhile")
    first.answer()
    house.until_recording("before")
    until_grown(house, first, 0.2)
    with outage:
        second.answer()
        first.hang_up()
        house.capture.until_said(noticed)
        until(lambda: len(recorded_files(house)) == 4, lambda: f"recorders of the second call; {house.tails}")
        second.hang_up()
        until(lambda: all(is_closed(file.read_bytes()) for file in recorded_files(house)), "closed files")
    return first, second


def recorded_files(house: House) -> list[Path]:
    """Those that hold sound."""
    return [file for file in house.pbx.spool.iterdir() if file.stat().st_size > 3200]


def is_closed(wav: bytes) -> bool:
    return int.from_bytes(wav[40:44], "little") == len(wav) - 44


@pytest.mark.parametrize("outage", [locked, pytest.param(absent, marks=pytest.mark.slow)])
def test_a_catalogue_that_is_away_costs_no_call(any_build: Build, outage: Outage) -> None:
    house = any_build()
    house.start()
    calls = two_calls_in(house, outage(house), "the catalogue lags behind until it answers again")
    assert_nothing_lost(house)
    for call in calls:
        assert_sounds_whole(house, call)
    assert all(role.is_alive for role in house.roles.values())


@pytest.mark.slow
def test_roles_that_start_without_a_catalogue_record_all_the_same(any_build: Build) -> None:
    house = any_build()
    house.make_capture_killable()
    house.start()
    first = house.pbx.call("before").answer()
    house.until_recording("before")
    until_grown(house, first, 0.2)
    house.kill()
    with absent(house):
        for role in house.roles.values():
            role.start()
        house.capture.until_said("capture starts without its memory: the catalogue does not answer")
        house.capture.until_said("pbx resynchronised")
        second = house.pbx.call("meanwhile", agent="202").answer()
        until(lambda: len(recorded_files(house)) >= 4, lambda: f"recorders of the second call; {house.tails}")
        second.hang_up()
    house.capture.until_said("capture begins anew with its memory: the catalogue answers")
    until(lambda: {"absent", "recording"} == states_of(house, first), lambda: f"one of them; {house.tails}")
    first.hang_up()
    assert_nothing_lost(house)
    assert states_of(house, first) == {"absent", "available"}
    assert_sounds_whole(house, second)


def states_of(house: House, call: PbxCall) -> set[str]:
    return {row["state"] for row in house.rows.recordings(call.name)}


@pytest.mark.slow
def test_a_full_disk_under_the_catalogue_costs_no_call(build: Build) -> None:
    house = build()
    place = house.folder / "catalogue"
    place.mkdir()
    (house.state / "catalogue.db").rename(place / "catalogue.db")
    house.move_catalogue(place)
    with small_disk(place, "2m"):
        house.start()
        calls = two_calls_in(house, full(place), "the catalogue lags behind until it answers again")
        assert_nothing_lost(house)
        for call in calls:
            assert_sounds_whole(house, call)
        house.kill()


@pytest.mark.slow
def test_a_full_disk_under_everything_of_ours_costs_no_call(build: Build) -> None:
    house = build()
    with small_disk(house.state, "8m"):
        house.start()
        calls = two_calls_in(
            house, full(house.state), "the journal cannot be written: its lines are kept in memory until there is room"
        )
        assert_nothing_lost(house)
        for call in calls:
            assert_sounds_whole(house, call)
        house.kill()
