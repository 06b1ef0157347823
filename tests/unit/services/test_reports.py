"""What the roles report of themselves."""

import json
import os
from pathlib import Path

from connector.services.reports import read_children, read_reports, write_report


def test_a_report_is_read_as_it_was_written_and_replaced_by_the_next(tmp_path: Path) -> None:
    folder = tmp_path / "health"
    write_report(folder, "capture", {"at": 1.0, "problems": []})
    write_report(folder, "capture", {"at": 2.0, "problems": ["PBX office does not answer"]})
    write_report(folder, "work", {"at": 2.0})
    assert read_reports(folder) == {
        "capture": {"at": 2.0, "problems": ["PBX office does not answer"]},
        "work": {"at": 2.0},
    }
    assert sorted(os.listdir(folder)) == ["capture.json", "work.json"]


def test_without_a_folder_nobody_has_reported(tmp_path: Path) -> None:
    assert read_reports(tmp_path / "none") == {}


def test_what_is_no_report_is_left_out(tmp_path: Path) -> None:
    write_report(tmp_path, "work", {"at": 1.0})
    (tmp_path / "half.json").write_text('{"at": 1')
    (tmp_path / "list.json").write_text("[1, 2]")
    (tmp_path / "bytes.json").write_bytes(b"\xff\xfe")
    assert read_reports(tmp_path) == {"work": {"at": 1.0}}


def test_where_nothing_can_be_written_nothing_fails(tmp_path: Path) -> None:
    (tmp_path / "health").write_text("a file where the folder should be")
    write_report(tmp_path / "health", "capture", {"at": 1.0})
    assert read_reports(tmp_path / "health") == {}


def test_what_the_supervisor_says_of_its_children_is_read_when_there_is_one(tmp_path: Path) -> None:
    assert read_children(tmp_path) == []
    (tmp_path / "supervisor.json").write_text(json.dumps({"pid": 1, "roles": [{"role": "work"}, "nonsense"]}))
    assert read_children(tmp_path) == [{"role": "work"}]
    for text in ("{", "[]", '{"roles": 3}'):
        (tmp_path / "supervisor.json").write_text(text)
        assert read_children(tmp_path) == []
