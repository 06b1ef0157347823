"""Who may do what: keys, their roles, and what of an organisation they are limited to. Pure; knows no secret."""

import hashlib
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from connector.domain.call import Call
from connector.domain.ids import Moment
from connector.errors import NotFound


class KeyRole(StrEnum):
    #: Calls and recordings without their sound and their words.
    READ = "read"
    #: Sound and transcripts, too.
    LISTEN = "listen"
    #: Start, stop, pause and resume; tags and notes.
    CONTROL = "control"
    #: All of it: removal, retention, holds, settings, keys, the audit log.
    ADMIN = "admin"


_IMPLIED: Mapping[KeyRole, frozenset[KeyRole]] = {
    KeyRole.READ: frozenset({KeyRole.READ}),
    KeyRole.LISTEN: frozenset({KeyRole.READ, KeyRole.LISTEN}),
    KeyRole.CONTROL: frozenset({KeyRole.READ, KeyRole.CONTROL}),
    KeyRole.ADMIN: frozenset(KeyRole),
}
#: At the end of a number: whatever comes behind.
_ANY_REST = "*"
#: What a key's id is made of, and how long it is.
ID_SIGNS: Final = "abcdefghijklmnopqrstuvwxyz234567"
ID_LENGTH: Final = 12
_ID = re.compile(rf"[{ID_SIGNS}]{{{ID_LENGTH}}}")
#: The secret may hold _ itself; those that sign are standard base64.
_SHOWN = re.compile(rf"callreel_({_ID.pattern})_[A-Za-z0-9+/_-]{{32,128}}={{0,2}}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Which calls a key sees: all that is said must fit, of a list one; what is not said limits nothing."""

    tags: tuple[str, ...] = ()
    #: Ids of agents.
    agents: tuple[str, ...] = ()
    #: The caller's or the called one; +4930* means all that begin so.
    numbers: tuple[str, ...] = ()

    def allow(self, call: Call, tags: Collection[str]) -> bool:
        numbers = (call.from_number, call.to_number)
        return (
            (not self.tags or any(tag in tags for tag in self.tags))
            and (not self.agents or call.agent_id in self.agents)
            and (not self.numbers or any(is_number(number, one) for number in numbers for one in self.numbers))
        )


NO_LIMITS = Limits()


def is_number(number: str, wanted: str) -> bool:
    if wanted.endswith(_ANY_REST):
        return number.startswith(wanted.removesuffix(_ANY_REST))
    return number == wanted


def is_within(inner: Limits, outer: Limits) -> bool:
    """Whether whoever is limited by `inner` sees nothing that `outer` hides."""
    return (
        _are_within(inner.tags, outer.tags)
        and _are_within(inner.agents, outer.agents)
        and _are_within(inner.numbers, outer.numbers, by_pattern=True)
    )


def _are_within(inner: Collection[str], outer: Collection[str], *, by_pattern: bool = False) -> bool:
    if not outer:
        return True
    return bool(inner) and all(one in outer or (by_pattern and _is_covered(one, outer)) for one in inner)


def _is_covered(wanted: str, outer: Collection[str]) -> bool:
    """+4930* and +49301 are by +49*, and never the other way round."""
    begins = wanted.removesuffix(_ANY_REST)
    return any(one.endswith(_ANY_REST) and begins.startswith(one.removesuffix(_ANY_REST)) for one in outer)


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    #: Stands in the key itself, in the audit log and in lists: no secret.
    id: str
    #: For people: what it is for.
    name: str
    #: None: the whole house.
    organisation: str | None
    roles: tuple[KeyRole, ...]
    limits: Limits = NO_LIMITS
    created_at: Moment
    created_by: str = ""
    expires_at: Moment | None = None
    revoked_at: Moment | None = None
    #: To some minutes.
    used_at: Moment | None = None
    #: Its secret is kept, sealed, so that signatures made with it can be checked.
    is_signing: bool = False

    def may(self, role: KeyRole) -> bool:
        return any(role in _IMPLIED[own] for own in self.roles)

    def is_good(self, now: Moment) -> bool:
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """One request's: who asks, and from where."""

    key: ApiKey
    #: The asking machine's, as far as it is known.
    address: str = ""
    #: Who it is, if that is nobody with a key: `command line (user ada)`.
    without_key: str = ""
    #: When it is over though its key is not: a session of the web page.
    ends_at: Moment | None = None

    @property
    def by(self) -> str:
        """As the audit log and commands name who did it."""
        return self.without_key or f"key {self.key.id}"

    @property
    def organisation(self) -> str | None:
        """Whose things are seen; None: everybody's."""
        return self.key.organisation

    def asked_of(self, organisation: str | None) -> str | None:
        """Whose things are seen when that organisation is asked for; None: nobody's in particular. Raises NotFound for
        another's, as for one that there is not."""
        own = self.organisation
        if own is not None and organisation not in {None, own}:
            raise NotFound(f"there is no organisation {organisation!r}")
        return organisation if own is None else own

    def sees(self, call: Call, tags: Collection[str]) -> bool:
        is_own = self.organisation is None or call.organisation == self.organisation
        return is_own and self.key.limits.allow(call, tags)


def of_the_house(by: str, now: Moment) -> Access:
    """Of somebody who has the house itself, and so needs no key: the command line, a job."""
    return Access(key=ApiKey(id="", name=by, organisation=None, roles=(KeyRole.ADMIN,), created_at=now), without_key=by)


def key_text(key_id: str, secret: str) -> str:
    """The key as it is shown to people, once."""
    return f"callreel_{key_id}_{secret}"


def key_id_of(shown: str) -> str:
    """Of what somebody shows; "" when it is no key at all."""
    found = _SHOWN.fullmatch(shown)
    return found.group(1) if found else ""


def is_key_id(text: str) -> bool:
    return _ID.fullmatch(text) is not None


def key_digest(shown: str) -> str:
    """By which a key is known. A secret of 32 random bytes needs neither salt nor a slow hash."""
    return hashlib.sha256(shown.encode(errors="surrogatepass")).hexdigest()


def why_not_given(own: ApiKey, wanted: ApiKey) -> str:
    """Why whoever has `own` may not make `wanted`; "" when he may: nobody gives away more than he has."""
    if own.organisation is not None and wanted.organisation != own.organisation:
        return f"this key makes keys of organisation {own.organisation!r} only"
    missing = [role.value for role in wanted.roles if not own.may(role)]
    if missing:
        return f"this key has not got the role {', '.join(missing)} itself"
    if not is_within(wanted.limits, own.limits):
        return "this key is limited itself: name limits that are not wider than its own"
    is_longer = wanted.expires_at is None or (own.expires_at is not None and wanted.expires_at > own.expires_at)
    if own.expires_at is not None and is_longer:
        return "this key ends, and makes none that outlives it: name a sooner end"
    return ""
