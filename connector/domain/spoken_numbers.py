"""Digits as people say them: how many there are in a word. Pure; knows no turns, and what the number is worth neither.

English, German, French and Spanish. Words that mean something else besides (`one`, `once`, `un`) are among them: alone
they make no number, and what stands between numbers most probably is one.
"""

import re
from collections.abc import Iterable, Mapping
from enum import Enum, auto
from typing import Final, NamedTuple
from unicodedata import normalize


class Kind(Enum):
    #: 0 to 9.
    UNIT = auto()
    #: 10 to 19.
    TEEN = auto()
    #: 20 to 90: one digit before a unit, two otherwise.
    TENS = auto()
    #: Hundred and thousand.
    LARGE = auto()
    #: Says that the next one counts again: `double five`.
    AGAIN = auto()
    #: Stands between digits without being one.
    LINK = auto()
    FIGURES = auto()
    OTHER = auto()


class Atom(NamedTuple):
    kind: Kind
    digits: int = 0


_OTHER: Final = Atom(Kind.OTHER)
_WORDS: Final[Mapping[str, Mapping[Atom, str]]] = {
    "en": {
        Atom(Kind.UNIT, 1): "zero oh o nought naught nil one two three four five six seven eight nine",
        Atom(Kind.TEEN, 2): "ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen",
        Atom(Kind.TENS, 2): "twenty thirty forty fourty fifty sixty seventy eighty ninety",
        Atom(Kind.LARGE, 2): "hundred",
        Atom(Kind.LARGE, 3): "thousand",
        Atom(Kind.AGAIN, 1): "double",
        Atom(Kind.AGAIN, 2): "triple treble",
        Atom(Kind.LINK): "and then dash minus slash dot point um uh er",
    },
    "de": {
        Atom(Kind.UNIT, 1): "null eins ein zwei zwo drei vier fünf fuenf sechs sieben acht neun",
        Atom(Kind.TEEN, 2): "zehn elf zwölf zwoelf dreizehn vierzehn fünfzehn sechzehn siebzehn achtzehn neunzehn",
        Atom(Kind.TENS, 2): "zwanzig dreissig vierzig fünfzig sechzig siebzig achtzig neunzig",
        Atom(Kind.LARGE, 2): "hundert",
        Atom(Kind.LARGE, 3): "tausend",
        Atom(Kind.AGAIN, 1): "doppel doppelt zweimal",
        Atom(Kind.AGAIN, 2): "dreimal",
        Atom(Kind.LINK): "und dann strich minus punkt schrägstrich äh ähm",
    },
    "fr": {
        Atom(Kind.UNIT, 1): "zéro zero un une deux trois quatre cinq six sept huit neuf",
        Atom(Kind.TEEN, 2): "dix onze douze treize quatorze quinze seize",
        Atom(Kind.TENS, 2): "vingt vingts trente quarante cinquante soixante septante huitante octante nonante",
        Atom(Kind.LARGE, 2): "cent cents",
        Atom(Kind.LARGE, 3): "mille",
        Atom(Kind.AGAIN, 1): "double",
        Atom(Kind.AGAIN, 2): "triple",
        Atom(Kind.LINK): "et puis tiret point virgule euh",
    },
    "es": {
        Atom(Kind.UNIT, 1): "cero uno un una dos tres cuatro cinco seis siete ocho nueve",
        Atom(Kind.TEEN, 2): "diez once doce trece catorce quince dieciséis dieciseis diecisiete dieciocho diecinueve",
        Atom(Kind.TENS, 2): "veinte treinta cuarenta cincuenta sesenta setenta ochenta noventa",
        Atom(Kind.LARGE, 2): "cien ciento cientos",
        Atom(Kind.LARGE, 3): "mil",
        Atom(Kind.AGAIN, 1): "doble",
        Atom(Kind.AGAIN, 2): "triple",
        Atom(Kind.LINK): "y luego guion guión punto coma eh",
    },
}
#: German and Spanish write what others say in several words as one.
_COMPOUNDS: Final[Mapping[str, re.Pattern[str]]] = {
    "de": re.compile(r"(?:ein|zwei|drei|vier|fünf|fuenf|sechs|sieben|acht|neun)und\w+(?:zig|ssig)"),
    "es": re.compile(r"veinti\w+"),
}
_LONG_COMPOUND: Final = re.compile(
    r"(?:ein|zwei|zwo|drei|vier|fünf|fuenf|sechs?|sieb(?:en)?|acht|neun|zehn|elf|zwölf|und|s?zig|ssig|zwan|hundert"
    r"|tausend|eins)+"
)
_FRENCH_EIGHTY: Final = re.compile(r"quatre-vingts?(?:-\w+)*")
_PARTS: Final = re.compile(r"[\s\-\u2010-\u2015/]+")


class Vocabulary:
    """Of one language, or of all where it is not known or not among them."""

    def __init__(self, language: str) -> None:
        languages = [language] if language in _WORDS else list(_WORDS)
        self._compounds = [_COMPOUNDS[one] for one in languages if one in _COMPOUNDS]
        self._is_german = "de" in languages
        self._atoms: dict[str, Atom] = {}
        for one in languages:
            for atom, words in _WORDS[one].items():
                self._atoms.update(dict.fromkeys(words.split(), atom))

    def atoms(self, text: str) -> list[Atom]:
        """Of one word as it is written, which may be several: `forty-nine`, `4 9`."""
        plain = normalize("NFC", text).strip().casefold().strip(".,;:!?\"'()[]…")
        if _FRENCH_EIGHTY.fullmatch(plain):
            return [Atom(Kind.TENS, 2)]
        return _merged(self._atom(part) for part in _PARTS.split(plain)) if plain else [Atom(Kind.LINK)]

    def _atom(self, part: str) -> Atom:
        plain = part.strip(".,;:!?\"'()[]…")
        figures = sum(character.isdecimal() for character in plain)
        if figures:
            return Atom(Kind.FIGURES, figures)
        if not any(map(str.isalnum, plain)):
            return Atom(Kind.LINK)
        return self._atoms.get(plain) or self._compound(plain)

    def _compound(self, plain: str) -> Atom:
        if any(pattern.fullmatch(plain) for pattern in self._compounds):
            return Atom(Kind.TEEN, 2)
        if self._is_german and _LONG_COMPOUND.fullmatch(plain):
            return Atom(Kind.LARGE, 4 if "tausend" in plain else 3)
        return _OTHER


def _merged(atoms: Iterable[Atom]) -> list[Atom]:
    """In one word, tens and what follows are one number: `forty-nine`, `soixante-dix-sept`, `vingt-et-un`."""
    merged: list[Atom] = []
    for atom in atoms:
        after_tens = bool(merged) and merged[-1].kind is Kind.TENS
        if not (after_tens and atom.kind in {Kind.UNIT, Kind.TEEN, Kind.LINK}):
            merged.append(atom)
    return merged
