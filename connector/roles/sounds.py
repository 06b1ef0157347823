"""Plays sounds into the calls of one Asterisk: by ARI where the configuration names one, else by its dialplan.

ARI is connected when the first sound is wanted: most houses play none, and its library is as large as capture itself.
"""

import asyncio
import logging
from typing import TYPE_CHECKING

from connector.domain.ids import ChannelId
from connector.errors import ConnectorError
from connector.pbx.asterisk.driver import AsteriskPbx
from connector.pbx.asterisk.whisper import Whisper
from connector.ports.clock import Clock
from connector.settings import AsteriskSettings

if TYPE_CHECKING:
    from connector.pbx.asterisk.ari import Ari

log = logging.getLogger(__name__)

_CONNECT_SECONDS = 3.0


class Sounds:
    def __init__(self, pbx: AsteriskPbx, settings: AsteriskSettings, clock: Clock) -> None:
        self._pbx = pbx
        self._settings = settings
        self._clock = clock
        self._whisper: Whisper | None = None
        self._connecting = asyncio.Lock()
        self._listening: asyncio.Task[None] | None = None

    async def play(self, channel: ChannelId, sound: str) -> None:
        """Raises PbxRefused and PbxUnreachable with what to do."""
        async with self._connecting:
            whisper = self._whisper = self._whisper or await self._made()
        await whisper.play(channel, sound)

    async def close(self) -> None:
        """Let go of ARI; what plays now plays on."""
        if self._listening is not None:
            self._listening.cancel()
            await asyncio.wait((self._listening,))

    async def _made(self) -> Whisper:
        if self._settings.ari is None:
            return Whisper(self._pbx.name, self._pbx.ami)
        # Reading so many modules takes longer than a call may wait for its recorder.
        kind = await asyncio.to_thread(_library)
        ari = kind(self._pbx.name, self._settings.ari, ca=self._settings.ca, clock=self._clock)
        whisper = Whisper(self._pbx.name, self._pbx.ami, ari)
        self._listening = asyncio.create_task(self._listen(ari, whisper), name=f"ari of {self._pbx.name}")
        try:
            async with asyncio.timeout(_CONNECT_SECONDS):
                await ari.up()
        except TimeoutError:
            log.warning("ARI does not answer", extra={"pbx": self._pbx.name, "hint": ari.trouble})
        return whisper

    async def _listen(self, ari: "Ari", whisper: Whisper) -> None:
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(ari.run())
                tasks.create_task(self._tidy(ari, whisper))
        finally:
            await ari.close()

    async def _tidy(self, ari: "Ari", whisper: Whisper) -> None:
        await ari.up()
        try:
            await whisper.tidy()
        except ConnectorError as error:
            log.warning("helper channels not looked for", extra={"pbx": self._pbx.name, "hint": str(error)})


def _library() -> "type[Ari]":
    from connector.pbx.asterisk.ari import Ari

    return Ari
