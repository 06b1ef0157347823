"""The live view: calls as they come, change and go before somebody's eyes, and orders that the server obeys."""

import asyncio
import itertools
from dataclasses import replace
from typing import Any

import pytest
from playwright.async_api import BrowserContext, Locator, Page, expect

from connector.domain.access import Access
from connector.domain.call import Call, CallKind, CallState, Verdict
from connector.domain.decision import Change, CommandAnswered
from connector.domain.ids import CallId
from connector.domain.states import RecordingState
from connector.ports.commands import Command
from connector.services.live_events import MOST_OF_ONE_KEY, LiveEvents, Reader
from tests.api.seeds import recording_id
from tests.browser.chromium import Visitor
from tests.browser.site import PageHouse
from tests.builders import a_call, a_leg, a_recording

HARBOUR = "harbour"
HOUR_MILLISECONDS = 3_600_000
#: So long stands what is over, and a little more.
LINGERED_MILLISECONDS = 14_000
NUMBERS = itertools.count(1)


def row(page: Page, what: str, organisation: str = HARBOUR) -> Locator:
    return page.locator(f'[data-call="{organisation}-{what}"]')


def standing(page: Page, what: str) -> Locator:
    return row(page, what).locator(".standing")


def button(page: Page, what: str, name: str) -> Locator:
    return row(page, what).get_by_role("button", name=f"{name}:")


def now(house: PageHouse) -> float:
    return house.server.site.house.ground.clock.now()


def begun(house: PageHouse, what: str, **over: Any) -> Call:
    """A call that somebody of Harbour Logistics talks in, told to the catalogue."""
    began = now(house)
    facts: dict[str, Any] = {
        "id": CallId(f"{HARBOUR}-{what}"),
        "organisation": HARBOUR,
        "pbx": HARBOUR,
        "started_at": began,
        "answered_at": began,
        "verdict": Verdict(record=False, reason="the rule for queue 'claims': never"),
        "from_number": f"+4989{next(NUMBERS):06}",
    }
    call = a_call(**(facts | over))
    house.happen(call)
    return call


def recorded(house: PageHouse, call: Call, state: RecordingState = RecordingState.RECORDING, **over: Any) -> Change:
    what = call.id.removeprefix(f"{HARBOUR}-")
    facts = {"id": recording_id(HARBOUR, what), "call_id": call.id, "organisation": HARBOUR, "pbx": HARBOUR}
    began = {"requested_at": now(house), "started_at": now(house)}
    return a_recording(**(facts | began | {"state": state} | over))


def ended(house: PageHouse, call: Call) -> Call:
    over = replace(call, state=CallState.ENDED, ended_at=now(house))
    house.happen(over)
    return over


async def listening(visitor: Visitor, **of_page: Any) -> Page:
    """The view, with its first answer and its stream."""
    page = await visitor.open("/live", **of_page)
    await expect(page.locator(".connection")).to_have_text("Live")
    await row(page, "live").wait_for()
    return page


async def deaf(context: BrowserContext) -> None:
    """No event reaches the page."""
    await context.route("**/v1/events", lambda route: route.abort())


async def box(found: Locator) -> dict[str, float]:
    place = await found.bounding_box()
    assert place is not None, "it is not to be seen"
    return {"x": place["x"], "y": place["y"], "width": place["width"], "height": place["height"]}


# --- what lives -------------------------------------------------------------------------------------------------------


async def test_every_live_call_says_how_it_stands_with_its_recording(visitor: Visitor) -> None:
    page = await listening(visitor)
    said = {
        "live": "Recording",
        "live-paused": "Paused",
        "live-asked": "Starting …",
        "live-off": "Not recorded",
        "live-ringing": "Will be recorded",
    }
    for what, words in said.items():
        await expect(standing(page, what)).to_have_text(words)
    await expect(row(page, "live-off").locator(".why")).to_have_text("the rule for queue 'claims': never")
    await expect(row(page, "live")).to_contain_text("+4930123456")
    await expect(row(page, "live")).to_contain_text("Ada Lovelace")
    await expect(page.locator(".summary")).to_have_text("5 calls, 2 recorded, 1 of them paused")
    await expect(page.locator("[data-call]")).to_have_count(5)


