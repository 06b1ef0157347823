"""The open call: its sound, and going through it."""

import re
from typing import Final

import pytest
from playwright.async_api import expect

from connector.domain.options import AudioFormat
from tests.api.seeds import recording_id
from tests.browser.chromium import Visitor
from tests.browser.ears import LISTENING, heard
from tests.browser.office import HARBOUR, PARCEL, SHORT
from tests.browser.player import becomes, button, hear_from, now, opened, slider

#: In SHORT the caller speaks first, then the agent, both for three seconds and more.
CALLER_SPEAKS: Final = SHORT.said[0].start_seconds
AGENT_SPEAKS: Final = SHORT.said[1].start_seconds
CALLER_HERTZ, AGENT_HERTZ = 440.0, 880.0


# --- hearing ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("format", list(AudioFormat))
async def test_each_stored_format_plays_as_it_is_and_in_parts(visitor: Visitor, format: AudioFormat) -> None:
    visitor.watch.expect(404, "/v1/calls/*/transcript")
    asked: list[tuple[str, int]] = []
    page = await visitor.open()
    page.on("response", lambda one: asked.append((one.url, one.status)) if "/stream" in one.url else None)
    await page.goto(f"/calls?call=harbour-format-{format}")
    await button(page, "Play").click()
    await becomes(page, "a.currentTime > 0.3 && !a.paused")
    assert abs(await page.evaluate("document.querySelector('audio').duration") - SHORT.seconds) < 0.2
    assert {status for _, status in asked} == {206}
    assert all(url.endswith("kind=stereo") for url, _ in asked)


async def test_who_is_heard_alone_is_heard_on_both_ears(visitor: Visitor) -> None:
    page = await opened(visitor, "format-wav", prepared=LISTENING)
    caller, agent = (
        page.get_by_role("button", name=re.compile(f"^Solo {who} .*, on both ears$")) for who in ("Caller", "Agent")
    )
    await caller.click()
    await expect(caller).to_have_attribute("aria-pressed", "true")
    await hear_from(page, CALLER_SPEAKS)
    assert (await heard(page)).is_near(CALLER_HERTZ, CALLER_HERTZ)
    await hear_from(page, AGENT_SPEAKS)
    assert (await heard(page)).is_near(None, None)
    await agent.click()
    await hear_from(page, AGENT_SPEAKS)
    assert (await heard(page)).is_near(AGENT_HERTZ, AGENT_HERTZ)
    await hear_from(page, CALLER_SPEAKS)
    assert (await heard(page)).is_near(None, None)
    await agent.click()
    await expect(agent).to_have_attribute("aria-pressed", "false")
    await hear_from(page, CALLER_SPEAKS)
    assert (await heard(page)).is_near(CALLER_HERTZ, None)
    await hear_from(page, AGENT_SPEAKS)
    assert (await heard(page)).is_near(None, AGENT_HERTZ)


async def test_who_is_muted_is_not_heard_and_the_other_stays_where_he_is(visitor: Visitor) -> None:
    page = await opened(visitor, "format-mp3", prepared=LISTENING)
    await page.get_by_role("button", name=re.compile("^Mute Caller")).click()
    await hear_from(page, CALLER_SPEAKS)
    assert (await heard(page)).is_near(None, None)
    await hear_from(page, AGENT_SPEAKS)
    assert (await heard(page)).is_near(None, AGENT_HERTZ)


async def test_what_the_browser_does_not_play_is_made_into_what_it_does(visitor: Visitor) -> None:
    deaf = """
        const can = HTMLMediaElement.prototype.canPlayType;
        HTMLMediaElement.prototype.canPlayType = function (type) {
            return /ogg/.test(type) ? "" : can.call(this, type);
        };
    """
    page = await opened(visitor, "format-opus", prepared=deaf)
    await expect(page.get_by_text("It is made into MP3 while you listen")).to_be_visible()
    assert await page.evaluate("document.querySelector('audio').src.endsWith('kind=stereo&format=mp3')")
    await button(page, "Play").click()
    await becomes(page, "a.currentTime > 0.3")
    await expect(page.locator(".clock")).to_contain_text("0:15")


