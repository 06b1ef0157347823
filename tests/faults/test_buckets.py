"""The whole house with a bucket on a real S3 server: stored, linked, backed up, erased; no secret of it anywhere."""

import asyncio
import hashlib
import json
import os
import signal
import urllib.request
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest

from connector.domain.call import CallState
from connector.domain.ids import RecordingId
from connector.domain.recording import Artefact
from connector.domain.states import RecordingState
from connector.ports.call_ledger import JournalPosition
from connector.roles.house import opened
from connector.storage.sections import PART_BYTES
from tests.builders import MORNING, RECORDING, a_call, a_delivery, a_recording, a_rendering, an_artefact
from tests.faults.conftest import Build
from tests.faults.house import House
from tests.faults.pbx import PbxCall
from tests.faults.proof import until_grown
from tests.faults.test_signals import child, is_over, supervised
from tests.faults.test_steps import erase
from tests.faults.waiting import until
from tests.storage_servers.faults import Deaf
from tests.storage_servers.proxy import FaultProxy
from tests.storage_servers.s3_client import Keys
from tests.storage_servers.seaweedfs import SeaweedFs
from tests.storage_servers.server import Started
from tests.storage_servers.wire import Head

#: 200 MB; the last part is a short one.
_PARTS = 25
_BIG_BYTES = _PARTS * PART_BYTES - 12_345
#: So many parts are there when everything is killed.
_PARTS_BEFORE = 10


def cloud(house: House, server: SeaweedFs, keys: Keys, bucket: str, **more: Any) -> dict[str, Any]:
    """As an administrator writes it, with the secret in a file of its own."""
    secret = house.folder / "secret"
    secret.write_text(f"{keys.id}:{keys.secret}:us-east-1\n")
    secret.chmod(0o600)
    return {"url": f"s3://{bucket}/calls/", "endpoint": server.endpoint, "credentials": {"file": str(secret)}} | more


def recorded(house: House, name: str) -> PbxCall:
    call = house.pbx.call(name).answer()
    house.until_recording(name)
    until_grown(house, call, 0.3)
    call.hang_up()
    return call


def links(house: House, call: PbxCall, *words: str) -> list[dict[str, str]]:
    answer = house.command("recordings", "link", house.rows.recording(call.name)["id"], "--json", *words)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    found: list[dict[str, str]] = json.loads(answer.stdout)
    return found


def assert_links_lead_to_what_was_sent(house: House, call: PbxCall) -> None:
    id = house.rows.recording(call.name)["id"]
    sums = {
        row["kind"]: row["sha256"] for row in house.rows.ask(f"SELECT * FROM artefacts WHERE recording_id = '{id}'")
    }
    found = links(house, call)
    assert {link["kind"] for link in found} == set(sums)
    for link in found:
        with urllib.request.urlopen(link["url"], timeout=10) as answer:  # an address of this machine
            assert hashlib.sha256(answer.read()).hexdigest() == sums[link["kind"]], link["url"]


def assert_nowhere(house: House, secret: str) -> None:
    """In no log, catalogue, engine's store, journal, report or argument of a process; the file that it came from
    apart."""
    folders = [path for path in house.folder.rglob("*") if path.is_file() and path.name != "secret"]
    assert len(folders) > 5
    arguments = [Path(f"/proc/{role.pid}/cmdline") for role in house.roles.values()]
    assert [str(path) for path in (*folders, *arguments) if secret.encode() in path.read_bytes()] == []


