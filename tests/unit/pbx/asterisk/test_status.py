"""What lives, from the lists of real Asterisks."""

import pytest

from connector.domain.events import BridgeEntered, BridgeKind, ChannelCreated
from connector.pbx.asterisk.events import Translation
from tests.unit.pbx.asterisk.streams import items, message, outline


@pytest.mark.parametrize("version", ["22", "16"])
def test_a_living_call_is_told_as_if_it_had_just_come_about(version: str) -> None:
    assert outline(Translation(frozenset({"ACCOUNT"})).resynchronised(items("wish-status", version))) == [
        "ChannelCreated a a +4930123456 PJSIP/anonymous 0315552001 from-sip",
        "ChannelCreated b a 2001 PJSIP/out from-sip",
        "VariableSet a ACCOUNT acme",
        'VariableSet a CALLREEL_OPTIONS {"destination":"archive","tags":["a","b"]}',
        "VariableSet a CALLREEL yes",
        "VariableSet b ACCOUNT acme",
        "VariableSet b CALLREEL yes",
        "ChannelAnswered a",
        "ChannelAnswered b",
        "BridgeEntered a 1 talk",
        "BridgeEntered b 1 talk",
    ]


def test_who_picked_a_call_up_is_himself_and_not_whom_it_was_for() -> None:
    numbers = [
        fact.number for fact in Translation().resynchronised(items("pickup-status")) if isinstance(fact, ChannelCreated)
    ]
    assert numbers == ["+4930123456", "2003"]


@pytest.mark.parametrize("version", ["22", "16"])
@pytest.mark.parametrize("is_listed", [True, False])
def test_a_conference_is_known_by_the_list_of_bridges_or_by_what_its_channels_run(
    version: str, is_listed: bool
) -> None:
    bridges = items("conference-bridges", version) if is_listed else []
    facts = Translation().resynchronised(items("conference-status", version), bridges)
    entered = [fact for fact in facts if isinstance(fact, BridgeEntered)]
    assert [(fact.kind, fact.name) for fact in entered] == [(BridgeKind.CONFERENCE, "0077")] * 2


def test_the_eldest_is_told_first_whatever_the_list_says() -> None:
    status = [message(Event="Status", Uniqueid=id) for id in ("rig-1795250388.100", "rig-1795250388.63", "own name")]
    created = [fact for fact in Translation().resynchronised(status) if isinstance(fact, ChannelCreated)]
    assert [fact.channel for fact in created] == ["own name", "rig-1795250388.63", "rig-1795250388.100"]


def test_whoever_was_known_before_keeps_his_number() -> None:
    translation = Translation()
    translation.facts(message(Event="Newchannel", Uniqueid="1.1", Channel="PJSIP/2001-01", CallerIDNum="2001"))
    translation.resynchronised([message(Event="Status", Uniqueid="1.1", Channel="PJSIP/2001-01", CallerIDNum="030")])
    assert (
        translation.facts(message(Event="NewCallerid", Uniqueid="1.1", Channel="PJSIP/2001-01", CallerIDNum="030"))
        == ()
    )
