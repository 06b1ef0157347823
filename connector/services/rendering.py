"""From a recording's segments to its artefacts: collect, look at, plan, make. Speaks to ports only."""

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from connector.domain import products, timeline
from connector.domain.assembly import AssemblyPlan
from connector.domain.call import CallKind
from connector.domain.file_clock import QUIET, Slip
from connector.domain.options import AudioFormat
from connector.domain.recording import Artefact, ArtefactKind, ChannelLabel, Rendering, Segment, SegmentState
from connector.errors import BrokenAudio, NoRoom, SourceMissing
from connector.ports.segment_source import SegmentSource
from connector.ports.shipping_ledger import RecordingFile
from connector.ports.workshop import Job, Made, Product, Survey, Workshop


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """The segments that are sound, where they lie, and what is wrong with the others."""

    paths: dict[str, Path]
    surveys: dict[str, Survey]
    troubles: tuple[str, ...]
    #: By their paths: those that are not there (any more).
    missing: tuple[str, ...] = ()

    @property
    def frames(self) -> dict[str, int]:
        return {segment: survey.frames for segment, survey in self.surveys.items()}


class Renderer:
    def __init__(self, sources: Mapping[str, SegmentSource], workshop: Workshop, folder: Path) -> None:
        self._sources = sources
        self._workshop = workshop
        #: Artefacts and peaks lie here; their paths in the catalogue are relative to it.
        self._folder = folder

    async def render(self, file: RecordingFile) -> Rendering:
        """Make all artefacts. Raises BrokenAudio when no segment holds a frame."""
        wanted = products.kinds(file.recording.options, file.call.kind)
        return await self._made(file, await self.surveyed(file), wanted, self._folder)

    async def make_again(self, file: RecordingFile, wanted: Sequence[ArtefactKind], into: Path) -> Rendering:
        """Some of its sound files, under `into` as they lie in our folder. Raises BrokenAudio when no segment holds a
        frame (any more)."""
        return await self._made(file, await self.surveyed(file), wanted, into)

    async def _made(
        self, file: RecordingFile, sources: Sources, wanted: Sequence[ArtefactKind], folder: Path
    ) -> Rendering:
        if not any(sources.frames.values()):
            raise BrokenAudio("; ".join(("no segment holds a single frame of sound", *sources.troubles)))
        plan = await self._plan(file, sources)
        job = _job(file, plan, sources, wanted, folder)
        _make_folders(job)
        result = await self._workshop.make(job)
        return Rendering(
            duration_seconds=plan.frames / plan.sample_rate,
            gaps=plan.gaps,
            channels=plan.channels,
            levels=result.levels,
            is_partial=bool(sources.troubles) or any(gap.reason not in QUIET for gap in plan.gaps),
            troubles=sources.troubles,
            artefacts=tuple(_artefact(file, plan, made, folder) for made in result.made),
            peaks_path=products.peaks_path(file.recording.id),
        )

    async def render_apart(self, file: RecordingFile, sources: Sources, path: Path) -> tuple[ChannelLabel, ...] | None:
        """Make one WAV file with a channel for each party, as an artefact has them; returns whose they are, or None
        when no segment holds a frame."""
        if not any(sources.frames.values()):
            return None
        plan = await self._plan(file, sources)
        kind = ArtefactKind.PARTICIPANTS if file.call.kind is CallKind.CONFERENCE else ArtefactKind.STEREO
        job = Job(
            plan=plan,
            sources=_used(plan, sources),
            products=(Product(kind=kind, format=AudioFormat.WAV, path=path),),
            peaks=None,
            tags={},
        )
        _make_folders(job)
        await self._workshop.make(job)
        return plan.channels

    async def surveyed(self, file: RecordingFile) -> Sources:
        """Every segment at hand, and what it holds. Raises SourceMissing when nobody knows its PBX any more."""
        source = self._source(file)
        paths: dict[str, Path] = {}
        surveys: dict[str, Survey] = {}
        troubles: list[str] = []
        missing: list[str] = []
        for segment in _closed(file):
            try:
                path = await source.collect(segment.path)
                survey = await self._workshop.survey(path)
            except SourceMissing as error:
                troubles.append(f"{segment.path}: {error}")
                missing.append(segment.path)
                continue
            if survey.trouble:
                troubles.append(f"{segment.path}: {survey.trouble}")
            # Nothing but a header is another thing than a missing file: the plan says that it holds no sound.
            if survey.sample_rate:
                paths[segment.id], surveys[segment.id] = path, survey
        return Sources(paths=paths, surveys=surveys, troubles=tuple(troubles), missing=tuple(missing))

    async def _plan(self, file: RecordingFile, sources: Sources) -> AssemblyPlan:
        rates = {id: survey.sample_rate for id, survey in sources.surveys.items()}
        shifts: dict[str, float] = {}
        beside: dict[str, str] = {}
        slips: dict[str, list[Slip]] = {}
        segments = [segment for segment in file.segments if segment.id in sources.paths]
        for match in timeline.matches(segments, sources.frames, rates, file.call.kind):
            if match.second in shifts:
                continue
            first, second = sources.paths[match.first], sources.paths[match.second]
            found = await self._workshop.shared_offset(first, second, match.expected_frames, match.window_frames)
            if found is not None:
                shifts[match.second] = timeline.shift_of(match, found, shifts, slips)
                beside[match.second] = match.first
                if match.frames:
                    steps = await self._workshop.steps(first, second, found, match.window_frames, match.frames)
                    for segment, lacking in timeline.slips_of(match, found, steps).items():
                        slips.setdefault(segment, []).extend(lacking)
        return timeline.plan(
            file.recording,
            file.call,
            file.segments,
            sources.frames,
            rates=rates,
            shifts=shifts,
            beside=beside,
            slips=slips,
        )

    def _source(self, file: RecordingFile) -> SegmentSource:
        try:
            return self._sources[file.recording.pbx]
        except KeyError:
            raise SourceMissing(f"PBX {file.recording.pbx!r} is not in the configuration any more") from None


