"""An organisation's own bucket, named by API while everything runs, on a real S3 server: tried, taken, used; or refused
with the word that is at fault. No secret of it is anywhere."""

import hashlib
import shutil
import socket
import tempfile
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from connector.catalogue import schema
from tests.faults.house import House
from tests.faults.proof import until_grown
from tests.faults.test_buckets import assert_nowhere
from tests.faults.waiting import until
from tests.http_client import HttpClient, Reply, first_key
from tests.storage_servers.ports import free_ports
from tests.storage_servers.s3_client import fresh_keys
from tests.storage_servers.seaweedfs import SeaweedFs

#: A change holds everywhere so soon; a call that goes on for longer is stored as it says.
_HOLDS_SECONDS = 2.0
#: Where a storage is changed, and below which word of the body it stands.
_DOORS = (
    ("PATCH", "/v1/settings", "storage"),
    ("PUT", "/v1/settings/storage", ""),
    ("PUT", "/api/settings/storage", ""),
)


@dataclass(frozen=True)
class Office:
    """Every role runs; servers of users may be on this machine, by one of its addresses."""

    house: House
    client: HttpClient
    server: SeaweedFs

    def storage(self, bucket: str, **other: str) -> dict[str, str]:
        return {
            "s3Endpoint": self.server.endpoint,
            "s3Region": "us-east-1",
            "s3Bucket": bucket,
            "s3AccessKey": self.server.keys.id,
            "s3SecretKey": self.server.keys.secret,
        } | other

    def change(self, storage: dict[str, str], door: tuple[str, str, str] = _DOORS[0]) -> Reply:
        method, path, word = door
        return self.client.ask(method, path, {word: storage} if word else storage)

    def taken(self) -> str:
        """A new bucket, in use from now on."""
        bucket = self.server.new_bucket()
        reply = self.change(self.storage(bucket))
        assert reply.status == 200, reply.text
        return bucket

    def settings(self) -> Any:
        return self.client.ask("GET", "/v1/settings").body

    def audit(self) -> list[Any]:
        lines: list[Any] = self.client.ask("GET", "/v1/audit?limit=200").body["lines"]
        return [line for line in lines if line["action"] == "storage.changed"]


@pytest.fixture(scope="module")
def office(seaweedfs: SeaweedFs) -> Iterator[Office]:
    # The name of a socket has 107 letters at most.
    folder = Path(tempfile.mkdtemp(prefix="callreel-"))
    folder.chmod(0o755)
    try:
        with House(folder, _migrated) as house:
            house.settings["api"]["storage_allow_private"] = ["127.0.0.1/32"]
            house.write_config()
            house.start()
            log = house.roles["web"].log
            key = until(lambda: first_key(log.read_text()), "the first key")
            yield Office(house, HttpClient(f"http://{house.settings['api']['listen']}", key), seaweedfs)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _migrated(state: Path) -> str:
    url = f"sqlite:///{state}/catalogue.db"
    schema.upgrade(url, state)
    return url


@pytest.mark.parametrize("door", _DOORS, ids=lambda door: door[1])
def test_a_bucket_that_works_is_taken_and_shown_without_its_secret(office: Office, door: tuple[str, str, str]) -> None:
    bucket, known = office.server.new_bucket(), len(office.audit())
    reply = office.change(office.storage(bucket), door)
    assert reply.status == 200, reply.text
    shown = reply.body if door[1].startswith("/api") else reply.body["storage"]
    words = office.storage(bucket, s3SecretKey="***")
    assert {name: shown[name] for name in words} == words
    assert words.items() <= office.settings()["storage"].items()
    newest, *_ = office.audit()
    assert (len(office.audit()), newest["details"]["storage"]) == (known + 1, words)
    # What was put to try it out is gone.
    assert office.server.names(bucket) == []
    assert office.server.keys.secret not in reply.text
    assert_nowhere(office.house, office.server.keys.secret)


def test_what_was_tried_out_is_said_with_the_answer(office: Office) -> None:
    reply = office.change(office.storage(office.server.new_bucket()))
    checks = {check["check"]: check["level"] for check in reply.body["storage_checks"]}
    assert (checks["small file"], checks["reading back"], checks["deleting"]) == ("ok", "ok", "ok")


