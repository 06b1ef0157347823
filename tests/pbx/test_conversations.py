"""Twenty of each shape of call at the same time, transfers apart: one conversation is one recording, with everybody's
voice whole, and the caller left whichever side dialled."""

from collections.abc import Iterator

import pytest

from tests.pbx import call_shapes, conversation
from tests.pbx.asterisk import Asterisk
from tests.pbx.configuration import Wishes
from tests.pbx.conversation import Shape, assert_recorded, told
from tests.pbx.daemon import Daemon
from tests.pbx.phone import Phone

pytestmark = pytest.mark.asterisk

COUNT = 20


@pytest.fixture(scope="module")
def wishes() -> Wishes:
    return conversation.wishes()


@pytest.fixture(scope="module")
def daemon(asterisk: Asterisk, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    with Daemon(tmp_path_factory.mktemp("callreel"), asterisk) as running:
        yield running


@pytest.mark.parametrize(
    "shape",
    [
        call_shapes.announced,
        call_shapes.queued,
        call_shapes.queued_with_announcement,
        call_shapes.picked_up,
        call_shapes.parked,
        call_shapes.through_local,
        call_shapes.through_lasting_local,
    ],
)
async def test_a_conversation_is_one_whole_recording(daemon: Daemon, phones: Phone, shape: Shape) -> None:
    known = [row["id"] for row in daemon.recordings()]
    await assert_recorded(daemon, await told(daemon, phones, [shape] * COUNT), known)


@pytest.mark.parametrize(
    ("shape", "direction"),
    [
        (call_shapes.click_to_call_inside, "internal"),
        (call_shapes.click_to_call_outside, "outbound"),
        (call_shapes.click_to_call_shown, "outbound"),
        (call_shapes.click_to_call_from_outside, "inbound"),
    ],
)
async def test_a_call_that_the_pbx_dials_has_the_caller_left(
    daemon: Daemon, phones: Phone, shape: Shape, direction: str
) -> None:
    known = {row["id"] for row in daemon.recordings()}
    await assert_recorded(daemon, await told(daemon, phones, [shape] * COUNT), known)
    assert {row["direction"] for row in daemon.recordings() if row["id"] not in known} == {direction}
