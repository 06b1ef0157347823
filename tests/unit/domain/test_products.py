"""Which files a recording becomes, by its options."""

import json

import pytest

from connector.domain.call import CallKind, Role
from connector.domain.options import AudioFormat, ChannelLayout, RecordingOptions
from connector.domain.products import artefact_format, kinds, tags
from connector.domain.recording import ArtefactKind, ChannelLabel
from tests import builders

MONO, STEREO, LEFT, RIGHT, PARTICIPANTS, MANIFEST, TRANSCRIPT = ArtefactKind


def test_a_call_has_a_mix_and_a_stereo_file_and_its_sides_on_request() -> None:
    assert kinds(RecordingOptions()) == (MONO, STEREO)
    assert kinds(RecordingOptions(channels=ChannelLayout.STEREO, separate=True)) == (STEREO, LEFT, RIGHT)


@pytest.mark.parametrize("layout", [None, *ChannelLayout])
@pytest.mark.parametrize("separate", [None, True])
@pytest.mark.parametrize("call", CallKind)
def test_a_manifest_is_no_product_of_sound(layout: ChannelLayout | None, separate: bool | None, call: CallKind) -> None:
    made = kinds(RecordingOptions(channels=layout, separate=separate), call)
    assert not {MANIFEST, TRANSCRIPT} & set(made)


@pytest.mark.parametrize("layout", [None, *ChannelLayout])
def test_a_conference_has_a_mix_whatever_the_layout_and_its_participants_on_request(
    layout: ChannelLayout | None,
) -> None:
    assert kinds(RecordingOptions(channels=layout), CallKind.CONFERENCE) == (MONO,)
    assert kinds(RecordingOptions(channels=layout, separate=True), CallKind.CONFERENCE) == (MONO, PARTICIPANTS)


@pytest.mark.parametrize(
    ("wished", "people", "made"),
    [
        (None, 2, AudioFormat.MP3),
        (AudioFormat.MP3, 3, AudioFormat.WAV),
        (AudioFormat.WAV, 50, AudioFormat.WAV),
        (AudioFormat.FLAC, 8, AudioFormat.FLAC),
        (AudioFormat.FLAC, 9, AudioFormat.WAV),
        (AudioFormat.OPUS, 50, AudioFormat.OPUS),
        (AudioFormat.OPUS, 65, AudioFormat.WAV),
    ],
)
def test_more_participants_than_the_format_has_channels_become_wav(
    wished: AudioFormat | None, people: int, made: AudioFormat
) -> None:
    options = RecordingOptions(format=wished)
    assert artefact_format(options, PARTICIPANTS, people) is made
    assert artefact_format(options, MONO, people) is (wished or AudioFormat.MP3)


def test_a_conference_is_called_by_its_name_and_lists_who_was_there() -> None:
    people = [ChannelLabel(index=row, role=Role.AGENT, party=str(200 + row)) for row in range(3)]
    said = tags(builders.a_recording(), builders.a_call(kind=CallKind.CONFERENCE, conference="77"), people)
    assert said["title"] == "77"
    assert [label["party"] for label in json.loads(said["comment"])["channels"]] == ["200", "201", "202"]
