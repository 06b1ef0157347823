"""RTP of many calls: one thread sends every frame at its time and reads what came, so that a hundred calls cost little.

Knows packets and sockets; whose they are and what they say is told to it.
"""

import collections
import contextlib
import gc
import os
import random
import socket
import struct
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tests.pbx.noise import Codes
from tests.pbx.sip import DIGITS
from tests.pbx.sounds import FRAMES_PER_SECOND, Coding, Sound

TICK_SECONDS: Final = 0.005
TICKS_PER_FRAME: Final = 4
#: What came waits in the kernel, which stamps it; it is fetched every 100 ms.
TICKS_PER_FETCH: Final = 20
_LOCK_SECONDS: Final = 0.0002
_USUAL_LOCK_SECONDS: Final = sys.getswitchinterval()
_HEADER: Final = struct.Struct(">BBHII")
_STAMP: Final = struct.Struct("qq")
#: SO_TIMESTAMPNS; the socket module has no name for it.
_STAMPS: Final = 35
_EVENTS: Final = "0123456789*#ABCD"


@dataclass(frozen=True, slots=True)
class Heard:
    """What came, in the order it came."""

    #: Wall clock of each frame's arrival.
    times: NDArray[np.float64]
    sequences: NDArray[np.int64]
    #: All frames' sound, one behind the other.
    codes: Codes


@dataclass(slots=True)
class Span:
    """Frames of one sound that were sent without a pause: half-open, counted from the stream's begin."""

    sound: Sound
    first: int
    end: int


class RtpStream:
    """One leg's sound, both ways. Frames are counted from the answer on, whether they are sent or not."""

    def __init__(self, sound: Sound, *, sequence: int | None = None) -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setblocking(False)
        self.socket.setsockopt(socket.SOL_SOCKET, _STAMPS, 1)
        self.socket.bind(("127.0.0.1", 0))
        self.port: int = self.socket.getsockname()[1]
        #: Of the frame sent last.
        self.sequence = random.randrange(1 << 16) if sequence is None else (sequence - 1) % (1 << 16)
        self.phase = random.randrange(TICKS_PER_FRAME)
        self.coding: Coding | None = None
        self.may_send = True
        #: Wall clock of frame 0.
        self.began: float | None = None
        self.said: list[Span] = []
        self.heard_first: Callable[[], None] | None = None
        self._frame = 0
        #: Replaced as one, so that neither thread has to wait for the other.
        self._speech: tuple[Sound, collections.deque[bytes | None]] = (sound, collections.deque())
        self._digits: collections.deque[list[bytes]] = collections.deque()
        self._timestamp = random.getrandbits(32)
        self._digit_began = 0
        self._source = random.getrandbits(32)
        self._received: list[tuple[bytes, bytes]] = []
        self._fetching = threading.Lock()

    @property
    def sound(self) -> Sound:
        return self._speech[0]

    @sound.setter
    def sound(self, sound: Sound) -> None:
        self._speech = (sound, collections.deque())

    def connect(self, host: str, port: int, coding: Coding) -> None:
        self.coding = coding
        self.socket.connect((host, port))

    def press(self, digit: str, *, frames: int = 5, pause_frames: int = 3) -> None:
        """A key as RFC 4733 says it; further ones wait for their turn."""
        event = _EVENTS.index(digit)
        packets = [[struct.pack(">BBH", event, 10, 160 * (number + 1))] for number in range(frames)]
        packets[-1] += [struct.pack(">BBH", event, 0x80 | 10, 160 * frames)] * 3
        self._digits.extend([*packets, *([[]] * pause_frames)])

    def packets_heard(self) -> int:
        self.fetch()
        return len(self._received)

    def heard(self, since: int = 0) -> Heard:
        """All sound since that packet; keys left out."""
        self.fetch()
        assert self.coding is not None, "nothing was agreed on yet"
        times, sequences, payloads = [], [], []
        for data, stamp in self._received[since:]:
            _, kind, sequence, _, _ = _HEADER.unpack_from(data)
            if kind & 0x7F == self.coding.payload and len(data) == _HEADER.size + self.coding.size:
                seconds, nanoseconds = _STAMP.unpack(stamp)
                times.append(seconds + nanoseconds / 1e9)
                sequences.append(sequence)
                payloads.append(data[_HEADER.size :])
        codes = self.coding.codes_of(b"".join(payloads))
        return Heard(np.array(times), np.array(sequences, np.int64), codes)

    def send(self, at: float) -> None:
        """The next frame, due at that time."""
        coding = self.coding
        assert coding is not None
        if self.began is None:
            self.began = at
        frame = self._frame
        self._frame = frame + 1
        self._timestamp = (self._timestamp + coding.ticks) & 0xFFFFFFFF
        sound, ready = self._speech
        if not ready:
            ready.extend(sound.frames(frame, FRAMES_PER_SECOND - frame % FRAMES_PER_SECOND, coding))
        payload = ready.popleft()
        if not self.may_send:
            return
        if self._digits:
            self._send_digit(self._digits.popleft())
        elif payload is not None:
            self._send(coding.payload, payload, self._timestamp)
            self._note(frame, sound)

    def fetch(self) -> None:
        """Take what the kernel holds."""
        receive, take = self.socket.recvmsg, self._received.append
        with self._fetching:
            try:
                while True:
                    data, ancillary, _, _ = receive(2048, 64)
                    take((data, ancillary[0][2]))
            except OSError:
                pass
        if self._received and self.heard_first is not None:
            self.heard_first()
            self.heard_first = None

    def heard_digits(self) -> str:
        """The keys that came, each once."""
        begun: dict[int, str] = {}
        for data, _ in tuple(self._received):
            _, kind, _, timestamp, _ = _HEADER.unpack_from(data)
            if kind & 0x7F == DIGITS:
                begun.setdefault(timestamp, _EVENTS[data[_HEADER.size] % len(_EVENTS)])
        return "".join(begun.values())

    def _send_digit(self, packets: list[bytes]) -> None:
        for packet in packets:
            is_first = packet[1] < 0x80 and packet[2:] == b"\x00\xa0"
            if is_first:
                self._digit_began = self._timestamp
            self._send(DIGITS, packet, self._digit_began, 0x80 if is_first else 0)

    def _send(self, kind: int, payload: bytes, timestamp: int, mark: int = 0) -> None:
        self.sequence = (self.sequence + 1) & 0xFFFF
        header = _HEADER.pack(0x80, kind | mark, self.sequence, timestamp, self._source)
        try:
            self.socket.send(header + payload)
        except OSError:
            # The PBX may be gone; that is the test's business.
            return

    def _note(self, frame: int, sound: Sound) -> None:
        last = self.said[-1] if self.said else None
        if last is not None and last.end == frame and last.sound is sound:
            last.end = frame + 1
        else:
            self.said.append(Span(sound, frame, frame + 1))


