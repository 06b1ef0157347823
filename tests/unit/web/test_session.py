"""Signing in to the web page and out of it: the cookie, whose requests it is good for, and what ends it."""

import json
from http.cookies import SimpleCookie
from itertools import product
from typing import Annotated, Any

import pytest
from fastapi import FastAPI
from starlette.types import Receive, Scope, Send

from connector.domain.access import Access, KeyRole
from connector.domain.moments import iso
from connector.domain.secret import Secret
from connector.services.doorkeeping import Doorkeeping
from connector.services.keys import NewKey
from connector.services.sessions import SESSION_SECONDS, Sessions
from connector.web.compat.krosai import BearerOnly
from connector.web.door import Door
from connector.web.problems import answer_with_problems
from connector.web.proxies import Proxies
from connector.web.session import Surroundings, session_router
from connector.web.session_cookie import SessionCookies
from tests.builders import MORNING
from tests.clocks import SimulatedClock
from tests.unit.services.memory_accounts import MemoryAccounts, a_key
from tests.unit.services.memory_vault import MemoryVault
from tests.unit.web.api_site import Audit
from tests.unit.web.browser import Answer, Browser

HOST = "calls.example.com"
PLAIN = "callreel-session"
SECURE = "__Host-callreel-session"
PAGE = {"x-callreel-page": "1"}
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
SAFE = ("GET", "HEAD")
#: What a browser says of who asks, and whether that is our own page: over plain HTTP, and to whom it is no secret.
ASKERS: dict[str, tuple[dict[str, str], bool]] = {
    "a program, or an old browser's GET": ({}, True),
    "our page": ({"sec-fetch-site": "same-origin", "origin": f"http://{HOST}"}, True),
    "our page, over plain HTTP": ({"origin": f"http://{HOST}"}, True),
    "our page, however it is spelled": ({"origin": f"HTTP://{HOST.upper()}"}, True),
    "our page by the name that is configured": ({"origin": "https://public.example.com"}, True),
    "our page, of which the proxy hides the name": (
        {"sec-fetch-site": "same-origin", "origin": "https://x.test"},
        True,
    ),
    "a page of another house": ({"sec-fetch-site": "cross-site", "origin": "https://elsewhere.test"}, False),
    "a page of another machine in the domain": ({"sec-fetch-site": "same-site"}, False),
    "a page elsewhere, over plain HTTP": ({"origin": "http://elsewhere.test"}, False),
    "a page at another port": ({"origin": f"http://{HOST}:8081"}, False),
    "a page without TLS": ({"origin": "http://public.example.com"}, False),
    "a page that hides where it is from": ({"origin": "null"}, False),
    "a word that no browser says": ({"sec-fetch-site": "perhaps"}, False),
    "two words": ({"sec-fetch-site": "same-origin, cross-site"}, False),
}


