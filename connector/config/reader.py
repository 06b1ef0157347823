"""A YAML tree to the frozen types of settings, driven by their fields: a new setting is one field there.

Goes on after a problem, so that all of them are said at once: what could not be read is left out or has its default.
"""

import re
import types
from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from pathlib import Path
from typing import Any, Union, get_args, get_origin, get_type_hints

from connector.config import values
from connector.config.addresses import endpoint
from connector.config.forms import FORMS
from connector.config.problems import Problems, nearest
from connector.config.scalars import scalar_reader
from connector.config.sections import Sections
from connector.config.yaml_tree import Mapping as MappingTree
from connector.config.yaml_tree import Scalar, Tree
from connector.config.yaml_tree import Sequence as SequenceTree
from connector.domain.option_values import OPTION_NAMES, OPTIONS, plain
from connector.domain.options import RecordingOptions, TranscriptionOptions
from connector.domain.secret import Secret
from connector.domain.week import WeekTime
from connector.errors import ConfigError
from connector.settings import ENGINES, Endpoint

#: What stands for a value that could not be read.
BROKEN: Any = object()

_SECRET_NAME = re.compile(r"[\w.-]{1,60}")


class Reader:
    def __init__(self, environment: Mapping[str, str], base: Path, problems: Problems, sections: Sections) -> None:
        self._environment = environment
        #: Secret files with relative names lie beside the configuration.
        self._base = base
        self._problems = problems
        self._sections = sections

    def read(self, kind: type[Any], tree: Tree) -> Any:
        """The whole configuration; BROKEN when nothing of that kind can be made of it."""
        return self._dataclass(kind, tree, "")

    def _value(self, kind: Any, tree: Tree, path: str, facts: Mapping[str, Any]) -> Any:
        origin = get_origin(kind)
        if origin in {Union, types.UnionType}:
            return self._one_of(get_args(kind), tree, path, facts)
        if origin is tuple:
            return self._tuple(get_args(kind)[0], tree, path, facts)
        if origin is not None and issubclass(origin, Mapping):
            return self._mapping(get_args(kind)[1], tree, path, facts)
        if kind is Secret:
            return self._secret(tree, path, facts)
        if kind is Endpoint:
            return self._scalar(tree, path, lambda text: endpoint(text, facts["port"], facts["tls_port"]))
        if is_dataclass(kind) and kind is not WeekTime:
            return self._dataclass(kind, tree, path)
        return self._named(self._scalar(tree, path, scalar_reader(kind, facts)), tree, path, facts)

    def _one_of(self, kinds: tuple[Any, ...], tree: Tree, path: str, facts: Mapping[str, Any]) -> Any:
        wanted = [kind for kind in kinds if kind is not type(None)]
        if len(wanted) > 1:
            wanted = [kind for kind in wanted if is_dataclass(kind) == isinstance(tree, MappingTree)]
        return self._value(wanted[0], tree, path, facts)

    def _dataclass(self, kind: Any, tree: Tree, path: str) -> Any:
        entries = self._entries(tree, path)
        if entries is None:
            return BROKEN
        hints = get_type_hints(kind)
        plain = {key_of(field): field for field in keys(kind) if not _is_special(field)}
        special = [field for field in keys(kind) if _is_special(field)]
        made: dict[str, Any] = {}
        rest = {key: value for key, value in entries.items() if key not in plain}
        for key in [key for key in entries if key in plain]:
            field = plain[key]
            made[field.name] = self._value(hints[field.name], entries[key], _join(path, key), field.metadata)
        for field in special:
            made[field.name] = self._special(field, hints[field.name], rest, tree, path)
        self._refuse_rest(rest, (*plain, *_option_names(special)), tree, path)
        return self._made(kind, made, plain, tree, path)

    def _made(self, kind: Any, made: dict[str, Any], plain: Mapping[str, Field[Any]], tree: Tree, path: str) -> Any:
        missing = False
        for key, field in plain.items():
            is_wanted = field.default is MISSING and field.default_factory is MISSING
            if is_wanted and field.name not in made:
                self._problems.add(_join(path, key), tree.line, f"is missing: {field.metadata['doc']}")
            missing = missing or (is_wanted and made.get(field.name, BROKEN) is BROKEN)
        return BROKEN if missing else kind(**{name: value for name, value in made.items() if value is not BROKEN})

    def _special(self, field: Field[Any], hint: Any, rest: dict[str, Tree], tree: Tree, path: str) -> Any:
        if field.metadata.get("flat"):
            taken = {key: rest.pop(key) for key in list(rest) if key in OPTION_NAMES}
            return self._options(taken, path)
        taken = {key: rest.pop(key) for key in list(rest) if isinstance(rest[key], MappingTree)}
        return self._mapping(get_args(hint)[1], MappingTree(taken, {}, tree.line), path, field.metadata)

    def _options(self, entries: Mapping[str, Tree], path: str) -> RecordingOptions:
        said: dict[str, Any] = {}
        for key, tree in entries.items():
            option, here = OPTIONS[key], _join(path, key)
            try:
                said[option.field] = option.read(self._plain(tree))
            except (ValueError, ConfigError) as error:
                self._wrong(here, tree, str(error))
            else:
                section = {"destination": "destinations", "credentials": "credentials"}.get(key, "")
                self._named(said[option.field], tree, here, {"named": section} if section else {})
                if isinstance(said[option.field], TranscriptionOptions):
                    self._named_engine(said[option.field], tree, here)
        return RecordingOptions(**said)

    def _named_engine(self, options: TranscriptionOptions, tree: Tree, path: str) -> None:
        if options.engine is not None and isinstance(tree, MappingTree):
            key = next(key for key in tree.entries if plain(key) == "engine")
            self._named(options.engine, tree.entries[key], _join(path, key), {"named": ENGINES})

    def _plain(self, tree: Tree) -> object:
        if isinstance(tree, MappingTree):
            return {key: self._plain(value) for key, value in tree.entries.items()}
        if isinstance(tree, SequenceTree):
            return [self._plain(value) for value in tree.items]
        if tree.is_empty:
            raise ValueError("there is no value; one that begins with # must be put in quotes")
        return values.expanded(tree.text, self._environment)

    def _refuse_rest(self, rest: Mapping[str, Tree], known: tuple[str, ...], tree: Tree, path: str) -> None:
        for key, value in rest.items():
            line = tree.lines[key] if isinstance(tree, MappingTree) else value.line
            self._problems.add(_join(path, key), line, f"there is no such setting{nearest(key, known)}")

    def _entries(self, tree: Tree, path: str) -> Mapping[str, Tree] | None:
        if isinstance(tree, MappingTree):
            return tree.entries
        if isinstance(tree, Scalar) and tree.is_empty:
            return {}
        self._wrong(path, tree, "names with values are wanted here")
        return None

    def _tuple(self, kind: Any, tree: Tree, path: str, facts: Mapping[str, Any]) -> Any:
        if isinstance(tree, Scalar) and tree.is_empty:
            return ()
        if isinstance(tree, SequenceTree) and not tree.items and facts.get("filled"):
            return self._wrong(path, tree, "an empty list fits no call: leave the condition out")
        items = tree.items if isinstance(tree, SequenceTree) else (tree,)
        paths = [f"{path}[{number}]" if isinstance(tree, SequenceTree) else path for number in range(1, len(items) + 1)]
        made = [self._value(kind, item, here, facts) for item, here in zip(items, paths, strict=True)]
        return tuple(value for value in made if value is not BROKEN)

    def _mapping(self, kind: Any, tree: Tree, path: str, facts: Mapping[str, Any]) -> Any:
        entries = self._entries(tree, path)
        if entries is None:
            return BROKEN
        made = {key: self._value(kind, value, _join(path, key), facts) for key, value in entries.items()}
        return {key: value for key, value in made.items() if value is not BROKEN}

    def _secret(self, tree: Tree, path: str, facts: Mapping[str, Any]) -> Any:
        if isinstance(tree, MappingTree):
            return self._secret_elsewhere(tree, path, facts)
        if isinstance(tree, Scalar) and facts.get("named") and _SECRET_NAME.fullmatch(tree.text):
            return self._stored_secret(tree, path)
        return self._scalar(tree, path, lambda text: _as_secret(text, facts))

    def _stored_secret(self, tree: Scalar, path: str) -> Any:
        stored = self._sections.credentials.get(tree.text)
        if stored is not None:
            return self._secret(stored, f"credentials.{tree.text}", {})
        # The text itself is not repeated: somebody may have written the secret where its name belongs.
        return self._wrong(
            path, tree, f"there are no credentials of this name{nearest(tree.text, self._sections.credentials)}"
        )

    def _secret_elsewhere(self, tree: MappingTree, path: str, facts: Mapping[str, Any]) -> Any:
        readers: dict[str, Callable[[str], Secret]] = {
            "env": lambda text: values.secret_of_variable(text, self._environment),
            "file": lambda text: values.secret_of_file(text, self._base),
        }
        if len(tree.entries) != 1 or (key := next(iter(tree.entries))) not in readers:
            return self._wrong(path, tree, "write {env: NAME} or {file: /path}")
        read = readers[key]
        return self._scalar(tree.entries[key], path, lambda text: _as_secret(read(text).reveal(), facts))

    def _scalar(self, tree: Tree, path: str, read: Callable[[str], Any]) -> Any:
        if not isinstance(tree, Scalar):
            return self._wrong(
                path, tree, "a single value is wanted; one that begins with { or [ must be put in quotes"
            )
        if tree.is_empty:
            return self._wrong(path, tree, "there is no value; one that begins with # must be put in quotes")
        try:
            return read(values.expanded(tree.text, self._environment))
        except (ValueError, ConfigError) as error:
            return self._wrong(path, tree, str(error))

    def _named(self, value: Any, tree: Tree, path: str, facts: Mapping[str, Any]) -> Any:
        """The name of something that stands elsewhere in the file."""
        section = facts.get("named")
        if not section or value is BROKEN or value in (known := self._sections.names(section)):
            return value
        return self._wrong(path, tree, f"there is no {value!r} in {section}{nearest(value, known)}")

    def _wrong(self, path: str, tree: Tree, text: str) -> Any:
        self._problems.add(path, tree.line, text)
        return BROKEN


def key_of(field: Field[Any]) -> str:
    """The field's name in the file."""
    return str(field.metadata.get("key", field.name))


def keys(kind: Any) -> list[Field[Any]]:
    """The fields that a file may say."""
    return [field for field in fields(kind) if not field.metadata.get("hidden")]


def _is_special(field: Field[Any]) -> bool:
    return bool(field.metadata.get("rest") or field.metadata.get("flat"))


def _option_names(special: list[Field[Any]]) -> tuple[str, ...]:
    return OPTION_NAMES if any(field.metadata.get("flat") for field in special) else ()


def _as_secret(text: str, facts: Mapping[str, Any]) -> Secret:
    return Secret(FORMS[facts["form"]](text) if "form" in facts else text)


def _join(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key
