"""What a trial finds out about a destination, on stores that each lack something."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from connector.domain.diagnosis import Finding, Level
from connector.domain.object_names import NameTemplate
from connector.domain.secret import Secret
from connector.errors import ConnectorError, DestinationRefused, DestinationUnreachable, NoRoom, NotAllowed
from connector.ports.fetcher import Page
from connector.ports.object_store import Digest, Link, ObjectFacts
from connector.services.probing import OnTrial, Probing
from connector.storage.local import LocalFolder
from connector.storage.memory import MemoryStore
from tests.builders import MORNING
from tests.clocks import SimulatedClock
from tests.unit.services.memory_feeler import MemoryFeeler

OK, NOTE, WARNING, BAD = Level
LINK_SECONDS = 300.0


class Bucket(MemoryStore):
    """A good one: signs links, and refuses a name that is taken."""

    link_seconds = LINK_SECONDS

    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []
        self.abandoned: list[str] = []

    async def put(self, name: str, source: Path, digest: Digest, *, overwrite: bool = False) -> None:
        self.names.append(name)
        await super().put(name, source, digest, overwrite=overwrite)

    async def link(self, name: str, seconds: float, *, filename: str = "") -> Link | None:
        return Link(url=f"https://bucket/{name}", expires_at=MORNING + min(seconds, self.link_seconds))

    async def abandon(self, name: str) -> None:
        self.abandoned.append(name)


class WriteOnly(Bucket):
    """Its key may put, and nothing else."""

    async def facts(self, name: str) -> ObjectFacts | None:
        raise NotAllowed("the bucket refused to say (403)")

    async def read(self, name: str, begin_at: int = 0) -> AsyncIterator[bytes]:
        raise NotAllowed("the bucket refused to give it (403)")
        yield b""

    async def remove(self, name: str) -> None:
        raise NotAllowed("the bucket refused to delete (403)")


class Overwriting(Bucket):
    async def put(self, name: str, source: Path, digest: Digest, *, overwrite: bool = False) -> None:
        await super().put(name, source, digest, overwrite=True)


class Undeletable(Bucket):
    async def remove(self, name: str) -> None:
        raise DestinationRefused("object lock until 2030")


class Garbling(Bucket):
    """Gives back as many bytes as it got, and other ones."""

    async def read(self, name: str, begin_at: int = 0) -> AsyncIterator[bytes]:
        async for piece in super().read(name, begin_at):
            yield bytes(len(piece))


class SmallOnly(Bucket):
    """Takes nothing that goes in parts."""

    async def put(self, name: str, source: Path, digest: Digest, *, overwrite: bool = False) -> None:
        if digest.size_bytes > 1 << 20:
            raise DestinationRefused("the bucket knows no uploads in parts (501)")
        await super().put(name, source, digest, overwrite=overwrite)


class Folder(Bucket):
    async def link(self, name: str, seconds: float, *, filename: str = "") -> Link | None:
        return None


class Web:
    """Who fetches links: the bucket's own objects, or what a test says."""

    def __init__(self, bucket: MemoryStore) -> None:
        self._bucket = bucket
        self.answer: Page | ConnectorError | None = None
        self.at: float | None = MORNING

    async def fetch(self, url: str, *, most_bytes: int) -> Page:
        if isinstance(self.answer, ConnectorError):
            raise self.answer
        if self.answer is not None:
            return self.answer
        content = self._bucket.objects[url.removeprefix("https://bucket/")]
        return Page(status=200, content=content[:most_bytes], at=self.at)


async def found(
    bucket: MemoryStore, web: Web | None = None, template: str = "", feeler: MemoryFeeler | None = None
) -> list[Finding]:
    findings: list[Finding] = []
    folder = NameTemplate.parse(template).folder
    on_trial = OnTrial(folder=folder, opened=lambda pin: bucket, feeler=feeler)
    await Probing(web or Web(bucket), SimulatedClock(MORNING)).run(on_trial, findings.append)
    assert bucket.is_closed
    return findings


def of(findings: list[Finding], subject: str) -> Finding:
    (one,) = [finding for finding in findings if finding.subject == subject]
    return one


async def test_a_good_bucket_is_good_in_everything_and_as_empty_as_before() -> None:
    bucket = Bucket()
    findings = await found(bucket)
    assert [(one.level, one.subject) for one in findings] == [
        (OK, "small file"),
        (OK, "reading back"),
        (OK, "names"),
        (OK, "large file"),
        (OK, "reading back"),
        (OK, "links"),
        (OK, "clock"),
        (OK, "deleting"),
    ]
    assert bucket.objects == {}
    assert of(findings, "links").what == "one was fetched without a key"


