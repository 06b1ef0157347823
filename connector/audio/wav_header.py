"""Writing WAV files: the bytes before and behind the sound. Knows the length before it begins.

Header, sound, INFO tags: with one or two channels, readers that take the first 44 bytes for the header are right.
Beyond 4 GiB it is RF64 with a ds64 chunk (EBU Tech 3306), which stands at once: nothing is patched, so what is written
can be hashed as it goes.
"""

import struct
from collections.abc import Mapping
from typing import Final

#: The largest size that a RIFF file can say.
RIFF_LIMIT_BYTES: Final = 0xFFFFFFFF
#: KSDATAFORMAT_SUBTYPE_PCM.
_PCM_GUID: Final = bytes.fromhex("0100000000001000800000aa00389b71")


def wav_header(*, channels: int, sample_rate: int, frames: int, tail_bytes: int, riff_limit: int) -> bytes:
    """All bytes before the first sample; `tail_bytes` follow behind the last one."""
    width = 2 * channels
    sound = frames * width
    form = _form(channels, sample_rate, width)
    riff = 4 + len(form) + 8 + sound + tail_bytes
    if riff <= riff_limit:
        return struct.pack("<4sI4s", b"RIFF", riff, b"WAVE") + form + struct.pack("<4sI", b"data", sound)
    long_sizes = struct.pack("<4sIQQQI", b"ds64", 28, riff + 36, sound, frames, 0)
    unsaid = RIFF_LIMIT_BYTES
    return struct.pack("<4sI4s", b"RF64", unsaid, b"WAVE") + long_sizes + form + struct.pack("<4sI", b"data", unsaid)


def _form(channels: int, sample_rate: int, width: int) -> bytes:
    rates = struct.pack("<HIIHH", channels, sample_rate, sample_rate * width, width, 16)
    if channels <= 2:
        return struct.pack("<4sIH", b"fmt ", 16, 1) + rates
    # WAVE_FORMAT_EXTENSIBLE without speaker positions: a player must not take the fourth of six people for a subwoofer.
    return struct.pack("<4sIH", b"fmt ", 40, 0xFFFE) + rates + struct.pack("<HHI", 22, 16, 0) + _PCM_GUID


def info_chunk(fields: Mapping[str, str]) -> bytes:
    """A LIST chunk of INFO fields by their four-letter names; b"" without any."""
    if not fields:
        return b""
    content = b"INFO" + b"".join(_field(name, text) for name, text in fields.items())
    return struct.pack("<4sI", b"LIST", len(content)) + content


def _field(name: str, text: str) -> bytes:
    content = text.encode() + b"\0"
    return struct.pack("<4sI", name.encode("ascii"), len(content)) + content + b"\0" * (len(content) % 2)
