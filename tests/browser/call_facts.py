"""What is known of an open call, for tests of it: opened in the page, unfolded, and as the catalogue has it."""

from typing import Any

from playwright.async_api import Locator, Page

from connector.domain.ids import CallId
from connector.ports.call_search import CallFile
from connector.ports.shipping_ledger import RecordingFile
from tests.browser.chromium import Visitor


async def opened(visitor: Visitor, call: str, who: str = "harbour admin", **of_context: Any) -> Page:
    # What the player and the transcript beside it ask for may be missing.
    for status in (404, 410):
        visitor.watch.expect(status, "/v1/calls/*/transcript*")
        visitor.watch.expect(status, "/v1/recordings/*/waveform")
    page = await visitor.open(f"/calls?call={call}", who=who, **of_context)
    await page.locator(".call-facts").wait_for()
    return page


async def unfolded(page: Page, heading: str) -> Locator:
    """That section, open."""
    section = page.locator("details", has=page.get_by_role("heading", name=heading, exact=True))
    if not await section.evaluate("section => section.open"):
        await section.locator("summary").click()
    return section


def file_of(visitor: Visitor, call: str) -> CallFile:
    catalogue = visitor.house.server.site.house.ground.catalogue
    found = visitor.house.awaited(catalogue.call_search.call(CallId(call)))
    assert found is not None
    return found


def recording_of(visitor: Visitor, call: str) -> RecordingFile:
    return file_of(visitor, call).recordings[0]
