"""Whether the servers are as strict as the tests of the stores need them, and stay in their folders."""

import asyncio
import base64
import hashlib
import ipaddress
import os
import ssl
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.storage_servers.authority import Authority
from tests.storage_servers.azurite import Azurite
from tests.storage_servers.faults import Flipped
from tests.storage_servers.proxy import FaultProxy
from tests.storage_servers.rclone import Rclone
from tests.storage_servers.s3_client import S3Client
from tests.storage_servers.seaweedfs import SeaweedFs
from tests.storage_servers.server import Server, Started

SOUND = b"the sound of a call " * 100
BLOCK = {"x-ms-blob-type": "BlockBlob"}


def md5(content: bytes) -> str:
    return base64.b64encode(hashlib.md5(content, usedforsecurity=False).digest()).decode()


@pytest.fixture(params=["seaweedfs", "rclone"])
def s3(request: pytest.FixtureRequest) -> SeaweedFs | Rclone:
    server: SeaweedFs | Rclone = request.getfixturevalue(request.param)
    return server


@pytest.fixture(params=["seaweedfs", "rclone", "azurite"])
def server(request: pytest.FixtureRequest) -> Server:
    server: Server = request.getfixturevalue(request.param)
    return server


# --- S3 -----------------------------------------------------------------------------------------------------------


def test_what_is_put_comes_back(s3: SeaweedFs | Rclone) -> None:
    bucket = s3.new_bucket()
    assert s3.client.ask("PUT", f"/{bucket}/Zoé Müller/a+b.mp3", body=SOUND).status == 200
    assert s3.client.ask("GET", f"/{bucket}/Zoé Müller/a+b.mp3").body == SOUND
    assert s3.names(bucket) == ["Zoé Müller/a+b.mp3"]


def test_a_wrong_secret_and_a_wrong_key_are_refused(s3: SeaweedFs | Rclone) -> None:
    for keys in (replace(s3.keys, secret="wrong"), replace(s3.keys, id="nobody")):
        client = replace(s3.client, keys=keys)
        assert client.ask("PUT", f"/{s3.bucket}/x", body=SOUND).status == 403
    assert "x" not in s3.names()


def test_content_that_is_not_as_its_md5_says_is_refused(s3: SeaweedFs | Rclone) -> None:
    bucket = s3.new_bucket()
    answer = s3.client.ask("PUT", f"/{bucket}/x", headers={"Content-MD5": md5(b"other")}, body=SOUND)
    assert (answer.status, answer.code) == (400, "BadDigest")
    assert s3.client.ask("PUT", f"/{bucket}/y", headers={"Content-MD5": md5(SOUND)}, body=SOUND).status == 200
    assert s3.names(bucket) == ["y"]


def test_a_bucket_that_is_missing_is_not_made(s3: SeaweedFs | Rclone) -> None:
    answer = s3.client.ask("PUT", "/missing/x", body=SOUND)
    assert (answer.status, answer.code) == (404, "NoSuchBucket")


def test_a_key_that_may_only_write_puts_and_sees_nothing(seaweedfs: SeaweedFs) -> None:
    bucket = seaweedfs.new_bucket()
    writer = seaweedfs.writer
    assert writer.ask("PUT", f"/{bucket}/x", body=SOUND).status == 200
    for method, path in (("GET", "x"), ("HEAD", "x"), ("GET", ""), ("HEAD", "")):
        assert writer.ask(method, f"/{bucket}/{path}").status == 403
    assert seaweedfs.client.ask("GET", f"/{bucket}/x").body == SOUND


def started_upload(client: S3Client, bucket: str) -> str:
    answer = client.ask("POST", f"/{bucket}/x", {"uploads": ""})
    assert answer.status == 200, answer
    return answer.texts("UploadId")[0]


def test_a_key_that_may_only_write_uploads_in_parts(seaweedfs: SeaweedFs) -> None:
    bucket = seaweedfs.new_bucket()
    upload = started_upload(seaweedfs.writer, bucket)
    query = {"partNumber": "1", "uploadId": upload}
    part = seaweedfs.writer.ask("PUT", f"/{bucket}/x", query, headers={"Content-MD5": md5(SOUND)}, body=SOUND)
    assert part.status == 200
    assert seaweedfs.writer.ask("GET", f"/{bucket}/x", {"uploadId": upload}).status == 403
    assert seaweedfs.names(bucket) == [f"x ({upload})"]
    tag = part.headers["etag"]
    whole = (
        f"<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>{tag}</ETag></Part></CompleteMultipartUpload>"
    )
    assert seaweedfs.writer.ask("POST", f"/{bucket}/x", {"uploadId": upload}, body=whole.encode()).status == 200
    assert seaweedfs.names(bucket) == ["x"]


