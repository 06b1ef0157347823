"""Conferences: calls of their own with one recorder for each participant, whoever comes, goes and comes back."""

from connector.domain import events
from connector.domain.call import Call, CallKind, CallState, Direction, Side
from connector.domain.ids import BridgeId, ChannelId
from connector.domain.options import Beginning
from connector.domain.pbx_commands import StopRecorder
from connector.domain.policy import Policy, Rule, When, Word
from connector.domain.recording import Heard, Recording, Segment
from connector.domain.states import RecordingState
from connector.pbx.scripted.conversation import Conversation
from connector.pbx.scripted.script import Script, together
from tests.builders import MORNING
from tests.unit.domain.offices import policies
from tests.unit.domain.stage import Stage, a_stage
from tests.unit.domain.stories import INBOUND

INSIDE, OUTSIDE, LATER = "a-caller", "b-caller", "c-caller"


def a_participant(number: str, prefix: str) -> Conversation:
    direction = Direction.INBOUND if number.startswith("+") else Direction.INTERNAL
    return Conversation(caller=number, prefix=prefix, dialled="77", direction=direction)


def a_meeting() -> Script:
    """201 for 30 s, somebody from outside from second 5 to 20."""
    return together(
        a_participant("201", "a").confer("77", seconds=30).hangup().script(),
        a_participant(INBOUND, "b").confer("77", seconds=15).hangup().script().later(5),
    )


def conferences(stage: Stage) -> list[Call]:
    return [call for call in stage.calls.values() if call.kind is CallKind.CONFERENCE]


def conference(stage: Stage) -> Call:
    (found,) = conferences(stage)
    return found


def recordings_of(stage: Stage, call: Call) -> list[Recording]:
    return [recording for recording in stage.recordings.values() if recording.call_id == call.id]


def segments_of(stage: Stage, call: Call) -> list[Segment]:
    return [segment for segment in stage.segments.values() if segment.call_id == call.id]


def test_a_conference_is_one_call_and_one_recording_with_a_recorder_for_each_participant() -> None:
    stage = a_stage().play(a_meeting())
    call = conference(stage)
    assert (call.conference, call.to_number, call.state) == ("77", "77", CallState.ENDED)
    (recording,) = stage.recordings.values()
    assert (recording.call_id, recording.state) == (call.id, RecordingState.CAPTURED)
    assert [(one.channel, one.heard) for one in segments_of(stage, call)] == [(INSIDE, Heard.RX), (OUTSIDE, Heard.RX)]
    assert [due.kind for due in stage.dues] == ["ship"]


def test_a_conferences_legs_are_the_stays_of_its_participants() -> None:
    call = conference(a_stage().play(a_meeting()))
    assert [(leg.channel, leg.number, leg.created_at) for leg in call.legs] == [
        (INSIDE, "201", MORNING),
        (OUTSIDE, INBOUND, MORNING + 5),
    ]
    assert [leg.ended_at for leg in call.legs] == [MORNING + 30, MORNING + 20]
    assert (call.started_at, call.ended_at) == (MORNING, MORNING + 30)


def test_who_is_outside_is_left_and_who_is_inside_right() -> None:
    stage = a_stage().play(a_meeting())
    assert {one.channel: one.side for one in stage.segments.values()} == {INSIDE: Side.RIGHT, OUTSIDE: Side.LEFT}


def test_participants_stay_calls_of_their_own_that_no_rule_records() -> None:
    stage = a_stage().play(a_meeting())
    own = [call for call in stage.calls.values() if call.kind is CallKind.CALL]
    assert len(own) == 2
    assert all(not recordings_of(stage, call) for call in own)


def test_a_recorder_ends_with_the_stay_though_its_channel_lives_on() -> None:
    story = together(
        a_participant("201", "a").confer("77", seconds=30).script(),
        a_participant(INBOUND, "b").confer("77", seconds=5).leave_conference().wait(20).script(),
    )
    stage = a_stage().play(story)
    assert [one.channel for one in stage.commands if isinstance(one, StopRecorder)] == [OUTSIDE]
    assert stage.recording.state is RecordingState.RECORDING
    assert next(one.state for one in stage.segments.values() if one.channel == OUTSIDE) == "closed"


def test_who_comes_back_gets_another_recorder_in_the_same_recording() -> None:
    story = together(
        a_participant("201", "a").confer("77", seconds=30).hangup().script(),
        a_participant(INBOUND, "b").confer("77", seconds=5).leave_conference().wait(5).confer("77").wait(5).hangup()
        .script(),
    )  # fmt: skip
    stage = a_stage().play(story)
    assert [one.channel for one in segments_of(stage, conference(stage))].count(ChannelId(OUTSIDE)) == 2
    assert [leg.channel for leg in conference(stage).legs].count(ChannelId(OUTSIDE)) == 2
    assert stage.recording.state is RecordingState.CAPTURED