@pytest.mark.slow
def test_a_recording_in_a_bucket_is_linked_and_erased_though_the_destination_left_the_configuration(
    build: Build, seaweedfs: SeaweedFs
) -> None:
    house, bucket = build(), seaweedfs.new_bucket()
    keys = seaweedfs.new_keys("s3:PutObject", "s3:GetObject", "s3:DeleteObject")
    house.settings["destinations"]["cloud"] = cloud(house, seaweedfs, keys, bucket, manifest=True)
    house.settings["defaults"]["destination"] = "cloud"
    house.write_config()
    house.start()
    call = recorded(house, "call")
    row = house.until_state("call", "available")
    names = seaweedfs.names(bucket)
    assert [Path(name).suffix for name in names] == [".json", ".wav", ".wav"], names
    assert all(name.startswith("calls/") for name in names)
    assert_links_lead_to_what_was_sent(house, call)
    del house.settings["destinations"]["cloud"], house.settings["defaults"]["destination"]
    (house.folder / "secret").unlink()
    house.write_config()
    house.restart()
    assert_links_lead_to_what_was_sent(house, call)
    verified = house.command("recordings", "verify")
    assert "3 of 3 copies" in verified.stdout, verified.stdout + verified.stderr
    assert_nowhere(house, keys.secret)
    erase(house, row["id"])
    house.until_state("call", "removed")
    assert seaweedfs.names(bucket) == []


@pytest.mark.slow
async def test_while_a_bucket_is_away_its_backup_takes_over_and_gives_back_afterwards(
    build: Build, started: Started
) -> None:
    server = await started(SeaweedFs)
    bucket = server.new_bucket()
    house = build()
    house.settings["destinations"]["cloud"] = cloud(house, server, server.keys, bucket, backup="archive")
    house.settings["defaults"]["destination"] = "cloud"
    house.write_config()
    house.start()
    await server.stop()
    call = recorded(house, "call")
    row = house.until_state("call", "available")
    assert {(one["destination"], one["state"]) for one in house.rows.deliveries(row["id"])} == {
        ("archive", "stored"),
        ("cloud", "waiting"),
    }
    assert_links_lead_there(house, call, "archive")
    await server.start()
    # It remembers for a minute that the bucket is away.
    house.restart("work")
    assert house.command("recordings", "retry", row["id"]).returncode == 0
    until(lambda: len(server.names(bucket)) == 2, lambda: house.tails)
    until(lambda: {one["state"] for one in house.rows.deliveries(row["id"])} == {"stored"}, lambda: house.tails)
    assert_links_lead_there(house, call, "cloud")


def assert_links_lead_there(house: House, call: PbxCall, destination: str) -> None:
    for link in links(house, call, "--destination", destination):
        with urllib.request.urlopen(link["url"], timeout=10) as answer:
            assert answer.read(4) == b"RIFF"


@pytest.mark.slow
def test_with_credentials_that_cannot_be_any_calls_are_recorded_and_stored_when_they_are_mended(
    build: Build, seaweedfs: SeaweedFs
) -> None:
    house, bucket = build(), seaweedfs.new_bucket()
    house.settings["destinations"]["cloud"] = cloud(house, seaweedfs, seaweedfs.keys, bucket)
    house.settings["defaults"]["destination"] = "cloud"
    house.write_config()
    secret = house.folder / "secret"
    right = secret.read_text()
    secret.write_text("half a key\n")
    run = house.supervised()
    run.start()
    run.until_said("pbx resynchronised")
    call = recorded(house, "call")
    row = house.until_state("call", "failed-at-store")
    assert "of the form key:secret:region" in row["reason"]
    assert "half a key" not in run.tail + row["reason"]
    told = json.loads((house.state / "health" / "work.json").read_text())["problems"]
    assert [problem for problem in told if problem.startswith("destination cloud: ")]
    secret.write_text(right)
    os.kill(run.pid, signal.SIGHUP)
    until(lambda: not json.loads((house.state / "health" / "work.json").read_text())["problems"], lambda: run.tail)
    assert house.command("recordings", "retry", row["id"]).returncode == 0
    house.until_state("call", "available")
    assert_links_lead_to_what_was_sent(house, call)


