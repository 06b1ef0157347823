"""Transfers, twenty of each kind at the same time: one conversation is one recording, with everybody's voice whole."""

from collections.abc import Iterator

import pytest

from tests.pbx import call_shapes, conversation
from tests.pbx.asterisk import Asterisk
from tests.pbx.configuration import Wishes
from tests.pbx.conversation import Shape, assert_recorded, told
from tests.pbx.daemon import Daemon
from tests.pbx.phone import Phone
from tests.pbx.proof import examine, read_pair

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
        call_shapes.blind_by_caller,
        call_shapes.attended_by_callee,
        call_shapes.attended_by_caller,
        call_shapes.attended_by_feature_code,
        call_shapes.second_agent,
    ],
)
async def test_a_transferred_call_is_one_whole_recording(daemon: Daemon, phones: Phone, shape: Shape) -> None:
    known = [row["id"] for row in daemon.recordings()]
    await assert_recorded(daemon, await told(daemon, phones, [shape] * COUNT), known)


async def test_where_a_recorder_of_both_directions_goes_silent_ours_does_not(
    asterisk: Asterisk, daemon: Daemon, phones: Phone
) -> None:
    known = [row["id"] for row in daemon.recordings()]
    stories = await told(daemon, phones, [call_shapes.blind_by_callee] * COUNT)
    await assert_recorded(daemon, stories, known)
    for story in stories:
        plain_file = asterisk.recording_folder / f"plain{story.scene.number:02d}-rx.wav"
        plain = read_pair(plain_file, plain_file.with_name(plain_file.name.replace("rx", "tx")))
        found = examine(plain, left=[], right=[part.voice() for part in story.right])
        assert [voice.is_silent for voice in found.right] == [False, story.scene.is_behind], story.name
