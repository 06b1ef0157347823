"""Small reports of each role about itself, for health: one JSON file a role, written whole or not at all."""

import json
import os
from contextlib import suppress
from pathlib import Path
from typing import Any


def write_report(folder: Path, name: str, facts: dict[str, Any]) -> None:
    """Replace the role's report. A disk without room keeps the old one: a report is not worth a failure."""
    target = folder / f"{name}.json"
    beside = folder / f".{name}.json.{os.getpid()}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        beside.write_text(json.dumps(facts), encoding="utf-8")
        beside.replace(target)
    except OSError:
        with suppress(OSError):
            beside.unlink(missing_ok=True)


def read_reports(folder: Path) -> dict[str, dict[str, Any]]:
    """Every role's report by its name; what is no report is left out."""
    paths = sorted(folder.glob("*.json")) if folder.is_dir() else ()
    return {path.stem: facts for path in paths if (facts := _facts(path)) is not None}


def read_children(state_folder: Path) -> list[dict[str, Any]]:
    """What the supervisor says of each role, when there is one."""
    roles = (_facts(state_folder / "supervisor.json") or {}).get("roles", [])
    return [role for role in roles if isinstance(role, dict)] if isinstance(roles, list) else []


def _facts(path: Path) -> dict[str, Any] | None:
    try:
        facts = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return facts if isinstance(facts, dict) else None
