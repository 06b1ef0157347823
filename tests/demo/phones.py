"""The people of the demo at their telephones, in a process of its own: for each line on its standard input one call.

Knows SIP's port and no recorder. Tells what they do in lines of JSON, and leaves what they heard in files.
"""

import argparse
import asyncio
import json
import signal
import sys
from contextlib import suppress
from pathlib import Path
from typing import Final

import soundfile

from tests.demo.pbx import CALLER
from tests.demo.prompts import SAMPLE_RATE
from tests.demo.steps import PLAYERS
from tests.pbx import noise
from tests.pbx.leg import Leg
from tests.pbx.phone import Manner, Phone
from tests.pbx.sounds import Nothing, Silence, Speech
from tests.pbx.waiting import talking

#: Extensions of Asterisk's dialplan, and whom they ring.
AGENTS: Final = {"201": "agent1", "202": "agent2"}
RING_SECONDS: Final = 1.0
#: A turn of each.
TALK_SECONDS: Final = 4.2
HOLD_SECONDS: Final = 2.0


async def one_call(phone: Phone, voices: list[Speech], folder: Path) -> None:
    """Ringing, talk, a hold, talk, a blind transfer to the second agent, talk, the end."""
    first, second = AGENTS
    _tell(f"The telephone of {CALLER} dials {first}.")
    caller = await phone.call(first, user=CALLER, name="A caller", sound=voices[0])
    one = await _answering(phone, first)
    _tell(f"Agent {first} answers; both talk.")
    await talking(TALK_SECONDS)
    await one.hold()
    # As telephones and people do: who holds sends nothing, who hears music says nothing.
    one.sound, caller.sound = Nothing(), Silence()
    _tell(f"Agent {first} puts the caller on hold.")
    await talking(HOLD_SECONDS)
    one.sound, caller.sound = voices[1], voices[0]
    await one.resume()
    _tell(f"Agent {first} is back.")
    await talking(TALK_SECONDS)
    code = await one.transfer(second)
    _tell(f"Agent {first} transfers the caller to {second} ({code}).")
    other = await _answering(phone, second)
    await one.hang_up()
    _tell(f"Agent {second} answers; both talk.")
    await talking(TALK_SECONDS + RING_SECONDS)
    await caller.hang_up()
    _tell("The caller hangs up.")
    for name, leg in (("the-caller", caller), (f"agent-{first}", one), (f"agent-{second}", other)):
        _keep(leg, folder / f"heard-by-{name}.wav")


def heard_by_agents(folder: Path) -> list[Path]:
    return [folder / f"heard-by-agent-{extension}.wav" for extension in AGENTS]


def heard_by_caller(folder: Path) -> Path:
    return folder / "heard-by-the-caller.wav"


async def _answering(phone: Phone, extension: str) -> Leg:
    """This call's; others may be placed at the same time."""
    while CALLER not in (leg := await phone.answered(AGENTS[extension])).remote_uri:
        continue
    return leg


def _keep(leg: Leg, path: Path) -> None:
    sound = noise.LINEAR[leg.rtp.heard().codes]
    new = path.with_suffix(".new")
    soundfile.write(new, sound, SAMPLE_RATE, "PCM_16", format="WAV")
    new.rename(path)


def _tell(words: str) -> None:
    sys.stdout.write(json.dumps({"event": PLAYERS, "words": words}) + "\n")
    sys.stdout.flush()


async def _lines_read() -> asyncio.StreamReader:
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    return reader


async def _until_told(wanted: argparse.Namespace) -> None:
    task = asyncio.current_task()
    assert task is not None
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    voices = [Speech(path) for path in wanted.voices]
    async with Phone(wanted.pbx_port, wanted.port) as phone:
        for user, voice in zip(AGENTS.values(), voices[1:], strict=True):
            phone.manners[user] = Manner(answers_after_seconds=RING_SECONDS, sound=voice)
        # Its end is the end of whoever gives the orders.
        async for _ in await _lines_read():
            await one_call(phone, voices, wanted.folder)


def main() -> int:
    parser = argparse.ArgumentParser(prog="tests.demo.phones", description=__doc__)
    parser.add_argument("--pbx-port", type=int, required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--folder", type=Path, required=True, help="where what they heard is kept")
    parser.add_argument("voices", type=Path, nargs=1 + len(AGENTS), help="the caller's, then the agents'")
    with suppress(asyncio.CancelledError):
        asyncio.run(_until_told(parser.parse_args()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
