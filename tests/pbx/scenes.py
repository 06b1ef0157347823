"""All calls that a module's tests look at are made at the same time, before the first test: many take as long as one.

Knows an Asterisk, its callreel and the phones of one evening; each module writes its own scenes.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Generic, TypeVar

import pytest

from tests.pbx.asterisk import ROOT, Asterisk, NoAsterisk
from tests.pbx.configuration import Wishes
from tests.pbx.daemon import Daemon
from tests.pbx.leg import Leg
from tests.pbx.phone import Phone
from tests.pbx.waiting import talking, until
from tests.steadiness import EVENINGS

Act = TypeVar("Act")
#: Plays one call; the name is its own among the phones' users, so that its recording is found.
Scene = Callable[[Phone, str], Awaitable[Act]]
#: Calls begin one after the other, as people's do.
STAGGER_SECONDS = 0.1


#: The dialplan of callreel itself, and the codes that its comments name.
SNIPPET = f"#include {ROOT / 'dialplan/asterisk/callreel.conf'}\n[phones]\n"
FEATURES = """
[applicationmap]
callreel-record => *1,self,Gosub,"callreel-toggle-record,s,1"
callreel-pause => *7,self,Gosub,"callreel-toggle-pause,s,1"
"""


def extension(name: str, *steps: str, options: dict[str, Any] | None = None) -> str:
    """A line of the dialplan that rings the phone of that name in the end; both sides may press the codes."""
    told = () if options is None else (f"Set(CALLREEL_OPTIONS={json.dumps(options)})",)
    lines = (
        "Set(__CALLREEL_FASTAGI=${CUT(AGI,/,3)})",
        "Set(__DYNAMIC_FEATURES=callreel-record#callreel-pause)",
        *told,
        *steps,
        f"Dial(PJSIP/{name}@phones,60)",
    )
    return f"exten => {name},1,NoOp()\n" + "".join(f" same => n,{line}\n" for line in lines)


class Evening(Generic[Act]):
    """What became of each scene, and the callreel that recorded it."""

    def __init__(self, daemon: Daemon, acts: Mapping[str, Act | BaseException]) -> None:
        self.daemon = daemon
        self._acts = acts

    @property
    def asterisk(self) -> Asterisk:
        return self.daemon.asterisk

    async def call_of(self, caller: Leg) -> dict[str, Any]:
        """The call that this phone made, once it is over."""
        question = f"SELECT * FROM calls WHERE from_number = '{caller.user}' AND joined IS NULL AND state = 'ended'"
        [row] = await until(lambda: self.daemon.rows.ask(question), f"the end of the call of {caller.user}")
        return dict(row)

    async def unrecorded(self, caller: Leg) -> str:
        """Asserts that nothing was recorded of it; returns why, as the call's verdict says."""
        call = await self.call_of(caller)
        assert not self.daemon.recordings(caller)
        return str(json.loads(call["verdict"])["reason"])

    def __getitem__(self, name: str) -> Act:
        act = self._acts[name]
        if isinstance(act, BaseException):
            raise act
        return act


@contextmanager
def evening(
    folder: Path,
    version: int,
    scenes: Mapping[str, Scene[Act]],
    *,
    wishes: Wishes | None = None,
    settings: Callable[[Asterisk], dict[str, Any]] | None = None,
) -> Iterator[Evening[Act]]:
    """Asterisk and callreel run while the scenes are played and until all tests have looked at them."""
    for name in ("asterisk", "callreel"):
        (folder / name).mkdir()
    try:
        asterisk = Asterisk(folder / "asterisk", version=version, wishes=wishes)
    except NoAsterisk as error:
        pytest.skip(str(error))
    try:
        asyncio.run(asterisk.start())
        with Daemon(folder / "callreel", asterisk, settings(asterisk) if settings is not None else None) as daemon:
            with EVENINGS.watched():
                acts = asyncio.run(_played(asterisk, scenes))
            yield Evening(daemon, acts)
    finally:
        EVENINGS.forget()
        asyncio.run(asterisk.close())


async def _played(asterisk: Asterisk, scenes: Mapping[str, Scene[Act]]) -> dict[str, Act | BaseException]:
    async with Phone(asterisk.ports.sip, asterisk.ports.phone) as phone:
        played = await asyncio.gather(*(scene(phone, name) for name, scene in scenes.items()), return_exceptions=True)
    await asterisk.cli("channel request hangup all")
    await asterisk.idle()
    return dict(zip(scenes, played, strict=True))


async def _after(seconds: float, scene: Scene[Act], phone: Phone, name: str) -> Act:
    await talking(seconds)
    return await scene(phone, name)
