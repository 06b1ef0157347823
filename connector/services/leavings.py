"""What a trial has put, and what of it could not be taken away again. Speaks to the ObjectStore only."""

from contextlib import suppress
from enum import Enum, auto
from typing import Final

from connector.domain.diagnosis import Finding, note, ok
from connector.errors import ConnectorError, DestinationRefused, ObjectExists
from connector.ports.object_store import ObjectStore

_LIFECYCLE: Final = "let the bucket's lifecycle end what retention ends, or give the key the right"
_SEE: Final = "see whether they are there, and delete them"
_SILENT: Final = "nobody was asked once more"


class _Fate(Enum):
    #: The destination said no: only parts of it can be there.
    REFUSED = auto()
    #: On its way, or nobody heard how it ended.
    UNSURE = auto()
    LANDED = auto()


class Leavings:
    def __init__(self) -> None:
        self._fates: dict[str, _Fate] = {}

    def begun(self, name: str) -> None:
        """Before the first byte leaves: from then on something may be there."""
        if self._fates.get(name) is not _Fate.LANDED:
            self._fates[name] = _Fate.UNSURE

    def ended(self, name: str, error: ConnectorError | None) -> None:
        if error is None or isinstance(error, ObjectExists):
            self._fates[name] = _Fate.LANDED
        elif isinstance(error, DestinationRefused) and self._fates[name] is _Fate.UNSURE:
            self._fates[name] = _Fate.REFUSED

    async def cleared(self, store: ObjectStore) -> Finding | None:
        """Take all of it away, and say what stays; None when nothing was ever there."""
        left: dict[str, str] = {}
        perhaps: dict[str, str] = {}
        has_landed = _Fate.LANDED in self._fates.values()
        for name, fate in self._fates.items():
            # Where nothing ever arrived and nobody answers, each further question costs minutes.
            reason = _SILENT if perhaps and not has_landed else await _taken_away(store, name, fate)
            if reason:
                (left if fate is _Fate.LANDED else perhaps)[store.url(name)] = reason
        if left or perhaps:
            what = "; ".join([*_told("stay", left), *_told("may have stayed", perhaps)])
            return note("deleting", what, _LIFECYCLE if left else _SEE)
        return ok("deleting", "what was put is gone again") if has_landed else None


async def _taken_away(store: ObjectStore, name: str, fate: _Fate) -> str:
    """Why it could not be; parts first, for they are seen by nobody."""
    reasons = []
    try:
        await store.abandon(name)
    except ConnectorError as error:
        reasons.append(str(error))
    if fate is not _Fate.REFUSED:
        try:
            await store.remove(name)
            if await _is_there(store, name):
                reasons.append("it is there still after it was deleted")
        except ConnectorError as error:
            reasons.append(str(error))
    return "; ".join(reasons)


async def _is_there(store: ObjectStore, name: str) -> bool:
    """False too when we are not told."""
    with suppress(ConnectorError):
        return await store.facts(name) is not None
    return False


def _told(what: str, left: dict[str, str]) -> list[str]:
    return [f"{' and '.join(left)} {what}: {'; '.join(sorted(set(left.values())))}"] if left else []