class Site:
    """The room of sessions, one route for each method, and one behind a door that takes no cookie."""

    def __init__(self) -> None:
        self.clock, self.accounts, self.audit = SimulatedClock(MORNING), MemoryAccounts(), Audit()
        self.may_place_calls = False
        self.keeper = Doorkeeping(self.accounts, MemoryVault(), self.clock)
        self.app = FastAPI(openapi_url=None)
        self.build(Secret("house"))

    def build(self, house_key: Secret) -> None:
        """Again: as after a restart."""
        sessions = Sessions(house_key, self.clock)
        cookies = SessionCookies(sessions, "https://public.example.com:443/")
        around = Surroundings(
            version="1.2.3",
            organisations=lambda: {"globex": 1, "acme": 2},
            may_place_calls=lambda: self.may_place_calls,
        )
        door = Door(self.keeper, cookies)
        self.app = FastAPI(openapi_url=None)
        answer_with_problems(self.app)
        self.app.include_router(session_router(door, cookies, sessions, self.audit, around))

        @self.app.api_route("/things", methods=list(METHODS))
        async def things(access: Annotated[Access, door.needs(KeyRole.READ)]) -> list[str]:
            return [access.by, access.address]

        @self.app.api_route("/doors", methods=list(METHODS))
        async def doors(access: Annotated[Access, Door(self.keeper).needs(KeyRole.READ)]) -> list[str]:
            return [access.by, access.address]

    async def ask(
        self,
        url: str,
        method: str = "GET",
        headers: dict[str, str] | None = None,
        body: object = None,
        *,
        is_secure: bool = False,
    ) -> Answer:
        content = b"" if body is None else json.dumps(body).encode()
        sent = {"host": HOST, "content-type": "application/json"} | (headers or {})
        if is_secure:
            sent["x-forwarded-proto"] = "https"
        return await Browser(self._behind_proxy).ask(url, method, sent, content)

    async def sign_in(self, made: NewKey, headers: dict[str, str] | None = None, *, is_secure: bool = False) -> Answer:
        return await self.ask("/v1/session", "POST", headers, {"key": made.text.reveal()}, is_secure=is_secure)

    async def cookie(self, made: NewKey, *, is_secure: bool = False) -> str:
        """As the browser sends it back."""
        (morsel,) = SimpleCookie((await self.sign_in(made, is_secure=is_secure)).headers["set-cookie"]).values()
        return f"{morsel.key}={morsel.value}"

    async def _behind_proxy(self, scope: Scope, receive: Receive, send: Send) -> None:
        told = {**scope, "client": ("192.0.2.1", 4711)}
        await Proxies(self.app, ["192.0.2.0/24"])(told, receive, send)


@pytest.fixture
def site() -> Site:
    return Site()


@pytest.fixture
async def made(site: Site) -> NewKey:
    return await a_key(site.accounts, KeyRole.LISTEN)


def flags(answer: Answer) -> dict[str, Any]:
    (morsel,) = SimpleCookie(answer.headers["set-cookie"]).values()
    said = {name: value for name, value in morsel.items() if value}
    return {"name": morsel.key, "is_empty": not morsel.value, **said}


# --- signing in ---------------------------------------------------------------------------------------------------


async def test_whoever_shows_a_key_is_given_a_cookie_that_no_script_and_no_other_page_has(
    site: Site, made: NewKey
) -> None:
    assert flags(await site.sign_in(made)) == {
        "name": PLAIN,
        "is_empty": False,
        "path": "/",
        "max-age": str(int(SESSION_SECONDS)),
        "httponly": True,
        "samesite": "strict",
    }


async def test_over_tls_it_is_never_sent_without_tls_and_nobody_else_in_the_domain_sets_it(
    site: Site, made: NewKey
) -> None:
    said = flags(await site.sign_in(made, is_secure=True))
    assert (said["name"], said["secure"], said["path"], "domain" in said) == (SECURE, True, "/", False)


async def test_behind_a_proxy_that_nobody_has_named_the_browser_still_keeps_it_for_tls_and_the_log_says_so(
    site: Site, made: NewKey, caplog: pytest.LogCaptureFixture
) -> None:
    by_tls = {"sec-fetch-site": "same-origin", "origin": f"https://{HOST}"}
    answer = await site.sign_in(made, by_tls)
    said = flags(answer)
    assert (said["name"], said["secure"]) == (SECURE, True)
    assert [record.message for record in caplog.records] == ["sign-in through a proxy that is not trusted"]
    cookie = answer.headers["set-cookie"].partition(";")[0]
    assert (await site.ask("/things", headers={"cookie": cookie})).status == 200
    # Beside one that a neighbour in the domain may have set it is the one that counts.
    assert (await site.ask("/things", headers={"cookie": f"{PLAIN}=tossed; {cookie}"})).status == 200
    gone = flags(await site.ask("/v1/session", "DELETE", PAGE | {"cookie": cookie}))
    assert (gone["name"], gone["is_empty"], gone["secure"]) == (SECURE, True, True)


