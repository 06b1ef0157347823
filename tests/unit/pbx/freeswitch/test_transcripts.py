"""Whole conversations with a real FreeSWITCH, cut anywhere: the same facts come of them."""

import functools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.domain.events import CallEvent
from connector.pbx.freeswitch.esl_codec import Frames, event_of
from connector.pbx.freeswitch.events import Translation
from tests.unit.pbx.asterisk.streams import outline
from tests.unit.pbx.freeswitch import transcripts

SMALL_NAMES = [name for name in transcripts.NAMES if len(transcripts.said(name)) < 20_000]


def facts_of(pieces: list[bytes]) -> tuple[list[CallEvent], int]:
    """The facts, and how many frames there were."""
    frames, translation = Frames(), Translation(frozenset({"domain_name"}))
    facts: list[CallEvent] = []
    count = 0
    for piece in pieces:
        for frame in frames.feed(piece):
            count += 1
            if (event := event_of(frame)) is not None:
                facts += translation.facts(event)
    return facts, count


@functools.cache
def whole(name: str) -> tuple[list[CallEvent], int]:
    return facts_of([transcripts.said(name)])


def in_pieces_of(length: int, said: bytes) -> list[bytes]:
    return [said[start : start + length] for start in range(0, len(said), length)]


@pytest.mark.parametrize("name", transcripts.NAMES)
def test_pieces_of_every_size_up_to_a_packets_give_the_same_facts(name: str) -> None:
    said = transcripts.said(name)
    sizes = range(1, 40) if name in SMALL_NAMES else (1, 2, 3, 7, 64, 1448)
    for length in sizes:
        assert facts_of(in_pieces_of(length, said)) == whole(name)
    assert whole(name)[1] > 0


@given(st.sampled_from(transcripts.NAMES), st.data())
def test_cut_anywhere_they_give_the_same_facts(name: str, data: st.DataObject) -> None:
    said = transcripts.said(name)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(said)), max_size=30)))
    pieces = [said[start:end] for start, end in zip([0, *cuts], [*cuts, len(said)], strict=True)]
    assert facts_of(pieces) == whole(name)


def test_the_call_in_the_transcript_is_understood() -> None:
    """FreeSWITCH called itself: four legs, of which two are bridged."""
    found = outline(whole("call_record_json")[0])
    assert [line for line in found if line.startswith(("ChannelCreated", "BridgeEntered"))] == [
        "ChannelCreated a a dial1 sofia/internal/dial1@127.0.0.1 default",
        "ChannelCreated b b 1000 Alice sofia/internal/1000@127.0.0.1 dial1 default",
        "ChannelCreated c b slow sofia/internal/slow@127.0.0.1 default",
        "ChannelCreated d d 1000 Alice sofia/internal/1000@127.0.0.1 slow default",
        "BridgeEntered b 1 talk",
        "BridgeEntered c 1 talk",
    ]
    assert len([line for line in found if line.startswith("ChannelEnded")]) == 4


def test_the_conference_in_the_transcript_is_understood() -> None:
    found = [line for line in outline(whole("conference_record_json")[0]) if line.startswith("Bridge")]
    assert [line.split()[2:4] for line in found] == [["1", "conference"], ["1", "conference"], ["1"], ["1"]]
