"""How a person is taken out of what is known of a call: number and name go, when and how long stays. Pure."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from connector.domain.call import Call, Leg

#: A shorter name is no name: it would take letters out of everything.
_SHORTEST_NAME = 2


@dataclass(frozen=True)
class Person:
    """By what somebody is called in one call."""

    words: tuple[str, ...]

    def without(self, text: str) -> str:
        """That text without these words; what only contains one stays."""
        return self._pattern.sub("", text) if self.words and text else text

    def without_any(self, thing: Any) -> Any:
        """The same for every text in nested lists and objects."""
        if isinstance(thing, str):
            return self.without(thing)
        if isinstance(thing, dict):
            return {name: self.without_any(value) for name, value in thing.items()}
        return [self.without_any(value) for value in thing] if isinstance(thing, list) else thing

    def is_in(self, text: str) -> bool:
        return bool(self.words) and self._pattern.search(text) is not None

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        longest_first = sorted(self.words, key=len, reverse=True)
        return re.compile(rf"(?<![\w+])(?:{'|'.join(map(re.escape, longest_first))})(?!\w)")


def person(call: Call, number: str) -> Person:
    """Who has that number in that call; without a number everybody in it."""
    legs = [leg for leg in call.legs if not number or leg.number == number]
    words = [number, *(leg.name for leg in legs)]
    if not number or call.agent_id == number:
        words.append(call.agent_name)
    if not number:
        numbers = (text for leg in legs for text in (leg.number, leg.dialled))
        words += [call.from_number, call.to_number, call.agent_id, *numbers]
    return Person(tuple(dict.fromkeys(_words(words, number))))


def forgotten(call: Call, whom: Person) -> Call:
    """The call without that person."""
    verdict, wanted, consent = call.verdict, call.wanted, call.consent
    return replace(
        call,
        legs=tuple(_leg(leg, whom) for leg in call.legs),
        from_number=whom.without(call.from_number),
        to_number=whom.without(call.to_number),
        agent_id=whom.without(call.agent_id),
        agent_name=whom.without(call.agent_name),
        verdict=verdict and replace(verdict, reason=whom.without(verdict.reason)),
        wanted=wanted and replace(wanted, by=whom.without(wanted.by), options=whom.without(wanted.options)),
        consent=consent and replace(consent, by=whom.without(consent.by)),
        tags=tuple(tag for tag in call.tags if not whom.is_in(tag)),
    )


def _leg(leg: Leg, whom: Person) -> Leg:
    return replace(
        leg,
        number=whom.without(leg.number),
        name=whom.without(leg.name),
        device=whom.without(leg.device),
        dialled=whom.without(leg.dialled),
        # A customer's id may stand beside the number: of such a variable nothing stays.
        variables=tuple((name, value) for name, value in leg.variables if not whom.is_in(value)),
    )


def _words(words: Iterable[str], number: str) -> Iterable[str]:
    return (word for word in words if word == number != "" or len(word) >= _SHORTEST_NAME)
