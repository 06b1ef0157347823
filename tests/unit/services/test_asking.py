"""Control callbacks: what they are asked, in which order, and what becomes of their answers and of none."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import Any

import pytest

from connector.domain.call import CallKind, CallState
from connector.domain.decision import CommandAnswered
from connector.domain.events import InstructionGiven
from connector.domain.ids import CallId
from connector.domain.inquiry import CallMoment
from connector.domain.secret import Secret
from connector.errors import CatalogueUnavailable, ConnectorError, EndpointUnreachable
from connector.ports.poster import Letter, Reply
from connector.services.asking import Asking, Callbacks
from connector.services.obeying import Obeying
from connector.settings import CallbackSettings, Otherwise
from tests.builders import CALL, MORNING, a_call, a_leg
from tests.clocks import SimulatedClock
from tests.unit.services.memory_vault import MemoryVault

#: Legs that ring: nobody has answered.
RINGING = a_call(legs=(a_leg(answered_at=None),), answered_at=None, agent_id="", agent_name="")
TALKING = a_call()
ENDED = a_call(
    state=CallState.ENDED,
    ended_at=MORNING + 64,
    legs=tuple(replace(leg, ended_at=MORNING + 64 + number) for number, leg in enumerate(TALKING.legs)),
)


def answer(content: object = None, *, status: int = 200, is_cut: bool = False) -> Reply:
    body = content if isinstance(content, bytes) else b"" if content is None else json.dumps(content).encode()
    return Reply(status=status, content=body, is_cut=is_cut, retry_after_seconds=None, seconds=0.01)


class Receiver:
    """The Poster: answers what the test says, by the event that it is asked about."""

    def __init__(self) -> None:
        self.letters: list[Letter] = []
        self.answers: dict[str, Reply | ConnectorError] = {}
        #: An event is answered once the test sets its gate.
        self.gates: dict[str, asyncio.Event] = {}

    async def post(self, letter: Letter) -> Reply:
        event = json.loads(letter.body)["event"]
        self.letters.append(letter)
        if event in self.gates:
            await self.gates[event].wait()
        found = self.answers.get(event, answer())
        if isinstance(found, ConnectorError):
            raise found
        return found

    @property
    def asked(self) -> list[dict[str, Any]]:
        return [json.loads(letter.body) for letter in self.letters]


class Desk:
    """An intake that obeys everything."""

    def __init__(self) -> None:
        self.given: list[InstructionGiven] = []

    async def ordered(self, instruction: InstructionGiven) -> CommandAnswered:
        self.given.append(instruction)
        return CommandAnswered(command_id=instruction.command_id, is_done=True, outcome="done")


class House:
    def __init__(self) -> None:
        self.receiver = Receiver()
        self.desk = Desk()
        self.vault = MemoryVault()
        self.clock = SimulatedClock(MORNING)
        self.endpoint = CallbackSettings(url="https://crm.example.com/control?tenant=1")
        self.asking = Asking(
            self.callbacks(), Obeying({"asterisk": self.desk}, self.vault, self.clock), self.receiver, self.clock
        )

    def callbacks(self, **over: Any) -> Callbacks:
        self.endpoint = replace(self.endpoint, **over)
        return Callbacks(
            endpoints={"crm": self.endpoint},
            asked_about=lambda call, _: "crm" if call.organisation == "default" else "",
            public_url="https://calls.example.com",
        )

    def configure(self, **over: Any) -> None:
        self.asking.follow(self.callbacks(**over))

    async def until(self, claim: Callable[[], bool]) -> None:
        async with asyncio.timeout(5):
            while not claim():
                await self.clock.settle()

    async def quiet(self) -> None:
        await self.until(lambda: not self.asking._tasks)

    @property
    def orders(self) -> list[tuple[str, str]]:
        return [(given.action, given.options) for given in self.desk.given]


@pytest.fixture
async def house() -> AsyncIterator[House]:
    house = House()
    yield house
    await house.asking.close()


async def test_a_call_is_asked_about_when_it_comes_is_answered_and_ends(house: House) -> None:
    for picture in (RINGING, TALKING, TALKING, ENDED, ENDED):
        house.asking.noticed(picture)
    await house.quiet()
    assert house.receiver.asked == [
        {
            "event": "ice",
            "callid": CALL,
            "callResourceUrl": f"https://calls.example.com/calling/v1/calls/id/{CALL}",
            "timestamp": "2026-01-05T09:00:00Z",
            "version": 1,
            "custom": "",
            "applicationKey": "default",
            "cli": "+4930123456",
            "to": {"type": "number", "endpoint": "201"},
            "domain": "pstn",
            "originationType": "PSTN",
            "rdnis": "",
            "duration": 0,
            "callHeaders": [],
            "direction": "unknown",
            "agent": "",
            "queue": "",
            "pbx": "asterisk",
        },
        {
            "event": "ace",
            "callid": CALL,
            "callResourceUrl": f"https://calls.example.com/calling/v1/calls/id/{CALL}",
            "timestamp": "2026-01-05T09:00:00Z",
            "version": 1,
            "custom": "",
            "applicationKey": "default",
            "direction": "unknown",
            "agent": "201",
            "queue": "",
            "pbx": "asterisk",
        },
        {
            "event": "dice",
            "callid": CALL,
            "callResourceUrl": f"https://calls.example.com/calling/v1/calls/id/{CALL}",
            "timestamp": "2026-01-05T09:00:00Z",
            "version": 1,
            "custom": "",
            "applicationKey": "default",
            "reason": "CALLERHANGUP",
            "result": "ANSWERED",
            "duration": 60,
            "from": "+4930123456",
            "to": {"type": "number", "endpoint": "201"},
            "direction": "unknown",
            "agent": "201",
            "queue": "",
            "pbx": "asterisk",
        },
    ]
    assert [letter.url for letter in house.receiver.letters] == [house.endpoint.url] * 3
    assert len({letter.headers["webhook-id"] for letter in house.receiver.letters}) == 3


async def test_questions_of_one_call_wait_for_each_other_those_of_others_do_not(house: House) -> None:
    house.receiver.gates["ice"] = asyncio.Event()
    house.asking.noticed(RINGING)
    house.asking.noticed(TALKING)
    house.asking.noticed(replace(ENDED, id=CallId("call-2")))
    await house.until(lambda: len(house.receiver.letters) == 2)
    assert [asked["event"] for asked in house.receiver.asked] == ["ice", "ice"]
    house.receiver.gates["ice"].set()
    await house.quiet()
    assert [asked["event"] for asked in house.receiver.asked if asked["callid"] == CALL] == ["ice", "ace"]


async def test_an_answers_instructions_are_obeyed_in_their_order(house: House) -> None:
    said = {
        "instructions": [
            {"name": "StopRecording"},
            {"name": "startRecording", "options": {"format": "wav"}, "commandId": "mine-7"},
            {"name": "Say", "text": "Hello"},
        ]
    }
    house.receiver.answers["ace"] = answer(said)
    house.asking.noticed(TALKING)
    await house.quiet()
    assert house.orders == [("stop", ""), ("start", '{"format": "wav"}')]
    assert house.desk.given[1].command_id == "default:mine-7"
    assert {(given.call, given.by) for given in house.desk.given} == {(CALL, "callback crm")}
    assert house.asking.counts["crm"].answered == 2


@pytest.mark.parametrize("content", [None, b"  ", {}, {"action": {"name": "ConnectPstn"}}])
async def test_an_answer_that_says_nothing_leaves_everything_as_it_is(house: House, content: object) -> None:
    house.configure(otherwise=Otherwise.NO)
    house.receiver.answers["ice"] = answer(content)
    house.asking.noticed(RINGING)
    await house.quiet()
    assert house.orders == []
    assert house.asking.counts["crm"].answered == 1


WRONG = [
    (EndpointUnreachable("no answer within 5 s"), "no answer within 5 s"),
    (answer(b"<html>"), "its answer is no JSON"),
    (answer(b"[" * 20_000), "its answer is no JSON"),
    (answer([]), "an object with `instructions`"),
    (answer({"instructions": [{"name": "StartRecording", "options": {"formt": "wav"}}]}), "did you mean format?"),
    (answer({}, status=500), "it answers 500"),
    (answer({}, status=302), "it answers 302"),
    (answer(b"{}", is_cut=True), "more than 65536 bytes"),
]


@pytest.mark.parametrize(("found", "words"), WRONG)
@pytest.mark.parametrize(
    ("otherwise", "orders"),
    [(Otherwise.RULES, []), (Otherwise.YES, [("start", "")]), (Otherwise.NO, [("discard", "")])],
)
async def test_without_a_good_answer_the_configured_default_holds(
    house: House, found: Reply | ConnectorError, words: str, otherwise: Otherwise, orders: list[tuple[str, str]]
) -> None:
    house.configure(otherwise=otherwise)
    house.receiver.answers["ice"] = found
    house.asking.noticed(RINGING)
    await house.quiet()
    assert house.orders == orders
    assert words in house.asking.counts["crm"].trouble


async def test_what_an_answer_said_is_not_undone_by_a_later_silence(house: House) -> None:
    house.configure(otherwise=Otherwise.NO)
    house.receiver.answers |= {
        "ice": answer({"action": {"record": True}}),
        "ace": EndpointUnreachable("no answer within 5 s"),
    }
    house.asking.noticed(RINGING)
    house.asking.noticed(TALKING)
    await house.quiet()
    assert house.orders == [("start", "")]


async def test_nothing_is_wished_of_a_call_that_is_over(house: House) -> None:
    house.receiver.answers["dice"] = answer({"instructions": [{"name": "StartRecording"}]})
    house.asking.noticed(ENDED)
    await house.quiet()
    assert [asked["event"] for asked in house.receiver.asked] == ["ice", "ace", "dice"]
    assert house.orders == []


async def test_silence_is_said_where_people_look_until_somebody_answers_again(house: House) -> None:
    house.receiver.answers["ice"] = EndpointUnreachable("crm.example.com refuses the connection")
    for number in range(3):
        house.asking.noticed(replace(RINGING, id=CallId(f"call-{number}")))
    await house.quiet()
    assert house.asking.troubles() == [
        "callback crm: no answer to the last 3 questions: crm.example.com refuses the connection"
    ]
    house.receiver.answers.clear()
    house.asking.noticed(replace(RINGING, id=CallId("call-9")))
    await house.quiet()
    assert house.asking.troubles() == []


async def test_events_that_nobody_wants_to_hear_of_are_not_told(house: House) -> None:
    house.configure(events=(CallMoment.ENDED,))
    house.asking.noticed(ENDED)
    await house.quiet()
    assert [asked["event"] for asked in house.receiver.asked] == ["dice"]


async def test_only_the_endpoint_that_the_rules_name_is_asked(house: House) -> None:
    house.asking.noticed(replace(TALKING, organisation="acme"))
    await house.quiet()
    assert house.receiver.letters == []


async def test_calls_of_before_a_restart_are_not_asked_about_again(house: House) -> None:
    house.asking.adopted([TALKING])
    house.asking.noticed(TALKING)
    house.asking.noticed(ENDED)
    await house.quiet()
    assert [asked["event"] for asked in house.receiver.asked] == ["dice"]


async def test_credentials_are_put_away_before_anything_else(house: House) -> None:
    options = {"destinationUrl": "s3://theirs/", "credentials": "key:secret:eu-central-1"}
    house.receiver.answers["ice"] = answer({"action": {"record": True, "recordingOptions": options}})
    house.asking.noticed(RINGING)
    await house.quiet()
    ((action, said),) = house.orders
    kept = json.loads(said)
    assert (action, kept["destinationUrl"]) == ("start", "s3://theirs/")
    assert house.vault.secrets == {kept["credentials"]: Secret("key:secret:eu-central-1")}


async def test_credentials_wait_for_a_catalogue_that_is_away(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    keep, outages = house.vault.keep, [CatalogueUnavailable("it is locked")] * 2

    async def away(secret: Secret) -> str:
        if outages:
            raise outages.pop()
        return await keep(secret)

    monkeypatch.setattr(house.vault, "keep", away)
    said = {"instructions": [{"name": "StartRecording", "options": {"credentials": "key:secret"}}]}
    house.receiver.answers["ice"] = answer(said)
    house.asking.noticed(RINGING)
    await house.clock.until_sleeping()
    await house.clock.advance(5.0)
    await house.quiet()
    assert [action for action, _ in house.orders] == ["start"]


async def test_record_with_a_conference_waits_until_the_caller_is_in_it(house: House) -> None:
    house.receiver.answers["ice"] = answer({"action": {"name": "ConnectConf", "conferenceId": "77", "record": True}})
    house.asking.noticed(RINGING)
    await house.quiet()
    assert house.orders == []
    house.receiver.answers.clear()
    conference = a_call(id=CallId("conference-1"), kind=CallKind.CONFERENCE, conference="77", legs=RINGING.legs)
    house.asking.noticed(conference)
    await house.quiet()
    assert [(given.action, given.call) for given in house.desk.given] == [("start", "conference-1")]
    assert house.receiver.asked[-1]["event"] == "conference_started"
    assert house.receiver.asked[-1]["conferenceId"] == "77"
    assert "callid" not in house.receiver.asked[-1]


async def test_a_callers_conference_that_never_came_is_forgotten_with_his_call(house: House) -> None:
    house.receiver.answers["ice"] = answer({"action": {"name": "ConnectConf", "record": True}})
    house.asking.noticed(RINGING)
    await house.quiet()
    house.asking.noticed(ENDED)
    await house.quiet()
    house.asking.noticed(a_call(id=CallId("conference-1"), kind=CallKind.CONFERENCE, legs=RINGING.legs))
    await house.quiet()
    assert house.orders == []


async def test_letting_go_ends_what_is_under_way(house: House) -> None:
    house.receiver.gates["ice"] = asyncio.Event()
    house.asking.noticed(RINGING)
    await house.until(lambda: len(house.receiver.letters) == 1)
    await house.asking.close()
    await house.quiet()
    assert house.orders == []
