"""Whether a call is recorded, and how: rules in the five words, the call's own wish, defaults; each with its reason."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from enum import StrEnum

from connector.domain.call import Direction, Verdict
from connector.domain.ids import Moment
from connector.domain.options import RecordingOptions, TranscriptionOptions
from connector.domain.patterns import device_matches, number_matches
from connector.domain.week import WeekTime


class Word(StrEnum):
    FORCE = "force"
    YES = "yes"
    DONTCARE = "dontcare"
    NO = "no"
    NEVER = "never"

    @property
    def is_final(self) -> bool:
        """Neither the call's own wish nor an instruction changes it."""
        return self in {Word.FORCE, Word.NEVER}

    @property
    def records(self) -> bool:
        return self in {Word.FORCE, Word.YES}


@dataclass(frozen=True, slots=True, kw_only=True)
class CallFacts:
    """What rules may ask about a call."""

    organisation: str
    direction: Direction
    from_number: str = ""
    to_number: str = ""
    agent: str = ""
    queue: str = ""
    context: str = ""
    #: The device of a trunk that takes part.
    trunk: str = ""
    at: Moment


def _said(doc: str, **facts: object) -> dict[str, object]:
    """Notes for the generated reference and for whoever reads conditions from a file."""
    return {"doc": doc, "filled": True, **facts}