async def test_a_key_that_may_only_write_is_enough_and_what_it_costs_is_said() -> None:
    bucket = WriteOnly()
    findings = await found(bucket)
    assert [(one.level, one.subject) for one in findings] == [
        (OK, "small file"),
        (NOTE, "reading back"),
        (OK, "names"),
        (OK, "large file"),
        (NOTE, "links"),
        (NOTE, "deleting"),
    ]
    assert "the key may write only" in of(findings, "reading back").what
    assert "the key may not read" in of(findings, "links").what


@pytest.mark.parametrize("kind", [Bucket, WriteOnly, SmallOnly])
async def test_who_waits_for_the_answer_is_told_by_one_small_file_and_no_link(kind: type[Bucket]) -> None:
    bucket, findings = kind(), list[Finding]()
    web = Web(bucket)
    web.answer = DestinationRefused("nobody was to ask")
    on_trial = OnTrial(folder="", opened=lambda _: bucket, feeler=MemoryFeeler(bucket.objects), is_brief=True)
    assert await Probing(web, SimulatedClock(MORNING)).run(on_trial, findings.append) is not None
    assert {"large file", "links"}.isdisjoint(one.subject for one in findings)
    assert [one for one in findings if one.level is BAD] == []


async def test_a_brief_trial_fails_where_what_comes_back_is_not_what_was_sent() -> None:
    bucket, findings = Garbling(), list[Finding]()
    on_trial = OnTrial(folder="", opened=lambda _: bucket, is_brief=True)
    assert await Probing(Web(bucket), SimulatedClock(MORNING)).run(on_trial, findings.append) is None
    assert of(findings, "reading back").level is BAD


async def test_the_clock_of_a_server_that_may_only_be_written_to_is_told_by_its_answer_to_a_put() -> None:
    bucket = WriteOnly()
    feeler = MemoryFeeler(bucket.objects, at=MORNING + 3600)
    clock = of(await found(bucket, feeler=feeler), "clock")
    assert (clock.level, "3600 s ahead of ours" in clock.what) == (WARNING, True)


async def test_a_clock_that_no_answer_tells_is_said_to_be_unknown() -> None:
    bucket = WriteOnly()
    clock = of(await found(bucket, feeler=MemoryFeeler(bucket.objects, at=None)), "clock")
    assert (clock.level, clock.what) == (NOTE, "could not be told: no answer had a date")


async def test_a_clock_that_a_link_does_not_tell_is_told_by_a_put() -> None:
    bucket = Bucket()
    web = Web(bucket)
    web.at = None
    clock = of(await found(bucket, web, feeler=MemoryFeeler(bucket.objects, at=MORNING)), "clock")
    assert (clock.level, clock.what) == (OK, "the server's and ours agree")
    assert bucket.objects == {}


class Damaged(Bucket):
    """Its key may read; what it reads is broken."""

    async def read(self, name: str, begin_at: int = 0) -> AsyncIterator[bytes]:
        raise DestinationRefused("it is damaged, cut off or changed")
        yield b""


async def test_what_is_refused_for_another_reason_than_the_keys_rights_is_no_key_that_may_only_write() -> None:
    findings = await found(Damaged())
    reading = of(findings, "reading back")
    assert (reading.level, reading.what) == (BAD, "it is damaged, cut off or changed")
    assert "may write only" not in "".join(finding.what for finding in findings)


