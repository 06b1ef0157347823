"""Orders from the live view, by hand and by key, and calls that are placed from it: what the server makes of them is
said, and nothing before it."""

import asyncio
from dataclasses import replace

from playwright.async_api import Page, Route, expect

from connector.domain.call import Verdict
from connector.domain.decision import CommandAnswered
from connector.domain.states import RecordingState
from connector.ports.commands import Command
from tests.browser.chromium import Visitor
from tests.browser.live_calls import begun, button, listening, now, recorded, row, standing
from tests.browser.site import PageHouse


async def test_who_may_not_give_orders_is_shown_none(visitor: Visitor) -> None:
    page = await listening(visitor, who="harbour listen")
    await expect(row(page, "live").get_by_role("button")).to_have_count(0)
    await expect(page.get_by_role("button", name="Place a call")).to_have_count(0)
    await row(page, "live").focus()
    orders = []
    page.on("request", lambda request: orders.append(request.method))
    for key in "rsp":
        await page.keyboard.press(key)
    await page.keyboard.press("ArrowDown")
    assert "POST" not in orders


async def test_the_state_changes_by_the_event_and_not_by_hope(visitor: Visitor, house: PageHouse) -> None:
    page = await listening(visitor, who="harbour control")
    async with page.expect_response("**/v1/calls/harbour-live/recording/pause") as answered:
        await button(page, "live", "Pause").click()
    answer = await answered.value
    assert answer.status == 200
    assert await answer.request.header_value("idempotency-key")
    # The PBX has said yes, and nothing has happened yet.
    await expect(standing(page, "live")).to_have_text("Recording")
    await expect(button(page, "live", "Pausing …")).to_be_visible()
    house.pause("live")
    await expect(standing(page, "live")).to_have_text("Paused")
    # The same button, so that the hand need not move.
    await expect(button(page, "live", "Resume")).to_be_focused()
    await expect(button(page, "live", "Resume")).to_have_attribute("aria-disabled", "false")


async def test_an_older_order_s_answer_takes_nothing_from_a_newer_one(visitor: Visitor, house: PageHouse) -> None:
    """The event is there before the answer, and somebody goes on at once."""
    page = await listening(visitor, who="harbour control")
    answers = {name: asyncio.Event() for name in ("pause", "resume")}

    async def late(route: Route) -> None:
        answer = await route.fetch()
        await answers[route.request.url.rpartition("/")[2]].wait()
        await route.fulfill(response=answer)

    await page.route("**/recording/*", late)
    await button(page, "live", "Pause").click()
    house.pause("live")
    await button(page, "live", "Resume").click()
    await expect(button(page, "live", "Resuming …")).to_be_visible()
    async with page.expect_response("**/recording/pause"):
        answers["pause"].set()
    await page.evaluate("new Promise((done) => setTimeout(done, 2500))")
    await expect(button(page, "live", "Resuming …")).to_have_attribute("aria-disabled", "true")
    answers["resume"].set()
    house.resume("live")
    await expect(button(page, "live", "Pause")).to_have_attribute("aria-disabled", "false")


async def test_an_order_that_takes_longer_is_waited_for(visitor: Visitor, house: PageHouse) -> None:
    """The capture node of this call takes its time: the API answers 202."""
    call = begun(house, "slow", node="elsewhere")
    house.happen(recorded(house, call, node="elsewhere"))
    page = await listening(visitor, who="harbour control")
    async with page.expect_response("**/v1/calls/harbour-slow/recording/stop") as answered:
        await button(page, "slow", "Stop").click()
    assert (await answered.value).status == 202
    stop = button(page, "slow", "Stopping …")
    await expect(stop).to_have_attribute("aria-disabled", "true")
    await stop.click(force=True)
    [command] = await _open_commands(house)
    assert command.action == "stop"
    house.happen(CommandAnswered(command_id=command.id, is_done=True, outcome="stop done"))
    house.happen(recorded(house, call, RecordingState.CAPTURED, node="elsewhere", ended_at=now(house)))
    await expect(standing(page, "slow")).to_have_text("Stopped")
    await expect(button(page, "slow", "Record")).to_have_attribute("aria-disabled", "false")


