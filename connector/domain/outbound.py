"""Calls that the API places: what may be asked, and how an order is handed to capture. Pure.

Nothing of a request reaches a PBX that has other signs in it than those listed here: dial strings have a grammar of
their own, and what calls cost is somebody's money.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from connector.domain.ids import CallId, ChannelId, Moment
from connector.domain.instruction import known_name, options_of, options_text
from connector.domain.option_values import plain
from connector.domain.patterns import number_matches
from connector.domain.pbx_commands import RING_SECONDS, PlaceCall
from connector.errors import BadRequest, IllegalInstruction, NotPermitted

#: The action of the command row.
ORIGINATE: Final = "originate"
#: An order that capture finds later than this is not carried out: whoever asked has gone.
FRESH_SECONDS: Final = 10.0
#: Until then its outcome is known.
SETTLED_SECONDS: Final = FRESH_SECONDS + RING_SECONDS + 15.0

_ANSWERED: Final = "answered"
_NESTING: Final = "transcriptionOptions"
_NUMBER: Final = re.compile(r"\+?[0-9]{1,32}", re.ASCII)
_AGENT: Final = re.compile(r"[A-Za-z0-9_.@+-]{1,64}", re.ASCII)
#: What no dial string, no list of variables and no blank takes apart.
_PLAIN: Final = re.compile(r"[A-Za-z0-9_./:@+=~|-]*", re.ASCII)
#: FreeSWITCH's sign between several originates.
_SEPARATOR: Final = ":_:"
#: A line of AMI has 1024 bytes, and escaping takes some of them.
_LONGEST_OPTIONS: Final = 600


@dataclass(frozen=True, slots=True, kw_only=True)
class CallWish:
    """As it was asked for."""

    from_number: str
    to_number: str
    endpoint_id: str = ""
    recording_enabled: bool | None = None
    recording_options: Mapping[str, object] = field(default_factory=dict)
    client_state: str = ""
    agent: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Permitted:
    """What the configuration allows."""

    numbers: tuple[str, ...]
    caller_ids: tuple[str, ...]
    endpoints: Mapping[str, str]
    context: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CallOrder:
    """What capture is handed."""

    pbx: str
    organisation: str | None
    ordered_at: Moment
    wanted: PlaceCall

    @property
    def text(self) -> str:
        return json.dumps(asdict(self), ensure_ascii=False)

    def is_same_as(self, other: "CallOrder") -> bool:
        """Whether the same was asked for; when does not matter, nor what the leg is called."""
        return _asked(self) == _asked(other)


def _asked(order: CallOrder) -> dict[str, Any]:
    said = asdict(order)
    said.pop("ordered_at")
    said["wanted"].pop("channel")
    return said


def order_of(text: str) -> CallOrder:
    """Raises ValueError for what is no order."""
    try:
        said = json.loads(text)
        wanted = PlaceCall(**said.pop("wanted"))
        return CallOrder(wanted=wanted, **said)
    except (TypeError, KeyError, AttributeError) as error:
        raise ValueError(f"this is no order of ours: {error}") from None


def place_call(wish: CallWish, permitted: Permitted, organisation: str | None, channel: ChannelId) -> PlaceCall:
    """Raises BadRequest that points to what cannot be, NotPermitted that names the setting which does not allow it."""
    _check_number(wish.to_number, "to_number", permitted.numbers, "api.outbound.numbers")
    _check_number(wish.from_number, "from_number", permitted.caller_ids, "api.outbound.caller_ids")
    if wish.agent and not _AGENT.fullmatch(wish.agent):
        raise BadRequest("an agent's id is letters, digits and _ . @ + - only, at most 64", pointer="/agent")
    return PlaceCall(
        channel=channel,
        device=_device(wish.endpoint_id, permitted.endpoints, organisation),
        number=wish.to_number,
        context=permitted.context,
        caller_id=wish.from_number,
        record=wish.recording_enabled,
        options=_options(wish),
        agent=wish.agent,
    )


def answered(call: CallId | None) -> str:
    """The outcome as the command row holds it."""
    return f"{_ANSWERED} {call}" if call else _ANSWERED


def answered_call(outcome: str) -> CallId | None:
    """Of which call it speaks."""
    word, _, call = outcome.partition(" ")
    return CallId(call) if word == _ANSWERED and call else None


def _check_number(number: str, name: str, patterns: tuple[str, ...], setting: str) -> None:
    if not _NUMBER.fullmatch(number):
        raise BadRequest("a number is digits, with or without + before them", pointer=f"/{name}")
    if not any(number_matches(number, pattern) for pattern in patterns):
        raise NotPermitted(f"{name} {number} is none that {setting} of the configuration allows")


def _device(endpoint_id: str, endpoints: Mapping[str, str], organisation: str | None) -> str:
    own = {
        name.rpartition("/")[2]: device
        for name, device in sorted(endpoints.items(), key=lambda one: "/" in one[0])
        if organisation is None or "/" not in name or name.partition("/")[0] == organisation
    }
    if organisation is None:
        # Whoever sees everybody may say whose he means.
        own |= endpoints
    if endpoint_id in own:
        return own[endpoint_id]
    if not endpoint_id and len(set(own.values())) == 1:
        return next(iter(own.values()))
    if not endpoint_id:
        raise BadRequest("which phone is to ring first? Name its endpoint_id", pointer="/endpoint_id")
    raise BadRequest("api.outbound.endpoints of the configuration has no such endpoint", pointer="/endpoint_id")


def _options(wish: CallWish) -> str:
    """As the dialplan would write them, so that they mean to the call what they mean in the request."""
    raw = dict(wish.recording_options)
    if any(plain(name) == "credentials" for name in raw):
        raise BadRequest(
            "credentials are not handed to a PBX: name a destination of the configuration",
            pointer="/recording_options/credentials",
        )
    if wish.client_state:
        raw.setdefault("clientState", _checked_state(wish.client_state))
    try:
        meant = options_of(raw)
        written = ",".join(_pair(known_name(name), value) for name, value in raw.items() if value is not None)
        # What is written otherwise than meant would be another recording.
        is_same = options_text(written) == meant
    except IllegalInstruction as error:
        raise BadRequest(str(error), pointer="/recording_options") from None
    if not is_same or len(written) > _LONGEST_OPTIONS:
        raise BadRequest(
            f"these options cannot be handed to a PBX as they are: at most {_LONGEST_OPTIONS} signs in all",
            pointer="/recording_options",
        )
    return written


def _checked_state(client_state: str) -> str:
    try:
        _pair("clientState", client_state)
    except IllegalInstruction as error:
        raise BadRequest(str(error), pointer="/client_state") from None
    return client_state


def _pair(name: str, value: object) -> str:
    if isinstance(value, Mapping) and name == _NESTING:
        return ",".join(_pair(f"{name}.{inner}", one) for inner, one in value.items() if one is not None)
    text = _text(value)
    if not _PLAIN.fullmatch(name + text) or _SEPARATOR in text:
        raise IllegalInstruction(f"{name}: only letters, digits and _ . / : @ + = ~ - can be handed to a PBX")
    return f"{name}={text}"


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return "|".join(map(str, value))
    return str(value)
