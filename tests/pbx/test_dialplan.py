"""The dialplan snippet on real Asterisks, 22 and 16: what it tells, what it records, and that it never harms a call."""

import asyncio
import os
import re
import signal
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path

import pytest
import soundfile

from connector.domain.decision import CommandAnswered
from connector.domain.ids import ChannelId, RecordingId
from connector.domain.instruction import JSON_HINT
from connector.pbx.asterisk.fastagi import FastAgi
from tests.pbx import noise
from tests.pbx.asterisk import Asterisk, NoAsterisk
from tests.pbx.configuration import Wishes
from tests.pbx.leg import Leg
from tests.pbx.phone import Phone
from tests.pbx.sounds import WIDE
from tests.unit.processes import Talking

pytestmark = pytest.mark.asterisk

SNIPPET = Path(__file__).resolve().parents[2] / "dialplan/asterisk/callreel.conf"
#: Every use of the snippet as its own comments tell to write it; the call goes to agent1.
SHAPES = """
[phones]
exten => _ask_.,1,Set(CALLREEL_FASTAGI=${CUT(AGI,/,3)})
 same => n,GosubIf($[${DIALPLAN_EXISTS(callreel-${EXTEN:4},s,1)}]?callreel-${EXTEN:4},s,1(destination=archive,tags=vip))
 same => n,NoOp(TOLD ${RECORDING_STATUS}/${RECORDING_ID}/${RECORDING_REASON})
 same => n,Dial(PJSIP/agent1@phones,30)
exten => variable,1,Set(CALLREEL_FASTAGI=${CUT(AGI,/,3)})
 same => n,Set(CALLREEL_OPTIONS={"destination":"archive","tags":["vip"]})
 same => n,Gosub(callreel-start,s,1)
 same => n,Dial(PJSIP/agent1@phones,30)
exten => arg_json,1,Set(CALLREEL_FASTAGI=${CUT(AGI,/,3)})
 same => n,Gosub(callreel-start,s,1({"destination":"archive","tags":["vip"]}))
 same => n,NoOp(TOLD ${RECORDING_STATUS}/${RECORDING_ID}/${RECORDING_REASON})
 same => n,Dial(PJSIP/agent1@phones,30)
exten => _must_.,1,GotoIf($["${IFMODULE(app_stack.so)}${DIALPLAN_EXISTS(callreel-must,s,1)}" != "11"]?on)
 same => n,Gosub(callreel-must,s,1)
 same => n,Gosub(callreel-must,s,1)
 same => n(on),Dial(PJSIP/${EXTEN:5}@phones,30,b(callreel-must^s^1)U(callreel-must))
exten => _widemust_.,1,Gosub(callreel-must,s,1)
 same => n,Dial(PJSIP/${EXTEN:9}@widephones,30,b(callreel-must^s^1))
exten => agree,1,Answer()
 same => n,Gosub(callreel-consent,s,1(,5))
 same => n,NoOp(AGREED [${CALLREEL_CONSENT}])
 same => n,Dial(PJSIP/agent1@phones,30)
exten => announce,1,Gosub(callreel-announce,s,1(${SOUNDS}/prompt))
 same => n,Dial(PJSIP/agent1@phones,30)
exten => play,1,Set(CALLREEL_SOUND=${SOUNDS}/prompt)
 same => n,Goto(callreel-play,s,1)
exten => features,1,Set(__CALLREEL_FASTAGI=${CUT(AGI,/,3)})
 same => n,Set(__DYNAMIC_FEATURES=callreel-record#callreel-pause)
 same => n,Dial(PJSIP/agent1@phones,30)
exten => everything,1,Set(CALLREEL_FASTAGI=${CUT(AGI,/,3)})
 same => n,GotoIf($["${IFMODULE(app_stack.so)}${DIALPLAN_EXISTS(callreel-start,s,1)}" != "11"]?on)
 same => n,Gosub(callreel-start,s,1(tags=vip))
 same => n,Gosub(callreel-must,s,1)
 same => n,Gosub(callreel-pause,s,1)
 same => n,Gosub(callreel-toggle-pause,s,1)
 same => n,Gosub(callreel-toggle-record,s,1)
 same => n,Gosub(callreel-announce,s,1(${SOUNDS}/prompt))
 same => n,Gosub(callreel-consent,s,1(${SOUNDS}/prompt,1))
 same => n(on),Dial(PJSIP/agent1@phones,30,b(callreel-must^s^1)U(callreel-must))
"""
FEATURES = """
[applicationmap]
callreel-record => *1,self,Gosub,"callreel-toggle-record,s,1"
callreel-pause => *7,self,Gosub,"callreel-toggle-pause,s,1"
"""
INCLUDED = Wishes(dialplan=f"#include {SNIPPET}\n{SHAPES}", snippets={"features.conf": FEATURES})
VERSIONS = (22, 16)