def test_who_comes_back_before_his_recorder_has_closed_is_recorded_too() -> None:
    stage = of_two()
    stage.is_obliging = False
    stage.tell(events.BridgeLeft(channel=ChannelId(OUTSIDE), bridge=BridgeId("conference-77")), stage.now + 1)
    stage.tell(in_conference(OUTSIDE), stage.now + 0.01)
    assert [command.channel for command in stage.started()].count(ChannelId(OUTSIDE)) == 2


def test_coming_and_going_many_times_never_uses_up_the_recorders() -> None:
    story = a_participant(INBOUND, "b")
    for _ in range(10):
        story.confer("77", seconds=1).leave_conference().wait(1)
    stage = a_stage().play(together(a_participant("201", "a").confer("77", seconds=60).script(), story.script()))
    assert len([one for one in stage.segments.values() if one.channel == OUTSIDE]) == 10


def test_who_comes_back_is_tried_again_although_his_recorder_was_refused_before() -> None:
    stage = a_stage(is_obliging=False).play(a_participant("201", "a").confer("77", seconds=1).script())
    stage.tell(events.RecorderStarted(segment=stage.started()[0].segment))
    stage.play(a_participant(INBOUND, "b").confer("77", seconds=1).script())
    while waiting := [one for one in stage.segments.values() if one.state == "wanted"]:
        stage.tell(events.RecorderRefused(segment=waiting[0].id, reason="no"))
    tries = len(stage.started())
    stage.tell(events.BridgeLeft(channel=ChannelId(OUTSIDE), bridge=BridgeId("conference-77")), stage.now + 1)
    stage.tell(in_conference(OUTSIDE), stage.now + 1)
    assert len(stage.started()) == tries + 1


def test_after_the_last_one_left_the_same_bridge_is_another_conference() -> None:
    one = a_participant("201", "a").confer("77", seconds=5).hangup().script()
    stage = a_stage().play(
        together(one, a_participant(INBOUND, "b").confer("77", seconds=5).hangup().script().later(9))
    )
    assert len(conferences(stage)) == 2
    assert [recording.state for recording in stage.recordings.values()] == [RecordingState.CAPTURED] * 2


def test_leaving_without_hanging_up_ends_the_conference_as_well() -> None:
    stage = a_stage().play(a_participant("201", "a").confer("77", seconds=5).leave_conference().wait(9).script())
    assert conference(stage).state is CallState.ENDED
    assert stage.recording.state is RecordingState.CAPTURED
    assert stage.director.live_calls == 1


def test_a_conference_can_be_stopped_by_its_name_and_newcomers_do_not_start_it_again() -> None:
    stage = a_stage().play(a_participant("201", "a").confer("77", seconds=5).script())
    stage.tell(events.InstructionGiven(command_id="c", action="stop", conference="77", by="ada"))
    assert stage.answers[-1].is_done
    stage.play(a_participant(INBOUND, "b").confer("77", seconds=5).script())
    assert stage.recording.state is RecordingState.CAPTURED
    assert conference(stage).state is CallState.LIVE


def test_an_instruction_from_a_participant_is_about_his_own_call_or_with_a_star_about_the_conference() -> None:
    for name, kinds in (("", {CallKind.CALL, CallKind.CONFERENCE}), ("*", {CallKind.CONFERENCE})):
        stage = a_stage().play(a_participant("201", "a").confer("77", seconds=5).script())
        order = events.InstructionGiven(command_id="c", action="start", channel=ChannelId(INSIDE), conference=name)
        stage.tell(order)
        assert {stage.calls[one.call_id].kind for one in stage.recordings.values()} == kinds


def test_an_unknown_conference_is_refused_with_that_sentence() -> None:
    stage = a_stage().play(a_participant("201", "a").wait(1).script())
    for name in ("78", "*"):
        order = events.InstructionGiven(command_id=name, action="stop", conference=name, channel=ChannelId(INSIDE))
        stage.tell(order)
        assert (stage.answers[-1].is_done, stage.answers[-1].outcome) == (
            False,
            "no such conference is live on this PBX",
        )


def test_a_participant_recorded_apart_has_himself_and_what_the_conference_sent_him() -> None:
    story = a_participant("201", "a").confer("77", seconds=5).instruct("start").wait(5).hangup()
    stage = a_stage(policies("no")).play(story.script())
    own = [(one.channel, one.heard, one.side) for one in stage.segments.values()]
    assert own == [(INSIDE, Heard.RX, Side.LEFT), (INSIDE, Heard.TX, Side.RIGHT)]
    assert stage.recording.state is RecordingState.CAPTURED
    assert stage.recording.options.record_from is Beginning.ANSWER


