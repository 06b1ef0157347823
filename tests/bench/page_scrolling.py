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
#: A wheel that is turned on and on.
_WHEEL_PIXELS: Final = 400
_WHEEL_SECONDS: Final = 1 / 30
#: A hand that throws: so far, in so many steps; and how long it is in the air.
_HAND_PIXELS: Final = 480.0
_HAND_STEPS: Final = 8
_STEP_SECONDS: Final = 0.008
_FLIES_SECONDS: Final = 0.3


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
        await look.page.mouse.wheel(0, _WHEEL_PIXELS)
        await asyncio.sleep(_WHEEL_SECONDS)
    return await _counted(look)


async def flung(look: Look, seconds: float) -> Scrolled:
    """Thrown by touch, down and down again, each time before it rests."""
    await look.session.send("Emulation.setTouchEmulationEnabled", {"enabled": True})
    x, y = await _middle(look)
    await look.page.evaluate(_COUNTING)
    loop = asyncio.get_running_loop()
    until = loop.time() + seconds
    while loop.time() < until:
        await _touch(look, "touchStart", [(x, y + _HAND_PIXELS / 2)])
        for step in range(1, _HAND_STEPS + 1):
            await asyncio.sleep(_STEP_SECONDS)
            await _touch(look, "touchMove", [(x, y + _HAND_PIXELS * (1 / 2 - step / _HAND_STEPS))])
        await _touch(look, "touchEnd", [])
        await asyncio.sleep(_FLIES_SECONDS)
    return await _counted(look)


async def _touch(look: Look, kind: str, places: Sequence[tuple[float, float]]) -> None:
    points = [{"x": x, "y": y} for x, y in places]
    await look.session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})


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
