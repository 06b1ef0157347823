"""The live view: calls as they come, change and go before somebody's eyes."""

from dataclasses import replace

import pytest
from playwright.async_api import expect

from connector.domain.call import CallKind, Verdict
from connector.domain.ids import CallId
from connector.domain.states import RecordingState
from tests.browser.chromium import Visitor
from tests.browser.live_calls import HARBOUR, begun, box, button, listening, now, recorded, row, standing
from tests.browser.site import PageHouse
from tests.builders import a_call, a_leg

HOUR_MILLISECONDS = 3_600_000
#: So long stands what is over, and a little more.
LINGERED_MILLISECONDS = 14_000


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


async def test_calls_that_begin_in_one_moment_are_shown_at_once(visitor: Visitor, house: PageHouse) -> None:
    page = await listening(visitor)
    await page.evaluate(
        """() => {
            window.changes = 0;
            new MutationObserver(() => { changes += 1; })
                .observe(document.querySelector('.summary'), { subtree: true, characterData: true });
        }"""
    )
    began = now(house)
    facts = {"organisation": HARBOUR, "pbx": HARBOUR, "started_at": began}
    house.happen(*(a_call(id=CallId(f"{HARBOUR}-burst-{number}"), **facts) for number in range(60)))
    await expect(page.locator(".summary")).to_contain_text("65 calls")
    assert 0 < await page.evaluate("changes") < 20


async def test_of_more_calls_than_a_page_can_hold_the_others_are_counted_and_found(
    visitor: Visitor, house: PageHouse
) -> None:
    began = now(house)
    facts = {"organisation": HARBOUR, "pbx": HARBOUR, "verdict": None}
    calls = [
        a_call(
            id=CallId(f"{HARBOUR}-many-{number}"),
            started_at=began + number / 1000,
            answered_at=began + number / 1000,
            from_number=f"+4930{number:05}",
            **facts,
        )
        for number in range(1_000)
    ]
    house.happen(*calls)
    page = await visitor.open("/live")
    await expect(page.locator(".summary")).to_contain_text("1,005 calls", timeout=20_000)
    await expect(page.locator("[data-call]")).to_have_count(1_000)
    await expect(page.locator(".more")).to_contain_text("The 1,000 that began first are shown, of 1,005.")
    await expect(row(page, "many-999")).to_have_count(0)
    await page.get_by_role("searchbox").fill("+493000999")
    await expect(row(page, "many-999")).to_be_visible()
    await expect(page.locator(".more")).to_have_count(0)
    await page.get_by_role("searchbox").fill("")
    await page.get_by_role("button", name="Show more").click()
    await expect(page.locator("[data-call]")).to_have_count(1_005)
    await expect(page.locator(".more")).to_have_count(0)


# --- small screens and helpers of the eye -----------------------------------------------------------------------------


@pytest.mark.parametrize(("width", "height"), [(1280, 800), (390, 800), (360, 640)])
async def test_nothing_sticks_out_of_the_screen(visitor: Visitor, width: int, height: int) -> None:
    page = await listening(visitor, who="harbour control", width=width, height=height)
    wide = await page.evaluate("document.querySelector('main').scrollWidth")
    assert wide <= width
    stop = await box(button(page, "live", "Stop"))
    assert stop["x"] + stop["width"] <= width
