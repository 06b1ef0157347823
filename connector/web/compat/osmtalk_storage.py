"""osmTalk's door to storage and retention: a PUT that changes what it names and leaves the rest. Speaks osmTalk's
names; what may be set, the settings know."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field, StrictInt

from connector.domain.access import Access, KeyRole
from connector.domain.option_values import UNLIMITED
from connector.domain.own_storage import STORAGE_FIELDS
from connector.domain.setting_changes import SettingsChange
from connector.errors import BadRequest
from connector.services.house_settings import HouseSettings, SettingsView
from connector.web.compat.bodies import documented, model_of
from connector.web.door import Door
from connector.web.problems import PROBLEMS
from connector.web.whole_numbers import WHOLE

_DAYS, _OUR_DAYS = "recordingRetentionDays", "retention_days"


class StorageChange(BaseModel):
    """What is not named stays as it is. s3Endpoint "" gives the bucket up."""

    model_config = ConfigDict(extra="forbid")

    s3Endpoint: str | None = None  # noqa: N815
    s3Region: str | None = None  # noqa: N815
    s3Bucket: str | None = Field(None, description="it must be there already")  # noqa: N815
    s3AccessKey: str | None = None  # noqa: N815
    s3SecretKey: str | None = None  # noqa: N815
    s3PublicEndpoint: str | None = Field(None, description="the beginning of links, behind a CDN or proxy")  # noqa: N815
    recordingRetentionDays: Annotated[StrictInt, Field(ge=1, le=3650), WHOLE] | Literal["unlimited"] | None = None  # noqa: N815


class Storage(BaseModel):
    """What holds now. Empty storage: the house's own."""

    s3Endpoint: str | None = None  # noqa: N815
    s3Region: str | None = None  # noqa: N815
    s3Bucket: str | None = None  # noqa: N815
    s3AccessKey: str | None = None  # noqa: N815
    s3SecretKey: str | None = Field(None, description="never shown: ***")  # noqa: N815
    s3PublicEndpoint: str | None = None  # noqa: N815
    recordingRetentionDays: int | str  # noqa: N815


def osmtalk_storage_router(door: Door, settings: HouseSettings) -> APIRouter:
    router = APIRouter(tags=["osmTalk"], responses=PROBLEMS)

    # Not a parameter of the framework's: what curl sends without further words calls itself a form.
    @router.put("/api/settings/storage", operation_id="osmtalk_put_storage", openapi_extra=documented(StorageChange))
    async def put_storage(
        request: Request,
        access: Annotated[Access, door.needs(KeyRole.ADMIN)],
        organisation: Annotated[str | None, Query(description="for keys of the whole house: whose")] = None,
    ) -> Storage:
        """The body is read as JSON, whatever it is called. A bucket is tried before it is taken."""
        wanted = await model_of(request, StorageChange)
        try:
            return _storage(await settings.change(access, organisation, _change(wanted)))
        except BadRequest as error:
            raise _in_their_words(error) from error

    return router


def _change(wanted: StorageChange) -> SettingsChange:
    said = wanted.model_dump(exclude_unset=True)
    days = {_OUR_DAYS: said[_DAYS]} if _DAYS in said else {}
    return SettingsChange(values=days, storage={name: value for name, value in said.items() if name in STORAGE_FIELDS})


def _storage(view: SettingsView) -> Storage:
    return Storage(**(view.storage or {}), recordingRetentionDays=view.effective.retention_days or UNLIMITED)


def _in_their_words(error: BadRequest) -> BadRequest:
    """Where it stands in osmTalk's body."""
    pointer = error.pointer.removeprefix("/storage").replace(_OUR_DAYS, _DAYS)
    return BadRequest(str(error).replace(_OUR_DAYS, _DAYS), pointer=pointer)
