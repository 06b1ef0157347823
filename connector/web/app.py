"""The HTTP application: its rooms, and what holds for every request. Knows no room's business."""

from collections.abc import Iterable

from fastapi import APIRouter, FastAPI
from starlette.types import ASGIApp

from connector.ports.clock import Clock
from connector.settings import ApiSettings
from connector.web.compat.krosai import BearerOnly
from connector.web.limits import guarded
from connector.web.metrics import RequestNumbers
from connector.web.openapi import describe
from connector.web.problems import answer_with_problems


def application(rooms: Iterable[APIRouter], version: str) -> FastAPI:
    # A redirect for a slash too many would lead to whatever host the client named.
    app = FastAPI(
        title="callreel", version=version, docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False
    )
    answer_with_problems(app)
    for room in rooms:
        app.include_router(room)
    describe(app)
    return app


def served(app: FastAPI, api: ApiSettings, numbers: RequestNumbers, clock: Clock) -> ASGIApp:
    """As the server has it."""
    outer = guarded(app, numbers, clock, trusted_proxies=api.trusted_proxies, origins=api.cors_origins)
    return outer if api.doors.krosai else BearerOnly(outer)
