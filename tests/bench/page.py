"""The web page in a real browser: a call of 3 hours opened and sought in, a list of 1,000,000 calls scrolled.

Each time with a browser that has never been here: it loads the page, too.
"""

import asyncio
import statistics
import subprocess
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Final

from playwright.async_api import Browser

from connector.domain.options import AudioFormat
from tests.browser.chromium import AUTOPLAY, browsing, program

from .api_catalogue import write
from .api_house import LongRecording, api_household, long_recording, new_key, port
from .daemon import Household, role
from .page_looking import Line, Look, looking
from .page_scrolling import Scrolled, flung, wheeled
from .tool import ROOT, Bench, BenchBroken

CALLS: Final = 1_000_000
HOURS: Final = 3
RUNS: Final = 5
SCROLL_SECONDS: Final = 20.0
#: Where the hand clicks, as shares of the whole length.
PLACES: Final = (0.9, 0.1, 0.6, 0.25, 0.75)

OPEN_BAR_MS: Final = 1000.0
SEEK_BAR_MS: Final = 300.0
FRAME_BAR_MS: Final = 100.0

NEAR: Final = ("on this machine", None)
FAR: Final = ("at 20 Mbit/s and 50 ms", Line(megabits=20, latency_ms=50))

_PLAY: Final = "document.querySelector('main button[aria-label=Play], main button[title^=Play]')"
_PLAYS: Final = "window.watched.sound()?.currentTime > 0 && !window.watched.sound().seeking"
_ROW: Final = "document.querySelector('main [role=row] [role=gridcell], main tbody td')"


def run(bench: Bench) -> None:
    if not program():
        raise BenchBroken("there is no Chromium: install the Debian package chromium")
    subprocess.run([ROOT / "scripts" / "build-page"], check=True)
    with _long_call(bench) as (url, key, long):
        asyncio.run(_opened(bench, url, key, long))
    with _very_many(bench) as (url, key):
        asyncio.run(_listed(bench, url, key))


# --- a long call ------------------------------------------------------------------------------------------------------


@contextmanager
def _long_call(bench: Bench) -> Iterator[tuple[str, str, LongRecording]]:
    hours = HOURS if bench.minutes is None else bench.minutes / 60
    bench.note(f"a call of {hours:g} hours is rendered as MP3 and shipped")
    house = api_household(bench.folder / "long")
    long = long_recording(house, round(hours * 3600), AudioFormat.MP3)
    bench.figure(f"a call of {hours:g} hours, stereo MP3", long.size_bytes / 1e6, "MB")
    key = new_key(house)
    with role(house, "web"):
        yield _url(house), key, long


async def _opened(bench: Bench, url: str, key: str, long: LongRecording) -> None:
    async with browsing(AUTOPLAY) as browser:
        for where, line in (NEAR, FAR):
            bench.note(f"the call is opened {where}, {RUNS} times")
            visits = [await _visit(browser, url, key, long, line) for _ in range(RUNS)]
            _tell(bench, where, visits, is_judged=line is None)


class _Visit:
    """What one opening of the call showed."""

    def __init__(self) -> None:
        self.drawn_ms = 0.0
        self.plays_ms = 0.0
        self.seeks_ms: list[float] = []
        self.page_bytes = 0
        self.sound_bytes_to_play = 0
        self.sound_bytes = 0


async def _visit(browser: Browser, url: str, key: str, long: LongRecording, line: Line | None) -> _Visit:
    visit = _Visit()
    async with looking(browser, url, key, line) as look:
        await look.page.goto(f"/calls?call={long.call_id}", wait_until="commit")
        visit.drawn_ms, visit.plays_ms = await asyncio.gather(_drawn(look), _played(look))
        visit.page_bytes = look.traffic.bytes(f"{url}/assets/") + look.traffic.bytes(f"{url}/calls?")
        visit.sound_bytes_to_play = look.traffic.bytes("/stream")
        visit.seeks_ms = [await _sought(look, place) for place in PLACES]
        visit.sound_bytes = look.traffic.bytes("/stream")
        for one in look.traffic.of("/stream"):
            if not one["range"] or one["status"] != 206:
                raise BenchBroken(f"sound was asked for without a range, or answered whole ({one['status']})")
    return visit


async def _drawn(look: Look) -> float:
    return await look.when("window.watched.waveform()")


async def _played(look: Look) -> float:
    """Somebody presses Play as soon as it is there."""
    await look.when(f"{_PLAY} && !{_PLAY}.disabled")
    await look.told(f"{_PLAY}.click()")
    return await look.when(_PLAYS)


