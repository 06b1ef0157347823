"""What LocalFolder promises beyond the contract: rights, durability, leftovers, disks that go away, patience."""

import asyncio
import errno
import grp
import os
import stat
import tempfile
import threading
from collections.abc import AsyncIterator, Generator, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from connector.domain.secret import Secret
from connector.errors import DestinationRefused, DestinationUnreachable, NoRoom, ObjectExists
from connector.storage.file_pieces import PieceReader
from connector.storage.local import LocalFolder
from connector.storage.part_file import PartFile
from tests.contract.storage.places import digest_of, loud_skip

SOUND = b"the sound of a call " * 5000
OTHER = b"quite another sound " * 5000
KEY = Secret("MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=")
NOBODY = 65534


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "srv" / "recordings"


@pytest.fixture
def made_root(root: Path) -> Path:
    root.mkdir(parents=True)
    return root


@pytest.fixture
def public() -> Iterator[Path]:
    """A folder that everybody can look into, unlike tmp_path, but only we can write."""
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        place.chmod(0o755)
        (place / "source").write_bytes(SOUND)
        (place / "source").chmod(0o644)
        yield place


@pytest.fixture
async def folder(root: Path) -> AsyncIterator[LocalFolder]:
    store = LocalFolder(root)
    yield store
    await store.close()


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "source.mp3"
    path.write_bytes(SOUND)
    return path


@contextmanager
def umask(mask: int) -> Iterator[None]:
    before = os.umask(mask)
    try:
        yield
    finally:
        os.umask(before)


@contextmanager
def as_nobody() -> Iterator[None]:
    if os.geteuid() != 0:
        loud_skip("only root can become nobody")
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def entries(root: Path) -> list[str]:
    return sorted(str(path.relative_to(root)) for path in root.rglob("*"))


@pytest.mark.parametrize("mask", [0o077, 0o000])
async def test_modes_are_as_configured_whatever_the_umask(root: Path, source: Path, mask: int) -> None:
    store = LocalFolder(root, file_mode=0o644, folder_mode=0o755)
    with umask(mask):
        await store.put("a/b/x.mp3", source, digest_of(SOUND))
    assert mode(root / "a/b/x.mp3") == 0o644
    assert {mode(place) for place in (root, root / "a", root / "a/b")} == {0o755}
    await store.close()


async def test_by_default_the_group_may_read_and_nobody_else(folder: LocalFolder, root: Path, source: Path) -> None:
    await folder.put("a/x.mp3", source, digest_of(SOUND))
    assert (mode(root / "a"), mode(root / "a/x.mp3")) == (0o750, 0o640)


@pytest.mark.parametrize("by", ["name", "number"])
async def test_files_and_new_folders_are_given_to_the_group(root: Path, source: Path, by: str) -> None:
    if os.geteuid() != 0:
        loud_skip("only root can give files to any group")
    group = grp.getgrgid(NOBODY)
    store = LocalFolder(root, group=group.gr_name if by == "name" else str(group.gr_gid))
    await store.put("a/x.mp3", source, digest_of(SOUND))
    assert {place.stat().st_gid for place in (root, root / "a", root / "a/x.mp3")} == {NOBODY}
    await store.close()


async def test_a_group_that_does_not_exist_is_named(root: Path, source: Path) -> None:
    store = LocalFolder(root, group="no-such-group")
    with pytest.raises(DestinationRefused, match="no group 'no-such-group'"):
        await store.put("x.mp3", source, digest_of(SOUND))
    await store.close()


async def test_a_folder_of_others_is_refused_naming_path_user_and_remedy(public: Path) -> None:
    store = LocalFolder(public)
    with as_nobody(), pytest.raises(DestinationRefused) as refusal:
        await store.put("x.mp3", public / "source", digest_of(SOUND))
    assert str(public / "x.mp3") in str(refusal.value)
    assert "user 'nobody'" in str(refusal.value)
    assert "chown" in str(refusal.value)
    assert entries(public) == ["source"]
    await store.close()


