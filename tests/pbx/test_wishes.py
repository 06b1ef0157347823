"""What a call wishes for itself, by channel variables, events of the dialplan and keys; and callers with evil names."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import pytest
import soundfile

from tests.pbx.asterisk import Asterisk
from tests.pbx.configuration import Wishes
from tests.pbx.leg import Leg
from tests.pbx.phone import Phone
from tests.pbx.proof import Voice, assert_complete
from tests.pbx.scenes import FEATURES, SNIPPET, Evening, Scene, evening, extension
from tests.pbx.waiting import talking

pytestmark = pytest.mark.asterisk

TALK_SECONDS = 2.0
ASKING = "Gosub(callreel-consent,s,1(${SOUNDS}/prompt,2))"
ON_KEY = {"consent": {"key": "1", "otherwise": "no"}}
UNTIL_KEY = {"consent": {"key": "2", "otherwise": "yes"}}
#: As they are on the wire, percent-encoded: who calls, by name and by number.
EVIL = {
    "breaks": "Eve%0D%0A%0D%0AAction: Originate%0D%0AChannel: Local/evil@phones%0D%0AApplication: Wait%0D%0A",
    "events": "Eve%0D%0AEvent: UserEvent%0D%0AUserEvent: Callreel%0D%0AAction: discard%0D%0A",
    "paths": "../../etc/passwd; rm -rf / & $(touch x)",
    "percent": "a%250Ab%252e%252e%252fc",
    "emoji": "Zoé 📞 “Müller”",
    "broken": "caf%E9 %FF%FE%80",
}
LEGIBLE = {"breaks": "Eve", "events": "Eve", "paths": "etc/passwd", "percent": "a%0Ab", "emoji": "📞", "broken": "caf"}


@dataclass
class Act:
    caller: Leg
    agents: list[Leg] = field(default_factory=list)
    pressed_at: float = 0.0


def call(key: str = "", before: str = "") -> Scene[Act]:
    """Talk, press a key in the middle, or one while the dialplan asks."""

    async def played(phone: Phone, name: str) -> Act:
        caller = await phone.call(name, user=f"+4930{name}")
        if before:
            caller.press(before)
        agent = await phone.answered(name)
        await talking(TALK_SECONDS)
        if key:
            caller.press(key)
        await talking(TALK_SECONDS)
        await caller.hang_up()
        return Act(caller, [agent])

    return played


async def succession(phone: Phone, name: str) -> Act:
    caller = await phone.call(name, user=f"+4930{name}")
    first = await phone.answered(f"{name}1")
    await talking(TALK_SECONDS)
    await first.hang_up()
    second = await phone.answered(name)
    await talking(TALK_SECONDS)
    await caller.hang_up()
    return Act(caller, [first, second])


async def alone(phone: Phone, name: str) -> Act:
    caller = await phone.call(name, user=f"+4930{name}")
    await talking(TALK_SECONDS)
    await caller.hang_up()
    return Act(caller)


def event(text: str) -> str:
    return f"UserEvent(Callreel,{text})"


LINES = {
    "unwanted": extension("unwanted", "Set(CALLREEL=no)"),
    "8001": extension("8001", "Set(CALLREEL=yes)"),
    "json": extension("json", options={"format": "flac", "channels": "mono", "tags": ["vip", "sales"]}),
    "pairs": extension("pairs", "Set(CALLREEL_OPTIONS=format=flac,clientState=order 66)"),
    "8002": extension("8002", event("Action: start,Tags: vip")),
    "misspelt": extension("misspelt", options={"formt": "mp3"}),
    "undecided": extension("undecided", "Set(CALLREEL=perhaps)"),
    "8003": extension(
        "8003",
        event("Action: start,CommandId: one"),
        "Dial(PJSIP/80031@phones,60,g)",
        event("Action: stop,CommandId: two"),
        event("Action: start,CommandId: one"),
    ),
    "8004": extension(
        "8004", "Gosub(callreel-start,s,1(formt=mp3))", "NoOp(TOLD ${RECORDING_STATUS}/${RECORDING_REASON})"
    ),
    "agreed": extension("agreed", "Answer()", ASKING, options=ON_KEY),
    "unasked": extension("unasked", "Answer()", ASKING, options=ON_KEY),
    "declined": extension("declined", "Answer()", ASKING, options=UNTIL_KEY),
    "unmoved": extension("unmoved", "Answer()", ASKING, options=UNTIL_KEY),
    "agreeing": extension("agreeing", options=ON_KEY),
    "objecting": extension("objecting", options=UNTIL_KEY),
}


def caller_id(kind: str, name: str) -> str:
    return f"Set(CALLERID({kind})=${{URIDECODE({quote(EVIL[name], safe='%')})}})"


#: No phone can send a line break, and Asterisk can call nobody on with one: only a dialplan makes such a name.
BROKEN = ("breaks", "events")
NAMED = {
    **{name: extension(name, caller_id("name", name), caller_id("num", name)) for name in EVIL if name not in BROKEN},
    **{
        name: extension(name, caller_id("name", name), "Answer()", "Wait(60)", options={"recordFrom": "answer"})
        for name in BROKEN
    },
}
SCENES: dict[str, Scene[Act]] = {
    **dict.fromkeys(LINES, call()),
    "8003": succession,
    "agreed": call(before="1"),
    "declined": call(before="2"),
    "agreeing": call("1"),
    "objecting": call("2"),
    **dict.fromkeys(EVIL, call()),
    **dict.fromkeys(BROKEN, alone),
}


def settings(asterisk: Asterisk) -> dict[str, Any]:
    folder = asterisk.folder.parent / "callreel" / "archive"
    return {
        "rules": [{"when": {"to": "8XXX"}, "record": "no"}],
        "destinations": {"archive": {"url": f"file://{folder}/{{from}}/{{callId}}-{{recordingId}}.{{format}}"}},
    }


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Evening[Act]]:
    wishes = Wishes(
        dialplan=SNIPPET + "".join((*LINES.values(), *NAMED.values())), snippets={"features.conf": FEATURES}
    )
    folder = tmp_path_factory.mktemp("evening")
    with evening(folder, 22, SCENES, wishes=wishes, settings=settings) as evening_:
        yield evening_


async def reason(played: Evening[Act], act: Act) -> str:
    """Of the verdict."""
    call = await played.call_of(act.caller)
    return str(json.loads(call["verdict"])["reason"])


async def recorded(played: Evening[Act], name: str) -> dict[str, Any]:
    """The one recording of that call; what was said while it ran is whole."""
    act = played[name]
    [row] = await played.daemon.available(act.caller)
    between = (float(row["started_at"]) + 0.02, float(row["ended_at"]) - 0.04)
    assert_complete(
        played.daemon.sound(row),
        left=[Voice.of(act.caller, between=between)],
        right=[Voice.of(agent, between=between) for agent in act.agents],
        # A key sounds in place of a voice.
        gaps=[(act.pressed_at, act.pressed_at + 0.4)],
    )
    return row


# By variable


async def test_a_call_that_does_not_want_to_be_recorded_is_not(played: Evening[Act]) -> None:
    assert await played.unrecorded(played["unwanted"].caller) == "CALLREEL says no"


async def test_a_call_that_wants_to_be_recorded_is(played: Evening[Act]) -> None:
    assert (await recorded(played, "8001"))["rule"] == "CALLREEL says yes"


@pytest.mark.parametrize("name", ["json", "pairs"])
async def test_a_calls_own_options_hold(played: Evening[Act], name: str) -> None:
    [row] = await played.daemon.available(played[name].caller)
    options = json.loads(row["options"])
    copies = played.daemon.rows.deliveries(row["id"])
    assert {copy["url"].rpartition(".")[2] for copy in copies} == {"flac"}
    if name == "json":
        assert options["tags"] == ["vip", "sales"]
        assert [copy["kind"] for copy in copies] == ["mono"]
        assert soundfile.info(played.daemon.file(row, "mono")).channels == 1
    else:
        assert options["client_state"] == "order 66"


@pytest.mark.parametrize(
    ("name", "trouble"),
    [
        ("misspelt", "CALLREEL_OPTIONS: unknown recording option 'formt': did you mean format?"),
        ("undecided", "CALLREEL='perhaps' is neither yes nor no"),
    ],
)
async def test_a_wish_that_cannot_be_read_is_told_and_the_call_is_recorded_without_it(
    played: Evening[Act], name: str, trouble: str
) -> None:
    await recorded(played, name)
    assert (await reason(played, played[name])).endswith(f"; {trouble}")


# By the dialplan's events and questions


async def test_an_event_of_the_dialplan_begins_a_recording_once_somebody_answers(played: Evening[Act]) -> None:
    row = await recorded(played, "8002")
    assert row["rule"] == "asked for by dialplan"
    assert json.loads(row["options"])["tags"] == ["vip"]


async def test_an_instruction_acts_once_however_often_it_is_given(played: Evening[Act]) -> None:
    act = played["8003"]
    [row] = await played.daemon.available(act.caller)
    assert float(row["ended_at"]) == pytest.approx(act.agents[0].ended_at, abs=0.2)


async def test_options_that_cannot_be_read_are_told_to_the_dialplan(played: Evening[Act]) -> None:
    await played.unrecorded(played["8004"].caller)
    assert "TOLD REFUSED/unknown recording option 'formt': did you mean format?" in played.asterisk.log


# Consent


async def test_who_pressed_the_key_before_is_recorded_and_the_evidence_is_kept(played: Evening[Act]) -> None:
    row = await recorded(played, "agreed")
    assert re.search(r"; consent: key 1 by \+4930agreed at 20\d\d-\d\d-\d\dT[\d:]{8}\+00:00$", row["rule"])


async def test_who_pressed_nothing_is_not_recorded(played: Evening[Act]) -> None:
    assert (await played.unrecorded(played["unasked"].caller)).endswith("; consent: nobody has pressed key 1")


async def test_who_objected_before_is_not_recorded(played: Evening[Act]) -> None:
    assert "; consent: key 2 by +4930declined at " in await played.unrecorded(played["declined"].caller)


async def test_who_does_not_object_is_recorded(played: Evening[Act]) -> None:
    assert (await recorded(played, "unmoved"))["rule"].endswith("; consent: nobody has pressed key 2")


async def test_consent_in_the_middle_of_a_call_begins_the_recording_there(played: Evening[Act]) -> None:
    row = await recorded(played, "agreeing")
    call = await played.call_of(played["agreeing"].caller)
    assert float(row["started_at"]) - float(call["answered_at"]) == pytest.approx(TALK_SECONDS, abs=0.5)
    consent = json.loads(call["consent"])
    assert (consent["key"], consent["by"]) == ("1", "+4930agreeing")
    assert consent["at"] <= row["started_at"]


async def test_an_objection_in_the_middle_of_a_call_undoes_the_recording(played: Evening[Act]) -> None:
    act = played["objecting"]
    [row] = await played.daemon.settled(act.caller)
    assert row["state"] == "removed"
    assert "; consent: key 2 by +4930objecting at " in row["reason"]
    assert not list(played.daemon.archive.rglob(f"*{row['id']}*"))


# Evil names


@pytest.mark.parametrize("name", EVIL)
async def test_no_callers_name_does_any_harm(played: Evening[Act], name: str) -> None:
    act, daemon = played[name], played.daemon
    [row] = [row for row in await daemon.settled() if row["to_number"] == name]
    assert (row["state"], row["rule"]) == ("available", "no rule says anything; defaults.record: yes")
    between = (float(row["started_at"]) + 0.02, float(row["ended_at"]) - 0.04)
    assert_complete(
        daemon.sound(row),
        left=[Voice.of(act.caller, between=between)],
        right=[Voice.of(agent, between=between) for agent in act.agents],
        # While it answers, Asterisk puts what it has read back and reads it again.
        twice_seconds=0.020,
    )
    assert LEGIBLE[name] in json.loads(row["legs"])[0]["name"]
    assert re.fullmatch(r"[A-Za-z0-9._-]+/[0-9a-f-]+\.wav", str(daemon.file(row).relative_to(daemon.archive)))


async def test_no_callers_name_became_an_action_or_an_instruction(played: Evening[Act]) -> None:
    assert "evil@phones" not in "".join(re.findall(r"Executing \[.*", played.asterisk.log))
    assert not played.daemon.rows.ask("SELECT id FROM recordings WHERE reason LIKE 'discarded%'")
