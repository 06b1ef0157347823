"""Things that go away for a while and come back: the catalogue's lock, its file or server, room on a disk."""

import os
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import psycopg
import pytest

from tests.faults.house import House


@contextmanager
def locked(house: House) -> Iterator[None]:
    """Another process holds the catalogue's lock: nobody can write."""
    url = house.rows.url
    if url.startswith("sqlite"):
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            yield
    else:
        with psycopg.connect(url) as connection:
            connection.execute("LOCK TABLE calls, recordings, segments, due IN ACCESS EXCLUSIVE MODE")
            yield


@contextmanager
def absent(house: House) -> Iterator[None]:
    """The file is moved away, or the server lets nobody in."""
    url = house.rows.url
    if url.startswith("sqlite"):
        away = house.folder / "away"
        away.mkdir()
        for file in house.state.glob("catalogue.db*"):
            file.rename(away / file.name)
        yield
        for file in away.iterdir():
            file.rename(house.state / file.name)
    else:
        server, _, name = url.rpartition("/")
        with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
            connection.execute(f'ALTER DATABASE "{name}" WITH ALLOW_CONNECTIONS false'.encode())
            connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (name,))
            yield
            connection.execute(f'ALTER DATABASE "{name}" WITH ALLOW_CONNECTIONS true'.encode())


@contextmanager
def small_disk(folder: Path, size: str) -> Iterator[None]:
    """A file system of its own at the folder; what lies there already is on it."""
    if os.geteuid() != 0:
        pytest.skip("a full disk needs a small one, and root to mount it: run this test as root")
    kept = {file.name: file.read_bytes() for file in folder.iterdir()}
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)],
        capture_output=True,
        text=True,
        check=False,
    )
    if mounted.returncode != 0:
        pytest.skip(f"a small disk cannot be mounted here: {mounted.stderr}")
    try:
        for name, content in kept.items():
            (folder / name).write_bytes(content)
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def enlarge(folder: Path, size: str) -> None:
    """The small disk at the folder."""
    subprocess.run(["mount", "-o", f"remount,size={size}", str(folder)], check=True)


@contextmanager
def full(folder: Path) -> Iterator[None]:
    """Every byte of the folder's disk is taken."""
    filler = folder / "filler"
    with filler.open("wb", buffering=0) as file, suppress(OSError):
        while file.write(bytes(4096)):
            pass
    yield
    filler.unlink()
