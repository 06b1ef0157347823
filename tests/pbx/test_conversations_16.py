"""The core of the call shapes on Asterisk 16, five of each at the same time."""

from collections.abc import Iterator

import pytest

from tests.pbx import conversation
from tests.pbx.asterisk import Asterisk
from tests.pbx.call_shapes import attended_by_callee, blind_by_callee, parked, queued
from tests.pbx.configuration import Wishes
from tests.pbx.conversation import assert_recorded, told
from tests.pbx.daemon import Daemon
from tests.pbx.phone import Phone

pytestmark = pytest.mark.asterisk

COUNT = 5


@pytest.fixture(scope="module")
def wishes() -> Wishes:
    return conversation.wishes()


@pytest.fixture(scope="module")
def daemon(asterisk16: Asterisk, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    with Daemon(tmp_path_factory.mktemp("callreel"), asterisk16) as running:
        yield running


async def test_transferred_queued_and_parked_calls_are_one_whole_recording_each(
    daemon: Daemon, phones16: Phone
) -> None:
    shapes = [blind_by_callee, attended_by_callee, queued, parked] * COUNT
    await assert_recorded(daemon, await told(daemon, phones16, shapes))
