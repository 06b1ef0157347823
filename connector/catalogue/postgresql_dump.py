"""pg_dump and pg_restore. Knows their arguments; knows nothing of what is in the database."""

import os
import shutil
import subprocess
from pathlib import Path

from sqlalchemy import URL

from connector.errors import BackupRefused


def dump(url: URL, target: Path) -> None:
    """The whole database as it was at one moment, while others go on writing."""
    _run("pg_dump", url, ["--format=custom", "--no-owner", "--no-privileges", f"--file={target}"])


def restore(url: URL, source: Path) -> None:
    """Everything from the dump or nothing, in one transaction; what is there under the same names is replaced."""
    only_whole = ["--single-transaction", "--exit-on-error"]
    _run("pg_restore", url, [*only_whole, "--clean", "--if-exists", "--no-owner", "--no-privileges", str(source)])


def _run(program: str, url: URL, arguments: list[str]) -> None:
    found = shutil.which(program)
    if found is None:
        raise BackupRefused(f"{program} is not on PATH: install PostgreSQL's client programs (postgresql-client)")
    # Not in the arguments: everybody on the machine can read those.
    password = {"PGPASSWORD": str(url.password)} if url.password is not None else {}
    place = url.set(drivername="postgresql", password=None).render_as_string()
    result = subprocess.run(
        [found, f"--dbname={place}", *arguments],
        check=False,
        capture_output=True,
        text=True,
        env=os.environ | password,
    )
    if result.returncode != 0:
        why = " ".join(result.stderr.split()) or f"exit status {result.returncode}"
        raise BackupRefused(f"{program} could not do it: {why}")
