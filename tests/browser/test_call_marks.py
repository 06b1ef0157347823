"""Tags and notes of the open call: added, removed, and never twice."""

import re

import pytest
from playwright.async_api import Route, expect

from tests.browser.call_facts import file_of, opened
from tests.browser.chromium import Visitor
from tests.browser.hostile_texts import HOSTILE, TROPHY


async def test_a_tag_is_added_with_enter_and_removed_again(visitor: Visitor) -> None:
    page = await opened(visitor, "harbour-invoice", who="harbour control")
    tags = page.locator(".facts-marks").get_by_role("list", name="Tags")
    await page.get_by_label("New tag").fill("call back")
    await page.keyboard.press("Enter")
    await expect(tags.get_by_role("listitem")).to_have_count(2)
    await expect(page.get_by_text("The tag is added.")).to_be_visible()
    await expect(page.get_by_label("New tag")).to_have_value("")
    assert "call back" in file_of(visitor, "harbour-invoice").tags
    await page.get_by_role("button", name="Remove tag call back").focus()
    await page.keyboard.press("Enter")
    await expect(tags.get_by_role("listitem")).to_have_count(1)
    await expect(page.get_by_label("New tag")).to_be_focused()
    assert "call back" not in file_of(visitor, "harbour-invoice").tags


async def test_a_tag_that_a_rule_gave_says_so_and_has_nothing_to_remove_it_by(visitor: Visitor) -> None:
    page = await opened(visitor, "harbour-invoice", who="harbour control")
    await page.get_by_label("New tag").fill("call back")
    await page.keyboard.press("Enter")
    tags = page.locator(".facts-marks").get_by_role("list", name="Tags").get_by_role("listitem")
    await expect(tags).to_have_count(2)
    given, own = await tags.all()
    await expect(given).to_have_text("invoiceby rule")
    await expect(given.get_by_text("by rule")).to_have_attribute("title", re.compile("A rule or the dialplan gave it"))
    await expect(given.get_by_role("button")).to_have_count(0)
    await expect(own.get_by_role("button", name="Remove tag call back")).to_be_visible()


async def test_a_note_is_added_and_removed_by_keyboard(visitor: Visitor) -> None:
    page = await opened(visitor, "harbour-invoice", who="harbour control")
    await page.get_by_label("New note").fill("first line\nsecond line")
    await page.keyboard.press("Control+Enter")
    notes = page.locator(".facts-marks").get_by_role("list", name="Notes")
    await expect(notes.get_by_role("listitem")).to_contain_text("first line\nsecond line")
    assert [note.text for note in file_of(visitor, "harbour-invoice").notes] == ["first line\nsecond line"]
    await notes.get_by_role("button", name="Remove note").press("Enter")
    await expect(notes.get_by_role("listitem")).to_have_count(0)
    await expect(page.get_by_label("New note")).to_be_focused()
    assert file_of(visitor, "harbour-invoice").notes == ()


async def test_a_note_whose_answer_is_lost_is_there_once_however_often_it_is_sent(visitor: Visitor) -> None:
    """The server has it, the browser does not know; nothing is shown that is not known."""
    visitor.watch.expect(0, "/v1/calls/*/notes")
    page = await opened(visitor, "harbour-invoice", who="harbour control")

    async def lose_the_answer(route: Route) -> None:
        await route.fetch()
        await route.abort()

    await page.route("**/notes", lose_the_answer)
    await page.get_by_label("New note").fill("once")
    await page.get_by_role("button", name="Add note").click()
    await expect(page.locator(".facts-marks").get_by_role("alert")).to_contain_text("The server does not answer")
    await expect(page.locator(".facts-marks").get_by_role("list", name="Notes").get_by_role("listitem")).to_have_count(
        0
    )
    await expect(page.get_by_label("New note")).to_have_value("once")
    await page.unroute("**/notes")
    await page.get_by_role("button", name="Add note").click()
    await expect(page.locator(".facts-marks").get_by_role("list", name="Notes").get_by_role("listitem")).to_have_count(
        1
    )
    assert [note.text for note in file_of(visitor, "harbour-invoice").notes] == ["once"]


@pytest.mark.parametrize("name", ["script", "image", "turned", "emoji"])
async def test_what_is_typed_here_comes_back_as_it_was_typed(visitor: Visitor, name: str) -> None:
    page = await opened(visitor, "harbour-invoice", who="harbour control")
    text = HOSTILE[name][:60]
    await page.get_by_label("New tag").fill(text)
    await page.keyboard.press("Enter")
    await expect(page.locator(".facts-marks").get_by_role("list", name="Tags").locator("bdi").last).to_have_text(text)
    await page.get_by_label("New note").fill(HOSTILE[name])
    await page.get_by_role("button", name="Add note").click()
    note = page.locator(".facts-marks").get_by_role("list", name="Notes").locator("bdi").first
    await expect(note).to_be_visible()
    assert await note.evaluate("one => one.textContent") == HOSTILE[name]
    assert await page.evaluate(f"'{TROPHY}' in window") is False
