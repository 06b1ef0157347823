"""The settings: what holds and where it comes from, nothing lost or done unseen, keys shown once, the first PBX."""

import re
from typing import Any, Final

import pytest
from playwright.async_api import Page, expect

from connector.domain.own_storage import OwnStorage, written
from connector.domain.secret import Secret
from tests.browser.chromium import Visitor
from tests.browser.hostile_texts import HOSTILE, TROPHY
from tests.browser.sight import axe_faults, settled, sideways_faults
from tests.builders import MORNING, a_call
from tests.http_client import HttpClient

PARTS: Final = ("recording", "storage", "retention", "agents", "keys", "pbx")
PHONE: Final[dict[str, Any]] = {"width": 360, "height": 740}
SECRET: Final = "a-secret-that-nobody-is-shown"


def client(visitor: Visitor, who: str = "harbour admin") -> HttpClient:
    return HttpClient(visitor.house.url, visitor.house.key(who))


def row(page: Page, name: str) -> Any:
    """What belongs to the setting of that name."""
    return page.locator(".row", has=page.get_by_text(name, exact=True))


# --- what holds -------------------------------------------------------------------------------------------------------


async def test_every_value_says_where_it_comes_from(visitor: Visitor) -> None:
    page = await visitor.open("/settings?part=retention")
    await expect(page.get_by_label("Recordings are kept: number")).to_have_value("30")
    await expect(row(page, "Recordings are kept")).to_contain_text("config.yaml, line 1")
    await expect(row(page, "Recordings are kept")).to_contain_text("plan standard: at most 365 days")
    await expect(row(page, "Links are good for")).to_contain_text("Built in")


async def test_what_is_set_says_who_set_it_and_can_be_taken_back(visitor: Visitor) -> None:
    page = await visitor.open("/settings")
    await page.get_by_label("Format", exact=True).select_option("flac")
    await page.get_by_role("checkbox", name="Record calls").uncheck()
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_text("Saved.")).to_be_visible()
    held = client(visitor).ask("GET", "/v1/settings").body
    assert (held["recording_format"], held["recording_enabled"]) == ("flac", False)
    key_id = visitor.house.key("harbour admin").split("_")[1]
    await expect(row(page, "Format")).to_contain_text(f"Set here by key {key_id}")
    await page.get_by_role("button", name="Take back: Format").click()
    await expect(row(page, "Format")).to_contain_text("Built in")
    await expect(page.get_by_label("Format", exact=True)).to_have_value("mp3")
    await expect(page.get_by_label("Format", exact=True)).to_be_focused()
    held = client(visitor).ask("GET", "/v1/settings").body
    assert (held["recording_format"], held["recording_enabled"]) == ("mp3", False)


async def test_what_was_set_and_does_not_hold_any_more_says_why_and_can_be_taken_back(visitor: Visitor) -> None:
    rows = visitor.house.server.site.house.ground.catalogue.changed_settings
    # Before somebody has made the plan smaller.
    visitor.house.awaited(rows.change("harbour", {"retention_days": "400"}, by="key old", at=MORNING))
    page = await visitor.open("/settings?part=retention")
    await expect(row(page, "Recordings are kept")).to_contain_text("what the API says does not hold")
    await expect(row(page, "Recordings are kept")).to_contain_text("config.yaml, line 1")
    await page.get_by_role("button", name="Take back: Recordings are kept").click()
    await expect(row(page, "Recordings are kept")).not_to_contain_text("does not hold")
    await expect(page.get_by_role("button", name="Take back")).to_have_count(0)
    assert client(visitor).ask("GET", "/v1/settings").body["changed"] == []


async def test_what_the_server_refuses_stands_at_its_field_and_nothing_is_changed(visitor: Visitor) -> None:
    visitor.watch.expect(400, "/v1/settings")
    page = await visitor.open("/settings?part=retention")
    await page.get_by_label("Recordings are kept: number").fill("400")
    await page.get_by_label("Links are good for", exact=True).fill("2")
    await page.get_by_role("button", name="Save").click()
    await expect(row(page, "Recordings are kept")).to_contain_text("beyond plan 'standard'")
    await expect(page.get_by_label("Recordings are kept: number")).to_have_attribute("aria-invalid", "true")
    assert client(visitor).ask("GET", "/v1/settings").body["changed"] == []
    await page.get_by_label("Recordings are kept: number").fill("60")
    await page.get_by_label("Transcripts are kept").select_option("unlimited")
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_text("Saved.")).to_be_visible()
    held = client(visitor).ask("GET", "/v1/settings").body
    assert (held["retention_days"], held["transcript_retention_days"], held["link_seconds"]) == (60, "unlimited", 7200)


