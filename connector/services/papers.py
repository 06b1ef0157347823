"""Files beside a recording's sound that hold words: the manifest, the transcript. Knows the work folder, and no
destination; not what stands in them."""

import hashlib
import json
import os
from pathlib import Path
from typing import Any

from connector.domain.ids import RecordingId
from connector.domain.recording import Artefact, ArtefactKind
from connector.errors import NoRoom


def written_paper(
    recording_id: RecordingId, kind: ArtefactKind, facts: Any, folder: Path, version: int = 1
) -> Artefact:
    """Lies beside the sound files, as JSON; each version by itself, for an earlier one may be on its way. NoRoom when
    it can't be written."""
    content = json.dumps(facts, ensure_ascii=False, indent=2).encode(errors="replace") + b"\n"
    anew = f"-{version}" if version > 1 else ""
    path = _folder(recording_id) / f"{kind}{anew}.json"
    try:
        (folder / path).parent.mkdir(parents=True, exist_ok=True, mode=0o750)
        with (folder / path).open("wb") as written:
            written.write(content)
            written.flush()
            os.fsync(written.fileno())
    except OSError as error:
        raise NoRoom(
            f"{folder / path} cannot be written ({error.strerror}): make room, or give us the folder"
        ) from error
    return Artefact(
        recording_id=recording_id,
        kind=kind,
        format="json",
        path=str(path),
        size_bytes=len(content),
        md5=hashlib.md5(content, usedforsecurity=False).hexdigest(),
        sha256=hashlib.sha256(content).hexdigest(),
        duration_seconds=0.0,
        sample_rate=0,
        channels=(),
        version=version,
    )


def papers(recording_id: RecordingId, kind: ArtefactKind, folder: Path) -> list[Path]:
    """Of every version that lies there."""
    return list((folder / _folder(recording_id)).glob(f"{kind}*.json"))


def _folder(recording_id: RecordingId) -> Path:
    return Path("work") / recording_id
