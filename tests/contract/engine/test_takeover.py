"""Work of a dead node is taken over, by one node at a time; a name in use is refused."""

import asyncio
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import psycopg
import pytest

from connector.domain.decision import Due
from connector.domain.ids import Moment
from connector.engine.dbos import DbosEngine
from connector.engine.takeover import BEAT_SECONDS, DEAD_SECONDS, Leadership, Takeover
from connector.errors import CatalogueUnavailable, EngineStopped, NodeInUse
from tests.clocks import SimulatedClock
from tests.contract.engine.diary import Diary, settled
from tests.contract.engine.worker import STEPS
from tests.unit.processes import Talking

NOON = 1_000_000.0


class MemoryNodes:
    def __init__(self, **seen_at: Moment) -> None:
        self.seen_at = dict(seen_at)
        self.is_available = True

    async def seen(self, node: str, at: Moment) -> None:
        if not self.is_available:
            raise CatalogueUnavailable("it is locked")
        self.seen_at[node] = max(at, self.seen_at.get(node, at))

    async def silent_since(self, moment: Moment) -> list[str]:
        return sorted(node for node, at in self.seen_at.items() if at < moment)

    async def forget(self, node: str) -> None:
        if not self.is_available:
            raise CatalogueUnavailable("it is locked")
        self.seen_at.pop(node, None)


class Hands:
    """An engine's half that takes work back: how much each dead node had at hand."""

    def __init__(self, **at_hand: int) -> None:
        self.at_hand = at_hand
        self.asked: list[str] = []
        self.is_stopped = False

    async def requeue(self, node: str) -> int:
        if self.is_stopped:
            raise EngineStopped("it drains")
        self.asked.append(node)
        return self.at_hand.pop(node, 0)


class Won(Leadership):
    """Leadership that nobody disputes, without a server."""

    def __init__(self) -> None:
        self.is_won = True

    async def is_ours(self) -> bool:
        return self.is_won

    async def give_up(self) -> None:
        self.is_won = False


def takeover(nodes: MemoryNodes, hands: Hands, clock: SimulatedClock, leadership: Leadership | None = None) -> Takeover:
    return Takeover(hands, nodes, clock, "here", leadership or Won())


async def test_only_what_is_silent_for_long_is_dead() -> None:
    clock = SimulatedClock(NOON)
    nodes = MemoryNodes(dead=NOON - DEAD_SECONDS - 1, alive=NOON - DEAD_SECONDS + 1, here=NOON - 100)
    hands = Hands(dead=3, alive=2, here=1)
    assert await takeover(nodes, hands, clock).look() == 3
    assert hands.asked == ["dead"]


async def test_who_does_not_lead_takes_nothing() -> None:
    hands, leadership = Hands(dead=3), Won()
    leadership.is_won = False
    assert await takeover(MemoryNodes(dead=0.0), hands, SimulatedClock(NOON), leadership).look() == 0
    assert hands.asked == []


async def test_a_node_that_is_gone_for_a_week_is_forgotten_once_it_has_nothing_left() -> None:
    nodes, hands = MemoryNodes(old=NOON - 8 * 86_400, dead=NOON - 3_600), Hands(old=1)
    watch = takeover(nodes, hands, SimulatedClock(NOON))
    await watch.look()
    assert set(nodes.seen_at) == {"old", "dead"}
    await watch.look()
    assert set(nodes.seen_at) == {"dead"}


async def test_the_heartbeat_goes_on_and_survives_an_outage() -> None:
    clock, nodes, hands = SimulatedClock(NOON), MemoryNodes(dead=0.0), Hands()
    running = asyncio.create_task(takeover(nodes, hands, clock).run())
    await clock.advance(60)
    assert NOON + 60 - nodes.seen_at["here"] <= BEAT_SECONDS
    nodes.is_available = False
    await clock.advance(60)
    nodes.is_available = True
    hands.is_stopped = True
    await clock.advance(60)
    assert not running.done()
    assert NOON + 180 - nodes.seen_at["here"] <= BEAT_SECONDS
    running.cancel()


async def test_a_new_name_and_one_that_was_silent_for_long_are_claimed_at_once() -> None:
    for nodes in (MemoryNodes(), MemoryNodes(here=NOON - DEAD_SECONDS - 1)):
        clock = SimulatedClock(NOON)
        async with asyncio.timeout(1):
            await takeover(nodes, Hands(), clock).claim()
        assert nodes.seen_at["here"] == NOON


