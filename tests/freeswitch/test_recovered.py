"""FreeSWITCH dies and brings its calls back (`sofia recover`): each leg comes again with the uuid that it had."""

from pathlib import Path

from tests.freeswitch import bridges
from tests.freeswitch.daemon import Daemon
from tests.freeswitch.going_through import said
from tests.freeswitch.legs import Leg
from tests.freeswitch.switch import ScriptedSwitch
from tests.pbx.waiting import talking


def come_again(switch: ScriptedSwitch, leg: Leg) -> Leg:
    """Measured on 1.11: CHANNEL_CREATE with `recovered`, on the leg of before in all that names it, and then
    CHANNEL_BRIDGE. (A real one brings the dialled leg first, and both are answered already.)"""
    back = switch._leg(
        inbound=leg.inbound, number=leg.number, dialled=leg.dialled, name=leg.caller_name, rate=leg.rate, voice=None
    )
    back.uuid, back.channel_name = leg.uuid, leg.channel_name
    back.variables |= {"recovered": "true", "call_uuid": leg.text("call_uuid")}
    return bridges.create(switch.exchange, back)


async def test_calls_that_come_back_are_recorded_on(switch: ScriptedSwitch, tmp_path: Path) -> None:
    daemon = Daemon(tmp_path / "callreel", switch)
    try:
        await daemon.begin()
        caller, agent = await switch.call("+4930400", "2400")
        await talking(1.5)
        seen = daemon.resynchronisations
        await switch.restart()
        await daemon.back(seen)
        caller_again, agent_again = (come_again(switch, leg) for leg in (caller, agent))
        for leg in (caller_again, agent_again):
            bridges.answer(switch.exchange, leg)
        bridges.bridge(switch.exchange, caller_again, agent_again)
        await talking(1.5)
        await switch.hang_up(caller_again)
        before, after = await daemon.final(caller, count=2)
        assert [before["state"], after["state"]] == ["available", "available"]
        daemon.assert_whole(before, left=[said(caller)], right=[said(agent)])
        daemon.assert_whole(after, left=[said(caller_again)], right=[said(agent_again)])
    finally:
        daemon.kill()
