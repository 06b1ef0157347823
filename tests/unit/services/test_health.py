"""What somebody should look at."""

import json
import shutil
from collections import namedtuple

import pytest

from connector.domain.ids import CallId, RecordingId
from connector.domain.states import RecordingState
from connector.domain.transcript import Transcript
from connector.services.health import Health
from connector.services.reports import write_report
from tests.builders import CALL, RECORDING, a_call, a_due, a_recording
from tests.unit.services.yard import Yard

Usage = namedtuple("Usage", "total used free")


@pytest.fixture
def health(yard: Yard, monkeypatch: pytest.MonkeyPatch) -> Health:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(10**12, 5 * 10**11, 5 * 10**11))
    return Health(yard.catalogue.search, yard.catalogue.dues, yard.clock, yard.state)


def report(yard: Yard, name: str, *problems: str, age: float = 0.0, node: str = "here") -> None:
    facts = {"at": yard.clock.now() - age, "node": node, "problems": problems}
    write_report(yard.state / "health", name, facts)


async def test_all_is_well_when_the_roles_live_and_nothing_failed(yard: Yard, health: Health) -> None:
    report(yard, "capture")
    report(yard, "work")
    await yard.captured()
    await yard.apply(a_due())
    found = await health.report()
    assert found.is_well
    assert (found.counts.recordings, found.due, found.free_bytes) == ({"captured": 1}, 1, 5 * 10**11)
    assert found.roles.keys() == {"capture", "work"}


async def test_what_a_role_reports_is_said_with_its_name(yard: Yard, health: Health) -> None:
    report(yard, "capture", "PBX office does not answer")
    found = await health.report()
    assert found.problems == ("capture: PBX office does not answer",)
    assert not found.is_well


async def test_a_role_that_has_not_reported_for_a_while_shows_no_sign_of_life(yard: Yard, health: Health) -> None:
    report(yard, "work", age=15)
    assert (await health.report()).is_well
    report(yard, "work", age=16)
    assert (await health.report()).problems == ("work: no sign of life for 16 s",)


@pytest.mark.parametrize("state", [RecordingState.FAILED_RENDER, RecordingState.FAILED_STORE])
async def test_what_can_be_retried_is_a_problem_until_somebody_did(
    yard: Yard, health: Health, state: RecordingState
) -> None:
    await yard.captured(state=state)
    await yard.clock.advance(1e6)
    assert (await health.report()).problems == ("1 recordings failed: callreel recordings list --state failed",)


async def test_what_failed_at_capture_is_named_for_a_day(yard: Yard, health: Health) -> None:
    at = yard.clock.now()
    await yard.apply(a_call(), a_recording(state=RecordingState.FAILED_CAPTURE, requested_at=at))
    await yard.clock.advance(86_400)
    assert (await health.report()).problems == ("1 recordings failed at capture within a day: see their reasons",)
    await yard.clock.advance(1)
    assert (await health.report()).is_well


async def test_a_transcript_that_failed_is_named_for_a_day_and_until_it_is_asked_for_again(
    yard: Yard, health: Health
) -> None:
    await yard.captured()
    ledger = yard.catalogue.transcriptions
    asked = Transcript(recording_id=RecordingId(RECORDING), call_id=CallId(CALL), organisation="default")
    await ledger.begun(asked)
    assert (await health.report()).is_well
    await ledger.failed(asked.recording_id, "the model is not there")
    named = ("1 transcripts failed within a day: callreel transcripts list --state failed",)
    await yard.clock.advance(86_400)
    assert (await health.report()).problems == named
    await yard.clock.advance(1)
    assert (await health.report()).is_well
    await ledger.again(asked.recording_id, "", yard.clock.now())
    await ledger.failed(asked.recording_id, "the model is not there")
    assert (await health.report()).problems == named
    assert (await health.report()).counts.transcripts == {"failed": 1}


async def test_a_disk_that_is_nearly_full_is_named(yard: Yard, health: Health, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(10**11, 96 * 10**9, 4 * 10**9))
    assert (await health.report()).problems == (f"only 4.0 GB free at {yard.state}",)


async def test_a_catalogue_that_does_not_answer_is_a_problem_and_no_error(yard: Yard, health: Health) -> None:
    (yard.state / "catalogue.db").unlink()
    (problem,) = (await health.report()).problems
    assert problem.startswith("catalogue: ")


async def test_a_state_folder_that_is_not_there_is_a_problem_and_no_error(yard: Yard) -> None:
    health = Health(yard.catalogue.search, yard.catalogue.dues, yard.clock, yard.state / "gone")
    found = await health.report()
    assert found.problems == (f"the state folder {yard.state}/gone cannot be read (No such file or directory)",)
    assert found.free_bytes == 0


async def test_a_role_that_dies_whenever_it_begins_is_named_although_it_never_reported(
    yard: Yard, health: Health
) -> None:
    children = [{"role": "web", "state": "ready", "last_exit": ""}, {"role": "capture", "state": "waiting"}]
    children[1]["last_exit"] = "exit code 2"
    (yard.state / "supervisor.json").write_text(json.dumps({"pid": 1, "roles": children}))
    assert (await health.report()).problems == ("capture: it died and is being started again: exit code 2",)


async def test_work_that_lies_for_a_node_that_nobody_is_is_named(yard: Yard, health: Health) -> None:
    """The machine has got another name, or is gone."""
    now = yard.clock.now()
    await yard.apply(
        a_due(node="old", at=now), a_due(subject="two", node="here", at=now), a_due(subject="3", node=None, at=now)
    )
    await yard.clock.advance(600)
    report(yard, "work")
    assert (await health.report()).is_well
    await yard.clock.advance(1)
    (problem,) = (await health.report()).problems
    assert problem.startswith("1 pieces of work lie for node 'old', which nobody has heard of for 10 minutes")
    report(yard, "work", node="old")
    assert [line[:38] for line in (await health.report()).problems] == ["1 pieces of work lie for node 'here', "]
