"""The words of an open call beside its sound, and taking both along."""

import asyncio
import re
from pathlib import Path

import pytest
from playwright.async_api import Route, expect

from tests.browser.chromium import Visitor
from tests.browser.office import PARCEL
from tests.browser.player import becomes, button, opened

# --- reading along ----------------------------------------------------------------------------------------------------


async def test_the_word_that_is_said_is_lit_and_a_click_on_a_word_goes_there(visitor: Visitor) -> None:
    page = await opened(visitor, "parcel")
    word = page.locator("[data-word]", has_text="Hamburg")
    spoken = next(one for said in PARCEL.said for one in said.words if one.text == "Hamburg")
    await word.click()
    await becomes(page, f"Math.abs(a.currentTime - {spoken.start_seconds}) < 0.01")
    await expect(page.locator(".spoken")).to_have_text("Hamburg")
    await expect(page.locator(".line-now")).to_contain_text("The parcel was in Hamburg this morning")
    await button(page, "Play").click()
    await expect(page.locator(".spoken")).to_have_text("this")
    await expect(page.locator(".spoken")).to_have_text("morning,")


async def test_lines_are_gone_through_by_keys(visitor: Visitor) -> None:
    page = await opened(visitor, "parcel")
    await page.locator(".line-time").first.focus()
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("Enter")
    await becomes(page, f"Math.abs(a.currentTime - {PARCEL.said[2].start_seconds}) < 0.01")
    # One stop for Tab, and it is where one was.
    await expect(page.locator(".line-time[tabindex='0']")).to_have_count(1)
    await expect(page.locator(".line-time").nth(2)).to_be_focused()


async def test_it_scrolls_along_until_somebody_scrolls_himself(visitor: Visitor) -> None:
    page = await opened(visitor, "parcel", height=560)
    lines = page.locator(".lines")
    await lines.scroll_into_view_if_needed()
    await page.evaluate("document.querySelector('audio').currentTime = 60")
    await expect(page.locator(".line-now")).to_be_in_viewport()
    await becomes(page, "document.querySelector('.lines').scrollTop > 50")
    await expect(button(page, "Follow")).to_have_count(0)
    await lines.hover()
    await page.mouse.wheel(0, -5000)
    await expect(button(page, "Follow")).to_be_visible()
    await becomes(page, "document.querySelector('.lines').scrollTop === 0")
    await page.evaluate(f"document.querySelector('audio').currentTime = {PARCEL.said[-1].start_seconds + 0.5}")
    await expect(page.locator(".line-now")).to_contain_text("Have a good day")
    assert await lines.evaluate("(list) => list.scrollTop") == 0
    await button(page, "Follow").click()
    await becomes(page, "document.querySelector('.lines').scrollTop > 50")
    await expect(button(page, "Follow")).to_have_count(0)


async def test_words_are_found_counted_and_gone_through(visitor: Visitor) -> None:
    page = await opened(visitor, "parcel")
    field = page.get_by_role("searchbox", name="Search in the transcript")
    await field.fill("parcel")
    count = page.locator(".transcript-search output")
    await expect(count).to_have_text("1 of 2")
    await expect(page.locator(".found")).to_have_count(2)
    await field.press("Enter")
    await expect(count).to_have_text("2 of 2")
    await expect(page.locator(".found-now")).to_be_in_viewport()
    await page.keyboard.press("F3")
    await expect(count).to_have_text("1 of 2")
    await page.keyboard.press("Shift+F3")
    await expect(count).to_have_text("2 of 2")
    # Over several words, in any case, with or without accents.
    await field.fill("NAME IS MULLER")
    await expect(count).to_have_text("1 of 1")
    await expect(page.locator(".found")).to_have_text(["name", "is", "Müller."])
    await field.fill("nobody said that")
    await expect(count).to_have_text("Not found")
    await expect(page.locator(".found")).to_have_count(0)


async def test_words_that_stand_apart_are_found_as_calls_are_by_them(visitor: Visitor) -> None:
    """In any order; but only when all of them were said."""
    page = await visitor.open("/calls?text=tomorrow+Müller&call=harbour-parcel")
    await becomes(page, "a.readyState > 0")
    await expect(page.locator(".transcript-search output")).to_have_text("1 of 3")
    await expect(page.locator(".lines .found")).to_have_text(["Müller.", "tomorrow", "Tomorrow"])
    await page.get_by_role("searchbox", name="Search in the transcript").fill("tomorrow Schmidt")
    await expect(page.locator(".transcript-search output")).to_have_text("Not found")


