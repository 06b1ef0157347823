"""What is known of a call beside the player: who took part, its files, what was told of it, and to whom it is shown."""

import re
from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from playwright.async_api import expect

from connector.domain.call import CallState
from connector.domain.notification import Attempt
from connector.domain.states import NotificationState
from tests.browser.call_facts import opened, recording_of, unfolded
from tests.browser.call_list import begun, row
from tests.browser.chromium import Visitor
from tests.browser.hostile_texts import HOSTILE, TROPHY

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


async def test_a_day_is_written_the_same_way_wherever_it_stands(visitor: Visitor) -> None:
    page = await opened(visitor, "harbour-parcel")
    about = await unfolded(page, "About the call")
    began = await about.locator(".fact", has_text="Began").locator("dd").text_content() or ""
    assert re.fullmatch(r"\d{1,2} [A-Z][a-z]+ \d{4} \d\d:\d\d:\d\d", began)
    await expect(page.locator(".panel-bar h2")).to_contain_text(began)
    await expect(row(page, "parcel").locator("a").first).to_have_attribute("title", began)
    day, month, *_ = began.split()
    await expect(row(page, "parcel").locator(".day")).to_have_text(f"{day} {month}")


async def test_what_is_later_than_midnight_says_its_day(visitor: Visitor) -> None:
    """A call of an hour that began at half past eleven, in Berlin."""
    midnight = datetime(2026, 3, 10, 0, 0, tzinfo=ZoneInfo("Europe/Berlin")).timestamp()
    begun(visitor.house, id="harbour-night", started_at=midnight - 1800, answered_at=midnight - 1790)
    night = visitor.house.call("night")
    visitor.house.happen(replace(night, state=CallState.ENDED, ended_at=midnight + 1800))
    page = await opened(visitor, "harbour-night")
    about = await unfolded(page, "About the call")
    for name, said in (("Began", "9 Mar 2026 23:30:00"), ("Answered", "23:30:10"), ("Ended", "10 Mar 2026 00:30:00")):
        await expect(about.locator(".fact", has_text=name).locator("dd")).to_have_text(said)
    await expect(about.locator(".fact", has_text="Talked").locator("dd")).to_have_text("59:50")


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


async def test_what_became_of_a_notification_is_seen_without_asking(visitor: Visitor) -> None:
    page = await opened(visitor, "acme-available", who="acme admin")
    told = await unfolded(page, "What was told of it")
    dead = told.get_by_role("listitem").filter(has_text="given up")
    await dead.get_by_role("button", name=re.compile("^Send .* again$")).click()
    await expect(dead).to_have_count(0)
    ground = visitor.house.server.site.house.ground
    taken = Attempt(at=ground.clock.now(), seconds=0.1, status=200, reason="")
    visitor.house.awaited(ground.catalogue.notifications.delivered("msg_acme_dead", taken))
    sent = told.get_by_role("listitem").filter(has=page.get_by_text("It is sent again"))
    await expect(sent).to_contain_text("delivered", timeout=15_000)


async def test_where_nothing_was_told_that_is_said(visitor: Visitor) -> None:
    page = await opened(visitor, "harbour-parcel")
    told = await unfolded(page, "What was told of it")
    await expect(told).to_contain_text("Nothing was told of this call.")


# --- what a key may, and where it is read ---------------------------------------------------------------------------


async def test_who_may_only_read_sees_no_way_to_change_anything(visitor: Visitor) -> None:
    page = await opened(visitor, "harbour-parcel", who="harbour read")
    facts = page.locator(".call-facts")
    await expect(facts.get_by_role("textbox")).to_have_count(0)
    for name in ("Keeping", "What was told of it"):
        await expect(facts.get_by_role("heading", name=name)).to_have_count(0)
    for name in ("Remove", "Add", "Delete", "Try"):
        await expect(facts.get_by_role("button", name=name)).to_have_count(0)
    await expect(facts).to_contain_text("Promised for tomorrow before noon.")


@pytest.mark.parametrize("call", ["harbour-failed-store", "mallory-long", "mallory-script"])
async def test_on_a_phone_nothing_reaches_beyond_the_edge(visitor: Visitor, call: str) -> None:
    organisation = call.partition("-")[0]
    page = await opened(visitor, call, who=f"{organisation} admin", width=360, height=740)
    for section in await page.locator(".call-facts h3").all_text_contents():
        await unfolded(page, section)
    facts = page.locator(".call-facts")
    assert await facts.evaluate("one => one.scrollWidth <= one.clientWidth")


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
