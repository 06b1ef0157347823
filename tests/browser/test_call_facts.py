"""The call panel beside the player: what is known of a call, why nothing plays, and all that people do about it."""

import re
from typing import Any

import pytest
from playwright.async_api import Locator, Page, Route, expect

from connector.domain.ids import CallId, RecordingId
from connector.domain.states import DeliveryState, NotificationState, RecordingState
from connector.ports.call_search import CallFile
from connector.ports.shipping_ledger import RecordingFile
from tests.browser.chromium import Visitor
from tests.browser.hostile_texts import HOSTILE, TROPHY

EXTEND = "/v1/calls/*/recording/extend"


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


# --- what is known --------------------------------------------------------------------------------------------------


async def test_it_is_told_who_took_part_on_which_device_and_who_decided(visitor: Visitor) -> None:
    page = await opened(visitor, "harbour-parcel")
    caller, agent = await page.locator(".facts-legs > li").all()
    for text in ("+4930123456", "Zoé Müller", "PJSIP/carrier-a", "answered"):
        await expect(caller).to_contain_text(text)
    await expect(agent).to_contain_text("Ada Lovelace")
    about = await unfolded(page, "About the call")
    for text in ("inbound", "sales", "Ada Lovelace (201)", "the rule for everything", "channel 2: agent 201"):
        await expect(about).to_contain_text(text)
    await expect(about).to_contain_text("no recorder ran on this channel")


async def test_files_are_told_with_a_digest_that_can_be_copied(visitor: Visitor) -> None:
    page = await opened(visitor, "harbour-parcel", permissions=["clipboard-read", "clipboard-write"])
    files = await unfolded(page, "Files")
    await files.get_by_role("button", name="Copy the SHA-256 of stereo").click()
    await expect(files.get_by_role("status")).to_have_text("Copied.")
    rendering = recording_of(visitor, "harbour-parcel").rendering
    assert rendering is not None
    (stereo,) = [one for one in rendering.artefacts if one.kind == "stereo"]
    assert await page.evaluate("navigator.clipboard.readText()") == stereo.sha256


async def test_where_copying_is_forbidden_the_whole_digest_is_shown(visitor: Visitor) -> None:
    page = await opened(visitor, "harbour-parcel")
    await page.evaluate("() => { navigator.clipboard.writeText = () => Promise.reject(new Error('no')) }")
    files = await unfolded(page, "Files")
    await files.get_by_role("button", name="Copy the SHA-256 of mono").click()
    await expect(files.get_by_role("status")).to_contain_text(re.compile(r"[0-9a-f]{64}"))


async def test_a_copy_that_waits_says_how_often_it_was_tried_why_and_when_again(visitor: Visitor) -> None:
    page = await opened(visitor, "harbour-waiting")
    stored = await unfolded(page, "Where it is stored")
    line = stored.get_by_role("row", name=re.compile("archive mono"))
    await expect(line.get_by_role("cell").nth(2)).to_have_text("1")
    await expect(line.get_by_role("cell").nth(3)).to_have_text(re.compile(r"\d\d:\d\d"))
    await expect(stored).to_contain_text("the bucket 'calls' does not answer: connection refused")


async def test_a_section_is_next_time_as_it_was_left(visitor: Visitor) -> None:
    page = await opened(visitor, "harbour-parcel")
    parties = page.locator("details.facts-parties")
    await expect(parties).to_have_attribute("open", "")
    await parties.locator("summary").focus()
    await page.keyboard.press("Enter")
    await expect(parties).not_to_have_attribute("open", "")
    await unfolded(page, "Files")
    # It is written down when the browser says that it is open, a moment later.
    await page.evaluate("() => new Promise(done => requestAnimationFrame(() => setTimeout(done)))")
    await page.reload()
    await expect(page.locator("details.facts-files")).to_have_attribute("open", "")
    await expect(parties).not_to_have_attribute("open", "")


# --- why nothing plays ----------------------------------------------------------------------------------------------


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
    visitor.watch.expect(410, "/v1/calls/*/recording")
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


# --- tags and notes -------------------------------------------------------------------------------------------------


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


async def test_a_tag_that_a_rule_gave_stays_and_it_says_why(visitor: Visitor) -> None:
    visitor.watch.expect(409, "/v1/calls/*/tags/*")
    page = await opened(visitor, "harbour-invoice", who="harbour control")
    await page.get_by_role("button", name="Remove tag invoice").click()
    await expect(page.locator(".facts-marks").get_by_role("alert")).to_contain_text("invoice")
    await expect(page.locator(".facts-marks").get_by_role("list", name="Tags")).to_contain_text("invoice")


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


