"""A real browser, and who watches it: what goes wrong in a page unseen is a fault of the test that opened it.

Knows pages and requests; no view.
"""

import fnmatch
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final, Literal
from urllib.parse import urlsplit

from playwright.async_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Dialog,
    Page,
    Request,
    Response,
    async_playwright,
)

from tests.browser.site import PageHouse

PROGRAMS: Final = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS: Final = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--mute-audio",
)
#: Sound may begin without a click: for those who test sound.
AUTOPLAY: Final = "--autoplay-policy=no-user-gesture-required"
#: What the system likes.
Theme = Literal["dark", "light"]
_OF_ITSELF: Final = ("data:", "blob:", "about:")
#: Said of each answer of 400 and more, which we look at ourselves.
_NO_RESOURCE: Final = "Failed to load resource"


def program() -> str:
    """Empty: there is none."""
    return next((path for name in PROGRAMS if (path := shutil.which(name))), "")


@asynccontextmanager
async def browsing(*further: str) -> AsyncIterator[Browser]:
    """With nothing of anybody's: no cookies, no cache."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=program(), args=[*ARGUMENTS, *further])
        try:
            yield browser
        finally:
            await browser.close()


@dataclass(frozen=True, slots=True)
class _Expected:
    status: int
    #: A pattern of paths, with *.
    path: str


@dataclass(kw_only=True)
class Watch:
    """Over all pages of one test."""

    origin: str
    faults: list[str] = field(default_factory=list)
    _expected: list[_Expected] = field(default_factory=list)
    _said: list[str] = field(default_factory=list)

    def expect(self, status: int, path: str) -> None:
        """Such an answer is no fault: `watch.expect(404, "/v1/calls/*/recording")`. 0: no answer at all."""
        self._expected.append(_Expected(status, path))

    def expect_said(self, part: str) -> None:
        """Nor is that on the console."""
        self._said.append(part)

    def over(self, page: Page) -> None:
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.faults.append(f"the page raised {error}"))
        page.on("request", self._request)
        page.on("requestfailed", self._failed)
        page.on("response", self._response)
        page.on("dialog", self._dialog)

    def _console(self, message: ConsoleMessage) -> None:
        is_known = message.text.startswith(_NO_RESOURCE) or any(part in message.text for part in self._said)
        if message.type in ("error", "warning") and not is_known:
            self.faults.append(f"the console says ({message.type}) {message.text} at {message.location.get('url')}")

    def _request(self, request: Request) -> None:
        if not request.url.startswith((f"{self.origin}/", *_OF_ITSELF)):
            self.faults.append(f"the page asked elsewhere: {request.url}")

    def _failed(self, request: Request) -> None:
        # The page itself lets go of what it does not need any more.
        if request.failure != "net::ERR_ABORTED" and not self._is_expected(0, request.url):
            self.faults.append(f"no answer ({request.failure}): {request.method} {request.url}")

    def _response(self, response: Response) -> None:
        if response.status >= 400 and not self._is_expected(response.status, response.url):
            self.faults.append(f"answered {response.status}: {response.request.method} {response.url}")

    async def _dialog(self, dialog: Dialog) -> None:
        self.faults.append(f"the page opened a native {dialog.type}: {dialog.message}")
        await dialog.dismiss()

    def _is_expected(self, status: int, url: str) -> bool:
        path = urlsplit(url).path
        return any(one.status == status and fnmatch.fnmatchcase(path, one.path) for one in self._expected)


@dataclass(kw_only=True)
class Visitor:
    """Opens pages of one house, each in a browser as good as new."""

    browser: Browser
    house: PageHouse
    watch: Watch

    async def open(
        self,
        address: str = "/calls",
        *,
        who: str | None = "harbour admin",
        width: int = 1280,
        height: int = 800,
        theme: Theme = "dark",
        prepared: str = "",
        **of_context: Any,
    ) -> Page:
        """Signed in with that key of the house; None: nobody is. `prepared`: a script that runs before the
        page's own."""
        context = await self.browser.new_context(
            base_url=self.house.url,
            viewport={"width": width, "height": height},
            color_scheme=theme,
            locale="en-GB",
            timezone_id="Europe/Berlin",
            **of_context,
        )
        context.set_default_timeout(10_000)
        if who is None:
            self.watch.expect(401, "/v1/session")
        else:
            await self._sign_in(context, who)
        page = await context.new_page()
        self.watch.over(page)
        if prepared:
            await page.add_init_script(prepared)
        await page.goto(address)
        return page

    async def _sign_in(self, context: BrowserContext, who: str) -> None:
        """The cookie is the context's from then on, as after the form."""
        answer = await context.request.post(
            "/v1/session", data={"key": self.house.key(who)}, headers={"x-callreel-page": "1"}
        )
        assert answer.ok, f"signing in as {who} was answered {answer.status}: {await answer.text()}"