def files_below(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


class Spoiling(LocalFolder):
    """A disk that changes a byte of what was sealed, some time after it had proven true."""

    def __init__(self, root: Path) -> None:
        super().__init__(root, key=Secret("00" * 32))
        self._root = root

    async def put(self, name: str, source: Path, digest: Digest, *, overwrite: bool = False) -> None:
        await super().put(name, source, digest, overwrite=overwrite)
        file = self._root / name
        content = bytearray(file.read_bytes())
        content[100] ^= 1
        file.write_bytes(content)


async def test_a_sealed_file_that_is_damaged_is_told_as_such(tmp_path: Path) -> None:
    findings: list[Finding] = []
    folder = Spoiling(tmp_path)
    web = Web(MemoryStore())
    await Probing(web, SimulatedClock(MORNING)).run(OnTrial(folder="", opened=lambda pin: folder), findings.append)
    reading = of(findings, "reading back")
    assert reading.level is BAD
    assert "is damaged, cut off or changed" in reading.what
    assert files_below(tmp_path) == []


async def test_what_cannot_be_deleted_is_named() -> None:
    bucket = Undeletable()
    deleting = of(await found(bucket), "deleting")
    assert (deleting.level, len(bucket.objects)) == (NOTE, 2)
    assert all(bucket.url(name) in deleting.what for name in bucket.objects)
    assert deleting.what.endswith("stay: object lock until 2030")
    assert "lifecycle" in deleting.mend


async def test_a_bucket_that_replaces_silently_is_a_warning_and_is_tidied_up_all_the_same() -> None:
    bucket = Overwriting()
    findings = await found(bucket)
    assert of(findings, "names").level is WARNING
    assert "{recording_id}" in of(findings, "names").mend
    assert {one.level for one in findings} == {OK, WARNING}
    assert bucket.objects == {}


async def test_other_bytes_than_were_sent_are_bad() -> None:
    findings = await found(Garbling())
    assert of(findings, "reading back").level is BAD
    assert "1,000 bytes" in of(findings, "reading back").what
    assert "because reading back failed" in of(findings, "links").what


@pytest.mark.parametrize("trouble", [DestinationRefused("no such bucket"), DestinationUnreachable("?"), NoRoom("full")])
async def test_where_nothing_can_be_put_nothing_else_is_looked_at(trouble: ConnectorError) -> None:
    bucket = Bucket()
    bucket.fail_next(trouble)
    first, rest = await found(bucket)
    assert (first.level, first.subject, first.what) == (BAD, "small file", str(trouble))
    assert (rest.level, rest.subject) == (NOTE, "the rest")


async def test_a_bucket_that_takes_no_parts_is_bad_and_what_is_not_there_is_not_read() -> None:
    bucket = SmallOnly()
    findings = await found(bucket)
    assert of(findings, "large file").level is BAD
    assert "(501)" in of(findings, "large file").what
    assert of(findings, "reading back").level is OK
    assert len(bucket.abandoned) == 2


async def test_a_folder_has_links_of_our_server() -> None:
    findings = await found(Folder())
    assert (of(findings, "links").level, "api.public_url" in of(findings, "links").what) == (NOTE, True)
    assert [one for one in findings if one.subject == "clock"] == []


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (Page(status=403, content=b"<Code>SignatureDoesNotMatch</Code>", at=MORNING), "403: <Code>Signature"),
        (Page(status=200, content=b"a welcome page", at=MORNING), "200: another content"),
        (DestinationUnreachable("nobody answers a link at bucket"), "nobody answers"),
    ],
)
async def test_a_link_that_does_not_lead_to_the_file_is_bad(answer: Page | ConnectorError, said: str) -> None:
    bucket = Bucket()
    web = Web(bucket)
    web.answer = answer
    links = of(await found(bucket, web), "links")
    assert links.level is BAD
    assert said in links.what
    assert "public_endpoint" in links.mend
    assert bucket.objects == {}


async def test_a_link_that_ends_sooner_than_it_should_is_said() -> None:
    bucket = Bucket()
    bucket.link_seconds = 42.0
    assert of(await found(bucket), "links").what == "one was fetched without a key; it ends after 42 s"


@pytest.mark.parametrize(
    ("skew", "level", "said"),
    [
        (0.0, OK, "agree"),
        (60.0, OK, "agree"),
        (61.0, WARNING, "61 s ahead of ours"),
        (-3600.0, WARNING, "3600 s behind ours"),
    ],
)
async def test_clocks_that_differ_are_said_before_they_matter(skew: float, level: Level, said: str) -> None:
    bucket = Bucket()
    web = Web(bucket)
    web.at = MORNING + skew
    clock = of(await found(bucket, web), "clock")
    assert (clock.level, said in clock.what) == (level, True)


async def test_a_server_that_tells_no_time_is_not_judged_by_it() -> None:
    bucket = Bucket()
    web = Web(bucket)
    web.at = None
    assert [one for one in await found(bucket, web) if one.subject == "clock"] == []


@pytest.mark.parametrize(
    ("template", "folder"),
    [
        ("", ""),
        ("calls/pbx/", "calls/pbx/"),
        ("calls/{queue}/{callId}.{format}", "calls/"),
        ("calls/x{queue}.mp3", "calls/"),
        ("last.mp3", ""),
    ],
)
async def test_it_is_tried_in_the_folder_that_recordings_go_to(template: str, folder: str) -> None:
    bucket = Bucket()
    await found(bucket, template=template)
    assert {name[: len(folder) + 14] for name in bucket.names} == {f"{folder}callreel-test/"}
