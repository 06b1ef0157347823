"""One line a decision, as JSON or as text; never a secret, and no line that a caller wrote."""

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.domain.secret import Secret
from connector.roles import logs


def record(message: str = "stored", *, level: int = logging.INFO, **extra: object) -> logging.LogRecord:
    made = logging.makeLogRecord({"name": "connector.services.storing", "levelno": level, "msg": message})
    made.levelname = logging.getLevelName(level)
    made.created = 1767603600.25
    vars(made).update(extra)
    return made


@pytest.fixture
def root() -> Iterator[logging.Logger]:
    """The root logger, put back as it was."""
    found = logging.getLogger()
    handlers, level = found.handlers[:], found.level
    yield found
    found.handlers[:], found.level = handlers, level
    found.setLevel(level)


def test_a_json_line_has_the_moment_the_event_and_its_fields() -> None:
    line = logs.JsonLines(mask_numbers=False).format(record(recording_id="r-1", seconds=2.5, url="Zoé"))
    assert json.loads(line) == {
        "at": "2026-01-05T09:00:00.250+00:00",
        "level": "info",
        "event": "stored",
        "from": "connector.services.storing",
        "recording_id": "r-1",
        "seconds": 2.5,
        "url": "Zoé",
    }
    assert "Zoé" in line


def test_a_text_line_is_for_people() -> None:
    line = logs.TextLines(mask_numbers=False).format(record(recording_id="r-1", reason="no room left", empty=""))
    assert line == '2026-01-05T09:00:00.250+00:00 info    stored  recording_id=r-1 reason="no room left"'


@pytest.mark.parametrize("kind", [logs.JsonLines, logs.TextLines])
def test_a_secret_is_never_said(kind: type[logging.Formatter]) -> None:
    line = kind(False).format(record(key=Secret("hunter2"), many=[Secret("hunter2")]))  # type: ignore[arg-type]  # ours
    assert "hunter2" not in line
    assert "***" in line


@pytest.mark.parametrize("kind", [logs.JsonLines, logs.TextLines])
@pytest.mark.parametrize("field", ["number", "from", "to", "from_number", "to_number", "party"])
def test_numbers_are_masked_when_asked_for_and_only_then(kind: type[logging.Formatter], field: str) -> None:
    numbers: dict[str, Any] = {field: "+4930123456", "call_id": "+4930123456"}
    said = record(**numbers)
    masked = kind(True).format(said)  # type: ignore[arg-type]  # ours
    assert "xxxxxxxx456" in masked
    assert masked.count("+4930123456") == 1
    assert kind(False).format(said).count("+4930123456") == 2  # type: ignore[arg-type]  # ours


def test_a_short_number_keeps_its_digits() -> None:
    assert [logs.masked(number) for number in ("", "201", "2010")] == ["", "201", "x010"]


@given(st.text())
def test_whatever_a_caller_sends_it_stays_one_line_and_says_nothing_to_the_terminal(name: str) -> None:
    line = logs.TextLines(mask_numbers=False).format(record(name_of_caller=name))
    assert line.isprintable()


def test_a_trace_stands_below_its_line() -> None:
    try:
        raise ZeroDivisionError("by zero")
    except ZeroDivisionError as error:
        failed = record("step failed", level=logging.ERROR, exc_info=(ZeroDivisionError, error, error.__traceback__))
    text = logs.TextLines(mask_numbers=False).format(failed)
    assert text.splitlines()[0].endswith("error   step failed")
    assert text.splitlines()[-1] == "ZeroDivisionError: by zero"
    assert "ZeroDivisionError: by zero" in json.loads(logs.JsonLines(mask_numbers=False).format(failed))["trace"]


def test_setting_up_again_replaces_the_handler_and_quiets_the_libraries(
    root: logging.Logger, monkeypatch: pytest.MonkeyPatch
) -> None:
    stderr = io.StringIO()
    monkeypatch.setattr("sys.stderr", stderr)
    logs.set_up("json", "debug")
    logs.set_up("text", "info")
    logging.getLogger("connector.x").debug("not this")
    logging.getLogger("uvicorn").info("nor this")
    logging.getLogger("connector.x").info("but this")
    assert [line.split(maxsplit=1)[1] for line in stderr.getvalue().splitlines()] == ["info    but this"]
    assert len(root.handlers) == 1
