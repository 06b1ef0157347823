"""Proves a destination before the first call: puts, reads back, links, tries to overwrite, deletes, and says for each
what works. Speaks to ports only; whatever it puts it takes away again, or names it, however it ends.
"""

import asyncio
import hashlib
import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from connector.domain.diagnosis import Finding, Level, bad, not_looked_at, note, ok, warning
from connector.domain.ids import Moment
from connector.errors import ConnectorError, DestinationRefused, NotAllowed, ObjectExists
from connector.ports.clock import Clock
from connector.ports.feeler import Feeler
from connector.ports.fetcher import Fetcher, Page
from connector.ports.object_store import Digest, Link, ObjectStore
from connector.ports.pins import Pin
from connector.services.leavings import Leavings
from connector.services.settling import Settling

_SMALL_BYTES: Final = 1000
#: More than any store takes in one piece, and than Azure does.
_LARGE_BYTES: Final = (16 << 20) + 100_000
_LINK_SECONDS = 300.0
#: S3 refuses what is signed 15 minutes off, Azure as well; links begin to misbehave long before.
_SKEW_SECONDS = 60.0

Tell = Callable[[Finding], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class OnTrial:
    """A destination to be proven."""

    #: Where recordings go, with a / at its end; a key may be good for that folder alone.
    folder: str
    #: Its store, speaking so.
    opened: Callable[[Pin], ObjectStore]
    #: None where nothing can be felt: a folder.
    feeler: Feeler | None = None
    #: Somebody waits for the answer: one small file proves enough, and no link is fetched.
    is_brief: bool = False


@dataclass(frozen=True, slots=True)
class _Sample:
    path: Path
    digest: Digest
    content: bytes


class Probing:
    def __init__(self, fetcher: Fetcher, clock: Clock) -> None:
        self._fetcher = fetcher
        self._clock = clock

    async def run(self, on_trial: OnTrial, tell: Tell) -> Pin | None:
        """Each thing is told as it is found. Returns how the destination wants to be spoken to, as far as its settings
        leave it open; None when no recording could be stored there."""
        with tempfile.TemporaryDirectory(prefix="callreel-test-") as folder:
            probe = _Probe(on_trial, self._fetcher, self._clock, Path(folder), tell)
            try:
                return await probe.run()
            except asyncio.CancelledError:
                tell(note("interrupted", "what was put is taken away again; once more, and it stays"))
                raise
            finally:
                await probe.leave()


class _Probe:
    def __init__(self, on_trial: OnTrial, fetcher: Fetcher, clock: Clock, folder: Path, tell: Tell) -> None:
        self._on_trial = on_trial
        self._fetcher = fetcher
        self._clock = clock
        self._tell = tell
        self._leavings = Leavings()
        beginning = f"{on_trial.folder}callreel-test/{os.urandom(6).hex()}"
        self._names = {size: f"{beginning}-{word}.wav" for size, word in _WORDS.items()}
        self._felt_name = f"{beginning}-first.wav"
        self._settling = _settling(on_trial.feeler, self._felt_name, self._leavings, tell)
        self._opened: ObjectStore | None = None
        sizes = [_SMALL_BYTES] if on_trial.is_brief else _WORDS
        self._samples = {size: _sample(folder, size) for size in sizes}
        self._other = _sample(folder, _SMALL_BYTES)

    @property
    def _store(self) -> ObjectStore:
        if self._opened is None:
            self._opened = self._on_trial.opened(self._settling.manner if self._settling else Pin())
        return self._opened

    async def run(self) -> Pin | None:
        pin = Pin()
        if self._settling is not None:
            pin = self._settling.manner = await self._settling.settled()
        if not await self._is_put(_SMALL_BYTES, "small file"):
            self._tell(not_looked_at("the rest", "nothing can be put there"))
            return None
        reading = await self._read_back(_SMALL_BYTES)
        await self._overwritten()
        if self._on_trial.is_brief:
            return pin if reading is not Level.BAD else None
        has_large = await self._is_put(_LARGE_BYTES, "large file")
        if reading is Level.OK and has_large:
            await self._read_back(_LARGE_BYTES)
        if reading is Level.OK:
            await self._linked()
        else:
            is_write_only = reading is Level.NOTE
            reason = "the key may not read: recordings there have no links" if is_write_only else "reading back failed"
            self._tell(not_looked_at("links", reason))
            await self._timed(None)
        return pin if has_large else None

    async def leave(self) -> None:
        """Also when it was interrupted: then it is still free to wait."""
        try:
            finding = await self._leavings.cleared(self._store)
        finally:
            await self._store.close()
            if self._on_trial.feeler is not None:
                await self._on_trial.feeler.close()
        if finding is not None:
            self._tell(finding)

    async def _is_put(self, size: int, subject: str) -> bool:
        try:
            await self._put(size, self._samples[size])
        except ConnectorError as error:
            self._tell(bad(subject, str(error), ""))
            return False
        self._tell(ok(subject, f"{size:,} bytes arrived whole at {self._store.url(self._names[size])}"))
        return True

    async def _put(self, size: int, sample: _Sample) -> None:
        name = self._names[size]
        self._leavings.begun(name)
        try:
            await self._store.put(name, sample.path, sample.digest)
        except ConnectorError as error:
            self._leavings.ended(name, error)
            raise
        self._leavings.ended(name, None)

    async def _read_back(self, size: int) -> Level:
        finding = await self._reading(size)
        self._tell(finding)
        return finding.level

    async def _reading(self, size: int) -> Finding:
        digest = hashlib.sha256()
        try:
            async for piece in self._store.read(self._names[size]):
                digest.update(piece)
        except NotAllowed as error:
            return note("reading back", f"{error}; the key may write only: there are no links, and nothing is verified")
        except DestinationRefused as error:
            return bad("reading back", str(error), "until then recordings there cannot be heard")
        except ConnectorError as error:
            return bad("reading back", str(error), "")
        if digest.hexdigest() != self._samples[size].digest.sha256:
            return bad("reading back", f"of {size:,} bytes other ones came back", "ask who runs the server")
        return ok("reading back", f"{size:,} bytes are what was sent")

    async def _overwritten(self) -> None:
        """A second file of the same name must not take the first one's place."""
        try:
            await self._put(_SMALL_BYTES, self._other)
        except ObjectExists:
            self._tell(ok("names", "one that is taken is not taken twice: the next recording gets -2"))
            return
        except ConnectorError as error:
            self._tell(warning("names", str(error), ""))
            return
        self._samples[_SMALL_BYTES] = self._other
        mend = "have {recording_id} in the template, or a key that may read"
        self._tell(warning("names", "one that is taken is replaced without a word", mend))

    async def _linked(self) -> None:
        name, sample = self._names[_SMALL_BYTES], self._samples[_SMALL_BYTES]
        try:
            link = await self._store.link(name, _LINK_SECONDS, filename="callreel test.wav")
            if link is None:
                self._tell(note("links", "are made by our own server (api.public_url): it has to run"))
                return
            page = await self._fetcher.fetch(link.url, most_bytes=2 * _SMALL_BYTES)
        except ConnectorError as error:
            self._tell(bad("links", str(error), "see to endpoint and public_endpoint"))
            await self._timed(None)
            return
        self._tell(self._fetched(page, link, sample))
        await self._timed(page.at)

    def _fetched(self, page: Page, link: Link, sample: _Sample) -> Finding:
        if page.status == 200 and page.content == sample.content:
            return ok("links", f"one was fetched without a key{self._lifetime(link)}")
        said = page.content[:200].decode(errors="replace") if page.status != 200 else "another content"
        return bad("links", f"one was answered with {page.status}: {said}", "see to public_endpoint and to the key")

    def _lifetime(self, link: Link) -> str:
        lifetime_seconds = link.expires_at - self._clock.now()
        return "" if lifetime_seconds > 0.9 * _LINK_SECONDS else f"; it ends after {lifetime_seconds:.0f} s"

    async def _timed(self, at: Moment | None) -> None:
        """By a link's answer, else by the answer to a put: that is all that a key which may only write is given."""
        if self._settling is None and at is None:
            return
        if self._settling is not None and at is None:
            at = await self._settling.moment()
        self._tell(note("clock", "could not be told: no answer had a date") if at is None else self._skew(at))

    def _skew(self, at: Moment) -> Finding:
        skew_seconds = at - self._clock.now()
        if abs(skew_seconds) <= _SKEW_SECONDS:
            return ok("clock", "the server's and ours agree")
        what = f"the server's is {abs(skew_seconds):.0f} s {'ahead of' if skew_seconds > 0 else 'behind'} ours"
        return warning("clock", what, "have both set by NTP: from 15 minutes on everything is refused")


_WORDS: Final = {_SMALL_BYTES: "small", _LARGE_BYTES: "large"}


def _settling(feeler: Feeler | None, name: str, leavings: Leavings, tell: Tell) -> Settling | None:
    return Settling(feeler, name, leavings, tell) if feeler is not None else None


def _sample(folder: Path, size: int) -> _Sample:
    content = os.urandom(size)
    path = folder / os.urandom(6).hex()
    path.write_bytes(content)
    md5 = hashlib.md5(content, usedforsecurity=False).hexdigest()
    return _Sample(path, Digest(size_bytes=size, md5=md5, sha256=hashlib.sha256(content).hexdigest()), content)
