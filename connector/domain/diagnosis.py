"""What an examination finds: one line for people, one record for programs. Knows no check and no PBX."""

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    OK = "ok"
    #: Worth knowing; nothing has to be done.
    NOTE = "note"
    #: Recording works, and will not in some case that is named.
    WARNING = "warning"
    #: Recording does not work, or loses something.
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Finding:
    level: Level
    #: Which check: a word that stays the same whatever it finds.
    subject: str
    #: What is so.
    what: str
    #: What to do about it; empty where nothing is to be done, or `what` says it.
    mend: str = ""


def ok(subject: str, what: str) -> Finding:
    return Finding(Level.OK, subject, what)


def note(subject: str, what: str, mend: str = "") -> Finding:
    return Finding(Level.NOTE, subject, what, mend)


def warning(subject: str, what: str, mend: str) -> Finding:
    return Finding(Level.WARNING, subject, what, mend)


def bad(subject: str, what: str, mend: str) -> Finding:
    return Finding(Level.BAD, subject, what, mend)


def not_looked_at(subject: str, reason: str) -> Finding:
    """A check that another one's outcome made impossible is named, not left out."""
    return Finding(Level.NOTE, subject, f"not looked at, because {reason}")
