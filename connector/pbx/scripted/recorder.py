"""One recorder of the scripted PBX: writes what it hears of its channel, tick by tick, as time goes on."""

import hashlib
from collections import deque
from dataclasses import dataclass

from connector.domain.ids import SegmentId
from connector.domain.pbx_commands import StartRecorder
from connector.domain.recording import Heard
from connector.pbx.scripted.sound import fitted, silence, tick_bytes
from connector.pbx.scripted.stage import Stage
from connector.pbx.scripted.wav_file import WavFile


@dataclass(frozen=True, slots=True, kw_only=True)
class Flush:
    """At the end of `tick` the file wanted to grow."""

    tick: int
    frames: int
    is_written: bool


class Recorder:
    """Time stands still while neither direction of the channel carries sound; muting writes silence."""

    def __init__(
        self, command: StartRecorder, stage: Stage, first_tick: int, file: WavFile | None, lag_ticks: int = 0
    ) -> None:
        self.command = command
        self.is_muted = False
        #: Somebody was told that it does not grow.
        self.is_reported = False
        #: When it is to be looked at next; None = not before something changes.
        self.check_tick: int | None = None
        self._stage = stage
        self._next_tick = first_tick
        self._file = file
        lag = lag_ticks if command.heard is Heard.TX else 0
        self._delayed = deque([silence(command.sample_rate)] * lag)

    @property
    def next_flush_tick(self) -> int | None:
        """When the buffer is full if sound runs as now; None when it does not run."""
        if self._file is None or not self._stage.carries(self.command.channel, self._next_tick):
            return None
        return self._next_tick + -(-self._file.bytes_until_flush // tick_bytes(self.command.sample_rate))

    def stick(self) -> None:
        if self._file is not None:
            self._file.stick()

    def advance(self, tick: int) -> list[Flush]:
        """Write all ticks before `tick`, as the stage is now."""
        flushes: list[Flush] = []
        while self._next_tick < tick:
            flushes += self._write(self._next_tick)
            self._next_tick += 1
        return flushes

    def close(self) -> None:
        if self._file is not None:
            self._file.close()

    def abandon(self) -> None:
        if self._file is not None:
            self._file.abandon()

    def _write(self, tick: int) -> list[Flush]:
        channel, rate = self.command.channel, self.command.sample_rate
        if self._file is None or not self._stage.carries(channel, tick):
            return []
        sound = self._stage.said if self.command.heard is Heard.RX else self._stage.heard
        phone = self._stage.phone(channel)
        assert phone is not None
        self._delayed.append(fitted(sound(channel, tick), phone.created.sample_rate, rate))
        samples = self._delayed.popleft()
        written = self._file.write(silence(rate) if self.is_muted else samples)
        return [Flush(tick=tick, frames=self._file.frames, is_written=is_written) for is_written in written]


def own_lag_ticks(segment: SegmentId) -> int:
    """0 or 1, at random but the same whenever asked: how late this recorder's tx is."""
    return hashlib.sha256(segment.encode()).digest()[0] & 1