class Desk:
    """Answers the dialplan, and notes what it was asked."""

    def __init__(self) -> None:
        self.asked: asyncio.Queue[tuple[str, str]] = asyncio.Queue()
        self.channels: list[ChannelId] = []
        self.fate: Callable[[str], CommandAnswered] = done

    async def answer(self, _pbx: str, channel: ChannelId, action: str, options: str) -> CommandAnswered:
        self.channels.append(channel)
        self.asked.put_nowait((action, options))
        return self.fate(action)

    async def next(self) -> tuple[str, str]:
        async with asyncio.timeout(10):
            return await self.asked.get()


def done(_action: str) -> CommandAnswered:
    return CommandAnswered(command_id="1", is_done=True, outcome="r1", recording=RecordingId("r1"))


def running(folder: Path, version: int, wishes: Wishes) -> Asterisk:
    try:
        return Asterisk(folder, version=version, wishes=wishes)
    except NoAsterisk as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module", params=VERSIONS)
def pbx(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asterisk]:
    asterisk = running(tmp_path_factory.mktemp("asterisk"), request.param, INCLUDED)
    asyncio.run(asterisk.start())
    yield asterisk
    asyncio.run(asterisk.close())


@asynccontextmanager
async def phone_at(pbx: Asterisk) -> AsyncIterator[Phone]:
    async with Phone(pbx.ports.sip, pbx.ports.phone) as phone:
        yield phone
    await pbx.cli("channel request hangup all")
    await pbx.idle()


@pytest.fixture
async def phone(pbx: Asterisk) -> AsyncIterator[Phone]:
    async with phone_at(pbx) as phone:
        yield phone


@pytest.fixture
async def desk(pbx: Asterisk) -> AsyncIterator[Desk]:
    desk = Desk()
    agi = FastAgi(f"127.0.0.1:{pbx.ports.agi}", desk.answer)
    serving = asyncio.create_task(agi.run())
    await asyncio.wrap_future(agi.listening)
    yield desk
    serving.cancel()
    await asyncio.wait({serving})


async def talked(phone: Phone, extension: str) -> tuple[Leg, Leg]:
    """A call that went on to the agent: both hear each other."""
    caller = await phone.call(extension)
    agent = await phone.answered("agent1")
    await caller.heard_from(agent.stream)
    await agent.heard_from(caller.stream)
    return caller, agent


def executed(log: str, context: str = "", application: str = "") -> list[tuple[datetime, str]]:
    """When each of those lines was executed, and with which arguments."""
    found = []
    for line in log.splitlines():
        parts = re.match(r"\[(.{23})\].*Executing \[[^@]*@([^:]+):\d+\] (\w+)\(\"[^\"]*\", \"(.*)\"\)", line)
        if parts and parts[2].startswith(context) and parts[3].startswith(application):
            found.append((datetime.fromisoformat(parts[1]), parts[4]))
    return found


def told(log: str) -> str:
    return next(data for _, data in reversed(executed(log, application="NoOp")) if data.startswith("TOLD "))


def seconds_at_agi(log: str) -> float:
    """How long the last question held its call, by Asterisk's own clock."""
    (asked_at, _), (went_on_at, _) = executed(log, "callreel-ask")[-2:]
    return (went_on_at - asked_at).total_seconds()


# What is asked and told


@pytest.mark.parametrize(
    ("action", "status"),
    [
        ("start", "STARTED"),
        ("stop", "STOPPED"),
        ("pause", "PAUSED"),
        ("resume", "RESUMED"),
        ("discard", "DISCARDED"),
    ],
)
async def test_each_subroutine_asks_and_tells_and_the_call_goes_on(
    pbx: Asterisk, phone: Phone, desk: Desk, action: str, status: str
) -> None:
    await talked(phone, f"ask_{action}")
    assert await desk.next() == (action, "destination=archive,tags=vip")
    assert told(pbx.log) == f"TOLD {status}/r1/"
    assert desk.channels[0].startswith("rig-")


async def test_a_refusal_is_told_and_the_call_goes_on(pbx: Asterisk, phone: Phone, desk: Desk) -> None:
    desk.fate = lambda _: CommandAnswered(command_id="1", is_done=False, outcome='rule "never", ${EPOCH}')
    await talked(phone, "ask_start")
    assert told(pbx.log) == "TOLD REFUSED//rule 'never', {EPOCH}"


async def test_a_start_before_the_answer_waits(pbx: Asterisk, phone: Phone, desk: Desk) -> None:
    desk.fate = lambda _: CommandAnswered(command_id="1", is_done=True, outcome="waits for an answer")
    await talked(phone, "ask_start")
    assert told(pbx.log) == "TOLD WAITING//waits for an answer"


