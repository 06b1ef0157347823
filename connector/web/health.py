"""Whether the house is well, for load balancers and for people. Speaks HTTP in, services out."""

from typing import Annotated, Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse, PlainTextResponse
from pydantic import BaseModel, Field

from connector.domain.access import KeyRole
from connector.services.health import HealthReport, RecentHealth
from connector.web.door import Door
from connector.web.proxies import shown_key


class Readiness(BaseModel):
    status: Annotated[str, Field(description="`ok`, or `troubled`: somebody should look")]
    problems: Annotated[
        list[str] | None, Field(description="What somebody should look at; null without a key of the whole house")
    ]


_TROUBLED: dict[int | str, dict[str, Any]] = {
    503: {"model": Readiness, "description": "Something is wrong; a key of the whole house hears what."}
}


def health_router(health: RecentHealth, door: Door, *, is_open: bool) -> APIRouter:
    """`is_open`: the words are for everybody who reaches the server."""
    router = APIRouter(tags=["health"])

    @router.get("/healthz", operation_id="is_alive", response_class=PlainTextResponse)
    async def healthz() -> str:
        """The web role itself answers. No key is wanted."""
        return "ok"

    @router.get(
        "/readyz",
        operation_id="is_ready",
        response_model=Readiness,
        responses=_TROUBLED,
        openapi_extra={"security": [{}, {"bearer": []}, {"x-api-key": []}]},
    )
    async def readyz(request: Request) -> Response:
        """Every role lives and nothing needs a hand; 503 otherwise. No key is wanted, but without one of the whole
        house it is not said what is wrong."""
        key = shown_key(request)
        access = await door.admitted(request, key, KeyRole.READ) if key else None
        is_told = is_open or (access is not None and access.organisation is None)
        return _readiness(await health.report(), is_told=is_told)

    return router


def _readiness(report: HealthReport, *, is_told: bool) -> Response:
    said = Readiness(status="ok" if report.is_well else "troubled", problems=list(report.problems) if is_told else None)
    return JSONResponse(said.model_dump(), status_code=200 if report.is_well else 503)
