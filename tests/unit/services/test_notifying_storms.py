"""Notifications by the thousand, beside receivers that lie dead, behind a catalogue that goes away, through restarts:
each at least once, none invented, in order, and nobody waits for another."""

import asyncio
import random
import tracemalloc
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.domain.states import NotificationState
from connector.errors import EndpointUnreachable
from connector.services.notifying import POLL_SECONDS
from connector.settings import NotificationSettings
from tests.builders import MORNING
from tests.unit.services.scripted_receivers import SILENCE, Answer, House, Says, a_notification, endpoint, url

HOUR = 3600.0
CRM = url("crm")
REFUSED = EndpointUnreachable("it refuses the connection")


async def test_ten_thousand_for_a_receiver_that_was_down_for_an_hour_arrive_and_delay_nobody() -> None:
    house = House("crm", "other")
    house.receivers.keeps_letters = False
    house.receivers.always[CRM] = REFUSED
    count = 10_000
    await house.ledger.add([a_notification(number) for number in range(count)])
    async with house.sending() as notifying:
        held: list[int] = []

        def takes(_: object) -> Answer:
            held.append(len(notifying._held))
            return 200

        for number in range(count, count + 60):
            await house.ledger.add([a_notification(number, endpoint="other", next_at=house.clock.now())])
            await house.clock.advance(60)
        others = house.receivers.to(url("other"))
        assert [one.at - MORNING - 60 * minute < 1 for minute, one in enumerate(others)] == [True] * 60
        tries = len(house.receivers.to(CRM))
        assert tries < 20
        house.receivers.always[CRM] = takes
        tracemalloc.start()
        await house.until_settled(HOUR, step_seconds=30)
        peak_bytes = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert Counter(one.id for one in house.receivers.to(CRM) if one.was_taken) == Counter(
        f"msg_{number}" for number in range(count)
    )
    assert len(house.receivers.to(CRM)) == count + tries
    assert max(held) < 25
    # All of it what this test remembers: each one's new state and try.
    assert peak_bytes < 1500 * count
    assert house.receivers.most_under_way <= 5


async def test_beside_a_thousand_dead_endpoints_the_living_one_hears_in_the_same_round() -> None:
    house, names = await a_thousand_dead()
    await house.ledger.add([a_notification(number, endpoint="alive") for number in range(1000, 1100)])
    async with house.sending(poll_seconds=POLL_SECONDS):
        await house.clock.settle()
        assert [one.at for one in house.receivers.to(url("alive"))][:1] == [MORNING]
        await house.clock.advance(1)
        assert len(house.ids(NotificationState.DELIVERED)) == 100
        for number in range(2000, 2003):
            await house.clock.advance(20)
            await house.ledger.add([a_notification(number, endpoint="alive", next_at=house.clock.now())])
            await house.clock.advance(1)
            assert house.state(f"msg_{number}") is NotificationState.DELIVERED
    assert {one.url for one in house.receivers.received} == {url(name) for name in [*names, "alive"]}


async def test_who_may_be_dead_is_asked_one_after_another_and_who_was_up_to_date_before_the_others() -> None:
    house, _ = await a_thousand_dead()
    async with house.sending(poll_seconds=POLL_SECONDS):
        await house.clock.advance(5)
        assert 200 <= house.receivers.most_under_way <= 260
        now = house.clock.now()
        await house.ledger.add([a_notification(1, endpoint="alive", created_at=now, next_at=now)])
        await house.clock.advance(0.2)
        assert house.state("msg_1") is NotificationState.DELIVERED


async def a_thousand_dead() -> tuple[House, list[str]]:
    """For each of them something waits, older than anything else."""
    names = [f"dead-{number}" for number in range(1000)]
    house = House(*names, "alive")
    for name in names:
        house.receivers.always[url(name)] = SILENCE
    told = enumerate(2 * names, start=5000)
    await house.ledger.add([a_notification(n, endpoint=name, created_at=MORNING - HOUR) for n, name in told])
    return house, names


async def test_however_many_do_not_answer_the_connections_are_bounded_and_each_has_its_turn() -> None:
    names = [f"dead-{number}" for number in range(3000)]
    house = House("alive", *names)
    house.receivers.keeps_letters = False
    await house.ledger.add([a_notification(endpoint="alive")])
    async with house.sending():
        await house.clock.advance(1)
        for name in names:
            house.receivers.always[url(name)] = SILENCE
        await house.ledger.add([a_notification(number, endpoint=names[number % 3000]) for number in range(2, 9000)])
        await house.clock.advance(1)
        await house.ledger.add([a_notification(10_000, endpoint="alive")])
        await house.clock.advance(1)
        assert house.state("msg_10000") is NotificationState.DELIVERED
        await house.clock.advance(60)
    assert house.receivers.most_under_way <= 2000
    assert len({one.url for one in house.receivers.received}) == 3001


async def test_a_slow_receiver_is_sent_several_at_once_but_not_all() -> None:
    house = House()
    house.receivers.always[CRM] = Says(200, seconds=1)
    await house.ledger.add([a_notification(number) for number in range(100)])
    async with house.sending():
        await house.until_settled(40)
    assert house.receivers.most_under_way == 4


async def test_who_takes_what_he_gets_is_kept_busy_while_there_is_more() -> None:
    house = House()
    house.receivers.always[CRM] = Says(200, seconds=0.1)
    await house.ledger.add([a_notification(number) for number in range(100)])
    async with house.sending(poll_seconds=100):
        await house.clock.advance(100)
        assert len(house.ids(NotificationState.DELIVERED)) == 1
        await house.clock.advance(5)
        assert not house.waiting()


