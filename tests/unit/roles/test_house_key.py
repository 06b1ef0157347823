"""The house's key: configured, or made once by whichever process comes first."""

import base64
import os
import subprocess
import sys
from pathlib import Path

import pytest

from connector.domain.secret import Secret
from connector.errors import ConfigError
from connector.roles.house_key import NAME, house_key
from connector.settings import Settings

PROGRAM = """
import sys
from connector.roles.house_key import house_key
from connector.settings import Settings
sys.stdin.read(1)
print(house_key(Settings(state=sys.argv[1])).reveal())
"""


def test_the_configured_one_is_taken_and_none_is_made(tmp_path: Path) -> None:
    material = bytes(range(32))
    for spelled in (material.hex(), base64.b64encode(material).decode()):
        configured = Settings(state=str(tmp_path), key=Secret(spelled))
        assert house_key(configured) == Secret(base64.b64encode(material).decode())
    assert list(tmp_path.iterdir()) == []


def test_it_is_made_once_and_only_its_owner_may_read_it(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        key = house_key(Settings(state=str(tmp_path)))
    finally:
        os.umask(before)
    assert len(base64.b64decode(key.reveal(), validate=True)) == 32
    assert house_key(Settings(state=str(tmp_path))) == key
    assert [path.name for path in tmp_path.iterdir()] == [NAME]
    assert (tmp_path / NAME).stat().st_mode & 0o777 == 0o600


def test_every_house_has_another(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    assert house_key(Settings(state=str(tmp_path / "a"))) != house_key(Settings(state=str(tmp_path / "b")))


def test_processes_that_begin_together_have_the_same_one(tmp_path: Path) -> None:
    racing = [
        subprocess.Popen(
            [sys.executable, "-c", PROGRAM, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for _ in range(4)
    ]
    for process in racing:
        assert process.stdin is not None
        process.stdin.write("g")
        process.stdin.flush()
    keys = {process.communicate()[0].strip() for process in racing}
    assert [process.returncode for process in racing] == [0] * 4
    assert keys == {(tmp_path / NAME).read_text().strip()}
    assert [path.name for path in tmp_path.iterdir()] == [NAME]


def test_who_comes_second_takes_the_first_ones(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between its look and its own try another process made one."""
    hardlink, first = Path.hardlink_to, base64.b64encode(bytes(32)).decode()

    def late(self: Path, target: Path) -> None:
        self.write_text(f"{first}\n")
        hardlink(self, target)

    monkeypatch.setattr(Path, "hardlink_to", late)
    assert house_key(Settings(state=str(tmp_path))) == Secret(first)
    assert [path.name for path in tmp_path.iterdir()] == [NAME]


def test_what_a_killed_process_left_is_in_nobodys_way(tmp_path: Path) -> None:
    (tmp_path / f"{NAME}.{os.getpid()}").write_text("half")
    assert house_key(Settings(state=str(tmp_path)))


def test_a_folder_that_is_not_there_is_a_fault_of_the_configuration(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"house\.key cannot be had .*configure `key`"):
        house_key(Settings(state=str(tmp_path / "absent")))


def test_a_key_that_is_no_text_is_refused_without_being_repeated(tmp_path: Path) -> None:
    (tmp_path / NAME).write_bytes(b"\xffsecret")
    with pytest.raises(ConfigError) as refused:
        house_key(Settings(state=str(tmp_path)))
    assert "secret" not in str(refused.value)


def test_what_is_no_key_is_refused_and_not_repeated(tmp_path: Path) -> None:
    (tmp_path / NAME).write_text("half a key")
    with pytest.raises(ConfigError, match="32 random bytes") as refused:
        house_key(Settings(state=str(tmp_path)))
    assert "half" not in str(refused.value)
