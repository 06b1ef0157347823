"""Takes the pictures of docs/images/: the seeded house, as its people would show it. Knows which, and how large."""

import asyncio
import struct
import sys
import zlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from playwright.async_api import Page

from tests.browser.chromium import AUTOPLAY, Theme, Visitor, Watch, browsing
from tests.browser.sight import settled
from tests.browser.site import PageHouse, page_seed, served_page

FOLDER: Final = Path(__file__).parents[2] / "docs/images"
MOST_BYTES: Final = 250_000
_SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"


async def _nothing(page: Page) -> None:
    return None


async def _heard(page: Page) -> None:
    """In the middle of the call, so that it is seen what is read along."""
    await page.evaluate("document.querySelector('audio').currentTime = 33")
    await page.locator(".line-now").wait_for()


@dataclass(frozen=True, slots=True, kw_only=True)
class Shot:
    name: str
    address: str
    who: str | None = "harbour admin"
    theme: Theme = "dark"
    of_window: tuple[tuple[str, Any], ...] = ()
    before: Callable[[Page], Awaitable[None]] = _nothing


_PHONE: Final = (("width", 390), ("height", 844), ("has_touch", True))
SHOTS: Final = (
    Shot(name="calls-dark", address="/calls"),
    Shot(name="calls-light", address="/calls", theme="light"),
    Shot(name="call-dark", address="/calls?call=harbour-parcel", before=_heard),
    Shot(name="call-light", address="/calls?call=harbour-parcel", theme="light", before=_heard),
    Shot(name="call-phone", address="/calls?call=harbour-parcel", of_window=_PHONE, before=_heard),
    Shot(name="live-dark", address="/live"),
    Shot(name="live-light", address="/live", theme="light"),
    Shot(name="health-dark", address="/health"),
    Shot(name="health-light", address="/health", theme="light"),
    Shot(name="settings-dark", address="/settings"),
    Shot(name="settings-light", address="/settings", theme="light"),
    Shot(name="sign-in-dark", address="/calls", who=None),
    Shot(name="sign-in-light", address="/calls", who=None, theme="light"),
)


def take(folder: Path, wanted: list[str]) -> None:
    """Those whose names begin so; all of them when none is wanted above others."""
    shots = [shot for shot in SHOTS if not wanted or shot.name.startswith(tuple(wanted))]
    with (
        TemporaryDirectory(prefix="seed-") as seed,
        TemporaryDirectory(prefix="house-") as house,
        served_page(page_seed(Path(seed)), Path(house)) as served,
    ):
        asyncio.run(_taken(served, shots, folder))


async def _taken(house: PageHouse, shots: Sequence[Shot], folder: Path) -> None:
    async with browsing(AUTOPLAY) as browser:
        visitor = Visitor(browser=browser, house=house, watch=Watch(origin=house.url))
        for shot in shots:
            await _take(visitor, shot, folder)
        if visitor.watch.faults:
            raise SystemExit("\n".join(visitor.watch.faults))


async def _take(visitor: Visitor, shot: Shot, folder: Path) -> None:
    page = await visitor.open(shot.address, who=shot.who, theme=shot.theme, **dict(shot.of_window))
    await settled(page)
    await shot.before(page)
    file = folder / f"{shot.name}.png"
    file.write_bytes(packed(await page.screenshot(animations="disabled")))
    await page.context.close()
    size = file.stat().st_size
    sys.stderr.write(f"{file}: {size / 1000:.0f} kB\n")
    if size > MOST_BYTES:
        raise SystemExit(f"{file} is larger than {MOST_BYTES / 1000:.0f} kB")


def packed(png: bytes) -> bytes:
    """The same picture in fewer bytes: what browsers pack quickly is packed well, and notes about it are left out."""
    kept, pixels, at = [], b"", len(_SIGNATURE)
    while at < len(png):
        (length,) = struct.unpack_from(">I", png, at)
        kind, content = png[at + 4 : at + 8], png[at + 8 : at + 8 + length]
        at += length + 12
        if kind == b"IDAT":
            pixels += content
        elif kind == b"IHDR":
            kept.append((kind, content))
    chunks = [*kept, (b"IDAT", zlib.compress(zlib.decompress(pixels), 9)), (b"IEND", b"")]
    return _SIGNATURE + b"".join(
        struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
        for kind, content in chunks
    )


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    take(FOLDER, sys.argv[1:])
