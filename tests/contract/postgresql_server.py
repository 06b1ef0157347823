"""A PostgreSQL of our own for tests: on loopback, in a temporary folder, gone afterwards."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import psycopg

#: Not for safety: for speed. The folder is thrown away.
_SETTINGS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_connections": "40",
    "shared_buffers": "32MB",
    "listen_addresses": "127.0.0.1",
    "log_min_messages": "warning",
}
_START_SECONDS = 30
_ROOMY_BYTES = 2 * 2**30


def binaries() -> Path | None:
    """The newest PostgreSQL server on this machine; None when there is none."""
    found = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/initdb")]
    if found:
        return max(found, key=lambda folder: float(folder.parent.name))
    on_path = shutil.which("initdb")
    return Path(on_path).resolve().parent if on_path else None


@dataclass
class PostgresqlServer:
    port: int
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def url(self, database: str) -> str:
        return f"postgresql://postgres@127.0.0.1:{self.port}/{database}"

    def new_database(self, template: str = "template0") -> str:
        """A fresh database, a copy of `template`; returns its URL."""
        name = f"fresh_{next(self._numbers)}"
        with self._connected() as connection:
            # Since version 15 the default is to copy through the log, which is slow for many small databases.
            strategy = " STRATEGY file_copy" if connection.info.server_version >= 150_000 else ""
            connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"{strategy}'.encode())
        return self.url(name)

    def drop(self, url: str) -> None:
        with self._connected() as connection:
            connection.execute(f'DROP DATABASE "{url.rpartition("/")[2]}" WITH (FORCE)'.encode())

    def _connected(self) -> "psycopg.Connection[tuple[object, ...]]":
        return psycopg.connect(self.url("postgres"), autocommit=True)


@contextmanager
def running_server() -> Iterator[PostgresqlServer]:
    folder = binaries()
    if folder is None:
        raise FileNotFoundError("no PostgreSQL server under /usr/lib/postgresql and no initdb on PATH")
    user = _server_user()
    home = Path(tempfile.mkdtemp(prefix="callreel-postgresql-", dir=_quick_folder()))
    try:
        os.chown(home, user.pw_uid, user.pw_gid)
        port = _free_port()
        _initialise(folder, home, user)
        _control(folder, home, user, "start", f"--log={home / 'server.log'}", f"--options={_options(home, port)}")
        try:
            yield PostgresqlServer(port)
        finally:
            # By the pid in our own data folder; fast = it breaks off what still runs.
            _control(folder, home, user, "stop", "--mode=fast")
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _quick_folder() -> Path | None:
    """Memory where there is plenty: a fresh database then takes 30 ms instead of 200. None = the usual place."""
    memory = Path("/dev/shm")
    is_roomy = memory.is_dir() and shutil.disk_usage(memory).free > _ROOMY_BYTES
    return memory if is_roomy and os.access(memory, os.W_OK) else None


def _server_user() -> pwd.struct_passwd:
    """PostgreSQL refuses to run as root."""
    if os.getuid() != 0:
        return pwd.getpwuid(os.getuid())
    try:
        return pwd.getpwnam("postgres")
    except KeyError:
        return pwd.getpwnam("nobody")


def _initialise(folder: Path, home: Path, user: pwd.struct_passwd) -> None:
    settings = ["--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync"]
    _run([str(folder / "initdb"), *settings, f"--pgdata={home / 'data'}"], home, user)


def _options(home: Path, port: int) -> str:
    settings = _SETTINGS | {"port": str(port), "unix_socket_directories": str(home)}
    return " ".join(f"-c {name}={value}" for name, value in settings.items())


def _control(folder: Path, home: Path, user: pwd.struct_passwd, *arguments: str) -> None:
    """Returns when the server answers, or is gone."""
    waiting = ["--wait", f"--timeout={_START_SECONDS}"]
    _run([str(folder / "pg_ctl"), f"--pgdata={home / 'data'}", *waiting, *arguments], home, user)


def _run(arguments: list[str], home: Path, user: pwd.struct_passwd) -> None:
    is_root = os.getuid() == 0
    subprocess.run(
        arguments,
        check=True,
        cwd=home,
        stdout=subprocess.DEVNULL,
        user=user.pw_uid if is_root else None,
        group=user.pw_gid if is_root else None,
        extra_groups=[] if is_root else None,
    )


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