async def test_a_call_is_followed_from_its_first_ring_to_its_end(visitor: Visitor, house: PageHouse) -> None:
    page = await listening(visitor)
    call = begun(house, "new", answered_at=None, verdict=None, from_number="+49401")
    await expect(standing(page, "new")).to_have_text("Not decided yet")
    await expect(row(page, "new")).to_contain_text("ringing")
    call = replace(call, answered_at=now(house), verdict=Verdict(record=True, reason="the rule for everything"))
    house.happen(call)
    await expect(standing(page, "new")).to_have_text("Will be recorded")
    await expect(row(page, "new")).not_to_contain_text("ringing")
    house.happen(recorded(house, call))
    await expect(standing(page, "new")).to_have_text("Recording")
    house.pause("new")
    await expect(standing(page, "new")).to_have_text("Paused")
    house.resume("new")
    await expect(standing(page, "new")).to_have_text("Recording")
    house.end("new")
    await expect(row(page, "new")).to_contain_text("Ended")
    await expect(row(page, "new").get_by_role("button")).to_have_count(0)
    await row(page, "new").get_by_role("link", name="Open the call").click()
    await page.wait_for_url("**/calls?call=harbour-new")


async def test_a_recording_that_fails_says_why(visitor: Visitor, house: PageHouse) -> None:
    page = await listening(visitor)
    reason = "the PBX refused the recorder: no space left on device"
    house.happen(replace(house.recording("live"), state=RecordingState.FAILED_CAPTURE, reason=reason))
    await expect(standing(page, "live")).to_have_text("Failed")
    await expect(row(page, "live").locator(".why")).to_have_text(reason)


async def test_time_grows_each_second(visitor: Visitor, house: PageHouse) -> None:
    page = await listening(visitor)
    begun(house, "new")
    age = row(page, "new").locator("time")
    for second in range(1, 4):
        await expect(age).to_have_text(f"0:{second:02}")


@pytest.mark.parametrize("hours", [-3, 5])
async def test_time_is_right_in_a_browser_whose_clock_is_wrong(visitor: Visitor, house: PageHouse, hours: int) -> None:
    wrong = f"const now = Date.now.bind(Date); Date.now = () => now() + {hours * HOUR_MILLISECONDS};"
    page = await visitor.open("about:blank")
    await page.add_init_script(wrong)
    await page.goto("/live")
    call = house.call("live")
    age = row(page, "live").locator("time")
    await age.wait_for()
    minutes, _, seconds = (await age.inner_text()).partition(":")
    # A moment of this process, whose clock is the server's.
    assert int(minutes) * 60 + int(seconds) == pytest.approx(now(house) - call.started_at, abs=3)


async def test_what_is_over_goes_after_a_while(visitor: Visitor, house: PageHouse) -> None:
    page = await visitor.open("about:blank")
    await page.clock.install()
    await page.goto("/live")
    await row(page, "live").wait_for()
    house.end("live")
    await expect(row(page, "live")).to_contain_text("Ended")
    await expect(row(page, "live")).to_contain_text("Open the call")
    await page.clock.run_for(LINGERED_MILLISECONDS)
    await expect(row(page, "live")).to_have_count(0)
    await expect(row(page, "live-off")).to_be_visible()


async def test_nothing_moves_under_the_pointer(visitor: Visitor, house: PageHouse) -> None:
    page = await visitor.open("about:blank")
    await page.clock.install()
    await page.goto("/live")
    await row(page, "live").wait_for()
    pointed = row(page, "live")
    before = await box(pointed)
    await pointed.hover()
    begun(house, "earlier", started_at=house.call("live-ringing").started_at - 20)
    await expect(row(page, "earlier")).to_be_visible()
    assert (await box(row(page, "earlier")))["y"] > (await box(row(page, "live-ringing")))["y"]
    house.end("live-asked")
    house.end("live-paused")
    await expect(row(page, "live-asked")).to_contain_text("Ended")
    await page.clock.run_for(7_000)
    await page.mouse.move(before["x"] + 40, before["y"] + 12)
    await page.clock.run_for(7_000)
    await expect(row(page, "live-asked")).to_be_visible()
    assert await box(pointed) == before
    # Once it has rested for a while it was left there.
    await page.clock.run_for(LINGERED_MILLISECONDS)
    await expect(row(page, "live-asked")).to_have_count(0)


async def test_the_call_that_has_the_focus_stays_until_it_is_left(visitor: Visitor, house: PageHouse) -> None:
    page = await visitor.open("about:blank")
    await page.clock.install()
    await page.goto("/live")
    await button(page, "live", "Pause").focus()
    house.end("live")
    # Its button has gone; the row keeps the place.
    await expect(row(page, "live")).to_be_focused()
    await page.clock.run_for(2 * LINGERED_MILLISECONDS)
    await expect(row(page, "live")).to_be_visible()
    await page.keyboard.press("ArrowUp")
    await page.clock.run_for(2_000)
    await expect(row(page, "live")).to_have_count(0)


