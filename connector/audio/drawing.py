"""The program that draws the waveform of a stored stereo file while it comes: standard input to standard output, as
`peaks` has it. For where the one that was drawn with the file is out of reach. Knows no call and no file.
"""

import sys
from collections.abc import Iterable, Iterator
from typing import BinaryIO, Final

import numpy as np

from connector.audio.block import BLOCK_FRAMES, window_frames
from connector.audio.conversion import decoded, fitted, opened
from connector.audio.extremes import extremes
from connector.audio.flow import Outflow, flowing
from connector.audio.peaks import Peaks
from connector.audio.samples import Samples

_SIDES: Final = 2


def drawn(source: BinaryIO, out: Outflow, seconds: float, rate: int) -> None:
    """As long as it is said to be. ValueError for what is no sound, and where left and right are not apart."""
    with opened(source) as container:
        stream = container.streams.audio[0]
        count = stream.codec_context.channels
        if count != _SIDES:
            raise ValueError(f"left and right are wanted, it has {count} channels")
        frames, window = round(seconds * rate), window_frames(rate)
        peaks = Peaks(out.write, frames=frames, sample_rate=rate)
        pieces = fitted(decoded(container, stream, rate, count), frames, count)
        for block in _blocks(pieces, BLOCK_FRAMES, window):
            peaks.write(*(extremes(np.ascontiguousarray(block[:, side]), window) for side in range(_SIDES)))
        peaks.end()


def _blocks(pieces: Iterable[Samples], least: int, window: int) -> Iterator[Samples]:
    """Each of whole windows but the last one: a codec's own pieces end within them, and are small."""
    held: list[Samples] = []
    length = 0
    for piece in pieces:
        held.append(piece)
        length += len(piece)
        if length >= least:
            together = np.concatenate(held)
            whole = length // window * window
            yield together[:whole]
            held, length = [together[whole:]], length - whole
    if length:
        yield np.concatenate(held)


def main() -> None:
    """Its arguments are those of `conversion`: of format and channels there is nothing to choose."""
    _, seconds, rate, _ = sys.argv[1:5]
    flowing("drawn", lambda source, out: drawn(source, out, float(seconds), int(rate)))


if __name__ == "__main__":
    main()
