"""A piece of some channels of a sound as a WAV file of its own, beside the sound for as long as it is needed. Knows no
engine.

Always WAV, for some servers of the kind read nothing else; and no library is needed to make it.
"""

import asyncio
import os
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from connector.audio.wav import WavLayout, wav_layout
from connector.audio.wav_header import RIFF_LIMIT_BYTES, wav_header
from connector.errors import BrokenAudio, NoRoom
from connector.ports.transcriber import ChannelSound
from connector.transcription.pieces import Piece

_AT_ONCE_FRAMES: Final = 32_768


@dataclass(frozen=True, slots=True)
class SoundFile:
    path: Path
    size_bytes: int


async def whole_file(sound: ChannelSound) -> SoundFile:
    """As it lies there. BrokenAudio when it is no such sound."""
    await asyncio.to_thread(_checked_layout, sound)
    return SoundFile(sound.path, sound.path.stat().st_size)


@asynccontextmanager
async def channel_file(sound: ChannelSound, channels: Sequence[int], piece: Piece) -> AsyncIterator[SoundFile]:
    """Those channels in that order. BrokenAudio when it is no such sound, NoRoom when there is none for it."""
    path = await asyncio.to_thread(_empty_file, sound.path)
    try:
        yield SoundFile(path, await asyncio.to_thread(_fill, path, sound, channels, piece))
    finally:
        path.unlink(missing_ok=True)


def _empty_file(beside: Path) -> Path:
    try:
        descriptor, name = tempfile.mkstemp(dir=beside.parent, prefix=f".{beside.stem}-", suffix=".wav")
    except OSError as error:
        raise _no_room(beside, error) from error
    os.close(descriptor)
    return Path(name)


def _fill(path: Path, sound: ChannelSound, channels: Sequence[int], piece: Piece) -> int:
    """Its size. In a thread, which may go on when nobody waits any more: a file that was removed is not made again."""
    layout = _checked_layout(sound)
    first, end = (min(layout.frames, round(seconds * layout.sample_rate)) for seconds in piece)
    header = wav_header(
        channels=len(channels),
        sample_rate=layout.sample_rate,
        frames=end - first,
        tail_bytes=0,
        riff_limit=RIFF_LIMIT_BYTES,
    )
    try:
        with sound.path.open("rb") as source, path.open("r+b") as target:
            target.write(header)
            source.seek(layout.data_offset + 2 * layout.channels * first)
            for begin in range(first, end, _AT_ONCE_FRAMES):
                interleaved = source.read(2 * layout.channels * min(_AT_ONCE_FRAMES, end - begin))
                target.write(_chosen(interleaved, layout.channels, channels))
            return target.tell()
    except OSError as error:
        raise _no_room(sound.path, error) from error


def _checked_layout(sound: ChannelSound) -> WavLayout:
    layout = wav_layout(sound.path)
    if (layout.channels, layout.sample_rate) != (len(sound.voices), sound.sample_rate):
        raise BrokenAudio(
            f"{sound.path} holds {layout.channels} channels at {layout.sample_rate} Hz"
            f" instead of {len(sound.voices)} at {sound.sample_rate} Hz: have it made again"
        )
    return layout


def _chosen(interleaved: bytes, width: int, channels: Sequence[int]) -> memoryview:
    samples = memoryview(interleaved).cast("h")
    chosen = memoryview(bytearray(len(samples) // width * len(channels) * 2)).cast("h")
    for place, channel in enumerate(channels):
        chosen[place :: len(channels)] = samples[channel::width]
    return chosen.cast("B")


def _no_room(sound: Path, error: OSError) -> NoRoom:
    return NoRoom(f"no file can be made beside {sound} ({error.strerror}): make room, or give its folder back")
