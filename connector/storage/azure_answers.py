"""What Azure answered, in the words of a destination: passing or for good, whose fault, what to do. One table. Pure."""

import html
import re
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from enum import StrEnum

from connector.domain.ids import Moment
from connector.errors import (
    ConnectorError,
    DestinationRefused,
    DestinationUnreachable,
    NoRoom,
    NotAllowed,
    ObjectExists,
)
from connector.storage.retry_after import retry_after_seconds


class Act(StrEnum):
    """What we wanted, in a message's words."""

    STORE = "store"
    LOOK = "look at"
    READ = "read"
    DELETE = "delete"


class Forbidden(NotAllowed):
    """The signature may not do this; it may be meant so."""


class NoSuchBlob(DestinationRefused):
    """Nothing has that name."""


class BeyondTheEnd(DestinationRefused):
    """There are no bytes where we asked for some."""


class BlocksLost(DestinationUnreachable):
    """Azure knows the blocks no more: they expired, or another's blob took their place. The upload begins anew."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A refusal as it came."""

    status: int
    #: Azure's word for it, such as ContainerNotFound; empty where none came with it.
    code: str = ""
    #: Its free text; only shown where we know nothing better.
    message: str = ""
    #: Why it did not believe us. Never shown: it quotes what we had signed.
    detail: str = ""
    #: How far its clock is from ours; 0 where it does not say.
    skew_seconds: float = 0.0
    #: How long it wants to be left alone; None where it does not say.
    retry_after_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    kind: type[ConnectorError]
    remedy: str = ""


_MAY = {
    Act.STORE: "may the signature create and write there?",
    Act.LOOK: "the signature may only write; give it the right to read if it should look",
    Act.READ: "the signature may only write; give it the right to read",
    Act.DELETE: "may the signature delete there? If not, delete it with the account's key, or let a rule of the account"
    " do so",
}
_KEY = "check the account's key or the signature, or put the new one in its place if it was renewed"
_CLOCK = Verdict(DestinationUnreachable, "this machine's clock is wrong: let NTP set it")
_SIGNATURE_OVER = Verdict(
    DestinationRefused, "the shared access signature is over, or not valid yet: put a new one in its place"
)
_REPLACED = Verdict(DestinationUnreachable, "it was replaced while it was read; it is read again")
_NETWORK = "the account's network rules keep this machine out (add its address to them), or the key is wrong"
_OWNER = "the account is disabled: ask its owner"
_LOCK = "a policy or a legal hold keeps it: it can be changed when that is over"
_LEASE = "somebody holds a lease on it: have it released"
_NAME = "account, container or name are of a form that Azure does not take: mend them"
_SENT = "it does not take what was sent with it: check access tier, encryption scope, tags and metadata"
_OTHERS_BLOCKS = "unfinished blocks of another program lie under that name for a week at most: take another name"
_DAMAGED = "the bytes were damaged or cut on their way; they are sent again"
_BUSY = Verdict(DestinationUnreachable, "it is busy; it is tried again")
_BROKEN = Verdict(DestinationUnreachable, "it is busy or broken; it is tried again")
_EXISTS = Verdict(ObjectExists, "another has that name: choose the next suffix")
_NO_ENDPOINT = Verdict(DestinationRefused, "this address is no blob endpoint: check it")
_ARCHIVE = "it lies in the archive: bring it back to Hot or Cool first"

