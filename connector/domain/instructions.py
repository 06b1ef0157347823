"""Instructions as others write them: Sinch's StartRecording and its kin, and the action of an answer. Pure.

What rules the call itself (Say, ConnectPstn …) is the dialplan's business here: it is left alone, and named.
"""

import difflib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from connector.domain.instruction import options_of, without_credentials
from connector.domain.option_values import boolean, plain
from connector.domain.secret import Secret
from connector.errors import IllegalInstruction

_ACTIONS: Final = {
    "startrecording": "start",
    "stoprecording": "stop",
    "pauserecording": "pause",
    "resumerecording": "resume",
}
_NAMES: Final = ("StartRecording", "StopRecording", "PauseRecording", "ResumeRecording")
_CONFERENCE: Final = "connectconf"
_MOST: Final = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Instruction:
    #: start, stop, pause, resume; or options: how it is recorded if it is.
    action: str
    #: Recording options as JSON, without the caller's own credentials.
    options: str = ""
    credentials: Secret | None = None
    #: The sender's name for it; the same one acts once.
    command_id: str = ""
    #: About the conference that the call is in, not about the call.
    is_of_conference: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Instructions:
    given: tuple[Instruction, ...] = ()
    #: What is none of ours, by name.
    ignored: tuple[str, ...] = ()


def instructions(body: object) -> Instructions:
    """Those of a whole answer or request: `instructions` first, then what `action` says. Raises IllegalInstruction that
    names the one which cannot be obeyed; then none is."""
    if not isinstance(body, Mapping):
        raise IllegalInstruction(f"an object with `instructions` or `action` is wanted, not {_kind(body)}")
    listed = body.get("instructions") or ()
    if isinstance(listed, Mapping):
        listed = (listed,)
    if not isinstance(listed, list | tuple) or len(listed) > _MOST:
        raise IllegalInstruction(f"`instructions` must be a list of at most {_MOST} objects")
    given: list[Instruction] = []
    ignored: list[str] = []
    for number, one in enumerate(listed, start=1):
        _sort(one, f"instruction {number}", given, ignored)
    _sort_action(body.get("action"), given, ignored)
    return Instructions(given=tuple(given), ignored=tuple(ignored))


def own_command_id(organisation: str, said: str) -> str:
    """The sender's id, apart from those of other organisations."""
    return f"{organisation}:{said}"


def _sort(one: object, where: str, given: list[Instruction], ignored: list[str]) -> None:
    if not isinstance(one, Mapping) or not isinstance(one.get("name"), str):
        raise IllegalInstruction(f"{where} must be an object with a name")
    name = one["name"]
    action = _ACTIONS.get(plain(name))
    if action is None:
        near = difflib.get_close_matches(plain(name), _ACTIONS, n=1, cutoff=0.8)
        if near:
            meant = _NAMES[list(_ACTIONS).index(near[0])]
            raise IllegalInstruction(f"{where} {name!r} is none that is known: did you mean {meant}?")
        ignored.append(name)
        return
    try:
        options, credentials = _options(one.get("options"))
    except IllegalInstruction as error:
        raise IllegalInstruction(f"{where} ({name}): {error}") from None
    given.append(
        Instruction(action=action, options=options, credentials=credentials, command_id=_command_id(one, where))
    )


def _sort_action(action: object, given: list[Instruction], ignored: list[str]) -> None:
    """`record: true` records what the action connects; its options alone say only how."""
    if action is None:
        return
    if not isinstance(action, Mapping):
        raise IllegalInstruction(f"`action` must be an object, not {_kind(action)}")
    name = action.get("name")
    if isinstance(name, str) and name:
        ignored.append(name)
    try:
        is_wanted = "record" in action and action["record"] is not None and boolean(action["record"])
        options, credentials = _options(action.get("recordingOptions"))
    except (ValueError, IllegalInstruction) as error:
        raise IllegalInstruction(f"action {name or ''}: {error}") from None
    if is_wanted or options or credentials:
        is_of_conference = isinstance(name, str) and plain(name) == _CONFERENCE
        given.append(
            Instruction(
                action="start" if is_wanted else "options",
                options=options,
                credentials=credentials,
                command_id=_command_id(action, "action"),
                is_of_conference=is_of_conference,
            )
        )


def _options(said: object) -> tuple[str, Secret | None]:
    """An object, or a list of which the later ones win; without credentials it must be readable as it stands."""
    merged: dict[str, object] = {}
    for one in said if isinstance(said, list | tuple) else () if said is None else (said,):
        if not isinstance(one, Mapping):
            raise IllegalInstruction(f"recording options must be an object, not {_kind(one)}")
        named = {plain(name): name for name in merged}
        for name, value in one.items():
            merged.pop(named.get(plain(name), ""), None)
            merged[name] = value
    plain_options, credentials = without_credentials(merged)
    options_of(plain_options)
    return json.dumps(plain_options) if plain_options else "", credentials


def _command_id(one: Mapping[str, object], where: str) -> str:
    said = next((one[name] for name in one if plain(name) == "commandid"), "")
    if not isinstance(said, str) or len(said) > 200 or not said.isprintable():
        raise IllegalInstruction(f"{where}: commandId must be a text of at most 200 characters")
    return said


def _kind(value: object) -> str:
    return {type(None): "nothing", dict: "an object", list: "a list", str: "a text"}.get(type(value), "that")
