"""A job done in one pass: the plan's blocks go to every sink, the meters and the peaks; all files appear together.

Knows which parts a job needs; sound, formats and files are theirs.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from connector.audio.artefact_file import ArtefactFile, Fingerprint
from connector.audio.assemble import assembled
from connector.audio.block import Block, window_frames
from connector.audio.encode import Sink, sink_for
from connector.audio.extremes import extremes
from connector.audio.levels import LevelMeter
from connector.audio.peaks import PeaksFile
from connector.domain.call import Side
from connector.errors import BrokenAudio, SourceMissing
from connector.ports.workshop import Job, Made, Product, Result


def rendered(job: Job) -> Result:
    """Raises BrokenAudio or NoRoom, and then no file of the job has appeared."""
    if job.plan.frames <= 0:
        raise BrokenAudio("the plan has no frame: there is nothing to render")
    try:
        with _Workbench(job) as workbench:
            for block in assembled(job.plan, job.sources):
                workbench.take(block)
            return workbench.result()
    except SourceMissing as error:
        raise BrokenAudio(str(error)) from error


class _Workbench:
    def __init__(self, job: Job) -> None:
        self._job = job
        self._window = window_frames(job.plan.sample_rate)
        self._meters = LevelMeter(Side.LEFT), LevelMeter(Side.RIGHT)
        self._sinks: list[tuple[Product, Sink]] = []
        self._peaks: PeaksFile | None = None
        self._leaving = ExitStack()

    def __enter__(self) -> "_Workbench":
        with ExitStack() as opened:
            for product in self._job.products:
                sink = opened.enter_context(_open_sink(product, self._job))
                self._sinks.append((product, sink))
            if self._job.peaks is not None:
                plan = self._job.plan
                self._peaks = PeaksFile(self._job.peaks, frames=plan.frames, sample_rate=plan.sample_rate)
                opened.callback(self._peaks.file.discard)
            self._leaving = opened.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._leaving.close()

    def take(self, block: Block) -> None:
        left, right = extremes(block.left, self._window), extremes(block.right, self._window)
        self._meters[0].hear(block.left, left)
        self._meters[1].hear(block.right, right)
        if self._peaks is not None:
            self._peaks.write(left, right)
        for product, sink in self._sinks:
            sink.write(block.of(product.kind))

    def result(self) -> Result:
        """Finish every file first, and only then let them appear."""
        for _, sink in self._sinks:
            sink.end()
        made = tuple(self._made(product, sink, sink.file.finish()) for product, sink in self._sinks)
        if self._peaks is not None:
            self._peaks.end()
            self._peaks.file.finish()
        for file in self._files():
            file.appear()
        return Result(made=made, levels=tuple(meter.levels() for meter in self._meters))

    def _files(self) -> list[ArtefactFile]:
        peaks = [] if self._peaks is None else [self._peaks.file]
        return [sink.file for _, sink in self._sinks] + peaks

    def _made(self, product: Product, sink: Sink, fingerprint: Fingerprint) -> Made:
        return Made(
            kind=product.kind,
            format=product.format,
            path=product.path,
            size_bytes=fingerprint.size_bytes,
            md5=fingerprint.md5,
            sha256=fingerprint.sha256,
            duration_seconds=self._job.plan.frames / self._job.plan.sample_rate,
            sample_rate=sink.sample_rate,
        )


@contextmanager
def _open_sink(product: Product, job: Job) -> Iterator[Sink]:
    sink = sink_for(product, job.plan, job.tags)
    try:
        yield sink
    finally:
        try:
            sink.close()
        finally:
            sink.file.discard()
