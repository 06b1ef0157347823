"""A vault in memory, which may lose what it was given."""

import hashlib
from collections.abc import Collection

from connector.domain.secret import Secret
from connector.errors import SecretLost


class MemoryVault:
    """The Vault; `secrets` is what lies in it."""

    def __init__(self) -> None:
        self.secrets: dict[str, Secret] = {}
        self.forgetting: list[tuple[float, set[str]]] = []

    async def keep(self, secret: Secret) -> str:
        name = f"s-{hashlib.sha256(secret.reveal().encode()).hexdigest()[:32]}"
        self.secrets[name] = secret
        return name

    async def reveal(self, name: str) -> Secret:
        if name not in self.secrets:
            raise SecretLost(f"nothing is kept as {name!r}: give these credentials again")
        return self.secrets[name]

    async def forget_unused(self, kept_before: float, still_used: Collection[str]) -> int:
        """Remembers that it was asked."""
        self.forgetting.append((kept_before, set(still_used)))
        return 0
