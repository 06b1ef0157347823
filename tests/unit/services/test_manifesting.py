"""The manifest beside the sound: what stands in it, and where it goes."""

import hashlib
import json
from datetime import datetime
from pathlib import Path

import pytest

from connector.domain.call import Direction, Side, Span
from connector.domain.manifest import manifest
from connector.domain.moments import iso
from connector.domain.options import RecordingOptions
from connector.domain.recording import ArtefactKind, Gap
from connector.domain.states import RecordingState
from connector.errors import NoRoom
from connector.ports.shipping_ledger import RecordingFile
from connector.services.manifesting import with_manifest
from connector.storage.memory import MemoryStore
from tests.builders import MORNING, RECORDING, a_call, a_recording, a_rendering
from tests.unit.services.yard import OPTIONS, Yard

GAP = Gap(
    side=Side.LEFT, party="+4930123456", start_seconds=1.23456, end_seconds=2.0, uncertain_seconds=0.02, reason="lost"
)
NAME = "call-1.manifest.json"


def test_it_says_who_when_which_channels_and_what_lacks() -> None:
    recording = a_recording(
        started_at=MORNING + 4.5,
        ended_at=MORNING + 44.5,
        pauses=(Span(start=MORNING + 10.5, end=MORNING + 12.5), Span(start=MORNING + 40.5, end=None)),
        options=RecordingOptions(tags=("vip",)),
    )
    said = manifest(recording, a_call(direction=Direction.INBOUND, queue="sales"), a_rendering(gaps=(GAP,)))
    assert json.loads(json.dumps(said)) == said
    assert said | {"channels": [], "files": [], "gaps": []} == {
        "manifest": 1,
        "recordingId": "recording-1",
        "callId": "call-1",
        "kind": "call",
        "organisation": "default",
        "pbx": "asterisk",
        "direction": str(Direction.INBOUND),
        "from": "+4930123456",
        "to": "201",
        "queue": "sales",
        "agent": {"id": "201", "name": "Ada"},
        "conference": "",
        "startedAt": "2026-01-05T09:00:04.500Z",
        "endedAt": "2026-01-05T09:00:44.500Z",
        "durationSeconds": 40.0,
        "recordedBecause": "the rule for everything",
        "isPartial": False,
        "channels": [],
        "gaps": [],
        "pauses": [{"startSeconds": 6.0, "endSeconds": 8.0}, {"startSeconds": 36.0, "endSeconds": None}],
        "tags": ["vip"],
        "files": [],
    }
    assert said["channels"] == [
        {"index": 0, "role": "caller", "party": "+4930123456"},
        {"index": 1, "role": "agent", "party": "201"},
    ]
    assert said["gaps"] == [
        {
            "side": str(Side.LEFT),
            "party": "+4930123456",
            "startSeconds": 1.235,
            "endSeconds": 2.0,
            "uncertainSeconds": 0.02,
            "reason": "lost",
        }
    ]
    assert said["files"] == [
        {
            "kind": "stereo",
            "format": "mp3",
            "sizeBytes": 160_000,
            "md5": "9e107d9d372bb6826bd81d3542a419d6",
            "sha256": "d7a8fbb307d7809469ca9abcb0082e4f8d5651e46d3cdb762d02d0bf37c9e592",
            "durationSeconds": 40.0,
            "sampleRate": 8000,
        }
    ]


def test_what_never_started_begins_when_it_was_asked_for() -> None:
    said = manifest(a_recording(), a_call(), a_rendering())
    assert (said["startedAt"], said["endedAt"]) == ("2026-01-05T09:00:04.000Z", None)


@pytest.mark.parametrize("moment", [MORNING, MORNING + 0.9996, 0.0])
def test_a_moment_is_written_so_that_it_can_be_read_back(moment: float) -> None:
    assert iso(moment).endswith("Z")
    assert datetime.fromisoformat(iso(moment)).timestamp() == pytest.approx(moment, abs=0.001)


def test_it_is_an_artefact_like_the_others_and_the_same_each_time(tmp_path: Path) -> None:
    file = RecordingFile(recording=a_recording(), call=a_call(), segments=(), rendering=None, deliveries=())
    first = with_manifest(file, a_rendering(), tmp_path)
    assert with_manifest(file, a_rendering(), tmp_path) == first
    sound, made = first.artefacts
    assert (sound.kind, made.kind, made.format) == (ArtefactKind.STEREO, ArtefactKind.MANIFEST, "json")
    content = (tmp_path / made.path).read_bytes()
    assert (made.size_bytes, made.sha256) == (len(content), hashlib.sha256(content).hexdigest())
    assert made.md5 == hashlib.md5(content, usedforsecurity=False).hexdigest()
    assert [one["kind"] for one in json.loads(content)["files"]] == ["stereo"]


def test_names_of_people_stand_in_it_as_they_are_written_and_what_is_no_text_breaks_nothing(tmp_path: Path) -> None:
    file = RecordingFile(
        recording=a_recording(), call=a_call(agent_name="Zoë \udcff"), segments=(), rendering=None, deliveries=()
    )
    *_, made = with_manifest(file, a_rendering(), tmp_path).artefacts
    assert json.loads((tmp_path / made.path).read_bytes())["agent"]["name"] == "Zoë ?"


def test_a_folder_that_takes_nothing_is_no_room_and_named(tmp_path: Path) -> None:
    (tmp_path / "work").write_text("in the way")
    file = RecordingFile(recording=a_recording(), call=a_call(), segments=(), rendering=None, deliveries=())
    with pytest.raises(NoRoom, match=r"manifest\.json cannot be written"):
        with_manifest(file, a_rendering(), tmp_path)


async def test_it_goes_where_it_is_wanted_and_nowhere_else(yard: Yard) -> None:
    other = yard.destinations.stores["other"] = MemoryStore()
    yard.destinations.with_manifest = {"other"}
    await yard.captured(yard.caller(), destinations=("archive", "other"))
    assert await yard.run() == ""
    assert yard.archive.objects.keys() == {"call-1.wav"}
    assert other.objects.keys() == {"call-1.wav", NAME}
    (said,) = json.loads(other.objects[NAME])["files"]
    assert said["sha256"] == hashlib.sha256(other.objects["call-1.wav"]).hexdigest()
    assert (await yard.recording()).state is RecordingState.AVAILABLE


async def test_nobody_wants_one_and_none_is_made(yard: Yard) -> None:
    await yard.captured(yard.caller())
    await yard.run()
    rendering = (await yard.file()).rendering
    assert rendering is not None
    assert {artefact.kind for artefact in rendering.artefacts} == {ArtefactKind.STEREO}
    assert not (yard.state / "work" / RECORDING / "manifest.json").exists()


async def test_a_backup_takes_it_with_the_rest(yard: Yard) -> None:
    yard.destinations.stores["spare"] = MemoryStore()
    yard.destinations.backups = {"archive": "spare"}
    yard.destinations.with_manifest = {"archive"}
    await yard.captured(yard.caller(), options=OPTIONS)
    yard.archive.fail_next(NoRoom("full"))
    await yard.run()
    assert yard.destinations.stores["spare"].objects.keys() == {"call-1.wav", NAME}
    assert (await yard.recording()).state is RecordingState.AVAILABLE
