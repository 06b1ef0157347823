"""What requests about settings say, and what is answered. Shapes only; what a value means is the domain's."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictInt

from connector.domain.diagnosis import Finding
from connector.domain.moments import iso
from connector.domain.option_values import RETENTION_DAYS, UNLIMITED_DAYS
from connector.domain.own_storage import STORAGE_FIELDS
from connector.domain.policy import Switch
from connector.domain.setting_changes import LINK_SECONDS, LOCALE, SettingsChange, agent_setting_name
from connector.services.house_settings import Overlaid, SettingsView
from connector.web.whole_numbers import WHOLE

Days = Annotated[StrictInt, Field(ge=RETENTION_DAYS[0], le=RETENTION_DAYS[-1]), WHOLE] | Literal["unlimited"]
_Word = Annotated[str, Field(max_length=1024)]

#: Unknown names come through, so that the nearest one can be named; the schema shows none.
_ASKED = ConfigDict(extra="allow", json_schema_extra={"additionalProperties": False}, populate_by_name=True)


class AgentSwitches(BaseModel):
    """What holds for one agent's calls; null: nothing is said of him, the organisation's switch holds."""

    model_config = _ASKED

    recording_enabled: StrictBool | None = None
    transcription_enabled: StrictBool | None = None

    def values(self, agent: str) -> dict[str, object]:
        return {agent_setting_name(agent, name): value for name, value in self.model_dump(exclude_unset=True).items()}


class StorageBody(BaseModel):
    """An organisation's own bucket, which is there already; null or "" takes a word back."""

    model_config = _ASKED

    endpoint: _Word | None = Field(None, alias="s3Endpoint", description="https://HOST[:PORT]")
    region: _Word | None = Field(None, alias="s3Region")
    bucket: _Word | None = Field(None, alias="s3Bucket")
    access_key: _Word | None = Field(None, alias="s3AccessKey")
    secret_key: _Word | None = Field(None, alias="s3SecretKey", description="*** keeps the one that is there")
    public_endpoint: _Word | None = Field(None, alias="s3PublicEndpoint", description="links are signed for this one")

    def words(self) -> dict[str, object]:
        return self.model_dump(by_alias=True, exclude_unset=True)


class SettingsBody(BaseModel):
    """What is to be changed. null takes a value back, so that config.yaml holds; what is not said stays."""

    model_config = _ASKED

    recording_enabled: StrictBool | None = None
    transcription_enabled: StrictBool | None = None
    transcription_locale: Annotated[str, Field(pattern=f"^{LOCALE.pattern}$")] | None = None
    multi_channel: StrictBool | None = Field(None, description="a stereo file beside the mono one")
    recording_format: Literal["mp3", "wav", "flac", "opus"] | None = None
    retention_days: Days | None = None
    transcript_retention_days: Days | None = None
    link_seconds: Annotated[StrictInt, Field(ge=LINK_SECONDS[0], le=LINK_SECONDS[-1]), WHOLE] | None = None
    storage: StorageBody | None = None
    agents: dict[str, AgentSwitches] | None = Field(None, description="by the agent's id")

    def change(self) -> SettingsChange:
        values: dict[str, object] = self.model_dump(exclude_unset=True, exclude={"storage", "agents"})
        for agent, switches in (self.agents or {}).items():
            values |= switches.values(agent)
        if "storage" not in self.model_fields_set:
            return SettingsChange(values=values)
        return SettingsChange(values=values, storage=None if self.storage is None else self.storage.words())


class StorageAnswer(BaseModel):
    endpoint: str = Field("", alias="s3Endpoint")
    region: str = Field("", alias="s3Region")
    bucket: str = Field("", alias="s3Bucket")
    access_key: str = Field("", alias="s3AccessKey")
    secret_key: str = Field("", alias="s3SecretKey", description="*** where there is one; never itself")
    public_endpoint: str = Field("", alias="s3PublicEndpoint")


class ChangedAnswer(BaseModel):
    """One setting that lies over config.yaml."""

    name: str
    value: Any
    changed_by: str
    changed_at: str
    refused: str | None = Field(description="why it does not hold: config.yaml says otherwise by now")


class CheckAnswer(BaseModel):
    """One thing that was found when the storage was tried."""

    check: str
    level: str
    what: str


class SettingsAnswer(BaseModel):
    """What holds for calls of which no rule and nobody says more."""

    organisation: str
    recording_enabled: bool
    transcription_enabled: bool
    transcription_locale: str | None
    multi_channel: bool
    recording_format: str
    retention_days: Days
    transcript_retention_days: Days | None = Field(description="null: as transcripts are kept usually")
    link_seconds: float
    storage: StorageAnswer | None = Field(description="null: the house's; also without the role admin")
    agents: dict[str, AgentSwitches]
    changed: list[ChangedAnswer] = Field(description="what the API has laid over config.yaml")
    storage_checks: list[CheckAnswer] = Field(description="of the storage that was tried with this request")


class AgentAnswer(BaseModel):
    agent_id: str
    organisation: str
    recording_enabled: bool | None = Field(description="null: the organisation's switch holds")
    transcription_enabled: bool | None


def settings_answer(view: SettingsView) -> SettingsAnswer:
    now = view.effective
    transcripts = now.transcript_retention_days
    return SettingsAnswer(
        organisation=view.organisation,
        recording_enabled=now.recording_enabled,
        transcription_enabled=now.transcription_enabled,
        transcription_locale=now.transcription_locale,
        multi_channel=now.multi_channel,
        recording_format=now.recording_format,
        retention_days=_days(now.retention_days),
        transcript_retention_days=None if transcripts is None else _days(transcripts),
        link_seconds=now.link_seconds,
        storage=StorageAnswer(**{name: view.storage.get(name, "") for name in STORAGE_FIELDS})
        if view.storage
        else None,
        agents={agent: _switches(switch) for agent, switch in now.agents.items()},
        changed=[_changed(one) for one in view.changed],
        storage_checks=[_check(one) for one in view.findings],
    )


def agent_answer(view: SettingsView, agent_id: str) -> AgentAnswer:
    switch = view.effective.agents.get(agent_id, Switch())
    return AgentAnswer(
        agent_id=agent_id,
        organisation=view.organisation,
        recording_enabled=switch.record,
        transcription_enabled=switch.transcription,
    )


def _switches(switch: Switch) -> AgentSwitches:
    return AgentSwitches(recording_enabled=switch.record, transcription_enabled=switch.transcription)


def _changed(one: Overlaid) -> ChangedAnswer:
    return ChangedAnswer(
        name=one.name, value=one.value, changed_by=one.by, changed_at=iso(one.at), refused=one.refused or None
    )


def _check(one: Finding) -> CheckAnswer:
    return CheckAnswer(check=one.subject, level=str(one.level), what=one.what)


def _days(days: int) -> Any:
    return "unlimited" if days == UNLIMITED_DAYS else days
