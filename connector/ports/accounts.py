"""The keys of the API: their facts, and a digest that tells nothing of the key itself."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from connector.domain.access import ApiKey
from connector.domain.ids import Moment


@dataclass(frozen=True, slots=True)
class Account:
    """A key as it is kept."""

    key: ApiKey
    #: Of the whole key.
    digest: str
    #: The vault's name of its secret, for keys that sign requests.
    sealed_as: str = ""


class Accounts(Protocol):
    """Every method raises CatalogueUnavailable when the catalogue cannot answer now."""

    async def add(self, account: Account) -> None:
        """Raises Conflict for an id that is taken."""
        ...

    async def add_first(self, account: Account) -> bool:
        """The same, if there was never any key; whether it was added. Of several that ask at once one does."""
        ...

    async def replace(self, key_id: str, until: Moment, account: Account) -> bool:
        """Adds the new one, and lets the old one end at that moment unless it ends sooner: both or neither. False when
        the old one is not good any more."""
        ...

    async def find(self, key_id: str) -> Account | None:
        """None when unknown."""
        ...

    async def signers(self, organisation: str) -> Sequence[Account]:
        """That organisation's keys that sign and are not revoked."""
        ...

    async def listed(self, organisation: str | None, *, limit: int, after: str = "") -> Sequence[ApiKey]:
        """That organisation's (None: all), the newest first, revoked ones too; `after` = the last id of the page
        before."""
        ...

    async def revoke(self, key_id: str, at: Moment) -> bool:
        """Whether there was one to revoke; a revoked one stays as it is."""
        ...

    async def used(self, key_id: str, at: Moment) -> None: ...
