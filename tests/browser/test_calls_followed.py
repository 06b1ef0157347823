"""What becomes of the list of calls while somebody looks at it: calls come and change, servers go and come back."""

import re
import sqlite3
from contextlib import closing
from dataclasses import replace

from playwright.async_api import expect

from connector.domain.call import CallState
from connector.domain.ids import CallId
from tests.browser.call_list import asked_of, begun, counted, listed, row
from tests.browser.chromium import Visitor
from tests.browser.sight import settled


async def test_calls_that_come_are_told_of_and_move_nothing(visitor: Visitor) -> None:
    page = await listed(visitor)
    first = page.locator("tbody tr").first
    before = await first.inner_text()
    begun(visitor.house)
    begun(visitor.house)
    newer = page.get_by_role("button", name="2 newer")
    await expect(newer).to_be_visible()
    assert await first.inner_text() == before
    await newer.click()
    await expect(first).to_contain_text("+4989")
    await expect(newer).to_have_count(0)


async def test_what_is_being_typed_stays_while_calls_come_and_counts_once_it_is_written(visitor: Visitor) -> None:
    page = await listed(visitor)
    asked = asked_of(page)
    await page.keyboard.press("f")
    field = page.get_by_label("Agent", exact=True)
    await field.press_sequentially("Ada Lo")
    begun(visitor.house)
    await expect(page.get_by_role("button", name="1 newer")).to_be_visible()
    await field.press_sequentially("velace")
    await field.press("Enter")
    await expect(page.locator(".chip").first).to_contain_text("Agent: Ada Lovelace")
    assert [one["agent"] for one in asked] == [["Ada Lovelace"]]
    await page.get_by_role("button", name="Remove Agent").click()
    await expect(field).to_have_value("")


async def test_only_calls_that_fit_are_told_of(visitor: Visitor) -> None:
    page = await listed(visitor, "/calls?queue=claims")
    begun(visitor.house, queue="sales")
    begun(visitor.house, queue="claims")
    await expect(page.get_by_role("button", name="1 newer")).to_be_visible()


async def test_a_row_changes_with_its_call(visitor: Visitor) -> None:
    page = await listed(visitor)
    await expect(row(page, "live").locator(".cell-length")).to_have_text("live")
    visitor.house.pause("live")
    await expect(row(page, "live").locator(".cell-sound")).to_contain_text("paused")
    visitor.house.end("live")
    await expect(row(page, "live").locator(".cell-sound")).to_contain_text("on its way")
    await expect(row(page, "live").locator(".cell-length")).to_have_text(re.compile(r"^\d+:\d\d$"))


async def test_a_call_that_joins_another_leaves_the_list(visitor: Visitor) -> None:
    call = begun(visitor.house)
    page = await listed(visitor)
    gone = row(page, call.id.removeprefix("harbour-"))
    await expect(gone).to_be_visible()
    now = visitor.house.server.site.house.ground.clock.now()
    visitor.house.happen(replace(call, state=CallState.ENDED, ended_at=now, joined=CallId("harbour-live")))
    await expect(gone).to_have_count(0)
    await expect(row(page, "live")).to_be_visible()


async def test_a_server_that_goes_leaves_the_list_and_is_asked_until_it_is_back(visitor: Visitor) -> None:
    page = await listed(visitor)
    for path in ("/v1/calls", "/v1/events", "/v1/session", "/v1/health"):
        visitor.watch.expect(0, path)
    visitor.house.answer_no_more()
    await expect(page.locator(".below")).to_contain_text("New calls are not announced")
    await page.get_by_label("Days", exact=True).select_option("Last 7 days")
    await expect(page.get_by_role("alert")).to_contain_text("The server does not answer.")
    await expect(page.locator(".troubled")).to_contain_text("What stands here may be old.")
    await expect(row(page, "parcel")).to_be_visible()
    visitor.house.answer_again()
    await expect(page.get_by_role("alert")).to_have_count(0, timeout=20_000)
    await expect(row(page, "parcel")).to_be_visible()


async def test_of_calls_that_were_there_before_nobody_says_that_they_are_newer(visitor: Visitor) -> None:
    """The list has its first hundred; whoever catches up looks at two hundred."""
    visitor.watch.expect(0, "*")
    page = await listed(visitor, who="riverside listen")
    await expect(counted(page)).to_have_text("the newest 100 calls")
    visitor.house.answer_no_more()
    await expect(page.locator(".below")).to_contain_text("New calls are not announced")
    async with page.expect_response(re.compile(r"/v1/calls\?limit=200"), timeout=30_000) as caught_up:
        visitor.house.answer_again()
    assert len((await (await caught_up.value).json())["calls"]) == 200
    begun(visitor.house, organisation="riverside")
    await expect(page.locator(".newer")).to_have_text("↑ 1 newer")


async def test_the_first_call_of_all_appears_by_itself(visitor: Visitor) -> None:
    with closing(sqlite3.connect(visitor.house.database.removeprefix("sqlite:///"))) as connection:
        connection.execute("DELETE FROM calls WHERE organisation = 'harbour'")
        connection.commit()
    page = await visitor.open()
    await expect(page.locator(".empty")).to_contain_text("Waiting for the first call.")
    begun(visitor.house)
    await expect(page.locator("tbody tr")).to_have_count(1)


async def test_a_limited_key_without_a_call_is_told_that_it_waits_and_asks_for_no_health(visitor: Visitor) -> None:
    with closing(sqlite3.connect(visitor.house.database.removeprefix("sqlite:///"))) as connection:
        connection.execute("DELETE FROM calls WHERE organisation = 'acme'")
        connection.commit()
    page = await visitor.open(who="acme tagged")
    await expect(page.locator(".empty")).to_contain_text("Waiting for the first call.")
    await settled(page)
