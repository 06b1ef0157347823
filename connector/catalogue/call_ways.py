"""How calls that fit a filter are come to: by time, by their words, or from the few that can fit at all. Knows what
each database is quick at; must not know what belongs to a call.
"""

from collections.abc import Collection
from dataclasses import replace
from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, Connection, RowMapping, Select, Text, any_, literal, or_, select, union
from sqlalchemy.dialects.postgresql import ARRAY

from connector.catalogue.call_conditions import conditions
from connector.catalogue.call_texts import FOUND_WORDS, first_number, matching, number_of
from connector.catalogue.columns import without_index
from connector.catalogue.people_tables import CALL_TEXTS
from connector.catalogue.tables import CALLS, HAS_AGENT, HAS_AGENT_NAME, RECORDINGS
from connector.domain.states import RecordingState
from connector.ports.call_search import CallFilter, CallPlace

#: So many of the newest are gone through before anything else is tried: calls, texts, texts that have the words.
_WALKED_CALLS = 20_000
#: So many at most, where those that were gone through first had some, and a few more promise the rest.
_MOST_WALKED = 200_000
_WALKED_ON = 1.5
_WALKED_TEXTS = 5_000
_WALKED_HITS = 5_000
#: PostgreSQL goes through so many texts that have the words in a moment, whatever else is asked for.
_FREQUENT_HITS = 20_000
#: Words and filter go together when at least this share of a page is among those hits.
_TOGETHER_SHARE = 0.1
#: So many calls are looked at one by one.
_FEW = 5_000
#: In the others hardly any recording stays.
_LASTING: Final = frozenset({RecordingState.AVAILABLE, RecordingState.REMOVED, RecordingState.ABSENT})
#: Numbers of texts are whole microseconds; which of these come after a place, the numbers themselves say.
_NUMBERED_SECONDS: Final = 0.001


class _Span(NamedTuple):
    """Of the numbers of texts."""

    first: int | None
    end: int | None

    def holds(self, number: ColumnElement[int]) -> list[ColumnElement[bool]]:
        at_least = [] if self.first is None else [number >= self.first]
        return at_least if self.end is None else [*at_least, number < self.end]

    def until(self, end: int) -> "_Span":
        return self._replace(end=end)

    def since(self, first: int) -> "_Span":
        return self._replace(first=first)


def rows(connection: Connection, wanted: CallFilter, limit: int, after: CallPlace | None) -> list[RowMapping]:
    """Of `calls`, the newest first."""
    if wanted.text is None:
        return _by_time(connection, wanted, limit, after)
    # How often words occur together with whatever else is asked for is nothing that a database could know: neither is
    # left to choose.
    span = _span(connection, wanted, after)
    if connection.dialect.name == "postgresql":
        return _by_words_on_postgresql(connection, wanted, limit, after, span)
    return _by_words_on_sqlite(connection, wanted, limit, after, span)


def _by_time(connection: Connection, wanted: CallFilter, limit: int, after: CallPlace | None) -> list[RowMapping]:
    if wanted.agent and wanted.organisation is not None:
        return _taken(connection, _among_all(_of_agent(connection, wanted, limit, after)), limit)
    few = _few_in_state(connection, wanted)
    if few is None and connection.dialect.name == "postgresql" and _is_filtered(wanted):
        found = _by_walking(connection, wanted, limit, after)
        if len(found) == limit:
            return found
    return _taken(connection, _page(connection, wanted, after, few), limit)


def _by_walking(connection: Connection, wanted: CallFilter, limit: int, after: CallPlace | None) -> list[RowMapping]:
    """The newest ones alone, as far as what is found on the way promises a full page: what a filter leaves over,
    PostgreSQL guesses far too low, and then reads all calls where the newest would do."""
    found: list[RowMapping] = []
    walked = _WALKED_CALLS
    while walked <= _MOST_WALKED and (recent := _recent(connection, wanted, after, walked)) is not None:
        found = _taken(connection, _page(connection, recent, after), limit)
        if not found or len(found) == limit:
            break
        walked = max(walked + 1, int(_WALKED_ON * walked * limit / len(found)))
    return found


