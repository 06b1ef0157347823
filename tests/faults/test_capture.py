"""Capture dies at each kind of line that it writes, in the middle of a call, and the call is recorded all the same."""

from collections.abc import Callable

import pytest

from connector.catalogue.codec import decoded
from tests.faults.conftest import Build
from tests.faults.house import House
from tests.faults.killable_capture import kind_of
from tests.faults.pbx import PbxCall
from tests.faults.proof import assert_nothing_lost, assert_sounds_whole, until_grown
from tests.faults.waiting import until

#: What a call may lose while nobody lives to start its recorders.
_LATE_TICKS = 400
#: As many are needed at the most until each line was died at.
_CALLS = 8


def kinds_written(house: House) -> set[str]:
    """Of all lines in the journal."""
    files = sorted((house.state / "journal").iterdir())
    return {kind_of(decoded(line)) for file in files for line in file.read_bytes().splitlines(keepends=True)}


def plain_story(house: House, name: str) -> PbxCall:
    call = house.pbx.call(name)
    call.say(lambda conversation: conversation.ringing(0.1))
    call.answer()
    house.until_recording(name)
    until_grown(house, call, 0.3)
    call.hang_up()
    return call


def paused_story(house: House, name: str) -> PbxCall:
    call = house.pbx.call(name).answer()
    house.until_recording(name)
    call.say(lambda conversation: conversation.hold(0.1))
    insist(house, call, "pause", "paused")
    insist(house, call, "resume", "recording")
    until_grown(house, call, 0.2)
    call.hang_up()
    return call


def discarded_story(house: House, name: str) -> PbxCall:
    call = house.pbx.call(name).answer()
    house.until_recording(name)
    insist(house, call, "discard", "removed")
    call.hang_up()
    return call


def insist(house: House, call: PbxCall, action: str, state: str) -> None:
    """What is said while capture is dead, nobody hears: say it again."""
    for _ in range(30):
        call.instruct(action)
        try:
            until(lambda: house.rows.recording(call.name).get("state") == state, "", seconds=0.7)
        except AssertionError:
            continue
        return
    raise AssertionError(f"{call.name} is not {state}: {house.rows.recording(call.name)}; {house.tails}")


@pytest.mark.slow
@pytest.mark.parametrize("story", [plain_story, paused_story, discarded_story])
def test_capture_may_die_at_each_line_of_its_journal(any_build: Build, story: Callable[[House, str], PbxCall]) -> None:
    house = any_build()
    house.make_capture_killable()
    house.start()
    story(house, "undisturbed")
    house.until_settled()
    kinds = kinds_written(house)
    assert len(kinds) > 4
    house.doom_capture()
    # What happens while nobody lives is told together at the next start: it is died at in a later call.
    for number in range(_CALLS):
        call = story(house, f"disturbed{number}")
        house.until_settled()
        assert len(house.rows.recordings(call.name)) == 1
        if story is plain_story:
            assert_sounds_whole(house, call, _LATE_TICKS)
        if {f"{moment} {kind}" for kind in kinds for moment in ("before", "after")} <= set(house.doom.died):
            break
    else:
        raise AssertionError(f"not died at all of {kinds}, but at {house.doom.died}")
    assert_nothing_lost(house)


def test_capture_may_die_several_times_in_one_call_and_no_frame_is_missing(build: Build) -> None:
    house = build()
    house.start()
    call = house.pbx.call("long").answer()
    house.until_recording("long")
    for _ in range(3):
        house.kill("capture")
        until_grown(house, call, 0.3)
        house.start("capture")
    house.kill("capture")
    call.hang_up()
    house.start("capture")
    assert_nothing_lost(house)
    assert_sounds_whole(house, call)


@pytest.mark.slow
def test_a_journal_that_was_cut_in_the_middle_of_a_line_is_mended(build: Build) -> None:
    house = build()
    house.start()
    call = house.pbx.call("cut").answer()
    house.until_recording("cut")
    house.kill("capture")
    [journal] = (house.state / "journal").iterdir()
    whole = journal.stat().st_size
    with journal.open("ab") as file:
        file.write(journal.read_bytes().splitlines()[-1][:-7])
    until_grown(house, call, 0.2)
    house.start("capture")
    assert house.capture.said("the journal's last line was cut", offset=whole)
    call.hang_up()
    assert_nothing_lost(house)
    assert_sounds_whole(house, call)


@pytest.mark.slow
def test_what_the_catalogue_had_and_the_journal_lost_is_no_harm(build: Build) -> None:
    """After a power cut the journal can be shorter than what was applied of it."""
    house = build()
    house.start()
    call = house.pbx.call("short").answer()
    house.until_recording("short")
    house.kill("capture")
    [journal] = (house.state / "journal").iterdir()
    with journal.open("r+b") as file:
        file.truncate(journal.stat().st_size - 20)
    house.start("capture")
    assert house.capture.said("the journal does not have the catalogue's position: all of it is applied")
    call.hang_up()
    assert_nothing_lost(house)
    assert_sounds_whole(house, call)
