"""Where nothing of a call plays: in plain words why, and what can be done about it."""

from dataclasses import replace

import pytest
from playwright.async_api import expect

from connector.domain.call import CallState
from connector.domain.ids import RecordingId
from connector.domain.retention import RETENTION
from connector.domain.states import DeliveryState, RecordingEvent, RecordingState
from tests.browser.call_facts import file_of, opened, recording_of, unfolded
from tests.browser.call_list import row
from tests.browser.chromium import Visitor


@pytest.mark.parametrize(
    ("call", "texts"),
    [
        ("off", ["not recorded, by a rule or a wish", "the rule for queue 'claims': never", "Open the settings"]),
        ("live-off", ["not recorded, by a rule or a wish", "the rule for queue 'claims': never"]),
        ("no-answer", ["Nobody answered"]),
        ("too-short", ["too short", "it ended before two parties had talked"]),
        ("live", ["It is being recorded"]),
        ("live-paused", ["paused now"]),
        ("live-asked", ["Nothing is recorded yet"]),
        ("captured", ["its files are being made"]),
        ("waiting", ["are being stored"]),
        ("failed-capture", ["Its sound is lost", "no space left on device", "callreel doctor"]),
        ("failed-render", ["no file could be made", "When that is mended"]),
        ("failed-store", ["no destination has taken them", "archive (mono, stereo)", "(403)", "its key or its rights"]),
        ("expired", ["Its days are over", "retention job"]),
        ("erased", ["It was deleted", "key harbour admin", "the caller wished it (GDPR)"]),
    ],
)
async def test_where_nothing_plays_it_says_why_and_what_can_be_done(
    visitor: Visitor, call: str, texts: list[str]
) -> None:
    page = await opened(visitor, f"harbour-{call}")
    why = page.locator(".why-nothing")
    for text in texts:
        await expect(why).to_contain_text(text)


async def test_where_there_is_sound_nothing_has_to_be_explained(visitor: Visitor) -> None:
    page = await opened(visitor, "harbour-parcel")
    await expect(page.locator(".why-nothing")).to_have_count(0)


@pytest.mark.parametrize(
    ("what", "state"), [("failed-render", RecordingState.CAPTURED), ("failed-store", RecordingState.RENDERED)]
)
async def test_what_failed_is_tried_again_by_a_button(visitor: Visitor, what: str, state: RecordingState) -> None:
    page = await opened(visitor, f"harbour-{what}")
    why = page.locator(".why-nothing")
    await why.get_by_role("button", name="Try again").click()
    await expect(why.get_by_role("button", name="Try again")).to_have_count(0)
    await expect(why).to_contain_text("are being")
    file = recording_of(visitor, f"harbour-{what}")
    assert file.recording.state is state
    assert {one.state for one in file.deliveries} <= {DeliveryState.WAITING}


async def test_a_copy_that_waits_is_tried_now(visitor: Visitor) -> None:
    page = await opened(visitor, "harbour-waiting")
    stored = await unfolded(page, "Where it is stored")
    await stored.get_by_role("button", name="Try the missing copies again now").click()
    await expect(stored.get_by_role("status")).to_have_text("It is being tried again.")
    house = visitor.house.server.site.house.ground
    tries = file_of(visitor, "harbour-waiting").next_tries
    assert tries[RecordingId("harbour-recording-waiting")] <= house.clock.now()


async def test_who_may_only_listen_is_told_who_can_try_again(visitor: Visitor) -> None:
    page = await opened(visitor, "harbour-failed-store", who="harbour listen")
    why = page.locator(".why-nothing")
    await expect(why).to_contain_text("An administrator can try again.")
    await expect(why.get_by_role("button")).to_have_count(0)


@pytest.mark.parametrize("who", ["harbour admin", "harbour read"])
async def test_who_may_only_read_is_told_of_a_deletion_what_everybody_is(visitor: Visitor, who: str) -> None:
    page = await opened(visitor, "harbour-erased", who=who)
    why = page.locator(".why-nothing")
    for text in ("It was deleted.", "key harbour admin", "the caller wished it (GDPR)", "When"):
        await expect(why).to_contain_text(text)


async def test_expired_is_what_the_retention_job_has_ended_whatever_it_wrote(visitor: Visitor) -> None:
    ground = visitor.house.server.site.house.ground
    id, now = RecordingId("harbour-recording-invoice"), ground.clock.now()
    removing = ground.catalogue.keeping.remove(id, RecordingEvent.EXPIRED, "zu alt", now, by=RETENTION)
    assert visitor.house.awaited(removing)
    page = await opened(visitor, "harbour-invoice")
    await expect(page.locator(".why-nothing")).to_contain_text("It is being deleted.")
    await expect(page.locator(".why-nothing")).not_to_contain_text("zu alt")
    await expect(row(page, "invoice").locator(".sound")).to_have_text("expired")


async def test_a_call_that_rings_is_looked_at_until_it_is_over(visitor: Visitor) -> None:
    page = await opened(visitor, "harbour-live-ringing")
    why = page.locator(".why-nothing")
    await expect(why).to_contain_text("Nothing is recorded yet.")
    now = visitor.house.server.site.house.ground.clock.now()
    visitor.house.happen(replace(visitor.house.call("live-ringing"), state=CallState.ENDED, ended_at=now))
    await expect(why).to_contain_text("Nobody answered", timeout=15_000)
