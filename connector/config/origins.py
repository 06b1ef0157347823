"""Where each setting of an organisation comes from: built in, a line of the file, somebody by API, a rule. Pure.

What holds is the overlay's; here is said why.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from connector.config.house_rules import agents, destination_names, organisation_settings
from connector.config.rule_voices import Voice, Voices, deciding
from connector.domain.option_values import TRANSCRIPTION, UNLIMITED, UNLIMITED_DAYS, plain
from connector.domain.options import ChannelLayout, RecordingOptions
from connector.domain.policy import Rule, Switch, Word
from connector.domain.setting_changes import STORAGE, RefusedSetting, agent_setting, agent_setting_name
from connector.domain.setting_origins import KnownAgent, Origin, Source
from connector.ports.changed_settings import ChangedSetting
from connector.settings import DestinationSettings, Settings
from connector.settings.written import Keys

#: Of many rules the first ones are named.
_MOST_RULES: Final = 5
_RECORDING: Final = "recording_enabled"
_TRANSCRIPTION: Final = "transcription_enabled"
_DAYS: Final = "retention_days"

#: By the setting: the option's keys in the file, and what options say of it, as people read it; None: nothing.
_OPTIONS: Final[Mapping[str, tuple[Keys, Callable[[RecordingOptions], str | None]]]] = {
    _TRANSCRIPTION: (("transcriptionOptions", "enabled"), lambda options: _yes_or_no(options.transcription.enabled)),
    "transcription_locale": (("transcriptionOptions", "locale"), lambda options: options.transcription.locale),
    "multi_channel": (("channels",), lambda options: _word(options.channels)),
    "recording_format": (("format",), lambda options: _word(options.format)),
    _DAYS: (("retentionDays",), lambda options: _day_count(options.retention_days)),
    "transcript_retention_days": (
        ("transcriptRetentionDays",),
        lambda options: _day_count(options.transcript_retention_days),
    ),
}
_OF_PLAN: Final = {_DAYS: "retentionDays", "transcript_retention_days": "transcriptRetentionDays"}
_DEFAULT: Final = Origin(source=Source.DEFAULT)


@dataclass(frozen=True, slots=True)
class _Heard:
    """Rules that say something of one setting."""

    #: Who decides about every call of which no other rule speaks.
    decider: Voice | None
    voices: Sequence[Voice]
    says: Callable[[Rule], str | None]

    def told(self) -> Iterator[str]:
        first = [] if self.decider is None else [self.decider]
        voices = [*first, *(voice for voice in self.voices if voice is not self.decider)]
        yield from (voice.says(self.says(voice.rule) or "") for voice in voices[:_MOST_RULES])
        if len(voices) > _MOST_RULES:
            yield f"and {len(voices) - _MOST_RULES} more rules"


class Origins:
    def __init__(
        self,
        file: Settings,
        changed: Sequence[ChangedSetting],
        refused: Sequence[RefusedSetting],
        organisation: str,
    ) -> None:
        """`file`: settings without what the API says; `refused`: what of `changed` does not hold."""
        self._file = file
        self._organisation = organisation
        self._own = organisation_settings(file, organisation)
        self._rows = {row.name: row for row in changed if row.organisation == organisation}
        self._refused = {one.name: one.reason for one in refused if one.organisation == organisation}
        self._voices = Voices(file, organisation)

    def all(self) -> Mapping[str, Origin]:
        """By the setting's name; of agents what the API says of them."""
        found = {_RECORDING: self._recording(), **{name: self._option(name) for name in _OPTIONS}}
        found |= {"link_seconds": self._links(), STORAGE: self._storage()}
        for name in self._rows:
            if (one := agent_setting(name)) is not None:
                found[name] = self._of_agent(one.agent, one.setting)
        return found

    def agents(self) -> Sequence[KnownAgent]:
        """Whom the file names, whom its rules name, whom the API switches; by their ids."""
        names = {one.id: one.name for (whose, _), one in agents(self._file).items() if whose == self._organisation}
        switched = (one.agent for row in self._rows if (one := agent_setting(row)) is not None)
        known = sorted({*names, *self._voices.agents, *switched})
        return [
            KnownAgent(
                id=agent,
                name=names.get(agent, ""),
                switch=Switch(
                    record=self._switched(agent, _RECORDING), transcription=self._switched(agent, _TRANSCRIPTION)
                ),
                origin=self._of_agent(agent, _RECORDING),
            )
            for agent in known
        ]

    def _recording(self) -> Origin:
        voices = [voice for voice in self._voices.all if voice.rule.word is not Word.DONTCARE]
        rest = self._file.defaults.record
        if self._own.record not in (None, Word.DONTCARE):
            rest = self._own.record or rest
            usual = self._in_file("organisations", self._organisation, "record")
        else:
            usual = self._in_file("defaults", "record")
        final = f"`record: {rest}`: no switch changes it" if rest.is_final else ""
        return self._combined(_RECORDING, usual, _Heard(deciding(voices), voices, _recording_word), final)

    def _option(self, name: str) -> Origin:
        says = _OPTIONS[name][1]
        voices = [voice for voice in self._voices.all if says(voice.rule.options) is not None]
        general = [voice for voice in voices if voice.speaks_of_all]
        decider = deciding(self._voices.all)
        if decider not in voices:
            decider = next((voice for voice in general if voice.rule.word is Word.DONTCARE), None)
        # One that every call reaches through another one is never asked.
        heard = [voice for voice in voices if voice is decider or voice not in general]
        limit = self._plan_limit() if name == _DAYS else ""
        return self._combined(name, self._usual(name), _Heard(decider, heard, lambda rule: says(rule.options)), limit)

    def _usual(self, name: str) -> Origin:
        """Without rules and without the API."""
        keys, says = _OPTIONS[name]
        for path, options in (
            (("organisations", self._organisation), self._own.options),
            (("defaults",), self._file.defaults.options),
        ):
            if says(options) is not None:
                return self._at(self._option_line(path, keys))
            if path[0] == "organisations" and (by_plan := self._by_plan(name)) is not None:
                return by_plan
        return _DEFAULT

    def _by_plan(self, name: str) -> Origin | None:
        plan = self._file.plans.get(self._own.plan)
        says = {_DAYS: plan.retention_days, "transcript_retention_days": plan.transcript_retention_days} if plan else {}
        if says.get(name) is None:
            return None
        line = self._file.written.line("plans", self._own.plan, _OF_PLAN[name])
        return self._at(line or self._file.written.line("plans", self._own.plan))

    def _plan_limit(self) -> str:
        plan = self._file.plans.get(self._own.plan)
        return f"plan {self._own.plan}: at most {_day_count(plan.max_retention_days)}" if plan is not None else ""

    def _links(self) -> Origin:
        usual = _DEFAULT
        if not self._has_own_storage:
            names = destination_names(self._file, self._organisation)
            here = ("destinations", names[0]) if names else ("organisations", self._organisation, "destination")
            usual = self._in_file(*here, "links")
        return self._combined("link_seconds", usual)

    def _storage(self) -> Origin:
        own = self._own
        names = destination_names(self._file, self._organisation)
        if own.destination or own.destinations:
            usual = self._in_first("organisations", self._organisation)
        elif self._file.defaults.options.destination or self._file.defaults.destinations:
            usual = self._in_first("defaults")
        else:
            usual = self._in_file("destinations", names[0])
        is_written_out = isinstance(own.destination, DestinationSettings)
        said = "" if is_written_out else f"goes to {', '.join(names)}"
        voices = [voice for voice in self._voices.all if voice.rule.options.destination]
        decider = next((voice for voice in voices if voice is deciding(self._voices.all)), None)
        heard = _Heard(decider, voices, lambda rule: rule.options.destination)
        return self._combined(STORAGE, usual, heard, "" if self._has_own_storage else said)

    def _of_agent(self, agent: str, setting: str) -> Origin:
        said = agent_setting_name(agent, setting)
        if setting != _RECORDING:
            return self._combined(said, _DEFAULT)
        voices = [voice for voice in self._voices.of_agent(agent) if voice.rule.word is not Word.DONTCARE]
        about_him = [voice for voice in voices if voice.rule.when.agent]
        decider, is_switched = deciding(voices), self._switched(agent, setting) is not None
        # His switch stands above a rule's yes and no; without one a rule of everybody is the organisation's matter.
        if decider is not None and not (decider.rule.word.is_final if is_switched else decider in about_him):
            decider = None
        return self._combined(said, _DEFAULT, _Heard(decider, about_him, _recording_word))

    @property
    def _has_own_storage(self) -> bool:
        return STORAGE in self._rows and STORAGE not in self._refused

    def _switched(self, agent: str, setting: str) -> bool | None:
        name = agent_setting_name(agent, setting)
        row = self._rows.get(name)
        return None if row is None or name in self._refused else row.value == "true"

    def _combined(self, name: str, usual: Origin, heard: "_Heard | None" = None, more: str = "") -> Origin:
        """The rule that decides about all, else who changed it, else what the file says; with all that limits it."""
        row, reason = self._rows.get(name), self._refused.get(name)
        details = [more, f"what the API says does not hold: {reason}" if reason else ""]
        found = usual
        if row is not None and reason is None:
            found = Origin(source=Source.API, by=row.by, at=row.at)
        if heard is not None:
            if heard.decider is not None:
                details.append(f"set by API ({found.by}) as well: the rule comes before" if found.by else "")
                found = self._ruled(heard.decider)
            details += heard.told()
        return replace(found, detail="; ".join(filter(None, details)))

    def _ruled(self, decider: Voice) -> Origin:
        return Origin(source=Source.RULE, file=self._file.written.file if decider.line else "", line=decider.line)

    def _option_line(self, path: Keys, keys: Keys) -> int:
        """Of an option within another one its own line, however it is spelled."""
        written, (outer, *inner) = self._file.written, keys
        spelled = [one for one, (field, _) in TRANSCRIPTION.items() if inner == [field]]
        below = (line for at, line in written.lines.items() if at[:-1] == (*path, outer) and _is_one(at[-1], spelled))
        return next(below, written.line(*path, outer))

    def _in_first(self, *path: str) -> Origin:
        return self._at(self._file.written.line(*path, "destination") or self._file.written.line(*path, "destinations"))

    def _in_file(self, *path: str) -> Origin:
        return self._at(self._file.written.line(*path))

    def _at(self, line: int) -> Origin:
        return Origin(source=Source.FILE, file=self._file.written.file, line=line) if line else _DEFAULT


def _is_one(key: str | int, names: Sequence[str]) -> bool:
    return plain(str(key)) in {plain(name) for name in names}


def _recording_word(rule: Rule) -> str:
    return str(rule.word)


def _yes_or_no(value: bool | None) -> str | None:
    return None if value is None else "yes" if value else "no"


def _word(value: ChannelLayout | str | None) -> str | None:
    return None if value is None else str(value)


def _day_count(days: int | None) -> str | None:
    return None if days is None else UNLIMITED if days == UNLIMITED_DAYS else f"{days} days"
