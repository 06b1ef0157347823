"""A bucket whose key may put and nothing else: what is erased stays there, and everybody can see that it does."""

import hashlib
from pathlib import Path

import pytest

from connector.domain.ids import RecordingId
from connector.domain.states import DeliveryState, RecordingEvent, RecordingState
from connector.ports.call_ledger import JournalPosition
from connector.ports.object_store import Digest
from connector.roles.house import opened
from tests.builders import RECORDING, a_call, a_delivery, a_recording, a_rendering, an_artefact
from tests.faults.conftest import Build
from tests.faults.house import House
from tests.faults.proof import until_grown
from tests.faults.test_buckets import cloud
from tests.faults.test_steps import erase
from tests.storage_servers.seaweedfs import SeaweedFs

SOUND = b"what was rendered of recording-1"


@pytest.fixture
def bucket(seaweedfs: SeaweedFs) -> str:
    return seaweedfs.new_bucket()


@pytest.fixture
def house(build: Build, seaweedfs: SeaweedFs, bucket: str) -> House:
    house = build()
    keys = seaweedfs.new_keys("s3:PutObject")
    house.settings["destinations"]["cloud"] = cloud(house, seaweedfs, keys, bucket)
    house.settings["defaults"]["destination"] = "cloud"
    house.write_config()
    return house


@pytest.mark.slow
def test_a_recording_that_is_erased_is_named_undeletable_with_what_to_do(
    house: House, seaweedfs: SeaweedFs, bucket: str
) -> None:
    house.start()
    call = house.pbx.call("call").answer()
    house.until_recording("call")
    until_grown(house, call, 0.3)
    call.hang_up()
    row = house.until_state("call", "available")
    there = seaweedfs.names(bucket)
    assert there
    erase(house, row["id"])
    house.until_state("call", "removed")
    assert seaweedfs.names(bucket) == there
    copies = house.rows.deliveries(row["id"])
    assert {one["state"] for one in copies} == {"undeletable"}
    for one in copies:
        assert "may the key delete objects there" in one["reason"]
        assert "delete it there with another key" in one["reason"]
        assert bucket in one["reason"]
    # Nothing of it is left here.
    assert not list((house.state / "work").rglob("*.wav"))


def rendered(folder: Path) -> Digest:
    path = folder / "work" / RECORDING / "stereo.wav"
    path.parent.mkdir(parents=True)
    path.write_bytes(SOUND)
    md5 = hashlib.md5(SOUND, usedforsecurity=False).hexdigest()
    return Digest(size_bytes=len(SOUND), md5=md5, sha256=hashlib.sha256(SOUND).hexdigest())


@pytest.mark.slow
async def test_what_landed_just_before_a_crash_and_is_erased_then_is_named_though_nobody_may_look(
    house: House, seaweedfs: SeaweedFs, bucket: str
) -> None:
    digest = rendered(house.state)
    path = Path("work", RECORDING, "stereo.wav")
    facts = {"size_bytes": digest.size_bytes, "md5": digest.md5, "sha256": digest.sha256}
    artefact = an_artefact(format="wav", path=str(path), **facts)
    delivery = a_delivery(destination="cloud")
    async with opened(house.config) as inside:
        ledger = inside.catalogue.shipping
        recording = a_recording(pbx="demo", state=RecordingState.CAPTURED, destinations=("cloud",))
        await inside.catalogue.calls.apply(
            "yesterday", [a_call(pbx="demo"), recording], JournalPosition(file="", offset=0)
        )
        await ledger.rendered(RecordingId(RECORDING), a_rendering(artefacts=(artefact,)), [delivery])
        destination = await inside.destinations.find("cloud", recording)
        assert destination is not None
        await ledger.named(delivery, "calls/landed.wav", destination.place)
        await destination.store.put("calls/landed.wav", house.state / path, digest)
        # Here it was killed: the catalogue does not know that it landed.
        await ledger.moved(RecordingId(RECORDING), RecordingEvent.ERASED, reason="by ada")
        for _, step in inside.removing.steps:
            await step(RECORDING, 1)
        file = await ledger.file(RecordingId(RECORDING))
    assert file is not None
    (named,) = file.deliveries
    assert (file.recording.state, named.state) == (RecordingState.REMOVED, DeliveryState.UNDELETABLE)
    assert "a copy may lie there as 'calls/landed.wav': see for yourself, and delete it" in named.reason
    assert "the key may only write" in named.reason
    assert seaweedfs.names(bucket) == ["calls/landed.wav"]
