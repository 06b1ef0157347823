"""The NotificationLedger: on both databases, and in memory as unit tests use it."""

import asyncio
import shutil
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event, func, select

from connector.catalogue.backup import backup, restore
from connector.catalogue.store import Catalogue
from connector.catalogue.tables import NOTIFICATION_ATTEMPTS
from connector.domain.ids import Moment
from connector.domain.notification import Notification, Told
from connector.domain.states import NotificationState
from connector.errors import IllegalTransition, NotFound
from connector.ports.notification_ledger import Backlog, Disabled, NotificationLedger
from tests.builders import MORNING, TAKEN, a_notification, an_attempt
from tests.contract.catalogue.conftest import KINDS, NOW
from tests.contract.postgresql_server import PostgresqlServer
from tests.unit.services.memory_notifications import MemoryNotifications

LATER = MORNING + 5
UNTIL = MORNING + 60
GONE = Disabled(url="https://crm.example.com/calls", at=LATER, reason="it answered 410")


@pytest.fixture(params=["memory", *KINDS])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Empty = in memory; else the URL of an empty catalogue."""
    if request.param == "postgresql":
        server: PostgresqlServer = request.getfixturevalue("postgresql_server")
        fresh = server.new_database(request.getfixturevalue("migrated_database"))
        yield fresh
        server.drop(fresh)
        return
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("migrated_file"), tmp_path / "catalogue.db")
    yield f"sqlite:///{tmp_path / 'catalogue.db'}" if request.param == "sqlite" else ""


@pytest.fixture
async def nodes(place: str) -> AsyncIterator[tuple[NotificationLedger, NotificationLedger]]:
    """Two nodes, on one catalogue."""
    if not place:
        memory = MemoryNotifications(lambda: NOW)
        yield memory, memory
        return
    one, other = (Catalogue.open(place, now=lambda: NOW) for _ in range(2))
    yield one.notifications, other.notifications
    await one.close()
    await other.close()


@pytest.fixture
def ledger(nodes: tuple[NotificationLedger, NotificationLedger]) -> NotificationLedger:
    return nodes[0]


async def claimed(ledger: NotificationLedger, now: Moment = LATER, *, node: str = "here", **over: Any) -> list[str]:
    wanted: dict[str, Any] = {"limit": 100, "per_endpoint": 100, "but": ()}
    return [one.id for one in await ledger.claim(node, now, UNTIL, **(wanted | over))]


async def known(ledger: NotificationLedger, id: str = "msg_1") -> Notification:
    found = await ledger.find(id)
    assert found is not None
    return found[0]


async def listed(ledger: NotificationLedger, **over: Any) -> list[str]:
    return [one.id for one in await ledger.listed(**({"limit": 100} | over))]


async def settled(ledger: NotificationLedger, at: Moment, **ids: NotificationState) -> None:
    """Notifications that came to those ends."""
    attempt = replace(TAKEN, at=at, seconds=0.0)
    for id, state in ids.items():
        await ledger.add([a_notification(id, endpoint=f"of {id}")])
        if state is NotificationState.DELIVERED:
            await ledger.delivered(id, attempt)
        elif state is NotificationState.DEAD:
            await ledger.failed(id, attempt, next_at=None)
        else:
            await ledger.cancel(f"of {id}", "it left the configuration")


async def test_what_was_added_is_found_whole_and_never_changes_by_being_added_again(ledger: NotificationLedger) -> None:
    one = a_notification(destination="archive", told=Told.AVAILABLE, recording_id="r")
    other = a_notification("msg_2")
    assert await ledger.add([one, one]) == 1
    assert await ledger.add([replace(one, body="{}"), other]) == 1
    assert await ledger.add([]) == 0
    assert await ledger.find("msg_1") == (one, [])
    assert await ledger.find("msg_2") == (other, [])
    assert await ledger.find("msg_3") is None


async def test_a_claim_gives_what_is_due_the_longest_first(ledger: NotificationLedger) -> None:
    moments = {"c": MORNING + 3, "a": MORNING + 1, "late": LATER + 0.1, "b": MORNING + 2, "now": LATER}
    await ledger.add([a_notification(name, next_at=at) for name, at in moments.items()])
    assert await claimed(ledger) == ["a", "b", "c", "now"]


async def test_a_claim_gives_the_whole_notification(ledger: NotificationLedger) -> None:
    await ledger.add([a_notification()])
    assert await ledger.claim("here", LATER, UNTIL, limit=1, per_endpoint=1, but=()) == [a_notification()]


async def test_no_more_than_the_limit_is_claimed_and_the_rest_comes_with_the_next_claim(
    ledger: NotificationLedger,
) -> None:
    await ledger.add([a_notification(f"msg_{n}", endpoint=f"endpoint-{n % 2}", next_at=MORNING + n) for n in range(5)])
    assert await claimed(ledger, limit=3) == ["msg_0", "msg_1", "msg_2"]
    assert await claimed(ledger, limit=3) == ["msg_3", "msg_4"]
    assert await claimed(ledger, limit=3) == []


async def test_an_endpoint_with_much_to_hear_leaves_room_for_the_others(ledger: NotificationLedger) -> None:
    await ledger.add([a_notification(f"crm_{n}") for n in range(9)])
    await ledger.add([a_notification(f"shop_{n}", endpoint="shop", next_at=MORNING + 1) for n in range(9)])
    assert await claimed(ledger, per_endpoint=2) == ["crm_0", "crm_1", "shop_0", "shop_1"]
    assert await claimed(ledger, per_endpoint=2, but=["crm"]) == ["shop_2", "shop_3"]
    assert await claimed(ledger, per_endpoint=2, but=["crm", "shop", "nobody"]) == []
    assert await claimed(ledger, per_endpoint=2) == ["crm_2", "crm_3", "shop_4", "shop_5"]


async def test_thousands_of_endpoints_can_be_left_out(ledger: NotificationLedger) -> None:
    await ledger.add([a_notification(), a_notification("other", endpoint="endpoint-7")])
    assert await claimed(ledger, but=[f"endpoint-{n}" for n in range(3000)]) == ["msg_1"]


async def test_of_one_recording_and_endpoint_only_the_first_that_waits_is_claimed(ledger: NotificationLedger) -> None:
    first, second, third = (a_notification(name, recording_id="r") for name in "abc")
    elsewhere = a_notification("elsewhere", recording_id="r", endpoint="shop")
    # The later one is due before the first, and still waits for it.
    await ledger.add([replace(first, next_at=LATER), second, third, elsewhere])
    assert await claimed(ledger, MORNING) == ["elsewhere"]
    assert await claimed(ledger) == ["a"]
    assert await claimed(ledger) == [], "being sent is not delivered"
    await ledger.failed("a", an_attempt(), next_at=LATER + 1)
    assert await claimed(ledger) == [], "and neither is failed once"
    assert await claimed(ledger, LATER + 1) == ["a"]
    await ledger.delivered("a", TAKEN)
    assert await claimed(ledger) == ["b"]
    await ledger.failed("b", an_attempt(), next_at=None)
    assert await claimed(ledger) == ["c"], "a dead one holds nobody back"


async def test_what_is_of_no_recording_waits_for_nobody(ledger: NotificationLedger) -> None:
    await ledger.add([a_notification(name, recording_id="", told=Told.TEST) for name in "ab"])
    assert await claimed(ledger) == ["a", "b"]


async def test_what_one_node_holds_no_other_gets_until_its_claim_is_over(
    nodes: tuple[NotificationLedger, NotificationLedger],
) -> None:
    one, other = nodes
    await one.add([a_notification()])
    assert await claimed(one) == ["msg_1"]
    assert await claimed(other, node="there") == []
    assert await claimed(one) == [], "nor does the same node get it twice"
    assert await claimed(other, UNTIL - 0.1, node="there") == []
    assert await claimed(other, UNTIL, node="there") == ["msg_1"]


async def test_two_nodes_that_claim_at_once_never_get_the_same(
    nodes: tuple[NotificationLedger, NotificationLedger],
) -> None:
    one, other = nodes
    added = {f"msg_{n}" for n in range(60)}
    await one.add([a_notification(id, endpoint=f"endpoint-{int(id[4:]) % 3}") for id in sorted(added)])
    held: list[str] = []
    while len(held) < 60:
        async with asyncio.TaskGroup() as group:
            claims = [
                group.create_task(claimed(ledger, node=node, limit=7, per_endpoint=3))
                for ledger, node in ((one, "here"), (other, "there"))
                for _ in range(2)
            ]
        got = [id for claim in claims for id in claim.result()]
        assert got, "while something is free, somebody gets it"
        held += got
    assert len(held) == len(set(held))
    assert set(held) == added


async def test_what_was_not_tried_is_given_back_and_counts_nothing(ledger: NotificationLedger) -> None:
    await ledger.add([a_notification(f"msg_{n}") for n in range(3)])
    await claimed(ledger)
    await ledger.unclaim("here", ["msg_0", "msg_2", "nobody's"])
    await ledger.unclaim("here", [])
    await ledger.unclaim("there", ["msg_1"])
    assert await claimed(ledger, node="there") == ["msg_0", "msg_2"]
    assert (await known(ledger, "msg_0")).attempts == 0


async def test_a_node_that_died_gets_back_all_that_it_held_and_nothing_of_another(ledger: NotificationLedger) -> None:
    await ledger.add([a_notification(f"msg_{n}") for n in range(3)])
    assert await claimed(ledger, limit=1, node="there") == ["msg_0"]
    assert await claimed(ledger) == ["msg_1", "msg_2"]
    await ledger.unclaim("here")
    assert await claimed(ledger) == ["msg_1", "msg_2"]


async def test_a_delivered_one_is_settled_with_its_try(ledger: NotificationLedger) -> None:
    await ledger.add([a_notification()])
    await claimed(ledger)
    await ledger.failed("msg_1", an_attempt(status=None, reason="it did not answer in 15 s"), next_at=LATER)
    await ledger.delivered("msg_1", replace(TAKEN, is_fallback=True))
    assert await ledger.find("msg_1") == (
        a_notification(state=NotificationState.DELIVERED, attempts=2, next_at=LATER),
        [an_attempt(status=None, reason="it did not answer in 15 s"), replace(TAKEN, is_fallback=True)],
    )
    assert await claimed(ledger, UNTIL + 1e6) == []
    assert await ledger.endpoints_waiting() == set()


async def test_a_failed_one_is_free_again_and_waits_until_its_moment(ledger: NotificationLedger) -> None:
    await ledger.add([a_notification()])
    await claimed(ledger)
    await ledger.failed("msg_1", an_attempt(), next_at=LATER + 5)
    assert await ledger.find("msg_1") == (
        a_notification(attempts=1, next_at=LATER + 5, reason="it answered 500"),
        [an_attempt()],
    )
    assert await claimed(ledger, LATER + 4) == []
    assert await claimed(ledger, LATER + 5) == ["msg_1"]


async def test_with_its_last_try_it_is_dead(ledger: NotificationLedger) -> None:
    await ledger.add([a_notification()])
    await ledger.failed("msg_1", an_attempt(), next_at=None)
    assert await known(ledger) == a_notification(state=NotificationState.DEAD, attempts=1, reason="it answered 500")
    assert await claimed(ledger, UNTIL) == []


async def test_a_try_of_what_does_not_wait_changes_nothing(ledger: NotificationLedger) -> None:
    await ledger.add([a_notification()])
    await ledger.cancel("crm", "it left the configuration")
    before = await ledger.find("msg_1")
    with pytest.raises(IllegalTransition, match="msg_1 is cancelled"):
        await ledger.delivered("msg_1", TAKEN)
    with pytest.raises(IllegalTransition, match="msg_1 is cancelled"):
        await ledger.failed("msg_1", an_attempt(), next_at=UNTIL)
    assert await ledger.find("msg_1") == before


async def test_what_nobody_knows_is_not_found(ledger: NotificationLedger) -> None:
    with pytest.raises(NotFound, match="msg_9"):
        await ledger.delivered("msg_9", TAKEN)
    with pytest.raises(NotFound, match="msg_9"):
        await ledger.failed("msg_9", an_attempt(), next_at=None)
    with pytest.raises(NotFound, match="msg_9"):
        await ledger.listed(limit=9, before="msg_9")


async def test_the_log_keeps_the_last_fifty_tries_past_a_replay(ledger: NotificationLedger) -> None:
    await ledger.add([a_notification()])
    for number in range(30):
        await ledger.failed("msg_1", an_attempt(at=LATER + number), next_at=LATER)
    await ledger.failed("msg_1", an_attempt(at=LATER + 30), next_at=None)
    await ledger.replay(["msg_1"], LATER)
    for number in range(31, 55):
        await ledger.failed("msg_1", an_attempt(at=LATER + number), next_at=LATER)
    found = await ledger.find("msg_1")
    assert found is not None
    assert found[0].attempts == 24, "as if never tried before the replay"
    assert [attempt.at - LATER for attempt in found[1]] == list(range(5, 55))


async def test_when_an_endpoint_answers_again_all_that_waits_for_it_is_due(ledger: NotificationLedger) -> None:
    await ledger.add([a_notification(f"msg_{n}", next_at=MORNING + n * 1000) for n in range(3)])
    await ledger.add([a_notification("shop", endpoint="shop", next_at=MORNING + 1000)])
    assert await claimed(ledger) == ["msg_0"]
    assert await ledger.hurry("crm", LATER) == 2
    assert await ledger.hurry("nobody", LATER) == 0
    assert await claimed(ledger) == ["msg_1", "msg_2"]
    assert (await known(ledger, "shop")).next_at == MORNING + 1000


async def test_what_waits_for_too_long_is_given_up(ledger: NotificationLedger) -> None:
    await ledger.add([a_notification(name, created_at=MORNING + age) for name, age in (("a", 0), ("b", 9), ("c", 10))])
    await ledger.add([a_notification("shop", endpoint="shop")])
    assert await ledger.give_up("crm", MORNING + 10, "nobody answered for 75 h") == 2
    dead = {"state": NotificationState.DEAD, "reason": "nobody answered for 75 h"}
    assert await known(ledger, "a") == a_notification("a", **dead)
    assert await listed(ledger, states=[NotificationState.DEAD]) == ["b", "a"]
    assert await claimed(ledger) == ["c", "shop"]


async def test_what_is_replayed_has_waited_since_then_only(ledger: NotificationLedger) -> None:
    await ledger.add([a_notification("a")])
    await ledger.failed("a", an_attempt(), next_at=None)
    await ledger.replay(["a"], LATER)
    assert await ledger.give_up("crm", LATER, "nobody answered") == 0
    assert await ledger.give_up("crm", LATER + 1, "nobody answered") == 1


async def test_a_trial_that_failed_is_no_loss_and_leaves_the_list(ledger: NotificationLedger) -> None:
    await ledger.add([a_notification("a", told=Told.TEST), a_notification("b")])
    for id in ("a", "b"):
        await ledger.failed(id, an_attempt(), next_at=None)
    assert {name: backlog.dead for name, backlog in (await ledger.backlogs()).items()} == {"crm": 1}
    assert await ledger.forget(UNTIL, 9) == 1
    assert await listed(ledger) == ["b"]


async def test_a_try_at_two_addresses_counts_once_and_is_logged_twice(ledger: NotificationLedger) -> None:
    await ledger.add([a_notification()])
    tries = [an_attempt(), an_attempt(status=503, reason="it answered 503", is_fallback=True)]
    await ledger.failed("msg_1", *tries, next_at=LATER + 5)
    assert await known(ledger) == a_notification(attempts=1, reason="it answered 503", next_at=LATER + 5)
    await ledger.delivered("msg_1", an_attempt(), TAKEN)
    found = await ledger.find("msg_1")
    assert found is not None
    assert list(found[1]) == [*tries, an_attempt(), TAKEN]
    assert found[0].attempts == 2


async def test_what_waits_for_an_endpoint_that_left_is_cancelled_and_settled_ones_stay(
    ledger: NotificationLedger,
) -> None:
    await ledger.add([a_notification(name) for name in "abc"])
    await ledger.add([a_notification("shop", endpoint="shop")])
    await ledger.delivered("a", TAKEN)
    await claimed(ledger, limit=1)
    assert await ledger.cancel("crm", "it left the configuration") == 2
    assert await ledger.cancel("crm", "it left the configuration") == 0
    cancelled = {"state": NotificationState.CANCELLED, "reason": "it left the configuration"}
    assert await known(ledger, "b") == a_notification("b", **cancelled)
    assert (await known(ledger, "a")).state is NotificationState.DELIVERED
    assert await ledger.endpoints_waiting() == {"shop"}


async def test_endpoints_are_waited_for_as_long_as_anything_waits(ledger: NotificationLedger) -> None:
    assert await ledger.endpoints_waiting() == set()
    await ledger.add([a_notification(f"{name}{n}", endpoint=name) for name in ("crm", "shop", "Zoé") for n in range(3)])
    assert await ledger.endpoints_waiting() == {"crm", "shop", "Zoé"}
    for number in range(3):
        await ledger.delivered(f"shop{number}", TAKEN)
    assert await ledger.endpoints_waiting() == {"crm", "Zoé"}


async def test_an_endpoint_that_is_gone_is_remembered_and_hears_no_more(ledger: NotificationLedger) -> None:
    await ledger.add([a_notification(), a_notification("shop", endpoint="shop")])
    await ledger.disable("crm", GONE)
    assert await ledger.disabled() == {"crm": GONE}
    assert (await known(ledger)).state is NotificationState.CANCELLED
    assert (await known(ledger)).reason == "it answered 410"
    assert await claimed(ledger) == ["shop"]
    again = replace(GONE, url="https://crm.example.com/other")
    await ledger.disable("crm", again)
    assert await ledger.disabled() == {"crm": again}
    await ledger.enable("crm")
    await ledger.enable("nobody")
    assert await ledger.disabled() == {}


async def test_the_list_has_the_newest_first_and_goes_on_behind_its_last(ledger: NotificationLedger) -> None:
    await ledger.add([a_notification(f"msg_{n}", created_at=MORNING - n) for n in range(5)])
    assert await listed(ledger, limit=2) == ["msg_4", "msg_3"]
    assert await listed(ledger, limit=2, before="msg_3") == ["msg_2", "msg_1"]
    assert await listed(ledger, limit=2, before="msg_1") == ["msg_0"]
    assert await listed(ledger, limit=2, before="msg_0") == []


async def test_the_list_can_be_of_some_states_an_endpoint_and_a_recording(ledger: NotificationLedger) -> None:
    await ledger.add(
        [a_notification(f"{name}{n}", endpoint=name, recording_id=f"r{n}") for name in "ab" for n in (1, 2)]
    )
    await ledger.delivered("a1", TAKEN)
    await ledger.failed("b2", an_attempt(), next_at=None)
    assert await listed(ledger, endpoint="a") == ["a2", "a1"]
    assert await listed(ledger, recording_id="r2") == ["b2", "a2"]
    assert await listed(ledger, states={NotificationState.DELIVERED, NotificationState.DEAD}) == ["b2", "a1"]
    assert await listed(ledger, states={NotificationState.WAITING}, endpoint="b", recording_id="r1") == ["b1"]
    assert await listed(ledger, endpoint="a", before="a2") == ["a1"]


async def test_the_list_can_be_of_an_organisation_and_a_call(ledger: NotificationLedger) -> None:
    await ledger.add([a_notification(f"{own}{n}", organisation=own, call_id=f"c{n}") for own in "xy" for n in (1, 2)])
    assert await listed(ledger, organisation="x") == ["x2", "x1"]
    assert await listed(ledger, call_id="c2") == ["y2", "x2"]
    assert await listed(ledger, organisation="y", call_id="c1") == ["y1"]
    assert await listed(ledger, organisation="") == []
    assert await listed(ledger, organisation=None, limit=9) == ["y2", "y1", "x2", "x1"]
    assert await listed(ledger, organisation="x", before="y1") == ["x2", "x1"]


async def test_a_replayed_one_is_sent_as_if_never_tried(ledger: NotificationLedger) -> None:
    states = {"a": NotificationState.DELIVERED, "b": NotificationState.DEAD, "c": NotificationState.CANCELLED}
    await settled(ledger, LATER, **states)
    await ledger.add([a_notification("d", next_at=UNTIL)])
    await ledger.failed("d", an_attempt(), next_at=UNTIL)
    assert await ledger.replay(["d", "c", "b", "a", "a", "nobody's"], LATER) == 3
    assert await ledger.replay([], LATER) == 0
    assert await claimed(ledger) == ["a", "b", "c"]
    assert await known(ledger, "b") == a_notification("b", endpoint="of b", next_at=LATER)
    assert (await known(ledger, "d")).attempts == 1, "one that waits stays as it is"


async def test_thousands_can_be_replayed_at_once(ledger: NotificationLedger) -> None:
    ids = [f"msg_{n}" for n in range(1200)]
    assert await ledger.add([a_notification(id) for id in ids]) == 1200
    await ledger.give_up("crm", UNTIL, "nobody answered")
    assert await ledger.replay(ids, LATER) == 1200
    assert await ledger.backlogs() == {"crm": Backlog(waiting=1200, oldest_at=MORNING)}


async def test_a_replayed_one_goes_before_the_later_ones_of_its_recording(ledger: NotificationLedger) -> None:
    await ledger.add([a_notification(name, recording_id="r") for name in "ab"])
    assert await claimed(ledger) == ["a"]
    await ledger.failed("a", an_attempt(), next_at=None)
    await ledger.replay(["a"], LATER)
    assert await claimed(ledger) == ["a"]


async def test_a_backlog_counts_what_waits_and_what_is_dead(ledger: NotificationLedger) -> None:
    assert await ledger.backlogs() == {}
    await settled(ledger, LATER, a=NotificationState.DELIVERED, b=NotificationState.CANCELLED)
    await settled(ledger, LATER, c=NotificationState.DEAD)
    await ledger.add([a_notification(f"msg_{n}", created_at=MORNING + 2 - n) for n in range(3)])
    await ledger.failed("msg_2", an_attempt(), next_at=None)
    assert await ledger.backlogs() == {
        "of c": Backlog(dead=1),
        "crm": Backlog(waiting=2, dead=1, oldest_at=MORNING + 1),
    }


async def test_what_was_settled_long_ago_is_forgotten_in_slices_but_never_the_dead(ledger: NotificationLedger) -> None:
    await settled(ledger, MORNING, **{f"old_{n}": NotificationState.DELIVERED for n in range(3)})
    await settled(ledger, MORNING, dead=NotificationState.DEAD)
    await settled(ledger, NOW, fresh=NotificationState.DELIVERED, cancelled=NotificationState.CANCELLED)
    await ledger.add([a_notification("waits")])
    assert await ledger.forget(NOW, 2) == 2
    assert await ledger.forget(NOW, 2) == 1
    assert await ledger.forget(NOW, 2) == 0
    assert await listed(ledger) == ["waits", "cancelled", "fresh", "dead"]
    assert await ledger.forget(NOW + 0.1, 9) == 2, "what was cancelled is old enough one day, too"
    assert await listed(ledger) == ["waits", "dead"]


async def test_what_was_replayed_is_not_forgotten(ledger: NotificationLedger) -> None:
    await settled(ledger, MORNING, msg_1=NotificationState.DELIVERED)
    await ledger.replay(["msg_1"], LATER)
    assert await ledger.forget(UNTIL, 9) == 0


async def test_a_forgotten_one_can_be_added_again_and_its_tries_are_forgotten_with_it(catalogue: Catalogue) -> None:
    await settled(catalogue.notifications, MORNING, msg_1=NotificationState.DELIVERED)
    await catalogue.notifications.forget(UNTIL, 9)
    count = select(func.count()).select_from(NOTIFICATION_ATTEMPTS)
    assert await catalogue.database.read(lambda connection: connection.execute(count).scalar_one()) == 0
    assert await catalogue.notifications.add([a_notification()]) == 1


async def test_the_outbox_comes_back_from_a_backup(url: str, tmp_path: Path) -> None:
    (state := tmp_path / "state").mkdir()
    catalogue = Catalogue.open(url)
    await catalogue.notifications.add([a_notification(), a_notification("shop", endpoint="shop")])
    await catalogue.notifications.failed("msg_1", an_attempt(), next_at=LATER)
    await catalogue.notifications.disable("shop", GONE)
    before = await catalogue.notifications.find("msg_1")
    await asyncio.to_thread(backup, url, state, tmp_path / "backup.tar.gz")
    await catalogue.notifications.enable("shop")
    await catalogue.notifications.delivered("msg_1", TAKEN)
    await catalogue.close()

    await asyncio.to_thread(restore, tmp_path / "backup.tar.gz", url, state, force=True)
    catalogue = Catalogue.open(url)
    assert await catalogue.notifications.find("msg_1") == before
    assert await catalogue.notifications.disabled() == {"shop": GONE}
    assert await catalogue.notifications.add([a_notification("msg_2")]) == 1, "and goes on counting"
    assert await listed(catalogue.notifications) == ["msg_2", "shop", "msg_1"]
    await catalogue.close()


@pytest.fixture
async def watched(
    tmp_path: Path, migrated_file: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[tuple[NotificationLedger, list[str]]]:
    """A ledger in an SQLite file, and a growing list of how it asked the file."""
    shutil.copy(migrated_file, tmp_path / "catalogue.db")
    catalogue = Catalogue.open(f"sqlite:///{tmp_path / 'catalogue.db'}", now=lambda: NOW)
    asked: list[str] = []

    def noted(way: str) -> Callable[[Any], Any]:
        real = getattr(catalogue.database, way)

        def noting(work: Any) -> Any:
            asked.append(way)
            return real(work)

        return noting

    for way in ("read", "write"):
        monkeypatch.setattr(catalogue.database, way, noted(way))
    yield catalogue.notifications, asked
    await catalogue.close()


async def test_where_nothing_is_due_a_claim_asks_the_file_nothing_until_something_is(
    watched: tuple[NotificationLedger, list[str]],
) -> None:
    ledger, asked = watched
    await ledger.add([a_notification(next_at=LATER + 10), a_notification("shop", endpoint="shop")])
    assert await claimed(ledger, but=["shop"]) == []
    assert "write" not in asked[1:], "to find nothing takes no lock"
    asked.clear()
    assert await claimed(ledger, LATER + 9, but=["shop"]) == []
    assert await claimed(ledger, LATER + 9, but=["shop", "another"]) == []
    assert asked == []
    assert await claimed(ledger, LATER + 9) == ["shop"], "it was left out, and is no more"
    assert await claimed(ledger, LATER + 9) == []
    assert await claimed(ledger, LATER + 10) == ["msg_1"]


async def test_a_claim_that_nobody_gives_back_is_free_again_though_nobody_wrote(
    watched: tuple[NotificationLedger, list[str]],
) -> None:
    ledger, _ = watched
    await ledger.add([a_notification()])
    assert await claimed(ledger) == ["msg_1"]
    assert await claimed(ledger) == []
    assert await claimed(ledger, UNTIL) == ["msg_1"]


async def test_what_another_process_adds_is_claimed_at_once(
    watched: tuple[NotificationLedger, list[str]], tmp_path: Path
) -> None:
    ledger, _ = watched
    assert await claimed(ledger) == []
    other = Catalogue.open(f"sqlite:///{tmp_path / 'catalogue.db'}")
    await other.notifications.add([a_notification()])
    await other.close()
    assert await claimed(ledger) == ["msg_1"]


@pytest.fixture
def statements() -> Iterator[list[tuple[str, Any]]]:
    """A growing list of all statements with their values."""
    found: list[tuple[str, Any]] = []

    def noting(_connection: Any, _cursor: Any, statement: str, values: Any, _context: Any, many: bool) -> None:
        found.append((statement, values[0] if many else values))

    event.listen(Engine, "before_cursor_execute", noting)
    yield found
    event.remove(Engine, "before_cursor_execute", noting)


async def test_nothing_that_is_done_often_looks_at_every_row(
    tmp_path: Path, migrated_file: Path, statements: list[tuple[str, Any]]
) -> None:
    file = tmp_path / "catalogue.db"
    shutil.copy(migrated_file, file)
    catalogue = Catalogue.open(f"sqlite:///{file}", now=lambda: NOW)
    ledger = catalogue.notifications
    await ledger.add([a_notification(f"msg_{n}", recording_id="r") for n in range(3)])
    assert await claimed(ledger, but=["shop"]) == ["msg_0"]
    assert await claimed(ledger, but=["shop"]) == []
    await ledger.unclaim("here")
    await ledger.unclaim("here", ["msg_0"])
    await ledger.delivered("msg_0", TAKEN)
    await ledger.failed("msg_1", an_attempt(), next_at=UNTIL)
    await ledger.endpoints_waiting()
    await ledger.hurry("crm", LATER)
    await ledger.give_up("crm", MORNING, "nobody answered")
    await ledger.backlogs()
    await ledger.forget(UNTIL, 100)
    await ledger.cancel("crm", "it left the configuration")
    await catalogue.close()
    with closing(sqlite3.connect(file)) as connection:
        plans = [
            step[3]
            for statement, values in statements
            if not statement.startswith("BEGIN")
            for step in connection.execute(f"EXPLAIN QUERY PLAN {statement}", values)
        ]
    looked = [step for step in plans if step.startswith(("SCAN", "SEARCH"))]
    assert len(looked) > 20
    assert [step for step in looked if step.startswith("SCAN") and "endpoints" not in step] == []
    for wanted in (
        "(state=? AND endpoint>?)",
        "(state=? AND endpoint=? AND next_at<?)",
        "(state=? AND endpoint=? AND next_at>?)",
        "(recording_id=? AND endpoint=? AND rowid<?)",
        "(state=? AND settled_at<?)",
    ):
        assert any(step.endswith(wanted) for step in looked), wanted
