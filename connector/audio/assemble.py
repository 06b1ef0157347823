"""Obeys an assembly plan in one pass and bounded memory: pieces of files become blocks of the plan's rows.

Knows files and frames; what the rows mean and what becomes of the blocks is not its business.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from connector.audio.block import Block, block_frames
from connector.audio.samples import SAMPLE, Samples, clipped
from connector.audio.voice import Voice, sounding_frames, voice_of
from connector.audio.wav import wav_layout
from connector.domain.assembly import AssemblyPlan, Blank, Piece
from connector.errors import BrokenAudio


def assembled(plan: AssemblyPlan, sources: Mapping[str, Path]) -> Iterator[Block]:
    """The plan's sound in blocks, each good until the next one is asked for. Raises BrokenAudio when a source does not
    hold what the plan wants of it, SourceMissing when it is gone; before the first block where that can be known."""
    for piece in plan.pieces:
        _check(piece, sources)
    capacity = min(block_frames(plan.sample_rate), max(1, plan.frames))
    block = Block(capacity, plan.sides)
    tracks = [_Track(plan, row, sources) for row in range(len(plan.sides))]
    try:
        for start in range(0, plan.frames, capacity):
            block.begin(min(capacity, plan.frames - start))
            for track, row in zip(tracks, block.rows, strict=True):
                track.fill(start, row)
            _silence(plan.blanks, start, block)
            yield block
    finally:
        for track in tracks:
            track.close()


def _check(piece: Piece, sources: Mapping[str, Path]) -> None:
    path = sources.get(piece.source)
    if path is None:
        raise BrokenAudio(f"source {piece.source!r} of the plan has no file: collect it first")
    if min(piece.source_frame, piece.frames, piece.at_frame) < 0:
        raise BrokenAudio(f"a piece of {path} lies before the beginning: plan again")
    layout = wav_layout(path)
    if layout.sample_rate != piece.source_rate:
        raise BrokenAudio(f"{path} has {layout.sample_rate} Hz, not {piece.source_rate} as planned: survey it again")
    if layout.frames < piece.source_frame + piece.frames:
        raise BrokenAudio(
            f"{path} holds {layout.frames} frames, the plan wants {piece.source_frame + piece.frames}: survey it again"
        )


def _silence(blanks: tuple[Blank, ...], start: int, block: Block) -> None:
    for blank in blanks:
        first, last = max(0, blank.start_frame - start), min(len(block), blank.end_frame - start)
        if first < last:
            for row in block.rows:
                row[first:last] = 0


@dataclass(slots=True)
class _Sounding:
    piece: Piece
    path: Path
    end_frame: int
    voice: Voice | None = None

    def read_into(self, start: int, out: Samples, sample_rate: int) -> slice:
        """Fill the part of `out`, which begins at `start`, where the piece sounds; returns which part that is."""
        if self.voice is None:
            self.voice = voice_of(self.piece, self.path, sample_rate)
        part = self.part(start, len(out))
        self.voice.read_into(start + part.start - self.piece.at_frame, out[part])
        return part

    def part(self, start: int, frames: int) -> slice:
        return slice(max(0, self.piece.at_frame - start), min(frames, self.end_frame - start))

    def close(self) -> None:
        if self.voice is not None:
            self.voice.close()
            self.voice = None


class _Track:
    """One row: its pieces by the time they begin, those that sound now with an open file."""

    def __init__(self, plan: AssemblyPlan, row: int, sources: Mapping[str, Path]) -> None:
        self._sample_rate = plan.sample_rate
        pieces = sorted((p for p in plan.pieces if p.row == row and p.frames), key=lambda piece: piece.at_frame)
        self._waiting = [
            _Sounding(p, sources[p.source], p.at_frame + sounding_frames(p, plan.sample_rate)) for p in reversed(pieces)
        ]
        self._sounding: list[_Sounding] = []

    def fill(self, start: int, out: Samples) -> None:
        while self._waiting and self._waiting[-1].piece.at_frame < start + len(out):
            self._sounding.append(self._waiting.pop())
        if self._is_one_at_a_time():
            self._fill_in_turn(start, out)
        else:
            self._fill_mixed(start, out)
        self._let_go(start + len(out))

    def close(self) -> None:
        for sounding in self._sounding:
            sounding.close()

    def _is_one_at_a_time(self) -> bool:
        return all(a.end_frame <= b.piece.at_frame for a, b in zip(self._sounding, self._sounding[1:], strict=False))

    def _fill_in_turn(self, start: int, out: Samples) -> None:
        done = 0
        for sounding in self._sounding:
            out[done : sounding.part(start, len(out)).start] = 0
            done = sounding.read_into(start, out, self._sample_rate).stop
        out[done:] = 0

    def _fill_mixed(self, start: int, out: Samples) -> None:
        # The sum is cut to 16 bit once, at the end: cutting after each addition would depend on the order.
        sums, scratch = np.zeros(len(out), np.int32), np.empty(len(out), SAMPLE)
        for sounding in self._sounding:
            part = sounding.read_into(start, scratch, self._sample_rate)
            sums[part] += scratch[part]
        out[:] = clipped(sums)

    def _let_go(self, end: int) -> None:
        for sounding in self._sounding:
            if sounding.end_frame <= end:
                sounding.close()
        self._sounding = [sounding for sounding in self._sounding if sounding.end_frame > end]
