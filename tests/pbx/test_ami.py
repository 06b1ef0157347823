"""The manager interface on real Asterisks: the least rights, what the filter lets through, hostile values, its end."""

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from connector.domain.events import ChannelAnswered, ChannelCreated, VariableSet
from connector.domain.secret import Secret
from connector.pbx.asterisk.ami_filter import EVENTS
from connector.pbx.asterisk.events import Translation
from connector.settings import Endpoint
from tests.pbx.asterisk import Asterisk
from tests.pbx.configuration import DRIVER, Login, Wishes
from tests.pbx.phone import Phone
from tests.unit.pbx.asterisk.ami_listener import Listener

pytestmark = pytest.mark.asterisk

LIMIT_SECONDS = 30.0
DIALPLAN = r"""
[phones]
exten => torn,1,Answer()
 same => n,Set(CALLREEL_FIRST=1)
 same => n,Set(BODY=${URIDECODE(a%0D%0A%0D%0AEvent%3A%20Hangup%0D%0AUniqueid%3A%20victim%0D%0A%0D%0A)})
 same => n,Set(CALLREEL_LAST=1)
 same => n,Wait(60)
exten => odd,1,Answer()
 same => n,Set(CALLREEL_NAME=${CALLERID(name)})
 same => n,Set(CALLREEL_OPTIONS={"tags":["a","b"]})
 same => n,Set(OTHER=1)
 same => n,UserEvent(Other,Action: start)
 same => n,UserEvent(Callreel,Action: start,Tags: vip)
 same => n,Wait(60)
"""


@pytest.fixture(scope="module")
def wishes() -> Wishes:
    least = Login(user=DRIVER.user, secret=DRIVER.secret, read="call,dialplan,agent,dtmf,user", write="system,call")
    return Wishes(dialplan=DIALPLAN, driver=least)


@asynccontextmanager
async def listening(pbx: Asterisk, secret: str = "") -> AsyncIterator[Listener]:
    password = Secret(secret or pbx.driver.secret)
    endpoint = Endpoint(user=pbx.driver.user, password=password, host="127.0.0.1", port=pbx.ports.ami)
    async with asyncio.timeout(LIMIT_SECONDS), Listener(endpoint).running() as us:
        yield us


async def test_of_a_call_only_the_events_come_that_we_use_and_the_least_rights_are_enough(
    pbx: Asterisk, phone: Phone
) -> None:
    async with listening(pbx) as us:
        await us.up()
        leg = await phone.call("to_anna")
        await phone.answered("anna")
        await us.until(lambda: us.names.count("BridgeEnter") == 2)
        channel = us.heard[0].get("Uniqueid")
        await us.ami.act("Setvar", {"Channel": channel, "Variable": "A", "Value": "1"})
        options = f"r({pbx.recording_folder}/rights.wav)i(CALLREEL_REC_1)"
        await us.ami.act("MixMonitor", {"Channel": channel, "Options": options})
        await us.ami.act("MixMonitorMute", {"Channel": channel, "Direction": "both", "State": "0"})
        await us.ami.act("StopMixMonitor", {"Channel": channel})
        assert len(await us.ami.listed("Status", {"AllVariables": "true"})) == 2
        assert len(await us.ami.listed("BridgeList")) >= 1
        await leg.hang_up()
        await us.until(lambda: us.names.count("Hangup") == 2)
        assert us.ami.unfiltered == ""
        assert set(us.names) <= {*EVENTS, "VarSet"}
        assert {message.get("Variable") for message in us.heard} == {"", "CALLREEL_REC_1"}


@pytest.mark.parametrize("name", ["Jürgen 😀", "100%0d%0aEvent: Hangup", "a; /../b, ${X}", "tab\tx"])
async def test_names_and_values_arrive_as_they_were_said(pbx: Asterisk, phone: Phone, name: str) -> None:
    async with listening(pbx) as us:
        await us.up()
        await phone.call("odd", name=name)
        await us.until(lambda: "UserEvent" in us.names)
        translation = Translation()
        facts = [fact for message in us.heard for fact in translation.facts(message)]
        assert next(fact for fact in facts if isinstance(fact, ChannelCreated)).name == name
        set_ = {fact.name: fact.value for fact in facts if isinstance(fact, VariableSet)}
        assert set_ == {"CALLREEL_NAME": name, "CALLREEL_OPTIONS": '{"tags":["a","b"]}'}
        assert us.names.count("UserEvent") == 1


async def test_a_variable_with_empty_lines_hides_no_channel_and_forges_no_event(pbx: Asterisk, phone: Phone) -> None:
    async with listening(pbx) as us:
        await us.up()
        await phone.call("torn")
        await us.until(lambda: any(message.get("Variable") == "CALLREEL_LAST" for message in us.heard))
        status = await us.ami.listed("Status", {"AllVariables": "true"})
        assert len(status) == 1
        facts = Translation().resynchronised(status)
        assert {fact.name for fact in facts if isinstance(fact, VariableSet)} == {"CALLREEL_FIRST", "CALLREEL_LAST"}
        assert any(isinstance(fact, ChannelAnswered) for fact in facts)
        assert "Hangup" not in us.names


async def test_a_wrong_password_is_said(pbx: Asterisk) -> None:
    async with listening(pbx, secret="wrong") as us:
        await us.trouble("Authentication failed")


async def test_a_pbx_that_is_killed_is_met_again_when_it_is_back(pbx: Asterisk) -> None:
    async with listening(pbx) as us:
        await us.up()
        pbx.kill()
        await us.down()
        await us.trouble("does not answer")
        await pbx.start()
        await us.up(times=2)
        assert us.ami.trouble == ""


async def test_a_pbx_that_is_frozen_is_noticed(asterisk: Asterisk) -> None:
    async with listening(asterisk) as us:
        await us.up()
        asterisk.kill(signal.SIGSTOP)
        try:
            assert "said nothing" in await us.down()
        finally:
            asterisk.kill(signal.SIGCONT)
        await us.up(times=2)