async def test_sound_that_breaks_off_says_why_and_can_be_tried_again(visitor: Visitor) -> None:
    visitor.watch.expect(404, "/v1/recordings/*/stream")
    visitor.watch.expect(503, "/v1/recordings/*/stream")
    page = await visitor.open()
    await page.route("**/stream?*", lambda route: route.fulfill(status=503, json={"detail": "the bucket is away"}))
    await page.goto("/calls?call=harbour-invoice")
    await expect(page.get_by_role("alert")).to_contain_text("the bucket is away")
    await page.unroute("**/stream?*")
    await button(page, "Try again").click()
    await expect(page.get_by_role("alert")).to_have_count(0)
    await button(page, "Play").click()
    await becomes(page, "a.currentTime > 0.3")


async def test_a_listening_is_one_line_in_the_audit_log_however_somebody_goes_through_it(visitor: Visitor) -> None:
    asked: list[str] = []
    page = await opened(visitor, "parcel")
    page.on("request", lambda one: asked.append(one.url) if "/stream" in one.url else None)
    await button(page, "Play").click()
    for seconds in (60, 20, 45):
        await page.evaluate(f"document.querySelector('audio').currentTime = {seconds}")
        await becomes(page, f"!a.seeking && a.currentTime >= {seconds} && !a.paused")
    # Somebody who goes on with it in another window, and again.
    for _ in range(2):
        await page.reload()
        await becomes(page, "a.readyState > 0")
    assert len(asked) >= 2
    log = visitor.house.server.site.house.ground.catalogue.audit
    subject = recording_id(HARBOUR, "parcel")
    lines = visitor.house.awaited(log.page(HARBOUR, limit=100, subject=subject, action="recording.listened"))
    assert [line.deed.details["kind"] for line in lines] == ["stereo"]


async def test_only_who_may_listen_is_given_anything_to_hear_or_read(visitor: Visitor) -> None:
    asked: list[str] = []
    page = await visitor.open(who="harbour read")
    page.on("request", lambda one: asked.append(one.url))
    await page.goto("/calls?call=harbour-parcel")
    await expect(page.get_by_text("Your key may not listen")).to_be_visible()
    await expect(button(page, "Play")).to_have_count(0)
    await expect(page.get_by_role("region", name="Transcript")).to_have_count(0)
    assert [url for url in asked if re.search("/stream|/waveform|/transcript", url)] == []


# --- going through it -------------------------------------------------------------------------------------------------


async def test_keys_do_what_the_help_says(visitor: Visitor) -> None:
    page = await opened(visitor, "parcel")
    await page.locator(".panel").focus()
    for key, condition in (
        (" ", "!a.paused"),
        (" ", "a.paused"),
        ("ArrowRight", "a.currentTime >= 5 && a.currentTime < 8"),
        ("Shift+ArrowRight", "a.currentTime >= 35 && a.currentTime < 38"),
        ("ArrowLeft", "a.currentTime >= 30 && a.currentTime < 33"),
        ("Shift+ArrowLeft", "a.currentTime < 3"),
        (".", "a.playbackRate === 1.25 && a.preservesPitch"),
        (",", "a.playbackRate === 1"),
        (",", "a.playbackRate === 0.75"),
        ("m", "a.muted"),
        ("m", "!a.muted"),
    ):
        await page.keyboard.press(key)
        await becomes(page, condition)
    for key, name in (("1", "Solo Caller"), ("2", "Solo Agent")):
        await page.keyboard.press(key)
        pressed = page.get_by_role("button", name=re.compile(f"^{name}"), pressed=True)
        await expect(pressed).to_have_count(1)
    await page.keyboard.press("0")
    await expect(page.get_by_role("button", name=re.compile("^Solo"), pressed=True)).to_have_count(0)
    await page.keyboard.press("s")
    await expect(page.get_by_role("checkbox", name="Skip silence")).to_be_checked()
    await page.keyboard.press("?")
    for keys in ("Space", "← →", ", .", "[ ]", "F3"):
        await expect(page.locator("dialog kbd", has_text=keys).first).to_be_visible()


