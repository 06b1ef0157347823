"""The spool folder that we share with the PBX."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from connector.errors import PbxUnreachable, SourceMissing
from connector.pbx.scripted.wav_file import Disk, WavFile
from connector.pbx.spool import SpoolFolder


@pytest.fixture
async def spool(tmp_path: Path) -> AsyncIterator[SpoolFolder]:
    (tmp_path / "spool").mkdir()
    spool = SpoolFolder(tmp_path / "spool", settle_seconds=0.0)
    yield spool
    await spool.close()


def a_file(folder: Path, path: str, *, is_closed: bool = True) -> Path:
    disk = Disk(folder / "spool")
    place = disk.place(path)
    assert place is not None
    file = WavFile(disk, place, 8000, flush_bytes=320)
    file.write(b"\1\2" * 500)
    if is_closed:
        file.close()
    else:
        file.abandon()
    return place


async def test_a_closed_file_is_collected_where_it_lies(spool: SpoolFolder, tmp_path: Path) -> None:
    place = a_file(tmp_path, "2026/a.wav")
    assert await spool.collect("2026/a.wav") == place
    assert await spool.collect("2026/a.wav") == place


async def test_an_unclosed_file_that_nobody_writes_to_is_collected_too(spool: SpoolFolder, tmp_path: Path) -> None:
    place = a_file(tmp_path, "a.wav", is_closed=False)
    assert await spool.collect("a.wav") == place


async def test_what_is_no_wav_file_is_collected_as_it_is(spool: SpoolFolder, tmp_path: Path) -> None:
    (tmp_path / "spool/a.wav").write_bytes(b"RIFF")
    assert (await spool.collect("a.wav")).read_bytes() == b"RIFF"


async def test_a_file_that_still_grows_is_waited_for(tmp_path: Path) -> None:
    (tmp_path / "spool").mkdir()
    place = a_file(tmp_path, "a.wav", is_closed=False)

    class Growing(SpoolFolder):
        looks = 0

        def _place(self, path: str) -> Path:
            self.looks += 1
            if self.looks <= 3:
                place.write_bytes(place.read_bytes() + b"\0\0")
            return super()._place(path)

    spool = Growing(tmp_path / "spool", settle_seconds=0.0)
    await spool.collect("a.wav")
    assert spool.looks == 4
    await spool.close()


async def test_a_file_that_turned_out_wideband_is_found_only_where_that_is_allowed(
    spool: SpoolFolder, tmp_path: Path
) -> None:
    place = a_file(tmp_path, "2026/a.wav")
    place = place.rename(place.with_suffix(".wav16"))
    with pytest.raises(SourceMissing):
        await spool.collect("2026/a.wav")
    wide = SpoolFolder(tmp_path / "spool", endings=(".wav16",), settle_seconds=0.0)
    assert await wide.collect("2026/a.wav") == place
    assert await wide.collect("2026/a.wav16") == place
    await spool.remove("2026/a.wav")
    assert place.exists()
    await wide.remove("2026/a.wav")
    await wide.remove("2026/a.wav")
    assert not place.exists()
    await wide.close()


async def test_a_file_of_exactly_that_name_is_preferred_to_its_namesake(tmp_path: Path) -> None:
    (tmp_path / "spool").mkdir()
    place = a_file(tmp_path, "a.wav")
    namesake = a_file(tmp_path, "a.wav16")
    spool = SpoolFolder(tmp_path / "spool", endings=(".wav16",), settle_seconds=0.0)
    assert await spool.collect("a.wav") == place
    await spool.remove("a.wav")
    assert not place.exists()
    assert namesake.exists()
    await spool.close()


async def test_a_namesake_that_leads_out_of_the_spool_is_refused(tmp_path: Path) -> None:
    (tmp_path / "spool").mkdir()
    (tmp_path / "secret").write_text("keep")
    (tmp_path / "spool/a.wav16").symlink_to(tmp_path / "secret")
    spool = SpoolFolder(tmp_path / "spool", endings=(".wav16",))
    for doing in (spool.collect("a.wav"), spool.remove("a.wav")):
        with pytest.raises(SourceMissing, match="links"):
            await doing
    assert (tmp_path / "secret").read_text() == "keep"
    await spool.close()


async def test_while_the_folder_itself_is_out_of_sight_nothing_is_given_up(spool: SpoolFolder, tmp_path: Path) -> None:
    (tmp_path / "spool" / "a.wav").write_bytes(b"sound")
    away = (tmp_path / "spool").rename(tmp_path / "away")
    with pytest.raises(PbxUnreachable, match="is it mounted"):
        await spool.collect("a.wav")
    away.rename(tmp_path / "spool")
    assert (await spool.collect("a.wav")).read_bytes() == b"sound"


async def test_a_file_that_is_not_there_is_named(spool: SpoolFolder) -> None:
    with pytest.raises(SourceMissing, match=r"a\.wav"):
        await spool.collect("a.wav")


@pytest.mark.parametrize("path", ["../secret", "/etc/passwd", "a/../../secret", "", ".", "a\0b"])
async def test_a_path_that_leads_out_of_the_spool_is_refused(spool: SpoolFolder, tmp_path: Path, path: str) -> None:
    secret = tmp_path / "secret"
    secret.write_text("keep")
    with pytest.raises(SourceMissing):
        await spool.collect(path)
    with pytest.raises(SourceMissing):
        await spool.remove(path)
    assert secret.read_text() == "keep"


async def test_links_are_neither_followed_nor_listed_nor_deleted(spool: SpoolFolder, tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside/b.wav").write_text("keep")
    (tmp_path / "spool/folder").symlink_to(tmp_path / "outside")
    (tmp_path / "spool/a.wav").symlink_to(tmp_path / "outside/b.wav")
    for path in ("a.wav", "folder/b.wav"):
        with pytest.raises(SourceMissing):
            await spool.collect(path)
        with pytest.raises(SourceMissing):
            await spool.remove(path)
    assert await spool.known() == []
    assert (tmp_path / "outside/b.wav").read_text() == "keep"


async def test_every_file_is_known_by_its_path_in_the_spool(spool: SpoolFolder, tmp_path: Path) -> None:
    a_file(tmp_path, "b.wav")
    a_file(tmp_path, "2026/11/a.wav", is_closed=False)
    assert await spool.known() == ["2026/11/a.wav", "b.wav"]


async def test_a_spool_that_is_not_mounted_is_not_an_empty_one(tmp_path: Path) -> None:
    spool = SpoolFolder(tmp_path / "nowhere")
    with pytest.raises(SourceMissing, match="mounted"):
        await spool.known()
    await spool.close()


async def test_removing_twice_is_fine(spool: SpoolFolder, tmp_path: Path) -> None:
    place = a_file(tmp_path, "a.wav")
    await spool.remove("a.wav")
    await spool.remove("a.wav")
    await spool.remove("never/there.wav")
    assert not place.exists()


async def test_a_spool_reached_by_a_link_works(tmp_path: Path) -> None:
    (tmp_path / "spool").mkdir()
    a_file(tmp_path, "a.wav")
    (tmp_path / "link").symlink_to(tmp_path / "spool")
    spool = SpoolFolder(tmp_path / "link")
    assert await spool.known() == ["a.wav"]
    assert (await spool.collect("a.wav")).is_file()
    await spool.close()
