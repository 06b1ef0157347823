"""A recording's sound as speech engines hear it: a WAV with a channel for each party, of whatever there still is.

Speaks to ports only; knows no engine and no word.
"""

import asyncio
import logging
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias

from connector.domain.assembly import AssemblyPlan, Piece
from connector.domain.ids import RecordingId
from connector.domain.options import AudioFormat
from connector.domain.recording import ArtefactKind, ChannelLabel
from connector.domain.states import RecordingState
from connector.errors import (
    BrokenAudio,
    CatalogueUnavailable,
    ConnectorError,
    NoRoom,
    NotFound,
    is_passing,
)
from connector.ports.shipping_ledger import RecordingFile
from connector.ports.transcriber import ChannelSound
from connector.ports.workshop import Job, Product, Workshop
from connector.services.rendering import Renderer, Sources
from connector.services.sound_copies import SoundCopies, StoredFiles

log = logging.getLogger(__name__)

Labels: TypeAlias = tuple[ChannelLabel, ...]

FOLDER: Final = "hearing"
_GONE: Final = frozenset({RecordingState.REMOVING, RecordingState.REMOVED})
#: Each holds every party of its recording apart.
_APART: Final = (ArtefactKind.STEREO, ArtefactKind.PARTICIPANTS)


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeSound:
    sound: ChannelSound
    #: Whose each channel is.
    labels: Labels
    #: Everybody is on one channel: who speaks cannot be told by it.
    is_mixed: bool = False


class ChannelSounds:
    def __init__(self, renderer: Renderer, stored: StoredFiles, workshop: Workshop, folder: Path) -> None:
        """`folder` holds the artefacts; what is made here lies in a folder of its own in it."""
        self._renderer = renderer
        self._copies = SoundCopies(stored, workshop, folder)
        self._workshop = workshop
        self._folder = folder

    async def made(self, file: RecordingFile) -> MadeSound:
        """Of the PBX's segments; where these are gone, of the files that keep the parties apart; else of the mix. To be
        dropped. Raises NotFound when there is nothing (any more), NoRoom, and what the sources raise: what can be had
        later is not replaced by something worse."""
        recording = file.recording
        if recording.state in _GONE:
            raise NotFound(f"recording {recording.id} is {recording.state}: there is nothing to hear any more")
        path = self._folder_of(recording.id) / "channels.wav"
        try:
            await asyncio.to_thread(_make_folder, path.parent)
            labels, is_mixed = await self._written(file, path)
            return MadeSound(sound=await self._measured(path, labels), labels=labels, is_mixed=is_mixed)
        except (ConnectorError, TimeoutError):
            await self.drop(recording.id)
            raise

    async def drop(self, recording_id: RecordingId) -> None:
        """Nothing that was made of it is left. May be called twice, and without anything having been made."""
        folder = self._folder_of(recording_id)
        await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
        if await asyncio.to_thread(folder.exists):
            log.warning("sound not dropped", extra={"recording_id": recording_id, "hint": f"delete {folder}"})

    async def clear(self) -> None:
        """What a crash left of any recording's goes; to be called while nobody hears anything."""
        await asyncio.to_thread(shutil.rmtree, self._folder / FOLDER, ignore_errors=True)

    async def _written(self, file: RecordingFile, path: Path) -> tuple[Labels, bool]:
        """By the first way that leads to a sound; whose its channels are, and whether they are several people's."""
        troubles: list[ConnectorError | TimeoutError] = []
        for way in (self._of_segments, self._of_file, self._of_sides, self._of_mix):
            is_mix = way == self._of_mix
            if is_mix and any(is_passing(one) for one in troubles):
                break
            try:
                labels = await way(file, path)
            except (NoRoom, CatalogueUnavailable):
                raise
            except (ConnectorError, TimeoutError) as error:
                troubles.append(error)
                continue
            if labels:
                return (_together(labels), len(labels) > 1) if is_mix else (labels, False)
        if troubles:
            raise next((one for one in troubles if is_passing(one)), troubles[0])
        raise NotFound(
            f"there is no sound of recording {file.recording.id} (any more): its segments are gone, and no copy is "
            "stored that we may read; bring one of them back"
        )

    async def _of_segments(self, file: RecordingFile, path: Path) -> Labels | None:
        sources = await self._renderer.surveyed(file)
        return None if _has_lost(file, sources) else await self._renderer.render_apart(file, sources, path)

    async def _of_file(self, file: RecordingFile, path: Path) -> Labels | None:
        found = None
        for kind in _APART:
            found = found or await self._copies.decode(file, kind, path)
        return found.channels if found else None

    async def _of_sides(self, file: RecordingFile, path: Path) -> Labels | None:
        left, right = path.with_name("left.wav"), path.with_name("right.wav")
        found = await self._copies.decode(file, ArtefactKind.LEFT, left)
        if found is None or await self._copies.decode(file, ArtefactKind.RIGHT, right) is None:
            return None
        await self._workshop.make(await self._side_by_side(left, right, found.channels, path))
        for side in (left, right):
            await asyncio.to_thread(side.unlink)
        return found.channels

    async def _of_mix(self, file: RecordingFile, path: Path) -> Labels | None:
        found = await self._copies.decode(file, ArtefactKind.MONO, path)
        return found.channels if found else None

    async def _side_by_side(self, left: Path, right: Path, labels: Labels, path: Path) -> Job:
        sources = {"left": left, "right": right}
        surveys = {name: await self._workshop.survey(side) for name, side in sources.items()}
        rate = max(survey.sample_rate for survey in surveys.values())
        pieces = tuple(
            Piece(
                source=name,
                source_rate=survey.sample_rate,
                source_frame=0,
                frames=survey.frames,
                row=row,
                at_frame=0,
            )
            for row, (name, survey) in enumerate(surveys.items())
        )
        frames = max(piece.frames_at(rate) for piece in pieces)
        plan = AssemblyPlan(sample_rate=rate, frames=frames, pieces=pieces, blanks=(), gaps=(), channels=labels)
        product = Product(kind=ArtefactKind.STEREO, format=AudioFormat.WAV, path=path)
        return Job(plan=plan, sources=sources, products=(product,), peaks=None, tags={})

    async def _measured(self, path: Path, labels: Labels) -> ChannelSound:
        survey = await self._workshop.survey(path)
        voices = await self._workshop.voices(path)
        if len(voices) != len(labels):
            raise BrokenAudio(f"{path} has {len(voices)} channels, not {len(labels)}: was its source made by others?")
        return ChannelSound(
            path=path,
            sample_rate=survey.sample_rate,
            duration_seconds=survey.frames / survey.sample_rate,
            voices=voices,
        )

    def _folder_of(self, recording_id: RecordingId) -> Path:
        return self._folder / FOLDER / recording_id


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o750)
    except OSError as error:
        raise NoRoom(f"{folder} cannot be made ({error.strerror}): make room, or give us the folder") from error


def _has_lost(file: RecordingFile, sources: Sources) -> bool:
    """Whether segments are gone that the artefacts were made of."""
    known = file.rendering.troubles if file.rendering else ()
    lost = (path for path in sources.missing if not any(trouble.startswith(f"{path}: ") for trouble in known))
    return file.rendering is not None and any(lost)


def _together(labels: Labels) -> Labels:
    """One label for everybody: what is said is the first one's, and all are named."""
    parties = ", ".join(dict.fromkeys(label.party for label in labels if label.party))
    return (ChannelLabel(index=0, role=labels[0].role, party=parties),)
