"""What holds while a role runs: config.yaml, read again on SIGHUP, with the settings by API laid over it, looked for
every second. What is bad or cannot be had leaves what runs as it is.
"""

import asyncio
import json
import logging
import os
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Final

from connector.config.house_rules import destination_names, organisation_settings, organisations
from connector.config.loading import load
from connector.config.origins import Origins
from connector.config.overlay import Laid, Secrets, destination_of, effective, laid
from connector.config.reloading import changes
from connector.domain import own_storage
from connector.domain.own_storage import OwnStorage
from connector.domain.secret import Secret
from connector.domain.setting_changes import STORAGE, EffectiveSettings, RefusedSetting
from connector.domain.setting_origins import KnownAgent, Origin
from connector.errors import CatalogueUnavailable, ConfigError, SecretLost
from connector.ports.changed_settings import ChangedSetting, ChangedSettings
from connector.ports.clock import Clock
from connector.ports.vault import Vault
from connector.roles import logs
from connector.roles.lifeline import Lifeline
from connector.settings import DestinationSettings, Settings

log = logging.getLogger(__name__)

Apply = Callable[[Settings], None]

_POLL_SECONDS: Final = 1.0
#: No row of a catalogue says so.
_NEVER: Final = -1


async def follow_configuration(life: Lifeline, config: Path, settings: Settings, apply: Apply) -> None:
    """For ever: each time that a reload is asked for, apply what can change while everything runs."""
    while True:
        await life.reload_requested.wait()
        life.reload_requested.clear()
        try:
            new = load(config, os.environ)
            apply(new)
        except ConfigError as error:
            log.error("configuration refused, the old one stays", extra={"hint": str(error)})
        else:
            differing = changes(settings, new)
            logs.set_up(new.log.format, new.log.level, mask_numbers=new.log.mask_numbers)
            facts = {"live": ", ".join(differing.live), "needs_restart": ", ".join(differing.needs_restart)}
            log.info("configuration read again", extra=facts)
            settings = new
        life.ready()


