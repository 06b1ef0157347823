"""Which container, where, and what its blobs are given. Pure; knows no key, but a proxy's address may hold one."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, urlsplit

from connector.domain.secret import Secret
from connector.errors import DestinationRefused

_ACCOUNT = re.compile(r"[a-z0-9]{3,24}")
_CONTAINER = re.compile(r"\$root|\$web|[a-z0-9](-?[a-z0-9])*")


@dataclass(frozen=True, slots=True, kw_only=True)
class AzurePlace:
    """A container of an account. What is empty is not sent. DestinationRefused for names that Azure has not: the
    account's becomes a host's name."""

    account: str
    container: str
    #: Empty: Azure's own for that account. An emulator's has the account as its path.
    endpoint: str = ""
    #: Links are made for this one; empty: for `endpoint`.
    public_endpoint: str = ""
    #: An authority of one's own that signed the server's certificate.
    ca_file: Path | None = None
    #: May hold a password. None: the environment's HTTPS_PROXY, if any.
    proxy: Secret | None = None
    #: Hot, Cool, Cold or Archive.
    access_tier: str = ""
    encryption_scope: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    #: In their names only letters, digits and _ are known there: all else becomes _.
    metadata: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not _ACCOUNT.fullmatch(self.account):
            raise DestinationRefused(
                f"{self.account!r} is no storage account (3 to 24 small letters and digits): mend its name"
            )
        if not _CONTAINER.fullmatch(self.container) or not 3 <= len(self.container) <= 63:
            raise DestinationRefused(
                f"{self.container!r} is no container (3 to 63 small letters, digits and single hyphens): mend its name"
            )

    @property
    def id(self) -> str:
        """Tells it from every other place, without any secret."""
        return f"azure://{self.account}/{self.container}" + (f" at {self.endpoint}" if self.endpoint else "")

    @property
    def base(self) -> str:
        """What requests begin with."""
        return (self.endpoint or f"https://{self.account}.blob.core.windows.net").rstrip("/")

    @property
    def public_base(self) -> str:
        return self.public_endpoint.rstrip("/") or self.base

    @property
    def base_path(self) -> str:
        """What stands before the container in the path: the account, where the host's name does not hold it."""
        return urlsplit(self.base).path

    def path(self, name: str) -> str:
        """Behind the base, as it goes on the wire and is signed."""
        return f"/{self.container}/{quote(name)}"

    def url(self, name: str) -> str:
        return f"azure://{self.account}/{self.container}/{quote(name)}"
