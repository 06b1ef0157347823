"""Two organisations at one switch, told apart by their calls' domain, and calls that wish something for themselves.

Knows the scenes and what was said in them; what is claimed of them is the tests' business.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np

from tests.freeswitch import proving
from tests.freeswitch.legs import Leg
from tests.freeswitch.office import Evening, Scene, Stage, ended_at
from tests.pbx.noise import Samples
from tests.pbx.proof import Voice, assert_complete
from tests.pbx.waiting import talking

TALK_SECONDS: Final = 1.2
#: Who is recorded is claimed with these, and what of them; how soon is the claim of test_shapes.py.
START_SECONDS: Final = 0.2
#: From an order to what it does in both files.
EDGE_SECONDS: Final = 0.100
ACME, GLOBEX = "acme.example.com", "globex.example.com"
NO, YES = {"callreel_record": "no"}, {"callreel_record": "yes"}
#: Whom rules say no of, without a wish; and those of whom no wish changes it.
UNWANTED, FORCED, FORBIDDEN, SECRET = "8001", "7001", "7002", "7003"
Variables = Mapping[str, str]


@dataclass
class Act:
    caller: Leg
    agents: list[Leg] = field(default_factory=list)
    #: When each order was given.
    moments: list[float] = field(default_factory=list)
    #: What a file in FreeSWITCH's folder held of the time since the first order, before the second one.
    written: list[Samples] = field(default_factory=list)


async def begun(
    stage: Stage,
    variables: Variables | None = None,
    *,
    dialled: str = "",
    domain: str = ACME,
    exported: Variables | None = None,
    of_agent: Variables | None = None,
) -> Act:
    """`variables` are set by the caller's dialplan; `exported` and `of_agent` are the called leg's alone."""
    own = ({"domain_name": domain} if domain else {}) | dict(variables or {})
    dialled = dialled or stage.agent()
    caller = await stage.switch.inbound(stage.caller, dialled, variables=own)
    for name, value in (exported or {}).items():
        await stage.switch.execute(caller, "export", f"nolocal:{name}={value}")
    agent = await stage.switch.dial(caller, dialled, variables=of_agent)
    await stage.switch.answer(agent)
    await talking(TALK_SECONDS)
    return Act(caller, [agent])


def call(variables: Variables | None = None, **of_it: Any) -> Scene[Act]:
    async def played(stage: Stage) -> Act:
        act = await begun(stage, variables, **of_it)
        await stage.switch.hang_up(act.caller)
        return act

    return played


def settings(archive: Path) -> dict[str, Any]:
    def at(folder: str) -> dict[str, Any]:
        return {"url": f"file://{archive}/{folder}/{{callId}}-{{recordingId}}.{{format}}"}

    return {
        "destinations": {"common": at("common"), "vault": at("vault") | {"organisations": [ACME]}},
        "organisations": {
            "by": "domain_name",
            "unknown": "refuse",
            ACME: {"destination": at("acme"), "rules": [{"when": {"to": SECRET}, "record": "never"}]},
            GLOBEX: {"destination": at("globex"), "match": ["globex.example.net"], "retentionDays": 7},
        },
        "rules": [
            {"when": {"to": FORCED}, "record": "force"},
            {"when": {"to": FORBIDDEN}, "record": "never"},
            {"when": {"to": "8XXX"}, "record": "no"},
        ],
    }


def voices(act: Act, *, since: float = 0.0, until: float = np.inf) -> tuple[list[Voice], list[Voice]]:
    """All that both said in their talk, between two times."""
    agent = act.agents[-1]
    assert agent.bridged_frame is not None
    between = (max(since, agent.clock.wall(agent.bridged_frame)), min(until, ended_at(agent)))
    return [proving.voice(act.caller, between=between)], [proving.voice(agent, between=between)]


async def assert_recorded_whole(played: Evening[Act], name: str) -> None:
    """One recording, from the first bridge to the end, without a gap."""
    act, daemon = played[name], played.daemon
    row = await played.one(act.caller)
    assert daemon.gaps(row) == []
    assert abs(float(row["ended_at"]) - ended_at(act.caller)) <= EDGE_SECONDS
    if {copy["kind"] for copy in daemon.rows.deliveries(row["id"])} == {"stereo"}:
        left, right = voices(act)
        assert_complete(daemon.sound(row), left=left, right=right, lost_at_start_seconds=START_SECONDS)
