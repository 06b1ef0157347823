"""Whether a WAV file is complete, by its head. Pure: knows the format, no file."""

import struct
from typing import Final

#: So much of a file is looked at: PBXs put little before the sound.
HEAD_BYTES: Final = 4096


def is_final(head: bytes, size_bytes: int) -> bool:
    """Whether the header's size of the sound is what the file holds after it; writers put it there when they close."""
    if head[:4] != b"RIFF" or head[8:12] != b"WAVE":
        return False
    at = 12
    while at + 8 <= len(head):
        name, length = struct.unpack_from("<4sI", head, at)
        if name == b"data":
            return bool(length > 0 and length == size_bytes - at - 8)
        at += 8 + length + length % 2
    return False
