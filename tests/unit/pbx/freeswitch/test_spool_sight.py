"""One path, one folder? By FreeSWITCH's process, by a file that lies there, and when neither can be seen."""

from pathlib import Path

import pytest

from connector.domain.diagnosis import Level
from connector.pbx.accounts import Account
from connector.pbx.freeswitch.spool_sight import Exists, spool_finding
from connector.pbx.processes import PbxProcess


@pytest.fixture
def spool(tmp_path: Path) -> Path:
    folder = tmp_path / "spool"
    folder.mkdir()
    return folder


def seeing(*paths: Path) -> Exists:
    async def exists(path: str) -> bool | None:
        return path in map(str, paths)

    return exists


async def silent(_path: str) -> bool | None:
    return None


def process(root: Path | None) -> PbxProcess:
    return PbxProcess(account=Account.own(), gid=0, umask=0, open_files=None, root=root)


async def test_a_process_that_sees_our_very_folder_proves_it(spool: Path) -> None:
    assert (await spool_finding(spool, process(Path("/")), seeing(spool))).level is Level.OK


async def test_a_process_in_a_container_may_see_another_folder_of_that_name(spool: Path, tmp_path: Path) -> None:
    root = tmp_path / "container"
    (root / spool.relative_to("/")).mkdir(parents=True)
    found = await spool_finding(spool, process(root), seeing(spool))
    assert (found.level, "another folder" in found.what) == (Level.BAD, True)


async def test_a_folder_that_freeswitch_does_not_see_is_bad(spool: Path) -> None:
    assert (await spool_finding(spool, None, seeing())).level is Level.BAD


async def test_a_file_that_both_see_proves_it_and_one_that_only_we_see_the_contrary(spool: Path) -> None:
    file = spool / "r1_s1_rx.s1.wav"
    file.write_bytes(b"")
    assert (await spool_finding(spool, None, seeing(spool, file))).level is Level.OK
    assert (await spool_finding(spool, None, seeing(spool))).level is Level.BAD


async def test_a_file_that_is_removed_while_we_ask_proves_nothing(spool: Path) -> None:
    file = spool / "r1_s1_rx.s1.wav"
    file.write_bytes(b"")

    async def exists(path: str) -> bool | None:
        if path == str(file):
            file.unlink()
        return path == str(spool)

    assert (await spool_finding(spool, None, exists)).level is Level.NOTE


async def test_with_nothing_to_compare_the_first_recording_will_tell(spool: Path) -> None:
    assert (await spool_finding(spool, process(None), seeing(spool))).level is Level.NOTE
    assert "cannot be asked" in (await spool_finding(spool, None, silent)).what


@pytest.mark.parametrize("name", ["with space", "a,b", "{a}"])
async def test_a_name_that_freeswitch_takes_apart_is_bad_before_anything_is_asked(tmp_path: Path, name: str) -> None:
    assert (await spool_finding(tmp_path / name, None, silent)).level is Level.BAD
