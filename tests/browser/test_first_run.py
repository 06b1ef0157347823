"""The very first start: a daemon whose configuration has no PBX yet, its one-time key, and the lines to write."""

import json
import re
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, expect

from tests.browser.chromium import Watch
from tests.faults.role import Role
from tests.storage_servers.ports import free_ports


@pytest.fixture
def address(built_page: None, tmp_path: Path) -> str:
    return f"127.0.0.1:{free_ports(1)[0]}"


@pytest.fixture
def first_start(address: str, tmp_path: Path) -> Iterator[Role]:
    """callreel as it was installed, and not configured any further."""
    config = tmp_path / "config.yaml"
    wanted = {"state": str(tmp_path / "state"), "api": {"listen": address}, "log": {"format": "json"}}
    config.write_text(json.dumps(wanted))
    role = Role("run", ["connector", "run", "--config", str(config)], tmp_path)
    role.start()
    try:
        role.until_said("web runs")
        role.until_said("capture runs")
        yield role
        role.send(signal.SIGTERM)
        assert role.ended() == 0
    finally:
        role.kill()


async def test_who_starts_without_a_pbx_signs_in_with_the_first_key_and_is_shown_the_lines_to_write(
    browser: Browser, first_start: Role, address: str
) -> None:
    watch = Watch(origin=f"http://{address}")
    watch.expect(401, "/v1/session")
    context = await browser.new_context(base_url=watch.origin, permissions=["clipboard-read", "clipboard-write"])
    try:
        page = await context.new_page()
        watch.over(page)
        await page.goto("/")
        await signed_in(page, first_key(first_start))
        await expect(page.locator(".first-run")).to_contain_text("asterisk")
        await page.get_by_role("link", name="Health").click()
        await expect(page.locator(".first-run")).to_contain_text("config.yaml")
        await expect(page.get_by_text("nothing is recorded: the configuration has no PBX")).to_be_visible()
        await page.get_by_role("radio", name="FreeSWITCH").check()
        await expect(page.locator(".first-run")).to_contain_text("freeswitch")
    finally:
        await context.close()
    assert not watch.faults, "\n".join(watch.faults)


def first_key(role: Role) -> str:
    found = re.search(r"^callreel_[a-z0-9]{12}_\S+$", role.tail, flags=re.MULTILINE)
    assert found, role.tail
    return found.group()


async def signed_in(page: Page, key: str) -> None:
    await page.get_by_label("Key", exact=True).fill(key)
    await page.get_by_role("button", name="Sign in").click()
    await expect(page.get_by_role("navigation")).to_be_visible()
