"""Calls that are looked for: by numbers, words and filters, all of it in the address; and what is found taken away."""

import asyncio
import csv
import io
import re
import zipfile
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

from playwright.async_api import Download, Page, Route, expect

from tests.browser.call_list import asked_of, counted, listed, row, search
from tests.browser.chromium import Visitor

BERLIN: Final = ZoneInfo("Europe/Berlin")


# --- search and filters -----------------------------------------------------------------------------------------------


async def test_a_part_of_a_number_is_found_while_it_is_typed(visitor: Visitor) -> None:
    page = await listed(visitor)
    asked = asked_of(page)
    await search(page).press_sequentially("+44 (20) 71", delay=15)
    await expect(page.locator(".chip").first).to_contain_text("Number: +442071")
    await expect(page.locator("tbody tr:not(:has-text('+442071838750'))")).to_have_count(0)
    await expect(page.locator("tbody tr").first).to_be_visible()
    assert len(asked) < len("+44 (20) 71") / 2, "each sign was a question"
    # One search is one step, however it was typed.
    await page.go_back()
    await expect(page).to_have_url(re.compile("/calls$"))
    await expect(search(page)).to_have_value("")
    await page.go_forward()
    await expect(search(page)).to_have_value("+442071")


async def test_words_that_were_said_are_lit_and_lead_to_their_moment(page: Page) -> None:
    await search(page).fill("PARCEL hamburg")
    hit = row(page, "parcel").locator(".cell-hit")
    await expect(hit.locator("mark")).to_have_text(["parcel", "Hamburg"])
    await expect(hit).to_contain_text("and 2 more places")
    await hit.get_by_role("link").click()
    query = parse_qs(urlsplit(page.url).query)
    assert (query["call"], query["recording"]) == (["harbour-parcel"], ["harbour-recording-parcel"])
    assert float(query["t"][0]) > 20
    await expect(page.get_by_role("slider", name="Position")).to_have_attribute("aria-valuetext", re.compile("^0:3"))


async def test_the_keyboard_opens_a_call_at_the_words_found(page: Page) -> None:
    await search(page).fill("parcel")
    await expect(row(page, "parcel").locator("mark")).to_be_visible()
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("Enter")
    await expect(page).to_have_url(re.compile(r"call=harbour-parcel&recording=.*&t=[1-9]"))


async def test_digits_are_looked_for_among_the_words_when_one_says_so(page: Page) -> None:
    await page.get_by_label("Search in").select_option("Words said")
    await search(page).fill("4711")
    await expect(page.locator(".chip").first).to_contain_text("Words: 4711")
    await page.reload()
    await expect(page.get_by_label("Search in")).to_have_value("text")
    await expect(search(page)).to_have_value("4711")


async def test_who_may_not_listen_searches_numbers_and_takes_nothing_away(visitor: Visitor) -> None:
    page = await listed(visitor, who="harbour read")
    await expect(page.get_by_label("Search in")).to_have_count(0)
    await expect(page.get_by_role("button", name="Download …")).to_have_count(0)
    await search(page).fill("anonymous")
    await expect(page.locator(".chip").first).to_contain_text("Number: anonymous")
    await expect(row(page, "live-ringing")).to_be_visible()


async def test_an_older_answer_never_replaces_a_newer_one(visitor: Visitor) -> None:
    page = await listed(visitor)
    newer = asyncio.Event()

    async def late(route: Route) -> None:
        await newer.wait()
        await route.continue_()

    await page.route(re.compile(r"/v1/calls\?number=44&"), late)
    async with page.expect_request(re.compile("number=44&")):
        await search(page).fill("44")
    await search(page).fill("8131")
    await expect(page.locator("tbody .cell-from").first).to_contain_text("8131")
    newer.set()
    await page.evaluate("new Promise((done) => setTimeout(done, 300))")
    await expect(page.locator("tbody tr:not(:has-text('8131'))")).to_have_count(0)


