"""What holds for every view: anybody can use it, on any screen, with any role, whatever strangers have written."""

import re
from collections.abc import AsyncIterator, Sequence
from typing import Any, Final, Literal
from urllib.parse import parse_qs, quote, urlsplit

import pytest
from playwright.async_api import Browser, Page, expect

from tests.browser.chromium import Theme, Visitor, Watch
from tests.browser.hostile_texts import HOSTILE, TROPHY
from tests.browser.sight import axe_faults, focus_walk, motion_faults, settled, sideways_faults, unreached
from tests.browser.site import PageHouse

VIEWS: Final = ("/calls", "/live", "/health", "/settings")
#: A call's panel: with everything, without sound, with several recordings, a conference, under way.
PANELS: Final = tuple(
    f"/calls?call=harbour-{what}"
    for what in ("parcel", "off", "failed-store", "erased", "several", "meeting", "waiting", "live")
)
#: Asked for by the page to say why there is nothing.
NOTHING: Final = ((404, "/v1/calls/*"), (410, "/v1/calls/*"), (404, "/v1/recordings/*"), (410, "/v1/recordings/*"))
PHONE: Final = {"width": 360, "height": 740, "has_touch": True}
#: What a window of 1280 × 800 shows at 200 %.
ZOOMED: Final = {"width": 640, "height": 400, "device_scale_factor": 2}

#: What could have come into the document beside what the page itself puts there.
_STANDING: Final = """
() => {
    const isOurs = (address) => address.startsWith(`${location.origin}/`);
    const isHandler = (one) => [...one.attributes].some((it) => it.name.startsWith("on"));
    return {
        title: document.title,
        scripts: document.scripts.length,
        foreign: [...document.images].filter((one) => !isOurs(one.src)).length
            + [...document.links].filter((one) => !isOurs(one.href)).length
            + document.querySelectorAll("iframe, object, embed").length,
        handlers: [...document.querySelectorAll("*")].filter(isHandler).length,
        is_shown: getComputedStyle(document.body).display !== "none",
    };
}
"""


async def shown(visitor: Visitor, address: str, **how: Any) -> Page:
    """As soon as nothing is added to it any more."""
    for status, path in NOTHING:
        visitor.watch.expect(status, path)
    page = await visitor.open(address, **how)
    await settled(page)
    return page


# --- anybody ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("theme", ["dark", "light"])
@pytest.mark.parametrize("address", [*VIEWS, *PANELS])
async def test_axe_finds_nothing(visitor: Visitor, address: str, theme: Theme) -> None:
    assert await axe_faults(await shown(visitor, address, theme=theme)) == []


@pytest.mark.parametrize("theme", ["dark", "light"])
async def test_axe_finds_nothing_where_one_signs_in(visitor: Visitor, theme: Theme) -> None:
    page = await shown(visitor, "/calls", who=None, theme=theme)
    await expect(page.get_by_role("heading", level=1)).to_be_visible()
    assert await axe_faults(page) == []
    assert await sideways_faults(page) == []


@pytest.mark.parametrize("address", [*VIEWS, PANELS[0]])
async def test_what_a_colour_theme_is_chosen_for_stays_readable(visitor: Visitor, address: str) -> None:
    """Against what the system likes."""
    page = await shown(visitor, address, theme="dark")
    ground = "getComputedStyle(document.documentElement).backgroundColor"
    dark = await page.evaluate(ground)
    await page.get_by_label("Colours").select_option("light")
    assert await page.evaluate(ground) != dark
    assert await axe_faults(page) == []
    await page.reload()
    await settled(page)
    assert await page.evaluate(ground) != dark


async def test_a_browser_that_may_keep_nothing_shows_the_page_and_its_colours_all_the_same(visitor: Visitor) -> None:
    forbidden = """Object.defineProperty(window, "localStorage", {
        get() { throw new DOMException("The user forbids it", "SecurityError"); } });"""
    page = await shown(visitor, "/calls?call=harbour-parcel", theme="dark", prepared=forbidden)
    ground = "getComputedStyle(document.documentElement).backgroundColor"
    dark = await page.evaluate(ground)
    await page.get_by_label("Colours").select_option("light")
    assert await page.evaluate(ground) != dark
    await page.get_by_role("link", name="Live").click()
    await expect(page.get_by_label("Colours")).to_have_value("light")


@pytest.mark.parametrize("address", [*VIEWS, *PANELS])
async def test_tab_leads_everywhere_and_one_sees_where_one_is(visitor: Visitor, address: str) -> None:
    page = await shown(visitor, address)
    walked = await focus_walk(page)
    assert len(walked) > 6
    assert [one for one in walked if not one["name"]] == []
    assert [one for one in walked if not one["is_marked"]] == []
    assert [one for one in walked if not one["is_in_sight"]] == []
    assert await unreached(page) == []


