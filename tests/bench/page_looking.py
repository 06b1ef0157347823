"""A browser before the real web role, and what happens in a page it opens: moments, bytes, frames. Knows no bar.

Nothing of the page is changed for it.
"""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from playwright.async_api import Browser, CDPSession, Page

from .tool import BenchBroken

WIDTH: Final = 1280
HEIGHT: Final = 800
_PATIENCE_MS: Final = 60_000

#: Looked at with every picture; moments are those since the navigation began.
_WATCHING: Final = """
window.watched = { sound: () => document.querySelector("audio") };
window.watched.when = (is_so) =>
    new Promise((found) => {
        const look = () => {
            const seen = is_so();
            if (seen) found(performance.now());
            else requestAnimationFrame(look);
        };
        look();
    });
window.watched.waveform = () => {
    const places = [document, ...[...document.querySelectorAll("*")].map((one) => one.shadowRoot)];
    return places.flatMap((one) => [...(one?.querySelectorAll("canvas") ?? [])]).some((one) => {
        if (!one.width || !one.height) return false;
        return one.getContext("2d").getImageData(0, 0, one.width, one.height).data.some((value) => value > 0);
    });
};
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """How far away the browser is."""

    megabits: float
    latency_ms: float


@dataclass
class Traffic:
    """What came over the line, by request."""

    _requests: dict[str, dict[str, Any]] = field(default_factory=dict)

    async def over(self, session: CDPSession) -> None:
        session.on("Network.requestWillBeSent", self._asked)
        session.on("Network.requestWillBeSentExtraInfo", self._headers)
        session.on("Network.responseReceived", self._answered)
        session.on("Network.dataReceived", self._came)
        session.on("Network.loadingFinished", self._is_whole)
        await session.send("Network.enable")

    def of(self, part: str) -> list[dict[str, Any]]:
        """Requests whose address has that in it: `url`, `status`, `range`, `bytes`."""
        return [one for one in self._requests.values() if part in one.get("url", "")]

    def bytes(self, part: str = "") -> int:
        return sum(one["bytes"] for one in self.of(part))

    def _at(self, event: Mapping[str, Any]) -> dict[str, Any]:
        return self._requests.setdefault(event["requestId"], {"bytes": 0, "range": "", "status": 0})

    def _asked(self, event: Mapping[str, Any]) -> None:
        self._at(event)["url"] = event["request"]["url"]

    def _headers(self, event: Mapping[str, Any]) -> None:
        self._at(event)["range"] = {name.lower(): text for name, text in event["headers"].items()}.get("range", "")

    def _answered(self, event: Mapping[str, Any]) -> None:
        self._at(event)["status"] = event["response"]["status"]

    def _came(self, event: Mapping[str, Any]) -> None:
        """Unpacked; of what is broken off, nothing else is told."""
        self._at(event)["bytes"] += event["dataLength"]

    def _is_whole(self, event: Mapping[str, Any]) -> None:
        """With its headers, packed if it was."""
        self._at(event)["bytes"] = round(event["encodedDataLength"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    page: Page
    session: CDPSession
    traffic: Traffic

    async def told(self, expression: str) -> Any:
        return await self.page.evaluate(expression)

    async def when(self, claim: str) -> float:
        """Milliseconds from the navigation until it was so."""
        return float(await self.page.evaluate(f"window.watched.when(() => {claim})"))


@asynccontextmanager
async def looking(browser: Browser, url: str, key: str, line: Line | None = None) -> AsyncIterator[Look]:
    """In a browser that has never been here, but is signed in."""
    context = await browser.new_context(base_url=url, viewport={"width": WIDTH, "height": HEIGHT})
    context.set_default_timeout(_PATIENCE_MS)
    try:
        answer = await context.request.post(
            "/v1/session", data=json.dumps({"key": key}), headers={"content-type": "application/json"}
        )
        if not answer.ok:
            raise BenchBroken(f"POST /v1/session answered {answer.status}: {await answer.text()}")
        page = await context.new_page()
        await page.add_init_script(_WATCHING)
        session = await context.new_cdp_session(page)
        traffic = Traffic()
        await traffic.over(session)
        if line is not None:
            a_second = line.megabits * 1e6 / 8
            await session.send(
                "Network.emulateNetworkConditions",
                {
                    "offline": False,
                    "latency": line.latency_ms,
                    "downloadThroughput": a_second,
                    "uploadThroughput": a_second,
                },
            )
        yield Look(page=page, session=session, traffic=traffic)
    finally:
        await context.close()
