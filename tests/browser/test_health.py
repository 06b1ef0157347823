"""The health view: what wants a hand is said first, in the server's words; everything else is there to look at."""

import re
from dataclasses import replace

import pytest
from playwright.async_api import Locator, Page, Route, expect

from connector.services.reports import write_report
from tests.browser.chromium import Visitor
from tests.browser.site import PageHouse

UP = {"is_connected": True, "version": "22.10.1", "live_calls": 5, "recorders": 3, "problems": []}
DOWN = {"is_connected": False, "version": "", "live_calls": 0, "recorders": 0, "problems": ["look at the manager port"]}


def report(house: PageHouse, *problems: str, **pbxs: object) -> None:
    """What capture says of itself from now on."""
    at = house.server.site.house.ground.clock.now() + 3600
    facts = {"at": at, "node": "node-a", "problems": problems, "pbxs": pbxs}
    write_report(house.folder / "health", "capture", facts)


def card(page: Page, title: str) -> Locator:
    return page.get_by_role("region", name=title, exact=True)


async def _until_the_server_looks_again(page: Page) -> None:
    """Its answers are two seconds old at most."""
    said = await page.evaluate("fetch('/v1/health').then(answer => answer.text())")
    for _ in range(50):
        if await page.evaluate("fetch('/v1/health').then(answer => answer.text())") != said:
            return
        await page.wait_for_timeout(100)
    raise AssertionError("the server says the same for five seconds")


async def look_again(page: Page) -> None:
    """As who comes back to the tab."""
    await page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")


async def test_what_wants_a_hand_is_said_first_and_in_the_server_s_words(visitor: Visitor) -> None:
    report(visitor.house, "PBX office does not answer")
    page = await visitor.open("/health", who="house read")
    await expect(page.get_by_role("heading", level=1)).to_have_text(re.compile(r"^\d+ things want a hand$"))
    await expect(page.get_by_text("capture: PBX office does not answer")).to_be_visible()
    await expect(page.get_by_text("recordings failed: callreel recordings list --state failed")).to_be_visible()
    await expect(page.get_by_text(re.compile("^destination archive: 2 copies were not taken"))).to_be_visible()


async def test_each_pbx_says_how_it_is_and_one_that_nobody_here_reports_is_not_known(visitor: Visitor) -> None:
    report(visitor.house, acme=UP, globex=DOWN)
    page = await visitor.open("/health", who="house read")
    items = card(page, "PBXs").get_by_role("listitem")
    ours, theirs, other = (items.filter(has_text=name) for name in ("acme", "globex", "harbour"))
    await expect(ours).to_contain_text("22.10.1")
    await expect(ours).to_contain_text("5 live calls, 3 recordings run")
    await expect(ours.get_by_text("connected", exact=True)).to_be_visible()
    await expect(theirs.get_by_text("not connected")).to_be_visible()
    await expect(theirs).to_contain_text("look at the manager port")
    await expect(other.get_by_text("not known here")).to_be_visible()
    await expect(other).not_to_contain_text("live call")


async def test_a_house_s_key_sees_destinations_queues_disks_and_counts(visitor: Visitor) -> None:
    page = await visitor.open("/health", who="house read")
    await expect(card(page, "Destinations")).to_contain_text("2 refused")
    await expect(card(page, "Destinations")).to_contain_text("bucket 'calls' refused the upload")
    await expect(card(page, "Work that waits").get_by_role("row", name="Write notifications")).to_be_visible()
    await expect(card(page, "Disk").get_by_role("meter")).to_have_attribute(
        "aria-valuetext", re.compile(r"^\d+ % used$")
    )
    await card(page, "Recordings").get_by_role("link", name="failed at store").click()
    await expect(page).to_have_url(re.compile(r"/calls\?recording_state=failed-at-store$"))


async def test_copies_that_could_not_be_deleted_are_counted_with_the_reason(visitor: Visitor) -> None:
    async def one_stays(route: Route) -> None:
        answer = await route.fetch()
        health = await answer.json()
        health["destinations"][0] |= {"undeletable": 3, "undeletable_reason": "the key may not delete <here>"}
        await route.fulfill(response=answer, json=health)

    page = await visitor.open("/health", who="house read")
    await page.route("**/v1/health", one_stays)
    await look_again(page)
    await expect(card(page, "Destinations")).to_contain_text("3 not deleted")
    await expect(card(page, "Destinations")).to_contain_text("the key may not delete <here>")