async def test_the_name_of_a_live_process_is_refused() -> None:
    clock, nodes = SimulatedClock(NOON), MemoryNodes()
    first = asyncio.create_task(takeover(nodes, Hands(), clock).run())
    await clock.advance(10)
    second = asyncio.create_task(takeover(nodes, Hands(), clock).claim())
    await clock.advance(10)
    with pytest.raises(NodeInUse, match="'here'"):
        await second
    first.cancel()


async def test_who_comes_back_after_a_kill_listens_a_moment_and_starts() -> None:
    clock, nodes = SimulatedClock(NOON), MemoryNodes(here=NOON - 1)
    claiming = asyncio.create_task(takeover(nodes, Hands(), clock).claim())
    await clock.advance(BEAT_SECONDS)
    assert not claiming.done()
    await clock.advance(2 * BEAT_SECONDS)
    await claiming


async def test_who_leaves_while_the_catalogue_is_away_leaves() -> None:
    nodes = MemoryNodes(here=NOON)
    nodes.is_available = False
    await takeover(nodes, Hands(), SimulatedClock(NOON)).leave()
    assert "here" in nodes.seen_at


async def test_who_left_properly_starts_at_once() -> None:
    clock, nodes = SimulatedClock(NOON), MemoryNodes()
    first = takeover(nodes, Hands(), clock)
    await first.claim()
    await first.leave()
    async with asyncio.timeout(1):
        await takeover(nodes, Hands(), clock).claim()


@pytest.fixture
async def leaders(postgresql_url: str) -> AsyncIterator[tuple[Leadership, Leadership]]:
    pair = Leadership(postgresql_url), Leadership(postgresql_url)
    yield pair
    for leader in pair:
        await leader.give_up()


@pytest.mark.postgresql
async def test_one_node_leads_at_a_time(leaders: tuple[Leadership, Leadership]) -> None:
    first, second = leaders
    assert await first.is_ours()
    assert not await second.is_ours()
    assert await first.is_ours()
    await first.give_up()
    assert await second.is_ours()
    assert not await first.is_ours()


@pytest.mark.postgresql
async def test_a_leader_that_lost_its_connection_leads_no_more(
    leaders: tuple[Leadership, Leadership], postgresql_url: str
) -> None:
    first, second = leaders
    assert await first.is_ours()
    assert first._connection is not None
    with psycopg.connect(postgresql_url, autocommit=True) as admin:
        admin.execute("SELECT pg_terminate_backend(%s, 5000)", (first._connection.info.backend_pid,))
    with pytest.raises(CatalogueUnavailable):
        await first.is_ours()
    assert await second.is_ours()
    assert not await first.is_ours()


async def test_a_server_that_is_away_is_said_in_our_words() -> None:
    with pytest.raises(CatalogueUnavailable) as raised:
        await Leadership("postgresql+psycopg://somebody:secret@127.0.0.1:1/none").is_ours()
    assert "secret" not in str(raised.value)


@pytest.mark.postgresql
async def test_what_a_killed_node_had_at_hand_is_finished_by_another(postgresql_url: str, tmp_path: Path) -> None:
    (tmp_path / "die-recording-3-encode-before").touch()
    subjects = [f"recording-{number}" for number in range(4)]
    with Talking("tests.contract.engine.worker", postgresql_url, "dead", str(tmp_path)) as dead:
        dead.tell(" ".join(("queue", *subjects)))
        assert await asyncio.to_thread(dead.exit_code) == -signal.SIGKILL
    diary, engine = Diary(), DbosEngine(postgresql_url, "here", 4)
    await engine.start({"ship": diary.plan(*STEPS)})
    try:
        assert await engine.unfinished() >= 1
        watch = Takeover(engine, MemoryNodes(dead=0.0), SimulatedClock(NOON), "here", Leadership(postgresql_url))
        assert await watch.look() >= 1
        await diary.until_ended(STEPS[-1], "recording-3")
        await settled(engine)
        assert diary.of("recording-3") == ["encode", "store", "verify"]
        assert await watch.look() == 0
        await watch.leave()
    finally:
        await engine.drain(5)


@pytest.mark.postgresql
async def test_draining_gives_back_what_others_can_do(postgresql_url: str) -> None:
    diary, engine = Diary(), DbosEngine(postgresql_url, "leaving", 1)
    diary.gates["encode"].clear()
    await engine.start({"ship": diary.plan(*STEPS)})
    await engine.enqueue(Due(kind="ship", subject="one", at=0.0))
    await diary.until(lambda: diary.of("one") == ["collect", "assemble", "encode"])
    await engine.drain(0)
    diary.gates["encode"].set()
    other = DbosEngine(postgresql_url, "staying", 1)
    await other.start({"ship": diary.plan(*STEPS)})
    await diary.until_ended(STEPS[-1], "one")
    await settled(other)
    await other.drain(1)
