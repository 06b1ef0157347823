"""Where the servers' programs lie. Knows scripts/get-storage-servers, not how a server is run."""

from functools import cache
from pathlib import Path

from tests.getting import got


class NoServer(Exception):
    """Its package can't be had here; the message is for whoever reads why a test did not run."""


def program(kind: str, name: str) -> Path:
    """The program of that name, installed when it is not there; NoServer where that fails. `kind`: s3, azure."""
    folder, reason = _installed(kind)
    if folder is None:
        raise NoServer(f"no {name}: {reason}")
    return folder / "bin" / name


@cache
def _installed(kind: str) -> tuple[Path | None, str]:
    """Tried once: what can't be had for the first test can't be had for the next."""
    return got("get-storage-servers", kind)
