"""Keys to a bucket, as Sinch writes them in one string. Pure; a refusal tells what is wrong, never what was given."""

import re
from dataclasses import dataclass

from connector.domain.secret import Secret
from connector.errors import DestinationRefused

_S3_FORM = "key:secret:region"
_GCS_FORM = "key:secret"
#: Everything that can be written in a header; a colon parts them, so it is in none.
_WORD = re.compile(r"[!-9;-~]+")
_REGION = re.compile(r"[A-Za-z0-9]([A-Za-z0-9_.-]*[A-Za-z0-9])?")


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyPair:
    """What proves to a store who we are."""

    #: No secret: it stands in every request and in the provider's own logs.
    key_id: str
    secret: Secret
    #: Empty when they come without one.
    region: str = ""
    #: Goes with keys that were lent for some hours.
    session_token: Secret | None = None


def s3_keys(text: Secret) -> KeyPair:
    """Of `key:secret:region`; the region may be left out where the destination names one."""
    words = text.reveal().split(":")
    if len(words) not in {2, 3}:
        raise _refusal(_S3_FORM, f"they have {len(words)} parts between colons")
    key_id, secret, region = [*words, ""][:3]
    _check(_S3_FORM, key_id, secret)
    if region and not _REGION.fullmatch(region):
        raise _refusal(_S3_FORM, "the last part is no region: are the parts in this order?")
    if len(words) == 3 and not region:
        raise _refusal(_S3_FORM, "the region is empty")
    return KeyPair(key_id=key_id, secret=Secret(secret), region=region)


def gcs_keys(text: Secret) -> KeyPair:
    """Of `key:secret`, an HMAC key of Cloud Storage's interoperability."""
    words = text.reveal().split(":")
    if words[0].lstrip().startswith("{"):
        raise _refusal(_GCS_FORM, "this is a service account's JSON: make an HMAC key in the bucket's interoperability")
    if len(words) != 2:
        raise _refusal(_GCS_FORM, f"they have {len(words)} parts between colons")
    _check(_GCS_FORM, *words)
    return KeyPair(key_id=words[0], secret=Secret(words[1]), region="auto")


def _check(form: str, key_id: str, secret: str) -> None:
    for what, word in (("key", key_id), ("secret", secret)):
        if not word:
            raise _refusal(form, f"the {what} is empty")
        if not _WORD.fullmatch(word):
            raise _refusal(form, f"the {what} holds a space, a line break or a letter that no key has")


def _refusal(form: str, reason: str) -> DestinationRefused:
    return DestinationRefused(f"these credentials are not of the form {form}: {reason}; copy them again")
