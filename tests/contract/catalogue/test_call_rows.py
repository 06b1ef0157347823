"""The CallLedger on both databases."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Table, select

from connector.catalogue.store import Catalogue
from connector.catalogue.tables import CALLS, RECORDINGS, SEGMENTS
from connector.domain.call import Asked, CallKind, CallState, Role, Span, Verdict, Wanted
from connector.domain.decision import Change, CommandAnswered
from connector.domain.ids import CallId, RecordingId, SegmentId
from connector.domain.options import AudioFormat, RecordingOptions, TranscriptionOptions
from connector.domain.recording import FlushPoint, Recording
from connector.domain.states import IN_CAPTURE, CommandState, RecordingEvent, RecordingState
from connector.ports.call_ledger import JournalPosition
from connector.ports.commands import Command
from tests.builders import CALL, MORNING, RECORDING, a_call, a_due, a_leg, a_recording, a_segment
from tests.contract.catalogue.pictures import CHANGES, contents, emptied

PLACE = JournalPosition(file="journal-00000001.jsonl", offset=100)


async def applied(catalogue: Catalogue, *changes: Change) -> None:
    await catalogue.calls.apply("here", changes, PLACE)


async def test_what_was_applied_comes_back_as_it_was(catalogue: Catalogue) -> None:
    call = a_call(
        legs=(a_leg(holds=(Span(start=1.5, end=2.25), Span(start=9.0)), variables=(("CALLREEL", "yes"),)),),
        kind=CallKind.CONFERENCE,
        conference="77 „Vertrieb“",
        verdict=Verdict(record=True, is_final=True, reason="force: „Zahlungen“"),
        wanted=Wanted(by="dialplan", options="format=flac"),
        consent=Asked(since=MORNING, key="1", by="+4930123456", at=MORNING + 1.5),
        tags=("vip", "größer"),
        joined=None,
    )
    options = RecordingOptions(
        format=AudioFormat.FLAC, transcription=TranscriptionOptions(enabled=True), tags=("a",), max_length_seconds=2.5
    )
    recording = a_recording(options=options, pauses=(Span(start=MORNING),), destinations=("a", "b"))
    segment = a_segment(flushes=(FlushPoint(at=MORNING + 0.123456789, frames=2**40),), holds=(Span(start=0.0),))

    await applied(catalogue, call, recording, segment)
    found = await catalogue.calls.unfinished("here", "asterisk")

    assert (found.calls, found.recordings, found.segments) == ((call,), (recording,), (segment,))


async def test_a_new_node_has_no_position_and_an_old_one_its_last(catalogue: Catalogue) -> None:
    assert await catalogue.calls.position("here") is None
    await catalogue.calls.apply("here", [], PLACE)
    later = JournalPosition(file="journal-00000002.jsonl", offset=2**40)
    await catalogue.calls.apply("here", [], later)
    await catalogue.calls.apply("there", [], PLACE)
    assert await catalogue.calls.position("here") == later
    assert await catalogue.calls.position("there") == PLACE


async def test_the_last_picture_of_a_thing_wins_within_a_batch_and_between_batches(catalogue: Catalogue) -> None:
    first, second, third = (a_call(queue=name) for name in ("sales", "claims", "support"))
    await applied(catalogue, first, second)
    assert (await catalogue.calls.unfinished("here", "asterisk")).calls == (second,)
    await applied(catalogue, third)
    assert (await catalogue.calls.unfinished("here", "asterisk")).calls == (third,)


@pytest.mark.parametrize("state", sorted(set(RecordingState) - IN_CAPTURE))
async def test_a_recording_that_work_owns_keeps_its_state(catalogue: Catalogue, state: RecordingState) -> None:
    owned = a_recording(state=state, reason="as work left it")
    await applied(catalogue, a_call(), owned)
    await applied(catalogue, a_recording(state=RecordingState.RECORDING))
    await applied(catalogue, a_recording(state=RecordingState.CAPTURED))
    file = await catalogue.shipping.file(RECORDING)
    assert file is not None
    assert file.recording == owned


@pytest.mark.parametrize("state", sorted(IN_CAPTURE))
async def test_a_recording_in_capture_takes_every_picture(catalogue: Catalogue, state: RecordingState) -> None:
    await applied(catalogue, a_call(), a_recording(state=state))
    captured = a_recording(state=RecordingState.CAPTURED, ended_at=MORNING + 50)
    await applied(catalogue, captured)
    file = await catalogue.shipping.file(RECORDING)
    assert file is not None
    assert file.recording == captured


async def test_pictures_and_due_rows_appear_together(catalogue: Catalogue) -> None:
    due = a_due()
    await applied(catalogue, a_call(), a_recording(state=RecordingState.CAPTURED), due, due)
    await applied(catalogue, replace(due, at=due.at + 1000))
    assert await catalogue.dues.fallen("here", due.at, 10) == [due]


async def test_an_answer_settles_an_open_command_once(catalogue: Catalogue) -> None:
    for name in ("done", "refused"):
        await catalogue.commands.post(
            Command(id=name, node="here", call_id=CALL, action="stop", expires_at=MORNING + 9)
        )
    await applied(
        catalogue,
        CommandAnswered(command_id="done", is_done=True, outcome="stopped"),
        CommandAnswered(command_id="refused", is_done=False, outcome="nothing runs"),
        CommandAnswered(command_id="unknown", is_done=True, outcome=""),
    )
    await applied(catalogue, CommandAnswered(command_id="done", is_done=False, outcome="too late"))
    done, refused = [await catalogue.commands.find(name) for name in ("done", "refused")]
    assert done is not None
    assert refused is not None
    assert (done.state, done.outcome) == (CommandState.DONE, "stopped")
    assert (refused.state, refused.outcome) == (CommandState.REFUSED, "nothing runs")


async def test_a_restart_gets_what_is_unfinished_of_that_node_and_pbx_only(catalogue: Catalogue) -> None:
    live = a_call(id="live")
    ended = a_call(id="ended", state=CallState.ENDED)
    half = a_call(id="half", state=CallState.ENDED, started_at=MORNING + 1)
    running = a_recording(id="running", call_id="live", state=RecordingState.PAUSED)
    open_still = a_recording(id="open", call_id="half", state=RecordingState.RECORDING, requested_at=MORNING + 9)
    captured = a_recording(id="captured", call_id="live", state=RecordingState.CAPTURED)
    segments = [a_segment(id=f"segment of {name}", recording_id=name) for name in ("running", "captured")]
    await applied(
        catalogue, live, ended, half, running, open_still, captured, *segments,
        a_call(id="joined", joined=CallId("live")), a_call(id="other node", node="there"),
        a_call(id="other pbx", pbx="freeswitch"), a_recording(id="elsewhere", node="there"),
    )  # fmt: skip
    found = await catalogue.calls.unfinished("here", "asterisk")
    assert found.calls == (live, half)
    assert found.recordings == (running, open_still)
    assert found.segments == (segments[0],)


async def test_a_segment_that_changes_hands_belongs_to_the_other_recording(catalogue: Catalogue) -> None:
    await applied(catalogue, a_call(), a_recording(), a_recording(id="other"), a_segment())
    moved = a_segment(recording_id="other", role=Role.AGENT)
    await applied(catalogue, moved)
    mine, other = [await catalogue.shipping.file(RecordingId(name)) for name in (RECORDING, "other")]
    assert mine is not None
    assert other is not None
    assert (mine.segments, other.segments) == ((), (moved,))


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changes=st.lists(CHANGES, max_size=12), cuts=st.lists(st.integers(0, 12), max_size=3))
async def test_however_changes_are_cut_into_batches_and_repeated_the_catalogue_is_the_same(
    catalogue: Catalogue, changes: Sequence[Change], cuts: list[int]
) -> None:
    await emptied(catalogue)
    for change in changes:
        await applied(catalogue, change)
    one_by_one = await contents(catalogue)
    await applied(catalogue, *changes)
    assert await contents(catalogue) == one_by_one, "repeated"

    await emptied(catalogue)
    borders = [0, *sorted(cuts), len(changes)]
    for start, end in pairwise(borders):
        await applied(catalogue, *changes[start:end])
    assert await contents(catalogue) == one_by_one, "in batches"


async def test_a_recording_moved_by_work_is_not_moved_back_by_a_replay(catalogue: Catalogue) -> None:
    changes: list[Change] = [a_call(), a_recording(), a_segment(), a_recording(state=RecordingState.CAPTURED)]
    await applied(catalogue, *changes)
    await catalogue.shipping.moved(RECORDING, RecordingEvent.UNUSABLE, reason="no sound")
    await applied(catalogue, *changes)
    file = await catalogue.shipping.file(RECORDING)
    assert file is not None
    assert (file.recording.state, file.recording.reason) == (RecordingState.FAILED_RENDER, "no sound")


async def test_every_row_carries_its_organisation(catalogue: Catalogue) -> None:
    recording: Recording = a_recording(organisation="acme")
    await applied(catalogue, a_segment(id=SegmentId("first")), a_call(organisation="acme"), recording)
    await applied(catalogue, a_segment(id=SegmentId("second")))
    for table in (CALLS, RECORDINGS, SEGMENTS):
        assert await organisations(catalogue, table) == ["acme"], table.name


async def organisations(catalogue: Catalogue, table: Table) -> list[str]:
    def read(connection: Connection) -> list[str]:
        return list(connection.execute(select(table.c.organisation).distinct()).scalars())

    return await catalogue.database.read(read)
