"""The line between callreel and Asterisk breaks or freezes in the middle of calls, or callreel is never let in."""

import asyncio
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from tests.faults.pbx import ROOT
from tests.pbx.asterisk import Asterisk
from tests.pbx.configuration import Wishes
from tests.pbx.daemon import NAME, Daemon
from tests.pbx.going_through import CALLS, START_SECONDS, assert_all_recorded
from tests.pbx.leg import Leg
from tests.pbx.line import Line
from tests.pbx.phone import Phone
from tests.pbx.proof import Voice, assert_complete
from tests.pbx.waiting import talking, until

pytestmark = pytest.mark.asterisk

SNIPPET = ROOT / "dialplan/asterisk/callreel.conf"
CUT_SECONDS = 10.0
#: A peer that says nothing any more is noticed.
SILENCE_SECONDS = 15.0


ON_DEMAND = """
[phones]
exten => _o[n]dema[n]d_.,1,Set(__CALLREEL_FASTAGI=${CUT(AGI,/,3)})
 same => n,Set(CALLREEL=no)
 same => n,Set(__DYNAMIC_FEATURES=callreel-record)
 same => n,Dial(PJSIP/${EXTEN:9}@phones,60)
"""
FEATURES = '[applicationmap]\ncallreel-record => *1,self,Gosub,"callreel-toggle-record,s,1"\n'


@pytest.fixture(scope="module")
def wishes() -> Wishes:
    return Wishes(dialplan=f"#include {SNIPPET}\n{ON_DEMAND}", snippets={"features.conf": FEATURES})


@pytest.fixture
async def line(asterisk: Asterisk) -> Line:
    return Line(asterisk.ports.ami)


@pytest.fixture
async def port(line: Line) -> AsyncIterator[int]:
    async with line.open() as port:
        yield port


@pytest.fixture
async def daemon(asterisk: Asterisk, port: int, tmp_path: Path) -> AsyncIterator[Daemon]:
    daemon = connected(asterisk, port, tmp_path)
    await asyncio.to_thread(daemon.start)
    yield daemon
    daemon.role.kill()


def connected(asterisk: Asterisk, port: int, folder: Path, secret: str = "") -> Daemon:
    """One whose way to AMI is that port."""
    daemon = Daemon(folder / "callreel", asterisk)
    login = asterisk.driver
    pbx = daemon.settings["pbx"][NAME]["asterisk"]
    pbx["ami"] = f"{login.user}:{secret or login.secret}@127.0.0.1:{port}"
    daemon.write_settings()
    return daemon


async def test_ten_seconds_without_a_connection_cost_no_event_its_effect(
    daemon: Daemon, phones: Phone, line: Line
) -> None:
    async with AsyncExitStack() as cut:

        async def breaks() -> None:
            cut.enter_context(line.dead())

        async def mends() -> None:
            seen = daemon.resynchronisations
            await talking(CUT_SECONDS)
            await cut.aclose()
            await until(lambda: daemon.resynchronisations > seen, lambda: f"it is back; {daemon.role.tail}", 30.0)

        await assert_all_recorded(daemon, phones, CALLS, breaks, mends)


async def test_a_start_that_is_asked_for_in_a_cut_is_made_after_it(
    asterisk: Asterisk, daemon: Daemon, phones: Phone, line: Line
) -> None:
    """Every try in between fails, and there are more of them than a recorder gets that is refused."""
    caller, agent = await on_demand(phones)
    with line.dead():
        caller.press("*1")
        await until(lambda: daemon.recordings(caller), "the recording that was asked for")
        await talking(CUT_SECONDS)
    await until(lambda: daemon.rows.ask("SELECT id FROM segments WHERE state = 'running'"), "its recorders", 30.0)
    await talking(3.0)
    await caller.hang_up()
    [row] = await daemon.available(caller)
    began = max(float(one["started_at"]) for one in daemon.segments(row) if one["state"] == "closed")
    both = (began + 0.1, caller.ended_at + 1.0)
    left, right = Voice.of(caller, heard_by=agent, between=both), Voice.of(agent, heard_by=caller, between=both)
    assert_complete(daemon.sound(row), left=[left], right=[right])


async def test_a_connection_that_froze_is_noticed_and_costs_no_recording(
    asterisk: Asterisk, daemon: Daemon, phones: Phone, line: Line
) -> None:
    talk, on_hand = await phones.call("to_220", user="+4930120"), await phones.answered("220")
    asked, other = await on_demand(phones)
    await talking(1.0)
    with line.frozen():
        asked.press("*1")
        await until(lambda: "said nothing" in " ".join(daemon.problems), problems(daemon), SILENCE_SECONDS + 3.0)
        late, answering = await phones.call("to_222", user="+4930122"), await phones.answered("222")
    seen = daemon.resynchronisations
    await until(lambda: daemon.resynchronisations > seen, lambda: f"it is back; {daemon.role.tail}", 30.0)
    await until(lambda: not daemon.problems, problems(daemon))
    back = time.time() + 0.3
    await talking(3.0)
    for leg in (talk, asked, late):
        await leg.hang_up()
    rows = await daemon.available(count=3)
    for caller, agent, began in ((talk, on_hand, 0.0), (asked, other, back), (late, answering, back)):
        [row] = [row for row in rows if caller.user in row["legs"]]
        both = (began, caller.ended_at + 1.0)
        left, right = Voice.of(caller, heard_by=agent, between=both), Voice.of(agent, heard_by=caller, between=both)
        assert_complete(daemon.sound(row), left=[left], right=[right], lost_at_start_seconds=START_SECONDS)


async def test_a_wrong_password_is_said_and_not_hammered(
    asterisk: Asterisk, port: int, line: Line, tmp_path: Path
) -> None:
    daemon = connected(asterisk, port, tmp_path, secret="not it")
    daemon.role.start()
    try:
        await until(lambda: "login refused" in " ".join(daemon.problems), problems(daemon), 30.0)
        before = line.tries
        await talking(20.0)
        # With pauses of 4, 8, 16 ... seconds.
        assert 1 <= line.tries - before <= 4
        doctor = await asyncio.to_thread(
            subprocess.run,
            [sys.executable, "-m", "connector", "doctor", "--config", str(daemon.config)],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        assert doctor.returncode != 0
        for said in (" ".join(daemon.problems), doctor.stdout):
            assert "login refused" in said
            assert "manager.conf" in said
    finally:
        daemon.role.kill()


async def on_demand(phones: Phone) -> tuple[Leg, Leg]:
    """A call that is recorded when somebody presses *1."""
    caller = await phones.call("ondemand_221", user="+4930121")
    agent = await phones.answered("221")
    await caller.heard_from(agent.stream)
    await talking(1.0)
    return caller, agent


def problems(daemon: Daemon) -> Callable[[], str]:
    return lambda: f"other problems than {daemon.problems}; {daemon.role.tail}"
