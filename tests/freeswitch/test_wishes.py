"""What a call wishes for itself by channel variables, its own or inherited, and whose call its domain says it is."""

import json
from collections.abc import Iterator

import pytest
import soundfile

from tests.freeswitch.office import Evening, Scene, Stage, evening
from tests.freeswitch.wishing import (
    ACME,
    EDGE_SECONDS,
    FORBIDDEN,
    FORCED,
    GLOBEX,
    NO,
    SECRET,
    TALK_SECONDS,
    UNWANTED,
    YES,
    Act,
    Variables,
    assert_recorded_whole,
    call,
    settings,
)
from tests.pbx.waiting import talking

IN_JSON = json.dumps({"format": "flac", "channels": "mono", "tags": ["vip", "sales"]})
IN_PAIRS = "format=flac,channels=mono,tags=vip|sales"


def group(first: Variables, second: Variables) -> Scene[Act]:
    """Two phones ring, and the second is answered; the first one's wishes are nobody's."""

    async def played(stage: Stage) -> Act:
        caller = await stage.switch.inbound(stage.caller, "group", variables={"domain_name": ACME})
        idle = await stage.switch.dial(caller, stage.agent(1), variables=first)
        agent = await stage.switch.dial(caller, stage.agent(2), variables=second)
        await stage.switch.answer(agent)
        await stage.switch.hang_up(idle, "LOSE_RACE")
        await talking(TALK_SECONDS)
        await stage.switch.hang_up(caller)
        return Act(caller, [agent])

    return played


async def dialled_for_an_agent(stage: Stage) -> Act:
    """A click-to-call: the agent's leg is the first one, and knows its domain from the beginning."""
    agent = await stage.switch.originate(
        stage.agent(), variables={"domain_name": GLOBEX}, caller_number=stage.outside(1)
    )
    await stage.switch.answer(agent)
    customer = await stage.switch.dial(agent, stage.outside(1))
    await stage.switch.answer(customer)
    await talking(TALK_SECONDS)
    await stage.switch.hang_up(agent)
    return Act(customer, [agent])


RECORDED: dict[str, Scene[Act]] = {
    "wanted": call(YES, dialled=UNWANTED),
    "wanted_by_export": call(dialled=UNWANTED, exported=YES),
    "wanted_by_the_dialled": call(NO, of_agent=YES),
    "group_wants": group(NO, {}),
    "forced": call(NO, dialled=FORCED),
    "json": call({"callreel_options": IN_JSON}),
    "pairs": call({"callreel_options": IN_PAIRS}),
    "options_by_export": call(exported={"callreel_options": IN_PAIRS}),
    "misspelt": call({"callreel_options": "formt=mp3"}),
    "undecided": call({"callreel_record": "must"}),
    "vaulted": call({"callreel_options": "destination=vault"}),
}
NOBODYS = "no organisation of the configuration fits this call: refused"
UNRECORDED: dict[str, tuple[Scene[Act], str]] = {
    "unwanted": (call(NO), "callreel_record says no"),
    "unwanted_by_export": (call(exported=NO), "callreel_record says no"),
    "unwanted_by_the_dialled": (call(of_agent=NO), "callreel_record says no"),
    "group_wants_not": (group(YES, NO), "callreel_record says no"),
    "forbidden": (call(YES, dialled=FORBIDDEN), "rule 2 (to 7002): never"),
    "secret": (call(YES, dialled=SECRET), f"rule 1 of {ACME} (to {SECRET}): never"),
    "nobodys": (call(YES, domain="evil.example.com"), NOBODYS),
    "of_no_domain": (call(YES, domain=""), NOBODYS),
}
ORGANISED: dict[str, Scene[Act]] = {
    "globex": call(domain=GLOBEX, dialled=SECRET),
    "globex_shouted": call(domain=GLOBEX.upper()),
    "globex_of_old": call(domain="globex.example.net"),
    "globex_by_click": dialled_for_an_agent,
    "globex_steals": call({"callreel_options": "destination=vault"}, domain=GLOBEX),
}
SCENES: dict[str, Scene[Act]] = {
    **RECORDED,
    **{name: scene for name, (scene, _) in UNRECORDED.items()},
    **ORGANISED,
}


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Evening[Act]]:
    with evening(tmp_path_factory.mktemp("evening"), SCENES, settings=settings) as evening_:
        yield evening_


# --- by variable --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [*RECORDED, *ORGANISED])
async def test_a_call_that_is_recorded_is_recorded_whole(played: Evening[Act], name: str) -> None:
    await assert_recorded_whole(played, name)


