"""What uuid_record makes: how its words are read, and how its file comes about. Knows no socket.

Measured, and imitated here: without a limit the braces are taken for the limit, `+OK`, and silently mono; left = read;
time in the file is frames read on the recorded leg, so a hold leaves no gap and no time; masked = silence with the
time kept; paused = shorter; a limit counts in whole seconds of the clock; the file is closed before RECORD_STOP.
"""

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote

import numpy as np

from tests.freeswitch import sound
from tests.freeswitch.legs import Leg
from tests.freeswitch.sound import Members
from tests.freeswitch.voices import mixed, silence
from tests.freeswitch.wav_file import BUFFER_BYTES, KNOWN_EXTENSIONS, Disk, WavFile
from tests.pbx.noise import Samples


@dataclass(frozen=True, slots=True)
class Wish:
    """What stands behind `uuid_record <uuid> start`."""

    path: str
    limit_seconds: int = 0
    variables: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, words: list[str]) -> "Wish":
        """`words` from the path on. Braces in the limit's place are a limit of 0."""
        limit = _leading_number(words[1]) if len(words) > 1 else 0
        return cls(words[0], limit, _braced(words[2]) if len(words) > 2 else {})


def _leading_number(word: str) -> int:
    digits = ""
    for letter in word:
        if not letter.isdigit():
            break
        digits += letter
    return int(digits or 0)


def _braced(word: str) -> dict[str, str]:
    """Decoded before it is split, so that an escaped comma cuts a value short."""
    inner = unquote(word).strip()
    if not (inner.startswith("{") and "}" in inner):
        return {}
    pairs = (piece.partition("=") for piece in inner[1 : inner.rindex("}")].split(","))
    return {name.strip(): value for name, equals, value in pairs if equals}


class Recorder:
    """Raises OSError when its file cannot be made or its kind is unknown."""

    def __init__(self, leg: Leg, wish: Wish, disk: Disk, now: Callable[[], int], members: Members) -> None:
        self.leg, self.wish = leg, wish
        self.path = wish.path
        self.is_masked = self.is_paused = False
        self.cause = ""
        self._members = members
        self._limit_epoch = math.floor(time.time()) + wish.limit_seconds if wish.limit_seconds else None
        self._reads = not self._is_true("RECORD_WRITE_ONLY") or self._is_true("RECORD_READ_ONLY")
        self._writes = not self._is_true("RECORD_READ_ONLY")
        self._is_swapped = self._is_true("RECORD_STEREO_SWAP")
        self.is_stereo = self._is_true("RECORD_STEREO") or self._is_swapped
        self.rate = int(self._option("record_sample_rate") or leg.rate)
        path = Path(wish.path)
        if path.suffix not in KNOWN_EXTENSIONS:
            raise OSError(f"no format is known by {path.suffix!r}")
        self.file = WavFile(
            disk,
            path,
            self.rate,
            2 if self.is_stereo else 1,
            buffer_bytes=self._buffer_bytes(),
            append=self._is_true("RECORD_APPEND"),
        )
        # What is said while the disk makes the file is not in it.
        self._frame = now()

    @property
    def is_over(self) -> bool:
        """Its limit was reached."""
        return self._limit_epoch is not None and time.time() >= self._limit_epoch

    @property
    def seconds(self) -> float:
        return self.file.frames / self.rate

    @property
    def minimum_seconds(self) -> int:
        return int(self._option("RECORD_MIN_SEC") or 0)

    def advance(self, frame: int) -> None:
        """Write what was said since the last time; nothing may have changed meanwhile."""
        count, first, self._frame = frame - self._frame, self._frame, max(frame, self._frame)
        if count <= 0 or self.is_paused or not self._is_wanted():
            return
        samples = self._samples(first, count)
        if samples is not None:
            self.file.write(samples.tobytes())

    def _samples(self, first: int, count: int) -> Samples | None:
        heard = sound.hears(self.leg, first, count, self.rate, self._members) if self._writes else None
        if self._reads and not self.leg.is_reading:
            return None
        if not self._reads and heard is None:
            return None
        right = silence(count, self.rate) if heard is None else heard
        left = sound.says(self.leg, first, count, self.rate) if self._reads else silence(count, self.rate)
        if self.is_masked:
            left = right = silence(count, self.rate)
        if not self.is_stereo:
            return mixed(left, right) if self._reads and self._writes else (left if self._reads else right)
        sides = (right, left) if self._is_swapped else (left, right)
        return np.column_stack(sides)

    def _is_wanted(self) -> bool:
        if self._is_true("RECORD_ANSWER_REQ") and not self.leg.is_answered:
            return False
        return not self._is_true("RECORD_BRIDGE_REQ") or self.leg.peer is not None

    def _buffer_bytes(self) -> int:
        wanted = self._option("enable_file_write_buffering")
        if wanted.isdigit() and int(wanted) > 1:
            return int(wanted)
        return 0 if wanted.lower() in {"false", "no", "off", "0"} else BUFFER_BYTES

    def _option(self, name: str) -> str:
        """The command's own variables come before the channel's."""
        return self.wish.variables.get(name) or self.leg.text(name)

    def _is_true(self, name: str) -> bool:
        return self._option(name).lower() in {"true", "yes", "on", "1", "t"}
