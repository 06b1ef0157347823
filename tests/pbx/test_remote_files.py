"""Without a shared disk: the files come through ARI, whoever dies in between, and are deleted at the PBX afterwards."""

import asyncio
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.pbx.asterisk import Asterisk
from tests.pbx.daemon import NAME, Daemon
from tests.pbx.going_through import START_SECONDS
from tests.pbx.leg import Leg
from tests.pbx.phone import Phone
from tests.pbx.proof import Voice, assert_complete
from tests.pbx.waiting import talking, until

pytestmark = pytest.mark.asterisk


@pytest.fixture
def daemon(asterisk: Asterisk, tmp_path: Path) -> Iterator[Daemon]:
    daemon = Daemon(tmp_path / "callreel", asterisk)
    daemon.settings["pbx"][NAME]["asterisk"]["files"] = "ari"
    daemon.write_settings()
    with daemon:
        yield daemon


async def a_call(phones: Phone, number: str) -> tuple[Leg, Leg]:
    caller = await phones.call(f"to_{number}", user=f"+49301{number}")
    return caller, await phones.answered(number)


async def test_calls_arrive_whole_and_their_files_leave_the_pbx_though_everything_is_killed_in_between(
    asterisk: Asterisk, daemon: Daemon, phones: Phone
) -> None:
    over, through = await a_call(phones, "270"), await a_call(phones, "271")
    await talking(3.0)
    await over[0].hang_up()
    await until(lambda: (daemon.recordings(over[0]) or [{}])[0].get("state") != "recording", "the end of the first one")
    daemon.kill()
    await asyncio.to_thread(daemon.start)
    await talking(1.0)
    os.kill(daemon.pid_of("work"), signal.SIGKILL)
    await through[0].hang_up()
    after = await a_call(phones, "272")
    await talking(2.0)
    await after[0].hang_up()
    rows = {row["from_number"]: row for row in await daemon.available(count=3)}
    for caller, agent in (over, through, after):
        assert_complete(
            daemon.sound(rows[caller.user]),
            left=[Voice.of(caller, heard_by=agent)],
            right=[Voice.of(agent, heard_by=caller)],
            lost_at_start_seconds=START_SECONDS,
        )
    # What is confirmed goes with the next round of tidying, of which there is one at each start.
    daemon.kill()
    await asyncio.to_thread(daemon.start)
    lying = asterisk.recording_folder
    await until(lambda: not list(lying.iterdir()), lambda: f"no file at the PBX: {sorted(lying.iterdir())}", 30.0)
