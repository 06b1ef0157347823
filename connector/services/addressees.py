"""Which endpoints are told: those of the configuration, without those that said that they are gone. What waits for the
others is cancelled where everybody sees it. Knows nothing of tries."""

import logging
from collections.abc import Callable, Collection, Iterator, Mapping

from connector.domain.moments import iso
from connector.domain.notification import Attempt
from connector.ports.notification_ledger import Backlog, Disabled, NotificationLedger
from connector.services.endpoints import Line
from connector.settings import NotificationSettings

log = logging.getLogger(__name__)

_LEFT = "its endpoint is not in the configuration any more"


class Addressees:
    """Empty before the first `follow`. What speaks to the ledger raises CatalogueUnavailable, and may be repeated."""

    def __init__(self, ledger: NotificationLedger, endpoints: Callable[[], Mapping[str, NotificationSettings]]) -> None:
        self._ledger = ledger
        self._endpoints = endpoints
        self._lines: dict[str, Line] = {}
        self._disabled: Mapping[str, Disabled] = {}
        #: Of another node's configuration, or of one that we are about to follow.
        self._strangers: set[str] = set()

    def __iter__(self) -> Iterator[Line]:
        return iter(self._lines.values())

    def find(self, name: str) -> Line | None:
        """The endpoint, if it is to be told anything."""
        line = self._lines.get(name)
        return line if line is None or not line.is_disabled else None

    def others(self, names: Collection[str]) -> set[str]:
        """All that we know of but these."""
        return (self._lines.keys() | self._strangers).difference(names)

    async def follow(self) -> list[Line]:
        """Go by the configuration of now; returns those that left."""
        endpoints = dict(self._endpoints())
        for name in sorted(await self._ledger.endpoints_waiting() - endpoints.keys()):
            await self._cancel(name, _LEFT)
        disabled = dict(await self._ledger.disabled())
        for name in sorted(disabled.keys() & endpoints.keys()):
            if endpoints[name].url != disabled[name].url:
                await self._ledger.enable(name)
                del disabled[name]
                log.info("endpoint enabled", extra={"endpoint": name})
        left = [line for name, line in self._lines.items() if name not in endpoints]
        self._lines = {name: self._lines.get(name) or Line(name, one) for name, one in endpoints.items()}
        for name, line in self._lines.items():
            line.follow(endpoints[name])
        self._set_disabled(disabled)
        return left

    async def refuse(self, names: Collection[str]) -> None:
        """Something was claimed for them that nobody is to be sent."""
        for name in sorted(set(names) - self._lines.keys()):
            self._strangers.add(name)
            log.warning("notifications of an endpoint that is not configured here", extra={"endpoint": name})
        # Another process may have enabled it.
        self._set_disabled(await self._ledger.disabled())
        for name in sorted(self._disabled.keys() & set(names)):
            await self._cancel(name, self._disabled[name].reason)

    async def disable(self, line: Line, attempt: Attempt) -> None:
        """It has said that it is gone."""
        disabled = Disabled(url=line.settings.url, at=attempt.at, reason=attempt.reason)
        self._set_disabled({**self._disabled, line.name: disabled})
        await self._ledger.disable(line.name, disabled)
        facts = {"endpoint": line.name, "hint": f"{attempt.reason}; another url enables it"}
        log.warning("endpoint disabled", extra=facts)

    def problems(self, backlogs: Mapping[str, Backlog]) -> tuple[str, ...]:
        """For people."""
        lines = sorted(self, key=lambda line: line.name)
        said = [_said_down(line, backlogs.get(line.name, Backlog())) for line in lines if line.whole.down_since]
        said += [_said_gone(line.name, self._disabled[line.name]) for line in lines if line.is_disabled]
        said += [_said_dead(name, backlog.dead) for name, backlog in sorted(backlogs.items()) if backlog.dead]
        return tuple(said)

    def _set_disabled(self, disabled: Mapping[str, Disabled]) -> None:
        self._disabled = disabled
        for name, line in self._lines.items():
            line.is_disabled = name in disabled

    async def _cancel(self, name: str, reason: str) -> None:
        count = await self._ledger.cancel(name, reason)
        if count:
            log.warning("notifications cancelled", extra={"endpoint": name, "count": count, "hint": reason})


def _said_down(line: Line, backlog: Backlog) -> str:
    since = iso(line.whole.down_since or 0.0)
    return f"endpoint {line.name}: takes nothing since {since}, {backlog.waiting} wait: {line.whole.reason}"


def _said_gone(name: str, disabled: Disabled) -> str:
    return f"endpoint {name}: disabled since {iso(disabled.at)}: {disabled.reason}; another url enables it"


def _said_dead(name: str, count: int) -> str:
    return f"endpoint {name}: {count} notifications dead: callreel notifications list --dead"
