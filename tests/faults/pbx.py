"""The PBX of a fault test: calls that are told sentence by sentence, while the house dies and comes back."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

from connector.domain.call import Direction
from connector.domain.ids import ChannelId, Moment
from connector.pbx.scripted.conversation import Conversation
from connector.pbx.scripted.script import Fault, Line, Misbehaves, Script, as_data
from tests.faults.waiting import until

ROOT = Path(__file__).parents[2]


class Pbx:
    def __init__(self, folder: Path) -> None:
        self.socket = folder / "pbx.sock"
        self.spool = folder / "spool"
        self.spool.mkdir(mode=0o777)
        self.calls: list[PbxCall] = []
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.imitation", str(self.socket), str(self.spool)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> "Pbx":
        until(self.socket.exists, "the PBX's socket")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.communicate()

    def call(self, name: str, *, caller: str = "+4930123456", agent: str = "201") -> "PbxCall":
        call = PbxCall(self, name, Conversation(caller=caller, agent=agent, prefix=name, direction=Direction.INBOUND))
        self.calls.append(call)
        return call

    def misbehave(self, fault: Fault, *, count: int = 1, seconds: float = 0.0) -> None:
        wrong = Misbehaves(fault=fault, count=count, seconds=seconds)
        self.play(Script(lines=(Line(offset_seconds=0.0, what=wrong),)))

    def play(self, script: Script) -> Moment:
        """Let it happen from now on; returns the moment of its beginning."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(as_data(script)) + "\n")
        self._process.stdin.flush()
        return float(self._process.stdout.readline())


class PbxCall:
    """One call and what was told of it so far."""

    def __init__(self, pbx: Pbx, name: str, conversation: Conversation) -> None:
        self.name = name
        self.caller: ChannelId = conversation.channel("caller")
        self.answered_at: Moment | None = None
        self.ended_at: Moment | None = None
        self._pbx = pbx
        self._conversation = conversation
        self._told = 0

    def say(self, sentence: Callable[[Conversation], object]) -> Moment:
        """Go on with the story; returns the moment when its last word is said."""
        begins = self._conversation.seconds
        sentence(self._conversation)
        script = self._conversation.script()
        new = script.lines[self._told :]
        self._told = len(script.lines)
        lines = tuple(Line(offset_seconds=line.offset_seconds - begins, what=line.what) for line in new)
        return self._pbx.play(Script(lines=lines, voices=script.voices)) + self._conversation.seconds - begins

    def answer(self) -> "PbxCall":
        self.answered_at = self.say(lambda conversation: conversation.answer())
        return self

    def hang_up(self) -> None:
        self.ended_at = self.say(lambda conversation: conversation.hangup())

    def instruct(self, action: str) -> None:
        """A line of the dialplan."""
        self.say(lambda conversation: conversation.instruct(action))