async def test_who_may_only_read_sees_values_and_nothing_to_press(visitor: Visitor) -> None:
    page = await visitor.open("/settings?part=retention", who="harbour read")
    await expect(row(page, "Recordings are kept")).to_contain_text("30 days")
    for part in ("recording", "storage", "retention", "agents"):
        await page.goto(f"/settings?part={part}")
        await settled(page)
        content = page.get_by_role("main").locator(".part")
        assert await content.locator("button, select, input:not([type=search])").count() == 0
        assert "config.yaml" not in await content.inner_text()
    names = page.get_by_role("navigation", name="Parts of the settings").get_by_role("link")
    await expect(names).to_have_text(["Recording", "Storage", "Retention and links", "Agents"])


async def test_a_key_of_the_house_says_whose_and_the_address_keeps_it(visitor: Visitor) -> None:
    page = await visitor.open("/settings", who="house admin")
    await page.get_by_label("Organisation").select_option("riverside")
    await expect(page).to_have_url(f"{visitor.house.url}/settings?organisation=riverside")
    await page.get_by_label("Format", exact=True).select_option("opus")
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_text("Saved.")).to_be_visible()
    await page.get_by_role("link", name="Retention").click()
    await page.get_by_role("link", name="Recording", exact=True).click()
    await expect(page.get_by_label("Organisation")).to_have_value("riverside")
    await expect(page.get_by_label("Format", exact=True)).to_have_value("opus")
    assert client(visitor).ask("GET", "/v1/settings").body["recording_format"] == "mp3"


# --- nothing is lost --------------------------------------------------------------------------------------------------


async def test_what_is_not_saved_is_asked_for_before_one_leaves(visitor: Visitor) -> None:
    page = await visitor.open("/settings?part=retention")
    await page.get_by_role("link", name="Recording", exact=True).click()
    await page.get_by_label("Format", exact=True).select_option("wav")
    dialog = page.get_by_role("dialog", name="Not saved yet")
    here = page.url
    for leave in (page.get_by_role("link", name="Live").click, page.get_by_role("link", name="Storage").click):
        await leave()
        await expect(dialog).to_be_visible()
        assert page.url == here
        await dialog.get_by_role("button", name="Stay").click()
        await expect(dialog).to_have_count(0)
    await page.evaluate("history.back()")
    await expect(dialog).to_be_visible()
    assert page.url == here
    await dialog.get_by_role("button", name="Stay").click()
    await expect(page.get_by_label("Format", exact=True)).to_have_value("wav")
    await page.get_by_role("link", name="Storage").click()
    await dialog.get_by_role("button", name="Leave all the same").click()
    await expect(page.get_by_label("Endpoint", exact=True)).to_be_visible()
    await page.get_by_role("link", name="Live").click()
    await expect(page).to_have_url(f"{visitor.house.url}/live")
    assert client(visitor).ask("GET", "/v1/settings").body["changed"] == []


async def test_to_skip_to_the_content_is_not_to_leave(visitor: Visitor) -> None:
    page = await visitor.open("/settings")
    await page.get_by_label("Format", exact=True).select_option("wav")
    await page.get_by_role("link", name="Skip to the content").press("Enter")
    await expect(page).to_have_url(f"{visitor.house.url}/settings#content")
    await expect(page.get_by_role("dialog")).to_have_count(0)
    await expect(page.get_by_label("Format", exact=True)).to_have_value("wav")
    # Whoever leaves then is asked as before.
    await page.get_by_role("link", name="Live").click()
    await expect(page.get_by_role("dialog", name="Not saved yet")).to_be_visible()


async def test_what_is_as_it_was_asks_nobody(visitor: Visitor) -> None:
    page = await visitor.open("/settings")
    for chosen in ("wav", "mp3"):
        await page.get_by_label("Format", exact=True).select_option(chosen)
    await page.get_by_role("link", name="Storage").click()
    await expect(page.get_by_label("Endpoint", exact=True)).to_be_visible()
    await page.get_by_label("Endpoint", exact=True).fill("https://s3.example.com")
    await page.get_by_role("button", name="Discard").click()
    await expect(page.get_by_label("Endpoint", exact=True)).to_have_value("")
    await page.get_by_role("link", name="Agents").click()
    await expect(page.get_by_label("Find an agent")).to_be_visible()