async def test_a_group_that_we_are_not_in_is_refused_with_the_command_that_helps(
    root: Path, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_chown(path: Path, user: int, group: int) -> None:
        raise PermissionError(errno.EPERM, os.strerror(errno.EPERM), str(path))

    monkeypatch.setattr(os, "chown", no_chown)
    store = LocalFolder(root, group="0")
    with pytest.raises(DestinationRefused, match="usermod -aG 0 "):
        await store.put("x.mp3", source, digest_of(SOUND))
    await store.close()


@pytest.mark.parametrize("blocking", ["srv", "srv/recordings", "srv/recordings/a"])
async def test_a_file_where_a_folder_should_be_is_refused(
    folder: LocalFolder, tmp_path: Path, source: Path, blocking: str
) -> None:
    (tmp_path / blocking).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / blocking).write_bytes(b"")
    with pytest.raises(DestinationRefused, match="is a file, not a folder"):
        await folder.put("a/x.mp3", source, digest_of(SOUND))
    assert await folder.facts("a/x.mp3") is None
    await folder.remove("a/x.mp3")


async def test_a_folder_that_has_the_name_is_anothers_object(folder: LocalFolder, root: Path, source: Path) -> None:
    (root / "x.mp3").mkdir(parents=True)
    with pytest.raises(ObjectExists):
        await folder.put("x.mp3", source, digest_of(SOUND))
    with pytest.raises(DestinationRefused, match="a folder stands"):
        await folder.put("x.mp3", source, digest_of(SOUND), overwrite=True)
    assert await folder.facts("x.mp3") is None


async def test_a_name_too_long_for_the_file_system_is_refused(folder: LocalFolder, source: Path) -> None:
    with pytest.raises(DestinationRefused, match="too long"):
        await folder.put("x" * 300, source, digest_of(SOUND))


async def test_a_link_that_leads_nowhere_is_not_written_through(
    folder: LocalFolder, made_root: Path, source: Path
) -> None:
    (made_root / "x.mp3").symlink_to(made_root.parent / "elsewhere.mp3")
    with pytest.raises(ObjectExists):
        await folder.put("x.mp3", source, digest_of(SOUND))
    assert not (made_root.parent / "elsewhere.mp3").exists()


async def test_bytes_reach_the_disk_before_the_name_and_the_name_before_success(
    folder: LocalFolder, made_root: Path, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps: list[str] = []
    real_sync, real_link = os.fsync, os.link

    def sync(fd: int) -> None:
        place = Path(os.readlink(f"/proc/self/fd/{fd}"))
        steps.append("part" if place.suffix == ".part" else str(place.relative_to(made_root.parent)))
        real_sync(fd)

    def link(path: Path, target: Path) -> None:
        steps.append("link")
        real_link(path, target)

    monkeypatch.setattr(os, "fsync", sync)
    monkeypatch.setattr(os, "link", link)
    await folder.put("a/x.mp3", source, digest_of(SOUND))
    assert steps == ["recordings/a", "recordings", "part", "link", "recordings/a"]


@pytest.mark.parametrize("number", [errno.EPERM, errno.EOPNOTSUPP])
async def test_on_a_file_system_without_links_the_name_is_still_taken_exclusively(
    folder: LocalFolder, root: Path, tmp_path: Path, source: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def no_link(path: Path, target: Path) -> None:
        raise OSError(number, os.strerror(number), str(path), None, str(target))

    monkeypatch.setattr(os, "link", no_link)
    await folder.put("x.mp3", source, digest_of(SOUND))
    (tmp_path / "other").write_bytes(OTHER)
    with pytest.raises(ObjectExists):
        await folder.put("x.mp3", tmp_path / "other", digest_of(OTHER))
    with PartFile(root) as part, pytest.raises(FileExistsError):
        part.publish(root / "x.mp3", overwrite=False)
    assert (root / "x.mp3").read_bytes() == SOUND
    assert entries(root) == ["x.mp3"]


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        (errno.ENOSPC, NoRoom),
        (errno.EDQUOT, NoRoom),
        (errno.EROFS, DestinationRefused),
        (errno.EACCES, DestinationRefused),
        (errno.EIO, DestinationUnreachable),
        (errno.ESTALE, DestinationUnreachable),
        (errno.ETIMEDOUT, DestinationUnreachable),
    ],
)
async def test_what_the_disk_says_is_translated_and_nothing_is_left(
    folder: LocalFolder,
    made_root: Path,
    source: Path,
    monkeypatch: pytest.MonkeyPatch,
    number: int,
    kind: type[Exception],
) -> None:

    def no_write(fd: int, content: bytes) -> int:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "write", no_write)
    with pytest.raises(kind) as failure:
        await folder.put("x.mp3", source, digest_of(SOUND))
    assert type(failure.value) is kind
    assert str(made_root / "x.mp3") in str(failure.value)
    assert entries(made_root) == []


