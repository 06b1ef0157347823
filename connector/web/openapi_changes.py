"""Which changes of an API break its clients. Pure: compares two OpenAPI documents; knows no route of ours.

Clients send what they sent before and read what they read before. So what is sent may be widened and never narrowed;
what is answered may be narrowed and never lose anything. A further word where one of several stood breaks nobody:
clients pass over words that they do not know.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final, TypeAlias

Document: TypeAlias = Mapping[str, Any]
Schema: TypeAlias = Mapping[str, Any]

_METHODS: Final = ("get", "put", "post", "delete", "patch", "head", "options")
#: The larger, the more is allowed; and the other way round.
_UPPER: Final = ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties")
_LOWER: Final = ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties")
_CHOICES: Final = ("anyOf", "oneOf")
_DEEPEST: Final = 24


def breaking_changes(old: Document, new: Document) -> list[str]:
    """One line for each; empty when every client of the old one can go on."""
    found: list[str] = []
    for path, methods in old.get("paths", {}).items():
        for method in [one for one in _METHODS if one in methods]:
            here = f"{method.upper()} {path}"
            other = _operation(new, path, method)
            if other is None:
                found.append(f"{here}: it is gone")
            else:
                found += (f"{here}: {said}" for said in _Operation(old, new).changes(methods[method], other))
    return list(dict.fromkeys(found))


def _operation(document: Document, path: str, method: str) -> Mapping[str, Any] | None:
    """By its path, whatever its parameters are called."""
    wanted = _shape(path)
    paths = document.get("paths", {}).items()
    return next((methods[method] for known, methods in paths if _shape(known) == wanted and method in methods), None)


def _shape(path: str) -> str:
    return "/".join("{}" if part.startswith("{") else part for part in path.split("/"))


class _Operation:
    """Compares one operation; each document explains its own references."""

    def __init__(self, old: Document, new: Document) -> None:
        self._old = old
        self._new = new
        #: What is being compared: schemas may refer to themselves.
        self._entered_pairs: set[tuple[str, str, str]] = set()

    @contextmanager
    def _entered(self, how: str, old: Schema, new: Schema) -> Iterator[bool]:
        """Whether these two are not being compared already, by their names."""
        pair = (how, str(old.get("$ref", "")), str(new.get("$ref", "")))
        is_new = pair not in self._entered_pairs or not all(pair)
        added = is_new and all(pair)
        if added:
            self._entered_pairs.add(pair)
        try:
            yield is_new
        finally:
            if added:
                self._entered_pairs.discard(pair)

    def changes(self, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[str]:
        if old.get("operationId") != new.get("operationId"):
            yield f"its operationId {old.get('operationId')} is {new.get('operationId')} now"
        yield from self._parameters(old.get("parameters", ()), new.get("parameters", ()))
        yield from self._request(old.get("requestBody"), new.get("requestBody"))
        yield from self._responses(old.get("responses", {}), new.get("responses", {}))

    def _parameters(self, old: Sequence[Mapping[str, Any]], new: Sequence[Mapping[str, Any]]) -> Iterator[str]:
        known = {_place(one): one for one in old if one["in"] != "path"}
        there = {_place(one): one for one in new if one["in"] != "path"}
        for place, one in known.items():
            if place not in there:
                yield f"parameter {place} is gone"
                continue
            if there[place].get("required") and not one.get("required"):
                yield f"parameter {place} is required now"
            yield from self._narrowed(one.get("schema", {}), there[place].get("schema", {}), f"parameter {place}", 0)
        for place in [place for place, one in there.items() if one.get("required") and place not in known]:
            yield f"parameter {place} is new and required"
        # Those of the path stand in the same order, whatever they are called.
        pairs = zip(_of_path(old), _of_path(new), strict=False)
        for one, other in pairs:
            yield from self._narrowed(one.get("schema", {}), other.get("schema", {}), f"path {one['name']}", 0)

    def _request(self, old: Mapping[str, Any] | None, new: Mapping[str, Any] | None) -> Iterator[str]:
        if new is None:
            if old is not None:
                yield "it takes no body any more"
            return
        if new.get("required") and not (old or {}).get("required"):
            yield "a body is required now"
        for kind, content in (old or {}).get("content", {}).items():
            if kind not in new.get("content", {}):
                yield f"bodies of {kind} are not taken any more"
            else:
                yield from self._narrowed(
                    content.get("schema", {}), new["content"][kind].get("schema", {}), "its body", 0
                )

    def _responses(self, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[str]:
        """Problems may come and go: clients know that there may be others."""
        for status, response in old.items():
            if not status.startswith("2"):
                continue
            if status not in new:
                yield f"it does not answer {status} any more"
                continue
            for kind, content in response.get("content", {}).items():
                there = new[status].get("content", {})
                if kind not in there:
                    yield f"it does not answer {status} with {kind} any more"
                else:
                    yield from self._lost(
                        content.get("schema", {}), there[kind].get("schema", {}), f"its answer {status}", 0
                    )

    # --- what clients send ----------------------------------------------------------------------------------------

    def _narrowed(self, old: Schema, new: Schema, where: str, depth: int) -> Iterator[str]:
        """What was allowed and is not any more."""
        with self._entered("narrowed", old, new) as is_new:
            old, new = _resolved(old, self._old), _resolved(new, self._new)
            if not is_new or depth > _DEEPEST or not new:
                return
            if any(choice in one for choice in _CHOICES for one in (old, new)):
                yield from self._narrowed_choices(old, new, where, depth)
            else:
                yield from self._narrowed_one(old, new, where, depth)

    def _narrowed_one(self, old: Schema, new: Schema, where: str, depth: int) -> Iterator[str]:
        yield from _fewer_values(old, new, where)
        yield from _tighter(old, new, where)
        yield from self._narrowed_members(old, new, where, depth)
        if "items" in new:
            yield from self._narrowed(old.get("items", {}), new["items"], f"{where}[]", depth + 1)

    def _narrowed_choices(self, old: Schema, new: Schema, where: str, depth: int) -> Iterator[str]:
        allowed = _choices(new)
        for choice in _choices(old):
            objections = [list(self._narrowed(choice, one, where, depth + 1)) for one in allowed]
            if all(objections):
                yield min(objections, key=len)[0]

    def _narrowed_members(self, old: Schema, new: Schema, where: str, depth: int) -> Iterator[str]:
        before, after = old.get("properties", {}), new.get("properties", {})
        is_closed = new.get("additionalProperties") is False
        for name in [name for name in new.get("required", ()) if name not in old.get("required", ())]:
            yield f"{where}: {name} is required now"
        for name, schema in before.items():
            if name in after:
                yield from self._narrowed(schema, after[name], f"{where}.{name}", depth + 1)
            elif is_closed:
                yield f"{where}: {name} is not taken any more"
        if is_closed and old and old.get("additionalProperties") is not False and "properties" in old:
            yield f"{where}: members that are not named are not taken any more"

    # --- what clients read ----------------------------------------------------------------------------------------

    def _lost(self, old: Schema, new: Schema, where: str, depth: int) -> Iterator[str]:
        """What was always there and need not be any more, and what can come that never came."""
        with self._entered("lost", old, new) as is_new:
            old, new = _resolved(old, self._old), _resolved(new, self._new)
            if not is_new or depth > _DEEPEST or not old:
                return
            if any(choice in one for choice in _CHOICES for one in (old, new)):
                yield from self._lost_choices(old, new, where, depth)
            else:
                yield from self._lost_one(old, new, where, depth)

    def _lost_one(self, old: Schema, new: Schema, where: str, depth: int) -> Iterator[str]:
        yield from _more_types(old, new, where)
        before, after = old.get("properties", {}), new.get("properties", {})
        for name, schema in before.items():
            if name not in after:
                yield f"{where}: {name} is gone"
                continue
            if name in old.get("required", ()) and name not in new.get("required", ()):
                yield f"{where}: {name} may be missing now"
            yield from self._lost(schema, after[name], f"{where}.{name}", depth + 1)
        for inner, sign in (("items", "[]"), ("additionalProperties", ".*")):
            if isinstance(old.get(inner), Mapping):
                there = new.get(inner)
                yield from self._lost(old[inner], there if isinstance(there, Mapping) else {}, where + sign, depth + 1)

    def _lost_choices(self, old: Schema, new: Schema, where: str, depth: int) -> Iterator[str]:
        known = _choices(old)
        for choice in _choices(new):
            objections = [list(self._lost(one, choice, where, depth + 1)) for one in known]
            if all(objections):
                yield min(objections, key=len)[0]


def _place(parameter: Mapping[str, Any]) -> str:
    return f"{parameter['name']} ({parameter['in']})"


def _of_path(parameters: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    return [one for one in parameters if one["in"] == "path"]


def _resolved(schema: Schema, document: Document) -> Schema:
    for _ in range(_DEEPEST):
        reference = schema.get("$ref")
        if reference is None:
            break
        found: Any = document
        for part in str(reference).removeprefix("#/").split("/"):
            found = found.get(part, {})
        schema = found
    return schema


def _choices(schema: Schema) -> list[Schema]:
    return next((list(schema[choice]) for choice in _CHOICES if choice in schema), [schema])


def _types(schema: Schema) -> set[str]:
    """Empty: anything."""
    kinds = schema.get("type", ())
    found = {kinds} if isinstance(kinds, str) else set(kinds)
    return found | {"integer"} if "number" in found else found


def _values(schema: Schema) -> list[Any] | None:
    return [schema["const"]] if "const" in schema else schema.get("enum")


def _fewer_values(old: Schema, new: Schema, where: str) -> Iterator[str]:
    before, after = _types(old), _types(new)
    if after and not (before and before <= after):
        yield f"{where} is {_said(after)} now, it was {_said(before)}"
    allowed, known = _values(new), _values(old)
    if allowed is not None:
        gone = ["anything else"] if known is None else [str(one) for one in known if one not in allowed]
        if gone:
            yield f"{where} cannot be {', '.join(gone)} any more"


def _tighter(old: Schema, new: Schema, where: str) -> Iterator[str]:
    for limit in [one for one in (*_UPPER, *_LOWER) if one in new]:
        now, was = new[limit], old.get(limit)
        if was is None or (now < was if limit in _UPPER else now > was):
            yield f"{where}: {limit} is {now} now, it was {'none' if was is None else was}"
    for form in ("pattern", "format", "multipleOf"):
        if form in new and new[form] != old.get(form):
            yield f"{where}: {form} is {new[form]} now, it was {old.get(form, 'none')}"


def _more_types(old: Schema, new: Schema, where: str) -> Iterator[str]:
    before, after = _types(old), _types(new)
    if before and not (after and after <= before):
        yield f"{where} is {_said(after)} now, it was {_said(before)}"


def _said(kinds: set[str]) -> str:
    return ", ".join(sorted(kinds)) or "anything"
