"""The manifest that goes beside a recording's sound files. Knows what is in it, and no destination."""

from dataclasses import replace
from pathlib import Path

from connector.domain.manifest import manifest
from connector.domain.recording import ArtefactKind, Rendering
from connector.ports.shipping_ledger import RecordingFile
from connector.services.papers import written_paper


def with_manifest(file: RecordingFile, rendering: Rendering, folder: Path) -> Rendering:
    """The rendering and one artefact more, which lies beside the others. NoRoom when it can't be written."""
    facts = manifest(file.recording, file.call, rendering)
    paper = written_paper(file.recording.id, ArtefactKind.MANIFEST, facts, folder)
    return replace(rendering, artefacts=(*rendering.artefacts, paper))
