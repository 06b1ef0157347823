"""An order for a live call: through the catalogue to the Director that owns it, and its outcome back."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from connector.domain.access import Access, ApiKey, KeyRole
from connector.domain.call import Call, CallState
from connector.domain.ids import CallId
from connector.domain.instructions import Instruction
from connector.domain.secret import Secret
from connector.domain.states import CommandState
from connector.errors import CatalogueUnavailable, Conflict, NotFound
from connector.services.ordering import Order, Ordering
from tests.builders import MORNING, a_call
from tests.unit.services.memory_vault import MemoryVault
from tests.unit.services.office import Office, opened_office
from tests.unit.services.yard import Yard


def an_access(organisation: str | None = "default", role: KeyRole = KeyRole.CONTROL) -> Access:
    key = ApiKey(id=f"k-{organisation}", name="", organisation=organisation, roles=(role,), created_at=MORNING)
    return Access(key=key)


class Audit:
    """What was written down; may be away."""

    def __init__(self) -> None:
        self.deeds: list[tuple[str, str, dict[str, object]]] = []
        self.is_away = False

    async def done(
        self, access: Access, action: str, *, subject: str = "", organisation: str | None = None, **details: object
    ) -> None:
        if self.is_away:
            raise CatalogueUnavailable("it is locked")
        self.deeds.append((action, subject, details))


class Counter:
    """Who orders, beside an office that obeys whenever it looks."""

    def __init__(self, office: Office) -> None:
        self.office = office
        self.clock = office.yard.clock
        self.vault, self.audit = MemoryVault(), Audit()
        self.ordering = Ordering(office.yard.catalogue.commands, self.vault, self.audit, self.clock)

    async def call(self, **over: Any) -> Call:
        return a_call(**({"id": CallId(self.office.call)} | over))

    async def order(self, action: str, id: str = "", access: Access | None = None, **over: Any) -> Order:
        """As time goes by; capture looks every 50 ms."""
        instruction = Instruction(action=action, command_id=id, **over)
        ordering = asyncio.ensure_future(self.ordering.order(access or an_access(), await self.call(), instruction))
        while not ordering.done():
            await self.office.instructing.hand_over()
            await self.clock.advance(0.03)
            # The database answers from a thread.
            await asyncio.wait({ordering}, timeout=0.01)
        return await ordering


@pytest.fixture
async def counter(yard: Yard, tmp_path: Path) -> AsyncIterator[Counter]:
    async with opened_office(yard, tmp_path / "journal") as office:
        yield Counter(office)


async def test_an_order_reaches_the_director_and_its_outcome_comes_back(counter: Counter) -> None:
    order = await counter.order("stop", "mine-1")
    assert (order.command_id, order.action, order.state) == ("mine-1", "stop", CommandState.DONE)
    assert order.outcome
    assert len(counter.office.stops) == 2


async def test_a_refusal_comes_back_in_the_directors_words(counter: Counter) -> None:
    await counter.order("stop")
    order = await counter.order("pause")
    assert (order.state, order.outcome) == (CommandState.REFUSED, "nothing is being recorded on this call")


async def test_the_same_id_acts_once_and_is_answered_as_before(counter: Counter) -> None:
    first = await counter.order("stop", "mine-1")
    assert await counter.order("stop", "mine-1") == first
    assert len(counter.office.stops) == 2
    assert [deed[0] for deed in counter.audit.deeds] == ["instruction.given"]


async def test_an_id_of_another_order_is_refused(counter: Counter) -> None:
    await counter.order("stop", "mine-1")
    with pytest.raises(Conflict, match="command 'mine-1' was stop of call"):
        await counter.order("pause", "mine-1")


async def test_ids_of_organisations_are_apart(counter: Counter) -> None:
    await counter.order("stop", "mine-1")
    await counter.order("start", "mine-1", an_access("acme"))
    assert (await counter.ordering.ordered(an_access(), "mine-1")).action == "stop"
    assert (await counter.ordering.ordered(an_access("acme"), "mine-1")).action == "start"
    for stranger in (an_access("other"), an_access(None)):
        with pytest.raises(NotFound, match="there is no command 'mine-1'"):
            await counter.ordering.ordered(stranger, "mine-1")


async def test_it_is_written_down_before_it_is_given_without_any_secret(counter: Counter) -> None:
    options = '{"destinationUrl": "s3://theirs/calls"}'
    await counter.order("start", options=options, credentials=Secret("KEY:SECRET"))
    ((action, subject, details),) = counter.audit.deeds
    assert (action, subject, details["order"]) == ("instruction.given", counter.office.call, "start")
    assert "SECRET" not in str(details)
    assert [secret.reveal() for secret in counter.vault.secrets.values()] == ["KEY:SECRET"]


async def test_what_cannot_be_written_down_is_not_given(counter: Counter) -> None:
    counter.audit.is_away = True
    with pytest.raises(CatalogueUnavailable):
        await counter.order("stop", "mine-1")
    assert await counter.office.yard.catalogue.commands.open_for("here", MORNING) == []


async def test_credentials_lie_in_the_vault_before_anything_is_kept(counter: Counter) -> None:
    await counter.order(
        "options", "mine-1", options='{"destinationUrl":"s3://theirs"}', credentials=Secret("KEY:SECRET")
    )
    row = await counter.office.yard.catalogue.commands.find("default:mine-1")
    assert row is not None
    (name,) = counter.vault.secrets
    assert f'"credentials": "{name}"' in row.options


async def test_a_call_that_has_ended_is_told_nothing(counter: Counter) -> None:
    ended = await counter.call(state=CallState.ENDED)
    with pytest.raises(Conflict, match="has ended: only a live one can be told to pause"):
        await counter.ordering.order(an_access(), ended, Instruction(action="pause"))
    assert counter.audit.deeds == []


class Nobody:
    """Capture is away; time goes by."""

    def __init__(self, counter: Counter) -> None:
        self.counter = counter

    async def order(self, id: str) -> Order:
        ordering = asyncio.ensure_future(
            self.counter.ordering.order(
                an_access(), await self.counter.call(), Instruction(action="stop", command_id=id)
            )
        )
        while not ordering.done():
            await self.counter.clock.advance(0.1)
            await asyncio.wait({ordering}, timeout=0.01)
        return await ordering


async def test_without_an_answer_it_stays_open_and_is_over_in_the_end(counter: Counter) -> None:
    order = await Nobody(counter).order("mine-1")
    assert (order.state, order.outcome) == (CommandState.OPEN, "")
    await counter.clock.advance(29)
    assert (await counter.ordering.ordered(an_access(), "mine-1")).state is CommandState.OPEN
    await counter.clock.advance(40)
    over = await counter.ordering.ordered(an_access(), "mine-1")
    assert (over.state, over.outcome) == (CommandState.EXPIRED, "node 'here' has not taken it in time")


async def test_a_catalogue_that_goes_away_meanwhile_does_not_undo_it(
    counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    commands = counter.office.yard.catalogue.commands
    finds = 0
    find = commands.find

    async def locked_after_the_first(command_id: str) -> object:
        nonlocal finds
        finds += 1
        if finds > 1:
            raise CatalogueUnavailable("it is locked")
        return await find(command_id)

    monkeypatch.setattr(commands, "find", locked_after_the_first)
    assert (await Nobody(counter).order("mine-1")).state is CommandState.OPEN
