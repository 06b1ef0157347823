"""Asks FreeSWITCH what lives: legs, rooms and our recorders, many questions at once. Decides nothing."""

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

from connector.domain.ids import ChannelId, SegmentId
from connector.errors import PbxRefused
from connector.pbx.freeswitch import census
from connector.pbx.freeswitch.census import Conference, RunningRecorder
from connector.pbx.freeswitch.esl_event import EslEvent
from connector.pbx.freeswitch.file_names import named

#: Legs asked for in one go: their answers are read before anything else happens here.
_GO: Final = 50


class Asks(Protocol):
    """Of the event socket what is used here."""

    async def answers(self, commands: Sequence[str], limit_seconds: float = ...) -> list[str]: ...


@dataclass(slots=True)
class RollCall:
    channels: list[ChannelId] = field(default_factory=list)
    dumps: list[EslEvent] = field(default_factory=list)
    conferences: tuple[Conference, ...] = ()
    recorders: list[RunningRecorder] = field(default_factory=list)


async def called(esl: Asks, spool: str, suspected: Iterable[ChannelId] = ()) -> RollCall:
    """`suspected` are legs that may live: FreeSWITCH lists a new leg up to 0.2 s late. Raises PbxRefused,
    PbxUnreachable and TimeoutError when FreeSWITCH does not say."""
    found = RollCall()
    for legs in _gos(tuple(dict.fromkeys((*await _legs(esl), *suspected)))):
        questions = [question for leg in legs for question in (f"uuid_dump {leg} json", f"uuid_buglist {leg}")]
        answers = iter(await esl.answers(questions))
        for leg, dump, buglist in zip(legs, answers, answers, strict=True):
            if (event := census.dump(dump)) is not None:
                found.channels.append(leg)
                found.dumps.append(event)
                found.recorders.extend(recorders_on(leg, buglist, spool))
        await asyncio.sleep(0)
    [rooms] = await esl.answers(["conference json_list"])
    found.conferences = census.conferences(rooms)
    return found


async def recorders(esl: Asks, spool: str) -> list[RunningRecorder]:
    """All of ours, on whatever leg. Raises as `called` does."""
    found: list[RunningRecorder] = []
    for legs in _gos(await _legs(esl)):
        answers = await esl.answers([f"uuid_buglist {leg}" for leg in legs])
        for leg, buglist in zip(legs, answers, strict=True):
            found.extend(recorders_on(leg, buglist, spool))
        await asyncio.sleep(0)
    return found


def recorders_on(leg: ChannelId, buglist: str, spool: str) -> tuple[RunningRecorder, ...]:
    def segment_of(path: str) -> SegmentId | None:
        name = named(path, spool)
        return name.segment if name is not None else None

    return census.recorders(leg, buglist, segment_of)


async def _legs(esl: Asks) -> tuple[ChannelId, ...]:
    [answer] = await esl.answers(["show channels as json"])
    if not answer.lstrip().startswith("{"):
        # Taken for an empty list it would end every call.
        raise PbxRefused(f"FreeSWITCH does not tell its channels ({answer[:100]!r}): is its core database all right?")
    return census.channels(answer)


def _gos(legs: tuple[ChannelId, ...]) -> Iterator[tuple[ChannelId, ...]]:
    for first in range(0, len(legs), _GO):
        yield legs[first : first + _GO]