async def test_a_key_of_an_organisation_sees_its_own_part_and_no_word_of_the_house_s(visitor: Visitor) -> None:
    report(visitor.house, "PBX office does not answer", acme=UP)
    page = await visitor.open("/health", who="harbour read")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Something wants a hand")
    await expect(card(page, "Destinations")).to_contain_text("archive")
    for title in ("PBXs", "Disk"):
        await expect(card(page, title)).to_have_count(0)
    await expect(page.get_by_text("PBX office")).to_have_count(0)


async def test_a_limited_key_is_told_why_there_are_no_numbers_and_asks_for_none(visitor: Visitor) -> None:
    page = await visitor.open("/health", who="acme tagged")
    await expect(page.get_by_text("Health is of a whole organisation")).to_be_visible()


async def test_it_looks_again_by_itself_and_the_focus_stays_where_it_was(visitor: Visitor) -> None:
    report(visitor.house, acme=UP)
    page = await visitor.open("/health", who="house read")
    office = card(page, "PBXs").get_by_role("listitem").filter(has_text="acme")
    await expect(office.get_by_text("connected", exact=True)).to_be_visible()
    plot = page.get_by_role("slider", name="Calls per hour")
    await plot.press("Home")
    said = await plot.get_attribute("aria-valuetext")
    report(visitor.house, acme=DOWN)
    await expect(office.get_by_text("not connected")).to_be_visible(timeout=20_000)
    await expect(plot).to_be_focused()
    assert await plot.get_attribute("aria-valuetext") == said


async def test_who_comes_back_to_the_tab_sees_what_is_now(visitor: Visitor) -> None:
    report(visitor.house, acme=UP)
    page = await visitor.open("/health", who="house read")
    office = card(page, "PBXs").get_by_role("listitem").filter(has_text="acme")
    await expect(office.get_by_text("connected", exact=True)).to_be_visible()
    report(visitor.house, acme=DOWN)
    await _until_the_server_looks_again(page)
    await look_again(page)
    await expect(office.get_by_text("not connected")).to_be_visible(timeout=5_000)


async def test_when_the_server_goes_away_what_is_there_stays_and_says_how_old_it_is(visitor: Visitor) -> None:
    visitor.watch.expect(0, "/v1/*")
    report(visitor.house, acme=UP)
    page = await visitor.open("/health", who="house read")
    await expect(card(page, "PBXs")).to_contain_text("connected")
    visitor.house.answer_no_more()
    await look_again(page)
    await expect(page.get_by_text(re.compile(r"^What stands here is of "))).to_be_visible()
    await expect(card(page, "PBXs")).to_contain_text("connected")


async def test_the_bars_are_told_hour_by_hour_to_who_uses_the_keyboard(visitor: Visitor) -> None:
    page = await visitor.open("/health", who="harbour read")
    plot = page.get_by_role("slider", name="Calls per hour")
    await expect(plot).to_have_attribute("aria-valuemax", "23")
    await plot.focus()
    await expect(plot).to_have_attribute("aria-valuenow", "23")
    await plot.press("ArrowLeft")
    await expect(plot).to_have_attribute("aria-valuenow", "22")
    await expect(plot).to_have_attribute("aria-valuetext", re.compile(r"^.+, Answered: \d+, Not answered: \d+$"))
    await plot.press("Home")
    await expect(plot).to_have_attribute("aria-valuenow", "0")
    await plot.press("ArrowLeft")
    await expect(plot).to_have_attribute("aria-valuenow", "0")


async def test_who_points_at_a_bar_is_told_its_numbers(visitor: Visitor) -> None:
    page = await visitor.open("/health", who="harbour read")
    plot = page.get_by_role("slider", name="Failures and not recorded")
    box = await plot.bounding_box()
    assert box is not None
    await plot.hover(position={"x": box["width"] * 0.5, "y": 20})
    told = page.locator(".told")
    await expect(told).to_contain_text("Answered, not recorded: ")
    await page.get_by_role("heading", level=1).hover()
    await expect(told).to_have_count(0)


