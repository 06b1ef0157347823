"""How far what was heard is from what was said, word by word. Pure; knows how people write numbers, no engine."""

import re
import unicodedata
from collections.abc import Sequence
from typing import Final

_DIGITS: Final = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
_SAME: Final = {str(digit): word for digit, word in enumerate(_DIGITS)}


def plain_words(text: str) -> list[str]:
    """Without what cannot be heard: case, signs, accents, how a digit is written."""
    bare = "".join(sign for sign in unicodedata.normalize("NFKD", text) if not unicodedata.combining(sign))
    words = re.sub(r"[^\w' ]|_", " ", bare.lower().replace("’", "'")).split()
    return [_SAME.get(word, word) for word in words]


def word_errors(said: Sequence[str], heard: Sequence[str]) -> int:
    """The fewest words to put in, take out or exchange."""
    row = list(range(len(heard) + 1))
    for place, word in enumerate(said, 1):
        diagonal, row[0] = row[0], place
        for other, candidate in enumerate(heard, 1):
            best = min(row[other] + 1, row[other - 1] + 1, diagonal + (word != candidate))
            diagonal, row[other] = row[other], best
    return row[-1]
