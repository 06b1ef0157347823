"""Notifications on their way: what each answer comes to, for one notification and for the others of its endpoint."""

import json
from dataclasses import replace
from itertools import pairwise

import pytest

from connector.domain.notification import Told
from connector.domain.secret import Secret
from connector.domain.states import NotificationState
from connector.errors import (
    AddressForbidden,
    CatalogueUnavailable,
    DestinationRefused,
    DestinationUnreachable,
    EndpointUnreachable,
    NotFound,
)
from connector.network.backoff import NOTIFICATION_SCHEDULE_SECONDS
from connector.ports.notification_ledger import Disabled
from connector.services.notifying import POLL_SECONDS
from tests.builders import MORNING
from tests.unit.services.scripted_receivers import SILENCE, Answer, House, Says, a_notification, endpoint, url

DELIVERED, DEAD, WAITING, CANCELLED = (
    NotificationState.DELIVERED,
    NotificationState.DEAD,
    NotificationState.WAITING,
    NotificationState.CANCELLED,
)
HOUR = 3600.0
CRM = url("crm")
ONLY_ONE = "https://other.example/told"
DIALGEN = '{"callData":{"id":"call-1","recordingUrl":null,"duration":64},"transcription":[]}'
FAILURES: list[Answer] = [
    500,
    404,
    429,
    503,
    302,
    100,
    EndpointUnreachable("it reset the connection"),
    AddressForbidden("10.0.0.7 is private"),
    ValueError("a bug of ours"),
    EndpointUnreachable(""),
    SILENCE,
]


# --- one notification -------------------------------------------------------------------------------------------------


async def test_it_is_sent_soon_as_it_was_written_signed_and_with_the_headers_of_its_endpoint() -> None:
    house = House()
    secret = Secret("whsec_" + "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5")
    house.endpoints["crm"] = endpoint("crm", secret=secret, headers={"X-Team": Secret("sales")}, timeout_seconds=7)
    one = a_notification()
    await house.ledger.add([one])
    async with house.sending(poll_seconds=POLL_SECONDS):
        await house.clock.advance(0.2)
    (letter,) = house.receivers.letters
    assert (letter.url, letter.body, letter.limit_seconds, letter.most_bytes) == (CRM, one.body.encode(), 7, 0)
    assert letter.headers["webhook-id"] == one.id
    assert letter.headers["webhook-signature"].startswith("v1,")
    assert letter.headers["x-team"] == "sales"
    assert letter.headers["content-type"] == "application/json"
    assert letter.headers["user-agent"].startswith("callreel/")
    assert house.state() is DELIVERED
    ((attempt,), kept) = house.ledger.kept[one.id].attempts, house.ledger.kept[one.id].notification
    assert (attempt.status, attempt.reason, attempt.is_fallback, kept.attempts) == (200, "", False, 1)


@pytest.mark.parametrize("failure", FAILURES, ids=repr)
async def test_after_any_failure_it_is_tried_again_under_the_same_id_until_it_is_taken(failure: Answer) -> None:
    house = House()
    house.receivers.always[CRM] = failure
    await house.ledger.add([a_notification()])
    async with house.sending():
        await house.clock.advance(60)
        assert house.state() is WAITING
        assert house.ledger.kept["msg_1"].notification.reason
        assert all(attempt.reason for attempt in house.ledger.kept["msg_1"].attempts)
        house.receivers.always[CRM] = 204
        await house.clock.advance(HOUR)
    assert house.state() is DELIVERED
    assert {one.id for one in house.receivers.received} == {"msg_1"}
    assert 3 <= len(house.receivers.received) <= 5


@pytest.mark.parametrize("failure", [500, SILENCE])
async def test_it_is_dead_after_ten_tries_in_75_hours_and_says_why(failure: int | str) -> None:
    house = House()
    house.receivers.always[CRM] = failure
    await house.ledger.add([a_notification()])
    async with house.sending(poll_seconds=60):
        await house.clock.advance(80 * HOUR)
    tries = [one.at for one in house.receivers.received]
    waits = [later - earlier for earlier, later in pairwise(tries)]
    # Its time has come, and within the poll and the time-out it is tried.
    assert all(0 <= wait - due <= 80 for wait, due in zip(waits, NOTIFICATION_SCHEDULE_SECONDS, strict=True))
    assert house.state() is DEAD
    assert house.ledger.kept["msg_1"].notification.reason == house.ledger.kept["msg_1"].attempts[-1].reason != ""


