"""What requests about settings say, and what is answered. Shapes only; what a value means is the domain's."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictInt

from connector.domain.diagnosis import Finding
from connector.domain.moments import iso
from connector.domain.option_values import RETENTION_DAYS, UNLIMITED_DAYS
from connector.domain.own_storage import STORAGE_FIELDS
from connector.domain.policy import Switch
from connector.domain.setting_changes import LINK_SECONDS, LOCALE, SettingsChange, agent_setting_name
from connector.domain.setting_origins import KnownAgent, Origin, Source
from connector.services.house_settings import AgentsView, Overlaid, SettingsView
from connector.services.storage_trying import Tried
from connector.web.body_parts import At
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


class StorageTested(BaseModel):
    is_good: bool = Field(description="recordings could be stored there")
    checks: list[CheckAnswer]


class SettingSource(BaseModel):
    """Where what holds comes from."""

    source: Source = Field(
        description="default: built in; file: config.yaml; api: somebody changed it; rule: a rule of config.yaml that "
        "speaks of every call, and has the word"
    )
    file: str | None = Field(description="the configuration file's name; null: no file says it")
    line: int | None
    changed_by: str | None = Field(description="who set it by API")
    changed_at: str | None
    detail: str = Field(description="what else decides or limits it: rules for some calls, a plan")


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
    sources: dict[str, SettingSource] = Field(
        description="by the setting's name, of single agents as in `changed`; for the role admin only"
    )
    storage_checks: list[CheckAnswer] = Field(description="of the storage that was tried with this request")


class AgentAnswer(BaseModel):
    agent_id: str
    organisation: str
    recording_enabled: bool | None = Field(description="null: the organisation's switch holds")
    transcription_enabled: bool | None


class AgentListed(BaseModel):
    agent_id: str
    name: str = Field(description="as the configuration or his last call has it; may be empty")
    last_call_at: At | None = Field(description="when his last call began; null: he had none that you may see")
    recording_enabled: bool | None = Field(description="his switch; null: the organisation's holds")
    transcription_enabled: bool | None
    source: Source = Field(
        description="of whether he is recorded; default: as the organisation; api: his switch; rule: a rule of "
        "config.yaml that names him. For the role admin only, else default"
    )
    file: str | None
    line: int | None
    changed_by: str | None
    changed_at: str | None
    detail: str


class AgentList(BaseModel):
    organisation: str
    agents: list[AgentListed] = Field(
        description="whom config.yaml names, who was switched, and who has had calls; by their ids"
    )


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
        sources={name: _source(one) for name, one in view.origins.items()},
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


def agent_list(view: AgentsView) -> AgentList:
    return AgentList(organisation=view.organisation, agents=[_listed(one) for one in view.agents])


def storage_tested(tried: Tried) -> StorageTested:
    return StorageTested(is_good=tried.is_good, checks=[_check(one) for one in tried.findings])


def _listed(agent: KnownAgent) -> AgentListed:
    return AgentListed(
        agent_id=agent.id,
        name=agent.name,
        last_call_at=None if agent.last_call_at is None else iso(agent.last_call_at),
        recording_enabled=agent.switch.record,
        transcription_enabled=agent.switch.transcription,
        **_source(agent.origin).model_dump(),
    )


def _source(origin: Origin) -> SettingSource:
    return SettingSource(
        source=origin.source,
        file=origin.file or None,
        line=origin.line or None,
        changed_by=origin.by or None,
        changed_at=None if origin.at is None else iso(origin.at),
        detail=origin.detail,
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
