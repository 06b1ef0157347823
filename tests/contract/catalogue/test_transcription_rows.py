"""The TranscriptionLedger on both databases: states, versions, words, what falls due, and that all of it goes."""

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, event, select, text

from connector.catalogue.all_tables import METADATA
from connector.catalogue.store import Catalogue
from connector.domain.call import Role
from connector.domain.decision import Due
from connector.domain.ids import CallId
from connector.domain.options import RecordingOptions
from connector.domain.speech import Word
from connector.domain.states import RecordingEvent, TranscriptionState
from connector.domain.talk import TalkFacts, TalkSide
from connector.domain.transcript import TRANSCRIBING, SpokenLine, Transcript
from connector.errors import IllegalTransition, NotFound
from connector.ports.call_search import CallFilter
from tests.builders import MORNING, a_due, a_notification
from tests.contract.catalogue.conftest import NOW
from tests.contract.catalogue.keeping_site import R, available, recorded, spoken
from tests.contract.catalogue.test_keeping_rows import a_hold

S = TranscriptionState
NUMBER = "+4930123456"
FACTS = TalkFacts(
    duration_seconds=40.0,
    silence_seconds=3.5,
    overlap_seconds=0.5,
    sides=(
        TalkSide(
            role=Role.CALLER,
            party=NUMBER,
            talk_seconds=12.5,
            longest_monologue_seconds=6.0,
            interruptions=1,
            response_seconds=None,
        ),
    ),
)
WORDS = (Word("The", 0.1, 0.2, 0.93), Word("parcel,", 0.2, 0.7, None))


def waiting(id: str = "a") -> Transcript:
    return Transcript(recording_id=R(id), call_id=CallId(f"call-{id}"), organisation="default")


def heard(id: str = "a", said: str = "The parcel,", **over: Any) -> Transcript:
    line = SpokenLine(role=Role.CALLER, party=NUMBER, start_seconds=0.1, end_seconds=0.7, text=said, overlaps=True)
    known: dict[str, Any] = {
        "state": S.DONE,
        "language": "en",
        "language_confidence": 0.98,
        "confidence": 0.9,
        "engine": "local",
        "model": "tiny.en",
        "facts": FACTS,
        "lines": (line,),
        "made_at": NOW,
    }
    return replace(waiting(id), **(known | over))


def a_transcribe(id: str = "a", attempt: int = 1, **over: Any) -> Due:
    return a_due(kind=TRANSCRIBING, subject=id, attempt=attempt, **over)


async def begun(catalogue: Catalogue, id: str = "a", **over: Any) -> None:
    await recorded(catalogue, id, **over)
    await catalogue.transcriptions.begun(waiting(id))


async def done(catalogue: Catalogue, id: str = "a", **over: Any) -> bool:
    return await catalogue.transcriptions.done(heard(id, **over), [WORDS])


async def found(catalogue: Catalogue, text: str) -> list[str]:
    return [file.call.id for file in await catalogue.call_search.calls(CallFilter(text=text), limit=9)]


async def due(catalogue: Catalogue) -> list[str]:
    return [one.id for one in await catalogue.dues.fallen("here", NOW + 1e6, 9)]


async def everything(catalogue: Catalogue) -> str:
    def read(connection: Connection) -> str:
        rows = [row for table in METADATA.sorted_tables for row in connection.execute(select(table))]
        if connection.dialect.name == "sqlite":
            rows += connection.execute(text("SELECT * FROM call_words WHERE call_words MATCH 'parcel OR package'"))
        return "\n".join(map(str, rows))

    return await catalogue.database.read(read)


async def state(catalogue: Catalogue, id: str = "a") -> tuple[str, str]:
    current = await catalogue.transcriptions.current(R(id))
    assert current is not None
    return current.state, current.reason


async def test_it_waits_once_whoever_begins_it(catalogue: Catalogue) -> None:
    await recorded(catalogue, "a")
    assert await catalogue.transcriptions.current(R("a")) is None
    assert await catalogue.transcriptions.begun(waiting()) == waiting()
    await done(catalogue)
    assert await catalogue.transcriptions.begun(waiting()) == heard()
    with pytest.raises(NotFound):
        await catalogue.transcriptions.begun(waiting("unknown"))