def _by_words_on_postgresql(
    connection: Connection, wanted: CallFilter, limit: int, after: CallPlace | None, span: _Span
) -> list[RowMapping]:
    few = _few_by_index(connection, wanted, after)
    found = [] if few is not None else _taken(connection, _newest_texts(wanted, span), limit)
    if len(found) == limit:
        return found
    # Where hardly any text has the words, those are gone through sooner than all calls are.
    if few is None and _is_filtered(wanted) and _are_frequent(connection, wanted, span):
        few = _few(connection, wanted, after)
    way = _through_index(wanted, span) if few is None else _words_of_few(connection, wanted, few, span)
    return _taken(connection, way, limit)


def _by_words_on_sqlite(
    connection: Connection, wanted: CallFilter, limit: int, after: CallPlace | None, span: _Span
) -> list[RowMapping]:
    few = _few_by_index(connection, wanted, after)
    if few is not None:
        return _taken(connection, _words_of_few(connection, wanted, few, span), limit)
    last = _last_walked(connection, wanted, span) if _is_filtered(wanted) else None
    if last is None:
        return _taken(connection, _through_words(wanted, span), limit)
    found = _taken(connection, _through_words(wanted, span.since(last)), limit)
    if len(found) < limit:
        earlier = span.until(last)
        # Where both go together the page is full soon.
        few = None if len(found) >= limit * _TOGETHER_SHARE else _few(connection, wanted, after)
        way = _through_words(wanted, earlier) if few is None else _words_of_few(connection, wanted, few, earlier)
        found += _taken(connection, way, limit - len(found))
    return found


def _taken(connection: Connection, way: Select[Any], limit: int) -> list[RowMapping]:
    return list(connection.execute(way.limit(limit)).mappings())


def _is_filtered(wanted: CallFilter) -> bool:
    """By more than organisation, time and words, which decide how calls are walked through."""
    return replace(wanted, text=None) != _span_alone(wanted)


def _span_alone(wanted: CallFilter) -> CallFilter:
    return CallFilter(
        organisation=wanted.organisation, started_after=wanted.started_after, started_before=wanted.started_before
    )


def _few(connection: Connection, wanted: CallFilter, after: CallPlace | None) -> list[str] | None:
    """All calls that fit but for their words, and perhaps some before the page; None: they are many."""
    return _unless_many(connection, _page(connection, wanted, _later(after)).with_only_columns(CALLS.c.id))


def _few_by_index(connection: Connection, wanted: CallFilter, after: CallPlace | None) -> list[str] | None:
    """The same by what an index tells at once; None as well when none does."""
    if wanted.agent and wanted.organisation is not None:
        return _unless_many(connection, _of_agent(connection, wanted, _FEW + 1, _later(after)))
    return _few_in_state(connection, wanted)


def _of_agent(connection: Connection, wanted: CallFilter, limit: int, after: CallPlace | None) -> Select[Any]:
    """Ids of the organisation's newest calls of that agent which fit but for their words: so many by his id, and so
    many by his name."""
    rest = conditions(replace(wanted, agent=None), connection.dialect.name)
    newest = [
        select(CALLS.c.id)
        .where(column == wanted.agent, is_known, *_span_of_calls(wanted, after), *rest)
        .order_by(CALLS.c.started_at.desc(), CALLS.c.id.desc())
        .limit(limit)
        .subquery()
        for column, is_known in ((CALLS.c.agent_id, HAS_AGENT), (CALLS.c.agent_name, HAS_AGENT_NAME))
    ]
    both = union(*(select(one.c.id) for one in newest)).subquery()
    return select(both.c.id)


def _among_all(ids: Select[Any]) -> Select[Any]:
    """The newest of them."""
    return select(CALLS).where(CALLS.c.id.in_(ids)).order_by(CALLS.c.started_at.desc(), CALLS.c.id.desc())


def _later(after: CallPlace | None) -> CallPlace | None:
    return None if after is None else replace(after, started_at=after.started_at + _NUMBERED_SECONDS)


