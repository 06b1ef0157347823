"""Calls placed by `originate` at the scripted FreeSWITCH, and its words for why there was none."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from connector.domain.events import BridgeEntered, ChannelAnswered, ChannelCreated, VariableSet
from connector.domain.ids import ChannelId
from connector.domain.pbx_commands import PlaceCall
from connector.errors import PbxRefused, PbxUnreachable
from connector.pbx.freeswitch import placing
from tests.contract.pbx.freeswitch_rig import FreeSwitchRig, running
from tests.contract.pbx.suite import told

WANTED = PlaceCall(
    channel=ChannelId("6b5e7c0e-0000-4000-8000-000000000001"),
    device="user/2001",
    number="+498912345",
    context="from-internal",
    caller_id="+493055512",
    record=False,
    options="format=wav,tags=vip|sales",
    agent="201",
)


class Switch:
    """Says one thing to every job."""

    def __init__(self, said: Exception) -> None:
        self._said = said

    async def job(self, command: str, limit_seconds: float = 2.0) -> str:
        raise self._said


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[FreeSwitchRig]:
    async with running(tmp_path) as rig:
        yield rig


async def test_a_phone_rings_answers_and_is_connected_with_its_wishes(rig: FreeSwitchRig) -> None:
    await rig.pbx.place(WANTED)
    await rig.until(lambda: told(rig, BridgeEntered))
    assert WANTED.channel in [one.channel for one in told(rig, ChannelAnswered)]
    variables = {one.name: one.value for one in told(rig, VariableSet) if one.channel == WANTED.channel}
    assert variables == {
        "callreel_record": "no",
        "callreel_options": "format=wav,tags=vip|sales",
        "callreel_agent": "201",
    }
    [own] = [one for one in told(rig, ChannelCreated) if one.channel == WANTED.channel]
    # Its own, not the one that the other side is to see.
    assert own.number == "2001"
    [dialled] = [leg for leg in rig.switch.exchange.legs.values() if leg.originator is not None]
    # Without a word of ours it would be the extension that was called.
    assert (dialled.caller_number, dialled.caller_name) == (WANTED.caller_id, WANTED.caller_id)


def test_the_command_is_one_line_of_plain_words() -> None:
    assert placing.originate(WANTED) == (
        "originate {origination_uuid=6b5e7c0e-0000-4000-8000-000000000001,origination_caller_id_number=+493055512,"
        "origination_caller_id_name=+493055512,effective_caller_id_number=+493055512,"
        "effective_caller_id_name=+493055512,ignore_early_media=true,originate_timeout=30,"
        "callreel_options=format=wav\\,tags=vip|sales,callreel_agent=201,callreel_record=no}user/2001 +498912345 XML "
        "from-internal +493055512 +493055512"
    )


@pytest.mark.parametrize(
    "over",
    [
        {"device": "2001"},
        {"device": "user/2001,user/2002"},
        {"device": "user/2001 &park"},
        {"number": "1 &system(x)"},
        {"caller_id": "1}{"},
        {"context": "a b"},
        {"options": "a={b}"},
        {"options": "a='b'"},
        {"agent": "${x}"},
        {"channel": ChannelId("a,b=c")},
    ],
)
def test_words_that_freeswitch_would_take_apart_are_refused(over: dict[str, str]) -> None:
    with pytest.raises(PbxRefused, match="cannot be dialled"):
        placing.originate(replace(WANTED, **over))  # type: ignore[arg-type]  # texts all


@pytest.mark.parametrize(
    ("cause", "said"),
    [
        ("USER_BUSY", "busy"),
        ("NO_ANSWER", "nobody answered"),
        ("SUBSCRIBER_ABSENT", "not registered"),
        ("NORMAL_TEMPORARY_FAILURE", "cannot be reached"),
        # PJSIP/2001, as Asterisk would have it.
        ("CHAN_NOT_IMPLEMENTED", "no such kind of device: see api.outbound.endpoints"),
        ("INVALID_GATEWAY", "no such gateway: see api.outbound.endpoints"),
        ("X", "-ERR X"),
    ],
)
async def test_why_nobody_answered_is_said(cause: str, said: str) -> None:
    refused = PbxRefused(f"PBX office refused originate: -ERR {cause}")
    with pytest.raises(PbxRefused, match=said):
        await placing.place("office", Switch(refused), WANTED)


async def test_what_is_not_said_in_time_is_known_to_nobody() -> None:
    with pytest.raises(PbxUnreachable):
        await placing.place("office", Switch(TimeoutError()), WANTED)


async def test_a_connection_that_is_lost_while_it_rings_leaves_nobody_waiting(rig: FreeSwitchRig) -> None:
    ringing = asyncio.Event()

    async def rings_for_ever(_: object) -> None:
        ringing.set()
        await asyncio.Event().wait()

    rig.switch.dialplan["2001"] = rings_for_ever
    place = asyncio.create_task(rig.pbx.place(WANTED))
    async with asyncio.timeout(10):
        await ringing.wait()
        await rig.lose_connection()
        with pytest.raises(PbxUnreachable):
            await place