def test_a_key_that_may_only_write_gives_an_upload_up(seaweedfs: SeaweedFs) -> None:
    bucket = seaweedfs.new_bucket()
    upload = started_upload(seaweedfs.writer, bucket)
    assert seaweedfs.writer.ask("DELETE", f"/{bucket}/x", {"uploadId": upload}).status == 204
    assert seaweedfs.names(bucket) == []


def test_a_key_that_may_only_read_changes_nothing(seaweedfs: SeaweedFs) -> None:
    bucket = seaweedfs.new_bucket()
    assert seaweedfs.client.ask("PUT", f"/{bucket}/x", body=SOUND).status == 200
    reader = seaweedfs.reader
    assert reader.ask("GET", f"/{bucket}/x").body == SOUND
    assert reader.names(bucket) == ["x"]
    for method, path in (("PUT", "x"), ("PUT", "y"), ("DELETE", "x")):
        assert reader.ask(method, f"/{bucket}/{path}").status == 403
    assert seaweedfs.names(bucket) == ["x"]


def test_a_key_may_put_and_not_delete(seaweedfs: SeaweedFs) -> None:
    bucket = seaweedfs.new_bucket()
    client = replace(seaweedfs.client, keys=seaweedfs.new_keys("s3:PutObject"))
    assert client.ask("PUT", f"/{bucket}/x", body=SOUND).status == 200
    assert client.ask("DELETE", f"/{bucket}/x").status == 403
    assert seaweedfs.names(bucket) == ["x"]


def test_a_key_is_revoked_between_two_parts(seaweedfs: SeaweedFs) -> None:
    bucket, keys = seaweedfs.new_bucket(), seaweedfs.new_keys("s3:PutObject")
    client = replace(seaweedfs.client, keys=keys)
    query = {"uploadId": started_upload(client, bucket)}
    assert client.ask("PUT", f"/{bucket}/x", query | {"partNumber": "1"}, body=SOUND).status == 200
    seaweedfs.revoke(keys)
    answer = client.ask("PUT", f"/{bucket}/x", query | {"partNumber": "2"}, body=SOUND)
    assert (answer.status, answer.code) == (403, "InvalidAccessKeyId")
    assert seaweedfs.writer.ask("PUT", f"/{bucket}/y", body=SOUND).status == 200


def test_the_server_behind_tls_is_believed_only_with_its_authority(rclone: Rclone) -> None:
    stranger = replace(rclone.client, ca_file=None)
    with pytest.raises(ssl.SSLCertVerificationError):
        stranger.ask("HEAD", f"/{rclone.bucket}")
    assert rclone.client.ask("HEAD", f"/{rclone.bucket}").status == 200


def test_many_buckets_fit(seaweedfs: SeaweedFs) -> None:
    for _ in range(20):
        assert seaweedfs.writer.ask("PUT", f"/{seaweedfs.new_bucket()}/x", body=SOUND).status == 200


# --- Azure --------------------------------------------------------------------------------------------------------


def test_what_is_put_into_azure_comes_back(azurite: Azurite) -> None:
    bucket = azurite.new_bucket()
    headers = BLOCK | {"Content-MD5": md5(SOUND)}
    assert azurite.client.ask("PUT", f"/{bucket}/Zoé Müller/a+b.mp3", headers=headers, body=SOUND).status == 201
    assert azurite.client.ask("GET", f"/{bucket}/Zoé Müller/a+b.mp3").body == SOUND
    assert azurite.names(bucket) == ["Zoé Müller/a+b.mp3"]


def test_azure_refuses_a_wrong_key_a_wrong_md5_and_a_missing_container(azurite: Azurite) -> None:
    stranger = replace(azurite.client, key=base64.b64encode(bytes(64)).decode())
    assert stranger.ask("PUT", f"/{azurite.bucket}/x", headers=BLOCK, body=SOUND).status == 403
    wrong = BLOCK | {"Content-MD5": md5(b"other")}
    assert azurite.client.ask("PUT", f"/{azurite.bucket}/x", headers=wrong, body=SOUND).status == 400
    missing = azurite.client.ask("PUT", "/missing/x", headers=BLOCK, body=SOUND)
    assert (missing.status, missing.code) == (404, "ContainerNotFound")
    assert "x" not in azurite.names()


def test_blocks_that_nobody_committed_are_seen_in_azure(azurite: Azurite) -> None:
    bucket = azurite.new_bucket()
    query = {"comp": "block", "blockid": base64.b64encode(b"000001").decode()}
    assert azurite.client.ask("PUT", f"/{bucket}/x", query, body=SOUND).status == 201
    assert azurite.names(bucket) == ["x"]


# --- all of them --------------------------------------------------------------------------------------------------


def test_a_bucket_that_is_removed_is_gone_with_all_it_held(server: Server) -> None:
    bucket = server.new_bucket()
    path = f"/{bucket}/x"
    assert server.client.ask("PUT", path, headers=BLOCK, body=SOUND).status in {200, 201}
    server.remove_bucket(bucket)
    assert server.client.ask("GET", path).status == 404