async def test_a_refusal_is_said_in_its_row(visitor: Visitor, house: PageHouse) -> None:
    call = begun(house, "forced", node="elsewhere")
    house.happen(recorded(house, call, node="elsewhere"))
    visitor.watch.expect(409, "/v1/calls/harbour-forced/recording/stop")
    page = await listening(visitor, who="harbour control")
    await button(page, "forced", "Stop").click()
    [command] = await _open_commands(house)
    house.happen(CommandAnswered(command_id=command.id, is_done=False, outcome="the rule for everything: force"))
    refused = row(page, "forced").get_by_role("alert")
    await expect(refused).to_have_text("Not stopped: the rule for everything: force")
    await expect(standing(page, "forced")).to_have_text("Recording")
    # It is old news as soon as something happens.
    house.pause("forced")
    await expect(refused).to_have_count(0)


async def test_a_call_that_rings_can_be_asked_for(visitor: Visitor, house: PageHouse) -> None:
    """No event tells that something is wanted: the call is asked for."""
    call = begun(house, "soon", answered_at=None)
    page = await listening(visitor, who="harbour control")
    await expect(standing(page, "soon")).to_have_text("Not recorded")
    house.happen(replace(call, verdict=Verdict(record=True, reason="asked for by key harbour control")))
    await button(page, "soon", "Record").click()
    await expect(standing(page, "soon")).to_have_text("Will be recorded")
    await expect(row(page, "soon").locator(".why")).to_have_text("asked for by key harbour control")


async def lose_the_first_answer(page: Page, orders: str) -> list[str | None]:
    """It is obeyed all the same. Returns the keys that orders come with, as they come."""
    keys: list[str | None] = []

    async def lost_at_first(route: Route) -> None:
        keys.append(await route.request.header_value("idempotency-key"))
        answer = await route.fetch()
        if len(keys) == 1:
            await route.abort("connectionreset")
        else:
            await route.fulfill(response=answer)

    await page.route(orders, lost_at_first)
    return keys


async def test_an_order_whose_answer_is_lost_is_obeyed_once(visitor: Visitor, house: PageHouse) -> None:
    visitor.watch.expect(0, "/v1/calls/harbour-live/recording/pause")
    page = await listening(visitor, who="harbour control")
    keys = await lose_the_first_answer(page, "**/recording/pause")
    async with page.expect_response("**/recording/pause") as answered:
        await button(page, "live", "Pause").click()
    answer = await answered.value
    assert answer.headers["idempotency-replayed"] == "true"
    assert len(keys) == 2
    assert len(set(keys)) == 1


async def _open_commands(house: PageHouse) -> list[Command]:
    """Those that a node which nobody plays has been given."""
    commands = house.server.site.house.ground.catalogue.commands
    for _ in range(100):
        found = list(house.awaited(commands.open_for("elsewhere", now(house))))
        if found:
            return found
        await asyncio.sleep(0.05)
    raise AssertionError("nothing was ordered")


# --- by keyboard ------------------------------------------------------------------------------------------------------


async def test_all_of_it_works_by_keyboard(visitor: Visitor, house: PageHouse) -> None:
    page = await listening(visitor, who="harbour control")
    rows = page.locator("[data-call]")
    await rows.nth(0).focus()
    await page.keyboard.press("End")
    await expect(rows.nth(4)).to_be_focused()
    await page.keyboard.press("Home")
    await page.keyboard.press("ArrowDown")
    await expect(rows.nth(1)).to_be_focused()
    # Tab leads to the buttons of this row, and then out of the list.
    await page.keyboard.press("Tab")
    await expect(rows.nth(1).get_by_role("button", name="Record")).to_be_focused()
    await page.keyboard.press("Tab")
    await expect(rows.nth(1).get_by_role("link")).to_be_focused()
    await page.keyboard.press("Tab")
    assert await page.evaluate("document.activeElement.closest('[data-call]')") is None
    await row(page, "live").focus()
    for key, order in (("p", "pause"), ("s", "stop")):
        async with page.expect_response(f"**/v1/calls/harbour-live/recording/{order}"):
            await page.keyboard.press(key)
        if order == "pause":
            house.pause("live")
            await expect(standing(page, "live")).to_have_text("Paused")
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/calls?call=harbour-live")


