"""What a leg's headers say of it: who it is, where it leads, how it stands. Pure; knows no other leg.

An event about a leg, `uuid_dump` and each other event of it carry the same headers.
"""

import re

from connector.domain.events import ChannelCreated
from connector.domain.ids import ChannelId
from connector.pbx.freeswitch.esl_event import EslEvent

NARROW, WIDE = 8000, 16000
_LONGEST_NUMBER = 17
#: They carry other legs' sound and are nobody's voice.
_HELPERS = frozenset({"loopback", "null"})
_SCHEME = re.compile(r"^sips?:", re.IGNORECASE)
_PORT = re.compile(r":[0-9]{1,5}$")
_NUMBER = re.compile(r"\+?[0-9*#]+")
#: What FreeSWITCH calls whom it rings before he has a name.
_NAMELESS = "Outbound Call"


def created(event: EslEvent) -> ChannelCreated:
    is_rung, is_local = is_outbound(event), is_helper(event.get("Channel-Name"))
    return ChannelCreated(
        channel=ChannelId(event.channel),
        linked=event.get("Channel-Call-UUID") or event.channel,
        number="" if is_local else number(event),
        name=_name(event),
        device=device(event),
        # Whom FreeSWITCH rings has dialled nothing himself.
        dialled="" if is_rung else _user(event.get("Caller-Destination-Number")),
        context=event.get("Caller-Context"),
        sample_rate=rate(event) or NARROW,
        is_local=is_local,
        is_back=is_recovered(event),
    )


def is_recovered(event: EslEvent) -> bool:
    """FreeSWITCH had died, and begins this leg anew with the uuid that it had (`sofia recover`)."""
    return event.name == "CHANNEL_CREATE" and event.variable("recovered") == "true"


def is_outbound(event: EslEvent) -> bool:
    return event.get("Call-Direction") == "outbound"


def is_alive(event: EslEvent) -> bool:
    return event.get("Answer-State") in {"ringing", "early", "answered"}


def is_answered(event: EslEvent) -> bool:
    return event.get("Answer-State") == "answered" or event.name == "CHANNEL_ANSWER"


def is_held(event: EslEvent) -> bool:
    return event.get("Channel-Call-State") == "HELD"


def told_at(event: EslEvent) -> float:
    """By FreeSWITCH's own clock, which need not be ours; 0 where it is not told, as for all of these."""
    return _stamp("Event-Date-Timestamp", event)


def held_at(event: EslEvent) -> float:
    """Since when it is held."""
    return _stamp("Caller-Channel-Last-Hold", event) if is_held(event) else 0.0


def created_at(event: EslEvent) -> float:
    return _stamp("Caller-Channel-Created-Time", event)


def answered_at(event: EslEvent) -> float:
    return _stamp("Caller-Channel-Answered-Time", event)


def bridged_at(event: EslEvent) -> float:
    """Since when it is with whom it talks."""
    return _stamp("Caller-Channel-Bridged-Time", event)


def was_held(event: EslEvent) -> bool:
    """At some time of its life; perhaps it is no longer."""
    return event.get("Caller-Channel-Last-Hold") not in {"", "0"}


def seniority(event: EslEvent) -> tuple[int, bool]:
    """Sorts the eldest first. FreeSWITCH's clock is coarse: who is rung may seem as old as who called."""
    return _whole_number(event.get("Caller-Channel-Created-Time")), bool(originator(event))


def is_helper(channel_name: str) -> bool:
    return channel_name.partition("/")[0] in _HELPERS


def rate(event: EslEvent) -> int:
    """8000 or 16000; 0 while nothing is negotiated."""
    told = _whole_number(event.get("Channel-Read-Codec-Rate"))
    return 0 if not told else WIDE if told >= WIDE else NARROW


def number(event: EslEvent) -> str:
    """Who calls, or who is rung; the same at each moment of the leg's life."""
    if not is_outbound(event):
        # A transfer may turn caller and callee round, but leaves the original.
        return _user(event.get("Caller-Orig-Caller-ID-Number") or event.get("Caller-Caller-ID-Number"))
    # A phone's contact may be sip:x7f@10.0.0.9: `user/2001` leaves the extension in a variable. A channel's name stays,
    # the profile does not: it follows transfers.
    rung = _user(event.get("Channel-Name"))
    told = (event.variable("dialed_user"), rung if _NUMBER.fullmatch(rung) else "")
    profile = (event.get("Caller-Callee-ID-Number"), event.get("Caller-Destination-Number"))
    return next((_user(text) for text in (*told, *profile) if text), rung)


def device(event: EslEvent) -> str:
    """sofia/gateway/carrier-a, or the channel's name without port and parameters: sofia/internal/2001@10.0.0.9."""
    gateway = event.variable("sip_gateway_name") or event.variable("sip_gateway")
    if gateway:
        return f"sofia/gateway/{_printable(gateway)}"
    technology, slash, rest = _printable(event.get("Channel-Name")).partition("/")
    profile, second_slash, address = rest.partition("/")
    if not slash or not second_slash:
        return technology + slash + rest
    return f"{technology}/{profile}/{_PORT.sub('', _address(address))}"


def other_half(event: EslEvent) -> ChannelId:
    """The other leg of a loopback pair."""
    return ChannelId(event.variable("other_loopback_leg_uuid"))


def originator(event: EslEvent) -> ChannelId:
    """The leg on whose behalf this one is rung."""
    return ChannelId(event.get("Other-Leg-Unique-ID") if event.get("Other-Type") == "originator" else "")


def _name(event: EslEvent) -> str:
    if is_outbound(event):
        name = event.get("Caller-Callee-ID-Name")
        return "" if name == _NAMELESS else _printable(name)
    name = event.get("Caller-Orig-Caller-ID-Name") or event.get("Caller-Caller-ID-Name")
    # Without a name FreeSWITCH repeats the number.
    return "" if name == event.get("Caller-Caller-ID-Number") else _printable(name)


def _user(text: str) -> str:
    """+4930123 of sofia/gateway/carrier-a/+4930123, 2001 of sip:2001@10.0.0.9:5060;transport=tcp and of 2001%phones."""
    last = _address(text if "@" in text else text.rpartition("/")[2])
    user = last.partition("@")[0].rpartition("/")[2]
    return _printable(_SCHEME.sub("", user).partition("%")[0].partition("^")[0])


def _address(text: str) -> str:
    return _SCHEME.sub("", text.partition(";")[0])


def _printable(text: str) -> str:
    """What a caller says of himself may hold line breaks."""
    return text if text.isprintable() else "".join(sign for sign in text if sign.isprintable())


def _stamp(header: str, event: EslEvent) -> float:
    return _whole_number(event.get(header)) / 1_000_000


def _whole_number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= _LONGEST_NUMBER else 0
