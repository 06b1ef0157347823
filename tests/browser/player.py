"""The player of an open call, for tests of it: found in the page, and made to play."""

import asyncio
from typing import Any

from playwright.async_api import Locator, Page, expect

from tests.browser.chromium import Visitor


async def opened(visitor: Visitor, what: str, further: str = "", **how: Any) -> Page:
    """With its player there, and its sound known."""
    # What has no words says so.
    visitor.watch.expect(404, "/v1/calls/*/transcript")
    page = await visitor.open(f"/calls?call=harbour-{what}{further}", **how)
    await expect(button(page, "Play")).to_be_visible()
    await becomes(page, "a.readyState > 0")
    return page


def button(page: Page, name: str) -> Locator:
    return page.get_by_role("button", name=name, exact=True)


def slider(page: Page) -> Locator:
    return page.get_by_role("slider", name="Position")


async def now(page: Page) -> float:
    return float(await page.evaluate("document.querySelector('audio').currentTime"))


async def becomes(page: Page, condition: str, *, within: float = 10.0) -> None:
    """A condition in JavaScript; `a` is the sound. Looked at with every picture, by the page itself: its policy lets
    nobody evaluate texts there."""
    look = f"""async () => {{
        for (;;) {{
            const a = document.querySelector("audio");
            if (a && ({condition})) return;
            await new Promise((done) => requestAnimationFrame(done));
        }}
    }}"""
    try:
        async with asyncio.timeout(within):
            await page.evaluate(look)
    except TimeoutError:
        raise AssertionError(f"it never became so: {condition}") from None


async def hear_from(page: Page, seconds: float) -> None:
    await page.evaluate(
        "async (seconds) => { const a = document.querySelector('audio'); a.currentTime = seconds; await a.play(); }",
        seconds,
    )
    await becomes(page, "!a.seeking && !a.paused")
    # What was on its way to the ears is over.
    await page.evaluate("new Promise((done) => setTimeout(done, 250))")
