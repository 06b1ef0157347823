"""What lives on FreeSWITCH, from its answers; those in the files are real ones."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.domain.events import BridgeEntered, BridgeKind, ChannelHeld
from connector.domain.ids import ChannelId, SegmentId
from connector.pbx.freeswitch.census import Member, channels, conferences, dump, recorded_paths, recorders
from connector.pbx.freeswitch.esl_event import EslEvent
from connector.pbx.freeswitch.events import Facts, Translation
from tests.unit.pbx.asterisk.streams import outline
from tests.unit.pbx.freeswitch.streams import Answers, census, event, stream

SPOOL = "/var/spool/callreel/"


def dumps_of(answers: Answers) -> list[EslEvent]:
    return [one for text in answers.dumps if (one := dump(text)) is not None]


def told(name: str) -> Facts:
    answers = census(name)
    return Translation().resynchronised(dumps_of(answers), conferences(answers.conferences))


def named_segment(path: str) -> SegmentId | None:
    return SegmentId(path.rpartition("/")[2]) if path.endswith("c.wav") else None


@pytest.mark.parametrize("version", ["1.11", "1.10"])
def test_the_legs_of_a_call_are_counted_dumped_and_told(version: str) -> None:
    answers = census("recorded", version)
    assert [one.channel for one in dumps_of(answers)] == list(channels(answers.show))
    facts = Translation().resynchronised(dumps_of(answers), conferences(answers.conferences))
    assert outline(facts) == [
        "ChannelCreated a a caller sofia/phones/caller@127.0.0.1 to_agent1 default",
        "ChannelCreated b a agent1 sofia/phones/agent1@127.0.0.1 default",
        "ChannelAnswered a",
        "ChannelAnswered b",
        "BridgeEntered a 1 talk",
        "BridgeEntered b 1 talk",
    ]


def test_a_bridge_has_the_same_id_in_the_census_as_in_its_event() -> None:
    """Whoever of the two is told first."""
    entered = {fact.channel: fact.bridge for fact in told("recorded") if isinstance(fact, BridgeEntered)}
    a, b = entered
    by_event = Translation().facts(event("CHANNEL_BRIDGE", b, Bridge_A_Unique_ID=b, Bridge_B_Unique_ID=a))
    assert {fact.bridge for fact in by_event if isinstance(fact, BridgeEntered)} == set(entered.values())


@pytest.mark.parametrize("version", ["1.11", "1.10"])
def test_the_recorders_of_a_leg_are_known_by_their_files_whatever_these_are_called(version: str) -> None:
    answers = census("recorded", version)
    paths = {channel: list(recorded_paths(text)) for channel, text in answers.buglists.items()}
    assert sorted(paths.values()) == [[f"{SPOOL}a & <b>.wav"], [f"{SPOOL}c.wav"]]
    found = [
        one for channel, text in answers.buglists.items() for one in recorders(ChannelId(channel), text, named_segment)
    ]
    assert [(one.segment, one.path) for one in found] == [("c.wav", f"{SPOOL}c.wav")]
    assert paths[found[0].channel] == [f"{SPOOL}c.wav"]


def test_other_media_bugs_are_no_recorders_and_escaped_names_are_read() -> None:
    bug = "<media-bug>\n  <function>{}</function>\n  <target>{}</target>\n </media-bug>"
    text = f"<media-bugs>{bug.format('displace_session', '/x.wav')}{bug.format('session_record', '/a &amp; b.wav')}"
    assert list(recorded_paths(text)) == ["/a & b.wav"]


def test_entities_are_not_expanded() -> None:
    bomb = '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><media-bugs><media-bug><function>session_record'
    assert list(recorded_paths(f"{bomb}</function><target>/&b;.wav</target></media-bug></media-bugs>")) == ["/&b;.wav"]


def test_a_bridge_that_still_rings_is_no_talk() -> None:
    assert not any(isinstance(fact, BridgeEntered) for fact in told("early"))


def test_in_a_consultation_only_those_two_talk() -> None:
    assert [line for line in outline(told("consultation")) if line.startswith("BridgeEntered")] == [
        "BridgeEntered b 1 talk",
        "BridgeEntered c 1 talk",
    ]


def test_a_hold_that_lasts_is_told() -> None:
    created = outline(told("hold"))
    assert [fact.channel for fact in told("hold") if isinstance(fact, ChannelHeld)]
    assert "ChannelHeld b" in created


def test_the_members_of_a_conference_are_told_with_its_name() -> None:
    entered = [fact for fact in told("conference") if isinstance(fact, BridgeEntered)]
    assert {(fact.kind, fact.name) for fact in entered} == {(BridgeKind.CONFERENCE, "77")}
    assert len({fact.channel for fact in entered}) == 2
    by_event = [
        fact for one in stream("conference") for fact in Translation().facts(one) if isinstance(fact, BridgeEntered)
    ]
    assert (by_event[0].kind, by_event[0].name) == (BridgeKind.CONFERENCE, "77")


def test_what_records_a_conference_is_no_member() -> None:
    text = """[{"conference_name": "77", "conference_uuid": "room", "members": [
        {"type": "recording_node", "record_path": "/x.wav"}, {"type": "caller", "uuid": "a-1"}]}]"""
    assert conferences(text)[0].members == (Member(ChannelId("a-1")),)


def test_members_are_told_with_their_time_inside_who_came_first_first() -> None:
    """FreeSWITCH lists who came last first, and counts whole seconds; what is no time of a member's is none."""
    [room] = conferences(census("conference").conferences)
    assert {member.inside_seconds for member in room.members} == {1.0}
    first, second = channels(census("conference").show)
    assert {member.channel for member in room.members} == {first, second}
    listed = [("d", 2), ("c", 2), ("b", 40), ("a", "x"), ("e", -1), ("f", 10**400), ("g", True)]
    members = [{"uuid": name, "join_time": seconds} for name, seconds in listed]
    [room] = conferences(json.dumps([{"conference_uuid": "room", "members": members}]))
    told = [(member.channel, member.inside_seconds) for member in room.members]
    assert told[:3] == [("b", 40.0), ("c", 2.0), ("d", 2.0)]
    assert dict(told[3:]) == {"g": 1.0, "f": 0.0, "e": 0.0, "a": 0.0}


def test_a_leg_that_is_gone_has_neither_dump_nor_recorders() -> None:
    answers = census("recorded")
    assert answers.gone.startswith("-ERR")
    assert dump(answers.gone) is None
    assert recorders(ChannelId("a"), answers.gone_bugs, lambda _: SegmentId("s")) == ()
    assert channels('{"row_count": 0}') == ()
    assert conferences("+OK No active conferences.\n") == ()


_BROKEN = (
    *('{"rows": [1, {"uuid": 2}]}', '{"rows": {}}', "[[]]", "null", "[" * 100_000),
    *('[{"conference_uuid": "x", "members": [3]}]', '[{"conference_uuid": "x", "members": {}}]'),
    *('{"Unique-ID": [1]}', '{"Unique-ID": {"a": 1}}', "<function>session_record</function><target>"),
)


@given(st.text(max_size=60) | st.sampled_from(_BROKEN))
def test_broken_answers_are_empty_ones(text: str) -> None:
    assert channels(text) == ()
    assert recorders(ChannelId("a"), text, lambda _: SegmentId("s")) == ()
    for one in conferences(text):
        assert one.members == ()
    dump(text)
