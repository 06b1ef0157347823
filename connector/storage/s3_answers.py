"""What a server that speaks S3 answered, in the words of a destination: passing or for good, whose fault, what to do.

One table for all of them. Pure.
"""

from dataclasses import dataclass
from enum import StrEnum

from connector.errors import (
    ConnectorError,
    DestinationRefused,
    DestinationUnreachable,
    NoRoom,
    NotAllowed,
    ObjectExists,
)


class Act(StrEnum):
    """What we wanted, in a message's words."""

    STORE = "store"
    LOOK = "look at"
    READ = "read"
    LINK = "make a link to"
    DELETE = "delete"
    ABORT = "give up the upload of"


class Forbidden(NotAllowed):
    """The key may not do this; it may be meant so."""


class NoSuchObject(DestinationRefused):
    """Nothing has that name."""


class BeyondTheEnd(DestinationRefused):
    """There are no bytes where we asked for some."""


class NotKnownThere(DestinationRefused):
    """The server does not know something that we sent."""


class UploadLost(DestinationUnreachable):
    """The server knows the upload or one of its parts no more: it is complete, or has to begin anew."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A refusal as it came."""

    status: int
    #: The server's word for it, such as NoSuchBucket; the status again where the answer had no body.
    code: str
    #: Its free text; only shown where we know nothing better.
    message: str = ""
    #: Where the bucket really is, when it said so.
    region: str = ""
    #: How far its clock and ours are apart, when it told the time.
    skew_seconds: float = 0.0
    #: How long it wants to be left alone; None when it did not say.
    retry_after_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    kind: type[ConnectorError]
    remedy: str = ""


_KEYS = "check access key and secret, or put new ones in their place"
_MAY = {
    Act.STORE: "may the key put objects there?",
    # A look is answered without a word of why; and who may not list is not told what is missing.
    Act.LOOK: "the key may only write, or is wrong; to look and to make links it needs GetObject and ListBucket",
    Act.READ: "the key may only write; give it GetObject if it should read",
    Act.LINK: "the key may only write, or is wrong; for links it needs GetObject",
    Act.DELETE: "may the key delete objects there, and does no lock or retention hold this one? If not, delete it there"
    " with another key, or let a rule of the bucket expire it",
    Act.ABORT: "may the key abort multipart uploads? If not, let a rule of the bucket expire unfinished ones",
}
#: A look at what is not there is answered without a word, and so is whoever asks at a wrong address.
_NOTHING_THERE = "nothing has that name: it was moved or deleted outside, or bucket or endpoint are not right"
_NO_PLACE = "it knows no such bucket, or is no S3 server: check bucket and endpoint"
_SENT = "it does not know something that was sent: check storage class, encryption and tags"
_NAME = "it does not take that name: change the template"
_DAMAGED = "the bytes were damaged or cut on their way; they are sent again"
_BUSY = "it is busy or broken; it is tried again"
_CLOCK = "this machine's clock is wrong: let NTP set it"
_FULL = "it has no room: free some or raise the quota"
_WRONG_REGION = "the region or the endpoint is wrong: name the bucket's own"
_ELSEWHERE = "it sends us elsewhere: is the endpoint right, or does a portal or proxy stand between?"
_MOVING = "the bucket is new or moving: it is tried again; naming the bucket's own region or endpoint helps at once"