async def test_nothing_live_is_said_calmly(visitor: Visitor) -> None:
    page = await visitor.open("/live", who="riverside read")
    await expect(page.get_by_text("No calls at the moment.")).to_be_visible()
    await expect(page.locator(".summary")).to_have_text("0 calls, 0 recorded")


async def test_a_conference_is_one_of_them_with_who_is_there(visitor: Visitor, house: PageHouse) -> None:
    legs = tuple(a_leg(channel=f"c.{number}", number=number, ended_at=None) for number in ("201", "202", "203"))
    gone = a_leg(channel="c.4", number="204", ended_at=now(house))
    begun(house, "meeting-now", kind=CallKind.CONFERENCE, conference="4001", legs=(*legs, gone))
    page = await listening(visitor)
    await expect(row(page, "meeting-now")).to_contain_text("4001 conference")
    await expect(row(page, "meeting-now")).to_contain_text("3 participants")
    async with page.expect_response("**/v1/conferences/harbour-meeting-now/recording/start") as answered:
        await button(page, "meeting-now", "Record").click()
    assert (await (await answered.value).json())["state"] == "done"


async def test_the_whole_house_sees_whose_calls_they_are(visitor: Visitor) -> None:
    page = await visitor.open("/live", who="house read")
    await expect(row(page, "live").locator(".organisation")).to_have_text(HARBOUR)
    await expect(row(page, "live", "acme").locator(".organisation")).to_have_text("acme")


async def test_what_is_looked_for_stands_in_the_address(visitor: Visitor) -> None:
    page = await listening(visitor)
    await page.keyboard.press("/")
    await page.keyboard.type("hopper")
    await expect(page.locator("[data-call]")).to_have_count(2)
    await expect(page.locator(".summary")).to_contain_text("(2 of 5)")
    assert page.url.endswith("/live?find=hopper")
    await page.reload()
    await expect(page.locator("[data-call]")).to_have_count(2)
    await page.get_by_role("searchbox").fill("nobody at all")
    await expect(page.get_by_text("None of the live calls fits")).to_be_visible()


async def test_what_a_stranger_wrote_is_only_text(visitor: Visitor) -> None:
    page = await visitor.open("/live", who="mallory control")
    live = row(page, "live", "mallory")
    await live.wait_for()
    assert await live.locator("script, img, iframe, svg").count() == 0
    assert "<" in await live.locator("td.from").inner_text()


# --- orders -----------------------------------------------------------------------------------------------------------


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


async def test_an_order_whose_answer_is_lost_is_obeyed_once(visitor: Visitor, house: PageHouse) -> None:
    visitor.watch.expect(0, "/v1/calls/harbour-live/recording/pause")
    page = await listening(visitor, who="harbour control")
    keys: list[str] = []

    async def lose_the_first(route: Any) -> None:
        keys.append(await route.request.header_value("idempotency-key"))
        answer = await route.fetch()
        if len(keys) == 1:
            await route.abort("connectionreset")
        else:
            await route.fulfill(response=answer)

    await page.route("**/recording/pause", lose_the_first)
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


# --- the connection ---------------------------------------------------------------------------------------------------


async def test_a_server_that_goes_away_and_comes_back_is_caught_up_with(visitor: Visitor, house: PageHouse) -> None:
    visitor.watch.expect(0, "*")
    page = await listening(visitor)
    house.answer_no_more()
    await expect(page.locator(".connection")).to_have_text("Reconnecting …")
    await expect(page.get_by_text("What stands here may be old.")).to_be_visible()
    await expect(row(page, "live")).to_be_visible()
    house.answer_again()
    house.end("live")
    begun(house, "meanwhile")
    await expect(page.locator(".connection")).to_have_text("Live", timeout=20_000)
    await expect(row(page, "meanwhile")).to_be_visible()
    await expect(row(page, "live")).to_contain_text("Ended")


async def test_without_events_it_asks_from_time_to_time(visitor: Visitor, house: PageHouse) -> None:
    """A proxy in between may hold events back."""
    visitor.watch.expect(0, "/v1/events")
    page = await visitor.open("about:blank")
    await deaf(page.context)
    await page.goto("/live")
    await row(page, "live").wait_for(timeout=20_000)
    house.pause("live")
    await expect(standing(page, "live")).to_have_text("Paused", timeout=20_000)


