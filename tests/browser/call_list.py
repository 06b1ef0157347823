"""The list of calls, for tests of it: found in the page, what it asks the server, and calls that come meanwhile."""

from itertools import count
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from playwright.async_api import Locator, Page, Request, expect

from connector.domain.call import Call
from connector.domain.ids import CallId
from tests.browser.chromium import Visitor
from tests.browser.site import PageHouse
from tests.builders import a_call, a_leg

NUMBERS: Final = count(1)


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


def begun(house: PageHouse, **over: Any) -> Call:
    """A call that somebody of Harbour Logistics talks in, told to the catalogue."""
    now = house.server.site.house.ground.clock.now()
    number = next(NUMBERS)
    facts: dict[str, Any] = {
        "id": CallId(f"harbour-new-{number}"),
        "organisation": "harbour",
        "pbx": "harbour",
        "started_at": now,
        "answered_at": now,
        "from_number": f"+4989{number:06}",
        "legs": (a_leg(created_at=now, answered_at=now),),
    }
    call = a_call(**(facts | over))
    house.happen(call)
    return call
