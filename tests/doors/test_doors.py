"""Clients of osmTalk, Dialgen and Talkturo in their own languages, and the requests that these document, at our doors;
and whether what they were told is so."""

import json
from pathlib import Path

import pytest

from connector.domain.ids import CallId
from connector.settings import DestinationSettings
from tests.doors.amazon import NAME, Amazon
from tests.doors.calls import recording_of, sound_of
from tests.doors.running import asked, client, documented, fixture, is_shaped_like
from tests.doors.site import Site

pytestmark = pytest.mark.usefixtures("programs")


# --- osmTalk ------------------------------------------------------------------------------------------------------


def test_osmtalks_client_fetches_the_mix_and_the_stereo(site: Site, tmp_path: Path) -> None:
    client("osmtalk.sh", "osm-1", tmp_path, BASE_URL=site.url, OSMTALK_API_KEY=site.key("listen"))
    call = json.loads((tmp_path / "call.json").read_text())
    assert [turn["role"] for turn in call["transcript"]] == ["assistant", "user"]
    assert (tmp_path / "recordingUrl").read_bytes() == sound_of("osm-1.mono.wav")
    assert (tmp_path / "recordingMultiChannelUrl").read_bytes() == sound_of("osm-1.stereo.wav")
    assert ".stereo.wav" in call["recordingMultiChannelUrl"]


def test_whatever_osmtalks_client_was_given_is_in_the_audit_log(site: Site, tmp_path: Path) -> None:
    client("osmtalk.sh", "osm-1", tmp_path, BASE_URL=site.url, OSMTALK_API_KEY=site.key("listen"))
    recording = recording_of("osm-1")
    assert [(deed.action, deed.subject, deed.details.get("kind")) for deed in reversed(site.deeds())] == [
        ("recording.linked", recording, "mono"),
        ("recording.linked", recording, "stereo"),
        ("transcript.read", "osm-1", None),
        ("recording.downloaded", recording, "mono"),
        ("recording.downloaded", recording, "stereo"),
    ]


def test_a_key_without_leave_to_listen_is_given_neither_sound_nor_words(site: Site) -> None:
    status, call = asked(f"{site.url}/api/calls/osm-1", site.key("read"))
    assert (status, call["id"], call["duration"]) == (200, "osm-1", 180)
    assert (call["recordingUrl"], call["recordingMultiChannelUrl"], call["transcript"]) == (None, None, None)
    assert site.deeds() == []


def test_osmtalks_two_documented_requests_set_storage_and_days(site: Site, amazon: Amazon) -> None:
    status, storage = documented("osmtalk/put-storage.curl", site.url, site.key("admin"))
    assert status == 200
    assert (storage["s3Bucket"], storage["recordingRetentionDays"]) == ("your-recordings-bucket", 90)
    status, storage = documented("osmtalk/put-retention.curl", site.url, site.key("admin"))
    assert status == 200
    assert (storage["s3Bucket"], storage["recordingRetentionDays"]) == ("your-recordings-bucket", 365)
    assert (site.effective().retention_days, site.ground.terms().days(site.organisation, None)) == (365, 365)
    assert [deed.action for deed in site.deeds()] == ["settings.changed", "storage.changed"]


def test_a_storage_that_osmtalks_client_sets_was_tried_is_kept_and_holds(site: Site, amazon: Amazon) -> None:
    _, answer = documented("osmtalk/put-storage.curl", site.url, site.key("admin"))
    # A small file was there, and is not any more.
    assert {"PUT 200", "GET 200", "DELETE 204"} <= set(amazon.answered)
    assert amazon.objects == {}
    status, settings = asked(f"{site.url}/v1/settings", site.key("admin"))
    said = {name: value for name, value in answer.items() if name != "recordingRetentionDays"}
    assert (status, settings["storage"], said["s3SecretKey"]) == (200, said, "***")
    kept = json.loads(site.changed()["storage"])
    assert (kept["s3Endpoint"], site.secret(kept["s3SecretKey"])) == (f"https://{NAME}", amazon.secret_key)
    own = site.ground.overlay.settings.organisations.known[site.organisation].destination
    assert isinstance(own, DestinationSettings)
    assert (own.url, own.endpoint, own.region) == (f"s3://{amazon.bucket}/", f"https://{NAME}", "ap-south-1")
    assert own.public_endpoint == "https://recordings.yourcompany.com"
    assert own.credentials is not None
    assert own.credentials.reveal() == f"{amazon.access_key}:{amazon.secret_key}"