async def test_filters_stand_in_the_address_and_go_one_by_one(page: Page) -> None:
    await expect(counted(page)).not_to_be_empty()
    await page.keyboard.press("f")
    await page.get_by_label("Recording", exact=True).select_option("failed")
    await expect(page.locator("tbody tr")).to_have_count(3)
    await page.get_by_label("Agent", exact=True).fill("Ada Lovelace")
    await page.keyboard.press("Enter")
    await page.get_by_label("Direction", exact=True).select_option("inbound")
    query = parse_qs(urlsplit(page.url).query)
    assert query == {
        "recording_state": ["failed-at-capture,failed-at-render,failed-at-store"],
        "agent": ["Ada Lovelace"],
        "direction": ["inbound"],
    }
    chips = page.get_by_role("list", name="Active filters").locator(".chip")
    await expect(chips).to_have_text(
        [re.compile("Direction: inbound"), re.compile("Recording: failed"), re.compile("Agent: Ada")]
    )
    await page.reload()
    await expect(chips).to_have_count(3)
    await page.get_by_role("button", name="Remove Recording: failed").click()
    await expect(chips).to_have_count(2)
    await page.go_back()
    await expect(chips).to_have_count(3)
    await page.get_by_role("button", name="Clear all filters").click()
    await expect(chips).to_have_count(0)
    await expect(page).to_have_url(re.compile("/calls$"))


async def test_days_are_chosen_by_a_word(page: Page) -> None:
    today = datetime.now(BERLIN).date()
    days = page.get_by_label("Days", exact=True)
    await days.select_option("Yesterday")
    yesterday = today - timedelta(days=1)
    await expect(page).to_have_url(re.compile(f"from_date={yesterday}&to_date={yesterday}"))
    await days.select_option("Last 7 days")
    await expect(page).to_have_url(re.compile(f"from_date={today - timedelta(days=6)}$"))
    await expect(row(page, "expired")).to_have_count(0)
    await days.select_option("All days")
    await expect(page).to_have_url(re.compile("/calls$"))


async def test_a_year_that_is_being_typed_is_no_year_yet(visitor: Visitor) -> None:
    page = await listed(visitor)
    asked = asked_of(page)
    await page.keyboard.press("g")
    await page.keyboard.type("05052024")
    await expect(page).to_have_url(re.compile("to_date=2024-05-05$"))
    assert [one["to_date"] for one in asked] == [["2024-05-05T22:00:00.000Z"]]
    await page.go_back()
    await expect(page).to_have_url(re.compile("/calls$"))


async def test_who_finds_nothing_is_told_why_and_how_to_find_more(visitor: Visitor) -> None:
    page = await visitor.open("/calls?agent=Nobody&direction=outbound")
    empty = page.locator(".empty")
    await expect(empty).to_contain_text("No call fits.")
    await expect(empty.get_by_role("listitem")).to_have_text(["Direction: outbound", "Agent: Nobody"])
    await empty.get_by_role("button", name="Clear all filters").click()
    await expect(row(page, "parcel")).to_be_visible()


async def test_a_filter_that_is_none_is_said_once_and_not_asked_for_again(visitor: Visitor) -> None:
    visitor.watch.expect(422, "/v1/calls")
    page = await visitor.open("/calls?direction=sideways")
    await expect(page.get_by_role("alert")).to_be_visible()
    asked = asked_of(page)
    await page.evaluate("new Promise((done) => setTimeout(done, 2500))")
    assert asked == []


# --- taken away -------------------------------------------------------------------------------------------------------


async def taken(page: Page, what: str) -> Path:
    await page.get_by_role("button", name="Download …").click()
    asked = page.get_by_role("dialog", name="Download what is listed")
    await expect(asked).to_contain_text("At most 10,000 calls or recordings at once")
    async with page.expect_download() as coming:
        await asked.get_by_role("link", name=what).click()
    download: Download = await coming.value
    return Path(await download.path())


async def test_what_filters_find_is_taken_away_as_an_archive(visitor: Visitor) -> None:
    page = await listed(visitor, "/calls?tag=invoice")
    with zipfile.ZipFile(await taken(page, "Recordings (ZIP)")) as archive:
        assert archive.testzip() is None
        assert sorted(Path(name).suffix for name in archive.namelist()) == [".json", ".mp3"]


async def test_what_filters_find_is_taken_away_as_a_table(visitor: Visitor) -> None:
    page = await listed(visitor, "/calls?text=parcel")
    file = await taken(page, "Transcripts (CSV)")
    lines = list(csv.DictReader(io.StringIO(file.read_text(encoding="utf-8-sig"))))
    assert [line["call_id"] for line in lines] == ["harbour-parcel"]
