"""Everything that is kept of a transcript, as one document."""

import json
from dataclasses import replace

from connector.domain.call import Role
from connector.domain.speech import Word
from connector.domain.states import TranscriptionState
from connector.domain.talk import TalkFacts, TalkSide
from connector.domain.transcript import SpokenLine, Transcript
from connector.domain.transcript_document import Occasion, document, occasion_of
from tests.builders import CALL, CHANNELS, MORNING, RECORDING, a_rendering

OCCASION = Occasion(began_at=MORNING, duration_seconds=8.04, channels=CHANNELS)
FACTS = TalkFacts(
    duration_seconds=8.04,
    silence_seconds=5.54,
    overlap_seconds=0.0,
    sides=(
        TalkSide(
            role=Role.CALLER,
            party="+4930123456",
            talk_seconds=1.5,
            longest_monologue_seconds=1.5,
            interruptions=0,
            response_seconds=0.40004,
        ),
        TalkSide(
            role=Role.AGENT,
            party="201",
            talk_seconds=1.0004,
            longest_monologue_seconds=1.0,
            interruptions=1,
            response_seconds=None,
        ),
    ),
)
TRANSCRIPT = Transcript(
    recording_id=RECORDING,
    call_id=CALL,
    organisation="default",
    state=TranscriptionState.DONE,
    language="en",
    language_confidence=0.98,
    confidence=0.93,
    version=2,
    engine="local",
    model="tiny.en",
    facts=FACTS,
    lines=(
        SpokenLine(
            role=Role.CALLER, party="+4930123456", start_seconds=3.0, end_seconds=4.5, text="Help me.", overlaps=True
        ),
        SpokenLine(
            role=Role.AGENT, party="201", start_seconds=0.50004, end_seconds=1.0, text="Hello?", confidence=0.912345
        ),
    ),
    made_at=MORNING + 60,
)
WORDS = ((Word("Help", 3.0, 3.4), Word("me.", 3.5, 4.5)), (Word("Hello?", 0.50004, 1.0, 0.912345),))


def test_a_document_has_all_that_is_kept() -> None:
    assert document(TRANSCRIPT, WORDS, OCCASION) == {
        "version": 1,
        "recordingId": "recording-1",
        "callId": "call-1",
        "transcriptVersion": 2,
        "madeAt": "2026-01-05T09:01:00.000Z",
        "startedAt": "2026-01-05T09:00:00.000Z",
        "durationMs": 8040,
        "language": "en",
        "languageProbability": 0.98,
        "confidence": 0.93,
        "engine": {"name": "local", "model": "tiny.en"},
        "channels": [
            {"index": 0, "label": "Caller", "role": "caller", "party": "+4930123456", "speechMs": 1500},
            {"index": 1, "label": "Agent", "role": "agent", "party": "201", "speechMs": 1000},
        ],
        "turns": [
            {
                "speaker": "Agent",
                "role": "agent",
                "party": "201",
                "channel": 1,
                "start": 0.5,
                "end": 1.0,
                "text": "Hello?",
                "confidence": 0.912,
                "overlap": False,
                "words": [{"w": "Hello?", "s": 0.5, "e": 1.0, "c": 0.912}],
            },
            {
                "speaker": "Caller",
                "role": "caller",
                "party": "+4930123456",
                "channel": 0,
                "start": 3.0,
                "end": 4.5,
                "text": "Help me.",
                "confidence": None,
                "overlap": True,
                "words": [{"w": "Help", "s": 3.0, "e": 3.4, "c": None}, {"w": "me.", "s": 3.5, "e": 4.5, "c": None}],
            },
        ],
        "talk": {
            "durationSeconds": 8.04,
            "silenceSeconds": 5.54,
            "overlapSeconds": 0.0,
            "sides": [
                {
                    "role": "caller",
                    "party": "+4930123456",
                    "talkSeconds": 1.5,
                    "longestMonologueSeconds": 1.5,
                    "interruptions": 0,
                    "responseSeconds": 0.4,
                },
                {
                    "role": "agent",
                    "party": "201",
                    "talkSeconds": 1.0,
                    "longestMonologueSeconds": 1.0,
                    "interruptions": 1,
                    "responseSeconds": None,
                },
            ],
        },
    }


def test_what_was_not_known_is_null_and_the_document_is_whole() -> None:
    old = replace(TRANSCRIPT, facts=None, language="", language_confidence=None, confidence=None, made_at=None)
    written = document(old, (), replace(OCCASION, channels=CHANNELS[:1]))
    assert json.loads(json.dumps(written)) == written
    unknown = ("madeAt", "language", "languageProbability", "confidence", "talk")
    assert [written[name] for name in unknown] == [None] * len(unknown)
    shown = json.dumps(written["turns"])
    assert (shown.count('"words": []'), shown.count('"channel": null')) == (2, 1)


def test_the_occasion_is_as_the_sound_was_rendered() -> None:
    rendering = a_rendering()
    assert occasion_of(TRANSCRIPT, MORNING, rendering) == Occasion(
        began_at=MORNING, duration_seconds=rendering.duration_seconds, channels=rendering.channels
    )


def test_where_no_sound_was_kept_its_talk_says_who_there_was() -> None:
    assert occasion_of(TRANSCRIPT, MORNING) == OCCASION


def test_where_nothing_else_is_known_the_lines_say_who_there_was() -> None:
    found = occasion_of(replace(TRANSCRIPT, facts=None), MORNING)
    assert (found.duration_seconds, [label.party for label in found.channels]) == (4.5, ["+4930123456", "201"])
