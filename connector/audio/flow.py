"""A program of one piece of work, from standard input to standard output: how it begins, writes and ends.

Knows no sound.
"""

import os
import signal
import sys
from collections.abc import Callable
from typing import BinaryIO

from connector.audio.encoder_process import NICENESS


class Outflow:
    """Where the bytes go: whoever writes cannot go back."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._at = 0

    def write(self, data: bytes | bytearray | memoryview) -> int:
        rest = memoryview(data).cast("B")
        size = len(rest)
        while rest:
            rest = rest[os.write(self._descriptor, rest) :]
        self._at += size
        return size

    def tell(self) -> int:
        return self._at

    def seekable(self) -> bool:
        return False


def flowing(done: str, work: Callable[[BinaryIO, Outflow], None]) -> None:
    """`done` is what is said not to have been, when it fails."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.nice(NICENESS)
    out = Outflow(os.dup(1))
    # Whatever a codec library prints must not get between what is written.
    os.dup2(2, 1)
    try:
        work(sys.stdin.buffer, out)
    except BrokenPipeError:
        os._exit(1)
    except Exception as error:  # the border of one piece of work
        sys.stderr.write(f"not {done}: {error}\n")
        sys.exit(1)
