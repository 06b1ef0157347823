"""Calls as a key sees them, and which copy a link is to."""

from collections.abc import Sequence

import pytest

from connector.domain.access import Access, ApiKey, KeyRole, Limits
from connector.domain.call import CallKind
from connector.domain.ids import CallId
from connector.domain.options import ChannelLayout, RecordingOptions
from connector.domain.recording import ArtefactKind, Delivery
from connector.domain.secret import Secret
from connector.domain.states import DeliveryState, RecordingState
from connector.errors import DestinationRefused, NotFound, NotPermitted
from connector.ports.call_search import CallFilter
from connector.ports.object_store import Link
from connector.ports.shipping_ledger import RecordingFile
from connector.services.fetching import Fetching
from connector.services.file_links import FileLinks
from connector.services.lookup import Lookup, copies
from connector.storage.memory import MemoryStore
from tests.builders import CALL, MORNING, a_call, a_delivery, a_recording, a_rendering, an_artefact
from tests.unit.services.yard import Yard

STEREO, MONO, LEFT, MANIFEST = ArtefactKind.STEREO, ArtefactKind.MONO, ArtefactKind.LEFT, ArtefactKind.MANIFEST


class WriteOnly(MemoryStore):
    async def link(self, name: str, seconds: float, *, filename: str = "") -> Link | None:
        raise DestinationRefused("this key may only write")


def an_access(*roles: KeyRole, organisation: str | None = "default", limits: Limits | None = None) -> Access:
    known = roles or (KeyRole.LISTEN,)
    key = ApiKey(
        id="k1", name="", organisation=organisation, roles=known, limits=limits or Limits(), created_at=MORNING
    )
    return Access(key=key)


@pytest.fixture
def lookup(yard: Yard) -> Lookup:
    links = FileLinks("https://calls.example.com", Secret("key"), yard.clock)
    return Lookup(yard.catalogue.call_search, Fetching(yard.catalogue.shipping, yard.destinations, links))


async def filled(yard: Yard) -> None:
    await yard.apply(
        a_call(),
        a_call(id="call-2", started_at=MORNING + 1, agent_id="202"),
        a_call(id="theirs", organisation="acme", started_at=MORNING + 2),
    )


async def ids(lookup: Lookup, access: Access, wanted: CallFilter | None = None) -> list[str]:
    found = await lookup.page(access, wanted or CallFilter(), limit=9, after=None)
    return [file.call.id for file in found]


@pytest.mark.parametrize(
    ("access", "said", "calls"),
    [
        (an_access(), None, ["call-2", "call-1"]),
        (an_access(), "default", ["call-2", "call-1"]),
        (an_access(organisation="acme"), None, ["theirs"]),
        (an_access(organisation=None), None, ["theirs", "call-2", "call-1"]),
        (an_access(organisation=None), "acme", ["theirs"]),
        (an_access(limits=Limits(agents=("202",))), None, ["call-2"]),
        (an_access(organisation=None, limits=Limits(agents=("201",))), None, ["theirs", "call-1"]),
    ],
)
async def test_a_page_holds_what_the_key_sees(
    yard: Yard, lookup: Lookup, access: Access, said: str | None, calls: list[str]
) -> None:
    await filled(yard)
    assert await ids(lookup, access, CallFilter(organisation=said)) == calls


async def test_another_organisation_is_none_that_there_is(yard: Yard, lookup: Lookup) -> None:
    await filled(yard)
    with pytest.raises(NotFound, match="'acme'"):
        await ids(lookup, an_access(), CallFilter(organisation="acme"))


async def test_a_filter_s_own_limits_do_not_widen_the_key_s(yard: Yard, lookup: Lookup) -> None:
    await filled(yard)
    access = an_access(limits=Limits(agents=("202",)))
    assert await ids(lookup, access, CallFilter(limits=Limits(agents=("201", "202")))) == ["call-2"]


@pytest.mark.parametrize("role", [KeyRole.READ, KeyRole.CONTROL])
async def test_who_may_not_read_words_may_not_search_them(yard: Yard, lookup: Lookup, role: KeyRole) -> None:
    await filled(yard)
    with pytest.raises(NotPermitted, match="listen"):
        await lookup.page(an_access(role), CallFilter(text="hello"), limit=9, after=None)
    assert await ids(lookup, an_access(KeyRole.ADMIN), CallFilter(text="hello")) == []


async def test_a_call_is_found_by_its_id(yard: Yard, lookup: Lookup) -> None:
    await filled(yard)
    assert (await lookup.call(an_access(), CALL)).call == a_call()


@pytest.mark.parametrize(
    ("access", "call"),
    [
        (an_access(), "theirs"),
        (an_access(organisation="acme"), CALL),
        (an_access(limits=Limits(agents=("202",))), CALL),
        (an_access(limits=Limits(tags=("vip",))), CALL),
        (an_access(organisation=None), "nobody"),
        (an_access(organisation=None), ""),
        (an_access(organisation=None), "call-1\x00"),
        (an_access(organisation=None), "\ud800"),
        (an_access(organisation=None), "x" * 100_000),
    ],
)
async def test_what_the_key_does_not_see_is_not_there(yard: Yard, lookup: Lookup, access: Access, call: str) -> None:
    await filled(yard)
    with pytest.raises(NotFound, match="there is no call"):
        await lookup.call(access, call)