async def test_a_thousand_that_failed_together_do_not_come_again_together() -> None:
    draws = iter([number / 100 % 1 for number in range(1, 500, 7)])
    house = House(draw=lambda: next(draws))
    house.receivers.always[CRM] = lambda letter: 500
    await house.ledger.add([a_notification(number) for number in range(2)])
    async with house.sending():
        await house.clock.advance(1)
    assert len({kept.notification.next_at for kept in house.ledger.kept.values()}) == 2


async def test_whoever_asks_to_wait_is_waited_for_but_not_longer_than_a_day() -> None:
    house = House("crm", "slow")
    house.receivers.says_first(CRM, Says(500, retry_after_seconds=1800))
    house.receivers.says_first(url("slow"), Says(503, retry_after_seconds=10**8))
    await house.ledger.add([a_notification(1), a_notification(2, endpoint="slow")])
    async with house.sending(poll_seconds=10):
        await house.clock.advance(25 * HOUR)
    first, second = house.receivers.to(CRM), house.receivers.to(url("slow"))
    assert [0 <= one.at - MORNING - 1800 <= 11 for one in first[1:]] == [True]
    assert [0 <= one.at - MORNING - 24 * HOUR <= 11 for one in second[1:]] == [True]


# --- its endpoint -----------------------------------------------------------------------------------------------------


async def test_who_asks_for_a_pause_gets_it_for_everything_that_waits() -> None:
    house = House()
    house.receivers.always[CRM] = Says(429, retry_after_seconds=600)
    await house.ledger.add([a_notification(number) for number in range(20)])
    async with house.sending():
        await house.clock.advance(599)
        assert len(house.receivers.received) == 1
        house.receivers.always[CRM] = 200
        await house.clock.advance(5)
    assert len(house.ids(DELIVERED)) == 20


async def test_while_it_is_down_one_alone_asks_after_growing_pauses_and_the_others_have_tried_nothing() -> None:
    house = House()
    house.receivers.always[CRM] = EndpointUnreachable("it refuses the connection")
    await house.ledger.add([a_notification(number) for number in range(200)])
    async with house.sending():
        await house.clock.advance(HOUR)
        tries = [one.at - MORNING for one in house.receivers.received]
        pauses = [later - earlier for earlier, later in pairwise(tries)]
        assert pauses[0] >= 4.5
        assert all(later >= 0.9 * earlier for earlier, later in pairwise(pauses))
        assert 265 <= pauses[-1] <= 301
        assert len(tries) < 20
        assert sum(kept.notification.attempts for kept in house.ledger.kept.values()) == len(tries)
        house.receivers.always[CRM] = 200
        await house.until_settled(310)
    assert sorted(house.receivers.taken()) == sorted(house.ledger.kept)


async def test_three_failures_of_any_kind_in_a_row_are_a_reason_to_pause_as_well() -> None:
    house = House()
    house.receivers.always[CRM] = 500
    await house.ledger.add([a_notification(number) for number in range(50)])
    async with house.sending():
        await house.clock.advance(4)
        assert len(house.receivers.received) == 3


async def test_what_was_claimed_before_it_went_down_is_not_tried_either() -> None:
    house = House()
    house.receivers.says_first(CRM, *[Says(200, seconds=0.1)] * 10)
    house.receivers.always[CRM] = 503
    await house.ledger.add([a_notification(number) for number in range(100)])
    async with house.sending():
        await house.clock.advance(4)
        assert len(house.ids(DELIVERED)) == 10
        assert len(house.receivers.received) <= 14
        assert not house.held()


async def test_one_that_nobody_takes_does_not_hold_up_the_others() -> None:
    house = House()
    house.receivers.always[CRM] = lambda letter: 422 if letter.headers["webhook-id"] == "msg_0" else 200
    await house.ledger.add([a_notification(number) for number in range(50)])
    async with house.sending():
        await house.clock.advance(5)
    assert len(house.ids(DELIVERED)) == 49


async def test_a_trial_is_tried_once() -> None:
    house = House()
    house.receivers.always[CRM] = 500
    await house.ledger.add([a_notification(1, told=Told.TEST)])
    async with house.sending(poll_seconds=1) as notifying:
        await house.clock.advance(HOUR)
        assert (await notifying.report()).dead == 0
    assert house.ids(DEAD) == ["msg_1"]
    assert len(house.receivers.received) == 1


