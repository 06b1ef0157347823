"""Calls that the API has a real Asterisk place: the phone rings, the number is dialled, recorded or not as told."""

import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from connector.catalogue.store import Catalogue
from connector.domain.access import Access, of_the_house
from connector.domain.outbound import CallWish
from connector.domain.states import CommandState
from connector.network.clock import SystemClock
from connector.services.placing import PlacedCall, Placing
from connector.settings.outbound import OutboundSettings
from tests.pbx.asterisk import Asterisk
from tests.pbx.configuration import DRIVER, Login, Wishes
from tests.pbx.daemon import NAME, Daemon
from tests.pbx.leg import Leg
from tests.pbx.phone import Manner, Phone
from tests.pbx.waiting import until, until_told

pytestmark = pytest.mark.asterisk

TALK_SECONDS = 2.0
COMPANY = "+493055500"
CUSTOMER = "+498912345"
SETTINGS = OutboundSettings(
    pbx=NAME,
    context="phones",
    numbers=("+49X.",),
    endpoints={"ep_1": "PJSIP/201@phones", "ep_nobody": "PJSIP/nobody", "ep_busy": "PJSIP/busy@phones"},
    caller_ids=(COMPANY,),
)


class Audit:
    async def done(self, access: Access, action: str, **_: Any) -> None:
        """Nobody reads it here."""


class Api:
    """What the web role does with an order."""

    def __init__(self, daemon: Daemon) -> None:
        self._catalogue = Catalogue.open(f"sqlite:///{daemon.state}/catalogue.db")
        clock = SystemClock()
        self._access = of_the_house("test", clock.now())
        self._placing = Placing(self._catalogue.commands, Audit(), lambda: SETTINGS, "here", clock)

    async def place(self, endpoint: str, **over: Any) -> PlacedCall:
        """As it stands when it is settled."""
        wish = CallWish(from_number=COMPANY, to_number=CUSTOMER, endpoint_id=endpoint, **over)
        found = await self._placing.place(self._access, wish)

        async def settled() -> list[PlacedCall]:
            now = await self._placing.placed(self._access, found.command_id)
            return [now] if now.state is not CommandState.OPEN else []

        [placed] = await until_told(settled, "what became of the call")
        return placed

    async def close(self) -> None:
        await self._catalogue.close()


@pytest.fixture(scope="module")
def wishes() -> Wishes:
    return Wishes(
        dialplan=f"\n[phones]\nexten => {CUSTOMER},1,Dial(PJSIP/customer@phones,30)\n",
        driver=Login(user=DRIVER.user, secret=DRIVER.secret, read=DRIVER.read, write=f"{DRIVER.write},originate"),
    )


@pytest.fixture(scope="module")
def daemon(asterisk: Asterisk, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    with Daemon(tmp_path_factory.mktemp("daemon"), asterisk) as running:
        yield running


@pytest.fixture
async def api(daemon: Daemon) -> AsyncIterator[Api]:
    opened = Api(daemon)
    yield opened
    await opened.close()


async def talked(phones: Phone) -> tuple[Leg, Leg]:
    agent, customer = await phones.answered("201"), await phones.answered("customer")
    await customer.heard_from(agent.stream, seconds=TALK_SECONDS)
    return agent, customer


def call_of(daemon: Daemon, placed: PlacedCall) -> dict[str, Any]:
    [row] = daemon.rows.ask(f"SELECT * FROM calls WHERE id = '{placed.call_id}'")
    return row


async def test_a_call_is_placed_and_recorded_as_it_was_told(phones: Phone, daemon: Daemon, api: Api) -> None:
    options = {"format": "flac", "tags": ["vip", "sales"]}
    placed = await api.place("ep_1", recording_enabled=True, recording_options=options, client_state="aGk=")
    assert placed.state is CommandState.DONE, placed.reason
    agent, customer = await talked(phones)
    await agent.hang_up()
    rows = await daemon.available()
    [row] = [row for row in rows if row["call_id"] == placed.call_id]
    assert daemon.file(row).suffix == ".flac"
    said = json.loads(row["options"])
    assert (said["tags"], said["client_state"]) == (["vip", "sales"], "aGk=")
    assert row["rule"] == "CALLREEL says yes"
    facts = [row[name] for name in ("direction", "from_number", "to_number", "agent_id")]
    assert facts == ["outbound", "201", CUSTOMER, "201"]
    # The called one sees the company's number.
    assert COMPANY in customer.remote_uri


async def test_a_call_is_placed_and_not_recorded_as_it_was_told(phones: Phone, daemon: Daemon, api: Api) -> None:
    placed = await api.place("ep_1", recording_enabled=False, agent="ada")
    agent, _ = await talked(phones)
    await agent.hang_up()
    await until(lambda: call_of(daemon, placed)["state"] == "ended", "the end of the call")
    call = call_of(daemon, placed)
    assert "CALLREEL says no" in json.loads(call["verdict"])["reason"]
    assert daemon.rows.ask(f"SELECT id FROM recordings WHERE call_id = '{placed.call_id}'") == []
    assert ["CALLREEL_AGENT", "ada"] in json.loads(call["legs"])[0]["variables"]


@pytest.mark.parametrize(("endpoint", "said"), [("ep_busy", "busy"), ("ep_nobody", "could not dial")])
async def test_a_device_that_cannot_be_had_is_a_refusal_with_its_reason(
    phones: Phone, daemon: Daemon, api: Api, endpoint: str, said: str
) -> None:
    phones.manners["busy"] = Manner(rejects_with=486)
    placed = await api.place(endpoint)
    assert placed.state is CommandState.REFUSED
    assert said in placed.reason, placed.reason
