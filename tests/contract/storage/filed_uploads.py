"""Uploads in files of one folder, so that a process that was killed leaves to the next what it knew."""

import hashlib
import json
import os
from dataclasses import asdict
from pathlib import Path

from connector.ports.uploads import Upload


class FiledUploads:
    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder

    async def find(self, place: str, name: str) -> Upload | None:
        path = self._path(place, name)
        return _read(path) if path.exists() else None

    async def keep(self, upload: Upload) -> None:
        path = self._path(upload.place, upload.name)
        half = path.with_suffix(".half")
        half.write_text(json.dumps(asdict(upload)))
        os.replace(half, path)

    async def forget(self, place: str, name: str) -> None:
        self._path(place, name).unlink(missing_ok=True)

    async def under_way(self, place: str) -> list[Upload]:
        found = [_read(path) for path in sorted(self._folder.glob("*.json"))]
        return [upload for upload in found if upload.place == place]

    def _path(self, place: str, name: str) -> Path:
        return self._folder / f"{hashlib.sha256(f'{place} {name}'.encode()).hexdigest()}.json"


def _read(path: Path) -> Upload:
    facts = json.loads(path.read_text())
    return Upload(**facts | {"parts": tuple(facts["parts"])})