async def test_a_call_is_found_heard_and_left_without_a_mouse(visitor: Visitor) -> None:
    page = await shown(visitor, "/calls")
    await page.keyboard.press("Tab")
    await expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    await page.keyboard.press("Enter")
    await tab_to(page, "main [role=grid]")
    for _ in range(40):
        if "call=" in page.url:
            break
        await page.keyboard.press("ArrowDown")
        await page.keyboard.press("Enter")
    await expect(page).to_have_url(re.compile("call=harbour-"))
    await page.goto("/calls?call=harbour-parcel")
    await settled(page)
    await tab_to(page, "main button[aria-label=Play]")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("button", name="Pause", exact=True)).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(page).not_to_have_url(re.compile("call="))


@pytest.mark.parametrize("address", ["/calls", "/live", "/settings?part=keys", PANELS[0]])
async def test_every_dialog_keeps_the_focus_and_escape_closes_it(visitor: Visitor, address: str) -> None:
    # Whatever a button does, it does here.
    visitor.watch.expect(409, "/v1/*")
    page = await shown(visitor, address)
    dialogs = 0
    async for name in opened_dialogs(page, address):
        dialog = page.locator("dialog[open]")
        title = await dialog.get_by_role("heading").first.text_content()
        assert title, f"the dialog of {name!r} has no title"
        assert await axe_faults(page) == [], f"in the dialog {title!r}"
        assert await sideways_faults(page) == [], f"in the dialog {title!r}"
        for _ in range(8):
            await page.keyboard.press("Tab")
            is_within = await page.evaluate(
                "document.activeElement === document.body || !!document.activeElement.closest('dialog[open]')"
            )
            assert is_within, f"the focus left the dialog {title!r}"
        await page.keyboard.press("Escape")
        await expect(dialog).to_have_count(0)
        dialogs += 1
    assert dialogs


# --- any screen -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("address", [*VIEWS, *PANELS])
@pytest.mark.parametrize("screen", [PHONE, ZOOMED], ids=["phone", "zoomed"])
async def test_nobody_has_to_scroll_sideways(visitor: Visitor, address: str, screen: dict[str, Any]) -> None:
    page = await shown(visitor, address, **screen)
    assert await sideways_faults(page) == []
    for link in ("Calls", "Live", "Health", "Settings"):
        await expect(page.get_by_role("link", name=link, exact=True)).to_be_in_viewport()


@pytest.mark.parametrize("address", [*VIEWS, PANELS[0]])
async def test_who_wants_no_motion_sees_none(visitor: Visitor, address: str) -> None:
    page = await shown(visitor, address, reduced_motion="reduce")
    assert await motion_faults(page) == []


# --- any role ---------------------------------------------------------------------------------------------------------

#: What somebody may not do is not there.
SEEN_BY: Final[Sequence[tuple[str, Literal["button", "link"], str, set[str]]]] = (
    ("/calls", "button", "Download …", {"listen", "admin"}),
    (PANELS[0], "button", "Play", {"listen", "admin"}),
    (PANELS[0], "button", "Hear it again", {"admin"}),
    (PANELS[0], "button", "Add note", {"control", "admin"}),
    ("/live", "button", "Pause: +4930123456 → 201", {"control", "admin"}),
    ("/live", "button", "Stop: +4930123456 → 201", {"control", "admin"}),
    ("/settings", "button", "Save", {"admin"}),
    ("/settings", "link", "Keys", {"admin"}),
)


@pytest.mark.parametrize("role", ["read", "listen", "control", "admin"])
async def test_each_role_sees_what_it_may_do(visitor: Visitor, role: str) -> None:
    """And asks for nothing that it may not have: an answer of 403 would be a fault."""
    for address in dict.fromkeys(one[0] for one in SEEN_BY):
        page = await shown(visitor, address, who=f"harbour {role}")
        for _, kind, name, roles in [one for one in SEEN_BY if one[0] == address]:
            found = page.locator("main").get_by_role(kind, name=name, exact=True)
            await expect(found).to_have_count(1 if role in roles else 0)


async def test_each_organisation_sees_its_own_calls_and_the_house_all(visitor: Visitor) -> None:
    for who, whose in (("harbour read", {"harbour"}), ("globex read", {"globex"})):
        page = await shown(visitor, "/calls", who=who)
        assert await organisations_listed(page) == whose
    visitor.watch.expect(404, "/v1/calls/globex-available")
    page = await shown(visitor, "/calls?call=globex-available", who="harbour admin")
    await expect(page.get_by_text("the parcel is late says globex")).to_have_count(0)
    page = await shown(visitor, "/calls", who="house read")
    assert await organisations_listed(page) >= {"harbour", "mallory"}