async def test_an_endpoint_that_comes_and_goes_uses_up_no_notification() -> None:
    house = House()
    house.receivers.always[CRM] = lambda letter: (
        503 if letter.headers["webhook-id"] == "msg_0" or letter.headers["webhook-id"][-1] in "13" else 200
    )
    async with house.sending(poll_seconds=5):
        for number in range(200):
            await house.ledger.add([a_notification(number, next_at=house.clock.now())])
            await house.clock.advance(60)
        tries = [one for one in house.receivers.received if one.id == "msg_0"]
    assert not house.ids(DEAD)
    assert 3 <= len(tries) <= 60


async def test_what_waited_longer_than_all_tries_take_for_an_endpoint_that_is_down_is_dead_in_words() -> None:
    house = House()
    house.receivers.always[CRM] = EndpointUnreachable("it refuses the connection")
    await house.ledger.add([a_notification(number) for number in range(2000)])
    async with house.sending(poll_seconds=100):
        await house.clock.advance(99 * HOUR)
        assert len(house.waiting()) >= 1000
        late = a_notification(9999, created_at=house.clock.now(), next_at=house.clock.now())
        await house.ledger.add([late])
        await house.clock.advance(2 * HOUR)
    assert len(house.ids(DEAD)) == 2000
    assert all("replay" in house.ledger.kept[id].notification.reason for id in house.ids(DEAD)[-100:])
    assert house.waiting() == [late.id]


async def test_nothing_old_is_given_up_because_our_own_network_was_not_there_at_the_start() -> None:
    house = House()
    house.receivers.always[CRM] = EndpointUnreachable("the network is unreachable")
    await house.ledger.add([a_notification(number, created_at=MORNING - 200 * HOUR) for number in range(20)])
    async with house.sending():
        await house.clock.advance(300)
        assert len(house.waiting()) == 20
        house.receivers.always[CRM] = 200
        await house.until_settled(400)
    assert len(house.ids(DELIVERED)) == 20


async def test_an_endpoint_that_is_gone_is_asked_no_more_until_it_has_another_address(
    caplog: pytest.LogCaptureFixture,
) -> None:
    house = House()
    house.receivers.always[CRM] = 410
    await house.ledger.add([a_notification(number) for number in range(10)])
    async with house.sending() as notifying:
        await house.clock.advance(1)
        assert len(house.receivers.received) == 1
        assert len(house.ids(CANCELLED)) == 10
        assert len(house.ledger.kept["msg_0"].attempts) == 1
        assert "endpoint disabled" in caplog.text
        await house.ledger.add([a_notification(11)])
        notifying.follow()
        await house.clock.advance(1)
        assert house.state("msg_11") is CANCELLED
        assert any("crm: disabled since" in problem for problem in (await notifying.report()).problems)
        house.endpoints["crm"] = endpoint("elsewhere")
        notifying.follow()
        await house.ledger.add([a_notification(12)])
        await house.clock.advance(1)
        assert house.state("msg_12") is DELIVERED
        assert not (await notifying.report()).problems
    assert len(house.receivers.received) == 2
    assert not await house.ledger.disabled()


async def test_an_endpoint_that_was_gone_before_we_began_is_not_asked() -> None:
    house = House()
    await house.ledger.disable("crm", Disabled(url=CRM, at=MORNING, reason="it answers 410"))
    await house.ledger.add([a_notification()])
    async with house.sending():
        await house.clock.advance(1)
        assert house.state() is CANCELLED
        await house.ledger.enable("crm")
        await house.ledger.add([a_notification(2), a_notification(3)])
        await house.clock.advance(2)
    assert house.receivers.taken() == ["msg_2", "msg_3"]


async def test_whom_an_administrator_has_mended_is_asked_at_once() -> None:
    house = House()
    house.receivers.always[CRM] = 401
    await house.ledger.add([a_notification(number) for number in range(9)])
    async with house.sending() as notifying:
        await house.clock.advance(HOUR)
        house.endpoints["crm"] = endpoint("crm", headers={"Authorization": Secret("right")})
        house.receivers.always[CRM] = lambda letter: 200 if letter.headers.get("authorization") == "right" else 401
        await house.ledger.add([a_notification(10)])
        notifying.follow()
        await house.clock.advance(1)
    assert len(house.ids(DELIVERED)) == 10


# --- the configuration ------------------------------------------------------------------------------------------------


