import json

import pytest

from connector.audio.tags import Tags, channel_map, tags_of
from connector.domain.recording import ArtefactKind

from .sound import CHANNELS


@pytest.mark.parametrize(
    ("kind", "indexes"),
    [
        (ArtefactKind.STEREO, [(0, "caller"), (1, "agent")]),
        (ArtefactKind.LEFT, [(0, "caller")]),
        (ArtefactKind.RIGHT, [(0, "agent")]),
        (ArtefactKind.PARTICIPANTS, [(0, "caller"), (1, "agent")]),
        (ArtefactKind.MONO, [(0, "caller"), (0, "agent")]),
    ],
)
def test_the_channel_map_counts_the_channels_of_that_file(kind: ArtefactKind, indexes: list[tuple[int, str]]) -> None:
    labels = json.loads(channel_map(CHANNELS, kind))
    assert [(label["index"], label["role"]) for label in labels] == indexes


def test_a_text_cannot_forge_another_line_of_the_comment() -> None:
    tags = tags_of({"Comment": "a\nchannels=[]\0", "party": "x\r\ny"}, CHANNELS, ArtefactKind.LEFT)
    assert tags.fields["comment"].splitlines()[:-1] == ["a channels=[]", "party=x y"]


def test_empty_texts_are_left_out() -> None:
    assert list(tags_of({"title": "", "x": " "}, (), ArtefactKind.MONO).fields.values()) == ["channels=[]"]


def test_an_id3_size_has_seven_bits_a_byte() -> None:
    header = Tags({"title": "x" * 200}).id3()
    assert header[6:10] == bytes([0, 0, 1, 211 - 128])
    assert len(header) == 10 + 211
