"""Our own client under a flood, in a process of its own: `python -m tests.bench.esl_ours client|driver PORT COUNT`.

`client` is `Esl` alone, `driver` all of FreeSwitchPbx with a consumer that is slower than the flood. Prints JSON.
"""

import asyncio
import itertools
import json
import sys
import tempfile
from typing import Final

from connector.domain.events import PbxResynchronised, Stamped
from connector.domain.ids import Moment
from connector.domain.secret import Secret
from connector.network.clock import SystemClock
from connector.pbx.freeswitch.driver import FreeSwitchPbx
from connector.pbx.freeswitch.esl import Esl
from connector.pbx.freeswitch.esl_event import EslEvent
from connector.pbx.freeswitch.events import EVENTS, SUBCLASSES
from connector.settings import Endpoint, FreeswitchSettings

from .esl_events import whole_call
from .esl_peers import Count, Memory

#: The consumer does nothing at all for so long, and then takes its time.
_AWAY_SECONDS: Final = 2.0
_TAKEN_AT_ONCE: Final = 40
_REST_SECONDS: Final = 0.01


async def client(port: int, wanted: int) -> dict[str, object]:
    up, done = asyncio.Event(), asyncio.Event()
    count = Count(wanted, done.set)

    def heard(event: EslEvent, _at: Moment) -> None:
        count.note(event.get("Event-Sequence"))

    async def came_up() -> None:
        up.set()

    esl = Esl(
        "bench",
        _endpoint(port),
        events=EVENTS,
        subclasses=SUBCLASSES,
        heard=heard,
        came_up=came_up,
        went_down=lambda _reason: None,
        clock=SystemClock(),
    )
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(esl.run())
        await up.wait()
        count.begin()
        await esl.api("flood")
        await done.wait()
        await esl.close()
    return count.facts


async def driver(port: int, wanted: int) -> dict[str, object]:
    """Counts whole calls: of each, the same facts in the same order as of the first."""
    calls = wanted // len(whole_call())
    with tempfile.TemporaryDirectory() as spool:
        settings = FreeswitchSettings(esl=_endpoint(port), spool=spool)
        pbx = FreeSwitchPbx("bench", settings, clock=SystemClock())
        facts = pbx.events()
        while not isinstance((await anext(facts)).event, PbxResynchronised):
            pass
        memory = Memory()
        await pbx.esl.api("flood")
        await asyncio.sleep(_AWAY_SECONDS)
        told = [_named(await anext(facts))]
        while not (told[-1][0] == "ChannelEnded" and told[-1][2] == calls - 1 and told[-2][0] == "ChannelEnded"):
            told.append(_named(await anext(facts)))
            if len(told) % _TAKEN_AT_ONCE == 0:
                await asyncio.sleep(_REST_SECONDS)
        grown = memory.grown_megabytes
        troubles = pbx.troubles()
        await pbx.close()
    first = list(itertools.takewhile(lambda fact: fact[2] == 0, told))
    expected = [(name, leg, call) for call in range(calls) for name, leg, _ in first]
    wrong = sum(one != other for one, other in itertools.zip_longest(told, expected))
    return {"heard": len(told), "wrong": wrong, "grown_megabytes": grown, "troubles": troubles}


def _named(stamped: Stamped) -> tuple[str, str, int]:
    channel = str(getattr(stamped.event, "channel", ""))
    return sys.intern(type(stamped.event).__name__), sys.intern(channel[:8]), int(channel[-8:] or -1)


def _endpoint(port: int) -> Endpoint:
    return Endpoint(user="", password=Secret("secret"), host="127.0.0.1", port=port)


def main() -> None:
    ways = {"client": client, "driver": driver}
    name, port, wanted = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    sys.stdout.write(json.dumps(asyncio.run(ways[name](port, wanted))) + "\n")


if __name__ == "__main__":
    main()