async def test_keys_that_are_typed_into_a_field_play_nothing(visitor: Visitor) -> None:
    page = await opened(visitor, "parcel")
    await page.get_by_role("searchbox", name="Search in the transcript").press_sequentially("m l .")
    assert await page.evaluate("(a => a.paused && !a.muted && a.playbackRate === 1)(document.querySelector('audio'))")


async def test_space_on_a_button_presses_that_button(visitor: Visitor) -> None:
    page = await opened(visitor, "parcel")
    await button(page, "Forward 5 seconds").press(" ")
    await becomes(page, "a.currentTime === 5 && a.paused")


async def test_a_click_on_the_waveform_goes_there(visitor: Visitor) -> None:
    page = await opened(visitor, "parcel")
    box = await page.locator(".waveform-place").bounding_box()
    assert box
    await page.mouse.click(box["x"] + box["width"] / 2, box["y"] + 30)
    await becomes(page, f"Math.abs(a.currentTime - {PARCEL.seconds / 2}) < 0.2")
    await expect(slider(page)).to_have_attribute("aria-valuetext", re.compile(r"^0:3\d of 1:09$"))
    await slider(page).press("End")
    await becomes(page, f"Math.abs(a.currentTime - {PARCEL.seconds}) < 0.3")
    await slider(page).press("Home")
    await becomes(page, "a.currentTime === 0")


async def test_a_range_that_is_drawn_is_played_again_and_again(visitor: Visitor) -> None:
    page = await opened(visitor, "format-wav")
    box = await page.locator(".waveform-place").bounding_box()
    assert box
    second = box["width"] / SHORT.seconds
    await page.mouse.move(box["x"] + 2 * second, box["y"] + 30)
    await page.mouse.down()
    await page.mouse.move(box["x"] + 2.5 * second, box["y"] + 30, steps=4)
    await page.mouse.move(box["x"] + 3 * second, box["y"] + 30, steps=4)
    await page.mouse.up()
    await expect(page.get_by_text("Loop 0:02 – 0:03")).to_be_visible()
    await page.evaluate("window.turns = 0; document.querySelector('audio').addEventListener('seeked', () => turns++)")
    await button(page, "Play").click()
    await becomes(page, "turns >= 2")
    assert 1.9 < await now(page) < 3.3
    await button(page, "Loop off").click()
    await becomes(page, "a.currentTime > 3.4")


async def test_a_range_up_to_the_end_is_played_again_too(visitor: Visitor) -> None:
    page = await opened(visitor, "format-wav")
    box = await page.locator(".waveform-place").bounding_box()
    assert box
    second = box["width"] / SHORT.seconds
    await page.mouse.move(box["x"] + box["width"] - second, box["y"] + 30)
    await page.mouse.down()
    await page.mouse.move(box["x"] + box["width"] + 40, box["y"] + 30, steps=6)
    await page.mouse.up()
    await page.evaluate("window.turns = 0; document.querySelector('audio').addEventListener('seeked', () => turns++)")
    await button(page, "Play").click()
    await becomes(page, "turns >= 3 && !a.paused")
    assert await now(page) > SHORT.seconds - 1.2
    await button(page, "Pause").click()
    await becomes(page, "a.paused")


async def test_a_range_is_set_by_keys(visitor: Visitor) -> None:
    page = await opened(visitor, "parcel", "&t=5")
    await page.locator(".panel").focus()
    await page.keyboard.press("[")
    await expect(page.get_by_text("Loop from 0:05 …")).to_be_visible()
    await page.keyboard.press("ArrowRight")
    await page.keyboard.press("]")
    await expect(page.get_by_text("Loop 0:05 – 0:10")).to_be_visible()
    await page.keyboard.press("l")
    await expect(page.get_by_text("Loop 0:05 – 0:10")).to_have_count(0)


