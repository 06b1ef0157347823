"""callreel export: a folder that is completed, a ZIP, all about a number, and what is said about it."""

import csv
import hashlib
import json
import stat
import zipfile
from pathlib import Path

import pytest

from tests.unit.command_line.site import SOUND, Site


@pytest.fixture
def stored(site: Site) -> dict[str, Path]:
    """Two recordings, each in the archive."""
    return {id: site.available(id) for id in ("first", "second")}


def sounds(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.rglob("*.mp3")}


def test_a_folder_gets_every_file_and_a_manifest(site: Site, stored: dict[str, Path], tmp_path: Path) -> None:
    target = tmp_path / "out"
    answer = site.run("export", "--output", str(target))
    assert answer.code == 0, answer.err
    assert "2 files of 2 calls" in answer.out
    found = sounds(target)
    assert len(found) == 2
    said = json.loads((target / "manifest.json").read_text())
    assert said["files"] == {"whole": 2}
    for call in said["calls"]:
        [file] = call["files"]
        place = target / file["name"]
        assert hashlib.sha256(place.read_bytes()).hexdigest() == file["sha256"]
        assert stat.S_IMODE(place.stat().st_mode) == 0o600
    assert stat.S_IMODE(target.stat().st_mode) == 0o700


def test_what_is_there_already_is_not_fetched_again_and_what_was_cut_off_is(
    site: Site, stored: dict[str, Path], tmp_path: Path
) -> None:
    target = tmp_path / "out"
    assert site.run("export", "--output", str(target)).code == 0
    whole, cut = sorted(target.rglob("*.mp3"))
    cut.write_bytes(b"half")
    before = whole.stat().st_mtime_ns
    lines = len(site.run("audit", "list", "--json", "--action", "recording.downloaded").facts)
    assert site.run("export", "--output", str(target)).code == 0
    assert whole.stat().st_mtime_ns == before
    assert len(set(map(bytes, sounds(target).values()))) == 1
    assert len(site.run("audit", "list", "--json", "--action", "recording.downloaded").facts) == lines + 1
    assert list(target.rglob("*.part")) == []


def test_what_is_not_what_was_stored_is_not_kept_and_fails(site: Site, stored: dict[str, Path], tmp_path: Path) -> None:
    stored["first"].write_bytes(b"?" * len(SOUND))
    answer = site.run("export", "--output", str(tmp_path / "out"), "--json")
    assert answer.code == 1
    assert answer.facts["files"] == {"whole": 1, "broken": 1}
    assert [one["recording_id"] for one in answer.facts["missing"]] == ["first"]
    assert len(sounds(tmp_path / "out")) == 1


def test_a_zip_is_whole_and_is_never_overwritten(site: Site, stored: dict[str, Path], tmp_path: Path) -> None:
    target = tmp_path / "out.zip"
    assert site.run("export", "--output", str(target), "--transcripts", "csv").code == 0
    with zipfile.ZipFile(target) as archive:
        assert archive.testzip() is None
        assert archive.namelist()[0] == "transcripts.csv"
        assert archive.namelist()[-1] == "manifest.json"
        assert len(archive.namelist()) == 4
    again = site.run("export", "--output", str(target))
    assert (again.code, "is there already" in again.err) == (2, True)


def test_transcripts_come_beside(site: Site, stored: dict[str, Path], tmp_path: Path) -> None:
    site.run("export", "--output", str(tmp_path / "out"), "--transcripts", "csv")
    with (tmp_path / "out" / "transcripts.csv").open(newline="") as file:
        assert next(csv.reader(file))[0] == "call_id"


def test_only_what_fits_is_taken(site: Site, stored: dict[str, Path], tmp_path: Path) -> None:
    for words, count in (
        (["--from", "2026-01-06"], 0),
        (["--to", "2026-01-05"], 2),
        (["--organisation", "another"], 0),
        (["--agent", "201"], 2),
        (["--tag", "vip"], 0),
    ):
        answer = site.run("export", "--output", str(tmp_path / "-".join(words)), "--json", *words)
        assert (answer.code, answer.facts["calls"]) == (0, count), words


def test_all_about_a_number_is_handed_out_and_written_down(site: Site, stored: dict[str, Path], tmp_path: Path) -> None:
    target = tmp_path / "person"
    answer = site.run("export", "--output", str(target), "--number", "+4930123456")
    assert answer.code == 0, answer.err
    index = (target / "index.txt").read_text()
    assert "All that is kept about the number +4930123456" in index
    assert index.count(".mp3") == 2
    [facts, *_] = [json.loads(file.read_text()) for file in sorted(target.rglob("call-*.json"))]
    assert facts["legs"][0]["number"] == "+4930123456"
    assert facts["recordings"][0]["copies"][0]["state"] == "stored"
    [line] = site.run("audit", "list", "--json", "--action", "person.exported").facts
    assert line["by"].startswith("command line")
    assert "4930123456" not in json.dumps(line)


def test_a_number_of_which_nothing_is_kept_is_not_found(site: Site, tmp_path: Path) -> None:
    answer = site.run("export", "--output", str(tmp_path / "person"), "--number", "+1")
    assert (answer.code, answer.err) == (3, "callreel: nothing is kept about this number\n")
    assert not (tmp_path / "person").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--number", "+1", "--agent", "201"], "only --organisation goes with it"),
        (["--from", "yesterday"], "--from: a day or a moment is wanted"),
    ],
)
def test_what_cannot_be_meant_is_said(site: Site, tmp_path: Path, words: list[str], said: str) -> None:
    answer = site.run("export", "--output", str(tmp_path / "out"), *words)
    assert answer.code == 2
    assert said in answer.err


def test_a_folder_that_nobody_may_write_to_is_named(site: Site, stored: dict[str, Path], tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert "is a file: name a folder" in site.run("export", "--output", str(tmp_path / "file")).err
    answer = site.run("export", "--output", str(tmp_path / "file" / "below"))
    assert answer.code == 2
    assert "cannot write" in answer.err
