"""osmTalk's door: a call with its two links and its turns; storage and retention by a PUT that says what it changes."""

import json
from dataclasses import replace

import pytest

from connector.domain.diagnosis import Finding, Level
from connector.domain.recording import ArtefactKind
from connector.errors import DestinationRefused, DestinationUnreachable
from tests.builders import a_recording
from tests.unit.web.compat.house import House, a_recorded_call, bare

STORAGE = {
    "s3Endpoint": "https://s3.ap-south-1.amazonaws.com",
    "s3Region": "ap-south-1",
    "s3Bucket": "your-recordings-bucket",
    "s3AccessKey": "AKIA...",
    "s3SecretKey": "...",
    "s3PublicEndpoint": "https://recordings.yourcompany.com",
}
FORM = "application/x-www-form-urlencoded"


async def test_a_call_has_the_mix_the_stereo_beside_it_and_what_was_said(house: House) -> None:
    house.add(a_recorded_call())
    status, call = await house.client("listen").json("/api/calls/call_123")
    assert status == 200
    assert call == {
        "id": "call_123",
        "recordingUrl": "https://files.example.com/call_123.mono.wav",
        "recordingMultiChannelUrl": "https://files.example.com/call_123.stereo.wav",
        "transcript": [
            {"role": "assistant", "content": "Hello!", "timestamp": "2026-01-05T09:00:06.000Z"},
            {"role": "user", "content": "Hi, what does it cost?", "timestamp": "2026-01-05T09:00:09.000Z"},
        ],
        "duration": 180,
        "createdAt": "2026-01-05T09:00:00.000Z",
    }
    assert house.bucket.asked_seconds == {7 * 86_400.0}


async def test_what_is_not_there_is_null(house: House) -> None:
    house.add(bare(a_recorded_call()))
    _, call = await house.client("listen").json("/api/calls/call_123")
    assert (call["recordingUrl"], call["recordingMultiChannelUrl"], call["transcript"]) == (None, None, None)
    assert house.auditing.actions == []


async def test_without_a_mix_the_plain_link_is_to_what_there_is(house: House) -> None:
    house.add(a_recorded_call(kinds=(ArtefactKind.STEREO,), audio_format="mp3"))
    _, call = await house.client("listen").json("/api/calls/call_123")
    stereo = "https://files.example.com/call_123.stereo.mp3"
    assert (call["recordingUrl"], call["recordingMultiChannelUrl"]) == (stereo, stereo)


async def test_without_a_stereo_file_there_is_no_link_to_one(house: House) -> None:
    house.add(a_recorded_call(kinds=(ArtefactKind.MONO,)))
    _, call = await house.client("listen").json("/api/calls/call_123")
    assert call["recordingUrl"] is not None
    assert call["recordingMultiChannelUrl"] is None


async def test_both_links_are_to_one_recording(house: House) -> None:
    first, second = a_recorded_call(kinds=(ArtefactKind.MONO,)), a_recorded_call(kinds=(ArtefactKind.STEREO,))
    other = second.recordings[0]
    later = replace(other, recording=a_recording(id="later"))
    house.add(replace(first, recordings=(*first.recordings, later)))
    _, call = await house.client("listen").json("/api/calls/call_123")
    assert call["recordingMultiChannelUrl"] is None


async def test_who_may_not_listen_sees_the_call_without_sound_and_words(house: House) -> None:
    house.add(a_recorded_call())
    status, call = await house.client("read").json("/api/calls/call_123")
    assert (status, call["duration"]) == (200, 180)
    assert (call["recordingUrl"], call["recordingMultiChannelUrl"], call["transcript"]) == (None, None, None)
    assert house.auditing.actions == []


async def test_whatever_is_handed_out_is_in_the_audit_log(house: House) -> None:
    house.add(a_recorded_call())
    await house.client("listen").json("/api/calls/call_123")
    assert house.auditing.actions == ["recording.linked", "recording.linked", "transcript.read"]
    action, subject, details = house.auditing.deeds[0]
    assert (action, subject) == ("recording.linked", "recording of call_123")
    assert details == {
        "by": "key key-listen",
        "organisation": "default",
        "door": "osmtalk",
        "call": "call_123",
        "kind": "mono",
    }


async def test_what_cannot_be_written_down_is_not_handed_out(house: House) -> None:
    house.add(a_recorded_call())
    house.auditing.is_away = True
    answer = await house.client("listen").ask("/api/calls/call_123")
    assert answer.status == 503
    assert b"files.example.com" not in answer.content


async def test_storage_that_gives_no_links_leaves_the_words(house: House) -> None:
    house.add(a_recorded_call())
    house.bucket.trouble = DestinationRefused("this key may only write")
    status, call = await house.client("listen").json("/api/calls/call_123")
    assert (status, call["recordingUrl"]) == (200, None)
    assert len(call["transcript"]) == 2


