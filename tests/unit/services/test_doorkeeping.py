"""Who comes in and who does not, what guessers are told, and what a door remembers."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from connector.domain.access import KeyRole, key_text
from connector.domain.secret import Secret
from connector.errors import CatalogueUnavailable, KeyRefused, NotPermitted, TooManyRequests
from connector.services.door_limits import Guesses, Pace, Remembered, place_of
from connector.services.doorkeeping import Doorkeeping
from connector.services.keys import NewKey
from tests.builders import MORNING
from tests.clocks import SimulatedClock
from tests.unit.services.memory_accounts import MemoryAccounts, a_key
from tests.unit.services.memory_vault import MemoryVault

HOME, AWAY = "192.0.2.1", "198.51.100.9"
NOBODYS = key_text("a" * 12, "x" * 43)


class House:
    """A door, and the keys that are known."""

    def __init__(self) -> None:
        self.accounts = MemoryAccounts()
        self.vault = MemoryVault()
        self.clock = SimulatedClock(MORNING)
        self.door = Doorkeeping(self.accounts, self.vault, self.clock)

    async def key(self, *roles: KeyRole, **over: Any) -> NewKey:
        return await a_key(self.accounts, *roles, **over)

    async def signing_key(self, **over: Any) -> NewKey:
        made = await self.key(is_signing=True, **over)
        sealed_as = await self.vault.keep(made.secret)
        account = self.accounts.accounts.pop(made.key.id)
        self.accounts.accounts[made.key.id] = type(account)(account.key, account.digest, sealed_as)
        return made

    async def comes_in(self, made: NewKey, address: str = HOME) -> bool:
        return await succeeds(self.door.admitted(made.text.reveal(), address))

    async def guess(self, times: int, address: str = HOME) -> None:
        for _ in range(times):
            with pytest.raises(KeyRefused):
                await self.door.admitted(NOBODYS, address)

    async def pause(self, address: str = HOME) -> float:
        """What a stranger is told now; that he is, is no guess."""
        with pytest.raises(TooManyRequests) as refused:
            await self.door.admitted(NOBODYS, address)
        return refused.value.retry_after_seconds


async def succeeds(asked: Awaitable[object]) -> bool:
    try:
        await asked
    except (KeyRefused, TooManyRequests):
        return False
    return True


@pytest.fixture
async def house() -> AsyncIterator[House]:
    made = House()
    yield made
    made.accounts.is_available = True
    await made.door.close()


# --- right and wrong ----------------------------------------------------------------------------------------------


async def test_who_shows_a_key_comes_in_as_its_owner(house: House) -> None:
    made = await house.key(KeyRole.LISTEN)
    access = await house.door.admitted(made.text.reveal(), HOME)
    assert (access.key, access.address, access.by) == (made.key, HOME, f"key {made.key.id}")


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text[:-1] + ("A" if text[-1] != "A" else "B"),
        lambda text: text + "A",
        lambda text: text[:-1],
        lambda text: text.upper(),
        lambda text: f" {text}",
        lambda text: text + "\n",
        lambda text: text.replace("callreel_", ""),
        lambda text: text.replace("callreel_", "callreel_\udcff"),
        lambda _: "",
        lambda _: NOBODYS,
        lambda _: "callreel_" * 10_000,
    ],
)
async def test_whatever_is_not_the_whole_key_is_none(house: House, change: Callable[[str], str]) -> None:
    made = await house.key()
    with pytest.raises(KeyRefused, match="no such key"):
        await house.door.admitted(change(made.text.reveal()), HOME)


async def test_another_keys_secret_opens_nothing(house: House) -> None:
    one, another = await house.key(), await house.key()
    with pytest.raises(KeyRefused):
        await house.door.admitted(key_text(one.key.id, another.secret.reveal()), HOME)


async def test_unknown_revoked_and_wrong_ones_are_told_the_same(house: House) -> None:
    revoked, good = await house.key(), await house.key()
    house.accounts.change(revoked.key.id, revoked_at=MORNING)
    shown = [NOBODYS, revoked.text.reveal(), key_text(good.key.id, "x" * 43), key_text(revoked.key.id, "x" * 43)]
    said = set()
    for text in shown:
        with pytest.raises(KeyRefused) as refused:
            await house.door.admitted(text, HOME)
        said.add(str(refused.value))
    assert len(said) == 1


async def test_only_who_has_an_expired_key_is_told_that_it_expired(house: House) -> None:
    made = await house.key(expires_at=MORNING + 60)
    assert await house.comes_in(made)
    await house.clock.advance(60)
    with pytest.raises(KeyRefused, match=r"expired at 2026-01-05T09:01:00\.000Z"):
        await house.door.admitted(made.text.reveal(), HOME)
    with pytest.raises(KeyRefused, match="no such key"):
        await house.door.admitted(key_text(made.key.id, "x" * 43), HOME)


@pytest.mark.parametrize(
    ("own", "opens"),
    [
        (KeyRole.READ, {KeyRole.READ}),
        (KeyRole.LISTEN, {KeyRole.READ, KeyRole.LISTEN}),
        (KeyRole.CONTROL, {KeyRole.READ, KeyRole.CONTROL}),
        (KeyRole.ADMIN, set(KeyRole)),
    ],
)
async def test_a_role_opens_what_it_implies_and_names_what_is_missing(
    house: House, own: KeyRole, opens: set[KeyRole]
) -> None:
    access = await house.door.admitted((await house.key(own)).text.reveal(), HOME)
    for role in KeyRole:
        if role in opens:
            house.door.check(access, role)
        else:
            with pytest.raises(NotPermitted, match=f"the role {role}; this one has {own}"):
                house.door.check(access, role)


# --- what is remembered -------------------------------------------------------------------------------------------


async def test_a_key_is_looked_up_every_two_seconds_at_most(house: House) -> None:
    made = await house.key()
    for _ in range(50):
        assert await house.comes_in(made)
    assert house.accounts.asked == 1
    await house.clock.advance(2)
    assert await house.comes_in(made)
    assert house.accounts.asked == 2


async def test_what_another_node_revoked_is_out_within_two_seconds(house: House) -> None:
    made = await house.key()
    assert await house.comes_in(made)
    house.accounts.change(made.key.id, revoked_at=MORNING)
    await house.clock.advance(2)
    assert not await house.comes_in(made)


async def test_what_this_node_revoked_is_out_at_once(house: House) -> None:
    made = await house.key()
    assert await house.comes_in(made)
    house.accounts.change(made.key.id, revoked_at=MORNING)
    house.door.key_changed()
    assert not await house.comes_in(made)


async def test_what_was_being_looked_up_when_it_was_revoked_is_looked_up_again(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = await house.key()
    find, is_read, may_go_on = house.accounts.find, asyncio.Event(), asyncio.Event()

    async def slowly(key_id: str) -> object:
        found = await find(key_id)
        is_read.set()
        await may_go_on.wait()
        return found

    monkeypatch.setattr(house.accounts, "find", slowly)
    asked = asyncio.create_task(house.comes_in(made))
    await is_read.wait()
    house.accounts.change(made.key.id, revoked_at=MORNING)
    house.door.key_changed()
    may_go_on.set()
    await asked
    assert not await house.comes_in(made)


async def test_without_the_catalogue_nobody_comes_in_on_what_was_once_known(house: House) -> None:
    made = await house.key()
    assert await house.comes_in(made)
    await house.clock.advance(2)
    house.accounts.is_available = False
    with pytest.raises(CatalogueUnavailable):
        await house.door.admitted(made.text.reveal(), HOME)


async def test_use_is_noted_every_five_minutes_and_fails_nobody(house: House) -> None:
    made = await house.key()
    noted = []
    for seconds in (0, 1, 298, 1, 300):
        await house.clock.advance(seconds)
        assert await house.comes_in(made)
        await house.door.close()
        noted.append(house.accounts.accounts[made.key.id].key.used_at)
    assert [at and at - MORNING for at in noted] == [0, 0, 0, 300, 600]
    other = await house.key()

    async def fails(key_id: str, at: float) -> None:
        raise CatalogueUnavailable("it is locked")

    house.accounts.used = fails  # type: ignore[method-assign]
    assert await house.comes_in(other)
    await house.door.close()


# --- guessers -----------------------------------------------------------------------------------------------------


async def test_ten_wrong_keys_within_a_minute_earn_a_pause_before_anything_is_looked_up(house: House) -> None:
    await house.guess(10)
    asked = house.accounts.asked
    assert await house.pause() == 1
    assert house.accounts.asked == asked


async def test_nine_wrong_keys_a_minute_are_mistakes(house: House) -> None:
    for _ in range(5):
        await house.guess(9)
        await house.clock.advance(60)
    await house.guess(1)


async def test_each_further_wrong_key_doubles_the_pause_up_to_a_quarter_of_an_hour(house: House) -> None:
    await house.guess(9)
    pauses = []
    for _ in range(12):
        await house.guess(1)
        pauses.append(await house.pause())
        await house.clock.advance(pauses[-1])
    assert pauses == [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900]


async def test_an_hour_without_a_wrong_key_is_a_clean_slate(house: House) -> None:
    await house.guess(10)
    await house.clock.advance(3602)
    await house.guess(9)
    assert house.accounts.asked > 10
    await house.guess(1)
    assert await house.pause() == 1


async def test_a_right_key_that_was_seen_here_comes_in_through_any_flood(house: House) -> None:
    made = await house.key()
    assert await house.comes_in(made)
    for _ in range(12):
        await house.guess(10 if not _ else 1)
        assert await house.comes_in(made)
        house.door.key_changed()
        assert await house.comes_in(made)
        await house.clock.advance(await house.pause())


async def test_a_right_key_that_nobody_has_seen_waits_with_the_guessers_of_its_address(house: House) -> None:
    made = await house.key()
    await house.guess(10)
    assert not await house.comes_in(made)
    assert await house.comes_in(made, AWAY)
    assert await house.comes_in(made)


async def test_a_key_that_is_over_is_no_guess(house: House) -> None:
    expired, revoked = await house.key(expires_at=MORNING), await house.key()
    house.accounts.change(revoked.key.id, revoked_at=MORNING)
    for _ in range(20):
        assert not await house.comes_in(expired)
        assert not await house.comes_in(revoked)
    await house.guess(1)


@pytest.mark.parametrize(
    ("one", "another", "is_same"),
    [
        ("192.0.2.1", "192.0.2.1", True),
        ("192.0.2.1", "192.0.2.2", False),
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
        ("::ffff:192.0.2.1", "::ffff:192.0.2.2", False),
        ("fe80::1%eth0", "fe80::2%eth1", True),
        ("", "", True),
        ("testclient", "another", False),
    ],
)
async def test_who_has_many_addresses_of_one_network_is_one_guesser(
    house: House, one: str, another: str, is_same: bool
) -> None:
    await house.guess(10, one)
    if is_same:
        assert await house.pause(another) == 1
    else:
        await house.guess(1, another)


def test_of_any_number_of_addresses_and_keys_only_the_last_ones_are_remembered() -> None:
    guesses, pace = Guesses(most=10), Pace(1.0, 1, most=10)
    for number in range(1000):
        guesses.wrong(place_of(f"2001:db8:0:{number:x}::1"), MORNING)
        pace.wait_seconds(str(number), MORNING)
    assert len(guesses._guessers) == len(pace._buckets) == 10
    assert len(place_of("x" * 10_000)) < 100


def test_what_is_asked_for_is_remembered_longest() -> None:
    names: Remembered[int] = Remembered(2)
    names.put("a", 1)
    names.put("b", 2)
    assert names.get("a") == 1
    names.put("c", 3)
    assert [names.get(name) for name in "abc"] == [1, None, 3]


# --- the pace -----------------------------------------------------------------------------------------------------


async def test_a_key_may_burst_and_then_goes_at_its_pace(house: House) -> None:
    made, other = await house.key(), await house.key()
    assert [await house.comes_in(made) for _ in range(201)] == [True] * 200 + [False]
    assert await house.comes_in(other)
    with pytest.raises(TooManyRequests, match="more than 50 times a second") as refused:
        await house.door.admitted(made.text.reveal(), HOME)
    assert refused.value.retry_after_seconds == pytest.approx(0.02)
    await house.clock.advance(1)
    assert [await house.comes_in(made) for _ in range(51)] == [True] * 50 + [False]


async def test_a_rest_saves_no_more_than_one_burst(house: House) -> None:
    made = await house.key()
    assert await house.comes_in(made)
    await house.clock.advance(3600)
    assert [await house.comes_in(made) for _ in range(201)] == [True] * 200 + [False]


# --- passwords and signatures -------------------------------------------------------------------------------------


async def test_by_password_a_key_is_named_by_its_id_or_its_organisation(house: House) -> None:
    made, signing = await house.key(), await house.signing_key()
    for name, password, key in (
        (made.key.id, made.secret, made),
        (made.key.id, made.text, made),
        ("acme", made.text, made),
        ("acme", signing.secret, signing),
        (signing.key.id, signing.secret, signing),
    ):
        for _ in range(2):
            assert (await house.door.admitted_by_password(name, password.reveal(), HOME)).key.id == key.key.id


@pytest.mark.parametrize("name", ["other", "", "\x00", "x" * 5000, "a" * 12])
async def test_a_password_under_another_name_is_none(house: House, name: str) -> None:
    made = await house.signing_key()
    for password in (made.secret, made.text):
        with pytest.raises(KeyRefused, match="no such key"):
            await house.door.admitted_by_password(name, password.reveal(), HOME)


async def test_who_guesses_passwords_waits_and_who_has_one_does_not(house: House) -> None:
    made = await house.signing_key()
    password = made.secret.reveal()
    assert await succeeds(house.door.admitted_by_password("acme", password, HOME))
    for _ in range(10):
        with pytest.raises(KeyRefused):
            await house.door.admitted_by_password("acme", "guess", HOME)
    asked = house.accounts.asked
    with pytest.raises(TooManyRequests):
        await house.door.admitted_by_password("acme", "guess", HOME)
    assert house.accounts.asked == asked
    assert await succeeds(house.door.admitted_by_password("acme", password, HOME))


async def test_a_password_of_a_revoked_key_opens_nothing_though_it_did(house: House) -> None:
    made = await house.signing_key()
    password = made.secret.reveal()
    assert await succeeds(house.door.admitted_by_password("acme", password, HOME))
    house.accounts.change(made.key.id, revoked_at=MORNING)
    house.door.key_changed()
    assert not await succeeds(house.door.admitted_by_password("acme", password, HOME))


async def test_a_request_comes_in_by_the_signature_of_any_good_key_of_its_organisation(house: House) -> None:
    old, new = await house.signing_key(expires_at=MORNING + 60), await house.signing_key()
    for name, made in (("acme", old), ("acme", new), (new.key.id, new)):
        access = await house.door.admitted_by_proof(name, made.secret.__eq__, HOME)
        assert access.key.id == made.key.id
    assert {key.id for key, _ in await house.door.signers("acme")} == {old.key.id, new.key.id}
    await house.clock.advance(60)
    assert [key.id for key, _ in await house.door.signers("acme")] == [new.key.id]
    with pytest.raises(KeyRefused):
        await house.door.admitted_by_proof("acme", old.secret.__eq__, HOME)


@pytest.mark.parametrize("name", ["other", "", "\x00", "x" * 5000, "a" * 12])
async def test_a_signature_under_another_name_is_none(house: House, name: str) -> None:
    made = await house.signing_key()
    with pytest.raises(KeyRefused):
        await house.door.admitted_by_proof(name, made.secret.__eq__, HOME)


async def test_who_guesses_signatures_waits_unless_he_has_signed_rightly_here(house: House) -> None:
    made = await house.signing_key()
    assert await succeeds(house.door.admitted_by_proof("acme", made.secret.__eq__, HOME))
    for address, outcome in ((HOME, KeyRefused), (AWAY, TooManyRequests)):
        for _ in range(10):
            with pytest.raises(KeyRefused):
                await house.door.admitted_by_proof("acme", Secret("guess").__eq__, address)
        with pytest.raises(outcome):
            await house.door.admitted_by_proof("acme", Secret("guess").__eq__, address)
    assert await succeeds(house.door.admitted_by_proof("acme", made.secret.__eq__, HOME))


async def test_what_goes_wrong_during_a_pause_makes_it_no_longer(house: House) -> None:
    made = await house.signing_key()
    assert await succeeds(house.door.admitted_by_proof("acme", made.secret.__eq__, HOME))
    for _ in range(30):
        assert not await succeeds(house.door.admitted_by_proof("acme", Secret("guess").__eq__, HOME))
    assert await house.pause() == 1
    await house.clock.advance(1)
    await house.guess(1)
    assert await house.pause() == 2


async def test_a_signing_key_whose_secret_is_lost_does_not_stop_the_others(house: House) -> None:
    lost, made = await house.signing_key(), await house.signing_key()
    house.vault.secrets.pop(house.accounts.accounts[lost.key.id].sealed_as)
    assert [key.id for key, _ in await house.door.signers("acme")] == [made.key.id]


async def test_signers_are_looked_up_every_two_seconds_at_most_and_anew_after_a_change(house: House) -> None:
    made = await house.signing_key()
    for _ in range(5):
        assert len(await house.door.signers("acme")) == 1
    assert house.accounts.asked == 1
    house.accounts.change(made.key.id, revoked_at=MORNING)
    house.door.key_changed()
    assert not await house.door.signers("acme")


async def test_a_key_that_only_opens_signs_nothing(house: House) -> None:
    made = await house.key()
    assert not await house.door.signers(made.key.id)
