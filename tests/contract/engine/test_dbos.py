"""What DBOS alone must keep: its store, its place in the process, old plans under a new version, nodes of their own."""

import asyncio
import json
import logging
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest

from connector.domain.decision import Due
from connector.engine.dbos import DbosEngine
from connector.errors import CatalogueUnavailable, ConfigError, EngineStopped
from tests.contract.engine.conftest import Place
from tests.contract.engine.diary import Diary, settled
from tests.unit.processes import ROOT


@pytest.fixture
async def sqlite_place(sqlite_url: str) -> AsyncIterator[Place]:
    place = Place("sqlite", sqlite_url)
    yield place
    await place.close()


def work(subject: str, kind: str = "ship", node: str | None = None) -> Due:
    return Due(kind=kind, subject=subject, node=node, at=0.0)


def file_of(place: Place) -> Path:
    return Path(place.url.removeprefix("sqlite:///"))


def rows(place: Place, query: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(file_of(place))) as connection:
        return connection.execute(query).fetchall()


async def test_the_file_is_in_wal_mode_and_syncs_at_checkpoints_only(sqlite_place: Place) -> None:
    engine = await sqlite_place.started({})
    assert isinstance(engine, DbosEngine)
    store = engine._store.connections
    assert store is not None
    with store.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 1


async def test_the_store_holds_json_a_pinned_version_and_the_dues_id(sqlite_place: Place) -> None:
    diary = Diary()
    engine = await sqlite_place.started({"ship": diary.plan("encode", "store")})
    await engine.enqueue(work("one"))
    await diary.until_ended("store", "one")
    await settled(engine)
    await engine.drain(1)
    columns = "workflow_uuid, application_version, executor_id, serialization, status"
    assert rows(sqlite_place, f"SELECT {columns} FROM workflow_status") == [
        ("ship/one/1", "pipeline-1", "this machine", "portable_json", "SUCCESS")
    ]
    held = [json.loads(str(value)) for (value,) in rows(sqlite_place, "SELECT inputs FROM workflow_input")]
    assert [held_input["positionalArgs"] for held_input in held] == [["ship", ["encode", "store"], "one", 1]]
    # That a step is done stands in the catalogue.
    assert rows(sqlite_place, "SELECT count(*) FROM operation_outputs") == [(0,)]


async def test_what_is_forgotten_leaves_nothing_in_the_file(sqlite_place: Place) -> None:
    diary = Diary()
    diary.errors["store", "bad"] = RuntimeError("a bug that names a secret")
    engine = await sqlite_place.started({"ship": diary.plan("encode", "store")})
    for subject in ("good", "bad"):
        await engine.enqueue(work(subject))
    await diary.until(lambda: len(diary.entries) == 4)
    await settled(engine)
    assert b"secret" not in file_of(sqlite_place).with_suffix(".db-wal").read_bytes()
    assert await engine.forget_finished(0) == 2
    tables = {str(name) for (name,) in rows(sqlite_place, "SELECT name FROM sqlite_master WHERE type = 'table'")}
    for table in tables - {"queues", "application_versions", "dbos_migrations"}:
        assert rows(sqlite_place, f"SELECT count(*) FROM {table}") == [(0,)], table


async def test_nothing_else_in_the_process_is_disturbed(sqlite_place: Place) -> None:
    threads_before = set(threading.enumerate())
    handlers_before = list(logging.getLogger().handlers)
    diary = Diary()
    engine = await sqlite_place.started({"ship": diary.plan("store")})
    for number in range(30):
        await engine.enqueue(work(f"recording-{number}"))
    await diary.until(lambda: len(diary.ended) == 30)
    # The loop's own pool still does the loop's own work.
    assert (await asyncio.to_thread(lambda: threading.current_thread().name)).startswith("asyncio_")
    assert logging.getLogger().handlers == handlers_before
    await engine.drain(5)
    left = {thread.name for thread in set(threading.enumerate()) - threads_before if thread.is_alive()}
    assert all(name.startswith(("asyncio_", "engine_", "dbos-executor")) for name in left), left


