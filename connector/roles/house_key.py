"""The key that seals what the catalogue keeps for us and signs links to files: configured, or made once in the state
folder."""

import base64
import os
import tempfile
from contextlib import suppress
from pathlib import Path

from connector.domain.secret import Secret
from connector.errors import ConfigError
from connector.settings import Settings

NAME = "house.key"
_BYTES = 32


def house_key(settings: Settings) -> Secret:
    """In base64, however it was spelled. Raises ConfigError when it is neither there nor to be made."""
    if settings.key is not None:
        return _canonical(settings.key.reveal())
    path = Path(settings.state) / NAME
    try:
        if not path.exists():
            _make(path)
        return _canonical(path.read_text(encoding="ascii"))
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"the house's key {path} cannot be had ({error}): give us the folder, or configure `key`"
        ) from error


def _make(path: Path) -> None:
    """Whole or not at all, and once: of several roles that begin together one is first."""
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f"{path.name}.")
    mine = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(base64.b64encode(os.urandom(_BYTES)) + b"\n")
            file.flush()
            os.fsync(descriptor)
        _give_to_owner(mine)
        with suppress(FileExistsError):
            path.hardlink_to(mine)
    finally:
        mine.unlink()
    _sync_folder(path.parent)


def _give_to_owner(path: Path) -> None:
    """Of the folder: an administrator's command may be what makes it, and the daemon has to read it."""
    owner = path.parent.stat()
    if os.geteuid() == 0:
        os.chown(path, owner.st_uid, owner.st_gid)


def _canonical(text: str) -> Secret:
    """Nodes that share it may have it in hex and in base64."""
    for decode in (bytes.fromhex, lambda written: base64.b64decode(written, validate=True)):
        with suppress(ValueError):
            if len(material := decode(text.strip())) == _BYTES:
                return Secret(base64.b64encode(material).decode())
    raise ConfigError("the house's key is 32 random bytes in base64 or hex: make one by `openssl rand -base64 32`")


def _sync_folder(folder: Path) -> None:
    """What is sealed with it must not outlive it."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
