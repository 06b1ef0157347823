"""Which bucket, where, and how to speak to it. Pure; knows no key, except one that a proxy's address may hold."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from urllib.parse import quote

from connector.domain.secret import Secret

#: Cloud Storage's interoperability: path style, region `auto`, and conditions that are headers of its own, which do not
#: mix with S3's.
GOOGLE_ENDPOINT = "https://storage.googleapis.com"


class Addressing(StrEnum):
    """Where the bucket's name stands: in the path, or before the host's name."""

    #: In the path at an endpoint of one's own, before the host's name at Amazon.
    AUTO = "auto"
    PATH = "path"
    VIRTUAL = "virtual"


class Conditions(StrEnum):
    """Whether the server keeps its word on `If-None-Match: *`; `test-destination` finds out."""

    #: Send it and look before as well.
    UNKNOWN = "unknown"
    #: Send it; no need to look.
    HONOURED = "honoured"
    #: Do not send it (some refuse it): look before, and hope.
    IGNORED = "ignored"


class Checksums(StrEnum):
    """What the server does with a Content-MD5; `test-destination` finds out."""

    #: Send it, and take it for looked at.
    UNKNOWN = "unknown"
    #: Refuses bytes that are others.
    CHECKED = "checked"
    #: Takes it and whatever comes with it: what its answer does not prove is read back.
    UNCHECKED = "unchecked"
    #: Refuses it: do not send it, and read back likewise.
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class S3Place:
    """A bucket that speaks S3. What is empty is not sent: many servers refuse what they do not know."""

    bucket: str
    #: s3 or gs, for addresses.
    scheme: str = "s3"
    #: Empty: Amazon's.
    endpoint: str = ""
    #: Links are signed for this one; empty: for `endpoint`.
    public_endpoint: str = ""
    #: Empty: the credentials' own, else us-east-1.
    region: str = ""
    addressing: Addressing = Addressing.AUTO
    conditions: Conditions = Conditions.UNKNOWN
    checksums: Checksums = Checksums.UNKNOWN
    #: An authority of one's own that signed the server's certificate.
    ca_file: Path | None = None
    #: May hold a password. None: the environment's HTTPS_PROXY, if any.
    proxy: Secret | None = None
    storage_class: str = ""
    #: AES256 or aws:kms.
    encryption: str = ""
    kms_key: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    metadata: Mapping[str, str] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """Tells it from every other place, without any secret."""
        return f"{self.scheme}://{self.bucket}" + (f" at {self.endpoint}" if self.endpoint else "")

    def url(self, name: str) -> str:
        return f"{self.scheme}://{self.bucket}/{quote(name)}"