async def _sought(look: Look, share: float) -> float:
    """From a click on the waveform until it plays there."""
    slider = look.page.get_by_role("slider", name="Position")
    box = await slider.bounding_box()
    if box is None:
        raise BenchBroken("the waveform has no place to click on")
    await look.told(
        # Not told back: it would be waited for.
        "void (window.watched.clicked = new Promise((found) =>"
        " addEventListener('pointerdown', () => found(performance.now()), { capture: true, once: true })))"
    )
    await look.page.mouse.click(box["x"] + share * box["width"], box["y"] + box["height"] / 2)
    clicked = float(await look.told("window.watched.clicked"))
    wanted = share * float(await look.told("window.watched.sound().duration"))
    near = f"Math.abs(window.watched.sound().currentTime - {wanted}) < 30"
    await look.when(f"{near} && !window.watched.sound().seeking")
    there = float(await look.told("window.watched.sound().currentTime"))
    plays = f"window.watched.sound().currentTime > {there} && window.watched.sound().readyState > 2"
    return await look.when(plays) - clicked


def _tell(bench: Bench, where: str, visits: list[_Visit], *, is_judged: bool) -> None:
    def middle(of: Callable[[_Visit], float]) -> float:
        return statistics.median(of(visit) for visit in visits)

    bar, seek_bar = (OPEN_BAR_MS, SEEK_BAR_MS) if is_judged else (None, None)
    bench.figure(f"{where}: until its waveform is drawn", middle(lambda one: one.drawn_ms), "ms", bar=bar)
    bench.figure(f"{where}: until it plays", middle(lambda one: one.plays_ms), "ms", bar=bar)
    seeks = sorted(seek for visit in visits for seek in visit.seeks_ms)
    bench.figure(f"{where}: from a click on the waveform until it plays there", statistics.median(seeks), "ms")
    bench.figure(f"{where}: the same, the longest of {len(seeks)}", seeks[-1], "ms", bar=seek_bar)
    bench.figure(f"{where}: sound that came until it played", middle(lambda one: one.sound_bytes_to_play) / 1e6, "MB")
    bench.figure(f"{where}: after {len(PLACES)} clicks", middle(lambda one: one.sound_bytes) / 1e6, "MB")
    bench.figure(f"{where}: the page itself", middle(lambda one: one.page_bytes) / 1e3, "kB")


# --- very many calls --------------------------------------------------------------------------------------------------


@contextmanager
def _very_many(bench: Bench) -> Iterator[tuple[str, str]]:
    calls = bench.calls or CALLS
    bench.note(f"a catalogue of {calls} calls is made")
    house = api_household(bench.folder / "many")
    write(f"sqlite:///{house.catalogue}", calls, bench.folder / "backups")
    key = new_key(house)
    with role(house, "web"):
        yield _url(house), key


async def _listed(bench: Bench, url: str, key: str) -> None:
    async with browsing() as browser:
        firsts = [await _first_row(browser, url, key) for _ in range(RUNS)]
        bench.figure("the list: until its first row is there", statistics.median(firsts), "ms", bar=OPEN_BAR_MS)
        for name, scroll in (("wheel", wheeled), ("fling", flung)):
            bench.note(f"the list is scrolled by {name} for {SCROLL_SECONDS:g} s")
            _tell_frames(bench, name, await _scrolled(browser, url, key, scroll))


async def _first_row(browser: Browser, url: str, key: str) -> float:
    async with looking(browser, url, key) as look:
        await look.page.goto("/calls", wait_until="commit")
        return await look.when(_ROW)


async def _scrolled(
    browser: Browser, url: str, key: str, scroll: Callable[[Look, float], Awaitable[Scrolled]]
) -> Scrolled:
    async with looking(browser, url, key) as look:
        await look.page.goto("/calls")
        await look.when(_ROW)
        return await scroll(look, SCROLL_SECONDS)


def _tell_frames(bench: Bench, name: str, scrolled: Scrolled) -> None:
    frames = sorted(scrolled.frames)
    bench.figure(f"{name}: scrolled", scrolled.pixels, "pixels")
    bench.figure(f"{name}: from picture to picture, p50", statistics.median(frames), "ms")
    bench.figure(f"{name}: from picture to picture, p99", frames[int(0.99 * len(frames))], "ms")
    bench.figure(f"{name}: the longest picture or task", scrolled.longest, "ms", bar=FRAME_BAR_MS)


def _url(house: Household) -> str:
    return f"http://127.0.0.1:{port(house)}"
