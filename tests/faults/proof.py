"""That nothing was lost and nothing happened twice: destination, catalogue and the PBX's own files, compared."""

import asyncio
import hashlib
import json
import os
import wave
from dataclasses import replace
from pathlib import Path
from typing import Any

from connector.domain.ids import RecordingId
from connector.pbx.scripted.sound import Noise
from connector.roles.house import opened
from connector.services.rendering import Renderer
from tests.faults.house import House
from tests.faults.pbx import PbxCall
from tests.faults.waiting import until

_SIDES = {"left": 0, "right": 1}
#: A recorder's first frame may come this long after the answer, and its last one before the hangup.
_EDGE_TICKS = 15


def assert_nothing_lost(house: House) -> None:
    """Of every call there is a recording, of every recording all copies once, and of every copy every byte."""
    house.until_settled()
    assert_each_copy_is_there_once(house)
    # Names of calls differ: a second one could only come of the same work done twice.
    assert not [path for path in house.objects if path.name.removesuffix(path.suffix).endswith("-2")]
    assert_rendered_the_same_again(house)
    assert_no_leftovers(house)
    assert house.command("recordings", "unknown", "--json").stdout.strip() == '{\n  "demo": []\n}'


def assert_each_copy_is_there_once(house: House) -> None:
    """And it is what the catalogue says that was sent."""
    copies = house.rows.ask(
        "SELECT d.*, a.sha256 FROM deliveries d "
        "JOIN artefacts a ON a.recording_id = d.recording_id AND a.kind = d.kind WHERE d.state = 'stored'"
    )
    assert sorted(copy["url"] for copy in copies) == [path.as_uri() for path in house.objects]
    sums = {path.as_uri(): hashlib.sha256(path.read_bytes()).hexdigest() for path in house.objects}
    for copy in copies:
        assert sums[copy["url"]] == copy["sha256"], copy["url"]
        assert copy["url"].endswith(copy["object_name"])
    verified = house.command("recordings", "verify")
    assert verified.returncode == 0, verified.stdout + verified.stderr
    assert f"{len(copies)} of {len(copies)} copies" in verified.stdout


def assert_rendered_the_same_again(house: House) -> None:
    """What a run without any disturbance makes of the same files: the same bytes."""
    made = asyncio.run(_rendered_again(house))
    for row in house.rows.ask("SELECT * FROM artefacts"):
        if row["recording_id"] in made:
            assert row["sha256"] == made[row["recording_id"]][row["kind"]], row


async def _rendered_again(house: House) -> dict[str, dict[str, str]]:
    ids = [id for id, state in house.rows.states().items() if state == "available"]
    found = {}
    async with opened(house.config) as inside:
        renderer = Renderer(inside.sources, inside.workshop, house.folder / "again")
        for id in ids:
            file = await inside.catalogue.shipping.file(RecordingId(id))
            assert file is not None
            rendering = await renderer.render(replace(file, rendering=None, deliveries=()))
            assert rendering is not None
            found[id] = {str(artefact.kind): artefact.sha256 for artefact in rendering.artefacts}
    return found


def assert_no_leftovers(house: House) -> None:
    parts = [path for folder in (house.state, house.archive) for path in folder.rglob(".*part*")]
    assert parts == []


def assert_sounds_whole(house: House, call: PbxCall, late_ticks: int = _EDGE_TICKS) -> dict[str, Any]:
    """Without a frame missing: from the answer to the hangup both voices are in the stereo file, sample by sample, and
    they are all that the PBX's files hold. `late_ticks`: nobody lived to start a recorder before. Returns the
    recording's row."""
    row = house.until_state(call.name, "available")
    assert call.answered_at is not None
    assert call.ended_at is not None
    ticks = int((call.ended_at - call.answered_at) * 50)
    channels = stereo_of(house, row["id"])
    segments = [one for one in house.rows.segments(row["id"]) if one["state"] == "closed"]
    assert len({segment["channel"] for segment in segments}) == len(segments) == 2, segments
    for segment in segments:
        sound = _frames(house.pbx.spool / segment["path"])
        said = [sound[at : at + 320] for at in range(0, len(sound), 320)]
        voice = Noise(segment["channel"])
        first = next(tick for tick in range(late_ticks) if voice.tick(tick, 8000) == said[0])
        assert said == [voice.tick(first + tick, 8000) for tick in range(len(said))]
        assert first + len(said) >= ticks - _EDGE_TICKS
        assert sound in channels[_SIDES[segment["side"]]], segment["path"]
    [rendering] = house.rows.ask(f"SELECT gaps FROM renderings WHERE recording_id = '{row['id']}'")
    asked_at = [segment["requested_at"] for segment in segments]
    gaps = [gap for gap in json.loads(rendering["gaps"]) if gap["end_seconds"] > max(asked_at) - min(asked_at) + 0.1]
    assert gaps == [], segments
    return row


def stereo_of(house: House, recording: str) -> tuple[bytes, bytes]:
    """Both channels of the stored stereo file."""
    [copy] = [copy for copy in house.rows.deliveries(recording) if copy["kind"] == "stereo"]
    sound = _frames(house.archive / copy["object_name"])
    return (
        b"".join(sound[at : at + 2] for at in range(0, len(sound), 4)),
        b"".join(sound[at : at + 2] for at in range(2, len(sound), 4)),
    )


def _frames(path: Path) -> bytes:
    with wave.open(os.fspath(path)) as file:
        return bytes(file.readframes(file.getnframes()))


def until_grown(house: House, call: PbxCall, seconds: float) -> None:
    """The PBX has written that much more sound of the call's two channels, whoever listens or not."""
    row = house.rows.recording(call.name)
    files = [house.pbx.spool / segment["path"] for segment in house.rows.segments(row["id"])]
    wanted = {file: file.stat().st_size + int(seconds * 16000) for file in files if file.exists()}
    assert wanted
    until(lambda: all(file.stat().st_size >= size for file, size in wanted.items()), "growing files")
