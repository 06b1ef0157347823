"""A disk that is not mounted is not an empty folder."""

from pathlib import Path
from subprocess import run

import pytest

from connector.errors import DestinationUnreachable
from connector.storage.local import LocalFolder
from connector.storage.mounts import MountWatch
from tests.contract.storage.places import digest_of, small_disk

SOUND = b"the sound of a call"


def fstab(tmp_path: Path, *mounts: str) -> Path:
    lines = ["# <device> <mount point> <type>", "", "UUID=1 / ext4 defaults 0 1", "UUID=2 none swap sw 0 0", "broken"]
    path = tmp_path / "fstab"
    path.write_text("\n".join([*lines, *(f"nas:/calls {mount} nfs defaults 0 0" for mount in mounts)]))
    return path


def test_a_folder_on_no_disk_of_its_own_is_fine(tmp_path: Path) -> None:
    watch = MountWatch(tmp_path / "recordings", fstab=fstab(tmp_path))
    watch.check()
    (tmp_path / "recordings").mkdir()
    watch.check()


def test_without_an_fstab_nothing_is_promised(tmp_path: Path) -> None:
    MountWatch(tmp_path, fstab=tmp_path / "no-such-file").check()


async def test_a_disk_of_fstab_that_is_not_mounted_is_waited_for_and_nothing_is_written_below(tmp_path: Path) -> None:
    nas = tmp_path / "my nas"
    nas.mkdir()
    (tmp_path / "source").write_bytes(SOUND)
    escaped = str(nas).replace(" ", "\\040")
    store = LocalFolder(nas / "recordings", fstab=fstab(tmp_path, escaped))
    with pytest.raises(DestinationUnreachable, match="in /etc/fstab and is not mounted"):
        await store.put("x.mp3", tmp_path / "source", digest_of(SOUND))
    with pytest.raises(DestinationUnreachable):
        await store.facts("x.mp3")
    with pytest.raises(DestinationUnreachable):
        await store.remove("x.mp3")
    with pytest.raises(DestinationUnreachable):
        _ = [piece async for piece in store.read("x.mp3")]
    assert list(nas.iterdir()) == []
    with small_disk(nas, "100k"):
        await store.put("x.mp3", tmp_path / "source", digest_of(SOUND))
        assert await store.facts("x.mp3") is not None
    await store.close()


async def test_a_disk_that_vanishes_while_we_run_is_noticed(tmp_path: Path) -> None:
    disk = tmp_path / "usb"
    (tmp_path / "source").write_bytes(SOUND)
    with small_disk(disk, "100k"):
        store = LocalFolder(disk / "recordings", fstab=fstab(tmp_path))
        await store.put("x.mp3", tmp_path / "source", digest_of(SOUND))
        await store.put("y.mp3", tmp_path / "source", digest_of(SOUND))
    with pytest.raises(DestinationUnreachable, match="was mounted before"):
        await store.put("z.mp3", tmp_path / "source", digest_of(SOUND))
    with pytest.raises(DestinationUnreachable):
        await store.facts("x.mp3")
    assert list(disk.iterdir()) == []
    await store.close()


async def test_a_marker_must_be_there(tmp_path: Path) -> None:
    root = tmp_path / "recordings"
    (tmp_path / "source").write_bytes(SOUND)
    store = LocalFolder(root, marker=".this-is-the-disk", fstab=fstab(tmp_path))
    with pytest.raises(DestinationUnreachable, match=r"recordings/\.this-is-the-disk is not there"):
        await store.put("x.mp3", tmp_path / "source", digest_of(SOUND))
    assert not root.exists()
    root.mkdir()
    (root / ".this-is-the-disk").touch()
    await store.put("x.mp3", tmp_path / "source", digest_of(SOUND))
    await store.close()


def test_the_nearest_mount_point_above_counts(tmp_path: Path) -> None:
    inner = tmp_path / "outer" / "inner"
    inner.mkdir(parents=True)
    table = fstab(tmp_path, str(tmp_path / "outer"), str(inner))
    with pytest.raises(DestinationUnreachable, match="outer/inner is in"):
        MountWatch(inner / "recordings", fstab=table).check()
    with pytest.raises(DestinationUnreachable, match="outer is in"):
        MountWatch(tmp_path / "outer" / "else", fstab=table).check()


def test_a_link_to_a_disk_is_followed(tmp_path: Path) -> None:
    (tmp_path / "nas").mkdir()
    (tmp_path / "recordings").symlink_to(tmp_path / "nas")
    with pytest.raises(DestinationUnreachable):
        MountWatch(tmp_path / "recordings", fstab=fstab(tmp_path, str(tmp_path / "nas"))).check()


def test_the_test_disk_is_really_gone_afterwards(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", "100k"):
        pass
    assert str(tmp_path / "disk") not in run(["mount"], check=True, capture_output=True, text=True).stdout
