"""The JSON Schema of config.yaml, for editors: what settings allow, as far as a schema can say it.

Values are as YAML readers of other houses see them: an unquoted yes may be a boolean, an unquoted 2001 a number.
"""

import types
from collections.abc import Mapping
from dataclasses import MISSING, is_dataclass
from enum import StrEnum
from typing import Any, TypeAlias, Union, get_args, get_origin, get_type_hints

from connector.config.reader import key_of, keys
from connector.domain.option_values import BITRATES, OPTIONS, RETENTION_DAYS, SAMPLE_RATES, TRANSCRIPTION, UNLIMITED
from connector.domain.options import RecordingOptions, TranscriptionOptions
from connector.domain.policy import Word
from connector.domain.secret import Secret
from connector.domain.week import WeekTime
from connector.settings import Endpoint, Settings

Schema: TypeAlias = dict[str, Any]

_TEXT: Schema = {"type": ["string", "number", "boolean"]}
_LENGTH: Schema = {"type": ["number", "string"]}
_FROM_ENVIRONMENT: Schema = {"type": "string", "pattern": r"\$\{"}
_BOOLEAN: Schema = {"anyOf": [{"enum": [True, False, "yes", "no", "on", "off", "true", "false"]}, _FROM_ENVIRONMENT]}
_SECRET: Schema = {
    "anyOf": [
        {"type": "string"},
        *(
            {
                "type": "object",
                "properties": {key: {"type": "string"}},
                "required": [key],
                "additionalProperties": False,
            }
            for key in ("env", "file")
        ),
    ]
}
_DAYS: Schema = {
    "anyOf": [
        {"type": "integer", "minimum": RETENTION_DAYS[0], "maximum": RETENTION_DAYS[-1]},
        {"type": "string", "pattern": f"^({UNLIMITED}|[0-9]+)$"},
        _FROM_ENVIRONMENT,
    ]
}
#: Options whose values a field's type does not tell.
_SPECIAL_OPTIONS: Mapping[str, Schema] = {
    "retentionDays": _DAYS,
    "transcriptRetentionDays": _DAYS,
    "sampleRate": {"enum": list(SAMPLE_RATES)},
    "bitrate": {"type": "integer", "minimum": BITRATES[0], "maximum": BITRATES[-1]},
}


def json_schema() -> Schema:
    made = _Definitions()
    root = made.object_of(Settings)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "callreel's config.yaml",
        **root,
        "$defs": dict(sorted(made.found.items())),
    }


class _Definitions:
    def __init__(self) -> None:
        self.found: dict[str, Schema] = {}

    def object_of(self, kind: Any) -> Schema:
        hints = get_type_hints(kind)
        properties: Schema = {}
        made: Schema = {"type": "object", "properties": properties, "additionalProperties": False}
        for field in keys(kind):
            hint, notes = hints[field.name], field.metadata
            if notes.get("flat"):
                properties |= {name: _option(name) for name in OPTIONS if name not in properties}
            elif notes.get("rest"):
                made["additionalProperties"] = self.value(get_args(hint)[1], {})
            else:
                properties[key_of(field)] = self.value(hint, notes) | {"description": notes["doc"]}
        wanted = [key_of(field) for field in keys(kind) if _is_wanted(field)]
        return made | ({"required": wanted} if wanted else {})

    def value(self, kind: Any, notes: Mapping[str, Any]) -> Schema:
        origin = get_origin(kind)
        if origin in {Union, types.UnionType}:
            kinds = [one for one in get_args(kind) if one is not type(None)]
            return self.value(kinds[0], notes) if len(kinds) == 1 else _any(*(self.value(one, notes) for one in kinds))
        if origin is tuple:
            one = self.value(get_args(kind)[0], notes)
            return _any(one, {"type": "array", "items": one}, {"type": "null"})
        if origin is not None and issubclass(origin, Mapping):
            return {"type": ["object", "null"], "additionalProperties": self.value(get_args(kind)[1], notes)}
        if is_dataclass(kind) and kind not in (WeekTime, Endpoint):
            return self._reference(kind)
        return _scalar(kind, notes)

    def _reference(self, kind: Any) -> Schema:
        name = kind.__name__.removesuffix("Settings")
        if name not in self.found:
            self.found[name] = {}
            self.found[name] = self.object_of(kind)
        return {"$ref": f"#/$defs/{name}"}


def _is_wanted(field: Any) -> bool:
    return bool(field.default is MISSING and field.default_factory is MISSING)


def _scalar(kind: Any, notes: Mapping[str, Any]) -> Schema:
    if kind is Secret:
        return _SECRET
    if kind is Word:
        return {"enum": [*map(str, Word), True, False]}
    if kind is bool:
        return _BOOLEAN
    if kind is float:
        return _LENGTH
    if "words" in notes:
        return {"enum": list(notes["words"])}
    if kind is int:
        return (
            _DAYS if "read" in notes else _any({"type": "integer", "minimum": notes.get("least", 0)}, _FROM_ENVIRONMENT)
        )
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return {"enum": list(map(str, kind))}
    return _TEXT


def _option(name: str) -> Schema:
    option = OPTIONS[name]
    hint = next(one for one in _kinds(RecordingOptions, option.field) if one is not type(None))
    return (_SPECIAL_OPTIONS.get(name) or _option_value(hint)) | {"description": option.doc}


def _option_value(hint: Any) -> Schema:
    if hint is TranscriptionOptions:
        properties = {name: _option_of_transcription(field) for name, (field, _) in TRANSCRIPTION.items()}
        return _any(_BOOLEAN, {"type": "object", "properties": properties, "additionalProperties": False})
    if get_origin(hint) is tuple:
        return _any(_TEXT, {"type": "array", "items": _TEXT})
    return _scalar(hint, {})


def _option_of_transcription(field: str) -> Schema:
    return _BOOLEAN if bool in _kinds(TranscriptionOptions, field) else {"type": "string"}


def _kinds(kind: type[Any], name: str) -> tuple[Any, ...]:
    hint = get_type_hints(kind)[name]
    return get_args(hint) if get_origin(hint) in {Union, types.UnionType} else (hint,)


def _any(*schemas: Schema) -> Schema:
    return {"anyOf": list(schemas)}
