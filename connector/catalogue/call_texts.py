"""The words that calls are found by, of their transcripts and notes. Knows both databases' ways of finding words; knows
nothing of pages and of other filters.

Only words are indexed: a call without any is not here, and capture writes nothing of this.
"""

import hashlib
from collections.abc import Iterable, Sequence
from functools import cache

import msgspec
from sqlalchemy import (
    BigInteger,
    BindParameter,
    ColumnElement,
    Connection,
    Insert,
    Text,
    bindparam,
    cast,
    column,
    delete,
    func,
    insert,
    select,
    table,
)
from sqlalchemy.dialects.postgresql import ARRAY, TSQUERY

from connector.catalogue.joined_calls import surviving, survivors
from connector.catalogue.people_tables import CALL_NOTES, CALL_TEXTS, TRANSCRIPTS
from connector.catalogue.tables import CALLS
from connector.domain.ids import Moment
from connector.domain.spoken_words import Ways, asked, words_of
from connector.domain.transcript import SpokenLine

#: A tsvector holds no more than a megabyte.
_MOST_CHARACTERS = 200_000
#: Begins the word that says whose a text is; no word that is spoken or typed has it.
_OWNER = "\ue000"

#: The last digits tell calls of the same microsecond apart.
_PER_MICROSECOND = 1000
_LATEST: Moment = 9e9

_LINES = msgspec.json.Decoder(list[SpokenLine])
_CALLS: BindParameter[list[str]] = bindparam("calls", expanding=True)
_LOCKED = select(CALLS.c.id).where(CALLS.c.id == bindparam("call")).with_for_update(key_share=True)
_SPOKEN = select(TRANSCRIPTS.c.lines).where(TRANSCRIPTS.c.call_id.in_(_CALLS))
_NOTED = select(CALL_NOTES.c.text).where(CALL_NOTES.c.call_id.in_(_CALLS))
_FORGOTTEN = delete(CALL_TEXTS).where(CALL_TEXTS.c.call_id.in_(_CALLS))
_LAST_NUMBER = select(func.max(CALL_TEXTS.c.number)).where(
    CALL_TEXTS.c.number.between(bindparam("first"), bindparam("last"))
)
_NUMBERING_LOCK = select(func.pg_advisory_xact_lock(bindparam("first", type_=BigInteger)))
_NUMBER = select(CALL_TEXTS.c.number).where(CALL_TEXTS.c.call_id == bindparam("call"))

#: FTS5's index of `call_texts`, which the migration's triggers keep; its column of its own name is for questions.
FOUND_WORDS = table("call_words", column("rowid"), column("call_words"))


def set_call_text(connection: Connection, call_id: str) -> None:
    """To be called by whoever has added, changed or removed words of a call's transcripts or notes, in the same
    transaction: what it is found by is made anew of what is there now. Twice does no harm. The words of a call that
    joined another are the other's."""
    call = surviving(connection, call_id)
    if call is None:
        connection.execute(_FORGOTTEN, {"calls": [call_id]})
        return
    # PostgreSQL: of two who write at once the second one waits here, and then sees the words of the first.
    connection.execute(_LOCKED, {"call": call.id})
    calls = list(survivors(connection, [call.id]))
    connection.execute(_FORGOTTEN, {"calls": calls})
    words = _words_now(connection, calls)
    if words:
        dialect = connection.dialect.name
        row = {
            "number": _free_number(connection, call.started_at),
            "call_id": call.id,
            "organisation": call.organisation,
            "words": stored_words(dialect, call.organisation, words),
        }
        connection.execute(insertion(dialect), row)


def insertion(dialect: str) -> Insert:
    """Of rows with `words` as `stored_words` gives them."""
    return _POSTGRESQL_INSERTION if dialect == "postgresql" else _SQLITE_INSERTION


def stored_words(dialect: str, organisation: str, words: Sequence[str]) -> object:
    """An index of words finds faster than it filters: the organisation is a word among the others."""
    stored = [_owner(organisation), *words]
    return stored if dialect == "postgresql" else " ".join(stored)


def first_number(moment: Moment) -> int:
    """Of texts of calls that began then; those of later calls have higher ones, so that the newest come first without
    sorting."""
    return round(min(max(moment, 0.0), _LATEST) * 1e6) * _PER_MICROSECOND


def number_of(connection: Connection, call_id: str) -> int | None:
    return connection.execute(_NUMBER, {"call": call_id}).scalar_one_or_none()


def matching(dialect: str, words: ColumnElement[str], text: str, organisation: str | None) -> ColumnElement[bool]:
    """Whether these have all that the text asks for, which is something, and are that organisation's."""
    owner = [] if organisation is None else [((_owner(organisation),),)]
    things = (*owner, *asked(text))
    if dialect == "postgresql":
        return words.bool_op("@@")(cast(" & ".join(_either(ways, "'", " & ", " | ") for ways in things), TSQUERY))
    return words.bool_op("MATCH")(" AND ".join(_either(ways, '"', " AND ", " OR ") for ways in things))


def _either(ways: Ways, quote: str, and_sign: str, or_sign: str) -> str:
    """A word has letters and digits only: nothing in it ends the quotation."""
    written = or_sign.join(f"({and_sign.join(f'{quote}{word}{quote}' for word in words)})" for words in ways)
    return f"({written})" if len(ways) > 1 else written


def _words_now(connection: Connection, calls: Sequence[str]) -> list[str]:
    spoken = connection.execute(_SPOKEN, {"calls": calls}).scalars()
    noted = connection.execute(_NOTED, {"calls": calls}).scalars()
    texts = [line.text for lines in spoken for line in _LINES.decode(lines)]
    return list(_bounded(words_of(*texts, *noted)))


def _bounded(words: Iterable[str]) -> Iterable[str]:
    characters = 0
    for word in words:
        characters += len(word)
        if characters > _MOST_CHARACTERS:
            return
        yield word


def _free_number(connection: Connection, started_at: Moment) -> int:
    """Of more calls of one microsecond than it has numbers, the rest take the next one's."""
    first = first_number(started_at)
    while True:
        if connection.dialect.name == "postgresql":
            connection.execute(_NUMBERING_LOCK, {"first": first})
        taken = connection.execute(_LAST_NUMBER, {"first": first, "last": first + _PER_MICROSECOND - 1}).scalar_one()
        if taken is None or taken < first + _PER_MICROSECOND - 1:
            return first if taken is None else int(taken) + 1
        first += _PER_MICROSECOND


@cache
def _owner(organisation: str) -> str:
    return _OWNER + hashlib.sha256(organisation.encode()).hexdigest()[:32]


_SQLITE_INSERTION = insert(CALL_TEXTS)
_POSTGRESQL_INSERTION = insert(CALL_TEXTS).values(words=func.array_to_tsvector(cast(bindparam("words"), ARRAY(Text))))
