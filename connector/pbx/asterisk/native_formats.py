"""Whether a channel's phone speaks wideband, asked early enough that no recorder has to wait for it."""

import asyncio
from collections.abc import Awaitable, Callable

from connector.domain.ids import ChannelId
from connector.errors import PbxRefused, PbxUnreachable
from connector.pbx.asterisk.recorder_names import is_wideband

_ANSWER_SECONDS = 0.5


class NativeFormats:
    """`asked` gives CHANNEL(audionativeformat) and may raise PbxRefused, PbxUnreachable and TimeoutError."""

    def __init__(self, asked: Callable[[ChannelId, float], Awaitable[str]]) -> None:
        self._asked = asked
        self._is_wide: dict[ChannelId, bool] = {}
        self._pending: dict[ChannelId, asyncio.Future[None]] = {}

    def known(self, channel: ChannelId) -> bool | None:
        return self._is_wide.get(channel)

    def learned(self, channel: ChannelId, native_formats: str) -> None:
        self._is_wide[channel] = is_wideband(native_formats)

    def forget_all(self) -> None:
        self._is_wide.clear()

    def forget(self, channel: ChannelId) -> None:
        self._is_wide.pop(channel, None)

    async def ask(self, channel: ChannelId) -> bool:
        """One question at a time for a channel; whoever comes meanwhile waits for its answer. A PBX that does not say
        is taken for narrow: a recorder too narrow is better than none."""
        pending = self._pending.get(channel)
        if pending is not None:
            await asyncio.wait((pending,))
            return self._is_wide.get(channel, False)
        self._pending[channel] = asyncio.get_running_loop().create_future()
        try:
            self.learned(channel, await self._asked(channel, _ANSWER_SECONDS))
        except (PbxRefused, PbxUnreachable, TimeoutError):
            return False
        finally:
            self._pending.pop(channel).set_result(None)
        return self._is_wide.get(channel, False)
