"""A role that only answers the dialplan, in a process of its own: `PORT answers|blocks|accepts`, or under a supervisor:
`PORT supervised FOLDER`. It prints what happens to it, one line an event."""

import asyncio
import os
import socket
import sys
import time
from pathlib import Path

from connector.domain.decision import CommandAnswered
from connector.domain.ids import ChannelId, RecordingId
from connector.pbx.asterisk.fastagi import FastAgi
from connector.roles.lifeline import lifeline
from connector.supervisor import RoleCommand, supervise

BLOCKED_SECONDS = 1.0


def say(*words: object) -> None:
    sys.stdout.write(" ".join(map(str, words)) + "\n")
    sys.stdout.flush()


async def answer(_pbx: str, _channel: ChannelId, action: str, _options: str) -> CommandAnswered:
    say("asked", action)
    return CommandAnswered(command_id="1", is_done=True, outcome="r1", recording=RecordingId("r1"))


async def answering(port: str, *, is_blocked: bool) -> None:
    async with lifeline() as life:
        agi = FastAgi(f"127.0.0.1:{port}", answer)
        running = asyncio.create_task(agi.run())
        await asyncio.wrap_future(agi.listening)
        life.ready()
        say("role", "up", os.getpid())
        if is_blocked:
            asyncio.get_running_loop().call_later(0.05, block)
        await life.stop_requested.wait()
        running.cancel()
        await asyncio.wait({running})


def block() -> None:
    """Busy in Python itself, and not only waiting: the other thread has to get its turns. Over and over."""
    until = time.monotonic() + BLOCKED_SECONDS
    while time.monotonic() < until:
        pass
    asyncio.get_running_loop().call_soon(block)


def accepting(port: str) -> None:
    """As a role that is about to be killed."""
    with socket.create_server(("127.0.0.1", int(port))) as server:
        say("role", "up", os.getpid())
        connection, _ = server.accept()
        with connection:
            say("accepted")
            connection.recv(1)
            sys.stdin.read()


if __name__ == "__main__":
    match sys.argv[1:]:
        case [port, "supervised", folder]:
            role = RoleCommand(role="capture", argv=(sys.executable, "-m", "tests.pbx.dialplan_role", port, "answers"))
            sys.exit(supervise([role], Path(folder)))
        case [port, "accepts"]:
            accepting(port)
        case [port, habit]:
            asyncio.run(answering(port, is_blocked=habit == "blocks"))