async def test_the_keys_are_told(visitor: Visitor) -> None:
    page = await listening(visitor, who="harbour control")
    await page.keyboard.press("?")
    told = page.get_by_role("dialog", name="Keys")
    await expect(told).to_contain_text("Pause its recording, or resume it")
    await page.keyboard.press("Escape")
    await expect(told).to_have_count(0)


async def test_a_change_is_announced_but_not_each_second(visitor: Visitor, house: PageHouse) -> None:
    page = await visitor.open("about:blank")
    await page.clock.install()
    await page.goto("/live")
    told = page.locator("p[role=status]")
    await expect(told).to_have_text("5 calls, 2 recorded, 1 of them paused")
    for what in ("one", "two", "three"):
        begun(house, what)
    await expect(page.locator(".summary")).to_contain_text("8 calls")
    await expect(told).to_have_text("5 calls, 2 recorded, 1 of them paused")
    await page.clock.run_for(7_000)
    await expect(told).to_have_text("8 calls, 2 recorded, 1 of them paused")


# --- a call that is placed --------------------------------------------------------------------------------------------


async def test_a_call_is_placed(visitor: Visitor) -> None:
    page = await listening(visitor, who="harbour control")
    await page.get_by_role("button", name="Place a call").click()
    dialog = page.get_by_role("dialog", name="Place a call")
    await dialog.get_by_label("Number to call").fill("+4930123")
    await dialog.get_by_label("Number that is shown").fill("+49305550")
    async with page.expect_request("**/v1/outbound-calls") as asked:
        await dialog.get_by_role("button", name="Call", exact=True).click()
    assert (await asked.value).post_data_json == {
        "to_number": "+4930123",
        "from_number": "+49305550",
        "endpoint_id": None,
        "agent": None,
        "recording_enabled": None,
    }
    await expect(dialog.get_by_role("status")).to_have_text("The phone was taken up; the number is being called.")


async def test_a_call_whose_answer_is_lost_is_placed_once(visitor: Visitor) -> None:
    visitor.watch.expect(0, "/v1/outbound-calls")
    page = await listening(visitor, who="harbour control")
    keys = await lose_the_first_answer(page, "**/v1/outbound-calls")
    await page.get_by_role("button", name="Place a call").click()
    dialog = page.get_by_role("dialog", name="Place a call")
    await dialog.get_by_label("Number to call").fill("+4930123")
    await dialog.get_by_label("Number that is shown").fill("+49305550")
    await dialog.get_by_role("button", name="Call", exact=True).click()
    await expect(dialog.get_by_role("status")).to_have_text("The phone was taken up; the number is being called.")
    assert len(keys) == 2
    assert keys[0] is not None
    assert keys[0] == keys[1]


async def test_a_call_that_may_not_be_placed_says_why(visitor: Visitor) -> None:
    visitor.watch.expect(403, "/v1/outbound-calls")
    page = await listening(visitor, who="harbour control")
    await page.get_by_role("button", name="Place a call").click()
    dialog = page.get_by_role("dialog", name="Place a call")
    await dialog.get_by_label("Number to call").fill("+1900999")
    await dialog.get_by_label("Number that is shown").fill("+49305550")
    await dialog.get_by_role("button", name="Call", exact=True).click()
    await expect(dialog.get_by_role("alert")).to_contain_text("1900999")
    await expect(dialog.get_by_role("button", name="Call", exact=True)).to_be_enabled()
