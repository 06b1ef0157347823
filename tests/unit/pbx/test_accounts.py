"""Rights are judged as the kernel would, for users that this process is not."""

import os
from pathlib import Path

import pytest

from connector.pbx.accounts import Account, described

STRANGER = Account(54321, frozenset((54321,)))


def colleague(place: Path) -> Account:
    """Another user, in the group of that place."""
    return Account(54321, frozenset((place.stat().st_gid,)))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Below folders that anybody may enter: pytest's own are private."""
    for above in (tmp_path, *tmp_path.parents):
        if above.stat().st_uid == os.geteuid() and above != Path("/"):
            above.chmod(above.stat().st_mode | 0o711)
    place = tmp_path / "spool"
    place.mkdir()
    return place


@pytest.mark.parametrize(
    ("mode", "owner", "group", "others"),
    [(0o700, True, False, False), (0o070, False, True, False), (0o007, False, False, True)],
)
def test_owner_group_and_others_are_judged_apart(mode: int, owner: bool, group: bool, others: bool) -> None:
    def may(account: Account) -> bool:
        return account.may_with(mode, 1000, 2000, os.R_OK | os.W_OK | os.X_OK)

    assert may(Account(1000, frozenset((2000,)))) is owner
    assert may(Account(1001, frozenset((2000,)))) is group
    assert may(Account(1001, frozenset((2001,)))) is others


def test_root_may_everything() -> None:
    assert Account(0, frozenset()).may_with(0, 1, 1, os.W_OK)


def test_half_of_what_is_wanted_is_not_enough(folder: Path) -> None:
    folder.chmod(0o755)
    assert STRANGER.obstacle(folder, os.R_OK | os.X_OK) == ""
    assert str(folder) in STRANGER.obstacle(folder, os.W_OK | os.X_OK)


def test_a_closed_folder_on_the_way_is_the_obstacle(folder: Path) -> None:
    inner = folder / "recording"
    inner.mkdir()
    inner.chmod(0o777)
    folder.chmod(0o700)
    assert f"may not enter {folder}" in STRANGER.obstacle(inner, os.R_OK)


def test_in_a_sticky_folder_only_the_own_files_can_be_deleted(folder: Path) -> None:
    folder.chmod(0o1777)
    assert not STRANGER.may_delete_in(folder, owner=12345)
    assert STRANGER.may_delete_in(folder, owner=STRANGER.uid)
    folder.chmod(0o777)
    assert STRANGER.may_delete_in(folder, owner=12345)


def test_a_group_opens_what_is_shut_to_others(folder: Path) -> None:
    folder.chmod(0o770)
    assert colleague(folder).obstacle(folder, os.W_OK | os.X_OK) == ""
    assert STRANGER.obstacle(folder, os.W_OK | os.X_OK)


def test_a_user_that_nobody_knows_is_its_number() -> None:
    assert Account.named(54321) == Account(54321, frozenset())
    assert STRANGER.name == "54321"


def test_a_place_is_described_as_ls_does(folder: Path) -> None:
    folder.chmod(0o750)
    assert described(folder).endswith("drwxr-x---")
