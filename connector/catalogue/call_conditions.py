"""What of a CallFilter SQL can say of a call, its recordings and its tags. Knows nothing of pages and words."""

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import ColumnElement, and_, cast, func, not_, or_, select
from sqlalchemy.dialects.postgresql import JSONB

from connector.catalogue.codec import json_text
from connector.catalogue.people_tables import CALL_TAGS
from connector.catalogue.tables import CALLS, IS_TAGGED, RECORDINGS
from connector.domain.access import Limits
from connector.domain.call import CallKind
from connector.domain.states import RecordingState
from connector.domain.take import JOINED
from connector.ports.call_search import CallFilter

#: At the end of a number: whatever comes behind; as `domain.access.is_number` reads it.
_ANY_REST = "*"
#: The recording that it went on as stands for it.
IS_RECORDING_OF_ITS_OWN = ~and_(
    RECORDINGS.c.state == RecordingState.ABSENT.value, RECORDINGS.c.reason.startswith(JOINED, autoescape=True)
)


def conditions(wanted: CallFilter, dialect: str) -> list[ColumnElement[bool]]:
    """All but organisation, time and text, which decide how the calls are walked through."""
    return [
        CALLS.c.joined.is_(None),
        *_facts(wanted),
        *_people(wanted),
        *_recordings(wanted, dialect),
        *([] if wanted.tag is None else [_is_tagged((wanted.tag,), wanted.organisation, dialect)]),
        *_limits(wanted.limits, wanted.organisation, dialect),
    ]


def _facts(wanted: CallFilter) -> Iterator[ColumnElement[bool]]:
    same = {
        "direction": wanted.direction,
        "kind": wanted.kind,
        "queue": wanted.queue,
        "pbx": wanted.pbx,
        "conference": wanted.conference,
        "state": wanted.state,
    }
    for name, value in same.items():
        if value is not None:
            yield CALLS.c[name] == str(value)
    if wanted.is_answered is not None:
        is_answered = or_(CALLS.c.answered_at.is_not(None), CALLS.c.kind == CallKind.CONFERENCE.value)
        yield is_answered if wanted.is_answered else not_(is_answered)


def _people(wanted: CallFilter) -> Iterator[ColumnElement[bool]]:
    if wanted.number is not None:
        numbers = (CALLS.c.from_number, CALLS.c.to_number)
        yield or_(*(number.contains(wanted.number, autoescape=True) for number in numbers))
    if wanted.from_number is not None:
        yield _is_number(CALLS.c.from_number, wanted.from_number)
    if wanted.to_number is not None:
        yield _is_number(CALLS.c.to_number, wanted.to_number)
    if wanted.agent is not None:
        yield or_(CALLS.c.agent_id == wanted.agent, CALLS.c.agent_name == wanted.agent)


def _recordings(wanted: CallFilter, dialect: str) -> Iterator[ColumnElement[bool]]:
    about: list[ColumnElement[bool]] = []
    if wanted.recording_states:
        # Of an expression SQLite has no index: else it reads all recordings in that state, for each call anew.
        state = RECORDINGS.c.state if dialect == "postgresql" else func.coalesce(RECORDINGS.c.state, "")
        about.append(state.in_([one.value for one in wanted.recording_states]))
    if wanted.rule is not None:
        about.append(RECORDINGS.c.rule.icontains(wanted.rule, autoescape=True))
    if about:
        yield _has_recording(*about, IS_RECORDING_OF_ITS_OWN)


def _limits(limits: Limits, organisation: str | None, dialect: str) -> Iterator[ColumnElement[bool]]:
    if limits.tags:
        yield _is_tagged(limits.tags, organisation, dialect)
    if limits.agents:
        yield CALLS.c.agent_id.in_(limits.agents)
    if limits.numbers:
        columns = (CALLS.c.from_number, CALLS.c.to_number)
        yield or_(*(_is_number(column, number) for column in columns for number in limits.numbers))


def _is_number(column: ColumnElement[str], wanted: str) -> ColumnElement[bool]:
    if not wanted.endswith(_ANY_REST):
        return column == wanted
    beginning = wanted.removesuffix(_ANY_REST)
    # Not LIKE: to SQLite small and large letters are the same then.
    return func.substr(column, 1, len(beginning)) == beginning


def _is_tagged(tags: Sequence[str], organisation: str | None, dialect: str) -> ColumnElement[bool]:
    """By people, by the dialplan, or by the rule of a recording."""
    is_theirs = [] if organisation is None else [CALL_TAGS.c.organisation == organisation]
    by_people = select(CALL_TAGS.c.call_id).where(*is_theirs, CALL_TAGS.c.tag.in_(tags))
    by_rule = select(RECORDINGS.c.id).where(
        RECORDINGS.c.call_id == CALLS.c.id,
        # With both it is the small index of tagged recordings that is asked.
        RECORDINGS.c.organisation == CALLS.c.organisation,
        IS_TAGGED,
        or_(*(_says(RECORDINGS.c.options, ("tags",), tag, dialect) for tag in tags)),
    )
    if dialect == "postgresql":
        # Else it collects all tagged recordings first.
        by_rule = by_rule.offset(0)
    return or_(
        CALLS.c.id.in_(by_people),
        *(_says(CALLS.c.tags, (), tag, dialect) for tag in tags),
        by_rule.exists(),
    )


def _says(json: ColumnElement[str], path: tuple[str, ...], tag: str, dialect: str) -> ColumnElement[bool]:
    """The JSON text has the tag in its list there. Hardly any has the word at all: only those are read."""
    mentions = json.contains(json_text(tag), autoescape=True)
    if dialect == "postgresql":
        read = func.jsonb_extract_path(cast(json, JSONB), *path) if path else cast(json, JSONB)
        return and_(mentions, func.jsonb_exists(read, tag))
    listed: Any = func.json_each(json, ".".join(("$", *path))).table_valued("value")
    return and_(mentions, select(listed.c.value).where(listed.c.value == tag).exists())


def _has_recording(*about: ColumnElement[bool]) -> ColumnElement[bool]:
    return select(RECORDINGS.c.id).where(RECORDINGS.c.call_id == CALLS.c.id, *about).exists()