async def test_json_arrives_whole_in_the_channels_variable(phone: Phone, desk: Desk) -> None:
    await talked(phone, "variable")
    assert await desk.next() == ("start", '{"destination":"archive","tags":["vip"]}')


async def test_json_as_an_argument_is_refused_with_that_sentence(pbx: Asterisk, phone: Phone, desk: Desk) -> None:
    await talked(phone, "arg_json")
    assert told(pbx.log) == f"TOLD REFUSED//{JSON_HINT}"
    assert desk.asked.empty()


async def test_feature_codes_toggle_pause_and_recording(phone: Phone, desk: Desk) -> None:
    caller, agent = await talked(phone, "features")
    caller.press("*7")
    assert await desk.next() == ("pause", "")
    await caller.heard_from(agent.stream)
    desk.fate = lambda _: CommandAnswered(
        command_id="1", is_done=True, outcome="r1 is paused already", recording=RecordingId("r1")
    )
    caller.press("*7")
    assert [await desk.next(), await desk.next()] == [("pause", ""), ("resume", "")]
    await caller.heard_from(agent.stream)
    desk.fate = lambda _: CommandAnswered(command_id="1", is_done=False, outcome="nothing is being recorded")
    caller.press("*1")
    assert [await desk.next(), await desk.next()] == [("stop", ""), ("start", "")]
    await caller.heard_from(agent.stream)


async def test_consent_is_the_key_that_was_pressed(pbx: Asterisk, phone: Phone) -> None:
    caller = await phone.call("agree")
    caller.press("1")
    await phone.answered("agent1")
    assert executed(pbx.log, application="NoOp")[-1][1] == "AGREED [1]"


@pytest.mark.parametrize("extension", ["announce", "play"])
async def test_a_sound_is_heard(phone: Phone, extension: str) -> None:
    caller = await phone.call(extension)
    await caller.heard_from(noise.PROMPT, seconds=0.5)
    if extension == "play":
        await caller.ended.wait()
    else:
        await caller.heard_from((await phone.answered("agent1")).stream)


# What "must record" leaves


async def test_must_record_writes_both_channels_without_us_and_each_once(pbx: Asterisk, phone: Phone) -> None:
    before = set(pbx.recording_folder.iterdir())
    caller, agent = await talked(phone, "must_agent1")
    await caller.heard_from(agent.stream, seconds=2)
    await caller.hang_up()
    await pbx.idle()
    files = sorted(set(pbx.recording_folder.iterdir()) - before)
    sounds = [file for file in files if file.suffix == ".wav"]
    assert len(sounds) == 2
    heard = {noise.runs(soundfile.read(file, dtype="int16")[0])[0].stream for file in sounds}
    assert heard == {caller.stream, agent.stream}
    names = [re.fullmatch(r"must_(rig-\d+\.\d+)~(rig-\d+\.\d+)~(\d+\.\d{3})_rx", file.stem) for file in sounds]
    assert all(names)
    # Both name the caller's channel as the one that links them.
    assert {name[2] for name in names if name} == {names[0][1] if names[0] else ""}


async def test_must_record_leaves_a_note_of_the_call(pbx: Asterisk, phone: Phone) -> None:
    before = set(pbx.recording_folder.iterdir())
    await phone.call("must_agent1", name="Zoé; ../../x %0A")
    notes = sorted(path for path in set(pbx.recording_folder.iterdir()) - before if path.suffix == ".txt")
    (of_caller, of_agent) = (dict(line.split("=") for line in note.read_text().splitlines()) for note in notes)
    assert re.fullmatch(r"PJSIP/caller-[0-9a-f]+", of_caller["channel"])
    assert (of_caller["number"], of_caller["dialled"], of_caller["context"]) == ("caller", "must_agent1", "phones")
    assert of_agent["channel"].startswith("PJSIP/phones-")


async def test_must_record_tells_the_channel_which_file_is_its_own(pbx: Asterisk, phone: Phone) -> None:
    before = set(pbx.recording_folder.iterdir())
    await phone.call("must_agent1")
    names = {path.name for path in set(pbx.recording_folder.iterdir()) - before if path.suffix == ".wav"}
    said = set()
    for channel in await pbx.channels():
        shown = await pbx.cli(f"core show channel {channel}")
        found = re.search(r"CALLREEL_MUST=(.+)\|CALLREEL_MUST_ID\|(\d+\.\d{3})$", shown, re.MULTILINE)
        assert found, shown
        assert re.search(r"CALLREEL_MUST_ID=0x[0-9a-f]+", shown)
        assert f"~{found[2]}_rx" in found[1]
        said.add(found[1])
    assert said == names