def test_a_recorded_call_goes_on_in_its_own_recording_when_a_party_is_transferred_into_a_conference() -> None:
    for consult in (0.0, 3.0):
        host = a_participant("205", "host").confer("77", seconds=60).hangup().script()
        story = Conversation(caller=INBOUND, agent="201").talk(5).transfer_into_conference("77", consult=consult)
        stage = a_stage().play(together(host, story.wait(5).hangup().script()))
        (own,) = [one for one in stage.recordings.values() if stage.calls[one.call_id].kind is CallKind.CALL]
        assert own.state is RecordingState.CAPTURED
        of_caller = [one for one in stage.segments.values() if one.channel == "call-caller"]
        assert {stage.calls[one.call_id].kind for one in of_caller} == set(CallKind)
        assert len(of_caller) == 2
        assert "call-caller" in {leg.channel for leg in conference(stage).legs}


def test_who_is_reached_through_helper_channels_takes_part_and_is_no_recording_of_his_own() -> None:
    story = Conversation(caller="201", agent=INBOUND, prefix="a", local="kept").confer("77").ringing(2)
    stage = a_stage().play(story.confer_through_helper("77").wait(5).hangup().script())
    call = conference(stage)
    assert {one.channel for one in segments_of(stage, call)} == {INSIDE, f"a-{INBOUND}"}
    (kept,) = [one for one in stage.recordings.values() if one.state is RecordingState.CAPTURED]
    assert kept.call_id == call.id
    assert all(one.state is RecordingState.REMOVING for one in stage.recordings.values() if one is not kept)


def through_helper() -> tuple[Stage, events.BridgeEntered, events.BridgeEntered]:
    """Somebody outside takes part through helper channels; how he and the helper are told again."""
    story = Conversation(caller="201", agent=INBOUND, prefix="a", local="kept").confer("77").ringing(2)
    stage = a_stage().play(story.confer_through_helper("77").wait(5).script())
    agent = events.BridgeEntered(channel=ChannelId(f"a-{INBOUND}"), bridge=BridgeId("a-bridge-1"))
    return stage, agent, in_conference("a-local;1")


def test_a_participant_behind_helper_channels_who_is_told_again_begins_no_recording_of_his_own() -> None:
    stage, agent, _ = through_helper()
    known = len(stage.recordings)
    stage.tell(agent, stage.now + 10)
    assert len(stage.recordings) == known


def test_a_restart_keeps_who_sits_behind_helper_channels() -> None:
    before, agent, helper = through_helper()
    after = a_restarted(before)
    after.segments |= before.segments
    channels = [leg.channel for call in before.calls.values() for leg in call.legs]
    resynchronised(after, *channels, "a-local;1", "a-local;2")
    after.tell(events.ChannelCreated(channel=ChannelId("a-local;1"), linked=INSIDE, is_local=True))
    for told_again in (agent, helper, in_conference(INSIDE)):
        after.tell(told_again)
    after.pass_time(3)
    assert not [one for one in after.commands if isinstance(one, StopRecorder)]


def test_the_rules_see_the_first_participant_and_the_conferences_name() -> None:
    rules = (
        Rule(word=Word.YES, when=When(to_number=("77",), direction=(Direction.INTERNAL,)), name="rule 1"),
        Rule(word=Word.NO, name="rule 2"),
    )
    stage = a_stage({"default": Policy(rules=rules)}).play(a_meeting())
    assert stage.recording.call_id == conference(stage).id
    assert "rule 1" in stage.recording.rule
    from_outside = a_participant(INBOUND, "b").confer("77", seconds=5).hangup().script()
    assert not a_stage({"default": Policy(rules=rules)}).play(from_outside).recordings


def test_the_wish_of_who_came_first_decides() -> None:
    willing = a_participant("201", "a").variable("CALLREEL", "yes").confer("77", seconds=9).hangup().script()
    other = a_participant(INBOUND, "b").variable("CALLREEL", "no").confer("77", seconds=5).hangup().script()
    assert a_stage(policies("no")).play(together(willing, other.later(1))).recording.state is RecordingState.CAPTURED
    assert not a_stage(policies("yes")).play(together(willing.later(1), other)).recordings


