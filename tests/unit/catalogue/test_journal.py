"""The capture journal: whole lines in order, whatever was cut, damaged, rotated or forgotten."""

import logging
import os
from collections.abc import Iterable, Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import connector.ports.journal as journal_port
from connector.catalogue.codec import encoded
from connector.catalogue.journal import Journal
from connector.domain.call import Call
from connector.domain.decision import Change
from connector.errors import ConfigError
from connector.ports.call_ledger import JournalPosition
from tests.builders import a_call, a_due, a_recording

FIRST = "journal-00000001.jsonl"


def calls(count: int, start: int = 0) -> list[Call]:
    return [a_call(id=f"call-{number}") for number in range(start, start + count)]


def written(folder: Path, changes: Iterable[Change], **limits: int) -> None:
    journal = Journal(folder, **limits)
    for change in changes:
        journal.append([change])
    journal.close()


def replayed(folder: Path, after: JournalPosition | None = None) -> list[Change]:
    journal = Journal(folder)
    found = everything(journal, after)
    journal.close()
    return found


def everything(journal: journal_port.Journal, after: JournalPosition | None = None) -> list[Change]:
    return [change for changes, _ in journal.replay(after) for change in changes]


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_what_was_appended_is_replayed_in_order_decision_by_decision(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    decisions: list[list[Change]] = [[a_call(), a_recording()], [a_due()], []]
    for changes in decisions:
        journal.append(changes)
    assert [list(changes) for changes, _ in journal.replay(None)] == decisions[:2]
    journal.close()


def test_a_replay_goes_on_behind_any_position(tmp_path: Path) -> None:
    written(tmp_path, calls(5))
    journal = Journal(tmp_path)
    positions = [position for _, position in journal.replay(None)]
    assert positions[-1] == journal.end
    for number, position in enumerate(positions):
        rest = [change for changes, _ in journal.replay(position) for change in changes]
        assert rest == calls(4 - number, number + 1)
    journal.close()


def test_an_empty_journal_replays_nothing_and_an_absent_folder_is_made(tmp_path: Path) -> None:
    assert replayed(tmp_path / "a" / "b") == []


def test_a_folder_that_cannot_be_is_the_operators_mistake(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="journal"):
        Journal(tmp_path / "file")


def test_a_line_cut_at_any_byte_is_cut_off_named_and_written_over(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    first, second, third = (a_due(attempt=number) for number in (1, 2, 3))
    whole, last = encoded([first]), encoded([second])
    for cut in range(1, len(last)):
        folder = tmp_path / str(cut)
        folder.mkdir()
        (folder / FIRST).write_bytes(whole + last[:cut])
        caplog.clear()
        written(folder, [third])
        assert replayed(folder) == [first, third], cut
        (record,) = caplog.records
        assert (record.message, record.__dict__["cut_bytes"]) == ("the journal's last line was cut", cut)


def test_a_whole_last_line_is_not_touched(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    written(tmp_path, calls(2))
    assert replayed(tmp_path) == calls(2)
    assert caplog.records == []


@pytest.mark.parametrize("damage", [b"\n", b"xxxx\n", b'[["call",{"id":7}]]\n', b"\x00" * 50 + b"\n"])
def test_a_damaged_line_in_the_middle_is_skipped_and_named(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, damage: bytes
) -> None:
    before, after = (encoded([call]) for call in calls(2))
    (tmp_path / FIRST).write_bytes(before + damage + after)
    assert replayed(tmp_path) == calls(2)
    (record,) = caplog.records
    assert (record.levelno, record.__dict__["journal_file"]) == (logging.WARNING, FIRST)
    assert record.__dict__["ends_at"] == len(before + damage)


def test_files_are_rotated_at_their_size_and_read_as_one(tmp_path: Path) -> None:
    size = len(encoded(calls(1)))
    written(tmp_path, calls(7), file_bytes=2 * size + 1)
    assert names(tmp_path) == [f"journal-0000000{number}.jsonl" for number in (1, 2, 3, 4)]
    assert replayed(tmp_path) == calls(7)
    written(tmp_path, calls(1, 7), file_bytes=2 * size + 1)
    assert len(names(tmp_path)) == 4, "the last file had room"
    assert replayed(tmp_path) == calls(8)


def test_a_file_torn_before_its_rotation_does_not_hide_the_next(tmp_path: Path) -> None:
    written(tmp_path, calls(2), file_bytes=1)
    with (tmp_path / FIRST).open("ab") as file:
        file.write(b'[["call"')
    assert replayed(tmp_path) == calls(2)


def test_applied_files_go_but_the_last_of_them_stays_for_a_power_cut(tmp_path: Path) -> None:
    journal = Journal(tmp_path, file_bytes=1)
    for call in calls(5):
        journal.append([call])
    positions = [position for _, position in journal.replay(None)]
    journal.remove_applied(positions[0])
    assert len(names(tmp_path)) == 5
    journal.remove_applied(positions[3])
    assert names(tmp_path) == [f"journal-0000000{number}.jsonl" for number in (3, 4, 5)]
    rest = [change for changes, _ in journal.replay(positions[3]) for change in changes]
    assert rest == calls(1, 4)
    assert [change for changes, _ in journal.replay(positions[0]) for change in changes] == calls(3, 2)
    journal.close()


@pytest.mark.parametrize(
    "position",
    [
        JournalPosition(file="journal-00000009.jsonl", offset=100),
        JournalPosition(file=FIRST, offset=10**9),
        JournalPosition(file=FIRST, offset=7),
    ],
    ids=["another journal's", "beyond the end", "in the middle of a line"],
)
def test_a_position_that_this_journal_does_not_have_gives_everything_and_is_said(
    tmp_path: Path, position: JournalPosition, caplog: pytest.LogCaptureFixture
) -> None:
    written(tmp_path, calls(3))
    assert replayed(tmp_path, position) == calls(3)
    assert "does not have the catalogue's position" in caplog.text


def test_the_writer_reads_from_memory_what_was_appended_just_now(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    start = journal.end
    for call in calls(5):
        journal.append([call])
    (tmp_path / FIRST).unlink()
    first = journal.recent(start, 2)
    assert first is not None
    assert first.changes == tuple(calls(2))
    rest = journal.recent(first.position, 99)
    assert rest is not None
    assert rest.changes == tuple(calls(3, 2))
    assert rest.position == journal.end
    empty = journal.recent(journal.end, 99)
    assert empty is not None
    assert empty.changes == ()
    journal.close()


@settings(max_examples=60, deadline=None)
@given(
    steps=st.lists(st.sampled_from(["append", "take"]), max_size=40),
    memory=st.integers(1, 6),
    limit=st.integers(1, 4),
    per_file=st.integers(1, 4),
)
def test_memory_and_files_together_give_every_change_once_and_in_order(
    tmp_path_factory: pytest.TempPathFactory, steps: Sequence[str], memory: int, limit: int, per_file: int
) -> None:
    size = len(encoded(calls(1)))
    journal = Journal(tmp_path_factory.mktemp("journal"), file_bytes=per_file * size + 3, recent_changes=memory)
    position = journal.end
    taken: list[Change] = []
    appended = 0
    for step in [*steps, *["take"] * len(steps)]:
        if step == "append":
            journal.append([a_call(id=f"call-{appended}")])
            appended += 1
        else:
            batch = journal.recent(position, limit) or journal.read(position, limit)
            taken += batch.changes
            position = batch.position
            journal.remove_applied(position)
    journal.close()
    assert taken == calls(appended)


def test_what_was_appended_is_made_durable_in_another_thread_and_only_when_there_is_something(tmp_path: Path) -> None:
    journal = Journal(tmp_path, file_bytes=1)
    assert journal.unsynced() is None
    for call in calls(3):
        journal.append([call])
    open_before = len(os.listdir("/proc/self/fd"))
    sync = journal.unsynced()
    assert sync is not None
    sync()
    assert journal.unsynced() is None
    assert len(os.listdir("/proc/self/fd")) == open_before - 2, "the two full files are closed"
    journal.close()


def test_the_backlog_is_what_earlier_processes_left(tmp_path: Path) -> None:
    written(tmp_path, calls(3))
    journal = Journal(tmp_path)
    journal.append(calls(4))
    positions = [position for _, position in journal.replay(None)]
    assert journal.backlog(journal.origin(None)) == 3
    assert journal.backlog(positions[0]) == 2
    assert journal.backlog(positions[2]) == 0
    assert journal.written == 4
    journal.close()
