"""The Accounts on both databases."""

import asyncio
from typing import Any

import pytest

from connector.catalogue.store import Catalogue
from connector.domain.access import ApiKey, KeyRole, Limits
from connector.errors import Conflict
from connector.ports.accounts import Account
from tests.builders import MORNING

LATER = MORNING + 3600


def an_account(id: str = "aaaaaaaaaaaa", *, digest: str = "", sealed_as: str = "", **over: Any) -> Account:
    facts: dict[str, Any] = {
        "id": id,
        "name": "CRM",
        "organisation": "acme",
        "roles": (KeyRole.READ, KeyRole.LISTEN),
        "created_at": MORNING,
        "is_signing": bool(sealed_as),
    }
    return Account(ApiKey(**facts | over), digest or f"digest of {id}", sealed_as)


async def key(catalogue: Catalogue, id: str = "aaaaaaaaaaaa") -> ApiKey:
    found = await catalogue.accounts.find(id)
    assert found is not None
    return found.key


async def test_a_key_comes_back_as_it_was_added(catalogue: Catalogue) -> None:
    whole = an_account(
        sealed_as="s-1",
        name="Zoë's “CRM”",
        organisation=None,
        limits=Limits(tags=("vip", "sales"), agents=("201",), numbers=("+4930*",)),
        created_by="key bbbbbbbbbbbb",
        expires_at=LATER,
    )
    bare = an_account("bbbbbbbbbbbb")
    await catalogue.accounts.add(whole)
    await catalogue.accounts.add(bare)
    assert await catalogue.accounts.find("aaaaaaaaaaaa") == whole
    assert await catalogue.accounts.find("bbbbbbbbbbbb") == bare
    assert await catalogue.accounts.find("cccccccccccc") is None


async def test_an_id_that_is_taken_is_refused_and_its_key_stays(catalogue: Catalogue) -> None:
    await catalogue.accounts.add(an_account())
    with pytest.raises(Conflict, match="aaaaaaaaaaaa"):
        await catalogue.accounts.add(an_account(digest="another", name="an intruder"))
    assert await catalogue.accounts.find("aaaaaaaaaaaa") == an_account()


async def test_the_first_key_is_added_once_however_many_start_together(catalogue: Catalogue, url: str) -> None:
    another = Catalogue.open(url)
    accounts = [an_account(f"{sign * 12}") for sign in "abcdef"]
    # With their connections open, so that they ask at the same time.
    await asyncio.gather(*(log.accounts.find("a") for log in (catalogue, another) for _ in range(4)))
    asked = [(catalogue if at % 2 else another).accounts.add_first(one) for at, one in enumerate(accounts)]
    added = await asyncio.gather(*asked)
    await another.close()
    assert sorted(added) == [False] * 5 + [True]
    (only,) = await catalogue.accounts.listed(None, limit=10)
    assert only == accounts[added.index(True)].key


async def test_there_is_no_first_key_after_any_even_a_revoked_one(catalogue: Catalogue) -> None:
    await catalogue.accounts.add(an_account())
    await catalogue.accounts.revoke("aaaaaaaaaaaa", LATER)
    assert not await catalogue.accounts.add_first(an_account("bbbbbbbbbbbb"))


async def test_revoking_happens_once(catalogue: Catalogue) -> None:
    await catalogue.accounts.add(an_account())
    assert await catalogue.accounts.revoke("aaaaaaaaaaaa", LATER)
    assert not await catalogue.accounts.revoke("aaaaaaaaaaaa", LATER + 60)
    assert not await catalogue.accounts.revoke("bbbbbbbbbbbb", LATER)
    assert (await key(catalogue)).revoked_at == LATER


async def test_the_last_use_never_goes_back(catalogue: Catalogue) -> None:
    await catalogue.accounts.add(an_account())
    for at in (LATER, MORNING):
        await catalogue.accounts.used("aaaaaaaaaaaa", at)
    assert (await key(catalogue)).used_at == LATER


async def test_a_replaced_key_ends_when_the_grace_time_is_over(catalogue: Catalogue) -> None:
    await catalogue.accounts.add(an_account())
    new = an_account("bbbbbbbbbbbb", created_at=LATER)
    assert await catalogue.accounts.replace("aaaaaaaaaaaa", LATER + 60, new)
    assert (await key(catalogue)).expires_at == LATER + 60
    assert await catalogue.accounts.find("bbbbbbbbbbbb") == new


async def test_a_grace_time_never_makes_a_key_live_longer(catalogue: Catalogue) -> None:
    await catalogue.accounts.add(an_account(expires_at=LATER + 10))
    assert await catalogue.accounts.replace("aaaaaaaaaaaa", LATER + 60, an_account("bbbbbbbbbbbb", created_at=LATER))
    assert (await key(catalogue)).expires_at == LATER + 10


@pytest.mark.parametrize("old", [{"expires_at": LATER}, {"revoked_at": MORNING}, {"id": "zzzzzzzzzzzz"}])
async def test_what_is_not_good_any_more_is_not_replaced(catalogue: Catalogue, old: dict[str, Any]) -> None:
    await catalogue.accounts.add(an_account(**old))
    assert not await catalogue.accounts.replace("aaaaaaaaaaaa", LATER, an_account("bbbbbbbbbbbb", created_at=LATER))
    assert await catalogue.accounts.find("bbbbbbbbbbbb") is None


async def test_an_id_that_is_taken_replaces_nothing(catalogue: Catalogue) -> None:
    await catalogue.accounts.add(an_account())
    await catalogue.accounts.add(an_account("bbbbbbbbbbbb"))
    with pytest.raises(Conflict):
        await catalogue.accounts.replace("aaaaaaaaaaaa", LATER, an_account("bbbbbbbbbbbb", created_at=LATER))
    assert (await key(catalogue)).expires_at is None


async def test_keys_that_sign_are_found_by_their_organisation(catalogue: Catalogue) -> None:
    signing = an_account(sealed_as="s-1")
    for account in (
        signing,
        an_account("bbbbbbbbbbbb"),
        an_account("cccccccccccc", sealed_as="s-2", organisation="other"),
        an_account("dddddddddddd", sealed_as="s-3", organisation=None),
        an_account("eeeeeeeeeeee", sealed_as="s-4"),
    ):
        await catalogue.accounts.add(account)
    await catalogue.accounts.revoke("eeeeeeeeeeee", LATER)
    assert await catalogue.accounts.signers("acme") == [signing]


async def test_the_newest_come_first_page_by_page(catalogue: Catalogue) -> None:
    ids = [f"{sign * 12}" for sign in "abcdefg"]
    for number, id in enumerate(ids):
        # Two at a time are made at the same moment.
        organisation = "other" if id.startswith("d") else "acme"
        await catalogue.accounts.add(an_account(id, created_at=MORNING + number // 2, organisation=organisation))
    found: list[str] = []
    while page := await catalogue.accounts.listed(None, limit=2, after=found[-1] if found else ""):
        found += [one.id for one in page]
    assert found == ids[::-1]
    assert [one.id for one in await catalogue.accounts.listed("other", limit=9)] == ["dddddddddddd"]