# --- storage ----------------------------------------------------------------------------------------------------------


async def test_where_recordings_go_now_is_tested_and_an_organisation_is_told_no_path(visitor: Visitor) -> None:
    page = await visitor.open("/settings?part=storage")
    await page.get_by_role("button", name="Test where recordings go now").click()
    found = page.get_by_role("region", name="What was tried")
    await expect(found).to_contain_text("It works: recordings can be stored there.")
    await expect(found.get_by_role("listitem").first).to_have_text("✓good: archive: small fileworks")
    assert "/" not in await found.inner_text()
    house = await visitor.open("/settings?part=storage&organisation=harbour", who="house admin")
    await house.get_by_role("button", name="Test where recordings go now").click()
    await expect(house.get_by_role("region", name="What was tried")).to_contain_text("arrived whole at file://")


async def test_a_bucket_that_cannot_be_one_is_found_out_before_it_is_taken(visitor: Visitor) -> None:
    page = await visitor.open("/settings?part=storage")
    for name, text in {
        "Endpoint": "https://127.0.0.1:9/",
        "Bucket": "calls",
        "Access key": "AKIA1",
        "Secret key": SECRET,
    }.items():
        await page.get_by_label(name, exact=True).fill(text)
    await page.get_by_role("button", name="Test", exact=True).click()
    found = page.get_by_role("region", name="What was tried")
    await expect(found).to_contain_text("It does not work. Nothing was changed.")
    await expect(found).to_contain_text("storage_allow_private")
    visitor.watch.expect(400, "/v1/settings/storage")
    await page.get_by_role("button", name="Save").click()
    await expect(row(page, "Endpoint")).to_contain_text("was not taken")
    await expect(page.get_by_label("Endpoint", exact=True)).to_have_attribute("aria-invalid", "true")
    assert client(visitor).ask("GET", "/v1/settings").body["storage"] is None


async def test_a_secret_that_is_kept_is_stars_and_the_bucket_can_be_given_up(visitor: Visitor) -> None:
    ground = visitor.house.server.site.house.ground
    name = visitor.house.awaited(ground.vault.keep(Secret(SECRET)))
    bucket = OwnStorage(endpoint="https://s3.example.com", bucket="our-calls", access_key="AKIA1", secret_name=name)
    rows = {"storage": written(bucket)}
    visitor.house.awaited(
        ground.catalogue.changed_settings.change("harbour", rows, by="key someone", at=ground.clock.now())
    )
    page = await visitor.open("/settings?part=storage")
    await expect(page.get_by_label("Bucket", exact=True)).to_have_value("our-calls")
    await expect(page.get_by_label("Secret key")).to_have_value("***")
    await expect(page.get_by_text("Set here by key someone")).to_be_visible()
    assert SECRET not in await page.content()
    await page.get_by_role("button", name="Give the bucket up").click()
    await page.get_by_role("dialog").get_by_role("button", name="Give the bucket up").click()
    await expect(page.get_by_text("Recordings go where the configuration says.")).to_be_visible()
    assert client(visitor).ask("GET", "/v1/settings").body["storage"] is None


# --- agents -----------------------------------------------------------------------------------------------------------


async def test_an_agent_is_found_and_switched(visitor: Visitor) -> None:
    page = await visitor.open("/settings?part=agents")
    await expect(page.get_by_role("rowheader")).to_have_count(3)
    await page.get_by_label("Find an agent").fill("grace")
    await expect(page.get_by_role("rowheader")).to_have_text([re.compile("^202 Grace Hopper")])
    await page.get_by_label("Recording of 202").select_option("off")
    await expect(page.get_by_text("Agent 202 is switched.")).to_be_visible()
    assert await page.get_by_label("Recording of 202").input_value() == "off"
    await expect(page.get_by_role("row", name="202")).to_contain_text("Set here by")
    assert client(visitor).ask("GET", "/v1/agents/202").body["recording_enabled"] is False
    await page.get_by_label("Recording of 202").select_option("")
    await expect(page.get_by_role("row", name="202")).not_to_contain_text("Set here by")


async def test_an_agent_whom_nobody_has_named_is_switched_by_his_id(visitor: Visitor) -> None:
    page = await visitor.open("/settings?part=agents")
    await page.get_by_label("Find an agent").fill("2999")
    await expect(page.get_by_text("No such agent is listed.")).to_be_visible()
    await page.get_by_role("button", name="Switch agent 2999").click()
    await page.get_by_label("Transcripts of 2999").select_option("on")
    await expect(page.get_by_text("Agent 2999 is switched.")).to_be_visible()
    assert client(visitor).ask("GET", "/v1/agents/2999").body["transcription_enabled"] is True


