"""A real call on a real Asterisk, followed on the page in a real browser: what its buttons did, the sound tells."""

import json
import shutil
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import pytest
from playwright.async_api import Locator, Page, expect

from tests.browser.chromium import AUTOPLAY, Watch, browsing, program
from tests.http_client import first_key
from tests.pbx.asterisk import Asterisk
from tests.pbx.daemon import Daemon
from tests.pbx.phone import Phone
from tests.pbx.proof import Voice, assert_complete, assert_length
from tests.pbx.test_api import EDGE_SECONDS, assert_between, said_between, talked
from tests.pbx.waiting import talking, until

pytestmark = pytest.mark.asterisk

ROOT: Final = Path(__file__).parent.parent.parent
#: On a machine that does many things at once.
STARTED_SECONDS: Final = 60.0
TALK_SECONDS: Final = 2.0
NUMBER: Final = "210"
#: Each is within a second of what happened, on a machine that does nothing else.
SHOWN_MILLISECONDS: Final = 10_000


@pytest.fixture(scope="module")
def daemon(asterisk: Asterisk, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """It records every call, and serves the page as scripts/build-page makes it."""
    if not program():
        pytest.skip("there is no Chromium: install the package chromium")
    if not shutil.which("node"):
        pytest.skip("there is no Node.js, which builds the page: install nodejs and npm")
    subprocess.run([ROOT / "scripts/build-page"], check=True)
    with Daemon(tmp_path_factory.mktemp("daemon"), asterisk) as running:
        yield running


@asynccontextmanager
async def visited(daemon: Daemon) -> AsyncIterator[Page]:
    """The live view, before somebody who has signed in with the key that the first start prints."""
    key = await until(lambda: first_key(daemon.role.log.read_text()), "the first key", STARTED_SECONDS)
    watch = Watch(origin=f"http://{daemon.settings['api']['listen']}")
    watch.expect(401, "/v1/session")
    # Nothing is transcribed here, and the open call says so.
    watch.expect(404, "/v1/calls/*/transcript")
    async with browsing(AUTOPLAY) as browser:
        page = await browser.new_page(base_url=watch.origin, locale="en-GB")
        watch.over(page)
        await page.goto("/live")
        await page.get_by_label("Key", exact=True).fill(key)
        await page.get_by_role("button", name="Sign in").click()
        await expect(page.locator(".connection")).to_have_text("Live")
        yield page
    assert not watch.faults, "\n".join(watch.faults)


async def shown(row: Locator, words: str) -> None:
    await expect(row.locator(".standing")).to_have_text(words, timeout=SHOWN_MILLISECONDS)


async def ordered(row: Locator, order: str, then: str) -> tuple[float, float]:
    """The moments between which it came about: the button, and what the page showed afterwards."""
    asked = time.time()
    await row.get_by_role("button", name=f"{order}:").click()
    await shown(row, then)
    return asked, time.time()


async def test_a_real_call_is_followed_paused_stopped_begun_again_and_played(phones: Phone, daemon: Daemon) -> None:
    async with visited(daemon) as page:
        await expect(page.get_by_text("No calls at the moment.")).to_be_visible()
        caller = await phones.call(f"to_{NUMBER}", user=f"+4930{NUMBER}")
        row = page.locator("[data-call]", has_text=f"+4930{NUMBER}")
        await shown(row, "Recording")
        agent = await phones.answered(NUMBER)
        await talked(caller, agent)
        await time_grows(row)
        moments = {}
        for order, then in (
            ("Pause", "Paused"),
            ("Resume", "Recording"),
            ("Stop", "Stopped"),
            ("Record", "Recording"),
        ):
            moments[order] = await ordered(row, order, then)
            await talking(TALK_SECONDS)
        await caller.hang_up()
        await expect(row).to_contain_text("Ended", timeout=SHOWN_MILLISECONDS)
        await row.get_by_role("link", name="Open the call").click()
        first, again = await daemon.available(caller, count=2)
        await played(page)

    legs = (caller, agent)
    assert_between(float(first["ended_at"]), *moments["Stop"])
    [pause] = json.loads(first["pauses"])
    assert_between(pause["start"], *moments["Pause"])
    assert_between(pause["end"], *moments["Resume"])
    recording = daemon.sound(first)
    between = (float(first["started_at"]) + 0.02, float(first["ended_at"]) - 0.04)
    assert_complete(
        recording,
        left=[Voice.of(caller, between=between)],
        right=[Voice.of(agent, between=between)],
        gaps=[(pause["start"] - EDGE_SECONDS, pause["end"] + EDGE_SECONDS)],
    )
    assert_length(recording, begins=float(first["started_at"]), ends=float(first["ended_at"]))
    assert not said_between(recording, legs, pause["start"] + EDGE_SECONDS, pause["end"] - EDGE_SECONDS)
    assert not said_between(recording, legs, moments["Stop"][1] + EDGE_SECONDS, float("inf"))

    assert_between(float(again["started_at"]), *moments["Record"])
    between = (float(again["started_at"]) + 0.02, float(again["ended_at"]) - 0.04)
    voices = [Voice.of(leg, between=between) for leg in legs]
    assert_complete(daemon.sound(again), left=voices[:1], right=voices[1:])


async def time_grows(row: Locator) -> None:
    """By about a second in a second."""
    age = row.locator("time")
    before, asked = await age.inner_text(), time.monotonic()
    await talking(TALK_SECONDS)
    after, passed = await age.inner_text(), time.monotonic() - asked
    assert seconds_of(after) - seconds_of(before) == pytest.approx(passed, abs=1.5)


def seconds_of(clock: str) -> int:
    minutes, _, seconds = clock.partition(":")
    return int(minutes) * 60 + int(seconds)


async def played(page: Page) -> None:
    """It stands in the table of calls, and opens beside it as soon as it is stored."""
    await expect(page.get_by_role("grid")).to_contain_text(f"+4930{NUMBER}")
    await page.get_by_role("button", name="Play", exact=True).click(timeout=SHOWN_MILLISECONDS)
    await expect(page.locator(".clock-now")).to_have_text("0:01", timeout=SHOWN_MILLISECONDS)
