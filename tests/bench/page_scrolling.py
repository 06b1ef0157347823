"""How smoothly a list scrolls: a browser's own gestures, and the time between its pictures. Knows no bar."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from .page_looking import Look
from .tool import BenchBroken

#: What stands around the rows and scrolls.
_SCROLLER: Final = """
(() => {
    let one = document.querySelector("main [role=row] [role=gridcell], main tbody td");
    while (one && !(one.scrollHeight > one.clientHeight + 1 && /auto|scroll/.test(getComputedStyle(one).overflowY)))
        one = one.parentElement;
    return one;
})()
"""
_COUNTING: Final = """
() => {
    const found = { frames: [], tasks: [] };
    window.watched.scrolled = found;
    let last = performance.now();
    const tick = (now) => {
        found.frames.push(now - last);
        last = now;
        if (!found.is_over) requestAnimationFrame(tick);
    };
    requestAnimationFrame((now) => { last = now; requestAnimationFrame(tick); });
    new PerformanceObserver((list) => found.tasks.push(...list.getEntries().map((one) => one.duration)))
        .observe({ type: "longtask" });
}
"""
#: Of a hand that throws the list, and of a wheel that is turned on and on.
FLING_PIXELS_A_SECOND: Final = 8_000
WHEEL_PIXELS: Final = 400
_WHEEL_SECONDS: Final = 1 / 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Scrolled:
    #: Milliseconds from each picture to the next.
    frames: Sequence[float]
    #: Milliseconds of each task longer than 50.
    tasks: Sequence[float]
    pixels: float

    @property
    def longest(self) -> float:
        return max((*self.frames, *self.tasks))


async def wheeled(look: Look, seconds: float) -> Scrolled:
    x, y = await _middle(look)
    await look.page.mouse.move(x, y)
    await look.page.evaluate(_COUNTING)
    loop = asyncio.get_running_loop()
    until = loop.time() + seconds
    while loop.time() < until:
        await look.page.mouse.wheel(0, WHEEL_PIXELS)
        await asyncio.sleep(_WHEEL_SECONDS)
    return await _counted(look)


async def flung(look: Look, seconds: float) -> Scrolled:
    """By touch, down and down again."""
    x, y = await _middle(look)
    await look.page.evaluate(_COUNTING)
    loop = asyncio.get_running_loop()
    until = loop.time() + seconds
    while loop.time() < until:
        gesture = {
            "x": x,
            "y": y + 200,
            "yDistance": -500,
            "speed": FLING_PIXELS_A_SECOND,
            "gestureSourceType": "touch",
            "preventFling": False,
        }
        await look.session.send("Input.synthesizeScrollGesture", gesture)
    return await _counted(look)


async def _middle(look: Look) -> tuple[float, float]:
    box = await look.told(
        f"(() => {{ const one = {_SCROLLER}; return one && one.getBoundingClientRect().toJSON(); }})()"
    )
    if box is None:
        raise BenchBroken("no list scrolls on the page")
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


async def _counted(look: Look) -> Scrolled:
    await look.told("window.watched.scrolled.is_over = true")
    found = await look.told("({ frames: window.watched.scrolled.frames, tasks: window.watched.scrolled.tasks })")
    return Scrolled(frames=found["frames"], tasks=found["tasks"], pixels=await look.told(f"{_SCROLLER}.scrollTop"))
