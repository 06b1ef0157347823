"""Each role alone, then all together, are killed in every state that a recording passes, and it goes on its way."""

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from connector.domain import events
from connector.domain.ids import ChannelId
from connector.domain.states import RECORDING, RecordingEvent, RecordingState, moved
from connector.pbx.scripted.script import Fault, Line, Script
from tests.faults.conftest import Build
from tests.faults.house import House
from tests.faults.pbx import PbxCall
from tests.faults.proof import assert_nothing_lost, assert_sounds_whole, until_grown
from tests.faults.waiting import until

#: Some forty lives of roles, one after the other.
pytestmark = pytest.mark.timeout(300)

R, E = RecordingState, RecordingEvent
Act = Callable[[House, PbxCall], object]

_LATE_DISCARD = "a discard reaches a recording only while its recorders run; afterwards it is erasing"
_NO_LOSS = "this release's PBX loses no file once its recorder has started: its end is told, or found at reconnecting"
#: Transitions that nothing in this release causes, each with the reason.
UNREACHABLE = {
    (R.REQUESTED, E.CALL_ENDED_FIRST): "a recording begins with a recorder on a party that is there",
    (R.RECORDING, E.SOURCE_LOST): _NO_LOSS,
    (R.PAUSED, E.SOURCE_LOST): _NO_LOSS,
    (R.CAPTURED, E.DISCARDED): _LATE_DISCARD,
    (R.RENDERED, E.DISCARDED): _LATE_DISCARD,
}


@dataclass
class Chapter:
    """What is done to a call, and what happens to its recording then."""

    act: Act
    happens: tuple[RecordingEvent, ...] = ()


@dataclass
class Story:
    """One chapter for each stage of the house from `first` on; `states` are what the catalogue shows at their ends.
    After the last one nothing is done to it any more."""

    name: str
    chapters: list[Chapter]
    agent: str = "201"
    first: int = 0
    transitions: set[tuple[RecordingState, RecordingEvent]] = field(default_factory=set)
    states: list[RecordingState] = field(default_factory=list)

    def __post_init__(self) -> None:
        state = R.REQUESTED
        for chapter in self.chapters:
            for event in chapter.happens:
                self.transitions.add((state, event))
                state = moved(RECORDING, state, event)
            self.states.append(state)

    def act(self, stage: int, house: House, call: PbxCall) -> None:
        if stage - self.first < len(self.chapters):
            self.chapters[stage - self.first].act(house, call)

    def state(self, stage: int) -> RecordingState:
        return self.states[min(stage - self.first, len(self.states) - 1)]


# What is done to a call


def wait(house: House, call: PbxCall) -> None:
    """Nothing."""


def record(house: House, call: PbxCall) -> None:
    call.answer()
    house.until_recording(call.name)


def lie_about(house: House, call: PbxCall) -> None:
    """Both recorders are said to start and do not."""
    house.pbx.misbehave(Fault.LIE, count=2)
    call.answer()
    until(lambda: len(house.rows.segments(house.rows.recording(call.name).get("id", ""))) == 2, "two recorders")


def recorders_again(house: House, call: PbxCall) -> None:
    """After a reconnect they are found missing, and started anew."""
    house.until_recording(call.name)


def pause(house: House, call: PbxCall) -> None:
    call.instruct("pause")


def resume(house: House, call: PbxCall) -> None:
    call.instruct("resume")


def discard(house: House, call: PbxCall) -> None:
    call.instruct("discard")


def lie_about_and_discard(house: House, call: PbxCall) -> None:
    lie_about(house, call)
    discard(house, call)
    until(lambda: house.rows.recording(call.name)["reason"], "the wish to discard it")


def hang_up(house: House, call: PbxCall) -> None:
    call.hang_up()


def talk_and_hang_up(house: House, call: PbxCall) -> None:
    until_grown(house, call, 0.1)
    call.hang_up()


def hang_up_and_lose_files(house: House, call: PbxCall) -> None:
    talk_and_hang_up(house, call)
    house.until_state(call.name, R.CAPTURED)
    lose_files(house, call)


def lose_files(house: House, call: PbxCall) -> None:
    (house.folder / "elsewhere").mkdir(exist_ok=True)
    _move(house, call, "spool", "elsewhere")


def find_files_again(house: House, call: PbxCall) -> None:
    _move(house, call, "elsewhere", "spool")
    retry(house, call)


def _move(house: House, call: PbxCall, here: str, there: str) -> None:
    for segment in house.rows.segments(house.rows.recording(call.name)["id"]):
        (house.folder / here / segment["path"]).rename(house.folder / there / segment["path"])


def retry(house: House, call: PbxCall) -> None:
    retried = house.command("recordings", "retry", house.rows.recording(call.name)["id"])
    assert retried.returncode == 0, retried.stderr


def mend_destination(house: House, call: PbxCall) -> None:
    (house.folder / "broken").unlink()
    retry(house, call)


