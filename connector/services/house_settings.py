"""Settings by API: what holds for an organisation, and changes of it. Knows rows and the vault; what a change means
for the configuration is asked of the house that it is laid over.

A storage is tried before it is taken, and nothing is changed before it is in the audit log.
"""

import json
import logging
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Final, Protocol

from connector.domain import own_storage, setting_changes
from connector.domain.access import NO_LIMITS, Access, KeyRole, Limits
from connector.domain.diagnosis import Finding, Level
from connector.domain.ids import Moment
from connector.domain.own_storage import NO_STORAGE, OwnStorage
from connector.domain.policy import Switch
from connector.domain.secret import Secret
from connector.domain.setting_changes import (
    STORAGE,
    EffectiveSettings,
    RefusedSetting,
    SettingsChange,
    agent_setting,
    pointer,
)
from connector.domain.setting_origins import KnownAgent, Origin, Source
from connector.errors import BadRequest, CatalogueUnavailable, NotFound, NotPermitted
from connector.ports.changed_settings import ChangedSetting, ChangedSettings
from connector.ports.clock import Clock
from connector.ports.seen_agents import SeenAgent, SeenAgents
from connector.ports.vault import Vault
from connector.services.storage_trying import StorageTrial, StorageTrying, Tried
from connector.settings import DestinationSettings

log = logging.getLogger(__name__)

#: Of each organisation; every node lays all of them over its file.
_MOST: Final = 1000
#: Of those whom only calls name, so many are listed.
MOST_SEEN_AGENTS: Final = 2000
_TRIAL_SECONDS: Final = 45.0


class LaidHouse(Protocol):
    """The configuration of now, over which settings by API are laid."""

    @property
    def organisations(self) -> Collection[str]: ...

    def refused(self, changed: Sequence[ChangedSetting]) -> Sequence[RefusedSetting]:
        """What of these would not hold, and why."""
        ...

    def effective(self, changed: Sequence[ChangedSetting], organisation: str) -> EffectiveSettings:
        """What holds with them."""
        ...

    def origins(self, changed: Sequence[ChangedSetting], organisation: str) -> Mapping[str, Origin]:
        """By the setting's name: where what holds with them comes from."""
        ...

    def agents(self, changed: Sequence[ChangedSetting], organisation: str) -> Sequence[KnownAgent]:
        """Whom the configuration or these name, by their ids."""
        ...

    def destination(self, storage: OwnStorage, secret: Secret) -> DestinationSettings:
        """Raises BadRequest for what is no address."""
        ...

    def destinations(self, organisation: str) -> Mapping[str, DestinationSettings]:
        """By name: where its recordings go as the configuration says."""
        ...

    async def refresh(self) -> None:
        """What is in the catalogue holds here from now on. Raises CatalogueUnavailable."""
        ...


