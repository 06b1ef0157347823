"""The first start: a house without any key gets one, and whoever starts it sees it once."""

from typing import TextIO

from connector.domain.access import KeyRole
from connector.ports.accounts import Account, Accounts
from connector.ports.clock import Clock
from connector.services.auditing import Auditing
from connector.services.keys import KeyWish, new_key

_BY = "first start"


async def print_first_key(accounts: Accounts, clock: Clock, out: TextIO, auditing: Auditing | None = None) -> bool:
    """Whether it was printed. Not by the log: logs are kept, and go elsewhere. Raises CatalogueUnavailable."""
    wish = KeyWish(name="first key", roles=(KeyRole.ADMIN,))
    made = new_key(wish, _BY, clock.now(), organisation=None)
    if not await accounts.add_first(Account(made.key, made.digest)):
        return False
    print(
        f"callreel: the first key of the API, an administrator's for the whole house; nobody can show it again:\n"
        f"{made.text.reveal()}\n"
        f"callreel: sign in to the page with it, or send it as 'Authorization: Bearer KEY'; others: callreel keys add; "
        f"its end: callreel keys revoke {made.key.id}",
        file=out,
        flush=True,
    )
    if auditing is not None:
        await auditing.done_by(_BY, "key.made", subject=made.key.id, name=made.key.name, roles=[KeyRole.ADMIN])
    return True
