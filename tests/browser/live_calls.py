"""Calls that live, for tests of that view: made, changed, and found in the page."""

import itertools
from typing import Any, Final

from playwright.async_api import Locator, Page, expect

from connector.domain.call import Call, Verdict
from connector.domain.decision import Change
from connector.domain.ids import CallId
from connector.domain.states import RecordingState
from tests.api.seeds import recording_id
from tests.browser.chromium import Visitor
from tests.browser.site import PageHouse
from tests.builders import a_call, a_recording

HARBOUR: Final = "harbour"
NUMBERS: Final = itertools.count(1)


def row(page: Page, what: str, organisation: str = HARBOUR) -> Locator:
    return page.locator(f'[data-call="{organisation}-{what}"]')


def standing(page: Page, what: str) -> Locator:
    return row(page, what).locator(".standing")


def button(page: Page, what: str, name: str) -> Locator:
    return row(page, what).get_by_role("button", name=f"{name}:")


def now(house: PageHouse) -> float:
    return house.server.site.house.ground.clock.now()


def begun(house: PageHouse, what: str, **over: Any) -> Call:
    """A call that somebody of Harbour Logistics talks in, told to the catalogue."""
    began = now(house)
    facts: dict[str, Any] = {
        "id": CallId(f"{HARBOUR}-{what}"),
        "organisation": HARBOUR,
        "pbx": HARBOUR,
        "started_at": began,
        "answered_at": began,
        "verdict": Verdict(record=False, reason="the rule for queue 'claims': never"),
        "from_number": f"+4989{next(NUMBERS):06}",
    }
    call = a_call(**(facts | over))
    house.happen(call)
    return call


def recorded(house: PageHouse, call: Call, state: RecordingState = RecordingState.RECORDING, **over: Any) -> Change:
    what = call.id.removeprefix(f"{HARBOUR}-")
    facts = {"id": recording_id(HARBOUR, what), "call_id": call.id, "organisation": HARBOUR, "pbx": HARBOUR}
    began = {"requested_at": now(house), "started_at": now(house)}
    return a_recording(**(facts | began | {"state": state} | over))


async def listening(visitor: Visitor, **of_page: Any) -> Page:
    """The view, with its first answer and its stream."""
    page = await visitor.open("/live", **of_page)
    await expect(page.locator(".connection")).to_have_text("Live")
    await row(page, "live").wait_for()
    return page


async def box(found: Locator) -> dict[str, float]:
    place = await found.bounding_box()
    assert place is not None, "it is not to be seen"
    return {"x": place["x"], "y": place["y"], "width": place["width"], "height": place["height"]}
