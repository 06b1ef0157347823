"""Logs on stderr: one line a decision, as JSON or as text for people."""

import json
import logging
import sys
from datetime import UTC, datetime

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
_KEEP_DIGITS = 3
#: Fields that hold a phone number.
_NUMBERS = frozenset({"number", "from", "to", "from_number", "to_number", "party"})


def set_up(format: str, level: str, *, mask_numbers: bool = False) -> None:
    """One handler on stderr for the whole process."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines(mask_numbers) if format == "json" else TextLines(mask_numbers))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name in ("dbos", "sqlalchemy", "alembic", "uvicorn", "asyncio"):
        logging.getLogger(name).setLevel(logging.WARNING)


class _Lines(logging.Formatter):
    def __init__(self, mask_numbers: bool) -> None:
        super().__init__()
        self._mask_numbers = mask_numbers

    def facts(self, record: logging.LogRecord) -> dict[str, object]:
        """The fields given with `extra`, phone numbers masked when asked for."""
        facts = {name: value for name, value in vars(record).items() if name not in _STANDARD}
        if self._mask_numbers:
            facts |= {name: masked(str(value)) for name, value in facts.items() if name in _NUMBERS}
        return {name: value for name, value in facts.items() if value not in ("", None)}


class JsonLines(_Lines):
    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {"at": _at(record), "level": record.levelname.lower(), "event": record.getMessage()}
        line |= {"from": record.name} | self.facts(record)
        if record.exc_info:
            line["trace"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str)


class TextLines(_Lines):
    def format(self, record: logging.LogRecord) -> str:
        facts = " ".join(f"{name}={_quoted(value)}" for name, value in self.facts(record).items())
        line = f"{_at(record)} {record.levelname.lower():7} {record.getMessage()}  {facts}".rstrip()
        return f"{line}\n{self.formatException(record.exc_info)}" if record.exc_info else line


def masked(number: str) -> str:
    """All but the last digits as x."""
    return "x" * max(len(number) - _KEEP_DIGITS, 0) + number[-_KEEP_DIGITS:]


def _at(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")


def _quoted(value: object) -> str:
    text = str(value)
    # What a caller sent must not write lines of its own, nor speak to the terminal.
    is_plain = text.isprintable()
    return text if text and is_plain and " " not in text else json.dumps(text, ensure_ascii=not is_plain)
