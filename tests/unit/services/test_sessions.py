"""What a browser carries instead of a key: for how long it is good, and what makes it worthless."""

import base64

import pytest

from connector.domain.access import ApiKey, KeyRole
from connector.domain.secret import Secret
from connector.errors import SessionOver
from connector.services.sessions import SESSION_SECONDS, Session, Sessions
from tests.builders import MORNING
from tests.clocks import SimulatedClock

HOUSE = Secret("the key of the house")
SHOWN = Secret("callreel_abcdefghijkl_" + "s" * 43)
#: What is safe in a cookie without quotes.
SAFE = set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


@pytest.fixture
def clock() -> SimulatedClock:
    return SimulatedClock(MORNING)


@pytest.fixture
def sessions(clock: SimulatedClock) -> Sessions:
    return Sessions(HOUSE, clock)


def an_api_key(expires_at: float | None = None) -> ApiKey:
    return ApiKey(
        id="abcdefghijkl",
        name="CRM",
        organisation="acme",
        roles=(KeyRole.LISTEN,),
        created_at=MORNING,
        expires_at=expires_at,
    )


def sealed(sessions: Sessions, expires_at: float | None = None) -> str:
    return sessions.sealed(sessions.begun(SHOWN, an_api_key(expires_at)))


def test_a_session_holds_the_key_that_was_shown_and_its_end(sessions: Sessions) -> None:
    opened = sessions.opened(sealed(sessions))
    assert opened == Session(key=SHOWN, ends_at=MORNING + SESSION_SECONDS)
    assert sessions.seconds_left(opened) == SESSION_SECONDS


def test_nothing_of_the_key_is_to_be_seen_in_it(sessions: Sessions) -> None:
    text = sealed(sessions)
    assert set(text) <= SAFE
    assert len(text) < 400
    inside = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    assert b"callreel" not in inside
    assert SHOWN.reveal()[9:21].encode() not in inside


def test_the_same_session_never_looks_the_same_twice(sessions: Sessions) -> None:
    assert len({sealed(sessions) for _ in range(20)}) == 20


async def test_it_ends_at_its_moment(sessions: Sessions, clock: SimulatedClock) -> None:
    text = sealed(sessions)
    await clock.advance(SESSION_SECONDS - 0.1)
    assert sessions.seconds_left(sessions.opened(text)) == 0
    await clock.advance(0.1)
    with pytest.raises(SessionOver, match="has ended"):
        sessions.opened(text)


async def test_it_does_not_outlive_its_key(sessions: Sessions, clock: SimulatedClock) -> None:
    text = sealed(sessions, expires_at=MORNING + 60.5)
    assert sessions.opened(text).ends_at == MORNING + 60.5
    await clock.advance(60.5)
    with pytest.raises(SessionOver):
        sessions.opened(text)


def test_a_key_that_lasts_makes_it_no_longer(sessions: Sessions) -> None:
    text = sealed(sessions, expires_at=MORNING + 90 * 86_400)
    assert sessions.opened(text).ends_at == MORNING + SESSION_SECONDS


def test_a_restart_and_another_node_with_the_houses_key_change_nothing(
    sessions: Sessions, clock: SimulatedClock
) -> None:
    assert Sessions(HOUSE, clock).opened(sealed(sessions)).key == SHOWN


def test_another_house_opens_nothing_of_it(sessions: Sessions, clock: SimulatedClock) -> None:
    with pytest.raises(SessionOver, match="no session of ours"):
        Sessions(Secret("another house"), clock).opened(sealed(sessions))


def test_whatever_is_changed_in_it_makes_it_worthless(sessions: Sessions) -> None:
    text = sealed(sessions)
    box = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    for at in range(len(box)):
        changed = bytes([*box[:at], box[at] ^ 1, *box[at + 1 :]])
        with pytest.raises(SessionOver):
            sessions.opened(base64.urlsafe_b64encode(changed).decode())


@pytest.mark.parametrize(
    "text", ["", "a", "ab", "abc", "x" * 20, "x" * 5000, "schlüssel", "a b", "\0", "!" * 40, "=" * 8], ids=repr
)
def test_what_is_none_is_refused(sessions: Sessions, text: str) -> None:
    with pytest.raises(SessionOver):
        sessions.opened(text)


def test_the_key_does_not_stand_in_what_is_printed(sessions: Sessions) -> None:
    assert SHOWN.reveal() not in repr(sessions.opened(sealed(sessions)))