@pytest.mark.parametrize(
    ("name", "rule"),
    [
        ("wanted", "callreel_record says yes"),
        ("wanted_by_export", "callreel_record says yes"),
        ("wanted_by_the_dialled", "callreel_record says yes"),
        ("group_wants", "no rule says anything; defaults.record: yes"),
        ("forced", "rule 1 (to 7001): force"),
    ],
)
async def test_a_recording_names_who_wanted_it(played: Evening[Act], name: str, rule: str) -> None:
    assert (await played.one(played[name].caller))["rule"] == rule


@pytest.mark.parametrize("name", UNRECORDED)
async def test_a_call_that_is_not_to_be_recorded_is_not_and_the_reason_is_kept(played: Evening[Act], name: str) -> None:
    assert await played.unrecorded(played[name].caller) == UNRECORDED[name][1]


@pytest.mark.parametrize("name", ["json", "pairs", "options_by_export"])
async def test_a_calls_own_options_hold(played: Evening[Act], name: str) -> None:
    act, daemon = played[name], played.daemon
    row = await played.one(act.caller)
    assert json.loads(row["options"])["tags"] == ["vip", "sales"]
    [copy] = daemon.rows.deliveries(row["id"])
    assert (copy["kind"], copy["url"].rpartition(".")[2]) == ("mono", "flac")
    sound = soundfile.info(daemon.file(row, "mono"))
    assert (sound.format, sound.channels) == ("FLAC", 1)
    assert sound.duration == pytest.approx(float(row["ended_at"]) - float(row["started_at"]), abs=EDGE_SECONDS)


@pytest.mark.parametrize(
    ("name", "trouble"),
    [
        ("misspelt", "callreel_options: unknown recording option 'formt': did you mean format?"),
        ("undecided", "callreel_record='must' is neither yes nor no"),
    ],
)
async def test_a_wish_that_cannot_be_read_is_told_and_the_call_is_recorded_without_it(
    played: Evening[Act], name: str, trouble: str
) -> None:
    row = await played.one(played[name].caller)
    assert row["rule"] == f"no rule says anything; defaults.record: yes; {trouble}"
    told = [str(line["rule"]) for line in played.log if line.get("recording_id") == row["id"] and "rule" in line]
    assert told[0].endswith(trouble)


# --- by domain ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ORGANISED)
async def test_the_domain_says_whose_call_it_is(played: Evening[Act], name: str) -> None:
    """With rules, options and a folder of its own: acme would not have recorded the first one."""
    row = await played.one(played[name].caller)
    assert row["organisation"] == GLOBEX
    assert played.daemon.file(row).parent == played.daemon.archive / "globex"
    assert json.loads(row["options"])["retention_days"] == 7


async def test_each_organisations_recordings_are_in_its_own_folder_alone(played: Evening[Act]) -> None:
    rows = await played.daemon.settled()
    kept = {row["id"]: row["organisation"] for row in rows if row["state"] == "available"}
    found = {folder: list((played.daemon.archive / folder).iterdir()) for folder in ("acme", "globex", "vault")}
    whose = {folder: {kept[id] for path in paths for id in kept if id in path.name} for folder, paths in found.items()}
    assert whose == {"acme": {ACME}, "globex": {GLOBEX}, "vault": {ACME}}
    assert sum(len(paths) for paths in found.values()) == len(kept)
    assert not (played.daemon.archive / "common").exists()


async def test_a_call_may_name_a_destination_of_its_own_organisation(played: Evening[Act]) -> None:
    row = await played.one(played["vaulted"].caller)
    assert played.daemon.file(row).parent == played.daemon.archive / "vault"


async def test_another_organisations_destination_is_never_used_and_that_is_said(played: Evening[Act]) -> None:
    row = await played.one(played["globex_steals"].caller)
    assert played.daemon.file(row).parent == played.daemon.archive / "globex"
    told = [line for line in played.daemon.role.lines if line.get("event") == "destination not allowed"]
    assert {(line["destination"], line["organisation"]) for line in told} == {("vault", GLOBEX)}


async def test_a_call_of_nobodys_is_told_in_the_log(played: Evening[Act]) -> None:
    own = {(await played.calls(played[name].caller))[0]["id"] for name in ("nobodys", "of_no_domain")}
    told = [line for line in played.log if line.get("event") == "call of no organisation"]
    assert sorted(str(line["call_id"]) for line in told) == sorted(own)
    assert all(line["level"] == "warning" and "refused" in str(line["reason"]) for line in told)


async def test_nothing_else_was_odd(played: Evening[Act]) -> None:
    played.assert_nothing_odd("destination not allowed", "call of no organisation")
