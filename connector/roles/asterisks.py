"""What the capture role holds beside the drivers where there is an Asterisk: FastAGI, sounds, the dialplan's own files.

Without an Asterisk in the configuration nothing of it is loaded or opened.
"""

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from connector.network.clock import SystemClock
from connector.ports.pbx import Pbx
from connector.roles.adapters import left_behind, segment_source
from connector.services.adopting import Adopting, KnownPaths
from connector.services.answering import Answering
from connector.services.intake import Intake
from connector.settings import AsteriskSettings, Settings

if TYPE_CHECKING:
    from connector.pbx.asterisk.fastagi import FastAgi


class Asterisks:
    def __init__(
        self,
        settings: Settings,
        pbxs: Sequence[Pbx],
        intakes: Sequence[Intake],
        known_paths: KnownPaths,
        clock: SystemClock,
    ) -> None:
        self._settings = settings
        self._configured: Mapping[str, AsteriskSettings] = {
            name: pbx.asterisk for name, pbx in settings.pbx.items() if pbx.asterisk is not None
        }
        self._pbxs = [pbx for pbx in pbxs if pbx.name in self._configured]
        self._intakes = [intake for intake in intakes if intake.pbx_name in self._configured]
        self._known_paths = known_paths
        self._clock = clock
        self._door: FastAgi | None = None

    def troubles(self) -> list[str]:
        """Each with what to do."""
        return [self._door.trouble] if self._door is not None and self._door.trouble else []

    async def run(self) -> None:
        """Until cancelled; at once over when there is no Asterisk."""
        if not self._configured:
            return
        from connector.pbx.asterisk.driver import AsteriskPbx
        from connector.pbx.asterisk.fastagi import FastAgi
        from connector.roles.sounds import Sounds

        answering = Answering(self._intakes, self._clock)
        self._door = FastAgi(self._settings.capture.fastagi, answering.answer)
        sounds: list[Sounds] = []
        for pbx in self._pbxs:
            assert isinstance(pbx, AsteriskPbx)
            sounds.append(Sounds(pbx, self._configured[pbx.name], self._clock))
            pbx.player = sounds[-1].play
        sources = {
            name: segment_source(name, self._settings.pbx[name], self._state, self._clock) for name in self._configured
        }
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._door.run(), name="fastagi")
                for intake in self._intakes:
                    files = left_behind(self._settings.pbx[intake.pbx_name], sources[intake.pbx_name], self._clock)
                    if files is not None:
                        adopting = Adopting(intake, files, self._known_paths, self._clock)
                        tasks.create_task(adopting.run(), name=f"files left behind at {intake.pbx_name}")
        finally:
            for sound in sounds:
                await sound.close()
            for source in sources.values():
                await source.close()

    @property
    def _state(self) -> Path:
        return Path(self._settings.state)
