"""The RequestBook on both databases: of all that come under one key one acts."""

import asyncio
from dataclasses import replace

from connector.catalogue.request_rows import RequestRows
from connector.catalogue.store import Catalogue
from connector.ports.request_book import BookedRequest
from tests.builders import MORNING

ASKED = BookedRequest(id="key-1/once", digest="of the body", at=MORNING)


async def test_a_request_is_booked_once_and_its_answer_is_kept(catalogue: Catalogue) -> None:
    book = RequestRows(catalogue.database)
    assert await book.begin(ASKED) is None
    assert await book.begin(replace(ASKED, at=MORNING + 1)) == ASKED
    await book.end(ASKED.id, 202, '{"state":"open"}')
    assert await book.begin(replace(ASKED, at=MORNING + 2)) == replace(ASKED, status=202, body='{"state":"open"}')


async def test_another_request_under_the_same_key_gets_the_earlier_one(catalogue: Catalogue) -> None:
    book = RequestRows(catalogue.database)
    await book.begin(ASKED)
    assert await book.begin(replace(ASKED, digest="of another body", at=MORNING + 999)) == ASKED


async def test_another_keys_request_is_another(catalogue: Catalogue) -> None:
    book = RequestRows(catalogue.database)
    await book.begin(ASKED)
    assert await book.begin(replace(ASKED, id="key-2/once")) is None


async def test_of_several_at_once_one_acts(catalogue: Catalogue) -> None:
    book = RequestRows(catalogue.database)
    found = await asyncio.gather(*(book.begin(ASKED) for _ in range(6)))
    assert sorted(one is None for one in found) == [False] * 5 + [True]


async def test_of_several_that_take_over_a_lost_one_one_acts(catalogue: Catalogue) -> None:
    book = RequestRows(catalogue.database)
    await book.begin(ASKED)
    again = replace(ASKED, at=MORNING + 60)
    found = await asyncio.gather(*(book.begin(again) for _ in range(4)))
    assert [one for one in found if one is not None] == [again] * 3


async def test_one_under_way_is_lost_after_a_minute_an_answered_one_is_not(catalogue: Catalogue) -> None:
    book = RequestRows(catalogue.database)
    answered = replace(ASKED, id="key-1/answered")
    for one in (ASKED, answered):
        await book.begin(one)
    await book.end(answered.id, 200, "{}")
    assert await book.begin(replace(ASKED, at=MORNING + 59.9)) == ASKED
    assert await book.begin(replace(ASKED, at=MORNING + 60)) is None
    assert await book.begin(replace(answered, at=MORNING + 60)) == replace(answered, status=200, body="{}")


async def test_after_a_day_a_key_is_a_new_one_whatever_it_asks(catalogue: Catalogue) -> None:
    book = RequestRows(catalogue.database)
    await book.begin(ASKED)
    await book.end(ASKED.id, 200, "{}")
    another = replace(ASKED, digest="of another body")
    assert await book.begin(replace(another, at=MORNING + 86_399)) is not None
    assert await book.begin(replace(another, at=MORNING + 86_400)) is None


async def test_what_came_to_nothing_is_withdrawn_and_an_answer_is_not(catalogue: Catalogue) -> None:
    book = RequestRows(catalogue.database)
    await book.begin(ASKED)
    await book.withdraw(ASKED.id)
    assert await book.begin(ASKED) is None
    await book.end(ASKED.id, 200, "{}")
    await book.withdraw(ASKED.id)
    assert await book.begin(ASKED) is not None


async def test_old_ones_are_forgotten(catalogue: Catalogue) -> None:
    book = RequestRows(catalogue.database)
    await book.begin(ASKED)
    await book.begin(replace(ASKED, id="young", at=MORNING + 10))
    assert await book.forget(MORNING + 10) == 1
    assert await book.begin(ASKED) is None
