"""callreel test-destination on real servers: what it finds out, what it pins, and that it leaves nothing."""

import asyncio
import json
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import pytest

from connector.catalogue import schema
from connector.catalogue.store import Catalogue
from connector.config.loading import load
from connector.domain.diagnosis import Finding, Level
from connector.network.clock import SystemClock
from connector.ports.object_store import ObjectStore
from connector.ports.pins import Pin
from connector.roles.addresses import catalogue_url
from connector.roles.stores import Stores
from connector.roles.trial import wanted
from connector.settings import Settings
from tests.contract.storage.azure_rig import Container
from tests.contract.storage.places import digest_of
from tests.storage_servers.azurite import Azurite
from tests.storage_servers.cloud_answers import aws_wrong_region
from tests.storage_servers.faults import Answered, Silence
from tests.storage_servers.proxy import FaultProxy
from tests.storage_servers.rclone import Rclone
from tests.storage_servers.s3_client import Keys
from tests.storage_servers.seaweedfs import SeaweedFs
from tests.storage_servers.wire import Head

OK, NOTE, WARNING, BAD = Level
SOUND = b"the sound of a call " * 100


class House:
    """A configuration with one destination, and a catalogue."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.config = folder / "config.yaml"
        (folder / "state").mkdir()
        schema.upgrade(f"sqlite:///{folder}/state/catalogue.db", folder)

    def write(self, url: str, credentials: str, **more: object) -> Settings:
        secret = self.folder / "secret"
        secret.touch(mode=0o640)
        secret.write_text(credentials)
        archive = {"url": url, "credentials": {"file": str(secret)}, **more}
        known = {
            "pbx": {"demo": {"scripted": {"socket": f"{self.folder}/pbx.sock", "spool": f"{self.folder}"}}},
            "state": f"{self.folder}/state",
            "destinations": {"archive": archive},
        }
        self.config.write_text(json.dumps(known))
        return self.settings

    @property
    def settings(self) -> Settings:
        return load(self.config, {})

    async def tried(self) -> tuple[Pin, dict[str, Finding]]:
        """By subject; the last of each."""
        findings: list[Finding] = []
        pin = await wanted(self.settings, "archive", None).run(findings.append)
        return pin, {finding.subject: finding for finding in findings}

    @asynccontextmanager
    async def daemons_store(self) -> AsyncIterator[ObjectStore]:
        """As the daemon opens it."""
        clock = SystemClock()
        catalogue = Catalogue.open(catalogue_url(self.settings), now=clock.now)
        store = Stores(catalogue.uploads, clock, catalogue.pins).made(self.settings.destinations["archive"])
        try:
            yield store
        finally:
            await store.close()
            await catalogue.close()


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


@pytest.fixture
async def proxy(seaweedfs: SeaweedFs) -> AsyncIterator[FaultProxy]:
    async with FaultProxy(seaweedfs.endpoint) as proxy:
        yield proxy


def colon(keys: Keys) -> str:
    return f"{keys.id}:{keys.secret}"


def levels(findings: dict[str, Finding]) -> dict[str, Level]:
    return {subject: finding.level for subject, finding in findings.items()}


async def stored(house: House, source: Path) -> None:
    await asyncio.to_thread(source.write_bytes, SOUND)
    async with house.daemons_store() as store:
        await store.put("call.mp3", source, digest_of(SOUND))


async def test_a_strict_server_is_found_to_be_one_and_the_daemon_relies_on_it(
    house: House, seaweedfs: SeaweedFs, proxy: FaultProxy, tmp_path: Path
) -> None:
    bucket = seaweedfs.new_bucket()
    house.write(f"s3://{bucket}/calls/", colon(seaweedfs.keys), endpoint=proxy.endpoint)
    pin, findings = await house.tried()
    assert pin == Pin(region="us-east-1", addressing="path", conditions="honoured", checksums="checked")
    assert set(levels(findings).values()) == {OK}
    assert await asyncio.to_thread(seaweedfs.names, bucket) == []
    del proxy.exchanges[:]
    await stored(house, tmp_path / "sound")
    assert [head.method for head in proxy.heads] == ["PUT"]


async def test_a_server_behind_tls_that_heeds_no_conditions_is_found_to_be_one(house: House, rclone: Rclone) -> None:
    bucket = rclone.new_bucket()
    house.write(f"s3://{bucket}/", colon(rclone.keys), endpoint=rclone.endpoint, ca=str(rclone.ca_file))
    pin, findings = await house.tried()
    assert (pin.conditions, pin.checksums) == ("ignored", "checked")
    assert levels(findings)["conditions"] is NOTE
    assert levels(findings)["names"] is OK
    assert await asyncio.to_thread(rclone.names, bucket) == []


async def test_the_region_that_a_server_wants_is_pinned_and_a_written_one_makes_it_void(
    house: House, seaweedfs: SeaweedFs, proxy: FaultProxy, tmp_path: Path
) -> None:
    def is_elsewhere(head: Head) -> bool:
        signed = head.header("authorization") or head.query
        return "us-east-1" in signed

    proxy.order(aws_wrong_region("us-east-1", "eu-central-1"), when=is_elsewhere, times=None)
    bucket = seaweedfs.new_bucket()
    house.write(f"s3://{bucket}/", colon(seaweedfs.keys), endpoint=proxy.endpoint)
    pin, findings = await house.tried()
    assert pin.region == "eu-central-1"
    assert findings["region"].what == "eu-central-1"
    assert wanted(house.settings, "archive", None).written(pin) == (
        'destinations:\n  archive:\n    region: "eu-central-1"\n    addressing: "path"'
    )
    del proxy.exchanges[:]
    await stored(house, tmp_path / "sound")
    assert len(proxy.heads) == 1
    del proxy.exchanges[:]
    house.write(f"s3://{bucket}/", colon(seaweedfs.keys), endpoint=proxy.endpoint, region="eu-west-1")
    await stored(house, tmp_path / "sound")
    assert {"eu-west-1" in (head.header("authorization") or "") for head in proxy.heads} == {True}


async def test_a_server_that_refuses_the_md5_is_sent_none_from_then_on(
    house: House, seaweedfs: SeaweedFs, proxy: FaultProxy, tmp_path: Path
) -> None:
    def has_md5(head: Head) -> bool:
        return head.header("content-md5") is not None

    order = proxy.order(Answered(501, "NotImplemented"), when=has_md5, times=None)
    bucket = seaweedfs.new_bucket()
    house.write(f"s3://{bucket}/", colon(seaweedfs.keys), endpoint=proxy.endpoint)
    pin, findings = await house.tried()
    assert pin.checksums == "refused"
    assert levels(findings)["checksums"] is WARNING
    assert (levels(findings)["large file"], levels(findings)["reading back"]) == (OK, OK)
    before = len(order.befallen)
    await stored(house, tmp_path / "sound")
    assert len(order.befallen) == before


async def test_a_key_that_may_only_write_is_told_the_clock_and_what_stays(house: House, seaweedfs: SeaweedFs) -> None:
    bucket = seaweedfs.new_bucket()
    keys = await asyncio.to_thread(seaweedfs.new_keys, "s3:PutObject", "s3:AbortMultipartUpload")
    house.write(f"s3://{bucket}/", colon(keys), endpoint=seaweedfs.endpoint)
    pin, findings = await house.tried()
    assert (pin.conditions, pin.checksums) == ("honoured", "checked")
    assert levels(findings) | {"pinned": OK} == levels(findings)
    assert (levels(findings)["reading back"], levels(findings)["clock"]) == (NOTE, OK)
    names = await asyncio.to_thread(seaweedfs.names, bucket)
    assert len(names) == 3
    assert all(name in findings["deleting"].what for name in names)


async def test_a_trial_that_fails_pins_nothing_and_leaves_the_earlier_pin(house: House, seaweedfs: SeaweedFs) -> None:
    bucket = seaweedfs.new_bucket()
    house.write(f"s3://{bucket}/", colon(seaweedfs.keys), endpoint=seaweedfs.endpoint)
    assert (await house.tried())[0] != Pin()
    house.write(f"s3://{bucket}/", f"{seaweedfs.keys.id}:wrong", endpoint=seaweedfs.endpoint)
    pin, findings = await house.tried()
    assert (pin, levels(findings)["small file"], "pinned" in findings) == (Pin(), BAD, False)
    assert findings["alternatives"].what == "tried and no better: addressing virtual"


async def test_without_a_catalogue_what_was_found_is_told_and_not_kept(house: House, seaweedfs: SeaweedFs) -> None:
    bucket = seaweedfs.new_bucket()
    house.write(f"s3://{bucket}/", colon(seaweedfs.keys), endpoint=seaweedfs.endpoint)
    (house.folder / "state" / "catalogue.db").unlink()
    pin, findings = await house.tried()
    assert pin != Pin()
    assert (levels(findings)["pinned"], "run callreel migrate" in findings["pinned"].what) == (WARNING, True)


async def test_a_clock_that_only_azures_answer_to_a_put_tells(house: House, azurite: Azurite, tmp_path: Path) -> None:
    container = Container(azurite, tmp_path)
    url = f"azure://{azurite.account}/{container.name}/"
    house.write(url, container.access("cw"), endpoint=azurite.endpoint)
    pin, findings = await house.tried()
    assert pin == Pin()
    assert (levels(findings)["reading back"], levels(findings)["clock"]) == (NOTE, OK)


def is_there(proxy: FaultProxy, part: str) -> bool:
    return any(part in exchange.head.query and exchange.status == 200 for exchange in proxy.exchanges)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
async def test_interrupted_in_the_middle_of_the_parts_the_command_leaves_nothing(
    house: House, seaweedfs: SeaweedFs, proxy: FaultProxy, number: signal.Signals
) -> None:
    bucket = seaweedfs.new_bucket()
    house.write(f"s3://{bucket}/", colon(seaweedfs.keys), endpoint=proxy.endpoint)
    proxy.order(Silence(), when=lambda head: "partNumber=2" in head.query)
    command = [sys.executable, "-m", "connector", "test-destination", "archive", "--config", str(house.config)]
    # Whoever started the tests in the background had them ignore SIGINT, and they would hand that down.
    hearing = partial(signal.signal, number, signal.SIG_DFL)
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE, preexec_fn=hearing)
    try:
        await proxy.until(lambda: is_there(proxy, "partNumber=1"), limit_seconds=60)
        assert len(await asyncio.to_thread(seaweedfs.names, bucket)) > 2
        process.send_signal(number)
        said, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.communicate()
    assert process.returncode == 130
    assert b"interrupted: what was put is taken away again" in said
    assert b"ok       deleting: what was put is gone again" in said
    assert await asyncio.to_thread(seaweedfs.names, bucket) == []
