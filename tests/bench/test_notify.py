"""What the notifications' bench stands on: a receiver that counts each letter once, whole, and dead ones that are."""

import asyncio
from pathlib import Path

import pytest

from tests.bench import notify
from tests.bench.notify_receiver import Received, letter_id

LETTER = b"POST /hook HTTP/1.1\r\nHost: a\r\nWebhook-Id: msg_1\r\nContent-Length: 4\r\n\r\n"


def test_a_letter_counts_when_it_is_there_as_a_whole() -> None:
    assert letter_id(LETTER + b"{12}") == "msg_1"
    assert letter_id(LETTER + b"{12") == ""
    assert letter_id(LETTER[:-2]) == ""


def test_what_comes_twice_is_found_out_and_its_first_moment_kept() -> None:
    received = Received()
    for id, at in (("a", 1.0), ("b", 2.0), ("a", 3.0)):
        received.note(id, at)
    assert received.answer("count") == {"count": 2}
    assert received.answer("take") == {"moments": {"a": 1.0, "b": 2.0}, "again": 1}
    assert received.answer("take") == {"moments": {}, "again": 0}


@pytest.mark.slow
def test_a_small_round_arrives_whole_beside_dead_ones_of_both_kinds(tmp_path: Path) -> None:
    async def measured() -> None:
        async with notify._sending(tmp_path, notify._catalogue(tmp_path, None), dead=4) as at_work:
            rate, cpu_seconds = await at_work.burst(20, 2)
            delays = await at_work.light(20, 1)
            assert rate > 0
            assert cpu_seconds > 0
            assert (len(delays), at_work.wrong) == (20, 0)
            assert delays[0] > 0
            await notify._until(lambda: at_work.sender.ask()["down"] == 2, "the closed port to be found down")

    asyncio.run(measured())
