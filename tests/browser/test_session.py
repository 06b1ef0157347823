"""Signing in with a key, and whatever ends that, before a real browser and under the policy that the server sends."""

import re

from playwright.async_api import Page, Route, expect

from tests.browser.chromium import Visitor
from tests.browser.site import PageHouse

LISTENER = "harbour listen"


async def sign_in(page: Page, key: str) -> None:
    await page.get_by_label("Key", exact=True).fill(key)
    await page.get_by_role("button", name="Sign in").click()


async def cookies(page: Page) -> list[str]:
    return [one["name"] for one in await page.context.cookies()]


async def test_whoever_shows_his_key_comes_in_where_he_stands(visitor: Visitor, house: PageHouse) -> None:
    page = await visitor.open("/settings?organisation=harbour", who=None)
    await expect(page.get_by_label("Key", exact=True)).to_be_focused()
    await sign_in(page, f" {house.key('harbour admin')} ")
    await expect(page.get_by_role("navigation", name="Views")).to_be_visible()
    await expect(page).to_have_url(re.compile(r"/settings\?organisation=harbour$"))
    await expect(page.locator(".who")).to_have_text("harbour admin · harbour")
    await expect(page).to_have_title("Settings – callreel")


async def test_home_is_the_calls(visitor: Visitor) -> None:
    page = await visitor.open("/", who=LISTENER)
    await expect(page).to_have_url(re.compile(r"/calls$"))


async def test_the_key_is_nowhere_that_a_script_could_read_it(visitor: Visitor, house: PageHouse) -> None:
    page = await visitor.open("/calls", who=None)
    await sign_in(page, house.key(LISTENER))
    await expect(page.get_by_role("button", name="Sign out")).to_be_visible()
    kept = await page.evaluate(
        "JSON.stringify([document.cookie, {...localStorage}, {...sessionStorage}, history.state])"
    )
    assert kept == '["",{},{},null]'
    (cookie,) = await page.context.cookies()
    assert (cookie["name"], cookie["httpOnly"], cookie["sameSite"]) == ("callreel-session", True, "Strict")
    assert house.key(LISTENER) not in cookie["value"]
    # Nor in the field, when somebody else comes to the desk.
    await page.get_by_role("button", name="Sign out").click()
    await expect(page.get_by_label("Key", exact=True)).to_have_value("")


async def test_a_load_anew_asks_for_no_key_again(visitor: Visitor, house: PageHouse) -> None:
    page = await visitor.open("/health", who=None)
    await sign_in(page, house.key(LISTENER))
    await expect(page.get_by_role("button", name="Sign out")).to_be_visible()
    await page.reload()
    await expect(page.get_by_role("button", name="Sign out")).to_be_visible()
    await expect(page).to_have_url(re.compile(r"/health$"))


async def test_a_wrong_key_is_told_and_can_be_mended(visitor: Visitor, house: PageHouse) -> None:
    page = await visitor.open("/calls", who=None)
    await sign_in(page, "callreel_wrong")
    await expect(page.get_by_role("alert")).to_contain_text("There is no such key")
    await expect(page.get_by_label("Key", exact=True)).to_have_attribute("aria-invalid", "true")
    await sign_in(page, house.key(LISTENER))
    await expect(page.get_by_role("button", name="Sign out")).to_be_visible()


async def test_a_browser_that_keeps_no_cookie_is_told_so_and_not_that_the_session_has_ended(
    visitor: Visitor, house: PageHouse
) -> None:
    page = await visitor.open("/calls", who=None)

    async def keep_nothing(route: Route) -> None:
        answer = await route.fetch()
        await page.context.clear_cookies()
        await route.fulfill(status=answer.status, body=await answer.body(), content_type="application/json")

    await page.route("**/v1/session", keep_nothing)
    await sign_in(page, house.key(LISTENER))
    await expect(page.get_by_role("alert")).to_contain_text("this browser keeps no cookie from here")
    await expect(page.get_by_text("Your session has ended")).to_have_count(0)
    await page.unroute("**/v1/session")
    await sign_in(page, house.key(LISTENER))
    await expect(page.get_by_role("button", name="Sign out")).to_be_visible()


async def test_whoever_sets_callreel_up_reads_where_the_first_key_is(visitor: Visitor) -> None:
    page = await visitor.open("/calls", who=None)
    await expect(page.get_by_label("Key", exact=True)).to_have_accessible_description(
        re.compile("callreel keys add NAME.*journalctl -u callreel")
    )


async def test_whoever_guesses_is_told_how_long_to_wait(visitor: Visitor, house: PageHouse) -> None:
    page = await visitor.open("/calls", who=None)
    visitor.watch.expect(429, "/v1/session")
    await page.evaluate(
        """async () => {
            for (let i = 0; i < 12; i++)
                await fetch("/v1/session", {method: "POST", headers: {"content-type": "application/json"},
                                            body: '{"key": "guess"}'});
        }"""
    )
    await sign_in(page, house.key(LISTENER))
    await expect(page.get_by_role("alert")).to_contain_text("too many wrong keys came from this address: wait")
    waiting = page.get_by_role("button", name=re.compile(r"Sign in again in 0:0\d"))
    await expect(waiting).to_be_disabled()
    ready = page.get_by_role("button", name="Sign in", exact=True)
    await expect(ready).to_be_enabled()
    await ready.click()
    await expect(page.get_by_role("button", name="Sign out")).to_be_visible()