async def test_a_disk_that_gives_back_other_bytes_is_noticed_before_the_name_is_given(
    folder: LocalFolder, root: Path, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real_write = os.write
    monkeypatch.setattr(os, "write", lambda fd, content: real_write(fd, bytes(len(content))))
    with pytest.raises(DestinationUnreachable, match=r"other bytes came back than .*source\.mp3 holds"):
        await folder.put("x.mp3", source, digest_of(SOUND))
    assert entries(root) == []


async def test_leftovers_of_a_crash_go_with_the_next_put_into_their_folder(
    folder: LocalFolder, root: Path, source: Path
) -> None:
    (root / "a").mkdir(parents=True)
    (root / "a/.callreel-0123456789abcdef.part").write_bytes(b"half")
    (root / ".callreel-0123456789abcdef.part").write_bytes(b"half")
    await folder.put("a/x.mp3", source, digest_of(SOUND))
    assert entries(root) == [".callreel-0123456789abcdef.part", "a", "a/x.mp3"]


async def test_a_sweep_removes_leftovers_everywhere_but_no_file_that_is_being_written(
    folder: LocalFolder, root: Path
) -> None:
    for place in (root, root / "a", root / "a/b"):
        place.mkdir(parents=True, exist_ok=True)
        (place / ".callreel-0123456789abcdef.part").write_bytes(b"half")
    (root / "a/.callreel-notes").write_bytes(b"somebody's own")
    with PartFile(root / "a") as alive:
        assert await folder.sweep() == 3
        assert entries(root) == sorted(["a", "a/.callreel-notes", f"a/{alive.path.name}", "a/b"])


async def test_sweeping_a_folder_that_was_never_made_finds_nothing(folder: LocalFolder) -> None:
    assert await folder.sweep() == 0


async def test_nobody_can_name_an_object_like_a_part_file(folder: LocalFolder, source: Path) -> None:
    with pytest.raises(DestinationRefused):
        await folder.put("a/.callreel-x.part", source, digest_of(SOUND))


async def test_a_folder_that_is_empty_after_removing_goes_too_but_never_the_root(
    folder: LocalFolder, root: Path, source: Path
) -> None:
    await folder.put("4930123456/2026/x.mp3", source, digest_of(SOUND))
    await folder.put("4930123456/y.mp3", source, digest_of(SOUND))
    await folder.remove("4930123456/2026/x.mp3")
    assert entries(root) == ["4930123456", "4930123456/y.mp3"]
    await folder.remove("4930123456/y.mp3")
    assert entries(root.parent) == ["recordings"]


async def test_puts_and_removes_in_one_folder_do_not_stumble_over_each_other(
    folder: LocalFolder, root: Path, source: Path
) -> None:
    async def come_and_go(name: str) -> None:
        for _ in range(15):
            await folder.put(f"a/b/{name}", source, digest_of(SOUND))
            await folder.remove(f"a/b/{name}")

    async with asyncio.TaskGroup() as group:
        for name in ("1.mp3", "2.mp3", "3.mp3"):
            group.create_task(come_and_go(name))
    assert entries(root) == []


async def test_a_file_that_rotted_on_the_disk_is_not_ours_any_more(
    folder: LocalFolder, root: Path, source: Path
) -> None:
    await folder.put("x.mp3", source, digest_of(SOUND))
    (root / "x.mp3").write_bytes(SOUND[:-1] + b"?")
    facts = await folder.facts("x.mp3")
    assert facts is not None
    assert not facts.is_same_as(digest_of(SOUND))


async def test_sealed_the_disk_holds_no_sound_and_a_rotten_file_is_refused(root: Path, source: Path) -> None:
    store = LocalFolder(root, key=KEY)
    await store.put("x.mp3", source, digest_of(SOUND))
    content = (root / "x.mp3").read_bytes()
    assert b"sound of a call" not in content
    (root / "x.mp3").write_bytes(content[:200] + b"?" + content[201:])
    with pytest.raises(DestinationRefused, match="damaged"):
        await store.facts("x.mp3")
    with pytest.raises(DestinationRefused, match="damaged"):
        _ = [piece async for piece in store.read("x.mp3")]
    # Somebody's broken file has the name: the recording gets the next one, nothing is lost.
    with pytest.raises(ObjectExists):
        await store.put("x.mp3", source, digest_of(SOUND))
    await store.close()


async def test_what_was_stored_in_plain_stays_readable_but_is_no_sealed_copy(
    folder: LocalFolder, root: Path, source: Path
) -> None:
    await folder.put("x.mp3", source, digest_of(SOUND))
    store = LocalFolder(root, key=KEY)
    assert b"".join([piece async for piece in store.read("x.mp3")]) == SOUND
    with pytest.raises(ObjectExists):
        await store.put("x.mp3", source, digest_of(SOUND))
    await store.put("x.mp3", source, digest_of(SOUND), overwrite=True)
    with pytest.raises(DestinationRefused, match="configure the key"):
        await folder.facts("x.mp3")
    await store.close()


async def test_a_put_that_hangs_gives_up_and_changes_nothing_later(root: Path, tmp_path: Path) -> None:
    store = LocalFolder(root, answer_seconds=0.05)
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(DestinationUnreachable, match="did not answer"):
        await store.put("x.mp3", pipe, digest_of(b"late"))
    fd = os.open(pipe, os.O_WRONLY)
    os.write(fd, b"late")
    os.close(fd)
    await store.close()
    assert entries(root) == []


async def test_a_put_that_was_given_up_while_the_disk_hung_does_not_appear_afterwards(
    made_root: Path, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk_answers = threading.Event()
    real_sync = os.fsync

    def slow_sync(fd: int) -> None:
        disk_answers.wait(10)
        real_sync(fd)

    monkeypatch.setattr(os, "fsync", slow_sync)
    store = LocalFolder(made_root, answer_seconds=0.05)
    with pytest.raises(DestinationUnreachable, match="did not answer"):
        await store.put("x.mp3", source, digest_of(SOUND))
    disk_answers.set()
    await store.close()
    assert entries(made_root) == []


async def test_a_put_that_was_cancelled_leaves_nothing(folder: LocalFolder, root: Path, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    put = asyncio.create_task(folder.put("x.mp3", pipe, digest_of(SOUND)))
    # Opening waits until the store reads from the pipe.
    fd = await asyncio.to_thread(os.open, pipe, os.O_WRONLY)
    put.cancel()
    with pytest.raises(asyncio.CancelledError):
        await put
    await asyncio.to_thread(os.write, fd, SOUND)
    os.close(fd)
    await folder.close()
    assert entries(root) == []


async def test_a_reader_that_goes_away_closes_its_file(folder: LocalFolder, root: Path, tmp_path: Path) -> None:
    long = SOUND * 40
    (tmp_path / "long").write_bytes(long)
    await folder.put("x.mp3", tmp_path / "long", digest_of(long))
    pieces = folder.read("x.mp3")
    await anext(pieces)
    assert _open_files(root) == 1
    await pieces.aclose()  # type: ignore[attr-defined]  # read is an async generator
    assert _open_files(root) == 0


def _open_files(root: Path) -> int:
    links = [Path("/proc/self/fd") / name for name in os.listdir("/proc/self/fd")]
    targets = []
    for link in links:
        with suppress(OSError):
            targets.append(os.readlink(link))
    return sum(target.startswith(str(root)) for target in targets)


def test_a_reader_that_is_closed_while_a_thread_reads_is_closed_by_that_thread() -> None:
    has_begun, disk_answers, is_closed = threading.Event(), threading.Event(), threading.Event()

    def pieces() -> Generator[bytes, None, None]:
        try:
            has_begun.set()
            disk_answers.wait(10)
            yield b"late"
        finally:
            is_closed.set()

    reader = PieceReader(pieces())
    thread = threading.Thread(target=reader.next_piece, args=(threading.Event(),))
    thread.start()
    assert has_begun.wait(10)
    reader.close()
    assert not is_closed.is_set()
    disk_answers.set()
    thread.join(10)
    assert is_closed.is_set()
    assert reader.next_piece(threading.Event()) == b""
