"""What there is to tell of a recording, in each of its states."""

import pytest

from connector.domain.call import CallKind
from connector.domain.news import News, main_copy, news
from connector.domain.notification import Told
from connector.domain.options import ChannelLayout, RecordingOptions, TranscriptionOptions
from connector.domain.recording import ArtefactKind, Delivery
from connector.domain.states import DeliveryState, RecordingState
from tests.builders import MORNING, RECORDING, a_call, a_delivery, a_recording

MONO, STEREO, LEFT, RIGHT, PARTICIPANTS, MANIFEST, TRANSCRIPT = ArtefactKind
NOW = MORNING + 1000
ENDED = MORNING + 44
BOTH = RecordingOptions(channels=ChannelLayout.BOTH)


def told(state: RecordingState, *deliveries: Delivery, **over: object) -> list[News]:
    known: dict[str, object] = {"state": state, "ended_at": ENDED}
    return news(a_recording(**(known | over)), a_call(), deliveries, NOW)


def stored(destination: str = "archive", kind: ArtefactKind = STEREO, at: float = 60, **over: object) -> Delivery:
    url = f"s3://{destination}/{kind}.mp3"
    known = {"destination": destination, "kind": kind, "state": DeliveryState.STORED, "url": url}
    return a_delivery(**(known | {"stored_at": MORNING + at} | over))


def places(found: list[News]) -> list[tuple[str, str, float]]:
    return [(one.about, one.url, one.at - MORNING) for one in found if one.told is Told.AVAILABLE]


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (RecordingState.REQUESTED, []),
        (RecordingState.RECORDING, []),
        (RecordingState.PAUSED, []),
        (RecordingState.CAPTURED, [Told.FINISHED]),
        (RecordingState.RENDERED, [Told.FINISHED]),
        (RecordingState.AVAILABLE, [Told.FINISHED]),
        (RecordingState.ABSENT, [Told.ABSENT]),
        (RecordingState.FAILED_CAPTURE, [Told.FAILED]),
        (RecordingState.FAILED_RENDER, [Told.FINISHED, Told.FAILED]),
        (RecordingState.FAILED_STORE, [Told.FINISHED, Told.FAILED]),
        (RecordingState.REMOVING, []),
        (RecordingState.REMOVED, []),
    ],
)
def test_every_state_has_its_news_before_anything_is_stored(state: RecordingState, expected: list[Told]) -> None:
    assert [one.told for one in told(state)] == expected
    assert told(state, options=RecordingOptions(notification_events=False)) == []
    assert [one.told for one in told(state, options=RecordingOptions(notification_events=True))] == expected


def test_each_news_has_the_moment_at_which_it_came_to_pass() -> None:
    assert [one.at for one in told(RecordingState.AVAILABLE, stored(at=60))] == [ENDED, MORNING + 60]
    assert [one.at for one in told(RecordingState.FAILED_CAPTURE)] == [ENDED]
    assert [one.at for one in told(RecordingState.FAILED_STORE)] == [ENDED, NOW]
    assert [one.at for one in told(RecordingState.ABSENT, ended_at=None)] == [MORNING + 4]


def test_a_clock_that_is_behind_does_not_make_it_available_before_it_has_finished() -> None:
    assert [one.at for one in told(RecordingState.AVAILABLE, stored(at=20))] == [ENDED, ENDED]


def test_what_failed_at_one_stage_and_then_at_another_is_news_again() -> None:
    render, store = told(RecordingState.FAILED_RENDER)[-1], told(RecordingState.FAILED_STORE)[-1]
    assert (render.about, store.about) == ("failed-at-render", "failed-at-store")


def test_a_recording_that_joined_another_is_not_told_of_but_one_without_an_answer_is() -> None:
    assert told(RecordingState.ABSENT, reason="joined recording-2") == []
    assert len(told(RecordingState.ABSENT, reason="the call ended before a recorder ran")) == 1


@pytest.mark.parametrize("state", [one for one in DeliveryState if one is not DeliveryState.STORED])
def test_a_destination_that_lacks_a_file_has_nothing_available(state: DeliveryState) -> None:
    copies = [stored(kind=MONO), stored(kind=STEREO, state=state)]
    assert places(told(RecordingState.AVAILABLE, *copies, options=BOTH)) == []


@pytest.mark.parametrize("state", [RecordingState.FAILED_STORE, RecordingState.REMOVING, RecordingState.REMOVED])
def test_what_is_on_its_way_out_or_has_failed_is_not_available(state: RecordingState) -> None:
    assert places(told(state, stored())) == []


def test_each_destination_is_told_of_when_its_last_file_is_stored() -> None:
    copies = [
        *(stored("late", kind, at) for kind, at in ((MONO, 90.0), (STEREO, 70.0))),
        *(stored("early", kind, at) for kind, at in ((MONO, 50.0), (STEREO, 60.0))),
        stored("missing", MONO),
        stored("missing", STEREO, state=DeliveryState.WAITING),
    ]
    assert places(told(RecordingState.RENDERED, *copies, options=BOTH)) == [
        ("early", "s3://early/mono.mp3", 60),
        ("late", "s3://late/mono.mp3", 90),
    ]


