"""The journal on a full disk: it goes on, keeps what found no room, leaves no partial line, writes when it can."""

import os
import resource
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from connector.catalogue.codec import encoded
from connector.catalogue.journal import Journal
from connector.domain.call import Call
from connector.domain.decision import Change
from tests.builders import a_call

FIRST = "journal-00000001.jsonl"
LINE_BYTES = len(encoded([a_call(id="call-0")]))


def calls(count: int, start: int = 0) -> list[Call]:
    return [a_call(id=f"call-{number}") for number in range(start, start + count)]


@contextmanager
def disk_with_room_for(size: int) -> Iterator[None]:
    """No file of this process grows beyond `size`: the write that reaches it is cut, the next one is refused."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def appended(journal: Journal, changes: list[Call]) -> None:
    for change in changes:
        journal.append([change])


def stored(journal: Journal) -> list[Change]:
    return [change for changes, _ in journal.replay(None) for change in changes]


def test_a_full_disk_keeps_whole_lines_on_it_and_the_others_in_memory(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    journal = Journal(tmp_path)
    with disk_with_room_for(2 * LINE_BYTES + LINE_BYTES // 2):
        appended(journal, calls(5))
        assert (tmp_path / FIRST).stat().st_size == 2 * LINE_BYTES, "no partial line"
        assert stored(journal) == calls(2)
        assert [held.changes[0] for held in journal.held(99)] == calls(3, 2)
        assert journal.unapplied_held == 3
    assert [record.levelname for record in caplog.records] == ["CRITICAL"], "said once, loudly"
    assert "kept in memory" in caplog.text
    journal.close()


def test_held_lines_are_written_in_order_with_the_next_append_when_there_is_room(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    journal = Journal(tmp_path)
    with disk_with_room_for(LINE_BYTES + 10):
        appended(journal, calls(3))
    appended(journal, calls(1, 3))
    assert stored(journal) == calls(4)
    assert journal.held(99) == []
    assert "has room again" in caplog.text
    journal.close()


def test_held_lines_are_written_by_the_next_sync_when_nothing_is_appended(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    with disk_with_room_for(10):
        appended(journal, calls(2))
        journal.write_held()
        assert stored(journal) == []
    journal.write_held()
    assert stored(journal) == calls(2)
    journal.close()


def test_memory_is_bounded_and_the_loss_is_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    journal = Journal(tmp_path, held_bytes=3 * LINE_BYTES)
    with disk_with_room_for(0):
        appended(journal, calls(5))
        assert [held.changes[0] for held in journal.held(99)] == calls(3, 2)
    appended(journal, calls(1, 5))
    assert stored(journal) == calls(4, 2)
    assert "oldest lines are lost" in caplog.text
    (again,) = [record for record in caplog.records if "room again" in record.message]
    assert again.__dict__["lost_lines"] == 2
    journal.close()


def test_what_the_catalogue_has_is_no_loss(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    journal = Journal(tmp_path, held_bytes=2 * LINE_BYTES)
    with disk_with_room_for(0):
        appended(journal, calls(2))
        for held in journal.held(99):
            held.is_applied = True
        appended(journal, calls(2, 2))
    assert "lost" not in caplog.text
    assert journal.unapplied_held == 2
    journal.close()


@pytest.mark.parametrize("room", range(0, LINE_BYTES + 1, 50))
def test_wherever_the_disk_is_full_an_earlier_crash_leaves_whole_lines(tmp_path: Path, room: int) -> None:
    journal = Journal(tmp_path)
    with disk_with_room_for(LINE_BYTES + room):
        appended(journal, calls(3))
    whole = (tmp_path / FIRST).read_bytes()
    journal.close()
    assert len(whole) % LINE_BYTES == 0


def test_a_new_file_that_cannot_be_made_does_not_stop_the_journal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    journal = Journal(tmp_path, file_bytes=1)
    appended(journal, calls(1))
    real_open: Callable[..., int] = os.open

    def no_inode_left(path: Path, *arguments: int, **more: int) -> int:
        if str(path).endswith(".jsonl"):
            raise OSError(28, "No space left on device")
        return real_open(path, *arguments, **more)

    with monkeypatch.context() as patch:
        patch.setattr(os, "open", no_inode_left)
        appended(journal, calls(2, 1))
    assert len([record for record in caplog.records if "goes on in a file" in record.message]) == 1
    appended(journal, calls(1, 3))
    assert sorted(path.name for path in tmp_path.iterdir()) == [FIRST, "journal-00000002.jsonl"]
    assert stored(journal) == calls(4)
    journal.close()


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    """A real disk of 64 kB."""
    folder = tmp_path / "tiny"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(folder)], check=False, capture_output=True
    )
    if mounted.returncode != 0:
        pytest.skip("only root may mount a small disk; the other tests of this file use a file size limit")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_real_full_disk_loses_nothing_once_it_has_room_again(tiny_disk: Path) -> None:
    journal = Journal(tiny_disk)
    filler = tiny_disk / "somebody's"
    filler.write_bytes(b"x" * 40_000)
    count = 100
    appended(journal, calls(count))
    on_disk = (tiny_disk / FIRST).read_bytes()
    assert 0 < on_disk.count(b"\n") < count
    assert on_disk.endswith(b"\n")
    filler.unlink()
    journal.write_held()
    kept = stored(journal)
    assert kept == calls(len(kept))
    assert len(kept) > on_disk.count(b"\n")
    assert kept + [held.changes[0] for held in journal.held(count)] == calls(count)
    journal.close()