async def test_an_agent_whom_only_his_calls_name_is_found_with_the_last_one_and_switched(visitor: Visitor) -> None:
    visitor.house.happen(
        a_call(id="harbour-new", organisation="harbour", agent_id="2777", agent_name="Ken Thompson", started_at=MORNING)
    )
    page = await visitor.open("/settings?part=agents")
    await page.get_by_label("Find an agent").fill("ken")
    found = page.get_by_role("row", name="2777 Ken Thompson")
    await expect(found).to_contain_text("last call 5 Jan 2026")
    await page.get_by_label("Recording of 2777").select_option("off")
    await expect(page.get_by_text("Agent 2777 is switched.")).to_be_visible()
    await expect(found).to_contain_text("last call 5 Jan 2026")


async def test_a_key_of_one_agent_switches_that_one_alone(visitor: Visitor) -> None:
    page = await visitor.open("/settings?part=agents", who="acme of-agent")
    await page.get_by_label("Find an agent").fill("203")
    await expect(page.get_by_role("button", name="Switch agent 203")).to_have_count(0)
    await page.get_by_label("Find an agent").fill("")
    await expect(page.get_by_role("rowheader")).to_have_text([re.compile("^202 ")])
    await page.get_by_label("Recording of 202").select_option("off")
    await expect(page.get_by_text("Agent 202 is switched.")).to_be_visible()
    await page.goto("/settings")
    await expect(page.get_by_text("Your key is limited to some calls")).to_be_visible()
    await expect(page.get_by_role("button", name="Save")).to_have_count(0)


# --- keys -------------------------------------------------------------------------------------------------------------


async def test_a_new_key_is_shown_once_copied_and_not_lost_by_leaving(visitor: Visitor) -> None:
    page = await visitor.open("/settings?part=keys", permissions=["clipboard-read", "clipboard-write"])
    await page.get_by_role("button", name="Make a key").click()
    dialog = page.get_by_role("dialog", name="Make a key")
    await dialog.get_by_label("Name").fill("CRM")
    await dialog.get_by_role("checkbox", name="listen").check()
    await dialog.get_by_role("textbox", name="tags").fill("vip, sales")
    await dialog.get_by_label("Ends").select_option("90")
    await dialog.get_by_role("button", name="Make it").click()
    shown = page.get_by_role("region", name="The new key is shown now, and never again.")
    await expect(shown).to_be_focused()
    await shown.get_by_role("button", name="Copy Key of CRM").click()
    key = await page.evaluate("navigator.clipboard.readText()")
    assert key in await shown.inner_text()
    made = client(visitor).ask("GET", "/v1/keys?limit=1").body["keys"][0]
    assert (made["name"], sorted(made["roles"]), made["limits"]["tags"]) == (
        "CRM",
        ["listen", "read"],
        ["vip", "sales"],
    )
    assert made["expires_at"] is not None
    assert HttpClient(visitor.house.url, key).ask("GET", "/v1/calls").status == 200
    await page.get_by_role("link", name="Agents").click()
    asked = page.get_by_role("dialog", name="Not saved yet")
    await expect(asked).to_contain_text("nobody can show it again")
    await asked.get_by_role("button", name="Stay").click()
    await shown.get_by_role("button", name="I have it").click()
    await expect(shown).to_have_count(0)
    assert key.rpartition("_")[2] not in await page.content()


async def test_a_key_is_renewed_and_revoked(visitor: Visitor) -> None:
    page = await visitor.open("/settings?part=keys")
    await page.get_by_role("button", name="Renew harbour listen").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("The old one ends").select_option("0")
    await dialog.get_by_role("button", name="Renew", exact=True).click()
    await page.get_by_role("button", name="I have it").click()
    assert client(visitor, "harbour listen").ask("GET", "/v1/calls").status == 401
    await page.get_by_role("button", name="Revoke harbour control").click()
    await dialog.get_by_role("button", name="Revoke", exact=True).click()
    await expect(page.get_by_role("button", name="Revoke harbour control")).to_have_count(0)
    assert client(visitor, "harbour control").ask("GET", "/v1/calls").status == 401
    await page.get_by_label("Show those that ended").check()
    await expect(page.get_by_role("row", name="harbour control")).to_contain_text("revoked")