async def test_silence_is_skipped_and_what_is_left_is_said(visitor: Visitor) -> None:
    page = await opened(visitor, "parcel")
    assert PARCEL.holds
    (start, end) = PARCEL.holds[0]
    said = await page.get_by_text(re.compile("without silence$")).text_content()
    length = re.match(r"(\d+):(\d+) ", said or "")
    assert length
    quiet = sum(end - start for start, end in (*PARCEL.holds, *PARCEL.pauses, *PARCEL.gaps))
    assert PARCEL.seconds - quiet - 6 < 60 * int(length[1]) + int(length[2]) < PARCEL.seconds - quiet + 3
    await page.get_by_role("checkbox", name="Skip silence").check()
    await page.evaluate(f"document.querySelector('audio').currentTime = {start - 0.3}")
    await button(page, "Play").click()
    # Nine seconds that nobody spoke in pass in less than three.
    await becomes(page, f"a.currentTime > {end - 0.5}", within=3)


async def test_how_somebody_listens_holds_for_the_next_call_too(visitor: Visitor) -> None:
    page = await opened(visitor, "parcel")
    await page.get_by_label("Speed").select_option("1.5")
    await page.evaluate(
        "history.pushState(null, '', '/calls?call=harbour-invoice'); dispatchEvent(new PopStateEvent('popstate'))"
    )
    await becomes(page, "a.src.includes('invoice') && a.readyState > 0 && a.playbackRate === 1.5")
    await expect(page.get_by_label("Speed")).to_have_value("1.5")


async def test_it_plays_on_while_the_server_does_not_answer(visitor: Visitor) -> None:
    """What is under way is asked for again and again."""
    visitor.watch.expect(503, "/v1/calls/harbour-parcel")
    page = await opened(visitor, "parcel")
    await button(page, "Play").click()
    await page.route("**/v1/calls/harbour-parcel", lambda route: route.fulfill(status=503, json={"detail": "away"}))
    await page.get_by_label("New tag").fill("heard")
    async with page.expect_response(lambda one: one.status == 503):
        await button(page, "Add tag").click()
    await becomes(page, "!a.paused && a.currentTime > 1")
    await expect(page.locator("audio")).to_have_count(1)


async def test_a_link_leads_to_its_moment(visitor: Visitor) -> None:
    permissions = {"permissions": ["clipboard-read", "clipboard-write"]}
    page = await opened(visitor, "parcel", "&t=12.5", **permissions)
    await becomes(page, "a.currentTime === 12.5 && a.paused")
    await button(page, "Forward 5 seconds").click()
    await button(page, "Copy link to this moment").click()
    await expect(page.get_by_text("Link copied")).to_be_visible()
    copied = await page.evaluate("navigator.clipboard.readText()")
    assert copied == f"{visitor.house.url}/calls?call=harbour-parcel&t=17.5"
    await page.goto(copied)
    await becomes(page, "a.currentTime === 17.5")


async def test_one_of_several_recordings_is_chosen_and_stays_in_the_link(visitor: Visitor) -> None:
    page = await opened(visitor, "several")
    chooser = page.get_by_label("Recordings of this call")
    await expect(chooser.locator("option")).to_have_text([re.compile(r"^1: .*:\d\d, 0:15$"), re.compile("^2: ")])
    assert await page.evaluate("document.querySelector('audio').src.includes('several-again')")
    await chooser.select_option(index=0)
    await becomes(page, "a.src.includes('harbour-recording-several/')")
    await expect(page).to_have_url(re.compile("recording=harbour-recording-several"))
    await page.reload()
    await becomes(page, "a.src.includes('harbour-recording-several/')")
    await expect(page.locator("audio")).to_have_count(1)