def test_a_bucket_is_tested_without_being_taken_and_what_is_wrong_is_an_answer(office: Office) -> None:
    office.taken()
    before, bucket = (office.settings(), office.audit()), office.server.new_bucket()
    good = office.client.ask("POST", "/v1/settings/storage/test", office.storage(bucket)).body
    levels = {check["check"]: check["level"] for check in good["checks"]}
    assert (good["is_good"], levels["small file"], levels["deleting"]) == (True, "ok", "ok")
    assert office.client.ask("POST", "/v1/settings/storage/test").body["is_good"]
    nowhere = office.storage("no-such-bucket-there", s3SecretKey="***")
    bad = office.client.ask("POST", "/v1/settings/storage/test", nowhere)
    assert (bad.status, bad.body["is_good"]) == (200, False)
    assert "bad" in {check["level"] for check in bad.body["checks"]}
    assert (office.settings(), office.audit()) == before
    assert office.server.names(bucket) == []
    assert_nowhere(office.house, office.server.keys.secret)


def test_the_kept_secret_is_used_when_only_the_bucket_is_another(office: Office) -> None:
    office.taken()
    other = office.server.new_bucket()
    reply = office.change({"s3Bucket": other}, _DOORS[2])
    assert (reply.status, reply.body["s3Bucket"], reply.body["s3SecretKey"]) == (200, other, "***")


def test_a_recording_made_afterwards_lies_in_the_bucket_and_is_linked_there(office: Office) -> None:
    bucket, house = office.taken(), office.house
    call = house.pbx.call("stored").answer()
    house.until_recording("stored")
    until_grown(house, call, _HOLDS_SECONDS)
    call.hang_up()
    row = house.until_state("stored", "available")
    names = office.server.names(bucket)
    copies = house.rows.deliveries(row["id"])
    assert sorted(copy["object_name"] for copy in copies) == names
    assert len(names) == 2
    assert house.objects == []
    link = office.client.ask("GET", f"/v1/calls/{row['call_id']}/recording").body
    assert link["recording_url"].startswith(f"{office.server.endpoint}/{bucket}/")
    with urllib.request.urlopen(link["recording_url"], timeout=10) as answer:  # an address of this machine
        assert hashlib.sha256(answer.read()).hexdigest() == link["sha256"]
    assert_nowhere(house, office.server.keys.secret)


#: What is wrong with a storage, which word is at fault, and what is said to do.
_WRONG: dict[str, tuple[dict[str, str], str, str]] = {
    "the secret": ({"s3SecretKey": fresh_keys("wrong").secret}, "s3SecretKey", "check access key and secret"),
    "the key": ({"s3AccessKey": "nobodys"}, "s3AccessKey", "check access key and secret"),
    "the bucket": ({"s3Bucket": "nobody-has-made-it"}, "s3Bucket", "create it or mend the name"),
    "a server that is down": (
        {"s3Endpoint": f"http://127.0.0.1:{free_ports(1)[0]}"},
        "s3Endpoint",
        "nobody answers at its endpoint",
    ),
}


@pytest.mark.parametrize("wrong", _WRONG)
def test_a_storage_that_does_not_work_is_refused_with_the_word_at_fault(office: Office, wrong: str) -> None:
    said, word, remedy = _WRONG[wrong]
    assert_refused(office, office.storage(office.server.bucket, **said), word, remedy)


def test_a_key_that_may_only_read_is_refused(office: Office) -> None:
    keys = office.server.reader_keys
    storage = office.storage(office.server.bucket, s3AccessKey=keys.id, s3SecretKey=keys.secret)
    assert_refused(office, storage, "s3AccessKey", "may the key put objects there?")


def test_a_server_in_a_network_that_config_yaml_does_not_open_is_refused_and_never_reached(office: Office) -> None:
    with socket.create_server(("127.0.0.2", 0)) as inside:
        host, port = inside.getsockname()
        storage = office.storage(office.server.bucket, s3Endpoint=f"http://{host}:{port}")
        assert_refused(office, storage, "s3Endpoint", "its network has to stand in api.storage_allow_private")
        inside.setblocking(False)
        with pytest.raises(BlockingIOError):
            inside.accept()


def assert_refused(office: Office, storage: dict[str, str], word: str, remedy: str) -> None:
    """By every door; what held before holds, and nothing of the secret is anywhere."""
    office.taken()
    before = office.settings(), office.audit()
    with ThreadPoolExecutor() as pool:
        replies = list(pool.map(lambda door: office.change(storage, door), _DOORS))
    for reply in replies:
        assert (reply.status, reply.headers["content-type"]) == (400, "application/problem+json")
        assert reply.body["detail"].startswith(f"storage was not taken; {word}: "), reply.text
        assert remedy in reply.body["detail"]
        assert storage["s3SecretKey"] not in reply.text
    assert (office.settings(), office.audit()) == before
    if urlsplit(storage["s3Endpoint"]).port == urlsplit(office.server.endpoint).port:
        assert not [name for name in office.server.names(office.server.bucket) if "callreel-test" in name]
    assert_nowhere(office.house, storage["s3SecretKey"])
