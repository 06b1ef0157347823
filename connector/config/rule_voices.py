"""What rules have to say about one organisation's calls, before anybody has called. Pure; knows no call."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

from connector.config.house_rules import organisation_settings, policies
from connector.domain.patterns import device_matches, is_one_number, number_matches
from connector.domain.policy import Rule, When, Word
from connector.settings import Settings

_EVERY_CALL: Final = When()


@dataclass(frozen=True, slots=True, kw_only=True)
class Voice:
    """One rule that can fit a call of theirs."""

    rule: Rule
    #: 0: nobody knows.
    line: int
    #: Which of their calls.
    when: When

    @property
    def speaks_of_all(self) -> bool:
        return self.when == _EVERY_CALL

    def says(self, what: str) -> str:
        """As `rule 2 (queue pay, line 31): never`; other organisations' names are not theirs to read."""
        line = f", line {self.line}" if self.line else ""
        return f"{self.rule.name} ({str(self.when).replace('; ', ', ')}{line}): {what}"


class Voices:
    def __init__(self, settings: Settings, organisation: str) -> None:
        """`settings` as the file has them."""
        self._settings = settings
        self._organisation = organisation

    @cached_property
    def all(self) -> Sequence[Voice]:
        """In the order in which they are asked."""
        rules = policies(self._settings)[self._organisation].rules
        lines = (*self._lines("organisations", self._organisation, "rules"), *self._lines("rules"))
        found = zip(rules, lines, strict=True)
        return [
            Voice(rule=rule, line=line, when=replace(rule.when, organisation=()))
            for rule, line in found
            if self._can_fit(rule)
        ]

    def of_agent(self, agent: str) -> Sequence[Voice]:
        """Those that can fit his calls, as if they spoke of nobody else."""
        return [
            replace(voice, when=replace(voice.when, agent=()))
            for voice in self.all
            if not voice.when.agent or any(number_matches(agent, one) for one in voice.when.agent)
        ]

    @property
    def agents(self) -> Iterator[str]:
        """Whom they name by one id."""
        return (one for voice in self.all for one in voice.when.agent if is_one_number(one))

    def _can_fit(self, rule: Rule) -> bool:
        asked = rule.when.organisation
        return not asked or any(device_matches(self._organisation, one) for one in asked)

    def _lines(self, *path: str) -> Iterator[int]:
        own = organisation_settings(self._settings, self._organisation).rules
        rules = self._settings.rules if path == ("rules",) else own
        written = self._settings.written
        # Where there is one rule alone, it may stand there without a list.
        return (written.line(*path, number) or written.line(*path) for number in range(1, len(rules) + 1))


def deciding(voices: Sequence[Voice]) -> Voice | None:
    """Who decides about every call of which no other rule speaks; None: nobody."""
    general = [voice for voice in voices if voice.speaks_of_all and voice.rule.word is not Word.DONTCARE]
    return next((voice for voice in general if voice.rule.word.is_final), next(iter(general), None))