async def test_what_nobody_wished_to_hear_until_now_falls_due_for_its_engine(catalogue: Catalogue) -> None:
    await recorded(catalogue, "a")
    await catalogue.transcriptions.asked(waiting(), "cloud", NOW)
    assert await catalogue.transcriptions.begun(waiting()) == waiting()
    assert await catalogue.transcriptions.engine_wished(R("a")) == "cloud"
    assert await due(catalogue) == ["transcribe/a/1"]
    with pytest.raises(IllegalTransition, match="already"):
        await catalogue.transcriptions.asked(waiting(), "cloud", NOW)
    with pytest.raises(NotFound):
        await catalogue.transcriptions.asked(waiting("unknown"), "cloud", NOW)
    await available(catalogue, "gone")
    await catalogue.keeping.remove(R("gone"), RecordingEvent.ERASED, "", NOW, by="key k1")
    with pytest.raises(IllegalTransition, match="nothing is left to hear"):
        await catalogue.transcriptions.asked(waiting("gone"), "cloud", NOW)


async def test_of_a_recording_that_goes_none_is_begun(catalogue: Catalogue) -> None:
    await available(catalogue, "a")
    await catalogue.keeping.remove(R("a"), RecordingEvent.ERASED, "a wish", NOW, by="key k1")
    begun = await catalogue.transcriptions.begun(waiting())
    assert (begun.state, begun.reason) == (S.REMOVED, "a wish")
    assert await catalogue.transcriptions.current(R("a")) is None
    assert not await done(catalogue)
    assert await found(catalogue, "parcel") == []


async def test_what_was_heard_is_kept_word_by_word_and_found(catalogue: Catalogue) -> None:
    await begun(catalogue)
    later = a_due(kind="tell", at=MORNING)
    assert await catalogue.transcriptions.done(heard(), [WORDS], [later])
    assert await catalogue.transcriptions.current(R("a")) == heard()
    assert [tuple(line) for line in await catalogue.transcriptions.words(R("a"), 1)] == [WORDS]
    assert await catalogue.transcriptions.words(R("a"), 2) == []
    assert await catalogue.transcriptions.words(R("unknown"), 1) == []
    assert await found(catalogue, "PARCEL the") == ["call-a"]
    assert await due(catalogue) == [later.id]
    file = await catalogue.call_search.call(CallId("call-a"))
    assert file is not None
    assert file.transcripts == (heard(),)


async def test_times_of_words_are_kept_to_the_millisecond(catalogue: Catalogue) -> None:
    await begun(catalogue)
    await catalogue.transcriptions.done(heard(), [[Word("x", 1.2000000477, 1.50049, 0.93211)], []])
    first, second = await catalogue.transcriptions.words(R("a"), 1)
    assert (first, second) == ([Word("x", 1.2, 1.5, 0.932)], [])


async def test_the_same_version_again_changes_nothing(catalogue: Catalogue) -> None:
    await begun(catalogue)
    await done(catalogue)
    again = heard(said="something else")
    assert await catalogue.transcriptions.done(again, [], [a_due(kind="tell", at=MORNING)])
    assert await catalogue.transcriptions.current(R("a")) == heard()
    assert len(await catalogue.transcriptions.words(R("a"), 1)) == 1
    assert await due(catalogue) == []


async def test_a_newer_version_is_read_and_found_and_the_older_one_kept(catalogue: Catalogue) -> None:
    await begun(catalogue)
    await done(catalogue)
    assert await catalogue.transcriptions.again(R("a"), "cloud", NOW) == 2
    assert await catalogue.transcriptions.engine_wished(R("a")) == "cloud"
    assert await state(catalogue) == (S.DONE, "")
    newer = heard(said="A package", version=2, engine="cloud", model="whisper-1", facts=None)
    assert await catalogue.transcriptions.done(newer, [[Word("A", 0, 1)]])
    assert await catalogue.transcriptions.engine_wished(R("a")) == ""
    assert await catalogue.transcriptions.current(R("a")) == newer
    assert await catalogue.transcriptions.versions(R("a")) == [newer, heard()]
    assert [tuple(line) for line in await catalogue.transcriptions.words(R("a"), 1)] == [WORDS]
    assert await catalogue.transcriptions.words(R("a"), 2) == [[Word("A", 0, 1)]]
    assert (await found(catalogue, "package"), await found(catalogue, "parcel")) == (["call-a"], [])
    assert await catalogue.transcriptions.versions(R("unknown")) == []