@pytest.mark.parametrize("origin", ["https://elsewhere.test", f"http://{HOST}", f"https://{HOST}:8443", "null"])
async def test_only_our_own_page_says_that_it_came_by_tls(site: Site, made: NewKey, origin: str) -> None:
    answer = await site.sign_in(made, {"sec-fetch-site": "same-origin", "origin": origin})
    assert flags(answer)["name"] == PLAIN


async def test_over_tls_a_cookie_that_others_may_have_set_opens_nothing(site: Site, made: NewKey) -> None:
    tossed = await site.cookie(made)
    assert (await site.ask("/things", headers={"cookie": tossed}, is_secure=True)).status == 401


async def test_it_is_said_who_signed_in_and_what_he_may(site: Site) -> None:
    made = await a_key(site.accounts, KeyRole.CONTROL)
    answer = await site.sign_in(made)
    expected = {
        "key_id": made.key.id,
        "name": "CRM",
        "organisation": "acme",
        "organisations": ["acme"],
        "roles": ["control"],
        "limits": {"tags": [], "agents": [], "numbers": []},
        "expires_at": iso(MORNING + SESSION_SECONDS),
        "version": "1.2.3",
        "may_place_calls": False,
    }
    assert (answer.status, json.loads(answer.text)) == (200, expected)
    cookie = await site.cookie(made)
    assert json.loads((await site.ask("/v1/session", headers={"cookie": cookie})).text) == expected


async def test_a_key_of_the_house_sees_all_organisations_and_one_that_is_shown_has_no_end(site: Site) -> None:
    made = await a_key(site.accounts, organisation=None)
    answer = await site.ask("/v1/session", headers={"x-api-key": made.text.reveal()})
    said = json.loads(answer.text)
    assert (said["organisation"], said["organisations"], said["expires_at"]) == (None, ["acme", "globex"], None)


@pytest.mark.parametrize(("role", "may"), [(KeyRole.LISTEN, False), (KeyRole.CONTROL, True), (KeyRole.ADMIN, True)])
async def test_calls_are_placed_where_the_configuration_and_the_key_allow_it(
    site: Site, role: KeyRole, may: bool
) -> None:
    made = await a_key(site.accounts, role)
    site.may_place_calls = True
    assert json.loads((await site.sign_in(made)).text)["may_place_calls"] is may


async def test_a_sign_in_is_written_down_before_the_cookie_is_given(site: Site, made: NewKey) -> None:
    await site.sign_in(made)
    (deed,) = site.audit.deeds
    assert (deed.action, deed.subject) == ("session.begun", made.key.id)
    assert made.text.reveal() not in repr(deed)
    site.audit.is_away = True
    answer = await site.sign_in(made)
    assert (answer.status, "set-cookie" in answer.headers) == (503, False)


@pytest.mark.parametrize("key", ["wrong", " ", "callreel_abcdefghijkl_" + "x" * 43])
async def test_a_wrong_key_is_given_nothing(site: Site, key: str) -> None:
    answer = await site.ask("/v1/session", "POST", body={"key": key})
    assert (answer.status, "set-cookie" in answer.headers, site.audit.deeds) == (401, False, [])


@pytest.mark.parametrize("body", [{}, {"key": ""}, {"key": 7}, {"key": "x" * 301}, {"key": "x", "more": 1}, []])
async def test_what_is_no_sign_in_is_pointed_to(site: Site, body: object) -> None:
    assert (await site.ask("/v1/session", "POST", body=body)).status == 422


async def test_blanks_around_a_key_that_was_copied_are_none_of_it(site: Site, made: NewKey) -> None:
    answer = await site.ask("/v1/session", "POST", body={"key": f" {made.text.reveal()}\n"})
    assert answer.status == 200


