"""A user's bucket on trial: what is proven, what is left behind, and that nothing inside is reached."""

import asyncio
from dataclasses import replace
from pathlib import Path

from connector.domain.diagnosis import Level
from connector.domain.secret import Secret
from connector.network.clock import SystemClock
from connector.ports.pins import Pin
from connector.roles.storage_trial import BucketTrial
from connector.settings import DestinationSettings
from tests.unit.network.hostile_server import hostile


class KeptPins:
    """The Pins."""

    def __init__(self) -> None:
        self.kept: dict[str, Pin] = {}

    async def find(self, place: str) -> Pin | None:
        return self.kept.get(place)

    async def keep(self, place: str, pin: Pin) -> None:
        self.kept[place] = pin


def bucket(endpoint: str, credentials: str = "AKIA1:hush") -> DestinationSettings:
    return DestinationSettings(
        url="s3://calls/", endpoint=endpoint, region="eu-west-1", credentials=Secret(credentials), is_guarded=True
    )


async def test_a_server_inside_is_refused_and_never_reached() -> None:
    pins = KeptPins()
    async with hostile() as server:
        server.says(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        found = await BucketTrial(SystemClock(), pins).findings(bucket(f"http://127.0.0.1:{server.port}"))
        assert server.connections == 0
    (said,) = [one for one in found if one.level is Level.BAD]
    assert said.subject == "s3Endpoint"
    assert "only config.yaml could allow that" in said.what
    assert said.what.endswith("its network has to stand in api.storage_allow_private there")
    assert pins.kept == {}


async def test_a_refusal_of_the_bucket_is_told() -> None:
    async with hostile() as server:

        async def answering(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            asked = await server.request(reader)
            status = b"404 Not Found" if asked.startswith(b"HEAD") else b"403 Forbidden"
            body = (
                b"" if asked.startswith(b"HEAD") else b"<Error><Code>AccessDenied</Code><Message>no</Message></Error>"
            )
            writer.write(b"HTTP/1.1 %s\r\nContent-Length: %d\r\n\r\n" % (status, len(body)) + body)

        server.answering = answering
        trial = BucketTrial(SystemClock(), KeptPins(), ("127.0.0.0/8",))
        found = await trial.findings(bucket(f"http://127.0.0.1:{server.port}"))
    (said,) = [one for one in found if one.level is Level.BAD]
    assert (said.subject, "calls" in said.what, "hush" in said.what) == ("s3AccessKey", True, False)
    assert "403" in said.what


async def test_who_cannot_be_spoken_to_is_not_asked_again_and_again() -> None:
    async with hostile() as server:

        async def without_tls(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            await reader.read(1)

        server.answering = without_tls
        trial = BucketTrial(SystemClock(), KeptPins(), ("127.0.0.0/8",))
        found = await trial.findings(bucket(f"https://127.0.0.1:{server.port}"))
        # One put, which the client itself tries again for a lost packet.
        assert server.connections <= 4
    (said,) = [one for one in found if one.level is Level.BAD]
    assert (said.subject, "does the endpoint speak https?" in said.what) == ("s3Endpoint", True)


async def test_keys_that_cannot_be_any_are_told_without_being_repeated() -> None:
    found = await BucketTrial(SystemClock(), KeptPins()).findings(bucket("https://s3.example.com", "AKIA1:hu:sh:x"))
    assert [(one.level, one.subject) for one in found] == [(Level.BAD, "credentials")]
    assert "hu:sh" not in found[0].what


def sounds_below(folder: Path) -> list[Path]:
    return [*folder.rglob("*.wav")]


async def test_a_folder_of_the_houses_is_tried_where_its_files_go_and_left_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "calls").mkdir()
    settings = DestinationSettings(url=f"file://{tmp_path}/calls/{{queue}}/")
    found = await BucketTrial(SystemClock(), KeptPins()).findings(settings)
    assert {one.subject: one.level for one in found} == dict.fromkeys(
        ("small file", "reading back", "names", "deleting"), Level.OK
    )
    assert sounds_below(tmp_path) == []


async def test_a_refusal_of_a_bucket_of_the_houses_is_put_to_no_word_of_a_users() -> None:
    async with hostile() as server:

        async def answering(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await server.request(reader)
            writer.write(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")

        server.answering = answering
        own = replace(bucket(f"http://127.0.0.1:{server.port}"), is_guarded=False)
        found = await BucketTrial(SystemClock(), KeptPins()).findings(own)
    assert {one.subject for one in found if one.level is Level.BAD} == {"small file"}
