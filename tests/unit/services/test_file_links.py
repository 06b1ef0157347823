"""Signed addresses of our own server: what they hold, and what makes them worthless."""

from urllib.parse import parse_qsl, unquote, urlsplit

import pytest

from connector.domain.recording import ArtefactKind
from connector.domain.secret import Secret
from connector.errors import LinkRefused
from connector.ports.object_store import Link
from connector.services.file_links import FileLinks, Linked
from tests.builders import MORNING, a_delivery
from tests.clocks import SimulatedClock

KEY = Secret("the key of the house")


@pytest.fixture
def clock() -> SimulatedClock:
    return SimulatedClock(MORNING)


@pytest.fixture
def links(clock: SimulatedClock) -> FileLinks:
    return FileLinks("https://calls.example.com/", KEY, clock)


def opened(links: FileLinks, url: str, **over: str) -> Linked:
    """As the server would take it apart; `over`: what somebody changed."""
    parts = urlsplit(url)
    _, _, id, kind = (unquote(part) for part in parts.path.split("/"))
    query = dict(parse_qsl(parts.query)) | {name: value for name, value in over.items() if name not in {"id", "kind"}}
    return links.opened(over.get("id", id), over.get("kind", kind), query)


def made(links: FileLinks) -> Link:
    return links.link(a_delivery(), 60.0, "call-1.stereo.mp3")


def test_a_link_opens_what_it_was_made_for_until_it_expires(links: FileLinks) -> None:
    link = made(links)
    assert link.url.startswith("https://calls.example.com/files/recording-1/stereo?destination=archive&")
    assert link.expires_at == MORNING + 60
    assert opened(links, link.url) == Linked(
        recording_id=a_delivery().recording_id,
        kind=ArtefactKind.STEREO,
        destination="archive",
        filename="call-1.stereo.mp3",
    )


async def test_it_ends_at_its_moment(links: FileLinks, clock: SimulatedClock) -> None:
    link = made(links)
    await clock.advance(59.9)
    opened(links, link.url)
    await clock.advance(0.1)
    with pytest.raises(LinkRefused, match="has expired"):
        opened(links, link.url)


@pytest.mark.parametrize(
    ("part", "value"),
    [
        ("id", "recording-2"),
        ("kind", "mono"),
        ("destination", "other"),
        ("destination", ""),
        ("name", "other.mp3"),
        ("name", ""),
        ("expires", str(int(MORNING) + 61)),
        ("signature", ""),
        ("signature", "0" * 64),
        ("signature", "ü"),
    ],
)
def test_no_part_of_it_can_be_changed(links: FileLinks, part: str, value: str) -> None:
    with pytest.raises(LinkRefused, match="was changed"):
        opened(links, made(links).url, **{part: value})


@pytest.mark.parametrize(
    ("part", "value"), [("kind", "video"), ("expires", ""), ("expires", "soon"), ("expires", "9" * 5000)]
)
def test_what_is_no_link_is_refused(links: FileLinks, part: str, value: str) -> None:
    with pytest.raises(LinkRefused, match="no link of ours"):
        opened(links, made(links).url, **{part: value})


def test_nothing_at_all_is_refused(links: FileLinks) -> None:
    with pytest.raises(LinkRefused):
        links.opened("recording-1", "stereo", {})


def test_another_houses_link_is_worth_nothing(links: FileLinks, clock: SimulatedClock) -> None:
    others = FileLinks("https://calls.example.com", Secret("another key"), clock)
    with pytest.raises(LinkRefused):
        opened(links, made(others).url)


def test_no_part_can_reach_into_the_next_one(links: FileLinks) -> None:
    link = links.link(a_delivery(destination="archive"), 60.0, "b\nc")
    with pytest.raises(LinkRefused):
        opened(links, link.url, destination="archive\nb", name="c")


@pytest.mark.parametrize(
    "name", ["ä ö.mp3", "a&b=c?d#e%2F/f+g.mp3", "a\nb", '"quoted".mp3', "..", "日本語.wav", "x" * 300]
)
def test_odd_names_arrive_as_they_are(links: FileLinks, name: str) -> None:
    delivery = a_delivery(recording_id=name, destination=name)
    found = opened(links, links.link(delivery, 60.0, name).url)
    assert (found.recording_id, found.destination, found.filename) == (name, name, name)


def test_the_key_is_in_no_link(links: FileLinks) -> None:
    assert KEY.reveal() not in unquote(made(links).url) + repr(vars(links))
