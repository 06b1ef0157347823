"""Which reader a field's type and notes ask for: one text in, one value out. Raises ValueError or ConfigError."""

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any

from connector.config.forms import FORMS
from connector.config.problems import nearest
from connector.config.values import boolean
from connector.domain.option_values import whole_number
from connector.domain.policy import Word
from connector.domain.week import WeekTime

#: The five words, and what people write for them.
_WORDS = {"true": Word.YES, "on": Word.YES, "false": Word.NO, "off": Word.NO} | {word.value: word for word in Word}


def scalar_reader(kind: Any, facts: Mapping[str, Any]) -> Callable[[str], Any]:
    if "read" in facts:
        return facts["read"]  # type: ignore[no-any-return]  # a reader by its definition
    if "words" in facts:
        return lambda text: _word(text, facts["words"])
    if "form" in facts:
        return FORMS[facts["form"]]
    if kind is int:
        return lambda text: _integer(text, facts.get("least"))
    simple: dict[Any, Callable[[str], Any]] = {Word: _recording_word, WeekTime: WeekTime.parse, bool: boolean}
    if kind not in simple and isinstance(kind, type) and issubclass(kind, StrEnum):
        return lambda text: kind(_word(text.lower(), tuple(kind)))
    return simple.get(kind, _one_line)


def _word(text: str, words: tuple[str, ...]) -> str:
    if text not in words:
        raise ValueError(f"{text!r} is not one of {', '.join(words)}{nearest(text, words)}")
    return text


def _recording_word(text: str) -> Word:
    word = _WORDS.get(text.lower())
    if word is None:
        raise ValueError(f"{text!r} is not one of {', '.join(Word)}{nearest(text, Word)}")
    return word


def _integer(text: str, least: int | None) -> int:
    number = whole_number(text)
    if least is not None and number < least:
        raise ValueError(f"{number} is less than {least}")
    return number


def _one_line(text: str) -> str:
    if {"\r", "\n", "\0"} & set(text):
        raise ValueError("a line end or NUL cannot stand in it")
    return text