# --- keeping --------------------------------------------------------------------------------------------------------


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


# --- notifications --------------------------------------------------------------------------------------------------


async def test_a_notification_is_looked_at_and_sent_again(visitor: Visitor) -> None:
    page = await opened(visitor, "acme-available", who="acme admin")
    told = await unfolded(page, "What was told of it")
    dead = told.get_by_role("listitem").filter(has_text="given up")
    await expect(dead).to_have_count(1)
    await dead.get_by_role("button", name="Show").click()
    await expect(dead.locator("pre")).to_contain_text('"callid": "acme-available"')
    await dead.get_by_role("button", name=re.compile("^Send .* again$")).click()
    await expect(told.get_by_text("It is sent again, with the same id.")).to_be_visible()
    await expect(dead).to_have_count(0)
    catalogue = visitor.house.server.site.house.ground.catalogue
    found = visitor.house.awaited(catalogue.notifications.find("msg_acme_dead"))
    assert found is not None
    assert found[0].state is NotificationState.WAITING


async def test_where_nothing_was_told_that_is_said(visitor: Visitor) -> None:
    page = await opened(visitor, "harbour-parcel")
    told = await unfolded(page, "What was told of it")
    await expect(told).to_contain_text("Nothing was told of this call.")


# --- what a key may -------------------------------------------------------------------------------------------------


async def test_who_may_only_read_sees_no_way_to_change_anything(visitor: Visitor) -> None:
    page = await opened(visitor, "harbour-parcel", who="harbour read")
    facts = page.locator(".call-facts")
    await expect(facts.get_by_role("textbox")).to_have_count(0)
    for name in ("Keeping", "What was told of it"):
        await expect(facts.get_by_role("heading", name=name)).to_have_count(0)
    for name in ("Remove", "Add", "Delete", "Try"):
        await expect(facts.get_by_role("button", name=name)).to_have_count(0)
    await expect(facts).to_contain_text("Promised for tomorrow before noon.")


async def test_who_may_only_read_is_told_that_it_is_deleted_without_asking_for_its_sound(visitor: Visitor) -> None:
    page = await opened(visitor, "harbour-erased", who="harbour read")
    await expect(page.locator(".why-nothing")).to_contain_text("the caller wished it (GDPR)")


# --- strangers' texts -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", HOSTILE)
async def test_what_strangers_wrote_is_text_and_nothing_else(visitor: Visitor, name: str) -> None:
    page = await opened(visitor, f"mallory-{name}", who="mallory admin")
    said = HOSTILE[name]
    about, notes = (
        await unfolded(page, "About the call"),
        page.locator(".facts-marks").get_by_role("list", name="Notes"),
    )
    assert await notes.locator("bdi").first.evaluate("one => one.textContent") == said
    queues = await about.locator("bdi").evaluate_all("all => all.map(one => one.textContent)")
    assert said[:80] in queues
    tags = (
        await page.locator(".facts-marks")
        .get_by_role("list", name="Tags")
        .locator("bdi")
        .evaluate_all("all => all.map(i => i.textContent)")
    )
    assert tags == [said[:60]]
    assert await page.locator(".call-facts").locator("script, img, style, iframe, a[href^='javascript']").count() == 0
    assert await page.evaluate(f"'{TROPHY}' in window") is False
    await expect(page.locator(".call-facts")).to_be_visible()


async def test_a_reason_that_a_stranger_wrote_is_text_too(visitor: Visitor) -> None:
    page = await opened(visitor, "mallory-lost", who="mallory admin")
    await expect(page.locator(".why-nothing")).to_contain_text(HOSTILE["script"])
    assert await page.evaluate(f"'{TROPHY}' in window") is False


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


@pytest.mark.parametrize("call", ["harbour-failed-store", "mallory-long", "mallory-script"])
async def test_on_a_phone_nothing_reaches_beyond_the_edge(visitor: Visitor, call: str) -> None:
    organisation = call.partition("-")[0]
    page = await opened(visitor, call, who=f"{organisation} admin", width=360, height=740)
    for section in await page.locator(".call-facts h3").all_text_contents():
        await unfolded(page, section)
    facts = page.locator(".call-facts")
    assert await facts.evaluate("one => one.scrollWidth <= one.clientWidth")
