"""Plays a sound to one party of a living call: nobody else hears it, no recorder and no bridge takes notice.

Knows channels and sounds; not why something is played. Must not load ARI itself: most sites have none.
"""

import asyncio
import logging
import re
import uuid
from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, Protocol

from connector.domain.ids import ChannelId
from connector.errors import ConnectorError, PbxRefused, PbxUnreachable

if TYPE_CHECKING:
    from connector.pbx.asterisk.ari import Ari, AriEvent

APPLICATION: Final = "callreel"
#: The context of dialplan/asterisk/callreel.conf whose extension `s` plays ${CALLREEL_SOUND}.
CONTEXT: Final = "callreel-play"
#: A longer sound is cut: a playback that never ends must not leave its helper channel behind.
LONGEST_SECONDS: Final = 120.0
_BEGIN_SECONDS: Final = 2.0
#: An event may be lost with its connection: so often the end is asked for.
_LOOK_SECONDS: Final = 5.0
_DIAL_SECONDS: Final = 1.0
_PREFIX: Final = "callreel-whisper-"
#: A file of the sounds folders, as Playback takes it. Anything else could be more than a name to the dialplan.
_SOUND: Final = re.compile(r"[\w/.+-]+", re.ASCII)

_log = logging.getLogger(__name__)


class Acts(Protocol):
    """Of the manager interface what is used here."""

    async def act(self, action: str, fields: Mapping[str, str], limit_seconds: float = ...) -> Any: ...


class Whisper:
    """By ARI where there is one, else by a Local channel that spies on the party (needs `originate` and the dialplan
    snippet)."""

    def __init__(self, name: str, ami: Acts, ari: "Ari | None" = None) -> None:
        self._name = name
        self._ami = ami
        self._ari = ari
        self._playing: set[str] = set()

    async def play(self, channel: ChannelId, sound: str) -> None:
        """Returns when the sound is over (by ARI) or begins (without). Raises PbxRefused and PbxUnreachable."""
        if not _SOUND.fullmatch(sound):
            raise PbxRefused(f"{sound!r} is no name of a sound: letters, digits and / . _ - only, without an ending")
        if self._ari is None:
            await self._originate(channel, sound)
        else:
            await self._snoop(self._ari, channel, sound)

    async def tidy(self) -> None:
        """Hang up what a killed process of ours left on channels that live on; after a connect of ARI."""
        if self._ari is None:
            return
        for channel in await self._ari.request("channels", "list"):
            if channel["id"].startswith(_PREFIX) and channel["id"] not in self._playing:
                await _hung_up(self._ari, channel["id"])

    async def _originate(self, channel: ChannelId, sound: str) -> None:
        fields = {
            "Channel": f"Local/s@{CONTEXT}/n",
            "Application": "ChanSpy",
            # u: this very channel; W: be heard by it alone, hear nothing; q: no beep of its own; E, S: end with it.
            "Data": f"{channel},uqWES",
            "Variable": f"CALLREEL_SOUND={sound}",
            # Not "Async": then Asterisk would answer before it knows, and it takes milliseconds either way.
            "Async": "false",
            "Timeout": str(round(1000 * _DIAL_SECONDS)),
        }
        try:
            await self._ami.act("Originate", fields, limit_seconds=_DIAL_SECONDS + 1.0)
        except PbxRefused as error:
            raise PbxRefused(f"PBX {self._name!r} cannot play {sound!r} ({error}): {_mend(str(error))}") from error
        except TimeoutError as error:
            raise PbxUnreachable(f"PBX {self._name!r} did not begin to play {sound!r} in time: is it busy?") from error

    async def _snoop(self, ari: "Ari", channel: ChannelId, sound: str) -> None:
        if ari.trouble:
            raise PbxUnreachable(f"cannot play {sound!r} now: {ari.trouble}")
        snoop = f"{_PREFIX}{uuid.uuid4().hex}"
        heard: asyncio.Queue[AriEvent] = asyncio.Queue()
        self._playing.add(snoop)
        try:
            with ari.listening(lambda event: heard.put_nowait(event) if snoop in _subject(event) else None):
                await ari.request(
                    "channels", "snoopChannelWithId", channelId=channel, snoopId=snoop, whisper="out", app=APPLICATION
                )
                await self._whispered(ari, heard, snoop, sound)
        finally:
            await asyncio.shield(_hung_up(ari, snoop))
            self._playing.discard(snoop)

    async def _whispered(self, ari: "Ari", heard: "asyncio.Queue[AriEvent]", snoop: str, sound: str) -> None:
        # Until it has come to us, Asterisk answers 409 "not in Stasis application".
        if await _next(heard, {"StasisStart"}, _BEGIN_SECONDS) is None:
            raise PbxUnreachable(f"PBX {self._name!r} did not begin to play {sound!r} in time: is it busy?")
        playback = f"{snoop}-sound"
        await ari.request("channels", "playWithId", channelId=snoop, playbackId=playback, media=f"sound:{sound}")
        try:
            async with asyncio.timeout(LONGEST_SECONDS):
                over = await _next(heard, {"PlaybackFinished"}, _LOOK_SECONDS)
                while over is None and await _is_playing(ari, playback):
                    over = await _next(heard, {"PlaybackFinished"}, _LOOK_SECONDS)
        except TimeoutError as error:
            raise PbxRefused(f"sound {sound!r} was cut after {LONGEST_SECONDS:.0f} s: use a shorter one") from error
        if over is not None and over["playback"].get("state") == "failed":
            raise PbxRefused(f"PBX {self._name!r} has no sound {sound!r} that it can play: is it in its sounds folder?")


async def _next(heard: "asyncio.Queue[AriEvent]", types: set[str], limit_seconds: float) -> "AriEvent | None":
    """The next event of these types, None when the time is over; a channel that has ended ends everything."""
    try:
        async with asyncio.timeout(limit_seconds):
            while (event := await heard.get())["type"] not in types:
                if event["type"] == "StasisEnd":
                    raise PbxRefused("the call ended before the sound did")
    except TimeoutError:
        return None
    return event


async def _is_playing(ari: "Ari", playback: str) -> bool:
    with suppress(PbxRefused):
        return bool(await ari.request("playbacks", "get", playbackId=playback))
    return False


async def _hung_up(ari: "Ari", channel: str) -> None:
    try:
        await ari.request("channels", "hangup", channelId=channel)
    except PbxRefused:
        # It ended with its call.
        return
    except ConnectorError as error:
        _log.warning("helper channel stays", extra={"channel": channel, "hint": f"{error}; it ends with its call"})


def _subject(event: "AriEvent") -> str:
    """The id of what an event is about."""
    thing = event.get("playback") or event.get("channel") or {}
    return str(thing.get("id", ""))


def _mend(answer: str) -> str:
    if "permission" in answer.lower():
        return "give the manager user the right `originate`, or configure `ari`"
    return f"include dialplan/asterisk/callreel.conf, which holds [{CONTEXT}], or configure `ari`"
