"""What is wrong with a configuration: all of it at once, each with its place and what to do."""

import difflib
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    #: rules[2].when.queue; the first is 1, as in "rule 1".
    path: str
    #: From 1; 0 when the place has none.
    line: int
    text: str

    def __str__(self) -> str:
        place = f"line {self.line}: " if self.line else ""
        return f"{place}{self.path}: {self.text}" if self.path else f"{place}{self.text}"


class Problems:
    """Collects them while reading goes on."""

    def __init__(self) -> None:
        self.found: list[Problem] = []

    def add(self, path: str, line: int, text: str) -> None:
        problem = Problem(path, line, text)
        if problem not in self.found:
            self.found.append(problem)


def nearest(name: str, known: Iterable[str]) -> str:
    """'; did you mean …?' for a name that is none."""
    names = list(known)
    by_lower = {one.lower(): one for one in names}
    found = difflib.get_close_matches(name.lower(), by_lower, n=1, cutoff=0.5)
    return f"; did you mean {by_lower[found[0]]}?" if found else f"; known are {', '.join(sorted(names)) or 'none'}"