class Audit(Protocol):
    async def done(
        self, access: Access, action: str, *, subject: str = "", organisation: str | None = None, **details: object
    ) -> None:
        """It is in the log when this returns."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlaid:
    """One setting that the API has changed."""

    organisation: str
    name: str
    #: Of a storage without its secret.
    value: object
    by: str
    at: Moment
    #: Why it does not hold; "" when it does.
    refused: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingsView:
    organisation: str
    effective: EffectiveSettings
    #: In the words of own_storage.STORAGE_FIELDS; None: the house's, or not for who asks.
    storage: Mapping[str, str] | None
    changed: tuple[Overlaid, ...]
    #: By the setting's name; empty: it is not for who asks.
    origins: Mapping[str, Origin]
    #: Of the storage that was tried just now.
    findings: tuple[Finding, ...] = field(default=())


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentsView:
    organisation: str
    #: By their ids.
    agents: tuple[KnownAgent, ...]


#: Rules name queues and numbers: how a house is run is its administrators' business.
_UNTOLD: Final = Origin(source=Source.DEFAULT)


class HouseSettings:
    def __init__(
        self,
        rows: ChangedSettings,
        seen_agents: SeenAgents,
        vault: Vault,
        house: LaidHouse,
        trial: StorageTrial,
        auditing: Audit,
        clock: Clock,
        *,
        trial_seconds: float = _TRIAL_SECONDS,
    ) -> None:
        self._rows = rows
        self._seen_agents = seen_agents
        self._vault = vault
        self._house = house
        self._trying = StorageTrying(trial, vault, trial_seconds)
        self._auditing = auditing
        self._clock = clock

    async def view(self, access: Access, organisation: str | None = None) -> SettingsView:
        """Raises NotFound for an organisation that is not his, BadRequest where he has to say which one."""
        return self._view(access, self._whose(access, organisation), await self._rows.all())

    async def agents(self, access: Access, organisation: str | None = None) -> AgentsView:
        """Whom settings name, and who has had calls. A key that is limited to some sees those. Raises as `view`
        does."""
        whose, limits = self._whose(access, organisation), access.key.limits
        rows = [row for row in await self._rows.all() if row.organisation == whose]
        # Whose calls those are that he may not see is not for him, either.
        sees_all = not (limits.tags or limits.numbers)
        seen = await self._seen_agents.of(whose, most=MOST_SEEN_AGENTS) if sees_all else ()
        found = [one for one in _met(self._house.agents(rows, whose), seen) if _is_his(limits, one.id)]
        if not access.key.may(KeyRole.ADMIN):
            found = [replace(one, origin=_UNTOLD) for one in found]
        return AgentsView(organisation=whose, agents=tuple(found))

    async def change(self, access: Access, organisation: str | None, change: SettingsChange) -> SettingsView:
        """All of it or nothing; it holds here when this returns, and everywhere two seconds later. Raises BadRequest
        pointing to what is wrong, also when the storage fails its trial; NotFound as `view` does."""
        whose = self._whose(access, organisation)
        _check_limits(access.key.limits, change)
        rows = await self._rows.all()
        own = {row.name: row for row in rows if row.organisation == whose}
        storage, secret = _storage(own.get(STORAGE), change)
        values = _values(own, change, storage, is_new=secret is not None)
        self._check(rows, whose, values, access)
        findings: Sequence[Finding] = ()
        if storage is not None and STORAGE in values:
            findings = await self._trying.findings(await self._destination(storage, secret))
            _refuse_bad(findings)
            values[STORAGE] = own_storage.written(await self._sealed(storage, secret))
        if values:
            await self._write(access, whose, values)
        return self._view(access, whose, await self._rows.all(), findings)

    async def tried(self, access: Access, organisation: str | None, words: Mapping[str, object] | None) -> Tried:
        """What is found if that storage is set; None: what holds now. Nothing is changed. Raises as `change` does."""
        whose = self._whose(access, organisation)
        change = SettingsChange(storage=words or {})
        # Whoever may not change it learns nothing of it, either.
        _check_limits(access.key.limits, replace(change, storage=None))
        own = {row.name: row for row in await self._rows.all() if row.organisation == whose}
        storage, secret = _storage(own.get(STORAGE), change)
        if storage is None:
            destinations = self._house.destinations(whose)
            await self._auditing.done(access, "storage.tested", organisation=whose, destinations=[*destinations])
            found = await self._trying.of_each(destinations, in_outline=access.organisation is not None)
        else:
            destination = await self._destination(storage, secret)
            shown = {**storage.shown, "s3SecretKey": own_storage.HIDDEN}
            await self._auditing.done(access, "storage.tested", organisation=whose, storage=shown)
            found = await self._trying.findings(destination)
        return Tried(tuple(found))

    async def overlaid(self, access: Access, organisation: str | None = None) -> Sequence[Overlaid]:
        """Everything that the API has changed, of one organisation or of all that he sees; of such, too, as the
        configuration does not have any more."""
        rows = await self._rows.all()
        wanted = organisation if access.organisation is None else access.organisation
        return self._overlaid(access, [row for row in rows if wanted in (None, row.organisation)])

    async def unset(self, access: Access, organisation: str, names: Sequence[str]) -> Sequence[str]:
        """Takes back what is there of these, however little sense it makes by now; returns their names. NotFound when
        nothing of it is there."""
        there = {row.name for row in await self._rows.all() if row.organisation == organisation}
        gone = [name for name in dict.fromkeys(names) if name in there]
        if missing := [name for name in names if name not in there]:
            known = ", ".join(sorted(there)) or "nothing"
            raise NotFound(f"{missing[0]!r} of {organisation!r} is not changed by the API: {known} is")
        await self._write(access, organisation, dict.fromkeys(gone))
        return gone

    async def close(self) -> None:
        """Trials that are still leaving are let go."""
        await self._trying.close()

    def _whose(self, access: Access, organisation: str | None) -> str:
        known, wanted = self._house.organisations, access.asked_of(organisation)
        if wanted is None and len(known) == 1:
            return next(iter(known))
        if wanted is None:
            raise BadRequest(f"say whose: organisation is one of {', '.join(known)}", pointer="organisation")
        if wanted not in known:
            raise NotFound(f"there is no organisation {wanted!r}")
        return wanted

    def _check(
        self, rows: Sequence[ChangedSetting], whose: str, values: Mapping[str, str | None], access: Access
    ) -> None:
        """As config.yaml is checked, and before anybody is asked."""
        if values.get(STORAGE) is not None:
            # An address that is none is pointed to.
            self._house.destination(own_storage.read(str(values[STORAGE])), Secret(""))
        at, by = self._clock.now(), access.by
        new = [
            ChangedSetting(organisation=whose, name=name, value=value, by=by, at=at)
            for name, value in values.items()
            if value is not None
        ]
        others = [row for row in rows if row.organisation == whose and row.name not in values]
        if len(others) + len(new) > _MOST:
            raise BadRequest(f"more than {_MOST} settings of one organisation: take some back before")
        for refused in self._house.refused([*others, *new]):
            if refused.name in values:
                raise BadRequest(f"{refused.name}: {refused.reason}", pointer=pointer(refused.name))

    async def _destination(self, storage: OwnStorage, secret: Secret | None) -> DestinationSettings:
        return self._house.destination(storage, secret or await self._trying.secret_of(storage))

    async def _sealed(self, storage: OwnStorage, secret: Secret | None) -> OwnStorage:
        return storage if secret is None else replace(storage, secret_name=await self._vault.keep(secret))

    async def _write(self, access: Access, whose: str, values: Mapping[str, str | None]) -> None:
        settings = {name: _shown(name, value) for name, value in values.items() if name != STORAGE}
        if settings:
            await self._auditing.done(access, "settings.changed", organisation=whose, settings=settings)
        if STORAGE in values:
            told = _shown(STORAGE, values[STORAGE])
            await self._auditing.done(access, "storage.changed", organisation=whose, storage=told)
        await self._rows.change(whose, values, by=access.by, at=self._clock.now())
        # It is in the catalogue: whoever asks there has it within a second, we too.
        with suppress(CatalogueUnavailable):
            await self._house.refresh()

    def _view(
        self, access: Access, whose: str, rows: Sequence[ChangedSetting], findings: Sequence[Finding] = ()
    ) -> SettingsView:
        own = [row for row in rows if row.organisation == whose]
        storage = _kept_storage(next((row for row in own if row.name == STORAGE), None))
        is_admin = access.key.may(KeyRole.ADMIN)
        effective = self._house.effective(own, whose)
        his = {one: switch for one, switch in effective.agents.items() if _is_his(access.key.limits, one)}
        origins = self._house.origins(own, whose) if is_admin else {}
        return SettingsView(
            organisation=whose,
            effective=replace(effective, agents=his),
            storage=storage.shown if storage is not None and is_admin else None,
            changed=tuple(self._overlaid(access, own)),
            origins={name: origin for name, origin in origins.items() if _is_told(access, name)},
            findings=tuple(findings),
        )

    def _overlaid(self, access: Access, rows: Sequence[ChangedSetting]) -> Sequence[Overlaid]:
        reasons = {(one.organisation, one.name): one.reason for one in self._house.refused(rows)}
        return [
            Overlaid(
                organisation=row.organisation,
                name=row.name,
                value=_shown(row.name, row.value),
                by=row.by,
                at=row.at,
                refused=reasons.get((row.organisation, row.name), ""),
            )
            for row in rows
            if _is_told(access, row.name)
        ]


def _refuse_bad(findings: Sequence[Finding]) -> None:
    failed = next((one for one in findings if one.level is Level.BAD), None)
    if failed is not None:
        fault = f"/{failed.subject}" if failed.subject in own_storage.STORAGE_FIELDS else ""
        raise BadRequest(f"{STORAGE} was not taken; {failed.subject}: {failed.what}", pointer=f"/{STORAGE}{fault}")


def _is_told(access: Access, name: str) -> bool:
    of_agent = agent_setting(name)
    if of_agent is not None:
        return _is_his(access.key.limits, of_agent.agent)
    return name != STORAGE or access.key.may(KeyRole.ADMIN)


def _is_his(limits: Limits, agent: str) -> bool:
    return not limits.agents or agent in limits.agents


def _met(known: Sequence[KnownAgent], seen: Sequence[SeenAgent]) -> Sequence[KnownAgent]:
    """Whom settings know, and whom calls do; what settings call him counts."""
    found = {one.id: one for one in known}
    for one in seen:
        nobody = KnownAgent(id=one.id, name="", switch=Switch(), origin=_UNTOLD)
        agent = found.get(one.id, nobody)
        found[one.id] = replace(agent, name=agent.name or one.name, last_call_at=one.last_call_at)
    return [found[id] for id in sorted(found)]


def _check_limits(limits: Limits, change: SettingsChange) -> None:
    """Who sees some calls only changes nothing for the others."""
    if limits == NO_LIMITS:
        return
    agents = {one.agent for name in change.values if (one := agent_setting(name)) is not None}
    is_others = change.storage is None or bool(change.storage) or any(not agent_setting(name) for name in change.values)
    if is_others or limits.tags or limits.numbers or not agents <= set(limits.agents):
        raise NotPermitted("this key is limited to some calls: what holds for all of them is changed with another one")


def _values(
    own: Mapping[str, ChangedSetting], change: SettingsChange, storage: OwnStorage | None, *, is_new: bool
) -> dict[str, str | None]:
    """What differs from what is there."""
    values: dict[str, str | None] = {}
    for name, said in change.values.items():
        setting_changes.check_name(name)
        values[name] = None if said is None else setting_changes.kept(name, said)
    values[STORAGE] = None if storage is None else own_storage.written(storage)
    is_there = {name: row.value for name, row in own.items()}
    return {
        name: value for name, value in values.items() if value != is_there.get(name) or (is_new and name == STORAGE)
    }


def _storage(row: ChangedSetting | None, change: SettingsChange) -> tuple[OwnStorage | None, Secret | None]:
    """What it shall be, and its secret if that is a new one."""
    old = _kept_storage(row)
    if change.storage is None:
        return None, None
    if not change.storage:
        return old, None
    return own_storage.merged(old or NO_STORAGE, change.storage)


def _kept_storage(row: ChangedSetting | None) -> OwnStorage | None:
    if row is not None:
        with suppress(ValueError):
            return own_storage.read(row.value)
    return None


def _shown(name: str, value: str | None) -> object:
    """As people may see it."""
    if value is None:
        return None
    try:
        return own_storage.read(value).shown if name == STORAGE else json.loads(value)
    except ValueError:
        return "what this version cannot read"