def test_all_outside_or_all_inside_the_first_one_is_left_even_when_he_comes_back() -> None:
    first = a_participant("201", "a").confer("77", seconds=2).leave_conference().wait(2).confer("77").wait(5).hangup()
    second = a_participant("202", "b").confer("77", seconds=9).hangup().script().later(1)
    stage = a_stage().play(together(first.script(), second))
    assert {one.channel: one.side for one in stage.segments.values()} == {INSIDE: Side.LEFT, OUTSIDE: Side.RIGHT}


def test_prompts_and_record_from_make_no_second_recorder_on_a_participant() -> None:
    stage = a_stage(policies("yes", prompts=True)).play(a_meeting())
    assert {one.heard for one in segments_of(stage, conference(stage))} == {Heard.RX}


def test_a_hold_is_the_holders_only() -> None:
    stage = a_stage().play(
        together(*(a_participant(n, p).confer("77").script() for n, p in (("201", "a"), ("202", "b"))))
    )
    stage.tell(events.ChannelHeld(channel=ChannelId(INSIDE)))
    assert {one.channel for one in stage.segments.values() if one.holds} == {INSIDE}


def a_restarted(before: Stage) -> Stage:
    after = a_stage()
    after.now = before.now + 1
    after.director.adopt(
        list(before.calls.values()), list(before.recordings.values()), list(before.segments.values()), after.now
    )
    return after


def resynchronised(stage: Stage, *channels: str) -> None:
    alive = tuple(events.RecorderStarted(segment=one.id) for one in stage.segments.values())
    stage.tell(events.PbxResynchronised(channels=tuple(ChannelId(one) for one in channels), recorders=alive))


def in_conference(channel: str, kind: events.BridgeKind = events.BridgeKind.CONFERENCE) -> events.BridgeEntered:
    name = "77" if kind is events.BridgeKind.CONFERENCE else ""
    return events.BridgeEntered(channel=ChannelId(channel), bridge=BridgeId("conference-77"), kind=kind, name=name)


def of_two() -> Stage:
    both = (("201", "a"), (INBOUND, "b"))
    return a_stage().play(
        together(*(a_participant(number, prefix).confer("77").wait(5).script() for number, prefix in both))
    )


def test_a_restarted_director_goes_on_with_the_same_conference_and_recorders() -> None:
    before = of_two()
    after = a_restarted(before)
    after.segments |= before.segments
    resynchronised(after, INSIDE, OUTSIDE)
    for channel in (INSIDE, OUTSIDE):
        after.tell(in_conference(channel))
    after.play(a_participant("203", "c").confer("77").script())
    assert [command.channel for command in after.started()] == [LATER]
    for channel in (INSIDE, OUTSIDE, LATER):
        after.tell(events.ChannelEnded(channel=ChannelId(channel)))
    assert conference(after).id == conference(before).id
    assert after.recording.state is RecordingState.CAPTURED


def test_a_conference_told_again_without_its_kind_is_one_all_the_same() -> None:
    stage = of_two()
    resynchronised(stage, INSIDE, OUTSIDE)
    for channel in (INSIDE, OUTSIDE):
        stage.tell(in_conference(channel, events.BridgeKind.TALK))
    assert not [call for call in stage.calls.values() if call.joined]
    assert len(stage.recordings) == 1


def test_who_left_while_the_connection_was_cut_is_noticed_when_he_is_not_told_again() -> None:
    stage = of_two()
    resynchronised(stage, INSIDE, OUTSIDE)
    stage.tell(in_conference(INSIDE))
    stage.pass_time(2.5)
    assert [one.channel for one in stage.commands if isinstance(one, StopRecorder)] == [OUTSIDE]
    assert conference(stage).state is CallState.LIVE


def test_a_pbx_that_tells_nobody_again_keeps_everybody() -> None:
    stage = of_two()
    resynchronised(stage, INSIDE, OUTSIDE)
    stage.pass_time(2.5)
    assert not [one for one in stage.commands if isinstance(one, StopRecorder)]


def test_what_becomes_known_of_a_participant_later_is_known_of_the_conference() -> None:
    stage = of_two()
    stage.tell(events.CallerIdentified(channel=ChannelId(OUTSIDE), number="+4989", name="Bob"))
    assert [(leg.number, leg.name) for leg in conference(stage).legs][1] == ("+4989", "Bob")
    assert conference(stage).legs[1].created_at < stage.now


def test_max_length_ends_a_conferences_recording_once() -> None:
    stage = a_stage(policies("yes", max_length_seconds=30.0)).play(a_participant("201", "a").confer("77").script())
    stage.pass_time(31)
    stage.play_events([in_conference(INSIDE)])
    stage.play(a_participant(INBOUND, "b").confer("77").script())
    assert stage.recording.state is RecordingState.CAPTURED
