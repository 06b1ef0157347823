"""The program of a workshop process: takes a request, does it, answers; ends when its parent is gone.

Standard input and output carry messages; whatever a codec library prints goes to standard error.
"""

import os
import queue
import signal
import sys
import threading
from importlib import import_module
from typing import Final

import msgspec

from connector.audio.messages import (
    ERRORS,
    LENGTH,
    TAKEN,
    Answer,
    DecodingWanted,
    RenderingWanted,
    Request,
    SharedOffset,
    SharedOffsetWanted,
    Steps,
    StepsWanted,
    Voices,
    VoicesWanted,
    framed,
    packed,
    request_of,
)
from connector.audio.rendering import rendered
from connector.audio.shared_sound import shared_offset, steps_between
from connector.audio.voices import voices
from connector.errors import BrokenAudio, ConnectorError

#: Encoding gives way to the capture of calls on the same machine.
NICENESS: Final = 5


def answered(request: Request) -> Answer:
    """The one border where everything is caught: a job that fails must not take the process with it."""
    try:
        return Answer(value=msgspec.Raw(packed(_done(request))))
    except ConnectorError as error:
        name = type(error).__name__
        return Answer(error=name if name in ERRORS else BrokenAudio.__name__, message=str(error))
    except Exception as error:
        message = (
            f"{_named(request)} could not be done ({type(error).__name__}: {error}): keep the sources and report it"
        )
        return Answer(error=BrokenAudio.__name__, message=message)


def main() -> None:
    # The parent decides when to end, also when a terminal sends Ctrl-C to the whole group.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.nice(NICENESS)
    answers = os.dup(1)
    os.dup2(2, 1)
    requests: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(requests, answers), name="requests", daemon=True).start()
    while True:
        request = request_of(requests.get())
        _write(answers, framed(answered(request)))


def _done(request: Request) -> object:
    match request:
        case SharedOffsetWanted(first, second, expected_frames, window_frames):
            return SharedOffset(shared_offset(first, second, expected_frames, window_frames))
        case StepsWanted(first, second, offset_frames, window_frames, frames):
            return Steps(steps_between(first, second, offset_frames, window_frames, frames))
        case RenderingWanted(job):
            return rendered(job)
        case VoicesWanted(source):
            return Voices(voices(source))
        case DecodingWanted(source, target):
            # Loads a codec library of 30 MB, which most of the processes never need.
            import_module("connector.audio.decoding").decoded(source, target)
            return None


def _named(request: Request) -> str:
    match request:
        case SharedOffsetWanted(first, second):
            return f"matching {second} with {first}"
        case StepsWanted(first, second):
            return f"following {second} beside {first}"
        case RenderingWanted(job):
            return f"rendering {', '.join(str(path) for path in job.sources.values())}"
        case VoicesWanted(source):
            return f"finding voice in {source}"
        case DecodingWanted(source):
            return f"decoding {source}"


def _listen(requests: "queue.SimpleQueue[bytes]", answers: int) -> None:
    while (size := _read(LENGTH.size)) and (content := _read(LENGTH.unpack(size)[0])):
        _write(answers, TAKEN)
        requests.put(content)
    # The parent is gone or wants no more, and nobody waits for what may be at hand.
    os._exit(0)


def _read(size: int) -> bytes:
    content = sys.stdin.buffer.read(size)
    return content if len(content) == size else b""


def _write(descriptor: int, content: bytes) -> None:
    while content:
        content = content[os.write(descriptor, content) :]


if __name__ == "__main__":
    main()