def a_long_call(folder: Path) -> Artefact:
    """Rendered, and no two parts of it alike."""
    path = folder / "work" / RECORDING / "stereo.wav"
    path.parent.mkdir(parents=True)
    block = os.urandom(1 << 20)
    md5, sha256 = hashlib.md5(usedforsecurity=False), hashlib.sha256()
    with path.open("wb") as written:
        for begin in range(0, _BIG_BYTES, len(block)):
            piece = (begin.to_bytes(8) + block[8:])[: _BIG_BYTES - begin]
            md5.update(piece)
            sha256.update(piece)
            written.write(piece)
    return an_artefact(
        format="wav",
        path=str(path.relative_to(folder)),
        size_bytes=_BIG_BYTES,
        md5=md5.hexdigest(),
        sha256=sha256.hexdigest(),
    )


async def rendered_yesterday(house: House) -> None:
    """A recording as work leaves it before the first byte goes to the bucket, and nobody runs."""
    async with opened(house.config) as inside:
        call = a_call(pbx="demo", state=CallState.ENDED, ended_at=MORNING + 44)
        recording = a_recording(pbx="demo", state=RecordingState.CAPTURED, destinations=("cloud",))
        # Not on this node's account: capture's own journal begins at its beginning.
        nowhere = JournalPosition(file="", offset=0)
        await inside.catalogue.calls.apply("yesterday", [call, recording], nowhere)
        artefact = await asyncio.to_thread(a_long_call, house.state)
        wanted = a_rendering(artefacts=(artefact,))
        await inside.catalogue.shipping.rendered(RecordingId(RECORDING), wanted, [a_delivery(destination="cloud")])


def part_number(head: Head) -> int:
    """0 for what is no part of an object."""
    return int(parse_qs(head.query).get("partNumber", ["0"])[0]) if head.method == "PUT" else 0


def kept_parts(house: House) -> int:
    """As the next process will find them."""
    rows = house.rows.ask("SELECT parts FROM uploads")
    return sum(part != "" for row in rows for part in json.loads(row["parts"]))


def kill_everything(house: House) -> None:
    """Supervisor and roles at one moment, as when the machine's power fails."""
    pids = [house.roles["run"].pid, *(child(house, role)["pid"] for role in ("capture", "work", "web"))]
    watched = [os.pidfd_open(pid) for pid in pids]
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
    house.roles["run"].ended()
    for pidfd in watched:
        until(partial(is_over, pidfd), "the end of every role")
        os.close(pidfd)
    (house.state / "supervisor.json").unlink()


@pytest.mark.slow
async def test_killed_in_the_middle_of_a_200_mb_upload_no_finished_part_is_sent_again(
    build: Build, seaweedfs: SeaweedFs
) -> None:
    house, bucket = build(), seaweedfs.new_bucket()
    async with FaultProxy(seaweedfs.endpoint) as proxy:
        more = {"endpoint": proxy.endpoint}
        house.settings["destinations"]["cloud"] = cloud(house, seaweedfs, seaweedfs.keys, bucket, **more)
        house.write_config()
        await rendered_yesterday(house)
        deaf = proxy.order(Deaf(1 << 20), times=None, when=lambda head: part_number(head) > _PARTS_BEFORE)
        await asyncio.to_thread(supervised, house)
        await asyncio.to_thread(until, lambda: kept_parts(house) == _PARTS_BEFORE, lambda: house.tails)
        await proxy.until(lambda: any(one.body_bytes > 1 << 19 for one in deaf.befallen))
        await asyncio.to_thread(kill_everything, house)
        proxy.clear()
        seen = len(proxy.heads)
        await asyncio.to_thread(supervised, house)
        await asyncio.to_thread(until, lambda: house.rows.states() == {RECORDING: "available"}, lambda: house.tails)
        afterwards = [part_number(head) for head in proxy.heads[seen:] if part_number(head)]
        assert sorted(afterwards) == list(range(_PARTS_BEFORE + 1, _PARTS + 1))
        assert [head.method for head in proxy.heads if head.query == "uploads"] == ["POST"]
        assert seaweedfs.names(bucket) == [house.rows.deliveries(RECORDING)[0]["object_name"]]
        assert house.rows.ask("SELECT * FROM uploads") == []
        verified = await asyncio.to_thread(house.command, "recordings", "verify")
        assert "1 of 1 copies" in verified.stdout, verified.stdout + verified.stderr
