"""What every engine promises, run on memory, DBOS on SQLite and DBOS on PostgreSQL."""

import asyncio
import logging
import threading

import pytest

from connector.domain.decision import Due
from connector.errors import DestinationUnreachable, EngineStopped, UnknownWork
from tests.contract.engine.conftest import Place
from tests.contract.engine.diary import Diary, settled

STEPS = ("collect", "encode", "store")


def work(subject: str, *, kind: str = "ship", attempt: int = 1, node: str | None = None) -> Due:
    return Due(kind=kind, subject=subject, attempt=attempt, node=node, at=0.0)


async def test_the_steps_of_every_piece_of_work_run_once_and_in_order(place: Place) -> None:
    diary = Diary()
    engine = await place.started({"ship": diary.plan(*STEPS), "remove": diary.plan("remove")})
    subjects = [f"recording-{number}" for number in range(10)]
    for subject in subjects:
        await engine.enqueue(work(subject))
    await engine.enqueue(work("old", kind="remove"))
    await diary.until_ended("store", *subjects)
    await diary.until_ended("remove", "old")
    await settled(engine)
    assert {subject: diary.of(subject) for subject in subjects} == {key: list(STEPS) for key in subjects}
    assert diary.of("old") == ["remove"]


async def test_the_same_id_is_nothing_new_neither_before_nor_after_its_end(place: Place) -> None:
    diary = Diary()
    diary.gates["collect"].clear()
    engine = await place.started({"ship": diary.plan(*STEPS)})
    for _ in range(3):
        await engine.enqueue(work("one"))
    assert await engine.unfinished() == 1
    diary.gates["collect"].set()
    await diary.until_ended("store", "one")
    await settled(engine)
    await engine.enqueue(work("one"))
    assert await engine.unfinished() == 0
    await engine.enqueue(work("two"))
    await diary.until_ended("store", "two")
    assert diary.of("one") == list(STEPS)


async def test_another_attempt_is_other_work(place: Place) -> None:
    diary = Diary()
    engine = await place.started({"ship": diary.plan("store")})
    for attempt in (1, 2):
        await engine.enqueue(work("one", attempt=attempt))
    await diary.until(lambda: len(diary.ended) == 2)
    assert sorted(diary.ended) == [("store", "one", 1), ("store", "one", 2)]


@pytest.mark.parametrize("error", [DestinationUnreachable("bucket 'b' is away"), TimeoutError(), RuntimeError("a bug")])
async def test_a_step_that_raises_ends_its_work_and_no_other(place: Place, error: Exception) -> None:
    diary = Diary()
    diary.errors["encode", "bad"] = error
    engine = await place.started({"ship": diary.plan(*STEPS)})
    await engine.enqueue(work("bad"))
    await engine.enqueue(work("good"))
    await diary.until_ended("store", "good")
    await settled(engine)
    assert diary.of("bad") == ["collect", "encode"]
    await engine.enqueue(work("bad"))
    assert await engine.unfinished() == 0


async def test_an_expected_failure_is_no_noise_and_a_bug_is(place: Place, caplog: pytest.LogCaptureFixture) -> None:
    diary = Diary()
    diary.errors["store", "away"] = DestinationUnreachable("bucket 'b' is away")
    diary.errors["store", "bug"] = RuntimeError("a bug")
    engine = await place.started({"ship": diary.plan("store")})
    with caplog.at_level(logging.INFO):
        await engine.enqueue(work("away"))
        await diary.until(lambda: diary.of("away"))
        await settled(engine)
        assert not [record for record in caplog.records if record.levelno >= logging.WARNING]
        await engine.enqueue(work("bug"))
        await diary.until(lambda: diary.of("bug"))
        await settled(engine)
    broken = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert [(record.getMessage(), vars(record)["subject"]) for record in broken] == [("step broke", "bug")]


async def test_work_without_a_plan_is_refused(place: Place) -> None:
    engine = await place.started({"ship": Diary().plan("store")})
    with pytest.raises(UnknownWork, match="'sing'"):
        await engine.enqueue(work("one", kind="sing"))
    assert await engine.unfinished() == 0


async def test_an_engine_that_does_not_run_takes_nothing(place: Place) -> None:
    plans = {"ship": Diary().plan("store")}
    engine = await place.started(plans)
    await engine.drain(1)
    with pytest.raises(EngineStopped):
        await engine.enqueue(work("one"))