async def test_storage_that_does_not_answer_is_no_missing_recording(house: House) -> None:
    house.add(a_recorded_call())
    house.bucket.trouble = DestinationUnreachable("down")
    assert (await house.client("listen").ask("/api/calls/call_123")).status == 503


@pytest.mark.parametrize("call_id", ["call_9", "another's", "%00", "a%0Ab", "x" * 400, "%F0%9F%98%80"])
async def test_what_is_none_of_theirs_is_not_found(house: House, call_id: str) -> None:
    house.add(a_recorded_call("another's", organisation="another"))
    answer = await house.client("listen").ask(f"/api/calls/{call_id.replace(chr(39), '%27')}")
    assert answer.status == 404
    assert answer.headers["content-type"] == "application/problem+json"


# --- storage ------------------------------------------------------------------------------------------------------


async def test_storage_is_tried_taken_and_shown_without_its_secret(house: House) -> None:
    status, storage = await house.client().json("/api/settings/storage", "PUT", STORAGE)
    assert status == 200
    assert storage == STORAGE | {"s3SecretKey": "***", "recordingRetentionDays": 90}
    assert house.trial.tried == ["s3://your-recordings-bucket/"]
    assert [secret.reveal() for secret in house.vault.secrets.values()] == ["..."]
    assert "storage.changed" in house.auditing.actions


async def test_a_body_that_calls_itself_a_form_is_read_as_json_and_laid_over_the_rest(house: House) -> None:
    await house.client().json("/api/settings/storage", "PUT", STORAGE)
    body = b'{ "recordingRetentionDays": 365 }'
    answer = await house.client().ask("/api/settings/storage", "PUT", body, content_type=FORM)
    assert answer.status == 200
    assert json.loads(answer.content) == STORAGE | {"s3SecretKey": "***", "recordingRetentionDays": 365}


@pytest.mark.parametrize("days", [0, 3651, -1, "90", 1.5, True])
async def test_days_beyond_the_range_are_refused(house: House, days: object) -> None:
    status, problem = await house.client().json("/api/settings/storage", "PUT", {"recordingRetentionDays": days})
    assert status in {400, 422}
    assert "/recordingRetentionDays" in problem["errors"][0]["pointer"]
    assert house.rows.rows == {}


@pytest.mark.parametrize("days", [1, 3650])
async def test_days_within_the_range_are_taken(house: House, days: int) -> None:
    status, storage = await house.client().json("/api/settings/storage", "PUT", {"recordingRetentionDays": days})
    assert (status, storage["recordingRetentionDays"]) == (200, days)


async def test_kept_for_ever_is_a_word_of_its_own(house: House) -> None:
    body = {"recordingRetentionDays": "unlimited"}
    assert (await house.client().json("/api/settings/storage", "PUT", body))[0] == 200


async def test_storage_that_fails_its_trial_is_not_taken(house: House) -> None:
    house.trial.findings_of_it = (Finding(level=Level.BAD, subject="bucket", what="there is none"),)
    status, problem = await house.client().json("/api/settings/storage", "PUT", STORAGE)
    assert status == 400
    assert "there is none" in problem["detail"]
    assert house.rows.rows == {}


async def test_what_is_wrong_is_pointed_to_in_their_words(house: House) -> None:
    status, problem = await house.client().json("/api/settings/storage", "PUT", STORAGE | {"s3Bucket": "a/b"})
    assert (status, problem["errors"][0]["pointer"]) == (400, "/s3Bucket")


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"null", b'{"s3Buckett":"b"}', b'{"s3Region":1}', b"\xff", b"s3Region=x"]
)
async def test_what_is_no_such_body_is_refused(house: House, body: bytes) -> None:
    answer = await house.client().ask("/api/settings/storage", "PUT", body)
    assert answer.status in {400, 422}
    assert answer.headers["content-type"] == "application/problem+json"


async def test_a_body_that_is_too_large_is_not_read(house: House) -> None:
    body = b'{"s3Region": "' + b"x" * 70_000 + b'"}'
    assert (await house.client().ask("/api/settings/storage", "PUT", body)).status == 413


@pytest.mark.parametrize("key", ["read", "listen", "control"])
async def test_only_an_administrator_sets_storage(house: House, key: str) -> None:
    assert (await house.client(key).json("/api/settings/storage", "PUT", STORAGE))[0] == 403


async def test_a_key_of_the_whole_house_says_whose_storage_it_means(house: House) -> None:
    body = {"recordingRetentionDays": 30}
    status, _ = await house.client("house").json("/api/settings/storage", "PUT", body)
    assert status == 400
    status, _ = await house.client("house").json("/api/settings/storage?organisation=another", "PUT", body)
    assert (status, list(house.rows.rows)) == (200, [("another", "retention_days")])