async def test_signing_out_leaves_nothing_behind(visitor: Visitor) -> None:
    page = await visitor.open("/calls", who=LISTENER)
    visitor.watch.expect(401, "/v1/session")
    await page.get_by_role("button", name="Sign out").click()
    await expect(page.get_by_label("Key", exact=True)).to_be_visible()
    await expect(page.get_by_text("Your session has ended")).to_have_count(0)
    assert await cookies(page) == []
    await page.reload()
    await expect(page.get_by_label("Key", exact=True)).to_be_visible()


async def test_a_sign_out_that_the_server_did_not_hear_is_told(visitor: Visitor) -> None:
    page = await visitor.open("/calls", who=LISTENER)
    await page.get_by_role("button", name="Sign out").wait_for()
    visitor.watch.expect(0, "/v1/session")
    await page.route("**/v1/session", lambda route: route.abort())
    await page.get_by_role("button", name="Sign out").click()
    await expect(page.locator("header").get_by_role("alert")).to_contain_text("The server does not answer.")
    await page.unroute("**/v1/session")
    await page.locator("header").get_by_role("button", name="Try again").click()
    await expect(page.get_by_label("Key", exact=True)).to_be_visible()


async def test_when_the_key_is_revoked_the_page_asks_for_another_and_goes_on(
    visitor: Visitor, house: PageHouse
) -> None:
    page = await visitor.open("/calls", who="acme spare")
    await page.get_by_role("button", name="Sign out").wait_for()
    await _revoke(visitor, house, "acme spare")
    visitor.watch.expect(401, "/v1/*")
    await page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    await expect(page.get_by_text("Your session has ended. Sign in and go on where you were.")).to_be_visible()
    assert await cookies(page) == []
    await sign_in(page, house.key("acme admin"))
    await expect(page.locator(".who")).to_have_text("acme admin · acme")
    await expect(page).to_have_url(re.compile(r"/calls$"))


async def test_another_tab_that_signs_out_signs_out_this_one(visitor: Visitor) -> None:
    first = await visitor.open("/settings", who=LISTENER)
    second = await first.context.new_page()
    await second.goto("/health")
    await second.get_by_role("button", name="Sign out").click()
    await expect(second.get_by_label("Key", exact=True)).to_be_visible()
    visitor.watch.expect(401, "/v1/*")
    await first.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    await expect(first.get_by_label("Key", exact=True)).to_be_visible()


async def test_a_page_of_another_origin_has_nothing_of_the_session(visitor: Visitor, house: PageHouse) -> None:
    page = await visitor.open("/calls", who="harbour admin")
    await page.get_by_role("button", name="Sign out").wait_for()
    elsewhere = await page.context.new_page()
    # Another port is another origin, yet the same site: the cookie itself is sent along.
    await elsewhere.route(
        "http://127.0.0.1:9/**", lambda route: route.fulfill(body="<p>elsewhere</p>", content_type="text/html")
    )
    await elsewhere.goto("http://127.0.0.1:9/")
    said = await elsewhere.evaluate(
        """async (url) => {
            const asked = async (options) => {
                try { return (await fetch(url + "/v1/session", {credentials: "include", ...options})).status; }
                catch { return "nothing"; }
            };
            return [await asked({}), await asked({method: "DELETE"}),
                    await asked({method: "DELETE", headers: {"x-callreel-page": "1"}})];
        }""",
        house.url,
    )
    assert said == ["nothing"] * 3
    await page.reload()
    await expect(page.get_by_role("button", name="Sign out")).to_be_visible()


async def test_a_style_or_a_script_that_somebody_brought_in_does_nothing(visitor: Visitor) -> None:
    page = await visitor.open("/calls", who=LISTENER)
    await page.get_by_role("button", name="Sign out").wait_for()
    visitor.watch.expect_said("Content Security Policy")
    done = await page.evaluate(
        """() => {
            const script = document.createElement("script");
            script.textContent = "window.wasRun = true";
            document.body.append(script);
            document.body.insertAdjacentHTML("beforeend",
                "<p id=x style='color: rgb(1, 2, 3)' onclick='wasRun = 1'>x</p>");
            document.getElementById("x").click();
            return [window.wasRun ?? null, getComputedStyle(document.getElementById("x")).color === "rgb(1, 2, 3)"];
        }"""
    )
    assert done == [None, False]


async def _revoke(visitor: Visitor, house: PageHouse, who: str) -> None:
    key_id = house.server.site.seeded.key_ids[who]
    headers = {"x-api-key": house.key("acme admin")}
    context = await visitor.browser.new_context(base_url=house.url)
    answer = await context.request.delete(f"/v1/keys/{key_id}", headers=headers)
    assert answer.ok