async def test_what_is_queued_costs_neither_threads_nor_tasks(place: Place) -> None:
    diary = Diary()
    diary.gates["collect"].clear()
    engine = await place.started({"ship": diary.plan(*STEPS)}, concurrency=4)
    await engine.enqueue(work("first"))
    await diary.until(lambda: diary.of("first"))
    threads_before, tasks_before = threading.active_count(), len(asyncio.all_tasks())
    for number in range(400):
        await engine.enqueue(work(f"recording-{number}"))
    await diary.until(lambda: diary.at_once == 4)
    assert await engine.unfinished() == 401
    assert threading.active_count() <= threads_before + 16
    assert len(asyncio.all_tasks()) <= tasks_before + 2 * 4
    assert diary.most_at_once == 4


async def test_draining_waits_for_the_end_of_a_step_and_the_next_start_goes_on(place: Place) -> None:
    diary = Diary()
    diary.gates["encode"].clear()
    engine = await place.started({"ship": diary.plan(*STEPS)})
    await engine.enqueue(work("one"))
    await diary.until(lambda: diary.of("one") == ["collect", "encode"])
    draining = asyncio.create_task(engine.drain(15))
    await asyncio.sleep(0)
    diary.gates["encode"].set()
    await draining
    assert diary.of("one") == ["collect", "encode"]
    again = await place.started({"ship": diary.plan(*STEPS)})
    await diary.until_ended("store", "one")
    await settled(again)
    after = STEPS if place.begins_again else STEPS[2:]
    assert diary.of("one") == [*STEPS[:2], *after]


async def test_of_given_work_it_says_what_is_not_over(place: Place) -> None:
    diary = Diary()
    diary.gates["wait"].clear()
    engine = await place.started({"ship": diary.plan("store"), "wait": diary.plan("wait")}, concurrency=1)
    await engine.enqueue(work("over"))
    await diary.until_ended("store", "over")
    await settled(engine)
    await engine.enqueue(work("at hand", kind="wait"))
    await engine.enqueue(work("queued", attempt=3))
    await diary.until(lambda: diary.of("at hand"))
    asked = [work("over"), work("at hand", kind="wait"), work("queued", attempt=3), work("queued"), work("unknown")]
    assert await engine.unfinished_of([due.id for due in asked]) == {"wait/at hand/1", "ship/queued/3"}
    assert await engine.unfinished_of([]) == set()
    diary.gates["wait"].set()
    await diary.until_ended("store", "queued")
    await settled(engine)
    assert await engine.unfinished_of([due.id for due in asked]) == set()


async def test_what_outlasts_the_drain_time_is_cut_off_and_runs_again(place: Place) -> None:
    diary = Diary()
    diary.gates["encode"].clear()
    engine = await place.started({"ship": diary.plan(*STEPS)})
    await engine.enqueue(work("one"))
    await diary.until(lambda: diary.of("one") == ["collect", "encode"])
    await engine.drain(0.05)
    assert diary.at_once == 0
    diary.gates["encode"].set()
    await place.started({"ship": diary.plan(*STEPS)})
    await diary.until_ended("store", "one")
    after = STEPS if place.begins_again else STEPS[1:]
    assert diary.of("one") == [*STEPS[:2], *after]


async def test_what_was_queued_when_the_engine_stopped_runs_after_the_next_start(place: Place) -> None:
    diary = Diary()
    diary.gates["collect"].clear()
    engine = await place.started({"ship": diary.plan(*STEPS)}, concurrency=1)
    subjects = [f"recording-{number}" for number in range(5)]
    for subject in subjects:
        await engine.enqueue(work(subject))
    await diary.until(lambda: diary.at_once == 1)
    await engine.drain(0)
    diary.gates["collect"].set()
    again = await place.started({"ship": diary.plan(*STEPS)}, concurrency=1)
    await diary.until_ended("store", *subjects)
    await settled(again)


async def test_finished_work_is_forgotten_and_the_rest_is_not(place: Place) -> None:
    diary = Diary()
    diary.errors["store", "bad"] = DestinationUnreachable("away")
    engine = await place.started({"ship": diary.plan("store"), "wait": diary.plan("wait")})
    diary.gates["wait"].clear()
    for due in (work("good"), work("bad"), work("waits", kind="wait")):
        await engine.enqueue(due)
    await diary.until(lambda: len(diary.entries) == 3)
    async with asyncio.timeout(20):
        while await engine.unfinished() > 1:
            pass
    assert await engine.forget_finished(3600) == 0
    assert await engine.forget_finished(0) == 2
    assert await engine.forget_finished(0) == 0
    assert await engine.unfinished() == 1
    await engine.enqueue(work("good"))
    await diary.until(lambda: diary.of("good") == ["store", "store"])