async def test_who_wishes_no_engine_gets_the_one_that_heard_it(catalogue: Catalogue) -> None:
    await begun(catalogue)
    await done(catalogue)
    await catalogue.transcriptions.again(R("a"), "", NOW)
    assert await catalogue.transcriptions.engine_wished(R("a")) == "local"


async def test_what_failed_waits_again_with_the_next_attempt(catalogue: Catalogue) -> None:
    await begun(catalogue)
    await catalogue.dues.add([a_transcribe(attempt=7, at=MORNING)])
    await catalogue.transcriptions.failed(R("a"), "the model is not there")
    await catalogue.transcriptions.failed(R("a"), "twice")
    assert await catalogue.transcriptions.current(R("a")) == replace(
        waiting(), state=S.FAILED, reason="the model is not there", made_at=NOW
    )
    assert await catalogue.transcriptions.again(R("a"), "cloud", NOW) == 1
    assert await state(catalogue) == (S.WAITING, "the model is not there")
    assert await due(catalogue) == ["transcribe/a/7", "transcribe/a/8"]
    await done(catalogue)
    assert await state(catalogue) == (S.DONE, "")


async def test_one_that_is_done_stays_so_with_the_reason_why_there_is_no_newer_one(catalogue: Catalogue) -> None:
    await begun(catalogue)
    await done(catalogue)
    await catalogue.transcriptions.again(R("a"), "cloud", NOW)
    await catalogue.transcriptions.failed(R("a"), "the key is refused", [a_due(kind="tell", at=MORNING)])
    assert await catalogue.transcriptions.current(R("a")) == heard(reason="the key is refused")
    assert await catalogue.transcriptions.engine_wished(R("a")) == ""
    assert "tell/recording-1/1" in await due(catalogue)


@pytest.mark.parametrize("is_removed", [False, True])
async def test_what_waits_or_is_removed_or_unknown_is_not_made_again(catalogue: Catalogue, is_removed: bool) -> None:
    await begun(catalogue)
    if is_removed:
        await catalogue.keeping.remove_transcripts([R("a")], "a wish")
    with pytest.raises(IllegalTransition):
        await catalogue.transcriptions.again(R("a"), "cloud", NOW)
    await recorded(catalogue, "b")
    with pytest.raises(NotFound):
        await catalogue.transcriptions.again(R("b"), "cloud", NOW)
    assert await due(catalogue) == []


async def test_one_wish_at_a_time_but_a_lost_one_comes_back(catalogue: Catalogue) -> None:
    await begun(catalogue)
    await done(catalogue)
    await catalogue.transcriptions.again(R("a"), "cloud", NOW)
    with pytest.raises(IllegalTransition, match="already, by 'cloud'"):
        await catalogue.transcriptions.again(R("a"), "other", NOW)
    await catalogue.dues.forwarded(await catalogue.dues.fallen("here", NOW, 9))
    assert await catalogue.transcriptions.again(R("a"), "other", NOW) == 2
    assert await catalogue.transcriptions.engine_wished(R("a")) == "other"


async def test_sound_that_goes_is_not_heard_again(catalogue: Catalogue) -> None:
    await available(catalogue, "a", options=RecordingOptions(transcript_retention_days=9))
    await catalogue.transcriptions.begun(waiting())
    await done(catalogue)
    await catalogue.keeping.remove(R("a"), RecordingEvent.EXPIRED, "", NOW, by="retention job")
    assert await state(catalogue) == (S.DONE, "")
    with pytest.raises(IllegalTransition, match="nothing is left to hear"):
        await catalogue.transcriptions.again(R("a"), "cloud", NOW)


async def test_a_passing_failure_is_remembered_counted_and_falls_due_again(catalogue: Catalogue) -> None:
    await begun(catalogue)
    for attempt in (2, 3):
        await catalogue.transcriptions.postponed(R("a"), f"busy {attempt}", a_transcribe(attempt=attempt, at=MORNING))
    assert await state(catalogue) == (S.WAITING, "busy 3")
    assert await catalogue.transcriptions.attempts(R("a")) == 2
    await done(catalogue)
    assert await catalogue.transcriptions.attempts(R("a")) == 0
    assert await due(catalogue) == ["transcribe/a/2", "transcribe/a/3"]


