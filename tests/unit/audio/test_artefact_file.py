import hashlib
from pathlib import Path

import pytest

from connector.audio.artefact_file import ArtefactFile, part_path
from connector.errors import NoRoom


@pytest.mark.parametrize("is_said_before", [True, False])
def test_the_hashes_are_those_of_the_file_also_after_a_patch(tmp_path: Path, is_said_before: bool) -> None:
    file = ArtefactFile(tmp_path / "a")
    if is_said_before:
        file.will_be_patched()
    file.write(b"0000")
    file.write(b"world")
    file.seek(0)
    file.write(b"more")
    fingerprint = file.finish()
    file.appear()
    content = (tmp_path / "a").read_bytes()
    assert content == b"moreworld"
    assert fingerprint.size_bytes == 9
    assert fingerprint.md5 == hashlib.md5(content).hexdigest()
    assert fingerprint.sha256 == hashlib.sha256(content).hexdigest()


def test_it_appears_whole_or_not_at_all(tmp_path: Path) -> None:
    file = ArtefactFile(tmp_path / "a")
    file.write(b"half")
    assert not (tmp_path / "a").exists()
    file.discard()
    assert list(tmp_path.iterdir()) == []


def test_what_a_crash_left_is_overwritten(tmp_path: Path) -> None:
    part_path(tmp_path / "a").write_bytes(b"old and long")
    file = ArtefactFile(tmp_path / "a")
    file.write(b"new")
    file.finish()
    file.appear()
    assert (tmp_path / "a").read_bytes() == b"new"


def test_discarding_after_it_appeared_changes_nothing(tmp_path: Path) -> None:
    file = ArtefactFile(tmp_path / "a")
    file.finish()
    file.appear()
    file.discard()
    assert (tmp_path / "a").exists()


def test_a_full_disk_is_no_room(tmp_path: Path) -> None:
    part_path(tmp_path / "a").symlink_to("/dev/full")
    file = ArtefactFile(tmp_path / "a")
    with pytest.raises(NoRoom, match="No space left"):
        file.write(bytes(1 << 20))
    file.discard()
    assert list(tmp_path.iterdir()) == []


def test_an_absent_folder_is_no_room(tmp_path: Path) -> None:
    with pytest.raises(NoRoom, match="cannot be written"):
        ArtefactFile(tmp_path / "gone" / "a")
