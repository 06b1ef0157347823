"""Calls placed by AMI's Originate: what is sent, and what each outcome comes to."""

import asyncio
from pathlib import Path

import pytest

from connector.domain.events import CallerIdentified, ChannelCreated, ChannelEnded
from connector.domain.ids import ChannelId
from connector.domain.pbx_commands import RING_SECONDS, PlaceCall
from connector.errors import PbxRefused, PbxUnreachable
from tests.unit.pbx.asterisk.ami_server import error, success
from tests.unit.pbx.asterisk.driver_rig import DriverRig, running

WANTED = PlaceCall(
    channel=ChannelId("callreel-1"),
    device="PJSIP/2001",
    number="+498912345",
    context="from-internal",
    caller_id="+493055512",
    record=True,
    options="format=wav,tags=vip|sales",
    agent="201",
)


async def outcome(rig: DriverRig, *lines: str) -> None:
    """The call is placed, and this is said of it."""
    placing = asyncio.create_task(rig.pbx.place(WANTED))
    action = await rig.asked("Originate")
    (await rig.peer()).tell("Event: OriginateResponse", f"ActionID: {action.get('ActionID')}", *lines)
    async with asyncio.timeout(10):
        await placing


async def test_a_device_that_answers_is_a_call(tmp_path: Path) -> None:
    async with running(tmp_path, Originate=success("Message: Originate successfully queued")) as rig:
        await outcome(rig, "Response: Success", "Reason: 4", "Uniqueid: callreel-1")
        action = await rig.asked("Originate")
        sent = {name: action.get(name) for name in ("Channel", "ChannelId", "Context", "Exten", "Priority", "Async")}
        assert sent == {
            "Channel": "PJSIP/2001",
            "ChannelId": "callreel-1",
            "Context": "from-internal",
            "Exten": "+498912345",
            "Priority": "1",
            "Async": "true",
        }
        assert action.get("CallerID") == "<+493055512>"
        assert action.get("Timeout") == str(round(1000 * RING_SECONDS))
        assert action.all("Variable") == [
            "CALLREEL_OPTIONS=format=wav\\,tags=vip\\|sales",
            "CALLREEL_AGENT=201",
            "CALLREEL=yes",
        ]


@pytest.mark.parametrize(
    ("reason", "said"),
    [("5", "busy"), ("3", "nobody answered"), ("0", "could not dial"), ("8", "cannot be reached"), ("77", "not place")],
)
async def test_why_nobody_answered_is_said(tmp_path: Path, reason: str, said: str) -> None:
    async with running(tmp_path, Originate=success()) as rig:
        with pytest.raises(PbxRefused, match=said):
            await outcome(rig, "Response: Failure", f"Reason: {reason}", "Uniqueid: <null>")


async def test_without_the_right_the_remedy_is_named(tmp_path: Path) -> None:
    async with running(tmp_path, Originate=error("Permission denied")) as rig:
        with pytest.raises(PbxRefused, match="add originate to write="):
            await rig.pbx.place(WANTED)


async def test_a_connection_that_is_lost_while_it_rings_leaves_nobody_waiting_and_nothing_is_sent_again(
    tmp_path: Path,
) -> None:
    async with running(tmp_path, Originate=success()) as rig:
        placing = asyncio.create_task(rig.pbx.place(WANTED))
        await rig.asked("Originate")
        (await rig.peer()).abort()
        with pytest.raises(PbxUnreachable, match="nobody knows"):
            await placing
        await rig.until(lambda: rig.kinds.count("PbxResynchronised") == 2)
        assert [len(peer.named("Originate")) for peer in rig.server.peers] == [1, 0]


async def test_without_a_connection_nothing_is_placed(tmp_path: Path) -> None:
    async with running(tmp_path, Originate=success()) as rig:
        await rig.pbx.close()
        with pytest.raises(PbxUnreachable):
            await rig.pbx.place(WANTED)


async def test_of_what_becomes_of_another_call_nobody_takes_notice(tmp_path: Path) -> None:
    async with running(tmp_path, Originate=success()) as rig:
        placing = asyncio.create_task(rig.pbx.place(WANTED))
        await rig.asked("Originate")
        (await rig.peer()).tell("Event: OriginateResponse", "ActionID: another", "Response: Success")
        await rig.tell("Hangup")
        await rig.until(lambda: "ChannelEnded" in rig.kinds)
        assert not placing.done()
        placing.cancel()
        await asyncio.wait([placing])


@pytest.mark.parametrize("device", ["2001", "PJSIP/20 01", "PJSIP/2001&PJSIP/2002", "PJSIP/2001\r\nAction: x", ""])
async def test_a_device_that_is_none_is_refused(tmp_path: Path, device: str) -> None:
    wanted = PlaceCall(channel=ChannelId("c"), device=device, number="1", context="c", caller_id="1")
    async with running(tmp_path, Originate=success()) as rig:
        with pytest.raises(PbxRefused, match=r"api\.outbound\.endpoints"):
            await rig.pbx.place(wanted)
        assert (await rig.peer()).named("Originate") == []


async def test_the_devices_leg_keeps_its_own_number_whatever_the_other_side_is_to_see(tmp_path: Path) -> None:
    async with running(tmp_path, Originate=success()) as rig:
        placing = asyncio.create_task(rig.pbx.place(WANTED))
        action = await rig.asked("Originate")
        peer = await rig.peer()
        shown = ("Uniqueid: callreel-1", "Linkedid: callreel-1", "Channel: PJSIP/2001-00000001")
        for event in ("Newchannel", "NewCallerid"):
            peer.tell(f"Event: {event}", *shown, "CallerIDNum: +493055512")
        dialled = ("DestUniqueid: callreel-1", "DestChannel: PJSIP/2001-00000001", "DestCallerIDNum: +493055512")
        peer.tell("Event: DialBegin", *dialled, "DialString: somebody")
        peer.tell("Event: OriginateResponse", f"ActionID: {action.get('ActionID')}", "Response: Success")
        await placing
        peer.tell("Event: NewCallerid", *shown, "CallerIDNum: +493055512")
        peer.tell("Event: Hangup", *shown)
        await rig.until(lambda: rig.told(ChannelEnded))
        [created] = [one for one in rig.told(ChannelCreated) if one.channel == WANTED.channel]
        assert created.number == "2001"
        assert rig.told(CallerIdentified) == []


@pytest.mark.parametrize(("cause", "said"), [("17", "busy"), ("19", "nobody answered"), ("21", "refused")])
async def test_the_cause_of_its_hangup_says_more_than_the_reason(tmp_path: Path, cause: str, said: str) -> None:
    async with running(tmp_path, Originate=success()) as rig:
        placing = asyncio.create_task(rig.pbx.place(WANTED))
        action = await rig.asked("Originate")
        peer = await rig.peer()
        peer.tell("Event: Hangup", "Uniqueid: callreel-1", "Channel: PJSIP/2001-00000001", f"Cause: {cause}")
        end = ("Response: Failure", "Reason: 0")
        peer.tell("Event: OriginateResponse", f"ActionID: {action.get('ActionID')}", *end)
        with pytest.raises(PbxRefused, match=said):
            await placing