async def test_what_the_list_was_searched_for_is_found_in_the_words_at_once(visitor: Visitor) -> None:
    page = await visitor.open("/calls?text=Hamburg&call=harbour-parcel")
    await expect(page.locator(".found-now")).to_have_text("Hamburg")


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ("unheard", "the engine 'local' has no model"),
        ("hearing", "The transcript is being made."),
        ("mono", "No transcript was asked for."),
    ],
)
async def test_where_there_are_no_words_the_page_says_why(visitor: Visitor, what: str, said: str) -> None:
    page = await opened(visitor, what)
    await expect(page.get_by_role("region", name="Transcript")).to_contain_text(said)


async def test_words_do_not_wait_for_a_storage_that_keeps_its_sound_to_itself(visitor: Visitor) -> None:
    visitor.watch.expect(0, "/v1/recordings/*/stream")
    page = await visitor.open()
    is_read = asyncio.Event()

    async def never(route: Route) -> None:
        await is_read.wait()
        await route.abort()

    await page.route("**/stream?*", never)
    await page.goto("/calls?call=harbour-parcel")
    await expect(page.locator(".lines")).to_contain_text("Harbour Logistics, good morning", timeout=15_000)
    assert await page.evaluate("document.querySelector('audio').readyState") == 0
    is_read.set()
    await expect(page.get_by_role("alert")).to_contain_text("The sound cannot be played")


async def test_an_administrator_has_it_heard_again_and_the_words_stay_meanwhile(visitor: Visitor) -> None:
    page = await opened(visitor, "parcel")
    await button(page, "Hear it again").click()
    await expect(page.get_by_text("It is being heard again")).to_be_visible()
    await expect(button(page, "Hear it again")).to_have_count(0)
    await expect(page.locator(".lines")).to_contain_text("Harbour Logistics, good morning")
    listener = await opened(visitor, "parcel", who="harbour listen")
    await expect(button(listener, "Hear it again")).to_have_count(0)


# --- taking it along --------------------------------------------------------------------------------------------------


async def test_files_are_taken_along_under_the_name_of_the_call(visitor: Visitor, tmp_path: Path) -> None:
    page = await opened(visitor, "parcel")
    await button(page, "Download").click()
    offers = page.locator(".offers a")
    names = [await one.get_attribute("download") or "" for one in await offers.all()]
    kinds = ("stereo", "mono", "left", "right")
    stored = ["harbour-parcel.mono.mp3", "harbour-parcel.stereo.mp3"]
    assert sorted(names) == sorted(f"harbour-parcel.{kind}.{form}" for kind in kinds for form in ("mp3", "wav"))
    assert names[:2] == stored
    sizes = await page.locator(".offers section").first.locator(".quiet").all_text_contents()
    assert len(sizes) == 2
    assert all(re.fullmatch(r"[\d.,]+ [kM]?B", size) for size in sizes)
    for wished in ("harbour-parcel.stereo.mp3", "harbour-parcel.left.wav"):
        async with page.expect_download() as awaited:
            await page.locator(f".offers a[download='{wished}']").click()
        download = await awaited.value
        assert download.suggested_filename == wished
        await download.save_as(tmp_path / wished)
    assert (tmp_path / "harbour-parcel.left.wav").read_bytes()[:4] == b"RIFF"
    await page.keyboard.press("Escape")
    await expect(offers).to_have_count(0)
    await expect(button(page, "Download")).to_be_focused()


async def test_the_words_are_taken_along_in_each_form(visitor: Visitor) -> None:
    page = await opened(visitor, "parcel")
    for form, ending, begins in (
        ("Text", "txt", "[Agent]: Harbour Logistics"),
        ("WebVTT", "vtt", "WEBVTT"),
        ("SRT", "srt", "1\n00:00:00,600"),
        ("JSON", "json", '{"version":1'),
    ):
        async with page.expect_download() as awaited:
            await page.get_by_role("link", name=form, exact=True).click()
        download = await awaited.value
        assert download.suggested_filename == f"harbour-parcel.transcript.{ending}"
        assert (await download.path()).read_text().startswith(begins)
