"""How long the recordings of the open call are kept: extended, held, and deleted for ever."""

from dataclasses import replace

import pytest
from playwright.async_api import Page, expect

from connector.domain.call import Role
from connector.domain.retention import RETENTION
from connector.domain.states import RecordingEvent, RecordingState
from connector.roles.foundation import Foundation
from tests.browser.call_facts import file_of, opened, recording_of, unfolded
from tests.browser.chromium import Visitor
from tests.browser.conversations import conversation
from tests.browser.office import ADA, HARBOUR, HOUR, ZOE
from tests.browser.sowing import Wish, sowing, with_transcript

EXTEND = "/v1/calls/*/recording/extend"


async def test_it_is_kept_longer_and_the_plan_s_limit_is_said_at_the_field(visitor: Visitor) -> None:
    visitor.watch.expect(400, EXTEND)
    page = await opened(visitor, "harbour-parcel")
    before = recording_of(visitor, "harbour-parcel").keeping.expires_at
    keeping = await unfolded(page, "Keeping")
    days = keeping.get_by_label("Days from today")
    await days.fill("3650")
    await days.press("Enter")
    await expect(keeping.get_by_role("alert").filter(has_text="plan 'standard'")).to_be_visible()
    await expect(days).to_have_attribute("aria-invalid", "true")
    assert recording_of(visitor, "harbour-parcel").keeping.expires_at == before
    await days.fill("60")
    await days.press("Enter")
    await expect(keeping.get_by_text("It is kept until")).to_be_visible()
    await expect(days).to_have_attribute("aria-invalid", "false")
    after = recording_of(visitor, "harbour-parcel").keeping
    assert after.is_extended
    assert after.expires_at is not None
    assert before is not None
    assert after.expires_at > before


@pytest.mark.parametrize("days", ["0", "-3", "1.5", "4000"])
async def test_days_that_cannot_be_are_refused_without_asking(visitor: Visitor, days: str) -> None:
    page = await opened(visitor, "harbour-parcel")
    keeping = await unfolded(page, "Keeping")
    await keeping.get_by_label("Days from today").fill(days)
    await keeping.get_by_role("button", name="Keep longer").click()
    await expect(keeping.get_by_role("alert").filter(has_text="1 to 3650")).to_be_visible()


async def test_a_hold_is_placed_keeps_it_from_being_deleted_and_goes_with_two_keys(visitor: Visitor) -> None:
    visitor.watch.expect(423, "/v1/calls/*/recording")
    page = await opened(visitor, "harbour-parcel")
    keeping = await unfolded(page, "Keeping")
    await keeping.get_by_label("Reason for the hold").fill("claim 7")
    await keeping.get_by_role("button", name="Place a legal hold").click()
    await expect(keeping).to_contain_text("On legal hold since")
    await expect(keeping).to_contain_text("claim 7")
    await _confirmed(page, "delete")
    await expect(page.get_by_role("dialog")).to_contain_text("A legal hold keeps it. Nothing is deleted.")
    await page.keyboard.press("Escape")
    await keeping.get_by_role("button", name="Ask for the release").click()
    await expect(keeping).to_contain_text("You have asked for the release")
    await expect(keeping.get_by_role("button", name="Release the hold")).to_have_count(0)
    assert recording_of(visitor, "harbour-parcel").keeping.hold is not None
    other = await opened(visitor, "harbour-parcel", who="house admin")
    theirs = await unfolded(other, "Keeping")
    await theirs.get_by_role("button", name="Release the hold").click()
    await expect(theirs.get_by_label("Reason for the hold")).to_be_visible()
    assert recording_of(visitor, "harbour-parcel").keeping.hold is None


async def test_a_release_that_was_asked_for_is_called_off(visitor: Visitor) -> None:
    page = await opened(visitor, "harbour-releasing")
    keeping = await unfolded(page, "Keeping")
    await expect(keeping).to_contain_text("was asked for by key harbour admin")
    await keeping.get_by_role("button", name="Call the release off").click()
    await expect(keeping.get_by_role("button", name="Ask for the release")).to_be_visible()
    hold = recording_of(visitor, "harbour-releasing").keeping.hold
    assert hold is not None
    assert (hold.release_by, hold.reason) == ("", "claim 2026-114, kept for the court")


async def _confirmed(page: Page, typed: str) -> None:
    """The dialog of deleting, with that typed into it and sent."""
    await page.get_by_role("button", name="Delete the recording").click()
    dialog = page.get_by_role("dialog", name="Delete this recording for ever?")
    await dialog.get_by_role("textbox").fill(typed)
    await dialog.get_by_role("button", name="Delete for ever").click()