def erase(house: House, call: PbxCall) -> None:
    erased = house.command("erasure", "begin", "--call", house.rows.recording(call.name)["call_id"])
    assert erased.returncode == 0, erased.stderr


def expire(house: House, call: PbxCall) -> None:
    """Its days are over, and the daily job comes."""
    recording = house.rows.recording(call.name)["id"]
    house.rows.change(f"UPDATE recordings SET expires_at = 1, is_expiry_known = true WHERE id = '{recording}'")
    ran = house.command("retention", "run")
    assert ran.returncode == 0, ran.stderr


def joins(elder: str) -> Act:
    """The agent of the elder call is replaced by this call's caller: one conversation, one recording."""

    def act(house: House, call: PbxCall) -> None:
        linked = events.ChannelsLinked(channel=ChannelId(f"{elder}-201"), other=call.caller)
        house.pbx.play(Script(lines=(Line(offset_seconds=0.0, what=linked),)))

    return act


def record_and_pause(house: House, call: PbxCall) -> None:
    record(house, call)
    pause(house, call)


def joins_unverified(elder: str) -> Act:
    """The same before its recorders have started."""

    def act(house: House, call: PbxCall) -> None:
        lie_about(house, call)
        joins(elder)(house, call)

    return act


# The house where all goes well: where work stands still in each stage

_REMOVING = "remove/remove copies"
WELL: list[tuple[str, ...]] = [
    (),
    (_REMOVING,),
    (_REMOVING, "ship/render"),
    ("ship/store",),
    ("ship/render",),
    ("ship/store",),
    (),
]
_SHIPPED = [Chapter(wait, (E.RENDERED,)), Chapter(wait, (E.STORED,))]
WELL_STORIES = [
    Story(
        "shipped",
        [
            Chapter(lie_about),
            Chapter(recorders_again, (E.VERIFIED,)),
            Chapter(talk_and_hang_up, (E.CLOSED,)),
            *_SHIPPED,
        ],
    ),
    Story(
        "paused",
        [
            Chapter(record, (E.VERIFIED,)),
            Chapter(pause, (E.PAUSED,)),
            Chapter(resume, (E.RESUMED,)),
            Chapter(pause, (E.PAUSED,)),
            Chapter(hang_up, (E.CLOSED,)),
            *_SHIPPED,
        ],
    ),
    Story(
        "discarded",
        [
            Chapter(record, (E.VERIFIED,)),
            Chapter(discard, (E.DISCARDED,)),
            Chapter(hang_up),
            Chapter(wait, (E.GONE,)),
        ],
    ),
    Story(
        "discarded-in-a-pause",
        [
            Chapter(record, (E.VERIFIED,)),
            Chapter(pause, (E.PAUSED,)),
            Chapter(discard, (E.DISCARDED,)),
            Chapter(hang_up, (E.GONE,)),
        ],
    ),
    Story(
        "without-files",
        [
            Chapter(record, (E.VERIFIED,)),
            Chapter(wait),
            Chapter(talk_and_hang_up, (E.CLOSED,)),
            Chapter(lose_files, (E.UNUSABLE,)),
            Chapter(find_files_again, (E.RETRIED,)),
            *_SHIPPED,
        ],
    ),
    Story(
        "without-destination",
        [
            Chapter(record, (E.VERIFIED,)),
            Chapter(wait),
            Chapter(talk_and_hang_up, (E.CLOSED,)),
            Chapter(wait, (E.RENDERED,)),
            Chapter(wait, (E.GIVEN_UP,)),
            Chapter(mend_destination, (E.RETRIED,)),
            Chapter(wait, (E.STORED,)),
        ],
        agent="299",
    ),
]

# The house whose PBX starts no recorder any more after the first stage

ILL: list[tuple[str, ...]] = [(_REMOVING,), (_REMOVING,), (), ()]
_REFUSED = [Chapter(lie_about), Chapter(wait, (E.REFUSED,)), Chapter(hang_up)]
ILL_STORIES = [
    Story(
        "elder",
        [Chapter(record, (E.VERIFIED,)), Chapter(wait), Chapter(talk_and_hang_up, (E.CLOSED, E.RENDERED, E.STORED))],
    ),
    Story("younger", [Chapter(record, (E.VERIFIED,)), Chapter(joins("elder"), (E.JOINED,)), Chapter(hang_up)]),
    Story(
        "paused-younger",
        [Chapter(record_and_pause, (E.VERIFIED, E.PAUSED)), Chapter(joins("elder"), (E.JOINED,)), Chapter(hang_up)],
    ),
    Story("unverified-younger", [Chapter(joins_unverified("elder"), (E.JOINED,)), Chapter(hang_up)], first=1),
    Story("refused", [*_REFUSED]),
    Story("refused-erased", [*_REFUSED, Chapter(erase, (E.ERASED, E.GONE))]),
    Story("refused-expired", [*_REFUSED, Chapter(expire, (E.EXPIRED, E.GONE))]),
    Story(
        "discarded-unverified",
        [Chapter(lie_about_and_discard), Chapter(wait, (E.DISCARDED,)), Chapter(hang_up, (E.GONE,))],
    ),
]