@pytest.mark.parametrize(
    ("options", "kinds", "main"),
    [
        (BOTH, (MANIFEST, STEREO, MONO), MONO),
        (RecordingOptions(), (STEREO, MONO), MONO),
        (RecordingOptions(channels=ChannelLayout.STEREO, separate=True), (RIGHT, LEFT, STEREO), STEREO),
        (RecordingOptions(channels=ChannelLayout.MONO), (MONO,), MONO),
    ],
)
def test_the_main_file_is_the_mix_else_stereo(
    options: RecordingOptions, kinds: tuple[ArtefactKind, ...], main: ArtefactKind
) -> None:
    copies = [stored(kind=kind) for kind in kinds]
    (available,) = told(RecordingState.AVAILABLE, *copies, options=options)[1:]
    assert available.url == f"s3://archive/{main}.mp3"
    assert [copy.kind for copy in available.copies] == sorted(kinds, key=list(ArtefactKind).index)


def test_the_main_file_of_a_conference_is_the_mix() -> None:
    recording = a_recording(state=RecordingState.AVAILABLE, options=RecordingOptions(separate=True), ended_at=ENDED)
    conference = a_call(kind=CallKind.CONFERENCE, conference="3000")
    copies = [stored(kind=PARTICIPANTS), stored(kind=MONO)]
    assert news(recording, conference, copies, NOW)[1].url == "s3://archive/mono.mp3"


def test_what_a_backup_holds_is_told_with_its_address_and_the_first_place_later_when_it_is_back_filled() -> None:
    backup = stored("spare", at=60, stands_for="archive")
    waits = stored("archive", state=DeliveryState.WAITING, url="", stored_at=None)
    stood_in = told(RecordingState.AVAILABLE, waits, backup)
    assert places(stood_in) == [("spare", "s3://spare/stereo.mp3", 60)]
    back_filled = told(RecordingState.AVAILABLE, stored("archive", at=500), backup)
    assert places(back_filled) == [("archive", "s3://archive/stereo.mp3", 500)]


def test_a_place_and_its_backup_may_hold_everything_together() -> None:
    copies = [
        stored("archive", MONO, 50),
        stored("archive", STEREO, state=DeliveryState.REFUSED),
        stored("spare", STEREO, 60, stands_for="archive"),
    ]
    (available,) = told(RecordingState.AVAILABLE, *copies, options=BOTH)[1:]
    assert (available.about, available.url) == ("spare", "s3://archive/mono.mp3")
    assert [copy.url for copy in available.copies] == ["s3://archive/mono.mp3", "s3://spare/stereo.mp3"]


def test_what_stands_in_for_two_destinations_in_turn_is_told_of_once_the_recording_is_available() -> None:
    away = DeliveryState.WAITING
    copies = [
        *(stored(place, kind, state=away) for place in ("archive", "other") for kind in (MONO, STEREO)),
        stored("spare", MONO, 50, stands_for="archive"),
        stored("spare", STEREO, 60, stands_for="other"),
    ]
    assert places(told(RecordingState.RENDERED, *copies, options=BOTH)) == []
    assert places(told(RecordingState.AVAILABLE, *copies, options=BOTH)) == [("spare", "s3://spare/mono.mp3", 60)]


def test_the_main_copy_is_the_first_destinations_that_holds_everything() -> None:
    recording, call = a_recording(state=RecordingState.AVAILABLE), a_call()
    waits = stored("archive", state=DeliveryState.WAITING)
    assert main_copy(recording, call, [waits]) is None
    found = main_copy(recording, call, [waits, stored("other"), stored("third", at=1)])
    assert found is not None
    assert (found.recording_id, found.destination) == (RECORDING, "other")


def test_a_transcript_is_news_of_its_own_and_no_sound_waits_for_it() -> None:
    waiting = stored(kind=TRANSCRIPT, state=DeliveryState.WAITING, url="", stored_at=None)
    assert places(told(RecordingState.AVAILABLE, stored(), waiting)) == [("archive", "s3://archive/stereo.mp3", 60)]
    found = told(RecordingState.AVAILABLE, stored(), stored(kind=TRANSCRIPT, at=90), stored("backup", TRANSCRIPT, 95))
    assert [one.told for one in found] == [Told.FINISHED, Told.AVAILABLE, Told.TRANSCRIBED, Told.TRANSCRIBED]
    assert [(one.about, one.url, one.at - MORNING) for one in found[2:]] == [
        ("archive", "s3://archive/transcript.mp3", 90),
        ("backup", "s3://backup/transcript.mp3", 95),
    ]


def test_of_sound_that_is_not_kept_only_the_transcript_is_news() -> None:
    options = RecordingOptions(transcription=TranscriptionOptions(enabled=True, keep_sound=False))
    found = told(RecordingState.AVAILABLE, stored(kind=TRANSCRIPT), options=options)
    assert [one.told for one in found] == [Told.FINISHED, Told.TRANSCRIBED]
