"""Stored sound in another format, made while it is read: by a process of its own for each, and few at once.

Knows pieces and which copy to take; the process knows codecs.
"""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import connector
from connector.domain.content_types import content_type
from connector.domain.options import AudioFormat
from connector.domain.recording import Artefact, ArtefactKind, Delivery
from connector.errors import ConnectorError, DestinationRefused, DestinationUnreachable, TooManyRequests
from connector.ports.shipping_ledger import RecordingFile
from connector.services.fetching import Fetched
from connector.services.lookup import copies

PROGRAM: Final = (sys.executable, "-m", "connector.audio.conversion")
_AT_ONCE: Final = 2
_RETRY_SECONDS: Final = 5.0
_PIECE_BYTES: Final = 1 << 18
#: What can be made of a stereo file, and which of its channels that is.
_OF_STEREO: Final[Mapping[ArtefactKind, str]] = {
    ArtefactKind.MONO: "mix",
    ArtefactKind.LEFT: "left",
    ArtefactKind.RIGHT: "right",
}
_ALL: Final = "all"
#: Of which format one rather makes another: those that have lost nothing first.
_BEST_SOURCES: Final = (AudioFormat.WAV, AudioFormat.FLAC, AudioFormat.OPUS, AudioFormat.MP3)
_MOST_CHANNELS: Final[Mapping[AudioFormat, int]] = {AudioFormat.MP3: 2, AudioFormat.FLAC: 8, AudioFormat.OPUS: 64}


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A stored copy, and what is to be made of it."""

    delivery: Delivery
    artefact: Artefact
    kind: ArtefactKind
    #: None: nothing, it is just what was asked for.
    made_into: AudioFormat | None = None
    channels: str = _ALL

    @property
    def etag(self) -> str:
        made = f"-{self.channels}-{self.made_into}" if self.made_into else ""
        return self.artefact.sha256 + made

    @property
    def content_type(self) -> str:
        return content_type(f"a.{self.made_into or self.artefact.format}")


def sounds_of(file: RecordingFile) -> list[Source]:
    """All that is stored, as it is, the best first."""
    return [
        Source(delivery=delivery, artefact=artefact, kind=artefact.kind)
        for delivery, artefact in copies(file)
        if artefact.kind.is_sound
    ]


def copies_of(file: RecordingFile, kind: ArtefactKind | None, form: AudioFormat | None) -> list[Source]:
    """Those that are just what is asked: without a kind the first sound, wherever it lies."""
    fitting = [one for one in sounds_of(file) if kind in {None, one.kind} and form in {None, one.artefact.format}]
    return [one for one in fitting if one.kind is fitting[0].kind]


def source_of(file: RecordingFile, kind: ArtefactKind | None, form: AudioFormat | None) -> Source | None:
    """What another file can be made of, of which there is no copy. None when it cannot be had."""
    sounds = sounds_of(file)
    fitting = [one for one in sounds if kind in {None, one.kind}]
    if kind is None and fitting:
        # The same sound that comes without a format being named.
        fitting = [one for one in fitting if one.kind is fitting[0].kind]
    whole = [one for one in fitting if form is not None and _has_room(form, len(one.artefact.channels), one.kind)]
    if whole:
        return _made(_best(whole), form, _ALL, whole[0].kind)
    stereo = [one for one in sounds if one.kind is ArtefactKind.STEREO]
    channels = _OF_STEREO.get(kind) if kind is not None else None
    if kind is None or channels is None or not stereo or fitting:
        return None
    best = _best(stereo)
    return _made(best, form or AudioFormat(best.artefact.format), channels, kind)


class Conversion:
    """The bytes of one, the first of them here already; to be closed."""

    def __init__(self, process: asyncio.subprocess.Process, fetched: Fetched, places: "asyncio.Semaphore") -> None:
        assert process.stdout is not None
        self._process = process
        self._sound = process.stdout
        self._fetched = fetched
        self._places = places
        self._first = b""
        self._feeding = asyncio.create_task(self._feed(), name="sound to be converted")
        self._is_open = True

    async def begin(self) -> None:
        """What cannot be had is said before anything is answered."""
        self._first = await self._next()

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        piece, self._first = self._first, b""
        piece = piece or await self._next()
        if not piece:
            raise StopAsyncIteration
        return piece

    async def close(self) -> None:
        if not self._is_open:
            return
        self._is_open = False
        self._places.release()
        if self._process.returncode is None:
            with suppress(ProcessLookupError):
                self._process.kill()
        self._feeding.cancel()
        with suppress(asyncio.CancelledError, ConnectorError):
            await self._feeding
        await self._fetched.pieces.close()
        # The pipe is let go of when it has been read to its end.
        while await self._sound.read(_PIECE_BYTES):
            continue
        await self._process.wait()

    async def _next(self) -> bytes:
        """The next of it. What breaks off raises: it must never look whole."""
        piece = await self._sound.read(_PIECE_BYTES)
        if not piece:
            await self._feeding
            if await self._process.wait() != 0:
                raise DestinationRefused("the stored file is no sound that can be converted: the log says why")
        return piece

    async def _feed(self) -> None:
        """All of the source; a process that has enough takes no more."""
        into = self._process.stdin
        assert into is not None
        try:
            async for piece in self._fetched.pieces:
                into.write(piece)
                await into.drain()
        except (BrokenPipeError, ConnectionResetError):
            return
        except BaseException:
            with suppress(ProcessLookupError):
                self._process.kill()
            raise
        finally:
            await self._fetched.pieces.close()
            into.close()


class Converting:
    def __init__(self, program: Sequence[str] = PROGRAM, at_once: int = _AT_ONCE) -> None:
        """`program` gets format, seconds, rate and channels, reads a sound and writes another."""
        self._program = program
        self._places = asyncio.Semaphore(at_once)

    def check(self) -> None:
        """Raises TooManyRequests while as many run as may."""
        if self._places.locked():
            raise TooManyRequests(
                "other recordings are being converted: later again", retry_after_seconds=_RETRY_SECONDS
            )

    async def converted(self, source: Source, fetched: Fetched) -> Conversion:
        """Lets go of `fetched` whatever happens. Raises TooManyRequests, and what the store and the process raise."""
        try:
            self.check()
            await self._places.acquire()
            conversion = Conversion(await self._started(source), fetched, self._places)
        except BaseException:
            await fetched.pieces.close()
            raise
        try:
            await conversion.begin()
        except BaseException:
            await conversion.close()
            raise
        return conversion

    async def _started(self, source: Source) -> asyncio.subprocess.Process:
        artefact = source.artefact
        wanted = (str(source.made_into), str(artefact.duration_seconds), str(artefact.sample_rate), source.channels)
        pipe = asyncio.subprocess.PIPE
        try:
            return await asyncio.create_subprocess_exec(
                *self._program, *wanted, stdin=pipe, stdout=pipe, env=_environment()
            )
        except BaseException as error:
            self._places.release()
            if isinstance(error, OSError):
                raise DestinationUnreachable(f"no process to convert it could be started: {error}") from error
            raise


def _made(source: Source, form: AudioFormat | None, channels: str, kind: ArtefactKind) -> Source:
    return Source(delivery=source.delivery, artefact=source.artefact, kind=kind, made_into=form, channels=channels)


def _best(sources: Sequence[Source]) -> Source:
    return min(sources, key=lambda one: _BEST_SOURCES.index(AudioFormat(one.artefact.format)))


def _has_room(form: AudioFormat, rows: int, kind: ArtefactKind) -> bool:
    return kind is not ArtefactKind.PARTICIPANTS or rows <= _MOST_CHANNELS.get(form, rows)


def _environment() -> dict[str, str]:
    """Ours, and the way to our own package wherever we found it; no threads that only cost memory."""
    root = str(Path(connector.__file__).parent.parent)
    path = os.pathsep.join(filter(None, (root, os.environ.get("PYTHONPATH"))))
    return {**os.environ, "PYTHONPATH": path, "OPENBLAS_NUM_THREADS": "1"}