def test_no_secret_stands_where_other_users_of_the_machine_see_it(server: Server) -> None:
    assert isinstance(server, SeaweedFs | Rclone | Azurite)
    secret = server.key if isinstance(server, Azurite) else server.keys.secret
    words = " ".join(command_of(server.pid))
    assert "127.0.0.1" in words
    assert secret not in words


def command_of(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/cmdline").read_text().split("\0")


def test_a_server_speaks_to_this_machine_alone(server: Server) -> None:
    """No telemetry, no update to look for, nothing that others in the network could reach."""
    addresses = tcp_addresses(server.pid)
    assert any(address.endswith(f":{urlsplit(server.endpoint).port}") for address in addresses)
    assert [address for address in addresses if not address.startswith(("127.0.0.1:", "0.0.0.0:0"))] == []


def tcp_addresses(pid: int) -> set[str]:
    """Of both ends of each TCP socket that it has; 0.0.0.0:0 is nobody."""
    links = [os.readlink(path) for path in Path(f"/proc/{pid}/fd").iterdir() if path.is_symlink()]
    inodes = {link[8:-1] for link in links if link.startswith("socket:[")}
    found = set()
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]:
            words = line.split()
            if words[9] in inodes:
                found |= {_address(words[1]), _address(words[2])}
    return found


def _address(word: str) -> str:
    number, port = word.split(":")
    packed = b"".join(bytes.fromhex(number[at : at + 8])[::-1] for at in range(0, len(number), 8))
    address = ipaddress.ip_address(packed)
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else address
    return f"{mapped or address}:{int(port, 16)}"


@pytest.mark.parametrize("kind", [SeaweedFs, Rclone, Azurite])
async def test_a_server_keeps_port_and_objects_when_it_is_stopped_or_killed(
    kind: type[SeaweedFs | Rclone | Azurite], started: Started
) -> None:
    server = await started(kind)
    path = f"/{server.bucket}/x"
    assert server.client.ask("PUT", path, headers=BLOCK, body=SOUND).status in {200, 201}
    await server.stop()
    assert not server.is_running
    with pytest.raises(ConnectionError):
        server.client.ask("GET", path)
    await server.start()
    server.kill()
    assert not server.is_running
    await server.start()
    assert server.client.ask("GET", path).body == SOUND


async def test_seaweedfs_leaves_nothing_outside_its_folder(started: Started) -> None:
    server = await started(SeaweedFs)
    ports = {word.partition("=")[2] for word in command_of(server.pid) if ".port.grpc=" in word}
    assert left_of(ports)
    await server.stop()
    assert left_of(ports) == []


def left_of(ports: set[str]) -> list[Path]:
    return [path for path in Path("/tmp").glob("seaweedfs-*.sock") if path.stem.rpartition("-")[2] in ports]


# --- through the proxy --------------------------------------------------------------------------------------------


async def test_the_proxy_speaks_tls_on_both_sides(rclone: Rclone, authority: Authority) -> None:
    bucket = rclone.new_bucket()
    async with FaultProxy(rclone.endpoint, authority=authority, server_ca_file=rclone.ca_file) as proxy:
        client = replace(rclone.client, endpoint=proxy.endpoint, ca_file=authority.ca_file)
        answer = await asyncio.to_thread(client.ask, "PUT", f"/{bucket}/x", body=SOUND)
    assert answer.status == 200
    assert rclone.names(bucket) == ["x"]


async def test_a_refusal_that_comes_before_the_body_was_heard_reaches_the_client(seaweedfs: SeaweedFs) -> None:
    stranger = replace(seaweedfs.client, keys=replace(seaweedfs.keys, secret="wrong"))
    async with FaultProxy(seaweedfs.endpoint) as proxy:
        client = replace(stranger, endpoint=proxy.endpoint)
        answer = await asyncio.to_thread(client.ask, "PUT", f"/{seaweedfs.bucket}/x", body=SOUND * 500)
    assert (answer.status, answer.code) == (403, "SignatureDoesNotMatch")


async def test_a_bit_that_is_flipped_on_the_way_is_found_by_the_md5(seaweedfs: SeaweedFs) -> None:
    bucket = seaweedfs.new_bucket()
    headers = {"Content-MD5": md5(SOUND), "x-amz-content-sha256": "UNSIGNED-PAYLOAD"}
    async with FaultProxy(seaweedfs.endpoint) as proxy:
        proxy.order(Flipped(7))
        client = replace(seaweedfs.client, endpoint=proxy.endpoint)
        answer = await asyncio.to_thread(client.ask, "PUT", f"/{bucket}/x", headers=headers, body=SOUND)
        again = await asyncio.to_thread(client.ask, "PUT", f"/{bucket}/x", headers=headers, body=SOUND)
    assert (answer.status, answer.code, again.status) == (400, "BadDigest", 200)
