"""What opens an Azure account to us: its key, or a shared access signature. Pure; no refusal tells what was given."""

import base64
import binascii
import hashlib
import hmac
import re
from dataclasses import dataclass
from typing import TypeAlias
from urllib.parse import parse_qs

from connector.domain.secret import Secret
from connector.errors import DestinationRefused

_KEY_BYTES = 64
#: A query as Azure's pages give it out; nothing that would end it early or break a line.
_TOKEN = re.compile(r"[A-Za-z0-9%=&+/:._~,;-]+")


@dataclass(frozen=True, slots=True)
class AccountKey:
    """May do everything with everything in the account."""

    #: As Azure shows it, in base64.
    secret: Secret

    def signature(self, text: str) -> str:
        key = base64.b64decode(self.secret.reveal())
        return base64.b64encode(hmac.digest(key, text.encode(), hashlib.sha256)).decode()


@dataclass(frozen=True, slots=True)
class SharedAccess:
    """May do what its maker wrote into it, until the day he wrote into it; perhaps only create and write."""

    #: A URL's query, without the question mark.
    token: Secret


AzureKeys: TypeAlias = AccountKey | SharedAccess


def azure_keys(text: Secret) -> AzureKeys:
    """Of an account's key, or of a shared access signature (`sv=…&sig=…`)."""
    given = text.reveal().strip()
    if "AccountKey=" in given:
        raise _refusal("this is a connection string: give what stands behind its AccountKey=")
    if "sig=" in given:
        return _shared_access(given.removeprefix("?"))
    try:
        size_bytes = len(base64.b64decode(given, validate=True))
    except (binascii.Error, ValueError):
        # Not `from` it: that one's words could hold a part of the key.
        raise _refusal("it is not base64") from None
    if size_bytes != _KEY_BYTES:
        raise _refusal(f"it holds {size_bytes} bytes of {_KEY_BYTES}")
    return AccountKey(Secret(given))


def _shared_access(token: str) -> SharedAccess:
    if "://" in token:
        raise _refusal("this is a whole URL: give what stands behind its question mark")
    if not _TOKEN.fullmatch(token):
        raise _refusal("the signature holds a letter that belongs into no URL")
    if not {"sv", "sig"} <= parse_qs(token).keys():
        raise _refusal("the signature lacks its sv= or sig=")
    return SharedAccess(Secret(token))


def _refusal(reason: str) -> DestinationRefused:
    return DestinationRefused(
        f"these credentials are neither an Azure account's key nor a shared access signature: {reason}; copy them again"
    )