async def test_a_key_limited_to_a_tag_sees_calls_that_people_gave_it(yard: Yard, lookup: Lookup) -> None:
    await filled(yard)
    await yard.catalogue.call_marks.tag(CallId(CALL), "default", ["vip"], by="key k1", at=MORNING)
    access = an_access(limits=Limits(tags=("vip",)))
    assert (await lookup.call(access, CALL)).tags == ("vip",)
    assert await ids(lookup, access) == [CALL]


async def test_the_link_is_to_the_kind_that_was_wished_for_first(yard: Yard, lookup: Lookup) -> None:
    await yard.rendered(kinds=(MONO, STEREO))
    await yard.run()
    for kinds, found in (((), STEREO), ((MONO,), MONO), ((STEREO, MONO), STEREO), ((LEFT,), STEREO)):
        linked = await lookup.linked(await yard.file(), kinds, seconds=60)
        assert linked is not None
        assert (linked.artefact.kind, linked.delivery.kind) == (found, found)
        assert f"/files/recording-1/{found}?" in linked.link.url
        assert linked.link.expires_at == yard.clock.now() + 60


async def test_what_is_stored_nowhere_has_no_link(yard: Yard, lookup: Lookup) -> None:
    await yard.rendered()
    assert await lookup.linked(await yard.file()) is None


async def test_a_store_that_gives_no_link_is_passed_over_while_another_does(yard: Yard, lookup: Lookup) -> None:
    yard.destinations.stores = {"archive": WriteOnly(), "second": MemoryStore()}
    await yard.rendered("archive", "second")
    await yard.run()
    linked = await lookup.linked(await yard.file())
    assert linked is not None
    assert linked.delivery.destination == "second"


async def test_stored_without_a_link_from_anybody_is_said(yard: Yard, lookup: Lookup) -> None:
    yard.destinations.stores["archive"] = WriteOnly()
    await yard.rendered()
    await yard.run()
    with pytest.raises(DestinationRefused, match="only write"):
        await lookup.linked(await yard.file())


def a_file(
    *deliveries: Delivery, options: RecordingOptions | None = None, kind: CallKind = CallKind.CALL, **over: object
) -> RecordingFile:
    kinds = dict.fromkeys(one.kind for one in deliveries)
    artefacts = tuple(an_artefact(kind=one, format="wav" if one is MONO else "mp3") for one in kinds)
    recording = a_recording(destinations=("near", "far"), options=options or RecordingOptions(), **over)
    return RecordingFile(
        recording=recording,
        call=a_call(kind=kind),
        segments=(),
        rendering=a_rendering(artefacts=artefacts),
        deliveries=deliveries,
    )


def stored(kind: ArtefactKind, destination: str = "near", **over: object) -> Delivery:
    return a_delivery(**({"kind": kind, "destination": destination, "state": DeliveryState.STORED} | over))


def chosen(file: RecordingFile, kinds: Sequence[ArtefactKind] = (), audio_format: str = "") -> str:
    return " ".join(f"{one.destination}:{made.kind}" for one, made in copies(file, kinds, audio_format))


def test_copies_are_ranked_by_kind_then_format_then_destination() -> None:
    file = a_file(stored(STEREO, "far"), stored(MONO, "far"), stored(STEREO), stored(MONO), stored(LEFT))
    assert chosen(file) == "near:mono far:mono near:stereo far:stereo near:left"
    assert chosen(file, [STEREO]) == "near:stereo far:stereo near:mono far:mono near:left"
    assert chosen(file, [LEFT]) == "near:left near:mono far:mono near:stereo far:stereo"


def test_without_a_wish_the_options_decide() -> None:
    file = a_file(stored(MONO), stored(STEREO), options=RecordingOptions(channels=ChannelLayout.STEREO))
    assert chosen(file) == "near:stereo near:mono"


def test_a_stand_in_has_the_place_of_whom_it_stands_for() -> None:
    file = a_file(stored(MONO, "far"), stored(MONO, "backup", stands_for="near"))
    assert chosen(file) == "backup:mono far:mono"


def test_a_manifest_is_no_sound_but_may_be_asked_for() -> None:
    file = a_file(stored(MANIFEST), stored(MONO))
    assert chosen(file) == "near:mono"
    assert chosen(file, [MANIFEST]) == "near:manifest near:mono"


@pytest.mark.parametrize("state", [DeliveryState.WAITING, DeliveryState.DELETED, DeliveryState.WAIVED])
def test_only_what_is_stored_counts(state: DeliveryState) -> None:
    assert chosen(a_file(stored(MONO, state=state))) == ""


@pytest.mark.parametrize("state", [RecordingState.REMOVING, RecordingState.REMOVED])
def test_what_is_on_its_way_out_is_not_handed_out_any_more(state: RecordingState) -> None:
    assert chosen(a_file(stored(MONO), state=state)) == ""