async def test_must_record_keeps_wideband(pbx: Asterisk, phone: Phone) -> None:
    before = set(pbx.recording_folder.iterdir())
    caller = await phone.call("widemust_agent1", user="wide", coding=WIDE)
    agent = await phone.answered("agent1")
    await caller.heard_from(agent.stream, seconds=1)
    await caller.hang_up()
    await pbx.idle()
    sounds = [path for path in set(pbx.recording_folder.iterdir()) - before if path.suffix == ".wav16"]
    assert [soundfile.info(sound).samplerate for sound in sounds] == [16000, 16000]


async def test_no_name_of_a_caller_reaches_a_files_name(pbx: Asterisk, phone: Phone) -> None:
    before = set(pbx.folder.rglob("*"))
    await phone.call("must_agent1", name="$(touch x) ../../../x;&|%0A", user="caller")
    new = {path.name for path in set(pbx.folder.rglob("*")) - before}
    assert new
    assert all(re.fullmatch(r"must_[0-9a-z.~_-]+_rx\.(wav|txt)", name) for name in new)


# What never ends or holds a call


async def least_seconds_at_agi(pbx: Asterisk, phone: Phone) -> float:
    """Of three calls: what is asserted is our doing, and not that of a busy machine."""
    least = float("inf")
    for _ in range(3):
        caller, _ = await talked(phone, "ask_start")
        least = min(least, seconds_at_agi(pbx.log))
        await caller.hang_up()
        await pbx.idle()
    return least


async def test_nobody_listens_and_the_call_goes_on_at_once(pbx: Asterisk, phone: Phone) -> None:
    assert await least_seconds_at_agi(pbx, phone) <= 0.05
    assert told(pbx.log) == "TOLD ERROR//callreel does not answer"


async def test_the_role_is_busy_and_the_call_goes_on(pbx: Asterisk, phone: Phone) -> None:
    with Talking("tests.pbx.dialplan_role", str(pbx.ports.agi), "blocks") as role:
        role.hear("role", "up")
        assert await least_seconds_at_agi(pbx, phone) <= 0.3
        assert told(pbx.log).startswith("TOLD BUSY//callreel is busy")


async def test_the_role_is_killed_before_it_answers_and_the_call_goes_on(pbx: Asterisk, phone: Phone) -> None:
    with Talking("tests.pbx.dialplan_role", str(pbx.ports.agi), "accepts") as role:
        role.hear("role", "up")
        caller = await phone.call("ask_start", waits_for_answer=False)
        await asyncio.to_thread(role.hear, "accepted")
        role.send(signal.SIGKILL)
        await phone.answer_of(caller)
    assert seconds_at_agi(pbx.log) <= 0.3
    assert told(pbx.log) == "TOLD ERROR//callreel does not answer"


async def test_the_role_is_stopped_and_the_supervisor_frees_the_call(
    pbx: Asterisk, phone: Phone, tmp_path: Path
) -> None:
    with Talking("tests.pbx.dialplan_role", str(pbx.ports.agi), "supervised", str(tmp_path)) as supervisor:
        stopped = supervisor.hear("role", "up")
        os.kill(stopped, signal.SIGSTOP)
        await talked(phone, "ask_start")
        assert seconds_at_agi(pbx.log) <= 3.0
        assert told(pbx.log) == "TOLD ERROR//callreel does not answer"
        await asyncio.to_thread(supervisor.hear, "role", "up")
        await phone.hang_up_all()
        await talked(phone, "ask_start")
        assert told(pbx.log) == "TOLD STARTED/r1/"


@pytest.mark.parametrize("version", VERSIONS)
async def test_without_the_snippet_the_call_goes_on(tmp_path: Path, version: int) -> None:
    async with running(tmp_path, version, Wishes(dialplan=SHAPES)) as pbx, phone_at(pbx) as phone:
        for extension in ("ask_start", "must_agent1", "everything"):
            await talked(phone, extension)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(
    "missing",
    ["res_agi", "app_stack", "app_mixmonitor", "app_playback", "app_read", "func_module", "func_strings",
     "func_dialplan", "func_env", "app_exec"],
)  # fmt: skip
async def test_whatever_module_is_not_loaded_the_call_goes_on(tmp_path: Path, version: int, missing: str) -> None:
    wishes = Wishes(dialplan=INCLUDED.dialplan, snippets=INCLUDED.snippets, without_modules={missing})
    async with running(tmp_path, version, wishes) as pbx, phone_at(pbx) as phone:
        assert "0 modules loaded" in await pbx.cli(f"module show like {missing}.so")
        await talked(phone, "everything")
        await talked(phone, "must_agent1")
        if missing != "app_stack":
            await talked(phone, "ask_start")