class Overlay:
    """The file's settings with those of the API laid over them. `vault`: for whoever reaches destinations; without one
    their secrets stay sealed. `copy`: a file for whoever begins without the catalogue, too; no secret is in it."""

    def __init__(
        self,
        file: Settings,
        rows: ChangedSettings,
        clock: Clock,
        *,
        vault: Vault | None = None,
        copy: Path | None = None,
    ) -> None:
        self._file = file
        self._rows = rows
        self._clock = clock
        self._vault = vault
        self._copy = copy
        self._changed: Sequence[ChangedSetting] = ()
        self._secrets: Secrets = {}
        self._revision = _NEVER
        self._refused: Sequence[RefusedSetting] = ()
        self._settings = file
        self._apply: Apply = lambda _: None
        self._refreshing = asyncio.Lock()

    @property
    def file(self) -> Settings:
        """As config.yaml says, and nobody else."""
        return self._file

    @property
    def settings(self) -> Settings:
        """What holds now."""
        return self._settings

    def follow(self, apply: Apply) -> None:
        """Whom every change is told to from now on; what holds now is told at once."""
        self._apply = apply
        apply(self._settings)

    def reload(self, file: Settings) -> None:
        """Another file. Raises ConfigError, and leaves everything as it was, when it cannot be applied."""
        was, self._file = self._file, file
        try:
            self._lay()
        except ConfigError:
            self._file = was
            raise

    async def recall(self) -> None:
        """Before the first call is decided. Without the catalogue what held last holds, as far as it is known."""
        try:
            await self.refresh()
        except CatalogueUnavailable as error:
            copied = _copied(self._copy) if self._copy is not None else None
            known = "config.yaml alone holds" if copied is None else f"the last {len(copied)} that are known hold"
            log.warning("settings by API cannot be had", extra={"hint": f"{error}; {known} until then"})
            self._changed = copied or ()
            self._lay()

    async def run(self) -> None:
        """For ever: what was changed anywhere holds here within some seconds."""
        while True:
            await self._clock.sleep_until(self._clock.now() + _POLL_SECONDS)
            with suppress(CatalogueUnavailable):
                if await self._rows.revision() != self._revision:
                    await self.refresh()

    async def refresh(self) -> None:
        """What is in the catalogue holds here from now on. Raises CatalogueUnavailable, and changes nothing."""
        async with self._refreshing:
            # Before the rows: what is changed between is another revision, and looked at again.
            revision = await self._rows.revision()
            changed = await self._rows.all()
            secrets = await self._revealed(changed)
            # Of a thousand organisations it takes a while: calls go on meanwhile.
            file, found = self._file, await asyncio.to_thread(laid, self._file, changed, secrets)
            self._secrets, self._changed = secrets, changed
            if file is self._file:
                self._hold(found)
            else:
                self._lay()
            self._revision = revision
        if self._copy is not None:
            await asyncio.to_thread(_keep, self._copy, changed)

    @property
    def organisations(self) -> Collection[str]:
        return organisations(self._file)

    def refused(self, changed: Sequence[ChangedSetting]) -> Sequence[RefusedSetting]:
        return laid(self._file, changed, self._secrets).refused

    def effective(self, changed: Sequence[ChangedSetting], organisation: str) -> EffectiveSettings:
        return effective(laid(self._file, changed, self._secrets).settings, organisation)

    def origins(self, changed: Sequence[ChangedSetting], organisation: str) -> Mapping[str, Origin]:
        return Origins(self._file, changed, self.refused(changed), organisation).all()

    def agents(self, changed: Sequence[ChangedSetting], organisation: str) -> Sequence[KnownAgent]:
        return Origins(self._file, changed, self.refused(changed), organisation).agents()

    def destination(self, storage: OwnStorage, secret: Secret) -> DestinationSettings:
        return destination_of(storage, secret)

    def destinations(self, organisation: str) -> Mapping[str, DestinationSettings]:
        own = organisation_settings(self._file, organisation).destination
        if isinstance(own, DestinationSettings):
            return {f"organisation:{organisation}": own}
        names = destination_names(self._file, organisation)
        return {name: self._file.destinations[name] for name in names if name in self._file.destinations}

    def _lay(self) -> None:
        self._hold(laid(self._file, self._changed, self._secrets))

    def _hold(self, found: Laid) -> None:
        if found.settings != self._settings:
            self._apply(found.settings)
            self._settings = found.settings
        for one in found.refused:
            if one not in self._refused:
                facts = {"organisation": one.organisation, "setting": one.name, "hint": one.reason}
                log.warning("a setting by API does not hold", extra=facts)
        self._refused = found.refused

    async def _revealed(self, changed: Sequence[ChangedSetting]) -> Secrets:
        names = {name for row in changed if row.name == STORAGE and (name := _secret_name(row))}
        if self._vault is None:
            return {}
        secrets = {}
        for name in sorted(names):
            try:
                secrets[name] = self._secrets.get(name) or await self._vault.reveal(name)
            except SecretLost as error:
                # What is recorded for that storage waits here until its keys are given again.
                log.error("the keys of a storage by API are lost", extra={"hint": str(error)})
        return secrets


def _secret_name(row: ChangedSetting) -> str:
    with suppress(ValueError):
        return own_storage.read(row.value).secret_name
    return ""


def _keep(path: Path, changed: Sequence[ChangedSetting]) -> None:
    """Whole or not at all. A disk without room keeps the old one: calls go on being recorded."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o640), "w", encoding="utf-8") as file:
            json.dump([asdict(row) for row in changed], file, ensure_ascii=False)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except OSError as error:
        log.warning("settings by API could not be copied", extra={"hint": f"{path}: {error}"})
        with suppress(OSError):
            beside.unlink(missing_ok=True)


def _copied(path: Path) -> Sequence[ChangedSetting] | None:
    try:
        return [ChangedSetting(**row) for row in json.loads(path.read_text(encoding="utf-8"))]
    except (OSError, ValueError, TypeError):
        return None