async def test_only_the_file_of_what_is_done_may_wait_and_that_is_no_reason(catalogue: Catalogue) -> None:
    await begun(catalogue)
    await done(catalogue)
    await catalogue.transcriptions.postponed(R("a"), "no room", a_transcribe(attempt=2, at=MORNING))
    assert await catalogue.transcriptions.current(R("a")) == heard()
    assert await due(catalogue) == ["transcribe/a/2"]


async def test_what_was_not_even_begun_falls_due_again(catalogue: Catalogue) -> None:
    await recorded(catalogue, "a")
    await catalogue.transcriptions.postponed(R("a"), "no room", a_transcribe(attempt=2, at=MORNING))
    assert await due(catalogue) == ["transcribe/a/2"]


async def test_what_was_removed_meanwhile_stays_so(catalogue: Catalogue) -> None:
    await begun(catalogue)
    await catalogue.keeping.remove_transcripts([R("a")], "a wish")
    tell = a_due(kind="tell", at=MORNING)
    assert not await catalogue.transcriptions.done(heard(), [WORDS], [tell])
    await catalogue.transcriptions.failed(R("a"), "busy", [tell])
    await catalogue.transcriptions.postponed(R("a"), "busy", a_transcribe(attempt=2, at=MORNING))
    assert await state(catalogue) == (S.REMOVED, "a wish")
    assert await due(catalogue) == []
    assert "parcel" not in await everything(catalogue)


async def test_what_failed_is_done_only_after_it_waits_again(catalogue: Catalogue) -> None:
    await begun(catalogue)
    await catalogue.transcriptions.failed(R("a"), "the model is not there")
    with pytest.raises(IllegalTransition):
        await done(catalogue)
    assert await found(catalogue, "parcel") == []


async def test_waiting_work_without_a_due_row_is_found(catalogue: Catalogue) -> None:
    for id in "abcde":
        await begun(catalogue, id, requested_at=MORNING + ord(id))
    await begun(catalogue, "elsewhere", node="there")
    await catalogue.dues.add([a_transcribe("b", 3, at=MORNING), a_due(kind="ship", subject="c", attempt=4)])
    await done(catalogue, "d")
    await catalogue.transcriptions.failed(R("e"), "no")
    found = await catalogue.transcriptions.stuck("here", 9)
    assert found == [a_transcribe("a", 1, at=NOW), a_transcribe("c", 5, at=NOW)]
    assert len(await catalogue.transcriptions.stuck("here", 1)) == 1


async def test_what_an_engine_says_that_no_database_holds_is_replaced(catalogue: Catalogue) -> None:
    await begun(catalogue)
    said = heard(said="a\0b\ud800 parcel", language="e\0n", model="\ud800")
    assert await catalogue.transcriptions.done(said, [[Word("a\0b\ud800", 0, 1)]])
    current = await catalogue.transcriptions.current(R("a"))
    assert current is not None
    assert (current.lines[0].text, current.language, current.model) == ("a\ufffdb\ufffd parcel", "e\ufffdn", "\ufffd")
    assert await catalogue.transcriptions.words(R("a"), 1) == [[Word("a\ufffdb\ufffd", 0, 1)]]
    await catalogue.transcriptions.again(R("a"), "cloud", NOW)
    await catalogue.transcriptions.postponed(R("a"), "\0", a_transcribe(attempt=9))
    await catalogue.transcriptions.failed(R("a"), "\0\ud800")
    assert await state(catalogue) == (S.DONE, "\ufffd\ufffd")


async def two_versions(catalogue: Catalogue, id: str = "a", **over: Any) -> None:
    await available(catalogue, id, **over)
    await catalogue.transcriptions.begun(waiting(id))
    await done(catalogue, id)
    newer = heard(id, said="A package", version=2, engine="cloud")
    await catalogue.transcriptions.done(newer, [[Word("A", 0, 0.1), Word("package", 0.1, 1)]])
    left = await everything(catalogue)
    assert all(word in left for word in ("parcel", "package", "talk_seconds"))


async def test_days_of_a_new_transcript_are_reckoned_and_hold_for_the_next_version(catalogue: Catalogue) -> None:
    options = RecordingOptions(transcript_retention_days=9)
    await begun(catalogue, options=options)
    assert await catalogue.keeping.transcripts_without_expiry(9) == []
    await done(catalogue)
    assert await catalogue.keeping.transcripts_without_expiry(9) == [("a", MORNING + 44, options)]
    await catalogue.keeping.reckon_transcripts({R("a"): NOW + 1})
    await done(catalogue, version=2)
    assert await catalogue.keeping.transcripts_without_expiry(9) == []
    assert [one.expires_at for one in await catalogue.transcriptions.versions(R("a"))] == [NOW + 1, NOW + 1]
    assert await catalogue.keeping.expired_transcripts(NOW + 2, 9) == ["a"]