async def test_the_same_numbers_stand_in_a_table(visitor: Visitor) -> None:
    page = await visitor.open("/health?range=7d", who="harbour read")
    await page.get_by_text("As a table").click()
    rows = page.get_by_role("table").filter(has_text="Talked").get_by_role("row")
    await expect(rows).to_have_count(1 + 7 * 24)
    plot = page.get_by_role("slider", name="Calls per hour")
    answered = re.search(r"Answered: (\d+)", await plot.get_attribute("aria-valuetext") or "")
    assert answered is not None
    await expect(rows.nth(1).get_by_role("cell").nth(1)).to_have_text(answered[1])


async def test_the_time_that_is_looked_at_stands_in_the_address(visitor: Visitor) -> None:
    page = await visitor.open("/health?range=30d", who="harbour read")
    await expect(page.get_by_role("slider", name="Calls per day")).to_have_attribute("aria-valuemax", "29")
    await expect(page.get_by_text("Days are those of UTC.")).to_be_visible()
    await page.get_by_role("combobox", name="Time").select_option("7 days")
    await expect(page).to_have_url(re.compile(r"range=7d"))
    await expect(page.get_by_role("slider", name="Calls per hour")).to_have_attribute("aria-valuemax", str(7 * 24 - 1))
    await page.go_back()
    await expect(page.get_by_role("slider", name="Calls per day")).to_be_visible()


async def test_bars_of_another_time_are_not_taken_for_those_that_were_asked_for(visitor: Visitor) -> None:
    page = await visitor.open("/health", who="harbour read")
    await expect(page.get_by_role("slider", name="Calls per hour")).to_have_attribute("aria-valuemax", "23")
    visitor.watch.expect(0, "/v1/statistics")
    await page.route("**/v1/statistics?*bucket=day*", lambda route: route.abort("connectionreset"))
    await page.get_by_role("combobox", name="Time").select_option("30 days")
    await expect(page.get_by_role("alert")).to_contain_text("The server does not answer.")
    await expect(page.get_by_role("slider")).to_have_count(0)
    await page.unroute("**/v1/statistics?*bucket=day*")
    await page.get_by_role("alert").get_by_role("button").click()
    await expect(page.get_by_role("slider", name="Calls per day")).to_be_visible()


async def test_a_dead_notification_is_sent_again(visitor: Visitor) -> None:
    page = await visitor.open("/health", who="acme admin")
    await page.get_by_role("link", name="Look at the dead ones").click()
    await expect(page).to_have_url(re.compile(r"dead=1"))
    dialog = page.get_by_role("dialog", name="Dead notifications")
    await expect(dialog).to_contain_text("it answered 500")
    await dialog.get_by_role("button", name="Send msg_acme_dead again").click()
    await expect(dialog.get_by_text("It waits for its endpoint now.")).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(page).to_have_url(re.compile(r"/health$"))
    again = await visitor.open("/health?dead=1", who="acme admin")
    await expect(again.get_by_role("dialog")).to_contain_text("None is dead.")


@pytest.mark.parametrize("role", ["read", "listen", "control"])
async def test_who_may_not_replay_sees_no_way_to(visitor: Visitor, role: str) -> None:
    page = await visitor.open("/health?dead=1", who=f"acme {role}")
    await expect(card(page, "Notifications")).to_contain_text("1 dead")
    await expect(page.get_by_role("link", name="Look at the dead ones")).to_have_count(0)
    await expect(page.get_by_role("dialog")).to_have_count(0)


async def test_without_a_pbx_the_first_lines_to_write_are_shown(visitor: Visitor) -> None:
    house = visitor.house

    async def take_away() -> None:
        overlay = house.server.site.house.ground.overlay
        overlay.reload(replace(overlay.file, pbx={}))

    house.awaited(take_away())
    page = await visitor.open("/health", who="house admin")
    await expect(page.locator(".first-run")).to_be_visible()
    other = await visitor.open("/health", who="harbour admin")
    await expect(card(other, "Destinations")).to_be_visible()
    await expect(other.locator(".first-run")).to_have_count(0)
