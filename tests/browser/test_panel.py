"""Where the open call stands: how wide, whose it is, and which one while another is on its way."""

import asyncio

import pytest
from playwright.async_api import Locator, Page, Route, expect

from tests.browser.call_list import row
from tests.browser.chromium import Visitor
from tests.browser.player import becomes, button, opened, slider


def edge(page: Page) -> Locator:
    return page.get_by_role("separator", name="Width of the open call")


async def width(page: Page, of: str = ".panel") -> float:
    box = await page.locator(of).bounding_box()
    assert box
    return box["width"]


async def share(page: Page) -> float:
    return 100 * await width(page) / await width(page, ".calls")


# --- its edge ---------------------------------------------------------------------------------------------------------


async def test_its_edge_is_drawn_by_hand_and_stays_there(visitor: Visitor) -> None:
    page = await opened(visitor, "parcel")
    before = await width(page)
    box = await edge(page).bounding_box()
    assert box
    at = box["x"] + box["width"] / 2
    await page.mouse.move(at, 400)
    await page.mouse.down()
    await page.mouse.move(at + 100, 380, steps=5)
    await page.mouse.move(at + 200, 300, steps=5)
    await page.mouse.up()
    await page.mouse.move(at - 300, 300)
    assert await width(page) == pytest.approx(before - 200, abs=3)
    await expect(edge(page)).to_have_attribute("aria-valuenow", str(round(await share(page))))
    await page.reload()
    await becomes(page, "a.readyState > 0")
    assert await width(page) == pytest.approx(before - 200, abs=3)
    assert await page.evaluate("getSelection().isCollapsed")


async def test_its_edge_is_moved_by_keys_and_the_player_stays_where_it_is(visitor: Visitor) -> None:
    page = await opened(visitor, "parcel", "&t=12.5")
    await edge(page).focus()
    for key, wanted in (("ArrowLeft", 56), ("ArrowLeft", 58), ("ArrowRight", 56), ("Enter", 54)):
        await page.keyboard.press(key)
        await expect(edge(page)).to_have_attribute("aria-valuenow", str(wanted))
        assert await share(page) == pytest.approx(wanted, abs=0.5)
    await page.keyboard.press("End")
    assert await width(page, ".list") >= 300
    await page.keyboard.press("Home")
    assert await width(page) >= 360
    await becomes(page, "a.currentTime === 12.5 && a.paused")


async def test_where_there_is_no_room_for_both_there_is_no_edge_between_them(visitor: Visitor) -> None:
    page = await opened(visitor, "parcel", width=390, height=800)
    await expect(edge(page)).to_have_count(0)
    assert await width(page) == 390
    await button(page, "‹ Back to the list").click()
    await expect(edge(page)).to_have_count(0)


async def test_where_one_is_stays_where_it_was_heard_however_wide_the_waveform_gets(visitor: Visitor) -> None:
    page = await opened(visitor, "parcel", "&t=34.5")
    for key in ("Home", "End"):
        await edge(page).press(key)
        await expect(slider(page)).to_have_attribute("aria-valuetext", "0:34 of 1:09")
        whole = await slider(page).bounding_box()
        cursor = await page.locator(".waveform-cursor").bounding_box()
        assert whole
        assert cursor
        assert (cursor["x"] - whole["x"]) / whole["width"] == pytest.approx(0.5, abs=0.01)


# --- whose it is ------------------------------------------------------------------------------------------------------


async def test_a_link_to_a_call_that_is_not_listed_says_whose_it_is_all_the_same(visitor: Visitor) -> None:
    page = await visitor.open("/calls?agent=Grace+Hopper&call=harbour-parcel")
    await expect(row(page, "invoice")).to_be_visible()
    await expect(row(page, "parcel")).to_have_count(0)
    await expect(page.locator(".panel-bar h2")).to_contain_text("+4930123456 → 201")


async def test_while_another_call_is_on_its_way_nothing_is_done_to_the_one_before(visitor: Visitor) -> None:
    page = await opened(visitor, "parcel")
    may_come = asyncio.Event()

    async def late(route: Route) -> None:
        await may_come.wait()
        await route.continue_()

    await page.route("**/v1/calls/harbour-invoice", late)
    await button(page, "Play").click()
    await row(page, "invoice").click()
    await expect(page.locator(".panel-bar h2")).to_contain_text("+81312345678")
    shown = page.locator("article.call")
    await expect(shown).to_contain_text("+4930123456")
    # It plays on, and whoever presses a button of it presses none.
    await expect(shown).to_have_attribute("inert", "")
    await expect(page.get_by_role("button", name="Play", exact=True)).to_have_count(0)
    await becomes(page, "!a.paused")
    may_come.set()
    await expect(shown).not_to_have_attribute("inert", "")
    await becomes(page, "a.src.includes('invoice')")
