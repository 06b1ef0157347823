"""Dues, Commands and Nodes on both databases."""

from dataclasses import replace

import pytest

from connector.catalogue.bell import Bell
from connector.catalogue.onlooker import Onlooker
from connector.catalogue.store import Catalogue
from connector.domain.states import CommandState
from connector.ports.commands import Command
from tests.builders import CALL, MORNING, a_due
from tests.contract.catalogue.conftest import NOW


def a_command(command_id: str = "c1", *, node: str = "here", expires_at: float = MORNING + 2) -> Command:
    return Command(id=command_id, node=node, call_id=CALL, action="stop", options="{}", by="web", expires_at=expires_at)


async def test_due_rows_fall_at_their_time_oldest_first_and_for_their_node(catalogue: Catalogue) -> None:
    late, early = a_due(subject="late", at=20.0), a_due(subject="early", at=10.0)
    anybodys, elsewhere = a_due(subject="anybody's", node=None, at=15.0), a_due(subject="else", node="there", at=5.0)
    await catalogue.dues.add([late, early, anybodys, elsewhere])
    assert await catalogue.dues.fallen("here", 9.9, 10) == []
    assert await catalogue.dues.fallen("here", 20.0, 10) == [early, anybodys, late]
    assert await catalogue.dues.fallen("here", 20.0, 1) == [early]
    assert await catalogue.dues.fallen("there", 20.0, 10) == [elsewhere, anybodys]


async def test_some_kinds_of_work_are_asked_for_apart(catalogue: Catalogue) -> None:
    ship, hear = a_due(subject="a", at=10.0), a_due(subject="b", kind="transcribe", at=5.0)
    assert await catalogue.dues.fallen("here", 20.0, 10, of=("transcribe",)) == []
    assert await catalogue.dues.fallen("here", 20.0, 10, but=("transcribe",)) == []
    await catalogue.dues.add([ship, hear])
    assert await catalogue.dues.fallen("here", 20.0, 10, of=("transcribe",)) == [hear]
    assert await catalogue.dues.fallen("here", 20.0, 1, but=("transcribe",)) == [ship]
    assert await catalogue.dues.fallen("here", 4.0, 10, of=("transcribe",)) == []
    assert await catalogue.dues.fallen("here", 20.0, 10) == [hear, ship]


async def test_a_due_row_waits_once_and_is_gone_when_forwarded(catalogue: Catalogue) -> None:
    due = a_due(at=10.0)
    await catalogue.dues.add([due])
    await catalogue.dues.add([replace(due, at=99.0), due])
    assert await catalogue.dues.fallen("here", 100.0, 10) == [due]
    assert await catalogue.dues.waiting() == 1
    await catalogue.dues.forwarded([due, a_due(subject="unknown")])
    await catalogue.dues.forwarded([])
    assert await catalogue.dues.waiting() == 0


async def test_what_is_only_for_a_node_of_which_nobody_hears_is_left_there(catalogue: Catalogue) -> None:
    for node in ("gone", "alive", None):
        await catalogue.dues.add([a_due(subject=f"{number} of {node}", node=node, at=10.0) for number in (1, 2)])
    await catalogue.dues.add([a_due(subject="later", node="gone", at=20.0)])
    await catalogue.nodes.seen("gone", 5.0)
    await catalogue.nodes.seen("alive", 15.0)
    assert await catalogue.dues.left(15.0) == {"gone": 2}
    assert await catalogue.dues.left(16.0) == {"gone": 2, "alive": 2}
    assert await catalogue.dues.left(10.0) == {}


async def test_a_command_posted_twice_is_one_command(catalogue: Catalogue) -> None:
    first = a_command()
    assert await catalogue.commands.post(first) == first
    assert await catalogue.commands.post(replace(first, action="start", node="there")) == first
    assert await catalogue.commands.find("c1") == first
    assert await catalogue.commands.find("unknown") is None
    assert await catalogue.commands.open_for("here", MORNING) == [first]


async def test_open_commands_come_in_the_order_of_arrival(catalogue: Catalogue) -> None:
    commands = [a_command(name, expires_at=MORNING + wait) for name, wait in (("z", 9), ("a", 1), ("m", 5))]
    for command in commands:
        await catalogue.commands.post(command)
    await catalogue.commands.post(a_command("elsewhere", node="there"))
    assert await catalogue.commands.open_for("here", MORNING) == commands


async def test_a_command_past_its_time_expires_and_is_never_run(catalogue: Catalogue) -> None:
    over, good = a_command("over"), a_command("good", expires_at=MORNING + 99)
    await catalogue.commands.post(over)
    await catalogue.commands.post(good)
    assert await catalogue.commands.open_for("here", over.expires_at) == [good]
    found = await catalogue.commands.find("over")
    assert found is not None
    assert found.state is CommandState.EXPIRED
    assert await catalogue.commands.open_for("here", MORNING) == [good], "expired stays expired"