def _job(
    file: RecordingFile,
    plan: AssemblyPlan,
    sources: Sources,
    wanted: Sequence[ArtefactKind],
    folder: Path,
) -> Job:
    return Job(
        plan=plan,
        sources=_used(plan, sources),
        products=tuple(_product(file, kind, len(plan.sides), folder) for kind in wanted),
        peaks=folder / products.peaks_path(file.recording.id),
        tags=products.tags(file.recording, file.call, plan.channels),
    )


def _product(file: RecordingFile, kind: ArtefactKind, rows: int, folder: Path) -> Product:
    options = file.recording.options
    format = products.artefact_format(options, kind, rows)
    path = folder / "work" / file.recording.id / f"{kind}.{format}"
    return Product(kind=kind, format=format, path=path, bitrate=options.bitrate)


def _artefact(file: RecordingFile, plan: AssemblyPlan, made: Made, folder: Path) -> Artefact:
    return Artefact(
        recording_id=file.recording.id,
        kind=made.kind,
        format=made.format,
        path=str(made.path.relative_to(folder)),
        size_bytes=made.size_bytes,
        md5=made.md5,
        sha256=made.sha256,
        duration_seconds=made.duration_seconds,
        sample_rate=made.sample_rate,
        channels=plan.channels,
    )


def discard(file: RecordingFile, folder: Path) -> None:
    """Nothing of what is made stays, not what a crash left without a word in the catalogue either; what is gone already
    is fine."""
    shutil.rmtree(folder / "work" / file.recording.id, ignore_errors=True)
    drawn = file.rendering.peaks_path if file.rendering else ""
    for path in filter(None, {drawn, products.peaks_path(file.recording.id)}):
        (folder / path).unlink(missing_ok=True)


def _used(plan: AssemblyPlan, sources: Sources) -> dict[str, Path]:
    return {piece.source: sources.paths[piece.source] for piece in plan.pieces}


def _make_folders(job: Job) -> None:
    try:
        for path in (*(product.path for product in job.products), *((job.peaks,) if job.peaks else ())):
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o750)
    except OSError as error:
        raise NoRoom(f"{error.filename} cannot be made ({error.strerror}): make room, or give us the folder") from error


def _closed(file: RecordingFile) -> list[Segment]:
    return [segment for segment in file.segments if segment.state is SegmentState.CLOSED]
