"""A door for tests: each key is its role's word, of one organisation or of the house."""

from connector.domain.access import Access, ApiKey, KeyRole, Limits
from connector.errors import KeyRefused, NotPermitted
from tests.builders import MORNING


def an_access(
    *roles: KeyRole, organisation: str | None = "default", id: str = "key-1", limits: Limits | None = None
) -> Access:
    key = ApiKey(
        id=id,
        name="",
        organisation=organisation,
        roles=roles or (KeyRole.ADMIN,),
        limits=limits or Limits(),
        created_at=MORNING,
    )
    return Access(key=key, address="192.0.2.1")


class Keyring:
    """The doorkeeper; `known` is who may come in, by what he shows."""

    def __init__(self) -> None:
        self.known = {role.value: an_access(role, id=f"key-{role}") for role in KeyRole}
        self.known["stranger"] = an_access(organisation="another", id="key-stranger")
        self.known["house"] = an_access(organisation=None, id="key-house")

    async def admitted(self, shown: str, address: str) -> Access:
        if shown not in self.known:
            raise KeyRefused("this is no key")
        return self.known[shown]

    def check(self, access: Access, role: KeyRole) -> None:
        if not access.key.may(role):
            raise NotPermitted(f"a key with the role {role} is wanted")
