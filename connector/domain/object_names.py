"""What an artefact is called at a destination: templates, their variables, and what of a caller may stand in a name.

Knows calls and time zones; knows no store. Nothing that a caller sent leaves the folder that the template names.
"""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache

from connector.domain.ids import CallId, Moment, RecordingId
from connector.domain.name_variables import BY_NAME, INSTANTS, NameVariable, cleaned
from connector.domain.options import AudioFormat
from connector.domain.recording import ArtefactKind
from connector.domain.time_pattern import TimePattern
from connector.errors import ConfigError

DEFAULT_NAME = "{utc:yyyyMMddHHmmss}_{applicationKey}_{callId}.{format}"

#: Of a folder or file name, in characters; 255 bytes are what file systems take, and a temporary name must fit too.
COMPONENT_LIMIT = 200
#: Of a whole name; S3 takes 1024 bytes with the folder of the URL.
NAME_LIMIT = 800

_TOKEN = re.compile(r"\{([^{}]*)\}|([{}])")
_FORBIDDEN = re.compile(r"[\x00-\x1f\x7f\\\ud800-\udfff]|\.\.")
_ALIASES = {"ogg": AudioFormat.OPUS, "oga": AudioFormat.OPUS, "wave": AudioFormat.WAV}
_EXTENSIONS = _ALIASES | {str(audio_format): audio_format for audio_format in AudioFormat}


@dataclass(frozen=True, slots=True, kw_only=True)
class NameFacts:
    """What a name is made of: the same facts give the same name for ever."""

    call_id: CallId
    recording_id: RecordingId
    organisation: str
    started_at: Moment
    #: The organisation's zone, as the IANA names it; for {local:…}.
    timezone: str = "UTC"
    from_number: str = ""
    to_number: str = ""
    agent: str = ""
    agent_name: str = ""
    queue: str = ""
    direction: str = ""
    pbx: str = ""
    node: str = ""
    #: The artefact that bears the name without .stereo, .left, .right or .participants: see `plain_kind`.
    plain_kind: ArtefactKind = ArtefactKind.MONO


def plain_kind(kinds: Collection[ArtefactKind]) -> ArtefactKind:
    """Who bears the plain name: the mono mix, or stereo where no mono is made. The others never do."""
    is_stereo_alone = ArtefactKind.STEREO in kinds and ArtefactKind.MONO not in kinds
    return ArtefactKind.STEREO if is_stereo_alone else ArtefactKind.MONO


@dataclass(frozen=True, slots=True)
class _Field:
    """One piece of a template: its text as it is, or a variable, or a moment in a pattern."""

    text: str = ""
    variable: NameVariable | None = None
    instant: str = ""
    pattern: TimePattern | None = None

    @property
    def stand_in(self) -> str:
        """The longest that it can become, with every dot and slash that it can have at an edge."""
        if self.variable:
            return "x" * self.variable.longest
        return self.pattern.stand_in if self.pattern else self.text

    def value(self, facts: NameFacts, kind: ArtefactKind, extension: str) -> str:
        if self.pattern:
            return self.pattern.text(facts.started_at, facts.timezone if self.instant == "local" else None)
        if self.variable is None:
            return self.text
        if self.variable.name in {"format", "channels"}:
            return extension if self.variable.name == "format" else str(kind)
        return cleaned(str(getattr(facts, self.variable.fact)), self.variable)


