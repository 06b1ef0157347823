"""What lives on FreeSWITCH, asked in a few goes."""

import json
from collections.abc import Sequence

import pytest

from connector.domain.ids import ChannelId, SegmentId
from connector.errors import PbxRefused
from connector.pbx.freeswitch import roll_call

SPOOL = "/spool"


class Answering:
    """FreeSWITCH with that many legs, each recorded; those of `gone` have hung up since they were listed."""

    def __init__(self, legs: Sequence[str], gone: Sequence[str] = (), listed: Sequence[str] | None = None) -> None:
        self._legs, self._gone = legs, gone
        self._listed = legs if listed is None else listed
        self.goes: list[int] = []

    async def answers(self, commands: Sequence[str], limit_seconds: float = 10.0) -> list[str]:
        self.goes.append(len(commands))
        return [self._answer(command) for command in commands]

    def _answer(self, command: str) -> str:
        match command.split():
            case ["show", *_]:
                return json.dumps({"row_count": len(self._listed), "rows": [{"uuid": leg} for leg in self._listed]})
            case ["conference", *_]:
                return "-ERR conference Command not found!"
            case ["uuid_dump", leg, "json"] if leg in self._legs and leg not in self._gone:
                return json.dumps({"Event-Name": "CHANNEL_DATA", "Unique-ID": leg})
            case ["uuid_buglist", leg] if leg in self._legs and leg not in self._gone:
                bug = "<function>session_record</function><target>{}</target>"
                return bug.format(f"{SPOOL}/a_{leg}-x_rx.wav") + bug.format("/theirs/b.wav")
        return "-ERR no reply"


async def test_every_leg_is_asked_for_and_our_recorders_are_found() -> None:
    legs = [f"leg{number}" for number in range(120)]
    esl = Answering(legs)
    found = await roll_call.called(esl, SPOOL)
    assert found.channels == legs
    assert [dump.channel for dump in found.dumps] == legs
    assert [(one.channel, one.segment) for one in found.recorders] == [(leg, f"{leg}-x") for leg in legs]
    assert max(esl.goes) <= 100


async def test_a_leg_that_hung_up_meanwhile_does_not_live() -> None:
    found = await roll_call.called(Answering(["a", "b"], gone=["a"]), SPOOL)
    assert found.channels == ["b"]
    assert [one.segment for one in found.recorders] == [SegmentId("b-x")]


async def test_a_leg_that_is_not_listed_yet_lives_when_it_answers() -> None:
    found = await roll_call.called(Answering(["a", "b"], listed=["a"]), SPOOL, [ChannelId("b"), ChannelId("gone")])
    assert found.channels == ["a", "b"]


async def test_nobody_is_a_good_answer_and_an_error_is_none() -> None:
    assert (await roll_call.called(Answering([]), SPOOL)).channels == []

    class Refusing(Answering):
        def _answer(self, command: str) -> str:
            return "-ERR no such table"

    with pytest.raises(PbxRefused, match="core database"):
        await roll_call.called(Refusing([]), SPOOL)


async def test_recorders_are_found_on_whatever_leg() -> None:
    found = await roll_call.recorders(Answering(["a", "b"]), SPOOL)
    assert [(one.channel, one.path) for one in found] == [
        ("a", f"{SPOOL}/a_a-x_rx.wav"),
        ("b", f"{SPOOL}/a_b-x_rx.wav"),
    ]
