"""The list of calls: what its rows say, how one goes through it and opens them."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import pytest
from playwright.async_api import Page, expect

from tests.browser.call_list import active, asked_of, counted, grid, listed, row, search
from tests.browser.chromium import Visitor
from tests.browser.office import RIVERSIDE_CALLS
from tests.browser.sight import sideways_faults
from tests.browser.site import PageHouse

BERLIN: Final = ZoneInfo("Europe/Berlin")
PHONE: Final[dict[str, Any]] = {"width": 360, "height": 740}
#: More than this of a list is never in the page.
MOST_ROWS: Final = 90

#: Scrolls on with every picture until the list ends, and tells which rows it saw on the way.
_THROUGH: Final = """
async () => {
    const grid = document.querySelector("[role=grid]");
    const seen = new Map();
    let most = 0;
    let unmoved = 0;
    while (unmoved < 60) {
        const rows = grid.querySelectorAll("tbody tr");
        most = Math.max(most, rows.length);
        for (const one of rows) seen.set(Number(one.ariaRowIndex ?? one.getAttribute("aria-rowindex")),
            one.querySelector("a").search);
        const before = grid.scrollTop;
        grid.scrollTop += 500;
        unmoved = grid.scrollTop === before ? unmoved + 1 : 0;
        await new Promise((done) => requestAnimationFrame(done));
    }
    return { seen: [...seen.entries()].sort(([one], [other]) => one - other), most };
}
"""


def read_by_now(house: PageHouse) -> int:
    """How often somebody is written down as having read words, or had links to sound, in lists and of calls."""
    lines = house.awaited(house.server.site.house.ground.catalogue.audit.lines(0, 9999))
    return [line.deed.action for line in lines].count("calls.read")


# --- what a row says --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ("parcel", "available, incomplete"),
        ("invoice", "available"),
        ("live", "recording"),
        ("live-paused", "paused"),
        ("live-asked", "starting"),
        ("live-ringing", "not yet"),
        ("waiting", "on its way"),
        ("captured", "on its way"),
        ("failed-capture", "failed"),
        ("off", "off the rule for queue 'claims': never"),
        ("no-answer", "no answer"),
        ("too-short", "too short it ended before two parties had talked"),
        ("expired", "expired"),
        ("erased", "erased the caller wished it (GDPR)"),
        ("held", "on legal hold"),
    ],
)
async def test_a_row_says_what_there_is_to_hear_or_why_there_is_nothing(page: Page, what: str, said: str) -> None:
    await expect(counted(page)).not_to_be_empty()
    await page.evaluate("() => { const one = document.querySelector('[role=grid]'); one.style.height = '4000px'; }")
    cell = row(page, what).locator(".cell-sound")
    await expect(cell).to_contain_text(re.compile(r"\s*".join(map(re.escape, said.split()))))


async def test_the_line_below_says_in_full_what_has_no_room_in_the_row(page: Page) -> None:
    await row(page, "failed-store").locator(".cell-from").click()
    await page.keyboard.press("Escape")
    whole = "failed: bucket 'calls' refused the upload (403): may the key 'AKIA…' put objects there?"
    await expect(page.locator(".below")).to_contain_text(whole)


async def test_marks_say_what_else_there_is(page: Page) -> None:
    marks = row(page, "parcel").locator(".cell-marks")
    await expect(marks).to_contain_text("transcript")
    await expect(marks).to_contain_text("2 notes")
    await expect(marks.locator(".tags")).to_have_attribute("title", re.compile("vip, delivery|delivery, vip"))


async def test_organisations_are_told_apart_only_to_who_sees_several(visitor: Visitor) -> None:
    page = await listed(visitor, who="harbour admin")
    await expect(page.get_by_role("columnheader", name="Organisation")).to_have_count(0)
    page = await listed(visitor, who="house read")
    await expect(page.get_by_role("columnheader", name="Organisation")).to_have_count(1)
    await expect(row(page, "parcel").locator(".cell-organisation")).to_have_text("harbour")


async def test_what_strangers_wrote_is_text_in_rows_and_chips(visitor: Visitor) -> None:
    text = "<script>window.mallory_was_here=1</script>"
    page = await listed(visitor, f"/calls?queue={text}", who="mallory admin")
    await expect(page.locator(".chip").first).to_contain_text(text)
    await expect(page.locator("tbody .cell-from").first).to_have_text(text)
    assert await page.evaluate("window.mallory_was_here") is None


# --- very many --------------------------------------------------------------------------------------------------------


async def test_a_long_list_is_gone_through_with_few_rows_in_the_page(visitor: Visitor) -> None:
    page = await listed(visitor, who="riverside listen")
    await expect(grid(page)).to_have_attribute("aria-rowcount", "-1")
    found = await page.evaluate(_THROUGH)
    assert found["most"] <= MOST_ROWS
    # Below the titles; each call once, and none left out.
    assert [index for index, _ in found["seen"]] == list(range(2, RIVERSIDE_CALLS + 3))
    assert len({link for _, link in found["seen"]}) == RIVERSIDE_CALLS + 1
    await expect(counted(page)).to_have_text(f"{RIVERSIDE_CALLS + 1} calls")
    await expect(grid(page)).to_have_attribute("aria-rowcount", str(RIVERSIDE_CALLS + 2))


async def test_rows_are_in_the_page_in_the_order_in_which_they_are_seen(visitor: Visitor) -> None:
    page = await listed(visitor, who="riverside listen")
    for place in (900, 2600, 300, 3000, 2900):
        await page.evaluate("(place) => { document.querySelector('[role=grid]').scrollTop = place; }", place)
        await expect(page.locator(f"#call-row-{place // 36 + 1}")).to_be_in_viewport()
        found = await page.locator("tbody tr").evaluate_all(
            "(all) => all.map((one) => [Number(one.dataset.index), one.getBoundingClientRect().top])"
        )
        assert found == sorted(found)


async def test_more_is_fetched_only_for_who_scrolls(visitor: Visitor) -> None:
    page = await visitor.open("/health", who="riverside listen")
    asked = asked_of(page)
    await page.get_by_role("link", name="Calls", exact=True).click()
    await expect(counted(page)).to_have_text("the newest 100 calls")
    assert [one for one in asked if "cursor" in one] == []
    await grid(page).focus()
    await page.keyboard.press("End")
    await expect(counted(page)).to_have_text(f"{RIVERSIDE_CALLS + 1} calls")


async def test_a_day_is_jumped_to(visitor: Visitor) -> None:
    day = datetime.now(BERLIN).date() - timedelta(days=5)
    page = await listed(visitor, who="riverside listen")
    asked = asked_of(page)
    await page.keyboard.press("g")
    field = page.get_by_label("Up to day")
    await expect(field).to_be_focused()
    await field.fill(day.isoformat())
    await expect(page).to_have_url(re.compile(f"to_date={day}"))
    await expect(page.locator("tbody .cell-begin").first).to_contain_text(f"{day.day} {day:%b}")
    # Days are those of who looks at them.
    behind = datetime.combine(day + timedelta(days=1), datetime.min.time(), BERLIN).astimezone(UTC)
    assert asked[0]["to_date"] == [f"{behind:%Y-%m-%dT%H:%M:%S}.000Z"]


async def test_a_list_asks_for_no_words_and_no_sound_and_so_nobody_has_read_any(visitor: Visitor) -> None:
    page = await visitor.open("/health")
    asked = asked_of(page)
    await page.get_by_role("link", name="Calls", exact=True).click()
    await expect(row(page, "parcel").locator(".cell-marks")).to_contain_text("transcript")
    assert [sorted(one["without"]) for one in asked] == [["legs", "sound", "words"]] * len(asked)
    assert read_by_now(visitor.house) == 0
    await search(page).fill("parcel hamburg")
    await expect(row(page, "parcel").locator("mark").first).to_be_visible()
    assert read_by_now(visitor.house) > 0


# --- keyboard ---------------------------------------------------------------------------------------------------------


async def test_keys_lead_through_the_list_into_a_call_and_back(visitor: Visitor) -> None:
    # Of what is just being made there are no words yet.
    visitor.watch.expect(404, "/v1/calls/*/transcript")
    page = await listed(visitor)
    await page.keyboard.press("j")
    await page.keyboard.press("j")
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("k")
    await expect(grid(page)).to_be_focused()
    await expect(grid(page)).to_have_attribute("aria-activedescendant", "call-row-2")
    await expect(active(page)).to_have_attribute("aria-rowindex", "4")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("complementary", name="Open call")).to_be_focused()
    await expect(page.locator("tbody tr[aria-selected=true]")).to_have_attribute("id", "call-row-2")
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("complementary", name="Open call")).to_have_count(0)
    await expect(grid(page)).to_be_focused()
    await expect(grid(page)).to_have_attribute("aria-activedescendant", "call-row-2")


async def test_pages_and_ends_are_a_key_away(visitor: Visitor) -> None:
    page = await listed(visitor, who="riverside listen")
    await page.keyboard.press("End")
    await expect(active(page)).to_be_in_viewport()
    await expect(active(page)).to_have_attribute("aria-rowindex", "101")
    await page.keyboard.press("PageUp")
    await expect(active(page)).to_be_in_viewport()
    await page.keyboard.press("Home")
    await expect(active(page)).to_have_attribute("aria-rowindex", "2")
    await page.keyboard.press("PageDown")
    await expect(active(page)).to_be_in_viewport()
    index = int(await active(page).get_attribute("aria-rowindex") or 0)
    assert 12 < index < 25


async def test_keys_are_let_be_while_somebody_types(page: Page) -> None:
    await expect(counted(page)).not_to_be_empty()
    await page.keyboard.press("/")
    await expect(search(page)).to_be_focused()
    await page.keyboard.type("jk?f/")
    await expect(search(page)).to_have_value("jk?f/")
    await expect(page.get_by_role("dialog")).to_have_count(0)
    await expect(page.locator("#filter-fields")).to_have_count(0)


async def test_the_keys_are_told(page: Page) -> None:
    await expect(counted(page)).not_to_be_empty()
    await page.keyboard.press("?")
    told = page.get_by_role("dialog", name="Keys of the list")
    await expect(told).to_contain_text("jump to a day")
    await expect(told).to_contain_text("Play or pause")
    await page.keyboard.press("j")
    await page.keyboard.press("Escape")
    await expect(told).to_have_count(0)
    await expect(grid(page)).not_to_be_focused()


# --- the open call, and a small screen --------------------------------------------------------------------------------


async def test_a_call_opens_beside_the_list_and_stands_in_the_address(page: Page) -> None:
    await row(page, "invoice").locator(".cell-agent").click()
    await expect(page).to_have_url(re.compile(r"/calls\?call=harbour-invoice$"))
    panel = page.get_by_role("complementary", name="Open call")
    await expect(panel.get_by_role("heading").first).to_contain_text("202 → +81312345678")
    await expect(row(page, "parcel")).to_be_visible()
    await page.go_back()
    await expect(panel).to_have_count(0)
    await page.go_forward()
    await expect(panel).to_be_visible()
    await panel.get_by_role("button", name="Close").click()
    await expect(page).to_have_url(re.compile("/calls$"))
    await expect(grid(page)).to_be_focused()


async def test_on_a_phone_a_call_covers_the_list_and_leads_back(visitor: Visitor) -> None:
    page = await listed(visitor, **PHONE)
    assert await sideways_faults(page) == []
    places = (
        await row(page, "parcel")
        .locator(".cell-from, .cell-sound")
        .evaluate_all("(all) => all.map((one) => one.getBoundingClientRect().top)")
    )
    assert places[1] > places[0] + 10, "it stands in one line"
    await row(page, "parcel").locator(".cell-to").click()
    panel = page.get_by_role("complementary", name="Open call")
    await expect(panel).to_have_css("position", "fixed")
    assert await page.locator("section.list").get_attribute("inert") is not None
    assert await sideways_faults(page) == []
    await panel.get_by_role("button", name="Back to the list").click()
    await expect(panel).to_have_count(0)
    await expect(grid(page)).to_be_focused()