async def organisations_listed(page: Page) -> set[str]:
    """By the ids of the calls that the rows lead to."""
    links = await page.locator("main [role=grid] a[href*='call=']").evaluate_all("(all) => all.map((one) => one.href)")
    return {parse_qs(urlsplit(link).query)["call"][0].partition("-")[0] for link in links}


# --- who watches ------------------------------------------------------------------------------------------------------


async def test_what_goes_wrong_in_a_page_unseen_is_noticed(browser: Browser, house: PageHouse) -> None:
    """Or no other test here would mean much."""
    watch = Watch(origin=house.url)
    page = await Visitor(browser=browser, house=house, watch=watch).open("/calls")
    await settled(page)
    assert watch.faults == []
    wrongs = {
        "console.error('something is wrong')": "something is wrong",
        "setTimeout(() => { throw new Error('nobody caught it') })": "nobody caught it",
        "fetch('/v1/calls/none')": "answered 404",
        "fetch('https://elsewhere.example/').catch(() => {})": "Content Security Policy",
        "document.body.insertAdjacentHTML('beforeend', '<p style=\"color: red\">')": "inline style",
        "document.body.append(Object.assign(document.createElement('script'), { textContent: '1' }))": "inline script",
        "setTimeout(() => alert('mallory'))": "native alert",
    }
    for wrong, told in wrongs.items():
        before = len(watch.faults)
        await page.evaluate(f"() => void ({wrong})")
        for _ in range(100):
            if any(told in fault for fault in watch.faults[before:]):
                break
            await page.wait_for_timeout(50)
        assert any(told in fault for fault in watch.faults[before:]), f"nobody noticed {wrong}: {watch.faults[before:]}"
    await page.context.close()


# --- whatever strangers write -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", HOSTILE)
async def test_what_strangers_write_is_text(visitor: Visitor, name: str) -> None:
    page = await shown(visitor, f"/calls?call=mallory-{name}", who="mallory admin")
    await unharmed(page)
    panel = await page.locator("main").inner_text()
    said = HOSTILE[name].split()[0] if HOSTILE[name].split() else ""
    assert said[:20] in panel


@pytest.mark.parametrize(
    "address", ["/calls", "/live", "/health", "/settings", "/calls?call=mallory-lost", "/calls?call=mallory-live"]
)
async def test_nor_do_their_texts_do_harm_among_others(visitor: Visitor, address: str) -> None:
    for who in ("mallory admin", "house admin"):
        await unharmed(await shown(visitor, address, who=who))


@pytest.mark.parametrize("text", HOSTILE.values(), ids=list(HOSTILE))
async def test_an_address_that_somebody_sends_does_no_harm(visitor: Visitor, text: str) -> None:
    visitor.watch.expect(400, "/v1/*")
    visitor.watch.expect(422, "/v1/*")
    query = "&".join(
        f"{name}={quote(text)}" for name in ("number", "text", "q", "tag", "agent", "queue", "call", "t", "from")
    )
    for view in VIEWS:
        await unharmed(await shown(visitor, f"{view}?{query}"))


async def unharmed(page: Page) -> None:
    assert await page.evaluate(f"window.{TROPHY}") is None
    found = await page.evaluate(_STANDING)
    assert found["title"].endswith("callreel")
    assert (found["scripts"], found["foreign"], found["handlers"]) == (1, 0, 0)
    assert found["is_shown"]


async def opened_dialogs(page: Page, address: str) -> AsyncIterator[str]:
    """Every button is pressed, each on the page as it was; its name, where that has opened a dialog."""
    names = await page.evaluate(
        "[...new Set([...document.querySelectorAll('main button:enabled')].filter((one) => one.checkVisibility())"
        ".map((one) => (one.ariaLabel ?? one.textContent).trim()))]"
    )
    for name in names:
        await page.goto(address)
        await settled(page)
        button = page.locator("main").get_by_role("button", name=name, exact=True).first
        if not await button.is_visible() or not await button.is_enabled():
            continue
        await button.click()
        await settled(page)
        if await page.locator("dialog[open]").count():
            yield name


async def tab_to(page: Page, selector: str) -> None:
    for _ in range(150):
        await page.keyboard.press("Tab")
        if await page.evaluate("(selector) => document.activeElement.matches(selector)", selector):
            return
    raise AssertionError(f"Tab never came to {selector}")