async def test_what_waits_for_an_endpoint_that_left_is_cancelled_where_everybody_sees_it(
    caplog: pytest.LogCaptureFixture,
) -> None:
    house = House("crm", "other")
    house.receivers.always[CRM] = SILENCE
    await house.ledger.add([a_notification(number) for number in range(8)])
    async with house.sending() as notifying:
        await house.clock.advance(1)
        del house.endpoints["crm"]
        notifying.follow()
        await house.clock.advance(30)
        await house.ledger.add([a_notification(20, endpoint="other")])
        await house.clock.advance(1)
    assert len(house.ids(CANCELLED)) == 8
    assert house.receivers.taken() == ["msg_20"]
    (record,) = [record for record in caplog.records if record.getMessage() == "notifications cancelled"]
    assert (record.__dict__["endpoint"], record.__dict__["count"]) == ("crm", 8)
    assert "configuration" in house.ledger.kept["msg_0"].notification.reason


async def test_nothing_more_is_sent_to_an_endpoint_that_left_not_even_what_was_claimed_for_it() -> None:
    house = House()
    house.receivers.always[CRM] = Says(200, seconds=2)
    await house.ledger.add([a_notification(number) for number in range(50)])
    async with house.sending() as notifying:
        await house.clock.advance(11)
        del house.endpoints["crm"]
        notifying.follow()
        await house.clock.advance(0.5)
        sent = len(house.receivers.received)
        await house.clock.advance(60)
    assert len(house.receivers.received) == sent
    assert not house.waiting()


async def test_what_a_catalogue_that_is_away_keeps_us_from_following_is_followed_later() -> None:
    house = House("crm", "other")
    house.receivers.always[CRM] = 500
    await house.ledger.add([a_notification()])
    async with house.sending() as notifying:
        await house.clock.advance(1)
        house.ledger.is_available = False
        del house.endpoints["crm"]
        notifying.follow()
        await house.clock.advance(5)
        house.ledger.is_available = True
        await house.clock.advance(11)
    assert house.state() is CANCELLED


async def test_what_left_while_we_were_away_is_cancelled_at_the_start() -> None:
    house = House("other")
    await house.ledger.add([a_notification(), a_notification(2, endpoint="other")])
    async with house.sending():
        await house.clock.advance(1)
    assert (house.state("msg_1"), house.state("msg_2")) == (CANCELLED, DELIVERED)


async def test_an_endpoint_that_another_node_knows_already_is_left_to_it_until_we_follow(
    caplog: pytest.LogCaptureFixture,
) -> None:
    house = House("other")
    async with house.sending() as notifying:
        await house.clock.advance(1)
        await house.ledger.add([a_notification(), a_notification(2, endpoint="other")])
        await house.clock.advance(10)
        assert (house.state("msg_1"), house.held()) == (WAITING, [])
        assert house.state("msg_2") is DELIVERED
        assert caplog.text.count("not configured here") == 1
        house.endpoints["crm"] = endpoint("crm")
        notifying.follow()
        await house.clock.advance(1)
    assert house.state("msg_1") is DELIVERED


# --- the fallback -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("failure", [500, 302, EndpointUnreachable("it reset the connection")], ids=repr)
async def test_the_fallback_takes_at_once_what_the_first_address_does_not(failure: int | Exception) -> None:
    house = House()
    house.endpoints["crm"] = endpoint("crm", fallback=ONLY_ONE)
    house.receivers.always[CRM] = failure
    await house.ledger.add([a_notification()])
    async with house.sending():
        await house.clock.advance(0.1)
    assert house.state() is DELIVERED
    assert [(one.is_fallback, bool(one.reason)) for one in house.ledger.kept["msg_1"].attempts] == [
        (False, True),
        (True, False),
    ]
    assert [letter.headers["webhook-id"] for letter in house.receivers.letters] == ["msg_1", "msg_1"]


async def test_when_neither_takes_it_both_are_asked_again() -> None:
    house = House()
    house.endpoints["crm"] = endpoint("crm", fallback=ONLY_ONE)
    house.receivers.always |= {CRM: 500, ONLY_ONE: 410}
    await house.ledger.add([a_notification()])
    async with house.sending():
        await house.clock.advance(1)
        assert (house.state(), len(house.receivers.received)) == (WAITING, 2)
        house.receivers.always[CRM] = 200
        await house.clock.advance(HOUR)
    assert house.state() is DELIVERED
    assert not await house.ledger.disabled()


async def test_a_first_address_that_is_gone_is_gone_whatever_its_fallback() -> None:
    house = House()
    house.endpoints["crm"] = endpoint("crm", fallback=ONLY_ONE)
    house.receivers.always[CRM] = 410
    await house.ledger.add([a_notification()])
    async with house.sending():
        await house.clock.advance(1)
    assert (house.state(), len(house.receivers.received)) == (CANCELLED, 1)


