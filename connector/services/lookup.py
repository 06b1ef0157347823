"""Calls as whoever asks may see them, and the addresses of their sound. Speaks to ports only; writes nothing down."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Final

from connector.domain.access import Access, KeyRole
from connector.domain.ids import CallId
from connector.domain.products import kinds as usual_kinds
from connector.domain.recording import Artefact, ArtefactKind, Delivery
from connector.domain.states import RecordingState
from connector.errors import DestinationRefused, DestinationUnreachable, NotFound, NotPermitted
from connector.ports.call_search import CallFile, CallFilter, CallPart, CallPlace, CallSearch
from connector.ports.object_store import Link
from connector.ports.shipping_ledger import RecordingFile
from connector.services.fetching import Fetching, stored

_LONGEST_ID: Final = 300
_GONE: Final = frozenset({RecordingState.REMOVING, RecordingState.REMOVED})


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkedFile:
    """A stored file, and where whoever has the link may fetch it."""

    delivery: Delivery
    artefact: Artefact
    link: Link


class Lookup:
    def __init__(self, search: CallSearch, fetching: Fetching) -> None:
        self._search = search
        self._fetching = fetching

    async def page(
        self,
        access: Access,
        wanted: CallFilter,
        *,
        limit: int,
        after: CallPlace | None,
        without: Collection[CallPart] = (),
    ) -> Sequence[CallFile]:
        """The newest first, of those that the key sees. Raises NotPermitted when words are asked for by a key that may
        not read any, NotFound for another organisation."""
        if wanted.text is not None and not access.key.may(KeyRole.LISTEN):
            raise NotPermitted("this key may not read what was said: search by text needs one with the role listen")
        seen = replace(wanted, organisation=access.asked_of(wanted.organisation), limits=access.key.limits)
        return await self._search.calls(seen, limit=limit, after=after, without=without)

    async def call(self, access: Access, call_id: str) -> CallFile:
        """Of one that joined another, that other one. Raises NotFound, for what the key does not see, too."""
        # Not every database can be asked for any text.
        is_name = 0 < len(call_id) <= _LONGEST_ID and call_id.isprintable()
        file = await self._search.call(CallId(call_id)) if is_name else None
        if file is None or not access.sees(file.call, file.tags):
            raise NotFound(f"there is no call {call_id[:_LONGEST_ID]!r}")
        return file

    async def linked(
        self,
        file: RecordingFile,
        kinds: Sequence[ArtefactKind] = (),
        *,
        seconds: float | None = None,
        audio_format: str = "",
    ) -> LinkedFile | None:
        """The best copy that a link can be had to: of these kinds the first one that is stored, in that format if
        there is one; else any sound. None when nothing is stored. Raises DestinationRefused, DestinationUnreachable or
        NotFound when something is, and nobody gives a link to it."""
        trouble: DestinationRefused | DestinationUnreachable | NotFound | None = None
        for delivery, artefact in copies(file, kinds, audio_format):
            try:
                link = await self._fetching.link(file, delivery, seconds)
            except (DestinationRefused, DestinationUnreachable, NotFound) as error:
                trouble = trouble or error
                continue
            return LinkedFile(delivery=delivery, artefact=artefact, link=link)
        if trouble is not None:
            raise trouble
        return None


def copies(
    file: RecordingFile, kinds: Sequence[ArtefactKind] = (), audio_format: str = ""
) -> list[tuple[Delivery, Artefact]]:
    """All that is stored, the best first: kind, then format, then destination in the order of the wishes. What is on
    its way out is not there any more."""
    if file.recording.state in _GONE:
        return []
    wished = list(dict.fromkeys([*kinds, *usual_kinds(file.recording.options, file.call.kind)]))
    places = list(file.recording.destinations)
    found = [(one, file.artefact(one)) for one in stored(file)]
    sounds = [(one, made) for one, made in found if made.kind in wished or made.kind.is_sound]

    def rank(copy: tuple[Delivery, Artefact]) -> tuple[int, bool, int]:
        delivery, artefact = copy
        is_other = bool(audio_format) and artefact.format != audio_format
        place = delivery.stands_for or delivery.destination
        return _place_in(wished, artefact.kind), is_other, _place_in(places, place)

    return sorted(sounds, key=rank)


def _place_in(wished: Sequence[str], one: str) -> int:
    return wished.index(one) if one in wished else len(wished)