async def test_whoever_guesses_keys_at_the_sign_in_has_to_wait(site: Site, made: NewKey) -> None:
    answers = [await site.ask("/v1/session", "POST", body={"key": "wrong"}) for _ in range(11)]
    assert [answer.status for answer in answers] == [401] * 10 + [429]
    assert answers[-1].headers["retry-after"] == "1"
    # Nor does the right one help a guesser.
    assert (await site.sign_in(made)).status == 429


async def test_a_page_elsewhere_signs_nobody_in(site: Site, made: NewKey) -> None:
    for name, (headers, is_ours) in ASKERS.items():
        answer = await site.sign_in(made, headers)
        assert (answer.status, "set-cookie" in answer.headers) == ((200, True) if is_ours else (403, False)), name


# --- asking with it -----------------------------------------------------------------------------------------------


async def test_a_session_is_its_key_in_the_audit_log_too(site: Site, made: NewKey) -> None:
    answer = await site.ask("/things", headers={"cookie": await site.cookie(made)})
    assert json.loads(answer.text) == [f"key {made.key.id}", "192.0.2.1"]


@pytest.mark.parametrize(("method", "asker", "is_told"), list(product(METHODS, ASKERS, [True, False])))
async def test_only_our_own_page_asks_with_a_session(
    site: Site, made: NewKey, method: str, asker: str, is_told: bool
) -> None:
    headers, is_ours = ASKERS[asker]
    headers = headers | {"cookie": await site.cookie(made)} | (PAGE if is_told else {})
    answer = await site.ask("/things", method, headers)
    assert answer.status == (200 if is_ours and (is_told or method in SAFE) else 403)
    # It is the asker who is wrong, not the session.
    assert "set-cookie" not in answer.headers


async def test_an_address_that_somebody_typed_shows_and_changes_nothing(site: Site, made: NewKey) -> None:
    headers = PAGE | {"cookie": await site.cookie(made), "sec-fetch-site": "none"}
    assert [(await site.ask("/things", method, headers)).status for method in METHODS] == [200, 200, 403, 403, 403, 403]


@pytest.mark.parametrize("word", ["", "0", "2", "true", "1, 1"])
async def test_the_header_of_the_page_has_one_word(site: Site, made: NewKey, word: str) -> None:
    headers = {"cookie": await site.cookie(made), "x-callreel-page": word}
    answer = await site.ask("/things", "POST", headers)
    assert (answer.status, "x-callreel-page: 1" in answer.text) == (403, True)


async def test_a_door_of_another_service_takes_no_cookie(site: Site, made: NewKey) -> None:
    headers = PAGE | {"cookie": await site.cookie(made), "sec-fetch-site": "same-origin"}
    for method in METHODS:
        assert (await site.ask("/doors", method, headers)).status == 401


async def test_a_key_that_is_shown_counts_and_the_cookie_is_passed_over(site: Site, made: NewKey) -> None:
    other = await a_key(site.accounts, KeyRole.ADMIN)
    cookie = await site.cookie(made)
    for shown in ({"x-api-key": other.text.reveal()}, {"authorization": f"Bearer {other.text.reveal()}"}):
        for carried in (cookie, f"{PLAIN}=broken"):
            # No page asks: neither its header is wanted nor its origin.
            answer = await site.ask("/things", "POST", shown | {"cookie": carried, "origin": "https://elsewhere.test"})
            assert json.loads(answer.text)[0] == f"key {other.key.id}"


async def test_a_wrong_key_beside_a_good_cookie_is_a_wrong_key_and_leaves_the_cookie(site: Site, made: NewKey) -> None:
    headers = {"cookie": await site.cookie(made), "x-api-key": "wrong"}
    answer = await site.ask("/things", headers=headers)
    assert (answer.status, "set-cookie" in answer.headers) == (401, False)


async def test_a_proxys_own_password_in_front_is_no_key_of_ours(site: Site, made: NewKey) -> None:
    headers = {"cookie": await site.cookie(made), "authorization": "Basic dXNlcjpwYXNz"}
    assert (await site.ask("/things", headers=headers)).status == 200


