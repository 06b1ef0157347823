"""KrosAI's clients at /v1: its documented requests by curl, a download in Node, an export in Python; and whether what
they were told is so."""

import json
from pathlib import Path

import pytest

from connector.domain.instructions import own_command_id
from connector.domain.keeping import DAY_SECONDS
from connector.domain.moments import iso
from connector.domain.outbound import ORIGINATE, order_of
from connector.domain.states import CommandState, RecordingState
from tests.doors.calls import DAYS, KROS_CALL, recording_of, sound_of
from tests.doors.running import asked, client, documented, fixture, got, is_shaped_like
from tests.doors.site import Site

pytestmark = pytest.mark.usefixtures("programs")

ID = KROS_CALL
FILE = f"{ID}.mono.mp3"


def test_the_documented_request_for_a_call_gets_the_documented_shape(kros: Site) -> None:
    status, call = documented("krosai/get-call.curl", kros.url, kros.key("listen"))
    assert status == 200
    assert is_shaped_like(call, fixture("krosai/call.json"))
    assert (call["id"], call["status"]) == (ID, "completed")
    assert call["transcript"].startswith("[Agent]: Hello!\n[Caller]: ")
    assert [deed.action for deed in kros.deeds()] == ["calls.read"]


def test_a_client_in_node_saves_every_call_that_has_a_link(kros: Site, tmp_path: Path) -> None:
    words = ("2026-01-01", tmp_path)
    said = json.loads(client("krosai.mjs", *words, BASE_URL=kros.url, API_KEY=kros.key("listen")))
    assert [call["id"] for call in said["calls"]] == [ID]
    (name,) = said["saved"]
    assert (name, (tmp_path / name).read_bytes()) == (
        f"{ID}_+4930123456_{said['calls'][0]['duration']}s.mp3",
        sound_of(FILE),
    )
    assert is_shaped_like(said["recording"], fixture("krosai/recording.json"))
    assert (said["recording"]["format"], said["recording"]["size_bytes"]) == ("mp3", len(sound_of(FILE)))
    assert said["recording"]["duration_seconds"] == 180
    assert is_shaped_like(said["transcript"], fixture("krosai/transcript.json"))
    assert said["transcript"]["word_count"] == 6


def test_an_item_of_the_list_has_every_key_of_the_detail(kros: Site, tmp_path: Path) -> None:
    words = ("2026-01-01", tmp_path)
    said = json.loads(client("krosai.mjs", *words, BASE_URL=kros.url, API_KEY=kros.key("listen")))
    _, detail = documented("krosai/get-call.curl", kros.url, kros.key("listen"))
    assert set(said["calls"][0]) == set(detail)


def test_a_client_that_asks_from_a_later_day_gets_nothing(kros: Site) -> None:
    assert client("krosai.py", "2026-01-06", BASE_URL=kros.url, API_KEY=kros.key("listen")) == "[]"


def test_a_client_in_python_exports_the_transcripts(kros: Site) -> None:
    rows = json.loads(client("krosai.py", "2026-01-01", BASE_URL=kros.url, API_KEY=kros.key("listen")))
    (row,) = rows
    assert (row["call_id"], row["from"], row["to"]) == (ID, "+4930123456", "201")
    assert row["transcript"] == "[Agent]: Hello!\n[Caller]: Hi, what does it cost?"
    assert [deed.action for deed in kros.deeds("calls.read")] == ["calls.read"]


def test_the_documented_settings_are_taken(kros: Site) -> None:
    assert kros.effective().transcription_enabled is False
    status, settings = documented("krosai/patch-settings.curl", kros.url, kros.key("admin"))
    assert (status, settings["recording_enabled"]) == (200, True)
    assert kros.changed() == {"recording_enabled": "true", "transcription_enabled": "true"}
    assert (kros.effective().recording_enabled, kros.effective().transcription_enabled) == (True, True)
    _, later = asked(f"{kros.url}/v1/settings", kros.key("read"))
    assert (later["recording_enabled"], later["transcription_enabled"]) == (True, True)
    (deed,) = kros.deeds("settings.changed")
    assert deed.details == {"settings": {"recording_enabled": True, "transcription_enabled": True}}


def test_the_documented_extension_moves_the_end(kros: Site) -> None:
    now = kros.ground.clock.now()
    before = kros.keeping(ID)
    status, answer = documented("krosai/extend.curl", kros.url, kros.key("admin"))
    after = kros.keeping(ID)
    assert status == 200
    assert before.expires_at is not None
    assert after.expires_at is not None
    assert [round((end - now) / DAY_SECONDS) for end in (before.expires_at, after.expires_at)] == [DAYS, 365]
    assert after.is_extended
    assert answer["recordings"] == [{"id": recording_of(ID), "expires_at": iso(after.expires_at)}]
    (deed,) = kros.deeds("recording.extended")
    assert (deed.subject, deed.details) == (ID, {"days": 365})


def test_the_documented_deletion_is_obeyed(kros: Site) -> None:
    assert documented("krosai/delete-recording.curl", kros.url, kros.key("admin"))[0] in {200, 202, 204}
    assert kros.recording(ID).recording.state is RecordingState.REMOVING
    assert kros.keeping(ID).removed_by.endswith(kros.deeds("recording.deleted")[0].by)
    _, later = documented("krosai/get-call.curl", kros.url, kros.key("listen"))
    assert (later["recording_url"], later["transcript"]) == (None, None)
    for path in ("recording", "transcript"):
        assert asked(f"{kros.url}/v1/calls/{ID}/{path}", kros.key("listen"))[0] == 410


def test_what_was_deleted_leaves_the_archive(kros: Site) -> None:
    assert (kros.archive / FILE).exists()
    _, call = documented("krosai/get-call.curl", kros.url, kros.key("listen"))
    assert got(call["recording_url"]) == (200, sound_of(FILE))
    documented("krosai/delete-recording.curl", kros.url, kros.key("admin"))
    assert got(call["recording_url"])[0] == 404
    kros.removed(ID)
    assert not (kros.archive / FILE).exists()
    assert kros.recording(ID).recording.state is RecordingState.REMOVED
    status, gone = asked(f"{kros.url}/v1/calls/{ID}/recording", kros.key("listen"))
    assert (status, gone["status"]) == (410, 410)


def test_the_documented_outbound_call_is_placed_and_not_recorded(kros: Site) -> None:
    status, placed = documented("krosai/outbound-call.curl", kros.url, kros.key("control"))
    assert (status, placed["status"]) == (202, "answered")
    (command,) = kros.commands()
    assert (command.id, command.action) == (own_command_id(kros.organisation, placed["id"]), ORIGINATE)
    assert command.state is CommandState.DONE
    order = order_of(command.options)
    wanted = order.wanted
    assert (wanted.caller_id, wanted.number, wanted.record) == ("+2348012345678", "+14155551234", False)
    assert (order.organisation, wanted.device, wanted.context) == (kros.organisation, "PJSIP/2001", "from-callreel")
    _, later = asked(f"{kros.url}/v1/outbound-calls/{placed['id']}", kros.key("control"))
    assert later == placed


def test_an_outbound_call_to_elsewhere_is_none_that_is_ordered(kros: Site) -> None:
    status, _ = documented("krosai/outbound-call.curl", kros.url, kros.key("listen"))
    assert (status, kros.commands()) == (403, [])