_BY_CODE = {
    "AccessDenied": Verdict(Forbidden),
    "AllAccessDisabled": Verdict(DestinationRefused, "the bucket's account is blocked: ask its owner"),
    "AccountProblem": Verdict(DestinationRefused, "the bucket's account is blocked: ask its owner"),
    "UserSuspended": Verdict(DestinationRefused, "the key's user is suspended: ask the bucket's owner"),
    "InvalidAccessKeyId": Verdict(DestinationRefused, _KEYS),
    "SignatureDoesNotMatch": Verdict(DestinationRefused, _KEYS),
    "InvalidSecurity": Verdict(DestinationRefused, _KEYS),
    "InvalidToken": Verdict(DestinationRefused, _KEYS),
    "ExpiredToken": Verdict(
        DestinationUnreachable, "the lent credentials are over: whoever lends them must renew them"
    ),
    "TokenRefreshRequired": Verdict(DestinationUnreachable, "the lent credentials must be renewed"),
    "RequestTimeTooSkewed": Verdict(DestinationUnreachable, _CLOCK),
    "NoSuchBucket": Verdict(DestinationRefused, "there is no such bucket: create it or mend the name"),
    "InvalidBucketName": Verdict(DestinationRefused, "that is no name for a bucket: mend it"),
    "PermanentRedirect": Verdict(DestinationRefused, _WRONG_REGION),
    "TemporaryRedirect": Verdict(DestinationUnreachable, _MOVING),
    "AuthorizationHeaderMalformed": Verdict(DestinationRefused, _WRONG_REGION),
    "IllegalLocationConstraintException": Verdict(DestinationRefused, _WRONG_REGION),
    "NoSuchKey": Verdict(NoSuchObject, "nothing has that name: it was moved or deleted outside"),
    "InvalidRange": Verdict(BeyondTheEnd, "it is shorter than it was"),
    "NoSuchUpload": Verdict(UploadLost, "the upload begins anew"),
    "InvalidPart": Verdict(UploadLost, "the upload begins anew"),
    "InvalidPartOrder": Verdict(UploadLost, "the upload begins anew"),
    "PreconditionFailed": Verdict(ObjectExists, "another has that name: choose the next suffix"),
    "ConditionalRequestConflict": Verdict(DestinationUnreachable, "another stores under that name at this moment"),
    "OperationAborted": Verdict(DestinationUnreachable, _BUSY),
    "InvalidObjectState": Verdict(DestinationRefused, "it lies in an archive: restore it there first"),
    "KeyTooLongError": Verdict(DestinationRefused, "the name is too long: shorten the template"),
    "XMinioInvalidObjectName": Verdict(DestinationRefused, _NAME),
    "InvalidURI": Verdict(DestinationRefused, _NAME),
    "EntityTooLarge": Verdict(DestinationRefused, "it is larger than this store takes"),
    "EntityTooSmall": Verdict(DestinationRefused, "this store wants larger parts than 8 MiB"),
    "BadDigest": Verdict(DestinationUnreachable, _DAMAGED),
    "XAmzContentSHA256Mismatch": Verdict(DestinationUnreachable, _DAMAGED),
    "IncompleteBody": Verdict(DestinationUnreachable, _DAMAGED),
    "RequestTimeout": Verdict(DestinationUnreachable, "the line was too slow or stood still; it is tried again"),
    "SlowDown": Verdict(DestinationUnreachable, "it asks for fewer requests; it is tried again"),
    "InvalidStorageClass": Verdict(NotKnownThere, "it does not know that storage class: leave it out"),
    "ServerSideEncryptionConfigurationNotFoundError": Verdict(NotKnownThere, "it cannot encrypt: leave that out"),
    "NotImplemented": Verdict(NotKnownThere, _SENT),
    "QuotaExceeded": Verdict(NoRoom, _FULL),
    "XMinioStorageFull": Verdict(NoRoom, _FULL),
    "XMinioAdminBucketQuotaExceeded": Verdict(NoRoom, _FULL),
    "InsufficientCapacity": Verdict(NoRoom, _FULL),
    "StorageCapExceeded": Verdict(NoRoom, _FULL),
}
_BY_STATUS = {
    301: Verdict(DestinationRefused, _WRONG_REGION),
    302: Verdict(DestinationRefused, _ELSEWHERE),
    307: Verdict(DestinationUnreachable, _MOVING),
    400: Verdict(NotKnownThere),
    401: Verdict(DestinationRefused, _KEYS),
    403: Verdict(Forbidden),
    404: Verdict(NoSuchObject, _NOTHING_THERE),
    405: Verdict(DestinationRefused, "this address is no S3 endpoint: check it"),
    408: Verdict(DestinationUnreachable, _BUSY),
    409: Verdict(DestinationUnreachable, _BUSY),
    411: Verdict(DestinationRefused, "a proxy between takes the length away: go round it"),
    412: Verdict(ObjectExists, "another has that name: choose the next suffix"),
    413: Verdict(DestinationRefused, "it is larger than this store, or a proxy before it, takes"),
    416: Verdict(BeyondTheEnd, "it is shorter than it was"),
    417: Verdict(DestinationRefused, "a proxy between does not know `Expect: 100-continue`: go round it"),
    423: Verdict(DestinationRefused, "a lock or retention holds it"),
    425: Verdict(DestinationUnreachable, _BUSY),
    429: Verdict(DestinationUnreachable, "it asks for fewer requests; it is tried again"),
    501: Verdict(NotKnownThere, _SENT),
    507: Verdict(NoRoom, _FULL),
}
_LONGEST_MESSAGE = 160
#: Servers allow 15 minutes.
_MOST_SKEW_SECONDS = 600.0
_NO_REASON = "it gave no reason: are region, credentials and this machine's clock right?"


def verdict(answer: Answer) -> Verdict:
    """By the code where it has one that we know, else by the status, else by whose number it is."""
    if answer.status in {400, 401, 403} and answer.skew_seconds > _MOST_SKEW_SECONDS:
        # Some servers have no word for it.
        return Verdict(
            DestinationUnreachable, f"its clock and ours are {answer.skew_seconds / 60:.0f} min apart; {_CLOCK}"
        )
    if answer.code.startswith("KMS"):
        return Verdict(DestinationRefused, "the encryption key cannot be used: may our key use it, and is it enabled?")
    known = _BY_CODE.get(answer.code) or _BY_STATUS.get(answer.status)
    return known or Verdict(DestinationUnreachable if answer.status >= 500 else DestinationRefused)


def refusal(answer: Answer, act: Act, what: str, key_id: str) -> ConnectorError:
    """The error for it. `what` names object and bucket; the answer's free text must be free of secrets."""
    found = verdict(answer)
    remedy = _MAY[act] if found.kind is Forbidden else found.remedy or _quoted(answer.message) or _NO_REASON
    if remedy == _NOTHING_THERE and act is Act.STORE:
        remedy = _NO_PLACE
    if answer.region:
        remedy += f" (it says: {answer.region})"
    said = f"{answer.status}" if answer.code == str(answer.status) else f"{answer.status} {answer.code}"
    who = f" with key {key_id!r}" if key_id else ""
    error = found.kind(f"cannot {act} {what}{who} ({said}): {remedy}")
    if isinstance(error, DestinationUnreachable):
        error.retry_after_seconds = answer.retry_after_seconds
    return error


def _quoted(message: str) -> str:
    plain = " ".join("".join(letter if letter.isprintable() else " " for letter in message).split())
    return f"it says {plain[:_LONGEST_MESSAGE]!r}" if plain else ""
