"""A user's own bucket as the API takes it: six words, some of which may be said later. Pure; knows no store.

Its secret is by the vault's name here, never itself.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from connector.domain.secret import Secret
from connector.domain.setting_changes import STORAGE, near
from connector.errors import BadRequest

#: In the place of a secret; sent back, it means the one that is there.
HIDDEN: Final = "***"
#: As they are sent, and where each is kept.
STORAGE_FIELDS: Final[Mapping[str, str]] = {
    "s3Endpoint": "endpoint",
    "s3Region": "region",
    "s3Bucket": "bucket",
    "s3AccessKey": "access_key",
    "s3SecretKey": "secret_name",
    "s3PublicEndpoint": "public_endpoint",
}
_LONGEST: Final = 1024
#: As old servers have them, too; nothing that means something in an address.
_BUCKET: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{1,61}[A-Za-z0-9]")
_REGION: Final = re.compile(r"[A-Za-z0-9-]{0,63}")
_KEY: Final = re.compile(r"[!-9;-~]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnStorage:
    endpoint: str = ""
    region: str = ""
    bucket: str = ""
    access_key: str = ""
    #: What the vault calls it.
    secret_name: str = ""
    public_endpoint: str = ""

    @property
    def shown(self) -> Mapping[str, str]:
        """Without its secret, and without what is not said."""
        said = {name: str(getattr(self, kept)) for name, kept in STORAGE_FIELDS.items()}
        return {name: HIDDEN if name == "s3SecretKey" else value for name, value in said.items() if value}


#: Of which nothing is said.
NO_STORAGE: Final = OwnStorage()


def merged(old: OwnStorage, change: Mapping[str, object]) -> tuple[OwnStorage | None, Secret | None]:
    """With what is said laid over what is there; the secret, if a new one is said. None: the bucket is given up."""
    words = {name: _word(name, value) for name, value in change.items()}
    secret = words.pop("s3SecretKey", HIDDEN)
    new = replace(old, **{STORAGE_FIELDS[name]: word for name, word in words.items()})
    if not secret:
        new = replace(new, secret_name="")
    if not new.endpoint and not new.bucket:
        return None, None
    is_new = bool(secret) and secret != HIDDEN
    _check(new, has_secret=is_new or bool(new.secret_name))
    return new, Secret(secret) if is_new else None


def written(storage: OwnStorage) -> str:
    """As a row has it."""
    return json.dumps({name: getattr(storage, kept) for name, kept in STORAGE_FIELDS.items()})


def read(text: str) -> OwnStorage:
    """ValueError for what another release may have written."""
    said = json.loads(text)
    if not isinstance(said, dict) or not all(isinstance(value, str) for value in said.values()):
        raise ValueError("this is no storage")
    return OwnStorage(**{kept: said[name] for name, kept in STORAGE_FIELDS.items() if name in said})


def _word(name: str, value: object) -> str:
    if name not in STORAGE_FIELDS:
        raise _wrong(name, f"there is no {name!r} of a storage{near(name, STORAGE_FIELDS)}")
    if value is None:
        return ""
    if not isinstance(value, str) or len(value) > _LONGEST or not value.isprintable():
        # Not repeated: it may be the secret.
        raise _wrong(name, f"a text of at most {_LONGEST} signs is wanted")
    return value.strip()


def _check(storage: OwnStorage, *, has_secret: bool) -> None:
    if not storage.endpoint or not storage.bucket:
        name = "s3Bucket" if storage.endpoint else "s3Endpoint"
        raise _wrong(name, "is missing: s3Endpoint and s3Bucket go together; leave out both to give the bucket up")
    if not _BUCKET.fullmatch(storage.bucket):
        raise _wrong("s3Bucket", f"{storage.bucket!r} is no bucket's name")
    if not _REGION.fullmatch(storage.region):
        raise _wrong("s3Region", f"{storage.region!r} is no region: write it as eu-central-1")
    if not _KEY.fullmatch(storage.access_key):
        raise _wrong("s3AccessKey", "is missing, or holds a sign that no key has")
    if not has_secret:
        raise _wrong("s3SecretKey", "is missing: the machine's own keys are not for users' buckets")


def _wrong(name: str, detail: str) -> BadRequest:
    return BadRequest(f"{name}: {detail}", pointer=f"/{STORAGE}/{name}")
