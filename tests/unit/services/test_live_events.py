"""Live events: each who listens hears what his key may see, once, in order, and nobody waits for anybody."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from connector.domain.access import Access, KeyRole, Limits
from connector.domain.call import CallState
from connector.domain.states import RecordingState
from connector.errors import TooManyRequests
from connector.ports.accounts import Account
from connector.services.live_events import (
    BEAT_SECONDS,
    CHECK_SECONDS,
    LINGER_SECONDS,
    MOST_KEPT,
    MOST_OF_ONE_KEY,
    MOST_READERS,
    MOST_WAITING,
    Beat,
    Heard,
    LiveEvent,
    LiveEvents,
    Reader,
    Resync,
)
from connector.services.live_watch import LATE_SECONDS, NEWEST
from tests.builders import MORNING
from tests.clocks import SimulatedClock
from tests.unit.services.memory_accounts import MemoryAccounts, a_key
from tests.unit.services.memory_changes import MemoryChanges
from tests.unit.web.keys import an_access

RUNS, PAUSED = RecordingState.RECORDING, RecordingState.PAUSED


class Hall:
    """Live events over calls that a test moves."""

    def __init__(self, *, has_signs: bool = False) -> None:
        self.clock = SimulatedClock()
        self.changes = MemoryChanges(has_signs=has_signs)
        self.accounts = MemoryAccounts()
        self.events = LiveEvents(self.changes, self.accounts, self.clock)

    async def joined(self, access: Access | None = None, last_id: str = "") -> "Listener":
        access = access or an_access(organisation=None)
        self.accounts.accounts.setdefault(access.key.id, Account(access.key, ""))
        listener = Listener(self.events.join(access, last_id))
        await self.clock.settle()
        return listener

    async def pass_on(self, seconds: float = 1.0) -> None:
        await self.clock.advance(seconds)


class Listener:
    """Takes down what it hears."""

    def __init__(self, reader: Reader) -> None:
        self.reader = reader
        self.heard: list[Heard] = []
        self._listening = asyncio.create_task(self._listen())

    async def _listen(self) -> None:
        async for heard in self.reader:
            self.heard.append(heard)

    @property
    def is_over(self) -> bool:
        return self._listening.done()

    @property
    def said(self) -> list[str]:
        """What happened, to what."""
        events = [one for one in self.heard if isinstance(one, LiveEvent)]
        return [f"{one.what} {one.recording_id or one.picture.call.id}" for one in events]

    @property
    def last_id(self) -> str:
        return next(one.id for one in reversed(self.heard) if not isinstance(one, Beat))


@pytest.fixture(params=[False, True], ids=["asked each second", "by signs"])
async def hall(request: pytest.FixtureRequest) -> AsyncIterator[Hall]:
    opened = Hall(has_signs=request.param)
    running = asyncio.create_task(opened.events.run())
    yield opened
    opened.events.close()
    running.cancel()
    await asyncio.wait([running])


async def test_what_happens_is_heard_in_its_order(hall: Hall) -> None:
    listener = await hall.joined()
    hall.changes.call("c1", answered_at=None)
    await hall.pass_on()
    hall.changes.call("c1")
    hall.changes.recording("r1", "c1", state=RUNS)
    await hall.pass_on()
    hall.changes.recording("r1", "c1", state=PAUSED)
    await hall.pass_on()
    hall.changes.recording("r1", "c1", state=RUNS)
    await hall.pass_on()
    hall.changes.recording("r1", "c1", state=RecordingState.CAPTURED)
    hall.changes.call("c1", state=CallState.ENDED)
    await hall.pass_on()
    hall.changes.recording("r1", "c1", state=RecordingState.AVAILABLE)
    await hall.pass_on()
    assert listener.said == [
        "call.started c1",
        "call.answered c1",
        "recording.started r1",
        "recording.paused r1",
        "recording.resumed r1",
        "recording.finished r1",
        "call.ended c1",
        "recording.available r1",
    ]
    assert len({one.id for one in listener.heard if isinstance(one, LiveEvent)}) == 8


async def test_what_was_there_before_anybody_listened_is_no_news(hall: Hall) -> None:
    hall.changes.call("c1")
    hall.changes.recording("r1", "c1", state=RUNS)
    listener = await hall.joined()
    await hall.pass_on(5)
    assert listener.said == []
    hall.changes.call("c1", state=CallState.ENDED)
    await hall.pass_on()
    assert listener.said == ["call.ended c1"]


async def test_each_hears_only_what_its_key_may_see(hall: Hall) -> None:
    keys: dict[str, Access] = {
        "house": an_access(organisation=None, id="house"),
        "acme": an_access(organisation="acme", id="acme"),
        "globex": an_access(organisation="globex", id="globex"),
        "agent": an_access(organisation="acme", id="agent", limits=Limits(agents=("299",))),
        "tag": an_access(organisation="acme", id="tag", limits=Limits(tags=("vip",))),
        "number": an_access(organisation="acme", id="number", limits=Limits(numbers=("+44*",))),
    }
    listeners = {name: await hall.joined(access) for name, access in keys.items()}
    hall.changes.call("c1", organisation="acme", answered_at=None)
    hall.changes.call("c2", organisation="acme", answered_at=None, tags=("vip",), agent_id="299", from_number="+4420")
    hall.changes.call("c3", organisation="globex", answered_at=None)
    await hall.pass_on()
    heard = {name: sorted(said.rpartition(" ")[2] for said in one.said) for name, one in listeners.items()}
    assert heard == {
        "house": ["c1", "c2", "c3"],
        "acme": ["c1", "c2"],
        "globex": ["c3"],
        "agent": ["c2"],
        "tag": ["c2"],
        "number": ["c2"],
    }


async def test_who_comes_back_hears_what_he_missed(hall: Hall) -> None:
    first = await hall.joined()
    hall.changes.call("c1", answered_at=None)
    await hall.pass_on()
    hall.events.leave(first.reader)
    hall.changes.call("c1")
    await hall.pass_on(LINGER_SECONDS - 5)
    hall.changes.call("c2", answered_at=None)
    await hall.pass_on()
    again = await hall.joined(last_id=first.last_id)
    assert again.said == ["call.answered c1", "call.started c2"]
    assert not any(isinstance(one, Resync) for one in again.heard)


async def test_who_comes_back_with_a_limited_key_still_hears_only_his_own(hall: Hall) -> None:
    first = await hall.joined()
    hall.changes.call("c1", organisation="globex", answered_at=None)
    await hall.pass_on()
    start = first.last_id.partition("-")[0] + "-0"
    assert (await hall.joined(an_access(organisation="acme"), start)).said == []
    assert (await hall.joined(an_access(organisation="globex"), start)).said == ["call.started c1"]


@pytest.mark.parametrize(
    "last_id", ["elsewhere-1", "{era}-9999", "{era}-x", "{era}--1", "{era}-²", "nonsense", "-", "{era}-" + "9" * 5000]
)
async def test_who_names_what_is_not_known_is_told_to_ask_anew(hall: Hall, last_id: str) -> None:
    first = await hall.joined()
    hall.changes.call("c1", answered_at=None)
    await hall.pass_on()
    era = first.last_id.partition("-")[0]
    again = await hall.joined(last_id=last_id.format(era=era))
    assert again.heard == [Resync(first.last_id)]


async def test_who_stayed_away_too_long_is_told_to_ask_anew(hall: Hall) -> None:
    first = await hall.joined()
    hall.changes.call("c1", answered_at=None)
    await hall.pass_on()
    hall.events.leave(first.reader)
    await hall.pass_on(LINGER_SECONDS + 5)
    looks = len(hall.changes.looks)
    await hall.pass_on(600)
    assert len(hall.changes.looks) == looks, "nobody listens, and somebody looks"
    again = await hall.joined(last_id=first.last_id)
    assert [type(one) for one in again.heard] == [Resync]
    hall.changes.call("c2", answered_at=None)
    await hall.pass_on()
    assert again.said == ["call.started c2"]


async def test_more_than_is_kept_was_missed(hall: Hall) -> None:
    first = await hall.joined()
    start = f"{hall.events._last_id}"
    for number in range(MOST_KEPT // 2 + 1):
        hall.changes.call(f"c{number}", started_at=MORNING + number)
    await hall.pass_on()
    assert len(first.said) == MOST_KEPT + 2
    assert (await hall.joined(last_id=start)).heard == [Resync(first.last_id)]


async def test_a_line_says_now_and_then_that_nothing_happens(hall: Hall) -> None:
    listener = await hall.joined()
    await hall.pass_on(4 * BEAT_SECONDS + 1)
    assert [type(one) for one in listener.heard] == [Beat] * 4


async def test_who_takes_nothing_is_let_go_and_nobody_else_notices(hall: Hall) -> None:
    slow = hall.events.join(an_access(organisation=None, id="slow"))
    quick = await hall.joined()
    for number in range(MOST_WAITING // 2 + 1):
        hall.changes.call(f"c{number}", started_at=MORNING + number)
        if number % 900 == 0:
            await hall.pass_on()
    await hall.pass_on()
    assert len(quick.said) == MOST_WAITING + 2
    with pytest.raises(StopAsyncIteration):
        await anext(slow)
    assert not quick.is_over


async def test_there_is_room_for_so_many_and_no_more(hall: Hall) -> None:
    keys = [an_access(id=f"key-{number // MOST_OF_ONE_KEY}") for number in range(MOST_READERS)]
    readers = [hall.events.join(key) for key in keys]
    with pytest.raises(TooManyRequests):
        hall.events.join(an_access(id="another"))
    hall.events.leave(readers[0])
    hall.events.leave(readers[0])
    hall.events.join(an_access(id="another"))


async def test_no_key_takes_all_the_room(hall: Hall) -> None:
    for _ in range(MOST_OF_ONE_KEY):
        hall.events.join(an_access(id="greedy"))
    with pytest.raises(TooManyRequests):
        hall.events.join(an_access(id="greedy"))
    hall.events.join(an_access(id="another"))


@pytest.mark.parametrize("end", ["revoked", "expired", "gone"])
async def test_with_its_key_the_listening_ends(hall: Hall, end: str) -> None:
    key = (await a_key(hall.accounts, KeyRole.READ)).key
    other = (await a_key(hall.accounts, KeyRole.READ)).key
    listener, stays = await hall.joined(Access(key=key)), await hall.joined(Access(key=other))
    await hall.pass_on(CHECK_SECONDS + 1)
    assert not listener.is_over
    changes: dict[str, Any] = {"revoked": {"revoked_at": hall.clock.now()}, "expired": {"expires_at": hall.clock.now()}}
    if end == "gone":
        del hall.accounts.accounts[key.id]
    else:
        hall.accounts.change(key.id, **changes[end])
    await hall.pass_on(CHECK_SECONDS + 1)
    assert (listener.is_over, stays.is_over) == (True, False)


async def test_with_its_session_the_listening_ends_though_the_key_is_good(hall: Hall) -> None:
    key = (await a_key(hall.accounts, KeyRole.READ)).key
    ends_at = hall.clock.now() + 2 * CHECK_SECONDS
    listener, stays = await hall.joined(Access(key=key, ends_at=ends_at)), await hall.joined(Access(key=key))
    await hall.pass_on(CHECK_SECONDS + 1)
    assert not listener.is_over
    await hall.pass_on(CHECK_SECONDS + 1)
    assert (listener.is_over, stays.is_over) == (True, False)


async def test_while_nobody_can_say_whose_keys_are_good_nobody_is_let_go(hall: Hall) -> None:
    listener = await hall.joined()
    hall.accounts.is_available = False
    await hall.pass_on(CHECK_SECONDS + 1)
    assert not listener.is_over


async def test_a_catalogue_that_was_away_loses_nothing(hall: Hall) -> None:
    listener = await hall.joined()
    await hall.pass_on()
    hall.changes.is_available = False
    hall.changes.call("c1", answered_at=None)
    await hall.pass_on(30)
    hall.changes.is_available, hall.changes.are_pictures_available = True, False
    await hall.pass_on(30)
    assert listener.said == []
    hall.changes.are_pictures_available = True
    hall.changes.call("c1")
    await hall.pass_on()
    assert listener.said == ["call.started c1", "call.answered c1"]


async def test_a_long_call_behind_many_newer_ones_is_not_forgotten(hall: Hall) -> None:
    listener = await hall.joined()
    hall.changes.call("long", started_at=MORNING)
    await hall.pass_on()
    for number in range(NEWEST + 5):
        hall.changes.call(f"c{number}", started_at=MORNING + 90 + number, state=CallState.ENDED, answered_at=None)
        if number % 200 == 0:
            await hall.pass_on()
    await hall.pass_on()
    before = len(listener.said)
    hall.changes.call("long", started_at=MORNING, state=CallState.ENDED)
    await hall.pass_on(3)
    assert listener.said[before:] == ["call.ended long"]


async def test_a_call_that_was_written_long_after_it_began_is_no_news(hall: Hall) -> None:
    hall.changes.call("c1", started_at=MORNING, answered_at=None)
    listener = await hall.joined()
    await hall.pass_on()
    hall.changes.call("old", started_at=MORNING - LATE_SECONDS - 1, answered_at=None)
    hall.changes.call("late", started_at=MORNING - LATE_SECONDS + 1, answered_at=None)
    await hall.pass_on(3)
    assert listener.said == ["call.started late"]


async def test_the_very_first_call_is_news(hall: Hall) -> None:
    listener = await hall.joined()
    await hall.pass_on(5)
    hall.changes.call("c1", answered_at=None)
    await hall.pass_on()
    assert listener.said == ["call.started c1"]


async def test_what_was_not_written_is_not_looked_at(hall: Hall) -> None:
    await hall.joined()
    await hall.pass_on(2)
    looks = len(hall.changes.looks)
    await hall.pass_on(10)
    more = len(hall.changes.looks) - looks
    assert more == (0 if hall.changes.sign() is not None else 10)


async def test_when_the_server_leaves_nobody_is_kept_waiting(hall: Hall) -> None:
    listener = await hall.joined()
    hall.events.close()
    await hall.clock.settle()
    assert listener.is_over
    late = await hall.joined()
    assert late.is_over