async def test_revoking_the_own_key_is_warned_of_and_ends_the_session(visitor: Visitor) -> None:
    visitor.watch.expect(401, "/v1/*")
    page = await visitor.open("/settings?part=keys")
    await page.get_by_role("button", name="Revoke harbour admin").click()
    dialog = page.get_by_role("dialog")
    await expect(dialog).to_contain_text("You are signed in with this very key")
    await dialog.get_by_role("button", name="Revoke", exact=True).click()
    await expect(page.get_by_label("Key", exact=True)).to_be_visible()


async def test_what_cannot_be_a_key_is_said_and_the_form_stays(visitor: Visitor) -> None:
    visitor.watch.expect(400, "/v1/keys")
    page = await visitor.open("/settings?part=keys")
    await page.get_by_role("button", name="Make a key").click()
    dialog = page.get_by_role("dialog", name="Make a key")
    await dialog.get_by_label("Name").fill("late")
    await dialog.get_by_label("Ends").select_option("date")
    await dialog.get_by_label("Day", exact=True).fill("2020-01-01")
    await dialog.get_by_role("button", name="Make it").click()
    await expect(dialog).to_contain_text("a key's end is to come")
    await expect(dialog.get_by_label("Name")).to_have_value("late")


# --- the first PBX ----------------------------------------------------------------------------------------------------


async def test_the_lines_for_a_first_pbx_are_shown_and_copied(visitor: Visitor) -> None:
    how: dict[str, Any] = {"permissions": ["clipboard-read", "clipboard-write"]}
    page = await visitor.open("/settings?part=pbx", who="house admin", **how)
    copied = []
    for kind in ("Asterisk", "FreeSWITCH"):
        await page.get_by_role("radio", name=kind).check()
        await page.get_by_role("button", name="Copy In /etc/callreel/config.yaml:").click()
        copied.append(await page.evaluate("navigator.clipboard.readText()"))
        await expect(page.get_by_role("list").get_by_text("sudo callreel doctor")).to_be_visible()
    assert [text.partition("{office: {")[2].partition(":")[0] for text in copied] == ["asterisk", "freeswitch"]


async def test_a_key_of_an_organisation_connects_no_pbx(visitor: Visitor) -> None:
    page = await visitor.open("/settings?part=pbx")
    await expect(page.get_by_label("Format", exact=True)).to_be_visible()
    await expect(page.get_by_role("link", name="Connect a PBX")).to_have_count(0)


# --- anybody ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("part", PARTS)
async def test_each_part_can_be_used_by_anybody_on_any_screen(visitor: Visitor, part: str) -> None:
    page = await visitor.open(f"/settings?part={part}", who="house admin")
    await settled(page)
    assert await axe_faults(page) == []
    phone = await visitor.open(f"/settings?part={part}", who="house admin", theme="light", **PHONE)
    await settled(phone)
    assert (await axe_faults(phone), await sideways_faults(phone)) == ([], [])
    # What scrolls by itself hides from the look above that it is too wide.
    assert await phone.get_by_role("main").evaluate("main => main.scrollWidth <= main.clientWidth")


async def test_a_form_for_a_key_can_be_used_by_anybody_on_any_screen(visitor: Visitor) -> None:
    phone: dict[str, Any] = {"theme": "light", **PHONE}
    for how in ({}, phone):
        page = await visitor.open("/settings?part=keys", who="house admin", **how)
        await page.get_by_role("button", name="Make a key").click()
        assert (await axe_faults(page), await sideways_faults(page)) == ([], [])


async def test_what_strangers_wrote_is_text_alone(visitor: Visitor) -> None:
    agents = [text for text in HOSTILE.values() if text.isprintable() and text.strip() and len(text) <= 100]
    changes = {agent: {"recording_enabled": False} for agent in agents}
    assert client(visitor).ask("PATCH", "/v1/settings", {"agents": changes}).status == 200
    for name in (text for text in HOSTILE.values() if text.isprintable() and text.strip() and len(text) <= 200):
        assert client(visitor).ask("POST", "/v1/keys", {"name": name}).status == 201
    for part, sought in (("agents", agents[0]), ("keys", HOSTILE["script"])):
        page = await visitor.open(f"/settings?part={part}", **PHONE)
        await expect(page.get_by_role("rowheader").get_by_text(sought).first).to_be_visible()
        assert await page.evaluate(f"window.{TROPHY}") is None
        assert await sideways_faults(page) == []
