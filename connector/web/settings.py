"""/v1/settings and /v1/agents: what holds, and changes of it. Parses and delegates; judges no value."""

from typing import Annotated

from fastapi import APIRouter, Path, Query

from connector.domain.access import Access, KeyRole
from connector.domain.own_storage import STORAGE_FIELDS
from connector.domain.setting_changes import STORAGE, SettingsChange
from connector.errors import BadRequest
from connector.services.house_settings import HouseSettings
from connector.web.door import Door
from connector.web.keeping import PRINTED
from connector.web.problems import problems
from connector.web.setting_bodies import (
    AgentAnswer,
    AgentList,
    AgentSwitches,
    SettingsAnswer,
    SettingsBody,
    StorageBody,
    StorageTested,
    agent_answer,
    agent_list,
    settings_answer,
    storage_tested,
)

_Organisation = Annotated[
    str | None, Query(max_length=200, description="whose, for a key of the house where there are several")
]
_AgentId = Annotated[str, Path(min_length=1, max_length=100, pattern=PRINTED, description="as calls name it: agent_id")]


def settings_router(door: Door, settings: HouseSettings) -> APIRouter:
    router = APIRouter(tags=["settings"], responses=problems())
    _values(router, door, settings)
    _storage(router, door, settings)
    _agents(router, door, settings)
    return router


def _values(router: APIRouter, door: Door, settings: HouseSettings) -> None:
    @router.get("/v1/settings", operation_id="read_settings")
    async def read_settings(
        access: Annotated[Access, door.needs(KeyRole.READ)], organisation: _Organisation = None
    ) -> SettingsAnswer:
        """What holds for an organisation's calls, and what of it the API has changed."""
        return settings_answer(await settings.view(access, organisation))

    @router.patch("/v1/settings", operation_id="change_settings")
    async def change_settings(
        access: Annotated[Access, door.needs(KeyRole.ADMIN)], body: SettingsBody, organisation: _Organisation = None
    ) -> SettingsAnswer:
        """All of it or nothing. It holds within two seconds everywhere, and for no recording that runs."""
        return settings_answer(await settings.change(access, organisation, body.change()))


def _storage(router: APIRouter, door: Door, settings: HouseSettings) -> None:
    @router.put("/v1/settings/storage", operation_id="put_storage")
    async def put_storage(
        access: Annotated[Access, door.needs(KeyRole.ADMIN)], body: StorageBody, organisation: _Organisation = None
    ) -> SettingsAnswer:
        """The whole storage: what is not said is empty, but for the secret that is there. It is tried before it is
        taken: 400 says what failed, and nothing is changed."""
        try:
            view = await settings.change(access, organisation, SettingsChange(storage=_whole(body)))
        except BadRequest as error:
            error.pointer = error.pointer.removeprefix(f"/{STORAGE}")
            raise
        return settings_answer(view)

    @router.post("/v1/settings/storage/test", operation_id="try_storage", responses=problems(429))
    async def try_storage(
        access: Annotated[Access, door.needs(KeyRole.ADMIN)],
        body: StorageBody | None = None,
        organisation: _Organisation = None,
    ) -> StorageTested:
        """A small file is put, read back and deleted; no setting is changed. With a body as it would be put, without
        one where recordings go now. Of the house's own destinations a key of an organisation is told their names, and
        whether they work."""
        words = None if body is None else _whole(body)
        try:
            return storage_tested(await settings.tried(access, organisation, words))
        except BadRequest as error:
            error.pointer = error.pointer.removeprefix(f"/{STORAGE}")
            raise


def _agents(router: APIRouter, door: Door, settings: HouseSettings) -> None:
    @router.get("/v1/agents", operation_id="list_agents")
    async def list_agents(
        access: Annotated[Access, door.needs(KeyRole.READ)], organisation: _Organisation = None
    ) -> AgentList:
        """Whom config.yaml names, alone or in a rule, who was switched by API, and who has had calls: of those whom
        nothing but calls names, the first 2000 by their ids."""
        return agent_list(await settings.agents(access, organisation))

    @router.get("/v1/agents/{agent_id}", operation_id="read_agent")
    async def read_agent(
        access: Annotated[Access, door.needs(KeyRole.READ)], agent_id: _AgentId, organisation: _Organisation = None
    ) -> AgentAnswer:
        """What the API says of one agent; of one that nobody knows, nothing."""
        return agent_answer(await settings.view(access, organisation), agent_id)

    @router.patch("/v1/agents/{agent_id}", operation_id="change_agent")
    async def change_agent(
        access: Annotated[Access, door.needs(KeyRole.ADMIN)],
        agent_id: _AgentId,
        body: AgentSwitches,
        organisation: _Organisation = None,
    ) -> AgentAnswer:
        """Recording and transcription of one agent's calls."""
        change = SettingsChange(values=body.values(agent_id))
        return agent_answer(await settings.change(access, organisation, change), agent_id)


def _whole(body: StorageBody) -> dict[str, object]:
    """What is not said is empty, but for the secret that is there."""
    return dict.fromkeys((name for name in STORAGE_FIELDS if name != "s3SecretKey"), "") | body.words()
