"""Numbers for Prometheus: how the house is, and what is asked of the server. Knows no catalogue and no address."""

from collections.abc import Mapping
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Response
from fastapi.responses import PlainTextResponse
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from connector.domain.access import NO_LIMITS, Access, KeyRole
from connector.errors import NotPermitted
from connector.ports.clock import Clock
from connector.services.health import HealthReport, RecentHealth, StateCounts
from connector.web.door import Door

_BUCKETS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
#: Anybody may write another one: they must not become a series each.
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_NO_ROUTE: Final = "none"
_CAPTURE: Final = (
    ("live_calls", "Calls that are live now"),
    ("live_recordings", "Recordings that run now"),
    ("journal_lag", "Changes in the journal that the catalogue does not have yet"),
)
_NOTIFICATIONS: Final = (
    ("waiting", "Notifications that wait for their endpoint"),
    ("dead", "Notifications whose tries are over"),
    ("endpoints_down", "Endpoints that take nothing now"),
)


class RequestNumbers:
    """What was asked since the start, by route: the templates of ours, never what somebody wrote."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._requests = Counter(
            "callreel_http_requests",
            "Requests that were answered",
            ["route", "method", "status"],
            registry=self.registry,
        )
        self._seconds = Histogram(
            "callreel_http_request_seconds",
            "From a request to the beginning of its answer",
            ["route", "method"],
            buckets=_BUCKETS,
            registry=self.registry,
        )

    def answered(self, route: str, method: str, status: int, seconds: float) -> None:
        method = method if method in _METHODS else "other"
        self._requests.labels(route, method, str(status)).inc()
        self._seconds.labels(route, method).observe(seconds)


class Counting:
    """Counts what goes through it."""

    def __init__(self, app: ASGIApp, numbers: RequestNumbers, clock: Clock) -> None:
        self._app = app
        self._numbers = numbers
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began_at = self._clock.now()
        has_begun = False

        async def counted(message: Message) -> None:
            nonlocal has_begun
            if message["type"] == "http.response.start" and not has_begun:
                has_begun = True
                self._count(scope, message["status"], began_at)
            await send(message)

        try:
            await self._app(scope, receive, counted)
        except Exception:
            if not has_begun:
                self._count(scope, 500, began_at)
            raise

    def _count(self, scope: Scope, status: int, began_at: float) -> None:
        route = getattr(scope.get("route"), "path", _NO_ROUTE)
        self._numbers.answered(route, scope["method"], status, self._clock.now() - began_at)


def metrics_router(health: RecentHealth, numbers: RequestNumbers, door: Door, *, is_open: bool) -> APIRouter:
    """`is_open`: whoever reaches the server may read them all."""
    router = APIRouter(tags=["health"])
    entry = Depends(_nobody) if is_open else door.needs(KeyRole.READ)

    @router.get("/metrics", operation_id="metrics", response_class=PlainTextResponse)
    async def metrics(access: Annotated[Access | None, entry]) -> Response:
        """Numbers for Prometheus. A key of an organisation gets the numbers of its recordings and no others."""
        if access is not None and access.key.limits != NO_LIMITS:
            raise NotPermitted("the numbers are of a whole organisation: ask with a key that is not limited")
        if access is not None and access.organisation is not None:
            text = _of_organisation(await health.counts(access.organisation))
        else:
            text = _of_house(await health.report()) + generate_latest(numbers.registry)
        return Response(text, media_type=CONTENT_TYPE_LATEST)

    return router


async def _nobody() -> None:
    return None


def _of_organisation(counts: StateCounts) -> bytes:
    registry = CollectorRegistry()
    _add_counts(registry, counts)
    return generate_latest(registry)


def _of_house(report: HealthReport) -> bytes:
    registry = CollectorRegistry()
    _add_counts(registry, report.counts)
    _gauge(registry, "due", "Pieces of work that wait for their time", report.due)
    _gauge(registry, "free_bytes", "Room left where the state lies", report.free_bytes)
    _gauge(registry, "problems", "Problems that health names", len(report.problems))
    capture = report.roles.get("capture", {})
    for name, text in _CAPTURE:
        _gauge(registry, name, text, capture.get(name, 0))
    told = report.roles.get("work", {}).get("notifications", {})
    for name, text in _NOTIFICATIONS:
        _gauge(registry, f"notifications_{name}", text, told.get(name, 0))
    _add_callbacks(registry, capture.get("callbacks", {}))
    return generate_latest(registry)


def _gauge(registry: CollectorRegistry, name: str, text: str, value: float) -> None:
    Gauge(f"callreel_{name}", text, registry=registry).set(float(value))


def _add_counts(registry: CollectorRegistry, counts: StateCounts) -> None:
    for name, numbers in (("recordings", counts.recordings), ("transcripts", counts.transcripts)):
        gauge = Gauge(f"callreel_{name}", f"{name.capitalize()} in each state", ["state"], registry=registry)
        for state, number in numbers.items():
            gauge.labels(state).set(number)


def _add_callbacks(registry: CollectorRegistry, callbacks: Mapping[str, Mapping[str, Any]]) -> None:
    asked = Gauge("callreel_callbacks", "Questions to control callbacks since start", ["name", "of"], registry=registry)
    for name, counts in callbacks.items():
        for of in ("asked", "answered"):
            asked.labels(name, of).set(float(counts.get(of, 0)))