async def test_without_krosais_door_sessions_are_as_good(site: Site, made: NewKey) -> None:
    cookie = await site.cookie(made)
    browser = Browser(BearerOnly(site.app))
    assert (await browser.ask("/things", headers={"host": HOST, "cookie": cookie})).status == 200


# --- its end ------------------------------------------------------------------------------------------------------


async def ends(site: Site, cookie: str) -> None:
    """What opens nothing any more is taken away, wherever it is shown."""
    for url in ("/things", "/v1/session"):
        answer = await site.ask(url, headers={"cookie": cookie})
        assert answer.status == 401
        assert answer.headers["content-type"] == "application/problem+json"
        said = flags(answer)
        assert (said["name"], said["is_empty"], said["max-age"], said["path"]) == (PLAIN, True, "0", "/")


async def test_after_its_time_it_is_over_however_much_it_was_used(site: Site, made: NewKey) -> None:
    cookie = await site.cookie(made)
    for _ in range(12):
        assert (await site.ask("/things", headers={"cookie": cookie})).status == 200
        await site.clock.advance(3600)
    await ends(site, cookie)


async def test_with_its_key_it_ends_at_once(site: Site, made: NewKey) -> None:
    cookie = await site.cookie(made)
    site.accounts.change(made.key.id, revoked_at=site.clock.now())
    site.keeper.key_changed()
    await ends(site, cookie)


async def test_it_ends_when_its_key_has_expired(site: Site) -> None:
    made = await a_key(site.accounts, expires_at=MORNING + 60)
    cookie = await site.cookie(made)
    await site.clock.advance(60)
    await ends(site, cookie)


async def test_a_restart_ends_none_and_another_houses_key_all(site: Site, made: NewKey) -> None:
    cookie = await site.cookie(made)
    site.build(Secret("house"))
    assert (await site.ask("/things", headers={"cookie": cookie})).status == 200
    site.build(Secret("another"))
    await ends(site, cookie)


@pytest.mark.parametrize("value", ["x", "x" * 3000, "%00", '"', "a=b=c"])
async def test_what_is_no_session_of_ours_is_taken_away_and_counts_as_no_guess(site: Site, value: str) -> None:
    for _ in range(20):
        await ends(site, f"{PLAIN}={value}")


async def test_a_catalogue_that_is_away_ends_none(site: Site, made: NewKey) -> None:
    cookie = await site.cookie(made)
    site.keeper.key_changed()
    site.accounts.is_available = False
    answer = await site.ask("/things", headers={"cookie": cookie})
    assert (answer.status, "set-cookie" in answer.headers) == (503, False)


async def test_signing_out_takes_the_cookie_away(site: Site, made: NewKey) -> None:
    cookie = await site.cookie(made, is_secure=True)
    answer = await site.ask("/v1/session", "DELETE", PAGE | {"cookie": cookie}, is_secure=True)
    said = flags(answer)
    assert (answer.status, said["name"], said["is_empty"], said["max-age"]) == (204, SECURE, True, "0")


@pytest.mark.parametrize("cookie", ["", f"{PLAIN}=broken"])
async def test_whoever_is_not_signed_in_is_signed_out(site: Site, cookie: str) -> None:
    answer = await site.ask("/v1/session", "DELETE", PAGE | ({"cookie": cookie} if cookie else {}))
    assert answer.status == 204


async def test_a_page_elsewhere_signs_nobody_out(site: Site, made: NewKey) -> None:
    cookie = await site.cookie(made)
    for headers in ({}, PAGE | {"sec-fetch-site": "cross-site"}, PAGE | {"origin": "http://elsewhere.test"}):
        answer = await site.ask("/v1/session", "DELETE", headers | {"cookie": cookie})
        assert (answer.status, "set-cookie" in answer.headers) == (403, False)
