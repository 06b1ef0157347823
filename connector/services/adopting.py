"""Brings what the dialplan recorded without us to the Director: files of calls that nobody here has heard of.

Knows which paths the catalogue has; must not know what such a file is called.
"""

import logging
from collections.abc import Awaitable, Callable

from connector.errors import ConnectorError
from connector.ports.clock import Clock
from connector.ports.left_behind import LeftBehind
from connector.services.intake import Intake

log = logging.getLogger(__name__)

#: A call that ended while we were away waits at most so long for its recording to go on its way.
_LOOK_SECONDS = 30.0
_CONNECTION_SECONDS = 1.0


#: Of a PBX by name: every path that a recording refers to.
KnownPaths = Callable[[str], Awaitable[set[str]]]


class Adopting:
    def __init__(self, intake: Intake, files: LeftBehind, known_paths: KnownPaths, clock: Clock) -> None:
        self._intake = intake
        self._files = files
        self._known_paths = known_paths
        self._clock = clock
        #: Told already; the catalogue knows them a moment later.
        self._told: set[str] = set()
        self._trouble = ""

    async def run(self) -> None:
        while True:
            # Before the PBX has said what lives, a file of a living call would look like one that was left behind.
            is_connected = self._intake.is_connected
            if is_connected:
                await self.look()
            pause = _LOOK_SECONDS if is_connected else _CONNECTION_SECONDS
            await self._clock.sleep_until(self._clock.now() + pause)

    async def look(self) -> None:
        """Once. What cannot be seen now is seen next time; the reason is said when it changes."""
        trouble = ""
        try:
            known = await self._known_paths(self._intake.pbx_name)
            for stamped in await self._files.found(known | self._told):
                self._told.add(getattr(stamped.event, "path", ""))
                await self._intake.tell(stamped)
            self._told -= known
        except ConnectorError as error:
            trouble = str(error)
        if trouble and trouble != self._trouble:
            log.warning("files left behind cannot be seen", extra={"pbx": self._intake.pbx_name, "hint": trouble})
        self._trouble = trouble