class Media(threading.Thread):
    """The one thread. Streams are sent from add() to remove()."""

    def __init__(self) -> None:
        super().__init__(name="media", daemon=True)
        #: How far behind its time a tick ever was.
        self.late_seconds = 0.0
        self._streams: list[RtpStream] = []
        #: Which are due at each tick of a frame, which are fetched at each tick of a fetch.
        self._sent: list[list[RtpStream]] = [[] for _ in range(TICKS_PER_FRAME)]
        self._fetched: list[list[RtpStream]] = [[] for _ in range(TICKS_PER_FETCH)]
        self._lock = threading.Lock()
        self._is_over = threading.Event()

    def add(self, stream: RtpStream) -> None:
        with self._lock:
            if stream not in self._streams:
                self._streams.append(stream)
                self._share_out()

    def remove(self, stream: RtpStream) -> None:
        """When this returns the thread does not touch it any more."""
        with self._lock:
            if stream in self._streams:
                self._streams.remove(stream)
                self._share_out()

    def run(self) -> None:
        # Each send gives the interpreter's lock away, and waits this long for it when the other thread is busy.
        sys.setswitchinterval(_LOCK_SECONDS)
        _hurry()
        tick = round(time.time() / TICK_SECONDS)
        while not self._is_over.is_set():
            tick += 1
            at = tick * TICK_SECONDS
            wait = at - time.time()
            if wait > 0:
                time.sleep(wait)
            else:
                self.late_seconds = max(self.late_seconds, -wait)
            with self._lock:
                for stream in self._sent[tick % TICKS_PER_FRAME]:
                    stream.send(at)
                for stream in self._fetched[tick % TICKS_PER_FETCH]:
                    stream.fetch()

    def close(self) -> None:
        self._is_over.set()
        self.join()
        gc.enable()
        sys.setswitchinterval(_USUAL_LOCK_SECONDS)

    def _share_out(self) -> None:
        # It stops all threads, for a tenth of a second when many packets are kept.
        if self._streams:
            gc.disable()
        else:
            gc.enable()
        for phase, due in enumerate(self._sent):
            due[:] = [stream for stream in self._streams if stream.phase == phase]
        for turn, due in enumerate(self._fetched):
            due[:] = self._streams[turn::TICKS_PER_FETCH]


def _hurry() -> None:
    """Late frames would be the rig's fault, not the PBX's: this thread goes before all else on the machine, where it
    may."""
    with contextlib.suppress(PermissionError):
        os.sched_setscheduler(threading.get_native_id(), os.SCHED_RR | os.SCHED_RESET_ON_FORK, os.sched_param(1))