# The house that lets go of what it has, in every state

ENDING: list[tuple[str, ...]] = [(), ("ship/render",), ("ship/store", _REMOVING), (_REMOVING,), (_REMOVING,), ()]
_CAPTURED = [Chapter(record, (E.VERIFIED,)), Chapter(talk_and_hang_up, (E.CLOSED,))]
_STORED = [*_CAPTURED, *_SHIPPED]
_WITHOUT_FILES = [
    Chapter(record, (E.VERIFIED,)),
    Chapter(hang_up_and_lose_files, (E.CLOSED,)),
    Chapter(wait, (E.UNUSABLE,)),
    Chapter(wait),
]
_WITHOUT_DESTINATION = [*_CAPTURED, Chapter(wait, (E.RENDERED,)), Chapter(wait, (E.GIVEN_UP,))]
_ERASED, _EXPIRED, _GONE = Chapter(erase, (E.ERASED,)), Chapter(expire, (E.EXPIRED,)), Chapter(wait, (E.GONE,))
ENDING_STORIES = [
    Story("erased-captured", [*_CAPTURED, _ERASED, Chapter(wait), Chapter(wait), _GONE]),
    Story("erased-rendered", [*_CAPTURED, Chapter(wait, (E.RENDERED,)), _ERASED, Chapter(wait), _GONE]),
    Story("erased", [*_STORED, _ERASED, _GONE]),
    Story("erased-without-files", [*_WITHOUT_FILES, _ERASED, _GONE]),
    Story("erased-without-destination", [*_WITHOUT_DESTINATION, _ERASED, _GONE], agent="299"),
    Story("expired", [*_STORED, _EXPIRED, _GONE]),
    Story("expired-without-files", [*_WITHOUT_FILES, _EXPIRED, _GONE]),
    Story("expired-without-destination", [*_WITHOUT_DESTINATION, _EXPIRED, _GONE], agent="299"),
]


def test_every_transition_of_the_table_is_killed_at_or_named_unreachable() -> None:
    table = {(state, event) for state, row in RECORDING.items() for event in row}
    told = {step for story in (*WELL_STORIES, *ILL_STORIES, *ENDING_STORIES) for step in story.transitions}
    assert told & UNREACHABLE.keys() == set()
    assert told | UNREACHABLE.keys() == table


@pytest.mark.slow
def test_in_every_state_each_role_and_all_of_them_may_be_killed(any_build: Build) -> None:
    house = with_a_broken_destination(any_build())
    calls = tell(house, WELL, WELL_STORIES)
    house.stores.append(house.folder / "broken")
    assert_nothing_lost(house)
    assert_sounds_whole(house, calls["without-files"])


@pytest.mark.slow
def test_a_pbx_that_starts_no_recorder_costs_no_other_call(any_build: Build) -> None:
    house = any_build(capture={"verify": 60, "close": 60})
    tell(house, ILL, ILL_STORIES, then=lambda: house.pbx.misbehave(Fault.REFUSE, count=1000))
    assert_nothing_lost(house)
    assert house.rows.recording("refused")["reason"]


@pytest.mark.slow
def test_what_is_erased_or_over_goes_from_every_state_once(any_build: Build) -> None:
    house = with_a_broken_destination(any_build())
    tell(house, ENDING, ENDING_STORIES)
    assert_nothing_lost(house)
    assert house.objects == []


def with_a_broken_destination(house: House) -> House:
    """For the calls of agent 299; until somebody removes the file in its place."""
    house.settings["destinations"]["broken"] = {"url": f"file://{house.folder}/broken/"}
    house.settings["rules"] = [{"when": {"agent": "299"}, "record": True, "destination": "broken"}]
    house.write_config()
    (house.folder / "broken").touch()
    return house


def tell(
    house: House, stages: list[tuple[str, ...]], stories: list[Story], then: Callable[[], object] = lambda: None
) -> dict[str, PbxCall]:
    """Stage by stage: all stories go on by a chapter, and when the catalogue shows their states, the roles die."""
    house.start()
    calls: dict[str, PbxCall] = {}
    for stage, holds in enumerate(stages):
        # What stood still until now does so until all is done that this stage begins with.
        house.doom.hold(*holds, *stages[stage - 1])
        living = [story for story in stories if story.first <= stage]
        for story in living:
            if story.name not in calls:
                calls[story.name] = house.pbx.call(story.name, agent=story.agent)
            story.act(stage, house, calls[story.name])
        house.doom.hold(*holds)
        for story in living:
            house.until_state(story.name, story.state(stage))
        then()
        kill_all_ways(house)
    return calls


def kill_all_ways(house: House) -> None:
    """Each one alone, while the others live or begin anew; then all at once."""
    for name, role in house.roles.items():
        house.kill(name)
        role.start()
    for role in house.roles.values():
        role.until_up()
    house.restart()