async def test_a_tab_that_nobody_looks_at_lets_its_connection_go(visitor: Visitor, house: PageHouse) -> None:
    page = await visitor.open("about:blank")
    await page.clock.install()
    await page.add_init_script(
        "let isHidden = false; Object.defineProperty(document, 'hidden', { get: () => isHidden });"
        "window.hide = (is) => { isHidden = is; document.dispatchEvent(new Event('visibilitychange')); };"
    )
    await page.goto("/live")
    await expect(page.locator(".connection")).to_have_text("Live")
    await page.evaluate("hide(true)")
    await page.clock.run_for(31_000)
    begun(house, "unseen")
    await page.clock.run_for(5_000)
    await expect(row(page, "unseen")).to_have_count(0)
    await page.evaluate("hide(false)")
    await expect(row(page, "unseen")).to_be_visible()


async def test_a_tab_where_somebody_signed_out_elsewhere_shows_the_form(visitor: Visitor) -> None:
    """The stream ends with the session, and is refused from then on."""
    visitor.watch.expect(401, "/v1/*")
    page = await listening(visitor)
    other = await page.context.new_page()
    await other.goto("/health")
    await other.get_by_role("button", name="Sign out").click()
    await expect(other.get_by_label("Key", exact=True)).to_be_visible()
    await expect(page.get_by_label("Key", exact=True)).to_be_visible(timeout=70_000)


async def test_all_views_share_one_connection(visitor: Visitor, house: PageHouse) -> None:
    page = await visitor.open("about:blank")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    await page.goto("/live")
    await expect(page.locator(".connection")).to_have_text("Live")
    for _ in range(3):
        await page.get_by_role("link", name="Calls", exact=True).click()
        await expect(page.get_by_role("grid")).to_be_visible()
        await page.get_by_role("link", name="Live", exact=True).click()
        await expect(standing(page, "live")).to_have_text("Recording")
    house.pause("live")
    await expect(standing(page, "live")).to_have_text("Paused")
    assert [url for url in asked if url.endswith("/v1/events")] == [f"{house.url}/v1/events"]


async def test_too_many_who_listen_are_told_so_and_let_in_later(visitor: Visitor, house: PageHouse) -> None:
    visitor.watch.expect(429, "/v1/events")
    events = house.server.site.house.events
    access = house.awaited(_access(house))
    readers = [house.awaited(_joined(events, access)) for _ in range(MOST_OF_ONE_KEY)]
    page = await visitor.open("/live")
    await expect(page.locator(".connection")).to_have_text("Reconnecting …")
    await row(page, "live").wait_for()
    for reader in readers:
        events.leave(reader)
    await expect(page.locator(".connection")).to_have_text("Live", timeout=20_000)


async def _access(house: PageHouse) -> Access:
    found = await house.server.site.house.ground.catalogue.accounts.find(house.seed.key_ids["harbour admin"])
    assert found is not None
    return Access(key=found.key)


async def _joined(events: LiveEvents, access: Access) -> Reader:
    return events.join(access)


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


# --- very many --------------------------------------------------------------------------------------------------------


async def test_five_hundred_calls_stay_smooth(visitor: Visitor, house: PageHouse) -> None:
    """What happens to one of them touches its row and no other, but for the time that grows."""
    began = now(house)
    calls = [
        a_call(
            id=CallId(f"{HARBOUR}-many-{number}"),
            organisation=HARBOUR,
            pbx=HARBOUR,
            started_at=began - number,
            answered_at=began - number,
            from_number=f"+4930{number:05}",
            verdict=Verdict(record=True, reason="the rule for everything"),
        )
        for number in range(500)
    ]
    house.happen(*calls, *(recorded(house, call) for call in calls))
    page = await listening(visitor)
    await expect(page.locator("[data-call]")).to_have_count(505)
    await page.evaluate(
        """() => {
            window.touched = new Set();
            new MutationObserver((records) => {
                for (const one of records) {
                    const element = one.target.nodeType === 1 ? one.target : one.target.parentElement;
                    const call = element.closest('[data-call]');
                    if (call && !element.closest('time')) touched.add(call.dataset.call);
                }
            }).observe(document.querySelector('.list'), {
                subtree: true, childList: true, attributes: true, characterData: true,
            });
        }"""
    )
    house.pause("many-250")
    await expect(standing(page, "many-250")).to_have_text("Paused")
    assert await page.evaluate("[...touched]") == ["harbour-many-250"]


# --- small screens and helpers of the eye -----------------------------------------------------------------------------


@pytest.mark.parametrize(("width", "height"), [(1280, 800), (390, 800), (360, 640)])
async def test_nothing_sticks_out_of_the_screen(visitor: Visitor, width: int, height: int) -> None:
    page = await listening(visitor, who="harbour control", width=width, height=height)
    wide = await page.evaluate("document.querySelector('main').scrollWidth")
    assert wide <= width
    stop = await box(button(page, "live", "Stop"))
    assert stop["x"] + stop["width"] <= width