@pytest.mark.parametrize("end", ["its own", RecordingEvent.EXPIRED, RecordingEvent.ERASED])
async def test_no_line_no_word_and_no_earlier_version_is_left(catalogue: Catalogue, end: str) -> None:
    await two_versions(catalogue)
    await two_versions(catalogue, "other")
    for id in ("a", "other"):
        if isinstance(end, RecordingEvent):
            await catalogue.keeping.remove(R(id), end, "its end", NOW, by="key k1")
        else:
            assert await catalogue.keeping.remove_transcripts([R(id)], "its end") == 1
    left = await everything(catalogue)
    for word in ("parcel", "package", "Parcel", "talk_seconds"):
        assert word not in left, word
    assert [one.version for one in await catalogue.transcriptions.versions(R("a"))] == [2]
    assert await catalogue.transcriptions.words(R("a"), 1) == []
    current = await catalogue.transcriptions.current(R("a"))
    assert current is not None
    assert (current.state, current.reason, current.engine, current.facts) == (S.REMOVED, "its end", "cloud", None)


async def test_on_hold_every_version_stays(catalogue: Catalogue) -> None:
    await two_versions(catalogue)
    await catalogue.keeping.hold(a_hold("a"))
    assert await catalogue.keeping.remove_transcripts([R("a")], "its end") == 0
    assert [one.version for one in await catalogue.transcriptions.versions(R("a"))] == [2, 1]


async def test_a_recording_that_is_deleted_takes_its_versions_along(catalogue: Catalogue) -> None:
    await two_versions(catalogue)
    table = METADATA.tables["recordings"]
    await catalogue.database.write(lambda connection: connection.execute(table.delete()))
    assert await catalogue.transcriptions.current(R("a")) is None
    assert await catalogue.transcriptions.words(R("a"), 1) == []


async def test_of_a_forgotten_person_nothing_said_is_left_though_the_words_had_outlived_the_sound(
    catalogue: Catalogue,
) -> None:
    await two_versions(catalogue, options=RecordingOptions(transcript_retention_days=9))
    await catalogue.notifications.add([a_notification("n1", recording_id="a", body=NUMBER)])
    await catalogue.keeping.remove(R("a"), RecordingEvent.EXPIRED, "", NOW, by="retention job")
    assert "parcel" in await everything(catalogue)
    await catalogue.erasures.forget_person(CallId("call-a"), NUMBER)
    left = await everything(catalogue)
    for word in ("parcel", "package", NUMBER):
        assert word not in left, word


async def test_the_reason_why_a_transcript_went_names_no_forgotten_person(catalogue: Catalogue) -> None:
    await two_versions(catalogue)
    await catalogue.keeping.remove(R("a"), RecordingEvent.ERASED, f"asked by {NUMBER}", NOW, by="key k1")
    await catalogue.erasures.forget_person(CallId("call-a"), NUMBER)
    assert NUMBER not in await everything(catalogue)
    assert (await state(catalogue))[0] == S.REMOVED


async def test_a_transcript_from_before_there_were_versions_is_the_first(catalogue: Catalogue) -> None:
    await recorded(catalogue, "a")
    await spoken(catalogue, "a")
    current = await catalogue.transcriptions.current(R("a"))
    assert current is not None
    assert (current.version, current.engine, current.facts) == (1, "", None)
    assert await catalogue.transcriptions.words(R("a"), 1) == []


async def test_lists_of_calls_read_no_words(catalogue: Catalogue) -> None:
    await two_versions(catalogue)
    asked: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        asked.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        assert await found(catalogue, "package") == ["call-a"]
        assert await catalogue.call_search.call(CallId("call-a")) is not None
        assert await catalogue.erasures.remains(CallId("call-a")) is not None
    finally:
        event.remove(Engine, "before_cursor_execute", note)
    about = [one for one in asked if "FROM transcripts" in one or "transcripts.lines" in one]
    assert len(about) >= 3
    assert not [one for one in about if "transcripts.words" in one]