async def test_a_slow_receiver_whose_claims_run_out_is_sent_nothing_twice_by_two_nodes() -> None:
    house = House(*(f"slow-{number}" for number in range(5)))
    for name in house.endpoints:
        house.endpoints[name] = endpoint(name, timeout_seconds=600)
        house.receivers.always[url(name)] = Says(200, seconds=599)
    await house.ledger.add([a_notification(number, endpoint=f"slow-{number % 5}") for number in range(200)])
    async with house.sending("here", 10), house.sending("there", 10):
        await house.until_settled(6 * HOUR, 60)
    assert sorted(house.receivers.taken()) == sorted(house.ledger.kept)


async def test_while_the_catalogue_is_away_what_was_taken_is_remembered_and_nothing_is_sent_twice() -> None:
    house = House()

    def breaks(_: object) -> Answer:
        house.ledger.is_available = False
        return 200

    house.receivers.always[CRM] = breaks
    await house.ledger.add([a_notification(number) for number in range(5)])
    async with house.sending():
        await house.clock.advance(30)
        assert len(house.receivers.received) == 1
        house.receivers.always[CRM] = 200
        house.ledger.is_available = True
        await house.clock.advance(30)
    assert sorted(house.receivers.taken()) == sorted(house.ledger.kept)


async def test_a_catalogue_that_is_away_at_the_start_is_waited_for() -> None:
    house = House()
    await house.ledger.add([a_notification()])
    await house.ledger.claim("here", MORNING, MORNING + HOUR, limit=9, per_endpoint=9, but=())
    house.ledger.is_available = False
    async with house.sending():
        await house.clock.advance(60)
        house.ledger.is_available = True
        await house.clock.advance(11)
    assert house.receivers.taken() == ["msg_1"]


async def test_who_stops_gives_back_what_he_holds_and_another_node_sends_it() -> None:
    house = House()
    house.receivers.always[CRM] = SILENCE
    await house.ledger.add([a_notification(number) for number in range(9)])
    async with house.sending("here"):
        await house.clock.advance(1)
        assert house.held()
    assert not house.held()
    house.receivers.always[CRM] = 200
    async with house.sending("there"):
        await house.clock.advance(2)
    assert len(house.ids(NotificationState.DELIVERED)) == 9


async def test_cancelled_by_hand_while_it_was_under_way_is_no_trouble() -> None:
    house = House()
    house.receivers.always[CRM] = Says(200, seconds=5)
    await house.ledger.add([a_notification(1), a_notification(2)])
    async with house.sending():
        await house.clock.advance(1)
        await house.ledger.cancel("crm", "by hand")
        await house.ledger.add([a_notification(3)])
        await house.clock.advance(20)
    assert house.state("msg_3") is NotificationState.DELIVERED


ANSWERS: list[Answer] = [
    200,
    200,
    200,
    500,
    404,
    503,
    302,
    Says(429, retry_after_seconds=30),
    Says(200, seconds=3),
    Says(500, seconds=20),
    REFUSED,
    SILENCE,
    RuntimeError("a bug of ours"),
]


@settings(max_examples=60, deadline=None)
@given(
    answers=st.lists(st.sampled_from(ANSWERS), max_size=40),
    recordings=st.lists(st.integers(0, 5), min_size=1, max_size=25),
    seed=st.integers(0, 2**32),
    has_fallback=st.booleans(),
    stops=st.lists(st.floats(0, 30), max_size=4),
)
def test_whatever_fails_whenever_each_arrives_none_is_invented_and_the_order_of_a_recording_holds(
    answers: list[Answer], recordings: list[int], seed: int, has_fallback: bool, stops: list[float]
) -> None:
    house = House("crm", "other", draw=random.Random(seed).random)
    fallback = "https://fallback.example/told" if has_fallback else ""
    house.endpoints["crm"] = NotificationSettings(url=CRM, fallback=fallback)
    house.receivers.says_first(CRM, *answers)
    house.receivers.says_first(fallback, *answers[::2])
    house.receivers.says_first(url("other"), *answers[::-1])
    told = [
        a_notification(number, recording_id=f"recording-{recording}", endpoint=name)
        for number, (recording, name) in enumerate((one, name) for one in recordings for name in ("crm", "other"))
    ]

    async def run() -> None:
        await house.ledger.add(told)
        # Ended anywhere, and begun again.
        for seconds in stops:
            async with house.sending():
                await house.clock.advance(seconds)
            assert not house.held()
        async with house.sending(poll_seconds=20):
            await house.until_settled(120 * HOUR, 600)

    asyncio.run(run())
    arrived = list(dict.fromkeys(house.receivers.taken()))
    # Ten bad answers to the same one.
    dead = house.ids(NotificationState.DEAD)
    assert len(dead) <= len(answers) // 10 * 2
    assert {*arrived, *dead} == {one.id for one in told}
    for endpoint_name in ("crm", "other"):
        for recording in set(recordings):
            mine = [
                one.id for one in told if one.endpoint == endpoint_name and one.recording_id == f"recording-{recording}"
            ]
            assert [id for id in arrived if id in mine] == [id for id in mine if id in arrived]


@pytest.mark.parametrize("turns", range(1, 12))
async def test_ended_between_any_two_steps_it_is_sent_by_the_next(turns: int) -> None:
    house = House()
    await house.ledger.add([a_notification(number) for number in range(3)])
    running = asyncio.create_task(house.notifying().run())
    for _ in range(turns):
        await asyncio.sleep(0)
    running.cancel()
    await asyncio.wait([running])
    assert not house.held()
    async with house.sending():
        await house.clock.advance(5)
    assert set(house.receivers.taken()) == set(house.ledger.kept)
    assert not house.waiting()
