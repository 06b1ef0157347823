"""What receivers see of a whole house: order, signatures, nothing invented, nothing lost, whatever dies meanwhile."""

import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
from standardwebhooks import Webhook

from tests.faults.conftest import Build
from tests.faults.house import House
from tests.faults.receiver import Receiver
from tests.faults.test_steps import deaths_of
from tests.faults.waiting import until

pytestmark = pytest.mark.slow

SECRET = "whsec_c2l4dGVlbiBieXRlcyBhcmUgdG9vIGZldyBoZXJl"  # nothing that anybody else knows
FINISHED, AVAILABLE = "recording_finished", "recording_available"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as receiver:
        yield receiver


def a_house(build: Build, receiver: Receiver, **settings: Any) -> House:
    secret = {"env": "CRM_SECRET"}
    return build(notifications={"crm": receiver.endpoint | {"secret": secret}}, **settings)


@pytest.fixture(autouse=True)
def _secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CRM_SECRET", SECRET)


def a_recording(house: House, name: str = "call") -> dict[str, Any]:
    call = house.pbx.call(name).answer()
    house.until_recording(name)
    call.hang_up()
    return house.until_state(name, "available")


def states(house: House) -> list[str]:
    return [row["state"] for row in house.rows.ask("SELECT state FROM notifications ORDER BY number")]


def is_there(body: dict[str, Any]) -> bool:
    """Whether somebody else could fetch what the notification names, at the moment in which it comes."""
    place = Path(unquote(urlsplit(body.get("destination", "file:///nowhere")).path))
    return place.is_file() and place.stat().st_size > 44


def test_a_recording_is_told_in_order_signed_and_only_when_it_can_be_fetched(build: Build, receiver: Receiver) -> None:
    receiver.manners.look = is_there
    house = a_house(build, receiver)
    house.start()
    recording = a_recording(house)
    finished, available = receiver.until(2)
    assert list(finished.body.items())[:4] == [
        ("event", "notify"),
        ("callid", recording["call_id"]),
        ("version", 1),
        ("type", FINISHED),
    ]
    assert available.body["type"] == AVAILABLE
    assert available.seen is True
    for one in (finished, available):
        assert Webhook(SECRET).verify(one.raw, one.headers) == one.body
    until(lambda: states(house) == ["delivered"] * 2, lambda: str(states(house)))
    assert len(receiver.received) == 2


def test_killed_while_the_answer_is_awaited_the_same_is_sent_again_and_nothing_else(
    any_build: Build, receiver: Receiver
) -> None:
    receiver.manners.gate.clear()
    house = a_house(any_build, receiver)
    house.start()
    a_recording(house)
    receiver.until(1)
    house.kill("work")
    receiver.manners.gate.set()
    house.start("work")
    until(lambda: states(house) == ["delivered"] * 2, lambda: f"{states(house)} {receiver.types}; {house.tails}")
    assert receiver.types == [FINISHED, FINISHED, AVAILABLE]
    assert len({one.id for one in receiver.received}) == 2


def test_killed_before_anything_was_sent_it_is_sent_by_the_next(build: Build, receiver: Receiver) -> None:
    house = a_house(build, receiver)
    receiver.close()
    house.start()
    a_recording(house)
    until(lambda: len(states(house)) == 2, "both notifications")
    house.kill("work")
    receiver.open()
    house.start("work")
    until(lambda: states(house) == ["delivered"] * 2, lambda: f"{states(house)}; {house.tails}")
    assert receiver.types == [FINISHED, AVAILABLE]


def test_everything_is_told_once_though_work_dies_at_every_moment_of_telling(
    any_build: Build, receiver: Receiver
) -> None:
    house = a_house(any_build, receiver)
    points = deaths_of("tell")
    house.doom.plan(points)
    house.start()
    a_recording(house)
    house.doom.until_died(points)
    until(lambda: states(house) == ["delivered"] * 2, lambda: f"{states(house)} {receiver.types}; {house.tails}")
    assert len({one.id for one in receiver.received}) == 2
    assert sorted(set(receiver.types)) == [AVAILABLE, FINISHED]


def test_a_receiver_that_says_no_gets_everything_once_it_says_yes(build: Build, receiver: Receiver) -> None:
    receiver.manners.status = 503
    house = a_house(build, receiver)
    house.start()
    for name in ("one", "two"):
        a_recording(house, name)
    receiver.until(1)
    receiver.manners.status = 204
    until(lambda: states(house) == ["delivered"] * 4, lambda: f"{states(house)}; {house.tails}")
    taken = receiver.received[-4:]
    for call in {one.body["callid"] for one in taken}:
        told = [one.body["type"] for one in receiver.received if one.body["callid"] == call]
        assert told.index(FINISHED) < told.index(AVAILABLE)
        assert told[-1] == AVAILABLE
    assert len({one.id for one in receiver.received}) == 4


def test_one_that_is_gone_is_asked_no_more_until_it_is_enabled(build: Build, receiver: Receiver) -> None:
    receiver.manners.status = 410
    house = a_house(build, receiver)
    house.start()
    a_recording(house)
    until(lambda: states(house) == ["cancelled"] * 2, lambda: f"{states(house)}; {house.tails}")
    asked = len(receiver.received)
    receiver.manners.status = 200
    a_recording(house, "second")
    until(lambda: states(house) == ["cancelled"] * 4, lambda: f"{states(house)}; {house.tails}")
    assert len(receiver.received) == asked
    assert house.command("notifications", "enable", "crm").stdout == "crm is told again from now on\n"
    found = house.command("notifications", "test", "crm")
    assert found.returncode == 0, found.stderr
    assert receiver.types[-1] == "test"


def test_an_endpoint_that_leaves_the_configuration_cancels_what_waits_for_it(build: Build, receiver: Receiver) -> None:
    receiver.close()
    house = a_house(build, receiver)
    house.work.command = ["connector", "work", "--config", str(house.config)]
    house.start()
    a_recording(house)
    until(lambda: len(states(house)) == 2, "both notifications")
    house.settings["notifications"] = {}
    house.write_config()
    house.work.send(signal.SIGHUP)
    until(lambda: states(house) == ["cancelled"] * 2, lambda: f"{states(house)}; {house.tails}")


def test_a_callbacks_answer_records_a_call_that_no_rule_wants(build: Build, receiver: Receiver) -> None:
    receiver.manners.answer = lambda body: (
        {"instructions": [{"name": "StartRecording", "options": {"tags": ["asked"]}}]}
        if body["event"] == "ace"
        else None
    )
    house = build(
        defaults={"record": False, "format": "wav", "callback": "control"}, callbacks={"control": receiver.endpoint}
    )
    house.start()
    call = house.pbx.call("call").answer()
    house.until_recording("call")
    call.hang_up()
    recording = house.until_state("call", "available")
    assert recording["rule"] == "asked for by callback control"
    assert '"asked"' in recording["options"]
    receiver.until(3)
    assert receiver.types == ["ice", "ace", "dice"]
    assert {one.body["callid"] for one in receiver.received} == {recording["call_id"]}


def test_a_callback_that_never_answers_keeps_no_call_from_being_recorded(build: Build, receiver: Receiver) -> None:
    receiver.manners.gate.clear()
    house = build(
        defaults={"record": True, "format": "wav", "callback": "control"},
        callbacks={"control": receiver.endpoint | {"timeout": "1s"}},
    )
    house.start()
    a_recording(house)
    house.capture.until_said("callback gave no answer", otherwise="rules")
