"""Calls through callreel, from the phones' sound to the file at its destination: each shape, frame by frame."""

from collections.abc import Iterator

import pytest

from tests.pbx.asterisk import Asterisk
from tests.pbx.daemon import Daemon
from tests.pbx.phone import Phone
from tests.pbx.proof import Voice, assert_complete
from tests.pbx.waiting import talking

pytestmark = pytest.mark.asterisk


@pytest.fixture(scope="module")
def daemon(asterisk: Asterisk, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    with Daemon(tmp_path_factory.mktemp("callreel"), asterisk) as running:
        yield running


async def test_a_call_arrives_with_the_caller_left_and_the_agent_right(daemon: Daemon, phones: Phone) -> None:
    caller = await phones.call("to_agent1", user="+4930111")
    agent = await phones.answered("agent1")
    await talking(3.0)
    await caller.hang_up()
    recording = await daemon.recorded(caller)
    assert_complete(recording, left=[Voice.of(caller, heard_by=agent)], right=[Voice.of(agent, heard_by=caller)])
