"""A house that lost its disk and got its catalogue back: what waited to be stored at the time of the backup has no work
files any more, and the catalogue knows of nothing that was stored since.
"""

import shutil
from pathlib import Path

import pytest

from tests.faults.conftest import Build
from tests.faults.house import House
from tests.faults.pbx import PbxCall
from tests.faults.proof import assert_each_copy_is_there_once, assert_nothing_lost, assert_sounds_whole, until_grown

OPUS = {"record": True, "format": "opus"}


def backed_up_before_it_was_stored(house: House) -> tuple[PbxCall, Path]:
    house.doom.hold("ship/store")
    house.start()
    call = house.pbx.call("call").answer()
    house.until_recording("call")
    until_grown(house, call, 0.5)
    call.hang_up()
    house.until_state("call", "rendered")
    backup = house.folder / "backup.tar"
    done = house.command("backup", str(backup))
    assert done.returncode == 0, done.stderr
    house.kill()
    house.doom.hold()
    return call, backup


def restored(house: House, backup: Path) -> None:
    shutil.rmtree(house.state / "work")
    done = house.command("restore", str(backup), "--force")
    assert done.returncode == 0, done.stderr
    house.start()


def test_what_waits_and_is_lost_is_made_again_and_stored(build: Build) -> None:
    house = build()
    call, backup = backed_up_before_it_was_stored(house)
    restored(house, backup)
    house.until_state("call", "available")
    assert house.work.until_said("lost, and made again")["hint"] == "mono, stereo"
    assert_nothing_lost(house)
    assert_sounds_whole(house, call)


@pytest.mark.slow
def test_what_comes_out_as_other_bytes_is_stored_as_these(build: Build) -> None:
    house = build(defaults=OPUS)
    _, backup = backed_up_before_it_was_stored(house)
    before = {row["kind"]: row["sha256"] for row in house.rows.ask("SELECT * FROM artefacts")}
    restored(house, backup)
    house.until_state("call", "available")
    assert house.work.until_said("lost, and made anew")["hint"] == "mono, stereo"
    after = {row["kind"]: row["sha256"] for row in house.rows.ask("SELECT * FROM artefacts")}
    assert (after.keys(), set(after.values()) & set(before.values())) == (before.keys(), set())
    house.until_settled()
    assert_each_copy_is_there_once(house)


@pytest.mark.slow
@pytest.mark.parametrize("is_recorded_still", [True, False])
def test_what_was_stored_since_is_found_where_it_lies(build: Build, is_recorded_still: bool) -> None:
    """Also when the PBX's files have gone, as they do soon after the last copy."""
    house = build(defaults=OPUS)
    _, backup = backed_up_before_it_was_stored(house)
    house.start()
    house.until_state("call", "available")
    stored = {path.name: path.read_bytes() for path in house.objects}
    house.kill()
    if not is_recorded_still:
        for file in house.pbx.spool.iterdir():
            file.unlink()
    restored(house, backup)
    house.until_state("call", "available")
    house.until_settled()
    assert {path.name: path.read_bytes() for path in house.objects} == stored
    assert_each_copy_is_there_once(house)
