"""LAME by its own interface, out of the library that lameenc brings. Samples in, MP3 out; knows no file.

lameenc's class sets neither how the channels are coded nor gives what belongs at a file's beginning: decision 31.
"""

import ctypes
from ctypes import CFUNCTYPE, c_int, c_size_t, c_void_p
from typing import Any, Final

import lameenc
import numpy as np

from connector.audio.samples import SAMPLE, Samples

#: LAME's scale from 0 (best) to 9, for how hard it looks: docs/decisions/0010.
_EFFORT: Final = 7
#: Each channel coded alone: nobody is heard on the other side, and nothing looks for what both have in common.
_CHANNELS_APART: Final = 0
#: The room that LAME wants for what it writes: for each frame, and beside it.
_ROOM_PER_FRAME: Final = 1.25
_ROOM_BESIDE: Final = 7200

_LIBRARY: Final = ctypes.CDLL(lameenc.__file__)


def _named(name: str, *takes: Any, gives: Any = c_int) -> Any:
    return CFUNCTYPE(gives, *takes)((f"lame_{name}", _LIBRARY))


_init = _named("init", gives=c_void_p)
_init_params = _named("init_params", c_void_p)
_close = _named("close", c_void_p)
_encode_one = _named("encode_buffer", c_void_p, c_void_p, c_void_p, c_int, c_void_p, c_int)
_encode_two = _named("encode_buffer_interleaved", c_void_p, c_void_p, c_int, c_void_p, c_int)
_flush = _named("encode_flush", c_void_p, c_void_p, c_int)
_head = _named("get_lametag_frame", c_void_p, c_void_p, c_size_t, gives=c_size_t)
_SET: Final = {
    name: _named(f"set_{name}", c_void_p, c_int)
    for name in (
        "num_channels",
        "in_samplerate",
        "out_samplerate",
        "quality",
        "mode",
        "brate",
        "bWriteVbrTag",
    )
}
_SILENT: Final = [_named(f"set_{name}", c_void_p, c_void_p) for name in ("errorf", "debugf", "msgf")]


class Lame:
    """One file's encoder, of one or two channels and a constant bitrate."""

    def __init__(self, *, channels: int, sample_rate: int, bitrate: int, has_head: bool) -> None:
        """With a head the first bytes that come are kept free for it."""
        self._channels = channels
        self._room = ctypes.create_string_buffer(_ROOM_BESIDE)
        self._encoder: int | None = _init()
        if not self._encoder:
            raise MemoryError("LAME has no room for an encoder")
        try:
            self._set_up(sample_rate, bitrate, has_head=has_head)
        except BaseException:
            self.close()
            raise

    def _set_up(self, sample_rate: int, bitrate: int, *, has_head: bool) -> None:
        for silent in _SILENT:
            silent(self._encoder, None)
        settings = {"num_channels": self._channels, "in_samplerate": sample_rate, "out_samplerate": sample_rate}
        settings |= {"quality": _EFFORT, "brate": bitrate, "bWriteVbrTag": int(has_head)}
        settings |= {"mode": _CHANNELS_APART} if self._channels == 2 else {}
        for name, value in settings.items():
            self._checked(_SET[name](self._encoder, value))
        self._checked(_init_params(self._encoder))

    def encode(self, samples: Samples) -> memoryview:
        """Good until the next call."""
        samples = np.ascontiguousarray(samples, SAMPLE)
        frames, rest = divmod(samples.size, self._channels)
        if rest or len(samples) != frames:
            raise ValueError(f"samples of the shape {samples.shape} are not of {self._channels} channels")
        at = samples.ctypes.data
        wanted = int(_ROOM_PER_FRAME * frames) + _ROOM_BESIDE
        if len(self._room) < wanted:
            self._room = ctypes.create_string_buffer(wanted)
        if self._channels == 1:
            return self._filled(_encode_one(self._encoder, at, at, frames, self._room, len(self._room)))
        return self._filled(_encode_two(self._encoder, at, frames, self._room, len(self._room)))

    def flush(self) -> memoryview:
        """No more samples. Good until the next call."""
        return self._filled(_flush(self._encoder, self._room, len(self._room)))

    def head(self) -> memoryview:
        """After the end: how long it is and what the encoder has added, to be written where the first bytes were.
        Empty where a frame of that bitrate is too small for it."""
        return self._filled(_head(self._encoder, self._room, len(self._room)))

    def close(self) -> None:
        """May be called twice."""
        encoder, self._encoder = self._encoder, None
        if encoder:
            _close(encoder)

    def _filled(self, size: int) -> memoryview:
        return memoryview(self._room)[: self._checked(size)]

    @staticmethod
    def _checked(answer: int) -> int:
        if answer < 0:
            raise RuntimeError(f"LAME refuses what it was given ({answer})")
        return answer
