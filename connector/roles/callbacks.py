"""The control callbacks as the configuration has them: who is asked about which call, and by what.

What only few houses need is loaded when it is needed first: capture stays small.
"""

from collections.abc import Collection

from connector.catalogue.store import Catalogue
from connector.config.house_rules import directory, policies
from connector.domain.call import Call
from connector.domain.ids import Moment
from connector.domain.rulings import call_facts
from connector.domain.secret import Secret
from connector.ports.clock import Clock
from connector.ports.poster import Letter, Poster, Reply
from connector.ports.vault import Vault
from connector.roles.house_key import house_key
from connector.services.asking import Callbacks
from connector.settings import Settings


class LatePoster:
    """The Poster."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._poster: Poster | None = None

    async def post(self, letter: Letter) -> Reply:
        if self._poster is None:
            from connector.network.posting import HttpPoster

            self._poster = HttpPoster(self._clock)
        return await self._poster.post(letter)


class LateVault:
    """The Vault."""

    def __init__(self, settings: Settings, catalogue: Catalogue, clock: Clock) -> None:
        self._settings = settings
        self._catalogue = catalogue
        self._clock = clock

    async def keep(self, secret: Secret) -> str:
        return await self._vault().keep(secret)

    async def reveal(self, name: str) -> Secret:
        return await self._vault().reveal(name)

    async def forget_unused(self, kept_before: float, still_used: Collection[str]) -> int:
        return await self._vault().forget_unused(kept_before, still_used)

    def _vault(self) -> Vault:
        from connector.catalogue.vault import VaultRows

        return VaultRows(self._catalogue.database, house_key(self._settings), self._clock.now)


def callbacks(settings: Settings) -> Callbacks:
    rules = policies(settings)
    directories = {name: directory(settings, name) for name in settings.pbx}

    def asked_about(call: Call, at: Moment) -> str:
        policy, own = rules.get(call.organisation), directories.get(call.pbx)
        return policy.callback_of(call_facts(call, own, at)) if policy and own else ""

    return Callbacks(endpoints=settings.callbacks, asked_about=asked_about, public_url=settings.api.public_url)
