"""The words that a text is found by, and those that somebody asks for: small, without accents, numbers however they are
written or said. Pure; knows no index and no database."""

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from itertools import chain
from typing import Final, TypeAlias

#: Each of them is a word: their languages write no spaces.
_IDEOGRAPHS = "\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
_WORD = re.compile(rf"[{_IDEOGRAPHS}]|[^\W_{_IDEOGRAPHS}]+")
_ACCENTS = re.compile("[\u0300-\u036f]")
#: What is longer is no word that anybody says.
_LONGEST_WORD = 64
_MOST_WORDS_ASKED = 32

_NAMES: Final = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_SPOKEN_DIGITS: Final = {name: str(digit) for digit, name in enumerate(_NAMES)} | {"oh": "0"}
_TIMES: Final = {"double": 2, "triple": 3}
_SPOKEN_DIGIT = rf"(?:(?:{'|'.join(_TIMES)})\s)?(?:{'|'.join(_SPOKEN_DIGITS)})"
#: Two in a row are said of other things, too.
_SPOKEN = rf"{_SPOKEN_DIGIT}(?:[\s.,-]{{1,3}}{_SPOKEN_DIGIT}){{2,}}"
_LETTER = rf"[^\W_{_IDEOGRAPHS}]"
_PART = rf"(?:[0-9]+|{_SPOKEN})(?!{_LETTER})"
#: Groups of digits that may be one number. A plus begins another one.
_NUMBER = re.compile(rf"(?<!{_LETTER}){_PART}(?:[\s.,/()\u2010-\u2015\u2212-]{{1,5}}{_PART})*")
#: Within them: here one number may end and the next one begin.
_PAUSE = re.compile(r"[.,]\s")
_GROUP = re.compile(_PART)
_MOST_DIGITS = 40
#: So many digits may have an international prefix before them.
_PHONE_NUMBER_DIGITS = 8

#: Words that have to be there together.
Words: TypeAlias = tuple[str, ...]
#: Of one thing that is asked for: as it was written first, then how else it may stand there.
Ways: TypeAlias = tuple[Words, ...]


def words_of(*texts: str) -> list[str]:
    """Each once, in small letters and without accents; numbers in one piece, too."""
    found: dict[str, None] = {}
    for text in texts:
        folded = _folded(text)
        found |= dict.fromkeys(_words(folded))
        for number in _NUMBER.finditer(folded):
            found |= dict.fromkeys(_meant(number[0]))
    return list(found)


@lru_cache(maxsize=64)
def asked(text: str) -> tuple[Ways, ...]:
    """What somebody looks for: all of it has to be there, each thing in one way at least. Empty without a word."""
    found: dict[Ways, None] = {}
    left = _MOST_WORDS_ASKED
    for ways in _things(_folded(text)):
        left -= len(ways[0])
        if left < 0 and found:
            break
        found[ways] = None
    return tuple(found)


def words_there(text: str, things: tuple[Ways, ...]) -> set[str]:
    """Those of the text, as far as they matter to who asks for these things; none where none of them is there."""
    folded = _folded(text)
    has_word = any(word in folded for ways in things for word in ways[0])
    asks_number = any(map(_is_number, things))
    numbers = _NUMBER.findall(folded) if asks_number else []
    if not has_word and not numbers:
        return set()
    return {*_words(folded), *chain.from_iterable(map(_meant, numbers))}


def _folded(text: str) -> str:
    if text.isascii():
        return text.lower()
    return unicodedata.normalize("NFC", _ACCENTS.sub("", unicodedata.normalize("NFKD", text.casefold())))


def _words(folded: str) -> list[str]:
    return [word[:_LONGEST_WORD] for word in _WORD.findall(folded)]


def _things(folded: str) -> Iterator[Ways]:
    at = 0
    for number in _NUMBER.finditer(folded):
        yield from (((word,),) for word in _words(folded[at : number.start()]))
        yield _ways(number[0])
        at = number.end()
    yield from (((word,),) for word in _words(folded[at:]))


def _ways(number: str) -> Ways:
    written = tuple(dict.fromkeys(_words(number)))[:_MOST_WORDS_ASKED]
    joined = _without_prefix(_digits(number))
    is_else = written != (joined,) and len(joined) <= _MOST_DIGITS
    return (written, (joined,)) if is_else else (written,)


def _is_number(ways: Ways) -> bool:
    return len(ways) > 1 or ways[0][0].isdecimal()


def _meant(number: str) -> Iterator[str]:
    """All groups that stand together, those between two pauses, and each one."""
    pieces = [piece[0] for part in _PAUSE.split(number) for piece in _NUMBER.finditer(part)]
    for piece in (number, *pieces, *_GROUP.findall(number)):
        digits = _digits(piece)
        if len(digits) <= _MOST_DIGITS:
            yield from dict.fromkeys((digits, _without_prefix(digits)))


def _digits(number: str) -> str:
    found, times = "", 1
    for word in _WORD.findall(number):
        found += word if word.isdecimal() else _SPOKEN_DIGITS.get(word, "") * times
        times = _TIMES.get(word, 1)
    return found


def _without_prefix(digits: str) -> str:
    """Where one writes 00, another writes a plus."""
    is_international = digits.startswith("00") and len(digits) >= _PHONE_NUMBER_DIGITS
    return digits[2:] if is_international else digits