_BY_CODE = {
    "AuthenticationFailed": Verdict(DestinationRefused, _KEY),
    "InvalidAuthenticationInfo": Verdict(DestinationRefused, _KEY),
    "NoAuthenticationInformation": Verdict(DestinationRefused, _KEY),
    "KeyBasedAuthenticationNotPermitted": Verdict(
        DestinationRefused, "the account takes no keys: allow shared key access in its configuration"
    ),
    "AuthorizationFailure": Verdict(DestinationRefused, _NETWORK),
    "AuthorizationSourceIPMismatch": Verdict(
        DestinationRefused, "the signature is for other addresses than this machine's"
    ),
    "AuthorizationProtocolMismatch": Verdict(DestinationRefused, "the signature is for https alone: mend the endpoint"),
    "AuthorizationPermissionMismatch": Verdict(Forbidden),
    "AuthorizationServiceMismatch": Verdict(Forbidden),
    "AuthorizationResourceTypeMismatch": Verdict(Forbidden),
    "InsufficientAccountPermissions": Verdict(Forbidden),
    "AccountIsDisabled": Verdict(DestinationRefused, _OWNER),
    "AccountBeingCreated": Verdict(DestinationUnreachable, "the account is being created"),
    "ResourceNotFound": Verdict(DestinationRefused, "there is no such account: mend its name"),
    "InvalidResourceName": Verdict(DestinationRefused, _NAME),
    "InvalidUri": Verdict(DestinationRefused, _NAME),
    "OutOfRangeInput": Verdict(DestinationRefused, _NAME),
    "ContainerNotFound": Verdict(DestinationRefused, "there is no such container: create it or mend the name"),
    "ContainerBeingDeleted": Verdict(
        # If nobody creates it again it is not found, which is for good.
        DestinationUnreachable,
        "the container is being deleted: create it again afterwards",
    ),
    "ContainerDisabled": Verdict(DestinationRefused, "the container is disabled: ask the account's owner"),
    "BlobNotFound": Verdict(NoSuchBlob, "nothing has that name: it was moved or deleted outside"),
    "BlobAlreadyExists": _EXISTS,
    "ConditionNotMet": _EXISTS,
    "InvalidRange": Verdict(BeyondTheEnd, "it is shorter than it was"),
    "BlobImmutableDueToPolicy": Verdict(DestinationRefused, _LOCK),
    "BlobImmutableDueToLegalHold": Verdict(DestinationRefused, _LOCK),
    "LeaseIdMissing": Verdict(DestinationRefused, _LEASE),
    "BlobArchived": Verdict(DestinationRefused, _ARCHIVE),
    "BlobBeingRehydrated": Verdict(DestinationUnreachable, "it is being brought back from the archive"),
    "InvalidBlobType": Verdict(
        DestinationRefused, "a blob of another kind has that name: remove it or change the template"
    ),
    "InvalidBlobOrBlock": Verdict(DestinationRefused, _OTHERS_BLOCKS),
    "InvalidBlockId": Verdict(DestinationRefused, _OTHERS_BLOCKS),
    "BlockCountExceedsLimit": Verdict(DestinationRefused, _OTHERS_BLOCKS),
    "InvalidBlockList": Verdict(BlocksLost, "the upload begins anew"),
    "Md5Mismatch": Verdict(DestinationUnreachable, _DAMAGED),
    "IncompleteBody": Verdict(DestinationUnreachable, _DAMAGED),
    "InvalidHeaderValue": Verdict(DestinationRefused, _SENT),
    "UnsupportedHeader": Verdict(DestinationRefused, _SENT),
    "InvalidMetadata": Verdict(DestinationRefused, _SENT),
    "EmptyMetadataKey": Verdict(DestinationRefused, _SENT),
    "MetadataTooLarge": Verdict(DestinationRefused, _SENT),
    "InvalidBlobTier": Verdict(DestinationRefused, _SENT),
    "BlobAccessTierNotSupportedForAccountType": Verdict(DestinationRefused, _SENT),
    "BlobUsesCustomerSpecifiedEncryption": Verdict(
        DestinationRefused, "it is encrypted with a key that only its maker has"
    ),
    "ServerBusy": _BUSY,
    "OperationTimedOut": _BROKEN,
    "InternalError": _BROKEN,
}
_BY_STATUS = {
    401: Verdict(DestinationRefused, _KEY),
    403: Verdict(Forbidden),
    404: _NO_ENDPOINT,
    405: _NO_ENDPOINT,
    407: Verdict(DestinationRefused, "the proxy wants other credentials: mend its address"),
    408: _BROKEN,
    411: Verdict(DestinationRefused, "a proxy between takes the length away: go round it"),
    412: _EXISTS,
    413: Verdict(DestinationRefused, "it is larger than this store, or a proxy before it, takes"),
    416: Verdict(BeyondTheEnd, "it is shorter than it was"),
    425: _BROKEN,
    429: _BUSY,
    501: Verdict(DestinationRefused, _SENT),
    503: _BUSY,
    507: Verdict(NoRoom, "it has no room: free some or raise the quota"),
}
#: More than this between the clocks, and Azure believes no request.
_LARGEST_SKEW_SECONDS = 900.0
_LONGEST_MESSAGE = 160


