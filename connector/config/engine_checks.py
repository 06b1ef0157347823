"""What of the speech engines contradicts itself, and who names one that may not hear his sound. Pure; each finding is
where, and what to do."""

from collections.abc import Iterator
from urllib.parse import urlsplit

from connector.config.engine_rules import engines_of, may_concern
from connector.config.house_rules import organisations
from connector.domain.options import RecordingOptions
from connector.settings import (
    LOCAL_ENGINE,
    EngineSettings,
    OrganisationSettings,
    Settings,
)
from connector.settings.transcription import SpeechServerSettings

#: A path of keys; numbers of lists begin with 1.
Path = tuple[str | int, ...]
_ENGINE: Path = ("transcriptionOptions", "engine")
#: Who is paid for each minute there is known by a key.
_WITH_KEY = ("api.openai.com", "api.deepgram.com")


def engine_contradictions(name: str, engine: EngineSettings) -> Iterator[tuple[Path, str]]:
    if name == LOCAL_ENGINE and (engine.openai or engine.deepgram):
        yield (), f"`{LOCAL_ENGINE}` is Whisper on this machine, and nothing else: choose another name"
    for kind, remote in (("openai", engine.openai), ("deepgram", engine.deepgram)):
        if remote is not None:
            yield from (((kind, key), text) for key, text in _remote(remote))


def foreign_engines(settings: Settings) -> Iterator[tuple[Path, str]]:
    """Where an engine is named for an organisation's calls that may not hear them."""
    for organisation, own in organisations(settings).items():
        allowed = engines_of(settings, organisation)
        for path, options in _said(settings, organisation, own):
            engine = options.transcription.engine
            if engine is not None and engine in settings.transcription.names and engine not in allowed:
                yield (*path, *_ENGINE), _foreign(organisation, engine, allowed)


def _said(settings: Settings, organisation: str, own: OrganisationSettings) -> Iterator[tuple[Path, RecordingOptions]]:
    """What may be said of its calls, and where."""
    here: Path = ("organisations", organisation)
    yield here, own.options
    if own.options.transcription.engine is None:
        yield ("defaults",), settings.defaults.options
    for number, rule in enumerate(own.rules, start=1):
        yield (*here, "rules", number), rule.options
    for number, rule in enumerate(settings.rules, start=1):
        if may_concern(rule.when, organisation):
            yield ("rules", number), rule.options


def _foreign(organisation: str, engine: str, allowed: tuple[str, ...]) -> str:
    what = f"{engine!r} may not hear the sound of organisation {organisation!r}"
    return f"{what}: `organisations.{organisation}.engines: [{', '.join((*allowed, engine))}]` would let it"


def _remote(engine: SpeechServerSettings) -> Iterator[tuple[str, str]]:
    if engine.url.startswith("http://") and not engine.allow_private:
        yield "url", "without TLS only inside: write https://, or name the private network in allow_private"
    if engine.key is None and urlsplit(engine.url).hostname in _WITH_KEY:
        yield "key", "is missing: write {env: NAME} or {file: /path}"
    if engine.key is not None and not (engine.key.reveal().isascii() and engine.key.reveal().isprintable()):
        yield "key", "holds something that no header can"