async def test_nodes_are_silent_since_they_were_last_seen(catalogue: Catalogue) -> None:
    await catalogue.nodes.seen("b", 10.0)
    await catalogue.nodes.seen("a", 10.0)
    await catalogue.nodes.seen("c", 30.0)
    assert await catalogue.nodes.silent_since(20.0) == ["a", "b"]
    assert await catalogue.nodes.silent_since(10.0) == []
    await catalogue.nodes.seen("a", 25.0)
    await catalogue.nodes.seen("a", 5.0)
    assert await catalogue.nodes.silent_since(20.0) == ["b"]
    await catalogue.nodes.forget("b")
    await catalogue.nodes.forget("b")
    assert await catalogue.nodes.silent_since(99.0) == ["a", "c"]


@pytest.fixture(params=["at a glance", "in a thread"])
def asked(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "in a thread":
        monkeypatch.setattr(Onlooker, "rows", lambda *_: None)


@pytest.mark.usefixtures("asked")
async def test_what_was_asked_in_vain_is_found_once_it_is_there(catalogue: Catalogue) -> None:
    for _ in range(3):
        assert await catalogue.commands.open_for("here", MORNING) == []
        assert not await catalogue.dues.any_fallen("here", 10.0)
        assert await catalogue.dues.fallen("here", 10.0, 10) == []
    command, due = a_command(), a_due(at=10.0)
    await catalogue.commands.post(command)
    await catalogue.dues.add([due])
    assert await catalogue.commands.open_for("here", MORNING) == [command]
    assert await catalogue.commands.open_for("there", MORNING) == []
    assert await catalogue.dues.any_fallen("here", 10.0)
    assert await catalogue.dues.fallen("here", 10.0, 10) == [due]
    await catalogue.dues.forwarded([due])
    assert not await catalogue.dues.any_fallen("here", 10.0)


async def test_what_somebody_else_posts_is_found_at_once(catalogue: Catalogue, url: str) -> None:
    assert await catalogue.commands.open_for("here", MORNING) == []
    other = Catalogue.open(url, now=lambda: NOW)
    await other.commands.post(a_command())
    await other.close()
    assert await catalogue.commands.open_for("here", MORNING) == [a_command()]


@pytest.mark.parametrize("seconds", [0.5, -3600.0], ids=["soon", "when the clock was set back"])
async def test_what_was_posted_without_a_word_is_found(
    catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch, seconds: float
) -> None:
    """Whoever posts waits two seconds for an answer."""
    assert await catalogue.commands.open_for("here", MORNING) == []
    monkeypatch.setattr(Bell, "ring", lambda _: None)
    await catalogue.commands.post(a_command())
    assert await catalogue.commands.open_for("here", MORNING + seconds) == [a_command()]


@pytest.mark.usefixtures("asked")
async def test_whether_any_has_fallen_is_said_of_the_kinds_and_the_node_that_are_asked_for(
    catalogue: Catalogue,
) -> None:
    theirs, tell = a_due(subject="theirs", node="there", at=10.0), a_due(kind="tell", at=20.0)
    await catalogue.dues.add([a_due(subject="later", at=40.0), tell, theirs, a_due(subject="sooner", at=30.0)])
    any_fallen = catalogue.dues.any_fallen
    for _ in range(2):
        assert [await any_fallen("here", now) for now in (19.9, 20.0)] == [False, True]
        assert [await any_fallen("there", now) for now in (9.9, 10.0)] == [False, True]
        assert [await any_fallen("here", now, of=("tell",)) for now in (19.9, 20.0)] == [False, True]
        assert [await any_fallen("here", now, but=("tell",)) for now in (29.9, 30.0)] == [False, True]
        assert not await any_fallen("here", 99.0, of=("transcribe",))


async def test_a_due_row_falls_though_nobody_writes_any_more(catalogue: Catalogue) -> None:
    soon, later = a_due(subject="soon", at=20.0), a_due(subject="later", at=30.0)
    await catalogue.dues.add([soon, later])
    for _ in range(3):
        assert await catalogue.dues.fallen("here", 19.9, 10) == []
    assert await catalogue.dues.fallen("here", 20.0, 10) == [soon]
    assert await catalogue.dues.fallen("here", 30.0, 10) == [soon, later]


async def test_of_two_moments_for_one_attempt_the_earlier_holds(catalogue: Catalogue) -> None:
    for at in (MORNING + 60, MORNING + 30, MORNING + 90):
        await catalogue.dues.add([a_due(at=at)])
    assert [due.at for due in await catalogue.dues.fallen("here", MORNING + 30, 10)] == [MORNING + 30]


async def test_settled_commands_of_long_ago_are_forgotten_and_open_ones_never(catalogue: Catalogue) -> None:
    for command in (a_command("over"), a_command("young", expires_at=MORNING + 50), a_command("open", node="there")):
        await catalogue.commands.post(command)
    await catalogue.commands.open_for("here", MORNING + 60)
    assert await catalogue.commands.forget(MORNING + 50) == 1
    assert await catalogue.commands.find("over") is None
    assert [await catalogue.commands.find(left) is None for left in ("young", "open")] == [False, False]
