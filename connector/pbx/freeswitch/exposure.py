"""Who else could command a FreeSWITCH by its event socket: its password, where it listens, whom its list lets in. Pure.

Whoever is let in there runs any program on that machine, as FreeSWITCH's user.
"""

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from html import unescape

from connector.domain.diagnosis import Finding, bad, note, ok, warning
from connector.pbx.doors import is_loopback

PASSWORD, LISTENING = "password", "listening"
#: What FreeSWITCH comes with, and what it takes where nothing is configured.
EVERYBODY_S_PASSWORD = "ClueCon"  # noqa: S105  # to warn of it
_DEFAULT_LIST = "loopback.auto"
_DEFAULT_ADDRESS = "127.0.0.1"
_PARAM = re.compile(r'<param\s+name="([^"]*)"\s+value="([^"]*)"')
_RELOAD = 'then: fs_cli -x "reload mod_event_socket"'


@dataclass(frozen=True, slots=True)
class EventSocketFile:
    """event_socket.conf, as FreeSWITCH has read it."""

    address: str
    lists: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Exposure:
    #: Whether the password that we use is the one that FreeSWITCH comes with.
    is_everybody_s: bool
    #: Where it listens; empty when that cannot be known.
    addresses: Collection[str]
    #: Its access lists by name.
    lists: Sequence[str]
    #: Whether these let in an address that is nobody's.
    lets_strangers_in: bool
    #: Whether we come from the same machine, so that nobody else needs to reach it.
    is_here: bool


def event_socket_file(text: str) -> EventSocketFile | None:
    """Of `xml_locate configuration configuration name event_socket.conf`; None when it shows none."""
    if "<configuration" not in text:
        return None
    params = [(name, unescape(value)) for name, value in _PARAM.findall(text)]
    address = next((value for name, value in params if name == "listen-ip" and value), _DEFAULT_ADDRESS)
    lists = tuple(value for name, value in params if name == "apply-inbound-acl" and value)
    return EventSocketFile(address, lists or (_DEFAULT_LIST,))


def exposure_findings(exposure: Exposure) -> Iterator[Finding]:
    beyond = sorted(address for address in exposure.addresses if not is_loopback(address))
    yield _password_finding(exposure, is_open=bool(beyond) and exposure.lets_strangers_in)
    lists = ", ".join(exposure.lists)
    if not exposure.addresses:
        yield note(LISTENING, "where the event socket listens cannot be seen: loopback alone is best")
    elif not beyond:
        yield ok(
            LISTENING, f"the event socket listens on its own machine only ({', '.join(sorted(exposure.addresses))})"
        )
    elif exposure.lets_strangers_in:
        what = f"the event socket listens at {', '.join(beyond)} and lets in any address ({lists})"
        yield warning(LISTENING, what, _closing(exposure))
    elif exposure.is_here:
        what = f"the event socket listens at {', '.join(beyond)}, where only its list ({lists}) keeps others out"
        yield warning(LISTENING, what, _closing(exposure))
    else:
        yield ok(LISTENING, f"the event socket listens at {', '.join(beyond)} and lets in only what {lists} names")


def _password_finding(exposure: Exposure, *, is_open: bool) -> Finding:
    if not exposure.is_everybody_s:
        return ok(PASSWORD, f"it is not {EVERYBODY_S_PASSWORD}")
    mend = f"a long one of your own in event_socket.conf.xml and in `esl`, {_RELOAD}"
    what = f"it is {EVERYBODY_S_PASSWORD}, which everybody knows: who reaches the event socket runs any program there"
    return bad(PASSWORD, f"{what}, and any machine does", mend) if is_open else warning(PASSWORD, what, mend)


def _closing(exposure: Exposure) -> str:
    if exposure.is_here:
        return f"listen-ip 127.0.0.1 in event_socket.conf.xml, {_RELOAD}"
    return f"a list of your own in acl.conf.xml, named by apply-inbound-acl; or a tunnel to 127.0.0.1; {_RELOAD}"