async def test_a_first_address_that_does_not_answer_slows_the_fallback_down_no_more_than_a_probe() -> None:
    house = House()
    house.endpoints["crm"] = endpoint("crm", fallback=ONLY_ONE)
    house.receivers.always[CRM] = SILENCE
    await house.ledger.add([a_notification(number) for number in range(300)])
    async with house.sending():
        await house.until_settled(60)
        assert len(house.receivers.to(CRM)) < 20
        house.receivers.always[CRM] = 200
        await house.clock.advance(400)
        await house.ledger.add([a_notification(999)])
        await house.clock.advance(1)
    assert house.receivers.received[-1].url == CRM


# --- links ------------------------------------------------------------------------------------------------------------


async def test_a_link_is_put_in_anew_on_each_try() -> None:
    house = House()
    house.receivers.says_first(CRM, 500)
    await house.ledger.add([a_notification(told=Told.AVAILABLE, body=DIALGEN)])
    async with house.sending():
        await house.clock.advance(10)
    bodies = [json.loads(letter.body) for letter in house.receivers.letters]
    assert [body["callData"]["recordingUrl"] for body in bodies] == house.links.given
    assert len(set(house.links.given)) == 2
    assert bodies[1]["callData"]["duration"] == 64
    assert house.ledger.kept["msg_1"].notification.body == DIALGEN


@pytest.mark.parametrize("error", [NotFound("it was removed"), DestinationRefused("the key may only write")])
async def test_without_a_link_it_is_null_and_says_why(error: Exception) -> None:
    house = House()
    house.links.error = error
    await house.ledger.add([a_notification(told=Told.AVAILABLE, body=DIALGEN)])
    async with house.sending():
        await house.clock.advance(1)
    said = json.loads(house.receivers.letters[0].body)["callData"]
    assert (said["recordingUrl"], said["reason"]) == (None, str(error))


async def test_a_link_that_the_catalogue_cannot_tell_now_costs_no_try() -> None:
    house = House()
    house.links.error = CatalogueUnavailable("it is locked")
    await house.ledger.add([a_notification(told=Told.AVAILABLE, body=DIALGEN)])
    async with house.sending():
        await house.clock.advance(60)
        house.links.error = None
        await house.clock.advance(1)
    assert (house.state(), len(house.ledger.kept["msg_1"].attempts)) == (DELIVERED, 1)


@pytest.mark.parametrize("error", [DestinationUnreachable("no answer"), KeyError("a bug of ours")], ids=repr)
async def test_a_link_that_cannot_be_had_now_is_waited_for_and_says_nothing_of_the_endpoint(error: Exception) -> None:
    house = House()
    house.links.error = error
    await house.ledger.add([a_notification(told=Told.AVAILABLE, body=DIALGEN), a_notification(2)])
    async with house.sending() as notifying:
        await house.clock.advance(2)
        assert house.receivers.taken() == ["msg_2"]
        assert (await notifying.report()).down == 0
        house.links.error = None
        await house.clock.advance(400)
    assert house.state() is DELIVERED


async def test_what_is_known_to_be_no_recording_asks_for_no_link() -> None:
    house = House()
    await house.ledger.add([a_notification(told=Told.ABSENT, body=DIALGEN)])
    async with house.sending():
        await house.clock.advance(1)
    assert house.links.given == []
    assert house.receivers.letters[0].body == DIALGEN.encode()


# --- what people are told ---------------------------------------------------------------------------------------------


async def test_the_report_names_who_is_down_since_when_why_and_what_is_dead() -> None:
    house = House("crm", "good")
    house.receivers.always[CRM] = EndpointUnreachable("crm.example refuses the connection")
    await house.ledger.add([a_notification(number) for number in range(3)])
    await house.ledger.add([a_notification(7, endpoint="good"), a_notification(8, endpoint="good", attempts=20)])
    house.receivers.always[url("good")] = lambda letter: 400 if letter.headers["webhook-id"] == "msg_8" else 200
    old = house.ledger.kept["msg_8"]
    old.notification = replace(old.notification, created_at=MORNING - 80 * HOUR)
    async with house.sending() as notifying:
        await house.clock.advance(1)
        report = await notifying.report()
        house.ledger.is_available = False
        without = await notifying.report()
    assert report.problems == (
        "endpoint crm: takes nothing since 2026-01-05T09:00:00.000Z, 3 wait: crm.example refuses the connection",
        "endpoint good: 1 notifications dead: callreel notifications list --dead",
    )
    assert (report.waiting, report.dead, report.down, report.delivered, report.failed) == (3, 1, 1, 1, 2)
    assert (without.down, len(without.problems)) == (1, 1)
    house.ledger.is_available = True