async def test_nobody_is_called_over_the_network(sqlite_place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    called: list[object] = []
    monkeypatch.setattr(socket.socket, "connect", lambda _, address: called.append(address))
    diary = Diary()
    engine = await sqlite_place.started({"ship": diary.plan("store")})
    await engine.enqueue(work("one"))
    await diary.until_ended("store", "one")
    await engine.drain(5)
    assert called == []


async def test_work_that_was_interrupted_a_thousand_times_still_goes_on(sqlite_place: Place) -> None:
    diary = Diary()
    diary.gates["store"].clear()
    engine = await sqlite_place.started({"ship": diary.plan("store")})
    await engine.enqueue(work("one"))
    await diary.until(lambda: diary.of("one"))
    await engine.drain(0)
    with closing(sqlite3.connect(file_of(sqlite_place))) as connection, connection:
        connection.execute("UPDATE workflow_status SET recovery_attempts = 1000, status = 'PENDING'")
    diary.gates["store"].set()
    await sqlite_place.started({"ship": diary.plan("store")})
    await diary.until_ended("store", "one")


async def test_steps_run_in_the_loop_that_started_the_engine(sqlite_place: Place) -> None:
    found: list[object] = []
    done = asyncio.Event()

    async def step(subject: str, attempt: int) -> None:
        found.append(asyncio.get_running_loop())
        done.set()

    engine = await sqlite_place.started({"ship": [("step", step)]})
    await engine.enqueue(work("one"))
    async with asyncio.timeout(10):
        await done.wait()
    assert found == [asyncio.get_running_loop()]


async def test_a_new_version_finishes_what_was_queued_by_the_plan_it_was_queued_with(sqlite_place: Place) -> None:
    diary = Diary()
    diary.gates["encode"].clear()
    old = await sqlite_place.started({"ship": diary.plan("collect", "encode", "store")})
    await old.enqueue(work("one"))
    await diary.until(lambda: diary.of("one") == ["collect", "encode"])
    await old.drain(0)
    diary.gates["encode"].set()
    new = await sqlite_place.started({"ship": diary.plan("scan", "collect", "store", "encode", "verify")})
    await diary.until_ended("store", "one")
    await settled(new)
    assert diary.of("one") == ["collect", "encode", "collect", "encode", "store"]
    await new.enqueue(work("two"))
    await diary.until_ended("verify", "two")
    assert diary.of("two") == ["scan", "collect", "store", "encode", "verify"]


async def test_what_the_last_step_of_another_version_did_is_done_by_ours(sqlite_place: Place) -> None:
    diary = Diary()
    diary.gates["store"].clear()
    old = await sqlite_place.started({"ship": diary.plan("collect", "render", "store", "finish")})
    await old.enqueue(work("one"))
    await diary.until(lambda: diary.of("one") == ["collect", "render", "store"])
    draining = asyncio.create_task(old.drain(15))
    await asyncio.sleep(0)
    diary.gates["store"].set()
    await draining
    new = await sqlite_place.started({"ship": diary.plan("render", "store")})
    await settled(new)
    # Of the old plan what this version has, then its own; where it begins again it does the former once more.
    assert diary.of("one") == ["collect", "render", "store", *2 * ["render", "store"]]


async def test_what_a_dead_process_had_at_hand_runs_no_more_at_once_than_may(sqlite_place: Place) -> None:
    diary = Diary()
    diary.gates["store"].clear()
    engine = await sqlite_place.started({"ship": diary.plan("store")}, concurrency=2)
    early, late = [f"early-{number}" for number in range(6)], [f"late-{number}" for number in range(3)]
    for subject in early:
        await engine.enqueue(work(subject))
    await diary.until(lambda: diary.at_once == 2)
    await engine.drain(0)
    assert rows(sqlite_place, "SELECT DISTINCT status FROM workflow_status") == [("PENDING",)], "as a kill leaves them"
    again = await sqlite_place.started({"ship": diary.plan("store")}, concurrency=2)
    for subject in late:
        await again.enqueue(work(subject))
    async with asyncio.timeout(10):
        while rows(sqlite_place, "SELECT count(*) FROM workflow_status WHERE status = 'ENQUEUED'") != [(0,)]:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    diary.gates["store"].set()
    await diary.until_ended("store", *early, *late)
    assert diary.most_at_once == 2


async def test_a_machine_with_another_name_goes_on_with_its_work(sqlite_place: Place) -> None:
    diary = Diary()
    diary.gates["store"].clear()
    engine = await sqlite_place.started({"ship": diary.plan("store")}, node="old name")
    await engine.enqueue(work("one", node="old name"))
    await diary.until(lambda: diary.at_once == 1)
    await engine.drain(0)
    diary.gates["store"].set()
    await sqlite_place.started({"ship": diary.plan("store")}, node="new name")
    await diary.until_ended("store", "one")


async def test_what_an_earlier_version_queued_or_had_at_hand_is_done(sqlite_place: Place) -> None:
    """It gave work to a queue, and went by the node's name."""
    diary = Diary()
    diary.gates["store"].clear()
    engine = await sqlite_place.started({"ship": diary.plan("store")})
    subjects = ["queued", "queued and begun", "begun", "begun under another name"]
    for subject in subjects:
        await engine.enqueue(work(subject))
    await diary.until(lambda: diary.at_once == 4)
    await engine.drain(0)
    with closing(sqlite3.connect(file_of(sqlite_place))) as connection, connection:
        connection.execute("UPDATE workflow_status SET executor_id = 'here'")
        renamed = "UPDATE workflow_status SET executor_id = 'a third name' WHERE workflow_uuid = ?"
        connection.execute(renamed, (work("begun under another name").id,))
        queued = "UPDATE workflow_status SET queue_name = 'anybody', status = ? WHERE workflow_uuid = ?"
        connection.execute(queued, ("ENQUEUED", work("queued").id))
        connection.execute(queued, ("PENDING", work("queued and begun").id))
    diary.gates["store"].set()
    await sqlite_place.started({"ship": diary.plan("store")})
    await diary.until_ended("store", *subjects)


def names() -> list[str]:
    return [thread.name for thread in threading.enumerate()]


async def test_nothing_is_asked_while_there_is_nothing_to_do(sqlite_place: Place) -> None:
    """Each of DBOS's threads that asks a queue costs an idle machine as much as all the rest of the role."""
    diary = Diary()
    engine = await sqlite_place.started({"ship": diary.plan("store")})
    await engine.enqueue(work("one"))
    await diary.until_ended("store", "one")
    async with asyncio.timeout(10):
        while any("queue-worker" in name or "background" in name for name in names()):  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    await engine.enqueue(work("two"))
    await diary.until_ended("store", "two")


async def test_what_ended_before_the_drain_is_not_given_back(sqlite_place: Place) -> None:
    diary = Diary()
    engine = await sqlite_place.started({"ship": diary.plan("store")})
    for number in range(4):
        await engine.enqueue(work(f"recording-{number}"))
    await diary.until(lambda: len(diary.ended) == 4)
    await engine.drain(5)
    assert rows(sqlite_place, "SELECT DISTINCT status FROM workflow_status") == [("SUCCESS",)]


async def test_a_step_that_the_new_version_lacks_is_passed_over(
    sqlite_place: Place, caplog: pytest.LogCaptureFixture
) -> None:
    diary = Diary()
    diary.gates["collect"].clear()
    old = await sqlite_place.started({"ship": diary.plan("collect", "sing", "store")})
    await old.enqueue(work("one"))
    await diary.until(lambda: diary.of("one"))
    await old.drain(0)
    diary.gates["collect"].set()
    new = await sqlite_place.started({"ship": diary.plan("collect", "store")})
    await new.enqueue(work("two"))
    await diary.until_ended("store", "one", "two")
    await settled(new)
    assert diary.of("one") == ["collect", "collect", "store", "collect", "store"]
    assert [vars(record)["step"] for record in caplog.records if record.getMessage() == "step passed over"] == ["sing"]


@pytest.mark.slow
async def test_another_process_that_holds_the_lock_delays_work_and_not_the_loop(sqlite_place: Place) -> None:
    diary = Diary()
    engine = await sqlite_place.started({"ship": diary.plan("store")})
    with closing(sqlite3.connect(file_of(sqlite_place), isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        queueing = asyncio.create_task(engine.enqueue(work("one")))
        latest, longest_pause, until = time.monotonic(), 0.0, time.monotonic() + 1.0
        while (now := time.monotonic()) < until:
            longest_pause, latest = max(longest_pause, now - latest), now
            await asyncio.sleep(0)
        assert not queueing.done()
        other.execute("ROLLBACK")
    await queueing
    await diary.until_ended("store", "one")
    assert longest_pause < 0.3


async def test_a_store_that_is_away_is_said_in_our_words(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    for url in (f"sqlite:///{tmp_path}/absent/engine.db", "postgresql://somebody:secret@127.0.0.1:1/none"):
        with pytest.raises(CatalogueUnavailable) as raised:
            await DbosEngine(url, "here", 1).start({})
        assert "secret" not in str(raised.value)
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]
    # A failed start leaves the way free.
    engine = DbosEngine(f"sqlite:///{tmp_path}/engine.db", "here", 1)
    await engine.start({})
    await engine.drain(1)


async def test_two_engines_in_one_process_are_refused(sqlite_place: Place, tmp_path: Path) -> None:
    await sqlite_place.started({})
    with pytest.raises(EngineStopped, match="second"):
        await DbosEngine(f"sqlite:///{tmp_path}/other.db", "here", 1).start({})


async def test_the_vendors_cloud_mode_is_refused(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DBOS__CLOUD", "true")
    with pytest.raises(ConfigError, match="DBOS__CLOUD"):
        await DbosEngine(sqlite_url, "here", 1).start({})


def test_a_process_that_never_drained_still_ends(sqlite_url: str) -> None:
    script = (
        "import asyncio, sys\n"
        "from connector.engine.dbos import DbosEngine\n"
        "async def main():\n"
        "    await DbosEngine(sys.argv[1], 'here', 2).start({})\n"
        "asyncio.run(main())"
    )
    ended = subprocess.run([sys.executable, "-c", script, sqlite_url], cwd=ROOT, timeout=15, check=False)
    assert ended.returncode == 0


@pytest.mark.postgresql
async def test_work_of_another_node_is_left_to_it_and_does_not_count(postgresql_url: str) -> None:
    place, diary = Place("postgresql", postgresql_url), Diary()
    here = await place.started({"ship": diary.plan("store")}, node="here")
    await here.enqueue(work("theirs", node="there"))
    await here.enqueue(work("ours", node="here"))
    await here.enqueue(work("anybodys"))
    await diary.until_ended("store", "ours", "anybodys")
    await settled(here)
    await here.drain(1)
    assert diary.of("theirs") == []
    there = await place.started({"ship": diary.plan("store")}, node="there")
    await diary.until_ended("store", "theirs")
    await settled(there)
    await place.close()