def test_a_storage_that_refuses_the_keys_is_not_taken(site: Site, amazon: Amazon) -> None:
    amazon.secret_key = "another"
    status, problem = documented("osmtalk/put-storage.curl", site.url, site.key("admin"))
    assert (status, "403" in problem["detail"]) == (400, True)
    assert (site.changed(), site.deeds()) == ({}, [])


# --- Dialgen ------------------------------------------------------------------------------------------------------


def test_dialgens_documented_request_gets_the_documented_shape(site: Site) -> None:
    status, answer = documented("dialgen/get-metric.curl", site.url, site.key("listen"))
    assert status == 200
    shown = fixture("dialgen/get-metric.json")
    assert is_shaped_like(answer, shown)
    assert (answer["success"], answer["callData"]["id"], answer["callData"]["duration"]) == (True, "call_123", 180)
    assert [deed.subject for deed in site.deeds("recording.linked")] == [recording_of("call_123")]


def test_dialgens_client_downloads_a_call_and_its_batch(site: Site, tmp_path: Path) -> None:
    said = json.loads(client("dialgen.mjs", tmp_path, BASE_URL=site.url, API_KEY=site.key("listen")))
    assert (said["metric"]["success"], said["wrong"]["success"]) == (True, False)
    assert [call["id"] for call in said["batch"]["calls"]] == ["call_123"]
    assert (tmp_path / "recording_call_123.mp3").read_bytes() == sound_of("call_123.stereo.mp3")
    (batch,) = site.deeds("calls.read")
    assert (batch.subject, batch.details["door"], batch.details["count"]) == ("batch_7", "dialgen", 1)


def test_another_organisations_call_is_not_found_by_dialgens_client(kros: Site) -> None:
    status, answer = documented("dialgen/get-metric.curl", kros.url, kros.key("listen"))
    assert (status, answer["success"], answer["status"]) == (404, False, 404)
    assert kros.deeds() == []


# --- Talkturo -----------------------------------------------------------------------------------------------------


def test_talkturos_client_switches_an_assistant_and_downloads_by_the_calls_id(site: Site, tmp_path: Path) -> None:
    words = ("201", "false", "a1b2c3d4", tmp_path)
    said = json.loads(client("talkturo.mjs", *words, BASE_URL=site.url, API_KEY=site.key("admin")))
    assert said == {"status": 200, "found": {"id": "201", "recording_enabled": False}, "type": "audio/mpeg"}
    assert {path.name for path in tmp_path.iterdir()} == {"a1b2c3d4.mp3"}
    assert (tmp_path / "a1b2c3d4.mp3").read_bytes() == sound_of("a1b2c3d4.stereo.mp3")
    assert site.changed() == {"agents.201.recording_enabled": "false"}
    assert site.effective().agents["201"].record is False
    _, settings = asked(f"{site.url}/v1/settings", site.key("read"))
    assert (settings["agents"]["201"]["recording_enabled"], settings["recording_enabled"]) == (False, True)
    assert [deed.subject for deed in site.deeds("recording.linked")] == [recording_of("a1b2c3d4")]


def test_what_is_deleted_talkturos_client_hears_is_gone(site: Site) -> None:
    call = CallId("a1b2c3d4")
    download = f"{site.url}/v1/calls/{call}/recording/download"
    assert asked(f"{site.url}/v1/calls/{call}/recording", site.key("admin"), "DELETE")[0] == 202
    status, gone = asked(download, site.key("listen"))
    assert (status, gone["status"]) == (410, 410)
