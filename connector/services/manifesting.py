"""The manifest that goes beside a recording's sound files. Knows what is in it, and no destination."""

from dataclasses import replace
from pathlib import Path

from connector.domain.manifest import manifest
from connector.domain.products import kinds
from connector.domain.recording import ArtefactKind, Rendering
from connector.errors import MadeOtherwise
from connector.ports.shipping_ledger import RecordingFile
from connector.services.papers import written_paper


def with_manifest(file: RecordingFile, rendering: Rendering, folder: Path) -> Rendering:
    """The rendering and one artefact more, which lies beside the others. NoRoom when it can't be written."""
    facts = manifest(file.recording, file.call, rendering)
    paper = written_paper(file.recording.id, ArtefactKind.MANIFEST, facts, folder)
    return replace(rendering, artefacts=(*rendering.artefacts, paper))


def make_manifest_again(file: RecordingFile, folder: Path) -> None:
    """Put one that was lost back where it was, byte by byte what it was. Raises MadeOtherwise when what can be said
    now is something else, NoRoom when it can't be written."""
    made = file.rendering.artefacts if file.rendering else ()
    lost = next((one for one in made if one.kind is ArtefactKind.MANIFEST), None)
    if file.rendering is None or lost is None or (folder / lost.path).exists():
        return
    wished = kinds(file.recording.options, file.call.kind)
    sounds = sorted((one for one in made if one.kind in wished), key=lambda one: wished.index(one.kind))
    again = with_manifest(file, replace(file.rendering, artefacts=tuple(sounds)), folder).artefacts[-1]
    if again.sha256 != lost.sha256:
        (folder / again.path).unlink(missing_ok=True)
        raise MadeOtherwise(f"{again.path}: what can be said of the recording now is not what it said")
