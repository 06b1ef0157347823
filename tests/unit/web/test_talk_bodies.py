"""Who spoke for how long, as a recording of a call shows it."""

from dataclasses import replace
from typing import Any

from connector.domain.call import Role
from connector.domain.talk import TalkFacts, TalkSide
from connector.domain.transcript import Transcript
from connector.ports.call_search import CallFile
from connector.ports.shipping_ledger import RecordingFile
from connector.web.call_bodies import CallBody, call_body
from connector.web.talk_bodies import TalkBody, talk_body
from tests.builders import a_call, a_recording

SIDE = TalkSide(
    role=Role.CALLER,
    party="+4930123456",
    talk_seconds=75.12345,
    longest_monologue_seconds=20.0,
    interruptions=3,
    response_seconds=0.44444,
)
FACTS = TalkFacts(duration_seconds=100.0, silence_seconds=10.0, overlap_seconds=1.0, sides=(SIDE,))


def recordings_of(facts: TalkFacts | None, *, is_heard: bool = True) -> list[dict[str, Any]]:
    """As the call shows them; each shown call is one that the API describes."""
    call, recording = a_call(), a_recording()
    heard = Transcript(recording_id=recording.id, call_id=call.id, organisation="default", facts=facts)
    file = RecordingFile(recording=recording, call=call, segments=(), rendering=None, deliveries=())
    body = call_body(CallFile(call=call, recordings=(file,), transcripts=(heard,) if is_heard else ()), None, None)
    return [one.model_dump(mode="json") for one in CallBody.model_validate(body).recordings]


def test_a_recording_says_who_spoke_for_how_long() -> None:
    ((talk),) = [one["talk"] for one in recordings_of(FACTS)]
    assert talk["silence_seconds"] == 10.0
    assert talk["sides"] == [
        {
            "role": "caller",
            "party": "+4930123456",
            "talk_seconds": 75.123,
            "longest_monologue_seconds": 20.0,
            "interruptions": 3,
            "response_seconds": 0.444,
        }
    ]


def test_without_a_transcript_or_its_facts_nothing_is_said() -> None:
    assert recordings_of(FACTS, is_heard=False)[0]["talk"] is None
    assert recordings_of(None)[0]["talk"] is None


def test_a_side_that_never_answered_has_no_response_time() -> None:
    body = talk_body(replace(FACTS, sides=(replace(SIDE, response_seconds=None),)))
    assert TalkBody.model_validate(body).sides[0].response_seconds is None