def answer_of(status: int, headers: Mapping[str, str], body: bytes, now: Moment) -> Answer:
    """Of an answer as it came; headers are found whatever their case. A HEAD's has no body."""
    text = body.decode("utf-8", "replace")
    return Answer(
        status=status,
        code=headers.get("x-ms-error-code", "") or _element(text, "Code"),
        # Behind the first line stand a number and a time of theirs.
        message=_element(text, "Message").partition("\n")[0],
        detail=_element(text, "AuthenticationErrorDetail"),
        skew_seconds=_skew_seconds(headers.get("Date", ""), now),
        retry_after_seconds=retry_after_seconds(headers.get("Retry-After", ""), now),
    )


def verdict(answer: Answer, act: Act) -> Verdict:
    """By the code where it has one that we know, else by the status, else by whose number it is."""
    if answer.code == "AuthenticationFailed":
        return _disbelief(answer)
    if act is Act.READ and (answer.code == "ConditionNotMet" or answer.status == 412):
        return _REPLACED
    if answer.status == 400 and "md5" in answer.message.lower():
        # Azure's emulator has another code for it.
        return _BY_CODE["Md5Mismatch"]
    known = _BY_CODE.get(answer.code)
    if known is None and answer.code.startswith("Lease"):
        return Verdict(DestinationRefused, _LEASE)
    if known is None and answer.code and answer.status in {404, 412}:
        return Verdict(DestinationRefused)
    known = known or _BY_STATUS.get(answer.status)
    if known is None and answer.status < 400:
        return _NO_ENDPOINT
    return known or (_BROKEN if answer.status >= 500 else Verdict(DestinationRefused))


def refusal(answer: Answer, act: Act, what: str) -> ConnectorError:
    """The error for it. `what` names blob and container."""
    found = verdict(answer, act)
    remedy = _MAY[act] if found.kind is Forbidden else found.remedy or _quoted(answer.message) or "it gave no reason"
    error = found.kind(f"cannot {act} {what} ({f'{answer.status} {answer.code}'.rstrip()}): {remedy}")
    if isinstance(error, DestinationUnreachable):
        error.retry_after_seconds = answer.retry_after_seconds
    return error


def _disbelief(answer: Answer) -> Verdict:
    """Azure has one word for a wrong key, a wrong clock and a signature that is over."""
    if "date header" in answer.detail or abs(answer.skew_seconds) > _LARGEST_SKEW_SECONDS:
        return _CLOCK
    return _SIGNATURE_OVER if "time frame" in answer.detail else _BY_CODE["AuthenticationFailed"]


def _element(text: str, tag: str) -> str:
    found = re.search(f"<{tag}>(.*?)</{tag}>", text, re.DOTALL)
    return html.unescape(found[1]).strip() if found else ""


def _skew_seconds(date: str, now: Moment) -> float:
    try:
        return parsedate_to_datetime(date).timestamp() - now
    except ValueError:
        return 0.0


def _quoted(message: str) -> str:
    plain = " ".join("".join(letter if letter.isprintable() else " " for letter in message).split())
    return f"it says {plain[:_LONGEST_MESSAGE]!r}" if plain else ""
