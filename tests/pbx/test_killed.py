"""callreel dies, is stopped, hangs or is replaced in the middle of calls; Asterisk goes on recording: nothing is lost.

Calls of many shapes go through each death at the same time.
"""

import asyncio
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.pbx.asterisk import Asterisk
from tests.pbx.daemon import Daemon
from tests.pbx.going_through import CALLS, SEEN, assert_all_recorded
from tests.pbx.phone import Phone
from tests.pbx.waiting import until

pytestmark = pytest.mark.asterisk


@pytest.fixture
def daemon(asterisk: Asterisk, tmp_path: Path) -> Iterator[Daemon]:
    with Daemon(tmp_path / "callreel", asterisk) as running:
        yield running


async def test_killed_whole_and_started_again_it_goes_on_in_every_call(daemon: Daemon, phones: Phone) -> None:
    async def dies() -> None:
        daemon.kill()

    async def starts() -> None:
        await asyncio.to_thread(daemon.start)

    await assert_all_recorded(daemon, phones, CALLS, dies, starts)


async def test_on_asterisk_16_as_well(asterisk16: Asterisk, phones16: Phone, tmp_path: Path) -> None:
    with Daemon(tmp_path / "callreel", asterisk16) as running:

        async def dies() -> None:
            running.kill()

        async def starts() -> None:
            await asyncio.to_thread(running.start)

        await assert_all_recorded(running, phones16, CALLS, dies, starts)


async def test_an_upgrade_in_calls_costs_nothing(daemon: Daemon, phones: Phone) -> None:
    async def leaves() -> None:
        daemon.role.send(signal.SIGTERM)
        assert await asyncio.to_thread(daemon.role.ended) == 0

    async def starts() -> None:
        await asyncio.to_thread(daemon.start)

    await assert_all_recorded(daemon, phones, CALLS, leaves, starts)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP])
async def test_capture_alone_killed_or_standing_still_is_replaced_by_its_supervisor(
    daemon: Daemon, phones: Phone, number: signal.Signals
) -> None:
    seen = daemon.resynchronisations

    async def strikes() -> None:
        os.kill(daemon.pid_of("capture"), number)

    async def is_back() -> None:
        await until(lambda: daemon.resynchronisations > seen, lambda: f"capture, back; {daemon.role.tail}", 30.0)

    await assert_all_recorded(daemon, phones, SEEN, strikes, is_back)
    assert ("stuck" in daemon.last_exit_of("capture")) == (number == signal.SIGSTOP)
