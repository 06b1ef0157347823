"""Settings by API laid over those of the file, and what holds then. Pure.

A row that contradicts the file does not hold, and is named: the file's own limits are the administrator's.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, TypeAlias

from connector.config.addresses import url
from connector.config.checks import check_organisations
from connector.config.house_rules import destination_names, organisation_settings, organisations, policies
from connector.domain import own_storage, setting_changes
from connector.domain.options import AudioFormat, ChannelLayout, RecordingOptions, TranscriptionOptions
from connector.domain.organisation import DEFAULT_ORGANISATION
from connector.domain.own_storage import OwnStorage
from connector.domain.policy import Switch, Word
from connector.domain.secret import Secret
from connector.domain.setting_changes import (
    STORAGE,
    EffectiveSettings,
    RefusedSetting,
    agent_setting,
    days,
)
from connector.errors import BadRequest
from connector.ports.changed_settings import ChangedSetting
from connector.settings import DestinationSettings, OrganisationSettings, OrganisationsSettings, Settings

#: What the vault's names stand for; what is lost is not among them.
Secrets: TypeAlias = Mapping[str, Secret]

#: What can contradict something else in the file.
_CHECKED: Final = frozenset({STORAGE, "retention_days"})
_NO_SECRET: Final = Secret("")
_STEREO: Final = (ChannelLayout.BOTH, ChannelLayout.STEREO)


@dataclass(frozen=True, slots=True, kw_only=True)
class Laid:
    settings: Settings
    refused: tuple[RefusedSetting, ...] = field(default=())


def laid_over(settings: Settings, changed: Sequence[ChangedSetting], secrets: Secrets) -> Settings:
    """The file's settings with all that the API changed and that may hold."""
    return laid(settings, changed, secrets).settings


def laid(settings: Settings, changed: Sequence[ChangedSetting], secrets: Secrets) -> Laid:
    """The same, and what of it does not hold."""
    refused = []
    new: dict[str, OrganisationSettings] = {}
    for row in changed:
        own = new.get(row.organisation) or organisation_settings(settings, row.organisation)
        try:
            new[row.organisation] = _with(settings, own, row, secrets)
        except ValueError as error:
            refused.append(RefusedSetting(organisation=row.organisation, name=row.name, reason=str(error)))
    # At once: a house of a thousand organisations is not made anew for each row.
    return Laid(settings=_replaced(settings, new), refused=tuple(refused))


def effective(settings: Settings, organisation: str) -> EffectiveSettings:
    """Of settings with everything laid over them."""
    policy, own = policies(settings)[organisation], organisation_settings(settings, organisation)
    options = policy.organisation_options.over(policy.default_options)
    names = destination_names(settings, organisation)
    of_destination = settings.destinations.get(names[0]) if names else own.destination
    usual = of_destination.link_seconds if isinstance(of_destination, DestinationSettings) else 3600.0
    return EffectiveSettings(
        recording_enabled=policy.usually_records,
        transcription_enabled=bool(options.transcription.enabled),
        transcription_locale=options.transcription.locale,
        multi_channel=options.channels in _STEREO,
        recording_format=str(options.format),
        retention_days=options.retention_days or 0,
        transcript_retention_days=options.transcript_retention_days,
        link_seconds=own.link_seconds or usual,
        agents=own.agent_switches,
    )


def destination_of(storage: OwnStorage, secret: Secret) -> DestinationSettings:
    """A user's bucket: its server is where config.yaml lets it be, and it is reached with its own keys only. BadRequest
    for what is no address."""
    addresses = {"s3Endpoint": storage.endpoint, "s3PublicEndpoint": storage.public_endpoint}
    for name, address in addresses.items():
        try:
            if address:
                url(address)
        except ValueError as error:
            raise BadRequest(f"{name}: {error}", pointer=f"/{STORAGE}/{name}") from error
    return DestinationSettings(
        url=f"s3://{storage.bucket}/",
        endpoint=storage.endpoint,
        public_endpoint=storage.public_endpoint,
        region=storage.region,
        # Of lost keys nothing is made up: whoever would store there says that they are none.
        credentials=Secret(f"{storage.access_key}:{secret.reveal()}") if secret else _NO_SECRET,
        is_guarded=True,
    )


