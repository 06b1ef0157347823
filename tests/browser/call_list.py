"""The list of calls, for tests of it: found in the page, and what it asks the server."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

from playwright.async_api import Locator, Page, Request, expect

from tests.browser.chromium import Visitor


def grid(page: Page) -> Locator:
    return page.get_by_role("grid", name="Calls")


def row(page: Page, what: str) -> Locator:
    """Of a call of Harbour Logistics."""
    link = page.locator(f'a[href$="call=harbour-{what}"], a[href*="call=harbour-{what}&"]')
    return page.locator("tbody tr").filter(has=link)


def active(page: Page) -> Locator:
    return page.locator("tbody tr.active")


def search(page: Page) -> Locator:
    return page.get_by_role("searchbox", name="Search", exact=True)


def counted(page: Page) -> Locator:
    return page.locator(".below .count")


async def listed(visitor: Visitor, address: str = "/calls", **how: Any) -> Page:
    page = await visitor.open(address, **how)
    await expect(counted(page)).not_to_be_empty()
    return page


def asked_of(page: Page) -> list[dict[str, list[str]]]:
    """What the list is asked for from now on."""
    found: list[dict[str, list[str]]] = []

    def note(request: Request) -> None:
        address = urlsplit(request.url)
        if address.path == "/v1/calls":
            found.append(parse_qs(address.query))

    page.on("request", note)
    return found
