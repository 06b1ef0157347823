"""The speech engines of the configuration, by name, as it changes: made when one is wanted for the first time.

Loads what an engine needs only then, so that a house without transcripts holds none of it.
"""

from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeAlias

from connector.config.engine_rules import Hearing, engines_of, hearings, may_hear
from connector.domain.diagnosis import Finding, ok, warning
from connector.errors import EngineRefused
from connector.ports.clock import Clock
from connector.ports.transcriber import Transcriber
from connector.settings import DeepgramSettings, OpenaiSettings, Settings, WhisperSettings

Engine: TypeAlias = WhisperSettings | OpenaiSettings | DeepgramSettings
Made: TypeAlias = Callable[[Engine], Transcriber]

_MOST_NAMED = 3


def maker(state: Path, clock: Clock) -> Made:
    """Nothing is started before it hears."""

    def made(engine: Engine) -> Transcriber:
        if isinstance(engine, WhisperSettings):
            from connector.transcription.whisper import WhisperTranscriber

            return WhisperTranscriber(engine, state, clock)
        if isinstance(engine, OpenaiSettings):
            from connector.transcription.openai_api import OpenaiTranscriber

            return OpenaiTranscriber(engine, clock)
        from connector.transcription.deepgram import DeepgramTranscriber

        return DeepgramTranscriber(engine, clock)

    return made


class ConfiguredEngines:
    """The Transcribers port. An engine is kept while anybody may ask for one with the same settings: what it hears when
    the configuration changes, it hears to the end."""

    def __init__(self, settings: Settings, made: Made) -> None:
        self._settings = settings
        self._made = made
        self._known: dict[Engine, Transcriber] = {}

    @property
    def at_once(self) -> int:
        """How many recordings are heard at the same time."""
        return self._settings.transcription.at_once

    def follow(self, settings: Settings) -> None:
        """Other engines, and others whom they may hear, from now on."""
        self._settings = settings

    def chosen(self, organisation: str, wished: str) -> tuple[str, Transcriber]:
        allowed = engines_of(self._settings, organisation)
        name = wished or allowed[0]
        wanted = self._settings.transcription.of(name)
        if wanted is None:
            known = ", ".join(self._settings.transcription.names)
            raise EngineRefused(f"there is no speech engine {name!r} in the configuration: it has {known}")
        if not may_hear(self._settings, organisation, name):
            raise EngineRefused(
                f"speech engine {name!r} may not hear the sound of organisation {organisation!r}, only "
                f"{', '.join(allowed)} may: see organisations.{organisation}.engines"
            )
        if wanted not in self._known:
            self._known[wanted] = self._made(wanted)
        return name, self._known[wanted]

    def checked(self) -> Iterator[tuple[Hearing, str]]:
        """Every transcript that the configuration asks for, and why it cannot be made; empty: as far as can be told
        from here, it can."""
        known: dict[tuple[str, str], str] = {}
        for hearing in hearings(self._settings):
            try:
                _, engine = self.chosen(hearing.organisation, hearing.engine)
                about = hearing.engine, hearing.locale
                if about not in known:
                    known[about] = _trouble(engine, hearing.locale)
                yield hearing, known[about]
            except EngineRefused as error:
                yield hearing, str(error)

    async def close(self) -> None:
        while self._known:
            _, engine = self._known.popitem()
            await engine.close()


@asynccontextmanager
async def engines(settings: Settings, made: Made) -> AsyncIterator[ConfiguredEngines]:
    found = ConfiguredEngines(settings, made)
    try:
        yield found
    finally:
        await found.close()


async def unheard(settings: Settings, made: Made) -> list[str]:
    """Transcripts that are asked for and that no engine can make, one line for each engine and language. A daemon
    records all the same."""
    async with engines(settings, made) as found:
        wanted = _by_what_is_wanted(found.checked())
    return [f"engine {name}{_for(locale)}: {trouble}" for (name, locale, trouble) in wanted if trouble]


async def engine_findings(settings: Settings, made: Made) -> list[Finding]:
    """Of every engine that a rule, the defaults, an organisation or its settings by API ask for."""
    async with engines(settings, made) as found:
        wanted = _by_what_is_wanted(found.checked())
    return [_finding(*what, organisations) for what, organisations in wanted.items()]


def _finding(engine: str, locale: str, trouble: str, organisations: Sequence[str]) -> Finding:
    subject = f"engine {engine}"
    more = f" and {len(organisations) - _MOST_NAMED} more" if len(organisations) > _MOST_NAMED else ""
    whose = f"{', '.join(organisations[:_MOST_NAMED])}{more}"
    if trouble:
        mend = "mend it, or choose another engine or language: until then calls are recorded, and have no transcript"
        return warning(subject, f"no transcript{_for(locale)} of {whose}: {trouble}", mend)
    return ok(subject, f"makes transcripts{_for(locale)} of {whose}")


def _by_what_is_wanted(checked: Iterator[tuple[Hearing, str]]) -> dict[tuple[str, str, str], list[str]]:
    found: dict[tuple[str, str, str], list[str]] = {}
    for hearing, trouble in checked:
        found.setdefault((hearing.engine, hearing.locale, trouble), []).append(hearing.organisation)
    return found


def _trouble(engine: Transcriber, locale: str) -> str:
    try:
        engine.check(locale)
    except EngineRefused as error:
        return str(error)
    return ""


def _for(locale: str) -> str:
    return f" in {locale}" if locale else ""