def _with(settings: Settings, own: OrganisationSettings, row: ChangedSetting, secrets: Secrets) -> OrganisationSettings:
    """ValueError when it does not hold."""
    if row.organisation not in organisations(settings):
        raise ValueError("config.yaml has no such organisation (any more)")
    of_agent = agent_setting(row.name)
    if (of_agent.setting if of_agent else row.name) == "recording_enabled":
        _check_word(settings, row.organisation)
    if row.name == STORAGE:
        new = _with_storage(own, own_storage.read(row.value), secrets)
    elif of_agent is not None:
        new = _with_switch(own, of_agent.agent, of_agent.setting, setting_changes.read(row.name, row.value))
    elif row.name in _CHANGES:
        new = _CHANGES[row.name](own, setting_changes.read(row.name, row.value))
    else:
        raise ValueError("this version knows no such setting")
    if row.name in _CHECKED:
        _check(_only(settings, row.organisation, own), _only(settings, row.organisation, new))
    return new


def _check(before: Settings, after: Settings) -> None:
    """As the file is checked; what was wrong before is not this change's fault."""
    known = set(check_organisations(before))
    for finding in check_organisations(after):
        if finding not in known:
            raise ValueError(finding[1])


def _only(settings: Settings, organisation: str, own: OrganisationSettings) -> Settings:
    """A house of that organisation: the others are not in question."""
    known = {organisation: own} if settings.organisations.known else {}
    return replace(settings, organisations=OrganisationsSettings(known=known), default_organisation=own)


def _check_word(settings: Settings, organisation: str) -> None:
    """An administrator's force or never is nobody's to switch."""
    own = organisation_settings(settings, organisation).record
    where, word = f"organisations.{organisation}.record", own
    if own in (None, Word.DONTCARE):
        where, word = "defaults.record", settings.defaults.record
    if word is not None and word.is_final:
        raise ValueError(f"config.yaml says `{where}: {word}`, which no switch changes")


def _replaced(settings: Settings, new: Mapping[str, OrganisationSettings]) -> Settings:
    all_of_them = settings.organisations
    if not all_of_them.known:
        return replace(settings, default_organisation=new.get(DEFAULT_ORGANISATION, settings.default_organisation))
    known = {**all_of_them.known, **new}
    return replace(
        settings, organisations=OrganisationsSettings(by=all_of_them.by, unknown=all_of_them.unknown, known=known)
    )


def _with_options(own: OrganisationSettings, **said: Any) -> OrganisationSettings:
    return replace(own, options=RecordingOptions(**said).over(own.options))


def _with_switch(own: OrganisationSettings, agent: str, setting: str, value: bool) -> OrganisationSettings:
    field_name = {"recording_enabled": "record", "transcription_enabled": "transcription"}[setting]
    switch = replace(own.agent_switches.get(agent, Switch()), **{field_name: value})
    return replace(own, agent_switches={**own.agent_switches, agent: switch})


def _with_storage(own: OrganisationSettings, storage: OwnStorage, secrets: Secrets) -> OrganisationSettings:
    try:
        destination = destination_of(storage, secrets.get(storage.secret_name, _NO_SECRET))
    except BadRequest as error:
        raise ValueError(str(error)) from error
    options = replace(own.options, destination=None)
    return replace(own, destination=destination, destinations=(), options=options)


_CHANGES: Final[Mapping[str, Callable[[OrganisationSettings, Any], OrganisationSettings]]] = {
    "recording_enabled": lambda own, value: replace(own, switch=value),
    "transcription_enabled": lambda own, value: _with_options(own, transcription=TranscriptionOptions(enabled=value)),
    "transcription_locale": lambda own, value: _with_options(own, transcription=TranscriptionOptions(locale=value)),
    "multi_channel": lambda own, value: _with_options(
        own, channels=ChannelLayout.BOTH if value else ChannelLayout.MONO
    ),
    "recording_format": lambda own, value: _with_options(own, format=AudioFormat(value)),
    "retention_days": lambda own, value: _with_options(own, retention_days=days(value)),
    "transcript_retention_days": lambda own, value: _with_options(own, transcript_retention_days=days(value)),
    "link_seconds": lambda own, value: replace(own, link_seconds=float(value)),
}