def _few_in_state(connection: Connection, wanted: CallFilter) -> list[str] | None:
    """Those with a recording in one of the states that are asked for, else each call's recordings would be looked at;
    None: they are many, or no state is asked for."""
    if not wanted.recording_states or not _LASTING.isdisjoint(wanted.recording_states):
        return None
    states = [state.value for state in wanted.recording_states]
    return _unless_many(connection, select(RECORDINGS.c.call_id).where(RECORDINGS.c.state.in_(states)))


def _unless_many(connection: Connection, ids: Select[Any]) -> list[str] | None:
    found = connection.execute(ids.limit(_FEW + 1)).scalars().all()
    return None if len(found) > _FEW else list(dict.fromkeys(found))


def _recent(connection: Connection, wanted: CallFilter, after: CallPlace | None, calls: int) -> CallFilter | None:
    """The same of so many of the newest calls alone. None: there are no more."""
    moments = select(CALLS.c.started_at).where(*_span_of_calls(wanted, after)).order_by(CALLS.c.started_at.desc())
    last = connection.execute(moments.offset(calls).limit(1)).scalar_one_or_none()
    return None if last is None else replace(wanted, started_after=last)


def _page(
    connection: Connection, wanted: CallFilter, after: CallPlace | None, few: Collection[str] | None = None
) -> Select[Any]:
    """Backwards through the index of the organisation's calls by time; or of these few, if they are."""
    dialect = connection.dialect.name
    about = [*_span_of_calls(wanted, after, is_walked=few is None), *conditions(wanted, dialect)]
    if few is not None:
        about.append(_among(dialect, CALLS.c.id, few))
    return select(CALLS).where(*about).order_by(CALLS.c.started_at.desc(), CALLS.c.id.desc())


def _among(dialect: str, column: ColumnElement[str], ids: Collection[str]) -> ColumnElement[bool]:
    if dialect == "postgresql":
        # One parameter: psycopg reads a statement with hundreds of them longer than the database does.
        return column == any_(literal(list(ids), type_=ARRAY(Text)))
    return column.in_(ids)


def _span_of_calls(wanted: CallFilter, after: CallPlace | None, *, is_walked: bool = True) -> list[ColumnElement[bool]]:
    """`is_walked`: it is the index of these columns that is gone through."""
    # Of an expression there is no index.
    whose = CALLS.c.organisation if is_walked else without_index(CALLS.c.organisation)
    at = CALLS.c.started_at if is_walked else CALLS.c.started_at + 0.0
    about: list[ColumnElement[bool]] = []
    if wanted.organisation is not None:
        about.append(whose == wanted.organisation)
    if wanted.started_after is not None:
        about.append(at >= wanted.started_after)
    if wanted.started_before is not None:
        about.append(at < wanted.started_before)
    if after is not None:
        # The first one is for the index, which an OR alone would not use.
        is_before = or_(at < after.started_at, CALLS.c.id < after.call_id)
        about += [at <= after.started_at, is_before]
    return about


def _through_words(wanted: CallFilter, span: _Span) -> Select[Any]:
    """SQLite: backwards through the places of the words, whose numbers are in the order of time."""
    number = FOUND_WORDS.c.rowid
    joined = [number == CALL_TEXTS.c.number, CALLS.c.id == CALL_TEXTS.c.call_id]
    wished = select(CALLS).where(*_found_words(wanted, span), *joined)
    return wished.where(*conditions(wanted, "sqlite")).order_by(number.desc())


def _last_walked(connection: Connection, wanted: CallFilter, span: _Span) -> int | None:
    """SQLite: the number of the last text that is looked at before anything else is tried; None: there are no more."""
    number = FOUND_WORDS.c.rowid
    found = select(number).where(*_found_words(wanted, span)).order_by(number.desc())
    return connection.execute(found.offset(_WALKED_HITS).limit(1)).scalar_one_or_none()


def _found_words(wanted: CallFilter, span: _Span) -> list[ColumnElement[bool]]:
    """SQLite."""
    words = matching("sqlite", FOUND_WORDS.c.call_words, wanted.text or "", wanted.organisation)
    return [words, *span.holds(FOUND_WORDS.c.rowid)]


