"""A full disk under our work files and under the destination: named, nothing lost, done when there is room."""

import os

import pytest

from tests.faults.conftest import Build
from tests.faults.house import House
from tests.faults.outages import full, small_disk
from tests.faults.pbx import PbxCall
from tests.faults.proof import assert_nothing_lost, assert_sounds_whole, until_grown
from tests.faults.waiting import until


def a_finished_call(house: House) -> PbxCall:
    call = house.pbx.call("call").answer()
    house.until_recording("call")
    until_grown(house, call, 0.5)
    call.hang_up()
    return call


def assert_sources_are_there(house: House, call: PbxCall) -> None:
    segments = house.rows.segments(house.rows.recording(call.name)["id"])
    assert len(segments) == 2
    assert all((house.pbx.spool / segment["path"]).stat().st_size > 44 for segment in segments)


@pytest.mark.slow
def test_no_room_to_render_keeps_the_sources_and_is_tried_until_there_is(any_build: Build) -> None:
    house = any_build()
    place = house.state / "work"
    place.mkdir()
    with small_disk(place, "256k"):
        house.start()
        with full(place):
            call = a_finished_call(house)
            line = house.work.until_said("rendering postponed")
            assert "room" in str(line["hint"])
            assert str(place) in str(line["hint"])
            row = house.until_state("call", "captured")
            assert line["recording_id"] == row["id"]
            assert_sources_are_there(house, call)
        assert_nothing_lost(house)
        assert_sounds_whole(house, call)
        house.kill()


@pytest.mark.slow
def test_no_room_to_store_is_named_at_the_copy_and_is_tried_until_there_is(any_build: Build) -> None:
    house = any_build()
    with small_disk(house.archive, "256k"):
        house.start()
        with full(house.archive):
            call = a_finished_call(house)
            line = house.work.until_said("delivery postponed")
            assert "no space left" in str(line["hint"])
            row = house.until_state("call", "rendered")
            until(lambda: reason_of(house, row["id"]), "the copy's reason")
            assert "no space left" in reason_of(house, row["id"])
            assert_sources_are_there(house, call)
            assert [path.name for path in house.objects] == ["filler"]
        assert_nothing_lost(house)
        assert_sounds_whole(house, call)
        house.kill()


def reason_of(house: House, recording: str) -> str:
    return str(next(iter(house.rows.deliveries(recording)))["reason"])


@pytest.mark.slow
def test_a_pbx_whose_own_disk_is_full_is_named_and_costs_only_what_it_could_not_write(build: Build) -> None:
    house = build()
    with small_disk(house.pbx.spool, "256k"):
        house.start()
        with full(house.pbx.spool):
            house.pbx.call("lost").answer()
            row = house.until_state("lost", "failed-at-capture")
            assert "space" in row["reason"]
        house.pbx.calls[0].hang_up()
        call = a_finished_call(house)
        assert_nothing_lost(house)
        assert_sounds_whole(house, call)
        house.kill()


def test_a_destination_that_may_not_be_written_is_named_and_works_after_the_mend(build: Build) -> None:
    house = build()
    # Root may write anywhere unless it gives that up.
    powers = "-dac_override,-dac_read_search"
    if os.geteuid() == 0:
        house.work.prefix = ["setpriv", f"--bounding-set={powers}", f"--inh-caps={powers}"]
    house.archive.chmod(0o555)
    house.start()
    call = a_finished_call(house)
    row = house.until_state("call", "failed-at-store")
    for text in (row["reason"], reason_of(house, row["id"]), str(house.work.until_said("delivery refused")["hint"])):
        assert f"may not at {house.archive}" in text
        assert "chmod" in text
    assert {copy["state"] for copy in house.rows.deliveries(row["id"])} == {"refused"}
    assert_sources_are_there(house, call)
    assert house.objects == []
    listed = house.command("recordings", "list", "--state", "failed", "--json")
    assert row["id"] in listed.stdout
    house.archive.chmod(0o755)
    retried = house.command("recordings", "retry", "--all-failed", "--json")
    assert retried.returncode == 0, retried.stderr
    assert_nothing_lost(house)
    assert_sounds_whole(house, call)


@pytest.mark.slow
def test_local_files_go_when_every_copy_is_there_and_never_before(build: Build) -> None:
    house = build(local={"keep": 0})
    house.doom.hold("ship/store")
    house.start()
    call = a_finished_call(house)
    house.until_state("call", "rendered")
    house.restart("work")
    assert_sources_are_there(house, call)
    house.doom.hold()
    house.restart("work")
    house.until_settled()
    house.restart("work")
    until(lambda: list(house.pbx.spool.iterdir()) == [], "an empty spool")
    until(lambda: not any((house.state / "work").rglob("*.wav")), "no work files")
    assert house.command("recordings", "verify").returncode == 0
    assert len(house.objects) == 2
