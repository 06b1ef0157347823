"""What is listed, taken away in one piece: how much it is, and what is too much, is said before."""

import pytest
from playwright.async_api import Locator, Page, expect

from connector.services.exporting import Exporting
from tests.browser.call_list import listed
from tests.browser.chromium import Visitor


async def asked(page: Page) -> Locator:
    await page.get_by_role("button", name="Download …").click()
    return page.get_by_role("dialog", name="Download what is listed")


async def test_how_much_it_is_is_said_before(visitor: Visitor) -> None:
    dialog = await asked(await listed(visitor, "/calls?tag=invoice"))
    await expect(dialog.get_by_role("status")).to_contain_text("1 call, 1 recording: ")
    await expect(dialog.get_by_role("link", name="Recordings (ZIP)")).to_be_visible()


async def test_where_nothing_is_stored_there_is_no_archive_to_take(visitor: Visitor) -> None:
    dialog = await asked(await listed(visitor, "/calls?queue=claims&status=in_progress"))
    await expect(dialog.get_by_role("status")).to_have_text("1 call, of which no recording is stored.")
    await expect(dialog.get_by_role("link", name="Recordings (ZIP)")).to_have_count(0)
    await expect(dialog.get_by_role("link", name="Transcripts (CSV)")).to_be_visible()


async def test_too_much_is_said_in_words_and_is_no_download_that_fails(
    visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a house with ten thousand recordings would."""
    visitor.watch.expect(400, "/v1/recordings/batch/size")
    monkeypatch.setattr(Exporting.gathered, "__defaults__", ((), 3))
    dialog = await asked(await listed(visitor))
    await expect(dialog.get_by_role("alert")).to_contain_text("these are more than 3 calls: narrow the filter")
    await expect(dialog.get_by_role("link", name="Recordings (ZIP)")).to_have_count(0)
    await expect(dialog.get_by_role("link", name="Transcripts (CSV)")).to_be_visible()