@pytest.mark.parametrize("typed", ["delete", "+4930123456"])
async def test_deleted_for_ever_is_what_somebody_typed_so(visitor: Visitor, typed: str) -> None:
    visitor.watch.expect(410, "/v1/calls/*/recording*")
    visitor.watch.expect(410, "/v1/calls/*/transcript*")
    page = await opened(visitor, "harbour-parcel")
    await unfolded(page, "Keeping")
    await _confirmed(page, typed)
    await expect(page.locator(".facts-delete")).to_contain_text("under way")
    await expect(page.get_by_role("button", name="Delete the recording")).to_have_count(0)
    await expect(page.locator(".why-nothing")).to_contain_text("It is being deleted.")
    await expect(page.get_by_text("Harbour Logistics, good morning")).to_have_count(0)
    assert recording_of(visitor, "harbour-parcel").recording.state is RecordingState.REMOVING


async def test_before_that_the_dialog_says_what_goes_and_can_be_left(visitor: Visitor) -> None:
    page = await opened(visitor, "harbour-parcel")
    await unfolded(page, "Keeping")
    await page.get_by_role("button", name="Delete the recording").click()
    dialog = page.get_by_role("dialog")
    for text in ("2 stored copies at archive", "the transcript", "what the PBX still has of it"):
        await expect(dialog).to_contain_text(text)
    button = dialog.get_by_role("button", name="Delete for ever")
    for typed in ("", "Delete it", "+4930"):
        await dialog.get_by_role("textbox").fill(typed)
        await expect(button).to_be_disabled()
        await dialog.get_by_role("textbox").press("Enter")
    await page.keyboard.press("Escape")
    await expect(dialog).to_have_count(0)
    assert recording_of(visitor, "harbour-parcel").recording.state is RecordingState.AVAILABLE


async def test_the_dialog_stands_as_it_is_meant_whatever_view_it_is_opened_in(visitor: Visitor) -> None:
    page = await opened(visitor, "harbour-parcel")
    await unfolded(page, "Keeping")
    await page.get_by_role("button", name="Delete the recording").click()
    form = page.get_by_role("dialog").locator("form")
    assert await form.evaluate("(form) => [getComputedStyle(form).display, getComputedStyle(form).marginTop]") == [
        "grid",
        "0px",
    ]


async def test_of_several_recordings_it_says_that_all_of_them_go(visitor: Visitor) -> None:
    page = await opened(visitor, "harbour-several")
    keeping = await unfolded(page, "Keeping")
    await expect(keeping).to_contain_text("It holds for all recordings of the call.")
    await keeping.get_by_role("button", name="Delete all 2 recordings …").click()
    await expect(page.get_by_role("dialog", name="Delete all 2 recordings of this call for ever?")).to_be_visible()


async def test_words_that_outlive_their_recording_can_be_deleted(visitor: Visitor) -> None:
    visitor.house.awaited(_words_alone(visitor.house.server.site.house.ground))
    page = await opened(visitor, "harbour-words")
    await expect(page.get_by_role("region", name="Transcript")).to_contain_text("pagliacci")
    keeping = await unfolded(page, "Keeping")
    await keeping.get_by_role("button", name="Delete what is left …").click()
    dialog = page.get_by_role("dialog", name="Delete what is left of it for ever?")
    await dialog.get_by_role("textbox").fill("delete")
    await dialog.get_by_role("button", name="Delete for ever").click()
    await expect(page.get_by_text("pagliacci")).to_have_count(0)
    await expect(page.get_by_role("button", name="Delete what is left")).to_have_count(0)
    assert file_of(visitor, "harbour-words").transcripts[0].lines == ()


async def _words_alone(ground: Foundation) -> None:
    """Of a recording whose days are over; the transcript has more of them."""
    talk = conversation((Role.CALLER, "But doctor, I am pagliacci."))
    options = replace(with_transcript(), transcript_retention_days=365)
    async with sowing(ground, [HARBOUR]) as (harbour,):
        wish = Wish(what="words", ago=HOUR, caller=ZOE, agent=ADA, options=options)
        id = await harbour.recorded(wish, talk)
        await harbour.heard(id, talk)
        now = ground.clock.now()
        await ground.catalogue.keeping.remove(id, RecordingEvent.EXPIRED, "its days were over", now, by=RETENTION)
        await harbour.gone(id)
