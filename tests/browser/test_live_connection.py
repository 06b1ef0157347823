"""How the live view hears of calls: by one stream for all views, which breaks, is refused, and comes back."""

from playwright.async_api import BrowserContext, expect

from connector.domain.access import Access
from connector.services.live_events import MOST_OF_ONE_KEY, LiveEvents, Reader
from tests.browser.chromium import Visitor
from tests.browser.live_calls import begun, listening, row, standing
from tests.browser.site import PageHouse


async def deaf(context: BrowserContext) -> None:
    """No event reaches the page."""
    await context.route("**/v1/events", lambda route: route.abort())


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
