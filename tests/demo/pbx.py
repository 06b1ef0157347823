"""The PBX of the demo, in a process of its own: one call after the other, in real time. Knows no daemon."""

import argparse
import asyncio
import signal
import sys
from contextlib import suppress
from pathlib import Path
from typing import Final

from connector.network.clock import SystemClock
from connector.pbx.scripted.conversation import Conversation
from connector.pbx.scripted.player import Player
from connector.pbx.scripted.script import Script
from tests.demo.voices import SAMPLE_RATE

CALLER: Final = "+4930901820"
AGENT: Final = "201"
RING_SECONDS: Final = 1.0
TALK_SECONDS: Final = 3.2
HOLD_SECONDS: Final = 1.6
PAUSE_SECONDS: Final = 20.0


def one_call(number: int, caller_voice: Path, agent_voice: Path) -> Script:
    """Ringing, talk, a hold, talk, the end."""
    call = Conversation(
        caller=CALLER, agent=AGENT, prefix=f"demo{number}", caller_rate=SAMPLE_RATE, agent_rate=SAMPLE_RATE
    )
    call.voice("caller", f"wav:{caller_voice}").ringing(RING_SECONDS).voice("agent", f"wav:{agent_voice}")
    call.talk(TALK_SECONDS).hold(HOLD_SECONDS).talk(TALK_SECONDS).hangup()
    return call.script()


def main() -> int:
    parser = argparse.ArgumentParser(prog="tests.demo.pbx", description=__doc__)
    for name in ("socket", "spool", "caller-voice", "agent-voice"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    parser.add_argument("--once", action="store_true")
    with suppress(asyncio.CancelledError):
        asyncio.run(_until_told(parser.parse_args()))
    return 0


async def _until_told(wanted: argparse.Namespace) -> None:
    task = asyncio.current_task()
    assert task is not None
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    clock = SystemClock()
    async with Player(wanted.socket, wanted.spool, clock=clock).attended() as player:
        await player.doors.was_heard.wait()
        calls = 0
        while not (wanted.once and calls):
            calls += 1
            began = player.add(one_call(calls, wanted.caller_voice, wanted.agent_voice))
            await clock.sleep_until(began + PAUSE_SECONDS)
        await asyncio.Event().wait()


if __name__ == "__main__":
    sys.exit(main())
