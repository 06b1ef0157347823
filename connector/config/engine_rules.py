"""Which speech engine hears an organisation's sound, and which languages are wanted of it. Pure; knows no engine."""

from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

from connector.config.house_rules import organisation_settings, policies
from connector.domain.options import RecordingOptions
from connector.domain.patterns import device_matches
from connector.domain.policy import Policy, When, Word
from connector.settings import Settings


class Hearing(NamedTuple):
    """A transcript that the configuration may ask for."""

    organisation: str
    engine: str
    #: Empty: the engine finds out.
    locale: str


def engines_of(settings: Settings, organisation: str) -> tuple[str, ...]:
    """Those that may hear its sound, the usual one first. A house that names no organisations has only its own sound:
    each of its engines may hear that."""
    own = organisation_settings(settings, organisation).engines
    usual = settings.transcription.engine
    if own or settings.organisations.known:
        return own or (usual,)
    return tuple(dict.fromkeys((usual, *settings.transcription.names)))


def usual_engine(settings: Settings, organisation: str) -> str:
    return engines_of(settings, organisation)[0]


def may_hear(settings: Settings, organisation: str, engine: str) -> bool:
    return engine in engines_of(settings, organisation)


def hearings(settings: Settings) -> Iterator[Hearing]:
    """Every one that defaults, rules, organisations or switches of the API ask for; each once. What a single call
    asks for cannot be known."""
    found: dict[Hearing, None] = {}
    for name, policy in policies(settings).items():
        for options in _said(name, policy):
            if options.transcription.enabled:
                engine = options.transcription.engine or usual_engine(settings, name)
                found[Hearing(name, engine, options.transcription.locale or "")] = None
    yield from found


def may_concern(when: When, organisation: str) -> bool:
    """Whether a rule can be about that organisation's calls."""
    return not when.organisation or any(device_matches(organisation, one) for one in when.organisation)


def _said(organisation: str, policy: Policy) -> Iterator[RecordingOptions]:
    usual = policy.organisation_options.over(policy.default_options)
    yield usual
    if any(switch.transcription for switch in policy.agent_switches.values()):
        yield replace(usual, transcription=replace(usual.transcription, enabled=True))
    for rule in policy.rules:
        if rule.word is not Word.NEVER and may_concern(rule.when, organisation):
            yield rule.options.over(usual)
