"""callreel migrate, backup, restore, version."""

import argparse
import os
from datetime import UTC, datetime
from pathlib import Path

from connector import __version__
from connector.command_line.exits import Exit
from connector.command_line.output import print_json
from connector.command_line.ownership import give_to_owner
from connector.config.loading import load
from connector.roles import folder_lock
from connector.roles.addresses import catalogue_url
from connector.services import audit_head


def migrate(options: argparse.Namespace) -> int:
    """Bring the catalogue to this version."""
    from connector.catalogue.schema import upgrade

    settings = load(options.config, os.environ)
    state = Path(settings.state)
    copy = upgrade(catalogue_url(settings), state / "backups")
    if state.is_dir():
        give_to_owner(state)
    if copy is not None:
        print(f"the catalogue as it was is kept in {copy}")
    return Exit.OK


def backup(options: argparse.Namespace) -> int:
    """Copy catalogue, engine and journal."""
    from connector.catalogue import backup as copies

    settings = load(options.config, os.environ)
    copies.backup(catalogue_url(settings), Path(settings.state), options.target)
    print(f"{options.target} holds catalogue, engine and journal; the recordings themselves are not in it")
    return Exit.OK


def restore(options: argparse.Namespace) -> int:
    """Put a backup back."""
    from connector.catalogue import backup as copies

    settings = load(options.config, os.environ)
    state = Path(settings.state)
    with folder_lock.held(state, "capture"), folder_lock.held(state, "work"):
        try:
            copies.restore(options.archive, catalogue_url(settings), state, force=options.force)
            aside = _set_head_aside(state)
        finally:
            give_to_owner(state)
    print(f"{options.archive} is back in {settings.state}; what was erased since is erased again at the next start")
    if aside is not None:
        print(f"the audit log ends where the backup was made; the head that was signed since lies in {aside}")
    return Exit.OK


def _set_head_aside(state: Path) -> Path | None:
    """The log that it was of is not there any more; what it says of it stays."""
    head = state / audit_head.NAME
    if not head.exists():
        return None
    return head.rename(head.with_name(f"{head.name}.{datetime.now(UTC):%Y%m%dT%H%M%SZ}"))


def version(options: argparse.Namespace) -> int:
    """The version, and nothing that needs a configuration."""
    if options.json:
        print_json({"version": __version__})
    else:
        print(f"callreel {__version__}")
    return Exit.OK
