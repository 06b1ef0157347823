"""How Asterisk names channels, numbers and devices, and how it writes texts in events. Pure."""

import re

#: Made by the PBX for its own ends: they carry other channels' sound and are nobody's voice.
_HELPERS = frozenset(
    {
        "Announcer",
        "AsyncGoto",
        "Bridge",
        "CBAnn",
        "CBRec",
        "Local",
        "Message",
        "OutgoingSpoolFailed",
        "Recorder",
        "Snoop",
        "Surrogate",
    }
)
_RUNNING_NUMBER = re.compile(r"-[0-9a-f]+(;[12])?$")
_NUMBER = re.compile(r"\+?[0-9*#]+")
_ESCAPED = re.compile(r"\\([abfnrtv\\'\"?])")
_MEANT = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}


def is_helper(channel_name: str) -> bool:
    return channel_name.partition("/")[0] in _HELPERS or channel_name.endswith("<ZOMBIE>")


def device(channel_name: str) -> str:
    """PJSIP/carrier-a of PJSIP/carrier-a-0000001f."""
    return _RUNNING_NUMBER.sub("", channel_name)


def known(text: str) -> str:
    return "" if text == "<unknown>" else text


def unescaped(text: str) -> str:
    r"""Names of callers and values of variables stand in events with \" for " and \n for a line break."""
    return _ESCAPED.sub(lambda found: _MEANT.get(found[1], found[1]), text)


def dialled_number(dial_string: str, channel_name: str, told: str) -> str:
    """Whose number that is: 2001 of 2001, 2001@phones and 2001/sip:x7f@10.0.0.9, +4930123 of +4930123@carrier and of
    carrier/sip:+4930123@host. `told` is often only a guess of Dial's (what the caller dialled), but better than a
    device's name."""
    technology = channel_name.partition("/")[0]
    peer, slash, rest = dial_string.removeprefix(f"{technology}/").partition("/")
    is_address = rest.startswith(("sip:", "sips:"))
    found = [_user(peer), _user(rest)] if is_address else [_user(rest.rpartition("/")[2] if slash else peer)]
    return next((user for user in found if _NUMBER.fullmatch(user)), told or found[0])


def _user(address: str) -> str:
    # Before the @ may be user:password.
    return re.sub(r"^sips?:", "", address).partition("@")[0].partition(":")[0].partition(";")[0]
