"""Recording options and wishes as senders write them: Sinch's spellings and traps, the dialplan's lines, variables."""

import difflib
import json
from collections.abc import Mapping
from typing import Any, NoReturn

from connector.domain.option_values import FALSE, OPTION_NAMES, OPTIONS, SPELLINGS, TRUE, plain
from connector.domain.options import RecordingOptions
from connector.domain.policy import Wish
from connector.domain.secret import Secret
from connector.errors import IllegalInstruction

#: The variables that say whether a call is recorded, and how; Asterisk's and FreeSWITCH's spelling.
WISH_VARIABLES = ("CALLREEL", "callreel_record")
OPTIONS_VARIABLES = ("CALLREEL_OPTIONS", "callreel_options")

_YES = TRUE | {"force"}
_NO = FALSE | {"never"}
_FORBIDDEN = frozenset("\r\n\0")
_LONGEST_TEXT = 16_384
JSON_HINT = "JSON does not survive as an argument of the dialplan: put it into the channel variable CALLREEL_OPTIONS"


def recording_options(raw: Mapping[str, object]) -> RecordingOptions:
    """Options from an object; names in any case, Sinch's aliases. Raises IllegalInstruction that names the option and,
    for an unknown one, the nearest known name. Credentials are a name here: see `without_credentials`."""
    said: dict[str, Any] = {}
    for name, value in raw.items():
        if value is None:
            continue
        option = OPTIONS[known_name(name)]
        if option.field in said:
            raise IllegalInstruction(f"recording option {name} is said twice")
        try:
            said[option.field] = option.read(value)
        except ValueError as error:
            raise IllegalInstruction(f"recording option {name}: {error}") from None
    return RecordingOptions(**said)


def known_name(name: str) -> str:
    """The option's name as it is documented; raises IllegalInstruction for an unknown one."""
    known = SPELLINGS.get(plain(name))
    if known is None:
        found = difflib.get_close_matches(plain(name), SPELLINGS, n=1, cutoff=0.5)
        hint = f"did you mean {SPELLINGS[found[0]]}?" if found else f"known are {', '.join(OPTION_NAMES)}"
        raise IllegalInstruction(f"unknown recording option {name!r}: {hint}")
    return known


def options_of(value: object) -> RecordingOptions:
    """Options as an object, or as a list of objects of which the later ones win."""
    if isinstance(value, (list, tuple)):
        merged = RecordingOptions()
        for one in value:
            merged = options_of(one).over(merged)
        return merged
    if isinstance(value, Mapping):
        return recording_options(value)
    raise IllegalInstruction(f"recording options must be an object, not {type(value).__name__}")


def without_credentials(raw: Mapping[str, object]) -> tuple[dict[str, object], Secret | None]:
    """The options without a caller's own credentials, and these, to be stored under a name before anything is kept."""
    names = [name for name in raw if plain(name) == "credentials" and raw[name] is not None]
    if len(names) > 1:
        raise IllegalInstruction("recording option credentials is said twice")
    found = raw[names[0]] if names else None
    if not isinstance(found, str | None):
        raise IllegalInstruction("recording option credentials: a text is wanted")
    return {name: value for name, value in raw.items() if name not in names}, Secret(found) if found else None


def options_text(text: str) -> RecordingOptions:
    """Options as a line of text: a JSON object, or key=value,key=value as the dialplan writes them."""
    return options_of(_written(text))


def joined_texts(before: str, after: str) -> str:
    """One text of both, of which the later wins; raises IllegalInstruction for one that cannot be read."""
    if not before.strip() or not after.strip():
        return after if after.strip() else before
    return json.dumps([_written(before), _written(after)])


def wish(variables: Mapping[str, str]) -> Wish:
    """What a call's channel variables ask for. One that cannot be read is a trouble to be told, never an exception:
    the call goes on, and is ruled as if it had no such wish."""
    # Asterisk hands a variable down to the next channel when underscores stand before its name.
    plainly = {name.lstrip("_"): value for name, value in variables.items() if value.strip()}
    by = next((name for name in WISH_VARIABLES if name in plainly), "")
    options_by = next((name for name in OPTIONS_VARIABLES if name in plainly), "")
    word = plainly.get(by, "").strip().lower()
    troubles = [] if word in _YES | _NO | {"", "dontcare"} else [f"{by}={word!r} is neither yes nor no"]
    options = RecordingOptions()
    try:
        options = options_text(plainly.get(options_by, ""))
    except IllegalInstruction as error:
        troubles.append(f"{options_by}: {error}")
    record = True if word in _YES else False if word in _NO else None
    return Wish(record=record, options=options, by=by, trouble="; ".join(troubles))


def _written(text: str) -> object:
    """The options of a text, as JSON would say them."""
    text = text.strip()
    if _FORBIDDEN & set(text) or len(text) > _LONGEST_TEXT:
        raise IllegalInstruction("recording options must be one line of at most 16384 characters, without NUL")
    if text[:1] in {"{", "["}:
        return _from_json(text)
    nested: dict[str, object] = {}
    said: dict[str, object] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        name, sign, value = (one.strip() for one in part.partition("="))
        if not sign:
            _refuse_pair(part)
        outer, dot, inner = name.partition(".")
        into = nested if dot and plain(outer) == "transcriptionoptions" else said
        key = inner if into is nested else name
        if key in into:
            raise IllegalInstruction(f"recording option {name} is said twice")
        into[key] = value
    if nested and any(plain(name) == "transcriptionoptions" for name in said):
        raise IllegalInstruction("recording option transcriptionOptions is said twice")
    return said | ({"transcriptionOptions": nested} if nested else {})


def _refuse_pair(part: str) -> NoReturn:
    if {'"', ":"} & set(part) or part[-1] in "}]":
        raise IllegalInstruction(f"{part!r} is a piece of JSON. {JSON_HINT}")
    raise IllegalInstruction(f"{part!r} has no value: write name=value,name=value")


def _from_json(text: str) -> object:
    try:
        return json.loads(text, object_pairs_hook=_once_each, parse_constant=_refuse_number)
    except (ValueError, RecursionError) as error:
        raise IllegalInstruction(f"these options are no JSON ({error}). {JSON_HINT}") from None


def _once_each(pairs: list[tuple[str, object]]) -> dict[str, object]:
    said = dict(pairs)
    if len(said) < len(pairs):
        raise ValueError("a name stands twice in it")
    return said


def _refuse_number(written: str) -> NoReturn:
    raise ValueError(f"{written} is no number of JSON")