def _newest_texts(wanted: CallFilter, span: _Span) -> Select[Any]:
    """PostgreSQL: backwards through the organisation's texts, for words that are in many of them."""
    is_theirs = [] if wanted.organisation is None else [CALL_TEXTS.c.organisation == wanted.organisation]
    walked = select(CALL_TEXTS.c.number, CALL_TEXTS.c.call_id, CALL_TEXTS.c.words).where(
        *is_theirs, *span.holds(CALL_TEXTS.c.number)
    )
    newest = walked.order_by(CALL_TEXTS.c.number.desc()).limit(_WALKED_TEXTS).subquery()
    about = matching("postgresql", newest.c.words, wanted.text or "", None)
    wished = select(CALLS).where(about, CALLS.c.id == newest.c.call_id, *conditions(wanted, "postgresql"))
    return wished.order_by(newest.c.number.desc())


def _through_index(wanted: CallFilter, span: _Span) -> Select[Any]:
    """PostgreSQL: all texts that have the words, by their index, sorted afterwards."""
    # Of a sum there is no index: nothing is walked.
    number = CALL_TEXTS.c.number + 0
    about = matching("postgresql", CALL_TEXTS.c.words, wanted.text or "", wanted.organisation)
    wished = select(CALLS).where(about, CALLS.c.id == CALL_TEXTS.c.call_id, *span.holds(number))
    return wished.where(*conditions(wanted, "postgresql")).order_by(number.desc())


def _are_frequent(connection: Connection, wanted: CallFilter, span: _Span) -> bool:
    words = matching("postgresql", CALL_TEXTS.c.words, wanted.text or "", wanted.organisation)
    found = select(CALL_TEXTS.c.number).where(words, *span.holds(CALL_TEXTS.c.number + 0))
    return connection.execute(found.offset(_FREQUENT_HITS).limit(1)).first() is not None


def _words_of_few(connection: Connection, wanted: CallFilter, few: Collection[str], span: _Span) -> Select[Any]:
    """Of these calls alone."""
    dialect, number = connection.dialect.name, CALL_TEXTS.c.number + 0
    whose = [] if wanted.organisation is None else [without_index(CALLS.c.organisation) == wanted.organisation]
    if dialect == "postgresql":
        words = matching(dialect, CALL_TEXTS.c.words, wanted.text or "", None)
        found = [_among(dialect, CALL_TEXTS.c.call_id, few), words, *span.holds(number)]
    else:
        found = [CALL_TEXTS.c.number.in_(_hits_of_few(connection, wanted, few, span))]
    about = [CALLS.c.id == CALL_TEXTS.c.call_id, *found, *whose, *conditions(wanted, dialect)]
    return select(CALLS).where(*about).order_by(number.desc())


def _hits_of_few(connection: Connection, wanted: CallFilter, few: Collection[str], span: _Span) -> list[int]:
    """SQLite: the numbers of these calls' texts that have the words. Asked one after the other: left to join them, it
    looks at all the calls for each place of the words."""
    theirs = connection.execute(select(CALL_TEXTS.c.number).where(_among("sqlite", CALL_TEXTS.c.call_id, few)))
    # A sum: going through the places of the words once is quicker than looking for each text in them.
    is_theirs = (FOUND_WORDS.c.rowid + 0).in_(theirs.scalars().all())
    hits = select(FOUND_WORDS.c.rowid).where(*_found_words(wanted, span), is_theirs)
    return list(connection.execute(hits).scalars())


def _span(connection: Connection, wanted: CallFilter, after: CallPlace | None) -> _Span:
    """Before the place, and within the filter's time."""
    first = None if wanted.started_after is None else first_number(wanted.started_after)
    ends = [] if wanted.started_before is None else [first_number(wanted.started_before)]
    if after is not None:
        known = number_of(connection, after.call_id)
        ends.append(first_number(after.started_at) if known is None else known)
    return _Span(first, min(ends, default=None))