@dataclass(frozen=True, slots=True, kw_only=True)
class When:
    """All that is said must fit, of a list one; what is not said fits everything."""

    organisation: tuple[str, ...] = field(default=(), metadata=_said("organisations by name", named="organisations"))
    direction: tuple[Direction, ...] = field(default=(), metadata=_said("inbound, outbound or internal"))
    from_number: tuple[str, ...] = field(
        default=(),
        metadata=_said(
            "who calls: a number as the PBX shows it, or a dialplan pattern (030X.)", key="from", form="pattern"
        ),
    )
    to_number: tuple[str, ...] = field(
        default=(), metadata=_said("who is called: a number or a dialplan pattern", key="to", form="pattern")
    )
    agent: tuple[str, ...] = field(
        default=(), metadata=_said("the agent's id, or a dialplan pattern (2XXX)", form="pattern")
    )
    queue: tuple[str, ...] = field(default=(), metadata=_said("the queue's name, in any case; * stands for anything"))
    context: tuple[str, ...] = field(
        default=(), metadata=_said("the context in which the call began, in any case; * stands for anything")
    )
    trunk: tuple[str, ...] = field(
        default=(), metadata=_said("the trunk that takes part, as PJSIP/carrier-a; * stands for anything")
    )
    time: tuple[WeekTime, ...] = field(
        default=(),
        metadata=_said('a time of the week in the organisation\'s zone: "mon-fri 08:00-18:00", "fri,sat 22:00-06:00"'),
    )

    def fits(self, facts: CallFacts, zone: str) -> bool:
        names = (
            (facts.organisation, self.organisation),
            (facts.queue, self.queue),
            (facts.context, self.context),
            (facts.trunk, self.trunk),
        )
        numbers = ((facts.from_number, self.from_number), (facts.to_number, self.to_number), (facts.agent, self.agent))
        return (
            (not self.direction or facts.direction in self.direction)
            and all(not some or any(device_matches(name, one) for one in some) for name, some in names)
            and all(not some or any(number_matches(number, one) for one in some) for number, some in numbers)
            and (not self.time or any(time.holds(facts.at, zone) for time in self.time))
        )

    def __str__(self) -> str:
        """As short as the rule itself."""
        said = [(field.name.removesuffix("_number"), getattr(self, field.name)) for field in fields(self)]
        return "; ".join(f"{name} {', '.join(map(str, values))}" for name, values in said if values) or "every call"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    word: Word
    when: When = When()  # frozen
    options: RecordingOptions = RecordingOptions()
    #: Which endpoint is asked about such a call; empty: the rule does not say.
    callback: str = ""
    #: How the reason names it: rule 2.
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What the call itself asks for, by channel variables; None = nothing about whether."""

    record: bool | None = None
    options: RecordingOptions = RecordingOptions()
    by: str = ""
    #: Why a wish could not be read; the call is then ruled as if it had none.
    trouble: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Switch:
    """What the API says of one agent; None: nothing."""

    record: bool | None = None
    transcription: bool | None = None


_NO_SWITCH = Switch()


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    verdict: Verdict
    options: RecordingOptions


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """One organisation's. Who decides: the first force or never of the rules, the organisation's own force or never,
    the call's wish, the agent's switch, the first yes or no of the rules, the organisation's switch, its own word, the
    defaults. Switches are the API's."""

    rules: tuple[Rule, ...] = ()
    #: The organisation's own word, None where it says nothing.
    organisation_word: Word | None = None
    organisation_options: RecordingOptions = RecordingOptions()
    switch: bool | None = None
    #: By the agent's id, which is no pattern here.
    agent_switches: Mapping[str, Switch] = field(default_factory=dict)
    default_word: Word = Word.YES
    default_options: RecordingOptions = RecordingOptions()
    #: The organisation's, or the house's.
    callback: str = ""
    timezone: str = "UTC"

    def callback_of(self, facts: CallFacts) -> str:
        """Which endpoint is asked about such a call; empty: none."""
        fitting = (rule.callback for rule in self.rules if rule.callback and rule.when.fits(facts, self.timezone))
        return next(fitting, self.callback)

    def decide(self, facts: CallFacts, wish: Wish) -> Ruling:
        fitting = [rule for rule in self.rules if rule.when.fits(facts, self.timezone)]
        final = next((rule for rule in fitting if rule.word.is_final), None)
        chosen = final or next((rule for rule in fitting if rule.word is not Word.DONTCARE), None)
        of_rule = chosen.options if chosen is not None else RecordingOptions()
        said = wish.options.over(self._of_agent(facts)).over(of_rule)
        # What force demands (days, destination) no call can wish away; elsewhere the call has the last word.
        options = (of_rule.over(said) if final else said).over(self._base(fitting))
        return Ruling(verdict=self._verdict(facts, wish, chosen), options=options)

    @property
    def usually_records(self) -> bool:
        """A call of which neither rule nor agent nor the call itself says anything."""
        own = self._own_word
        if self.switch is not None and not (own and own.is_final):
            return self.switch
        return (own or self.default_word).records

    @property
    def _own_word(self) -> Word | None:
        return None if self.organisation_word is Word.DONTCARE else self.organisation_word

    def _of_agent(self, facts: CallFacts) -> RecordingOptions:
        switch = self.agent_switches.get(facts.agent, _NO_SWITCH)
        return RecordingOptions(transcription=TranscriptionOptions(enabled=switch.transcription))

    def _base(self, fitting: list[Rule]) -> RecordingOptions:
        """The defaults, the organisation, and what rules say of a call without deciding about it; the first wins."""
        options = self.organisation_options.over(self.default_options)
        for rule in reversed(fitting):
            if rule.word is Word.DONTCARE:
                options = rule.options.over(options)
        return options

    def _verdict(self, facts: CallFacts, wish: Wish, chosen: Rule | None) -> Verdict:
        own = self._own_word
        if chosen is not None and chosen.word.is_final:
            return _verdict(chosen.word, f"{chosen.name} ({chosen.when}): {chosen.word}")
        if own is not None and own.is_final:
            return _verdict(own, f"organisation {facts.organisation}: {own}")
        if wish.record is not None:
            return Verdict(record=wish.record, reason=f"{wish.by or 'the call'} says {'yes' if wish.record else 'no'}")
        if (by_agent := self.agent_switches.get(facts.agent, _NO_SWITCH).record) is not None:
            return Verdict(record=by_agent, reason=_switched(f"agent {facts.agent}", is_on=by_agent))
        if chosen is not None:
            return _verdict(chosen.word, f"{chosen.name} ({chosen.when}): {chosen.word}")
        if self.switch is not None:
            return Verdict(
                record=self.switch, reason=_switched(f"organisation {facts.organisation}", is_on=self.switch)
            )
        if own is not None:
            return _verdict(own, f"organisation {facts.organisation}: {own}")
        return _verdict(self.default_word, f"no rule says anything; defaults.record: {self.default_word}")


def _verdict(word: Word, reason: str) -> Verdict:
    return Verdict(record=word.records, is_final=word.is_final, reason=reason)


def _switched(what: str, *, is_on: bool) -> str:
    return f"{what} is switched {'on' if is_on else 'off'} by the API"
