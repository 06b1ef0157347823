"""Files of the dialplan's own recorders whose calls came and went without us: what their names and notes tell.

How they are named and what lies beside them stands in dialplan/asterisk/callreel.conf. Knows no catalogue.
"""

import asyncio
from collections.abc import Collection, Mapping
from contextlib import suppress
from pathlib import Path

from connector.domain.events import RecorderFound, Stamped
from connector.domain.ids import Moment
from connector.pbx.asterisk.channel_names import device, dialled_number
from connector.pbx.asterisk.must_files import NOTES, PREFIX, MustFile, must_file
from connector.ports.clock import Clock
from connector.ports.segment_source import SegmentSource

_YOUNG_SECONDS = 10.0
_NOTE_BYTES = 4096
#: A file that was changed so much later has been touched or copied.
_LONGEST_RINGING_SECONDS = 600.0


class LeftByDialplan:
    """Implements ports.left_behind.LeftBehind. `shared`: the spool where we see it ourselves; through ARI there are no
    notes."""

    def __init__(self, source: SegmentSource, shared: Path | None, clock: Clock) -> None:
        self._source = source
        self._shared = shared
        self._clock = clock

    async def found(self, known: Collection[str]) -> list[Stamped]:
        lying = await self._source.known()
        await asyncio.to_thread(self._tidy, lying, known)
        named = [(path, must_file(path)) for path in lying if path not in known]
        told = [await self._told(path, file) for path, file in named if file is not None and not self._is_young(file)]
        return [stamped for stamped in told if stamped is not None]

    async def _told(self, path: str, file: MustFile) -> Stamped | None:
        """None for a file without a sound: of a phone that rings, or that nobody answered."""
        place = await self._source.collect(path)
        seconds, notes = await asyncio.to_thread(lambda: (_seconds(place, file.sample_rate), self._notes(file)))
        if not seconds:
            return None
        began = await asyncio.to_thread(self._began, place, file, seconds)
        found = RecorderFound(
            channel=file.channel,
            linked=file.linked,
            path=path,
            sample_rate=file.sample_rate,
            heard=file.heard,
            ended_at=began + seconds,
            number=_number(notes),
            device=device(notes.get("channel", "")),
            dialled=notes.get("dialled", ""),
            context=notes.get("context", ""),
        )
        return Stamped(at=began, event=found)

    def _began(self, place: Path, file: MustFile, seconds: float) -> Moment:
        """A recorder starts while the phone rings, its file waits until there is sound: its end is known better."""
        rang_seconds = place.stat().st_mtime - seconds - file.started_at
        is_sure = self._shared is not None and 0.0 < rang_seconds < _LONGEST_RINGING_SECONDS
        return file.started_at + rang_seconds if is_sure else file.started_at

    def _notes(self, file: MustFile) -> dict[str, str]:
        if self._shared is None:
            return {}
        with suppress(OSError):
            with (self._shared / file.notes).open("rb") as notes:
                text = notes.read(_NOTE_BYTES).decode("utf-8", "replace")
            pairs = (line.partition("=") for line in text.splitlines())
            return {name: value for name, _, value in pairs}
        return {}

    def _tidy(self, lying: Collection[str], known: Collection[str]) -> None:
        """Notes whose recorder's file is known, or gone, have done their duty."""
        if self._shared is None:
            return
        needed = {file.notes for path in lying if path not in known and (file := must_file(path)) is not None}
        for notes in self._shared.glob(f"{PREFIX}*{NOTES}"):
            file = must_file(f"{notes.stem}.wav")
            if file is not None and notes.name not in needed and not self._is_young(file):
                with suppress(OSError):
                    notes.unlink()

    def _is_young(self, file: MustFile) -> bool:
        """It may be one whose channel is only now being told of."""
        return self._clock.now() - file.started_at <= _YOUNG_SECONDS


def _number(notes: Mapping[str, str]) -> str:
    """Who was dialled has in `number` what the caller had dialled, which may be a queue."""
    told, peer = notes.get("number", ""), notes.get("peer", "")
    return dialled_number(peer, notes.get("channel", ""), told) if peer else told


def _seconds(place: Path, sample_rate: int) -> float:
    """By the file's length, whatever its header says: its writer may have died."""
    return max(0, place.stat().st_size - 44) / 2 / sample_rate
