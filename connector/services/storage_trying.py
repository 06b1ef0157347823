"""A storage tried out, within a time that somebody waits for, before it is taken or because somebody asks. Knows
settings of destinations and the vault; what a trial does is whose it is.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Protocol

from connector.domain.diagnosis import Finding, Level, bad
from connector.domain.own_storage import OwnStorage
from connector.domain.secret import Secret
from connector.domain.setting_changes import STORAGE
from connector.errors import BadRequest, SecretLost, TooManyRequests
from connector.ports.vault import Vault
from connector.settings import DestinationSettings

#: Whoever asks for more has them try other people's servers, and waits for nothing.
_AT_ONCE: Final = 4
_RETRY_SECONDS: Final = 5.0
#: What somebody is told of a destination that is not his.
_OUTLINES: Final[Mapping[Level, str]] = {
    Level.OK: "works",
    Level.NOTE: "works; there is something to know for who runs this house",
    Level.WARNING: "works, not as it should: who runs this house can find out why with callreel test-destination",
    Level.BAD: "does not work: who runs this house can find out why with callreel test-destination",
}


class StorageTrial(Protocol):
    async def findings(self, settings: DestinationSettings) -> Sequence[Finding]:
        """A small file put there, read back and deleted. Nothing is raised that can be a finding."""
        ...


@dataclass(frozen=True, slots=True)
class Tried:
    findings: tuple[Finding, ...]

    @property
    def is_good(self) -> bool:
        return all(one.level is not Level.BAD for one in self.findings)


class StorageTrying:
    def __init__(self, trial: StorageTrial, vault: Vault, trial_seconds: float) -> None:
        self._trial = trial
        self._vault = vault
        self._trial_seconds = trial_seconds
        self._under_way = 0
        #: Trials that took too long, while they take away what they have put.
        self._leaving: set[asyncio.Task[Sequence[Finding]]] = set()

    async def findings(self, destination: DestinationSettings) -> Sequence[Finding]:
        """One that does not answer in time is a finding, too. Raises TooManyRequests."""
        if self._under_way >= _AT_ONCE:
            raise TooManyRequests(
                f"{_AT_ONCE} storages are tried at this moment: again in some seconds",
                retry_after_seconds=_RETRY_SECONDS,
            )
        self._under_way += 1
        try:
            return await self._in_time(destination)
        finally:
            self._under_way -= 1

    async def of_each(self, destinations: Mapping[str, DestinationSettings], *, in_outline: bool) -> Sequence[Finding]:
        """One after the other, by their names. `in_outline`: for whom their addresses are not."""
        found = []
        for name, destination in destinations.items():
            for one in await self.findings(destination):
                what = _OUTLINES[one.level] if in_outline else one.what
                found.append(replace(one, subject=f"{name}: {one.subject}", what=what))
        return found

    async def secret_of(self, storage: OwnStorage) -> Secret:
        """The one that was kept. Raises BadRequest when it is lost."""
        try:
            return await self._vault.reveal(storage.secret_name)
        except SecretLost as error:
            name = "s3SecretKey"
            raise BadRequest(f"{name}: the one that was kept is lost: say it", pointer=f"/{STORAGE}/{name}") from error

    async def close(self) -> None:
        """Trials that are still leaving are let go."""
        for task in self._leaving:
            task.cancel()
        await asyncio.gather(*self._leaving, return_exceptions=True)

    async def _in_time(self, destination: DestinationSettings) -> Sequence[Finding]:
        task = asyncio.ensure_future(self._trial.findings(destination))
        try:
            await asyncio.wait((task,), timeout=self._trial_seconds)
        finally:
            if not task.done():
                self._let_go(task)
        if not task.done():
            return [bad("time", f"it did not answer within {self._trial_seconds:.0f} s", "")]
        return task.result()

    def _let_go(self, task: "asyncio.Task[Sequence[Finding]]") -> None:
        self._leaving.add(task)
        task.add_done_callback(self._leaving.discard)
        task.cancel()
