"""Where secrets lie that must outlive a process: encrypted, each under a name that tells nothing of it."""

from collections.abc import Collection
from typing import Protocol

from connector.domain.secret import Secret


class Vault(Protocol):
    """Every method raises CatalogueUnavailable when the catalogue cannot answer now."""

    async def keep(self, secret: Secret) -> str:
        """Durably; returns its name, which is the same one whenever the same secret is kept."""
        ...

    async def reveal(self, name: str) -> Secret:
        """Raises SecretLost for a name that is not known, or was sealed with a key that this house does not have."""
        ...

    async def forget_unused(self, kept_before: float, still_used: Collection[str]) -> int:
        """What was kept before that moment and is neither named there nor by any delivery that may still be asked for;
        returns how many."""
        ...
