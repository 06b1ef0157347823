"""The waveform of the open call: who speaks when, what is missing, and where one is."""

import re
from typing import Final

import pytest
from playwright.async_api import Page, expect

from connector.domain.products import peaks_path
from tests.api.seeds import recording_id
from tests.browser.chromium import Visitor
from tests.browser.office import HARBOUR, PARCEL
from tests.browser.player import becomes, button, opened, slider

#: The colours of the upper and the lower half, where they are drawn.
_PAINTED: Final = """
() => {
    const host = document.querySelector(".waveform-drawn > div");
    const canvases = host ? [...host.shadowRoot.querySelectorAll(".canvases canvas")] : [];
    return canvases.map((canvas) => {
        const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext("2d", { willReadFrequently: true });
        copy.drawImage(canvas, 0, 0);
        const { data } = copy.getImageData(0, 0, canvas.width, canvas.height);
        for (let at = 0; at < data.length; at += 4) {
            if (data[at + 3] === 255) return `rgb(${data[at]}, ${data[at + 1]}, ${data[at + 2]})`;
        }
        return "nothing";
    });
}
"""


async def test_each_speaker_has_a_colour_and_it_follows_the_theme(visitor: Visitor) -> None:
    page = await opened(visitor, "parcel", theme="dark")
    dark = await painted_rows(page)
    assert len(set(dark)) == 2
    assert dark == [await colour_of(page, "--left"), await colour_of(page, "--right")]
    await page.get_by_label("Colours").select_option("light")
    light = [await colour_of(page, "--left"), await colour_of(page, "--right")]
    assert set(light).isdisjoint(dark)
    await becomes(page, f"({_PAINTED})().join() === {','.join(light)!r}")


async def test_what_is_missing_is_drawn_named_and_led_to(visitor: Visitor) -> None:
    page = await opened(visitor, "parcel")
    for kind in ("gap", "pause", "hold"):
        await expect(page.locator(f".mark-{kind}.mark")).to_have_count(1)
    await page.get_by_text("3 stretches are marked").click()
    lines = page.locator(".missing li")
    await expect(lines).to_have_text([re.compile("On hold"), re.compile("Paused: "), re.compile("Missing 201: ")])
    start, end = PARCEL.gaps[0]
    box, whole = (
        await page.locator(".mark-gap.mark").bounding_box(),
        await page.locator(".waveform-place").bounding_box(),
    )
    assert box
    assert whole
    assert abs((box["x"] - whole["x"]) / whole["width"] - start / PARCEL.seconds) < 0.01
    assert abs(box["width"] / whole["width"] - (end - start) / PARCEL.seconds) < 0.01
    # Only the agent is missing: it is drawn over his half.
    assert box["height"] < 0.6 * whole["height"]
    await lines.last.get_by_role("button").click()
    await becomes(page, f"Math.abs(a.currentTime - {start}) < 0.1")
    await page.mouse.move(box["x"] + 2, box["y"] + 5)
    await expect(slider(page)).to_have_attribute("title", re.compile("^Missing 201"))


async def test_zoomed_the_waveform_scrolls_along(visitor: Visitor) -> None:
    page = await opened(visitor, "parcel")
    for _ in range(3):
        await button(page, "Zoom in").click()
    window = "document.querySelector('.waveform-window')"
    assert await page.evaluate(f"{window}.scrollWidth / {window}.clientWidth") == pytest.approx(8, rel=0.02)
    await page.evaluate("document.querySelector('audio').currentTime = 40")
    await button(page, "Play").click()
    await becomes(page, f"{window}.scrollLeft > 2 * {window}.clientWidth")


async def test_where_one_is_stays_in_sight_when_it_is_zoomed(visitor: Visitor) -> None:
    page = await opened(visitor, "parcel", "&t=50")
    for _ in range(4):
        await button(page, "Zoom in").click()
    window, cursor = (
        await page.locator(".waveform-window").bounding_box(),
        await page.locator(".waveform-cursor").bounding_box(),
    )
    assert window
    assert cursor
    assert window["x"] <= cursor["x"] <= window["x"] + window["width"]


async def test_where_the_waveform_cannot_be_had_there_is_still_a_player(visitor: Visitor) -> None:
    visitor.watch.expect(404, "/v1/recordings/*/waveform")
    page = await visitor.open()
    detail = "the waveform of recording harbour-recording-parcel lies on node 'b' alone"
    await page.route("**/waveform", lambda route: route.fulfill(status=404, json={"detail": detail}))
    await page.goto("/calls?call=harbour-parcel")
    await becomes(page, "a.readyState > 0")
    await expect(page.get_by_text("No waveform here:")).to_contain_text(detail)
    await button(page, "Play").click()
    await becomes(page, "a.currentTime > 0.3")
    await expect(page.get_by_role("checkbox", name="Skip silence")).to_have_count(0)
    await expect(page.locator(".mark")).to_have_count(3)


async def test_where_it_was_drawn_on_another_machine_it_is_drawn_again_and_is_the_same(visitor: Visitor) -> None:
    (visitor.house.folder / peaks_path(recording_id(HARBOUR, "parcel"))).unlink()
    page = await opened(visitor, "parcel")
    assert await painted_rows(page) == [await colour_of(page, "--left"), await colour_of(page, "--right")]
    await expect(page.get_by_role("checkbox", name="Skip silence")).to_be_visible()


async def test_a_conference_is_drawn_as_one(visitor: Visitor) -> None:
    page = await opened(visitor, "meeting")
    everybody, *names = await page.locator(".legend li").all_inner_texts()
    assert (everybody, sorted(names)) == ("Everybody", ["201", "202", "203"])
    await expect(page.get_by_role("button", name=re.compile("^Solo "))).to_have_count(0)


async def test_who_talked_how_long_stands_below(visitor: Visitor) -> None:
    page = await opened(visitor, "parcel")
    talk = page.get_by_role("list", name="Talk", exact=True)
    await expect(talk).to_contain_text(
        re.compile(r"Caller \+4930123456 \d+% \(0:\d\d\).*Agent 201 \d+%.*silence 0:\d\d")
    )


async def test_a_mix_has_nobody_to_be_muted_and_still_shows_both(visitor: Visitor) -> None:
    page = await opened(visitor, "mono")
    await expect(page.get_by_role("button", name=re.compile("^Solo "))).to_have_count(0)
    await expect(page.locator(".legend li")).to_have_count(2)
    assert len(set(await painted_rows(page))) == 2


# --- measuring --------------------------------------------------------------------------------------------------------


async def painted_rows(page: Page) -> list[str]:
    await becomes(page, f"({_PAINTED})().length > 0")
    found: list[str] = await page.evaluate(_PAINTED)
    return found


async def colour_of(page: Page, name: str) -> str:
    found: str = await page.evaluate(
        "(name) => { const probe = document.body.appendChild(document.createElement('i'));"
        " probe.style.color = `var(${name})`; const { color } = getComputedStyle(probe); probe.remove();"
        " return color; }",
        name,
    )
    return found