@dataclass(frozen=True, slots=True)
class NameTemplate:
    """A name of a file, its ending apart: the ending always says what the bytes are."""

    text: str
    _stem: tuple[_Field, ...]
    #: As the template wrote it; "" where it says {format}.
    _written_extension: str = ""

    @classmethod
    @lru_cache(256)
    def parse(cls, text: str) -> "NameTemplate":
        """A template that ends with "/" or without an audio ending is a folder: the default name is added to it."""
        stem, dot, extension = text.rpartition(".")
        if not (
            dot and stem and not stem.endswith("/") and (extension == "{format}" or extension.lower() in _EXTENSIONS)
        ):
            folder = text if not text or text.endswith("/") else f"{text}/"
            stem, extension = folder + DEFAULT_NAME.removesuffix(".{format}"), "{format}"
        fields = tuple(_fields(stem.removeprefix("/"), text))
        _check(fields, text)
        return cls(text, fields, "" if extension == "{format}" else extension)

    @property
    def folder(self) -> str:
        """The folders that every name of it is in, with a / behind them; empty for none."""
        fixed = ""
        for field in self._stem:
            if field.variable or field.pattern:
                break
            fixed += field.text
        return fixed[: fixed.rfind("/") + 1]

    def name(self, facts: NameFacts, kind: ArtefactKind, audio_format: AudioFormat | str, suffix: int = 0) -> str:
        """The object's name below the destination; `suffix` = how many names before it were taken: 1 gives -2."""
        written = self._written_extension
        extension = written if _EXTENSIONS.get(written.lower()) == audio_format else str(audio_format)
        stem = "".join(field.value(facts, kind, extension) for field in self._stem)
        number = f"-{suffix + 1}" if suffix else ""
        if kind is ArtefactKind.TRANSCRIPT:
            # As Sinch calls it.
            return f"{stem}{number}-transcript.{extension}"
        is_plain = kind == facts.plain_kind or self._has("channels")
        return f"{stem}{number}{'' if is_plain else f'.{kind}'}.{extension}"

    def _has(self, name: str) -> bool:
        return any(field.variable is not None and field.variable.name == name for field in self._stem)


def _fields(stem: str, text: str) -> Iterator[_Field]:
    end = 0
    for token in _TOKEN.finditer(stem):
        if token[2]:
            raise ConfigError(f"name template {text!r}: a {token[2]!r} without its other half")
        if token.start() > end:
            yield _Field(text=stem[end : token.start()])
        yield _field(token[1], text)
        end = token.end()
    if end < len(stem):
        yield _Field(text=stem[end:])


def _field(written: str, text: str) -> _Field:
    name, colon, pattern = written.partition(":")
    if colon and name in INSTANTS:
        return _Field(instant=name, pattern=TimePattern.parse(pattern, text))
    if written in BY_NAME:
        return _Field(variable=BY_NAME[written])
    if written in INSTANTS:
        raise ConfigError(f"name template {text!r}: {{{name}}} wants a pattern: {{{name}:yyyyMMddHHmmss}}")
    known = [*BY_NAME, *(f"{instant}:yyyyMMdd" for instant in INSTANTS)]
    nearest = get_close_matches(written, known, n=1, cutoff=0.5)
    hint = f"did you mean {{{nearest[0]}}}?" if nearest else f"known: {', '.join(known)}"
    raise ConfigError(f"name template {text!r}: there is no {{{written}}}; {hint}")


def _check(fields: tuple[_Field, ...], text: str) -> None:
    """Refuse what could leave the folder, hide a file or grow too long, whatever the variables hold."""
    # Every variable has a value that neither begins nor ends with a dot: an x stands for it.
    shape = "".join(field.stand_in for field in fields)
    if _FORBIDDEN.search(shape):
        raise ConfigError(f"name template {text!r}: '..', backslashes and control characters cannot stand in a name")
    for component in shape.split("/"):
        if component != component.strip() or not component or component[0] == "." or component[-1] == ".":
            raise ConfigError(
                f"name template {text!r}: the part {component!r} is empty, or begins or ends with a space or a dot"
            )
        if len(component.encode()) > COMPONENT_LIMIT:
            raise ConfigError(f"name template {text!r}: a part can grow beyond {COMPONENT_LIMIT} characters; use '/'")
    if len(shape.encode()) > NAME_LIMIT:
        raise ConfigError(f"name template {text!r}: can grow beyond {NAME_LIMIT} characters")
