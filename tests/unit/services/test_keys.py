"""Keys that are made, renewed and ended; what nobody may give away; the first one."""

import base64
import io
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from connector.domain.access import NO_LIMITS, Access, ApiKey, KeyRole, Limits, is_within, key_id_of, of_the_house
from connector.domain.secret import Secret
from connector.errors import BadRequest, CatalogueUnavailable, Conflict, KeyRefused, NotFound, NotPermitted
from connector.roles.first_key import print_first_key
from connector.services.audit_head import AuditHead
from connector.services.auditing import Auditing
from connector.services.doorkeeping import Doorkeeping
from connector.services.keys import Keys, KeyWish, NewKey
from tests.builders import MORNING
from tests.clocks import SimulatedClock
from tests.unit.services.memory_accounts import MemoryAccounts
from tests.unit.services.memory_audit import MemoryAuditLog
from tests.unit.services.memory_vault import MemoryVault

HOUSE_KEY = Secret("the house's key")


def by(*roles: KeyRole, organisation: str | None = "acme", **over: Any) -> Access:
    """An administrator, unless other roles are named."""
    facts: dict[str, Any] = {
        "id": "a" * 12,
        "name": "boss",
        "organisation": organisation,
        "roles": roles or (KeyRole.ADMIN,),
        "created_at": MORNING,
    }
    return Access(key=ApiKey(**facts | over), address="192.0.2.1")


HOUSE = by(organisation=None)


class Office:
    def __init__(self, folder: Path) -> None:
        self.accounts = MemoryAccounts()
        self.vault = MemoryVault()
        self.clock = SimulatedClock(MORNING)
        self.log = MemoryAuditLog()
        head = AuditHead(folder / "audit.head", HOUSE_KEY, self.clock)
        self.auditing = Auditing(self.log, self.clock, head)
        self.door = Doorkeeping(self.accounts, self.vault, self.clock)
        self.changes = 0
        self.keys = Keys(self.accounts, self.vault, self.auditing, self.clock, changed=self.count)

    def count(self) -> None:
        self.changes += 1
        self.door.key_changed()

    async def make(self, access: Access = HOUSE, **wish: Any) -> NewKey:
        return await self.keys.make(access, KeyWish(**{"name": "CRM", **wish}))

    async def opens(self, made: NewKey) -> bool:
        try:
            await self.door.admitted(made.text.reveal(), "")
        except KeyRefused:
            return False
        return True


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    made = Office(tmp_path)
    yield made
    await made.auditing.close()
    await made.door.close()


# --- made ---------------------------------------------------------------------------------------------------------


async def test_a_key_that_was_made_opens_and_nothing_that_is_kept_tells_it(office: Office) -> None:
    made = await office.make(organisation="acme", roles=(KeyRole.LISTEN, KeyRole.LISTEN, KeyRole.READ))
    assert await office.opens(made)
    assert key_id_of(made.text.reveal()) == made.key.id
    assert made.key == replace(
        made.key, name="CRM", organisation="acme", roles=(KeyRole.LISTEN, KeyRole.READ), created_at=MORNING
    )
    kept = repr(office.accounts.accounts) + repr(office.log.kept) + repr(made)
    assert made.secret.reveal() not in kept
    assert made.text.reveal() not in kept
    assert not office.vault.secrets


async def test_no_two_keys_are_alike_and_each_has_32_bytes_of_chance(office: Office) -> None:
    made = [await office.make() for _ in range(20)]
    assert len({one.key.id for one in made}) == len({one.secret.reveal() for one in made}) == 20
    assert {len(base64.urlsafe_b64decode(one.secret.reveal() + "=")) for one in made} == {32}


async def test_a_key_that_signs_has_a_secret_in_standard_base64_that_the_vault_keeps(office: Office) -> None:
    made = [await office.make(organisation="acme", is_signing=True) for _ in range(20)]
    for one in made:
        assert len(base64.b64decode(one.secret.reveal(), validate=True)) == 32
        assert await office.opens(one)
    signers = await office.door.signers("acme")
    assert {(key.id, secret.reveal()) for key, secret in signers} == {(one.key.id, one.secret.reveal()) for one in made}


async def test_it_is_in_the_log_who_made_what(office: Office) -> None:
    limits = Limits(numbers=("+4930*",))
    made = await office.make(
        HOUSE, organisation="acme", limits=limits, expires_at=MORNING + 60, is_signing=True, name="Sinch"
    )
    (deed,) = office.log.deeds
    assert (deed.action, deed.subject, deed.by) == ("key.made", made.key.id, f"key {HOUSE.key.id}")
    assert (deed.organisation, deed.address) == ("acme", "192.0.2.1")
    assert deed.details == {
        "name": "Sinch",
        "roles": ["read"],
        "limits": {"numbers": ["+4930*"]},
        "expires_at": "2026-01-05T09:01:00.000Z",
        "is_signing": True,
    }
    assert made.key.created_by == HOUSE.by


async def test_what_cannot_be_written_down_is_not_done(office: Office) -> None:
    made = await office.make()
    office.log.is_available = False
    with pytest.raises(CatalogueUnavailable):
        await office.make()
    with pytest.raises(CatalogueUnavailable):
        await office.keys.revoke(HOUSE, made.key.id)
    with pytest.raises(CatalogueUnavailable):
        await office.keys.rotate(HOUSE, made.key.id)
    assert list(office.accounts.accounts) == [made.key.id]
    assert await office.opens(made)


@pytest.mark.parametrize(
    ("wish", "pointer"),
    [
        ({"name": ""}, "/name"),
        ({"name": "  "}, "/name"),
        ({"name": "x" * 201}, "/name"),
        ({"name": "a\x00b"}, "/name"),
        ({"name": "a\x1b[2J"}, "/name"),
        ({"name": "a\udcff"}, "/name"),
        ({"organisation": ""}, "/organisation"),
        ({"organisation": "a\x00"}, "/organisation"),
        ({"roles": ()}, "/roles"),
        ({"limits": Limits(tags=("",))}, "/limits/tags"),
        ({"limits": Limits(agents=("x",) * 101)}, "/limits/agents"),
        ({"limits": Limits(numbers=("+49\n",))}, "/limits/numbers"),
        ({"expires_at": MORNING}, "/expires_at"),
        ({"expires_at": MORNING + 11 * 366 * 86_400}, "/expires_at"),
        ({"expires_at": float("nan")}, "/expires_at"),
    ],
)
async def test_what_is_wrong_with_a_wish_is_named(office: Office, wish: dict[str, Any], pointer: str) -> None:
    with pytest.raises(BadRequest) as refused:
        await office.make(**wish)
    assert refused.value.pointer == pointer
    assert not office.accounts.accounts
    assert not office.log.kept


async def test_an_organisation_that_nobody_configured_gets_no_key(office: Office) -> None:
    keys = Keys(office.accounts, office.vault, office.auditing, office.clock, organisations=lambda: ["acme", "other"])
    with pytest.raises(BadRequest, match="'acne' in the configuration; there are: acme, other"):
        await keys.make(HOUSE, KeyWish(name="CRM", organisation="acne"))
    for organisation in ("acme", None):
        await keys.make(HOUSE, KeyWish(name="CRM", organisation=organisation))


# --- given away ---------------------------------------------------------------------------------------------------


async def test_an_organisations_key_makes_keys_of_its_own(office: Office) -> None:
    for organisation in ("acme", None):
        assert (await office.make(by(), organisation=organisation)).key.organisation == "acme"
    assert (await office.make(HOUSE)).key.organisation is None


@pytest.mark.parametrize(
    ("own", "wish", "why"),
    [
        (by(), {"organisation": "other"}, "organisation 'acme' only"),
        (by(KeyRole.CONTROL), {"roles": (KeyRole.READ, KeyRole.LISTEN, KeyRole.ADMIN)}, "role listen, admin itself"),
        (by(limits=Limits(tags=("vip",))), {}, "limited itself"),
        (by(limits=Limits(tags=("vip",))), {"limits": Limits(tags=("vip", "sales"))}, "limited itself"),
        (by(limits=Limits(tags=("vip",))), {"limits": Limits(agents=("201",))}, "limited itself"),
        (by(expires_at=MORNING + 60), {}, "none that outlives it"),
        (by(expires_at=MORNING + 60), {"expires_at": MORNING + 61}, "none that outlives it"),
    ],
)
async def test_nobody_gives_away_more_than_he_has(office: Office, own: Access, wish: dict[str, Any], why: str) -> None:
    with pytest.raises(NotPermitted, match=why):
        await office.make(own, **wish)
    assert not office.log.kept


@pytest.mark.parametrize(
    ("own", "wish"),
    [
        (by(limits=Limits(tags=("vip", "x"))), {"limits": Limits(tags=("vip",), numbers=("110",))}),
        (by(expires_at=MORNING + 60), {"expires_at": MORNING + 60}),
        (by(KeyRole.LISTEN, KeyRole.CONTROL), {"roles": (KeyRole.READ, KeyRole.CONTROL)}),
    ],
)
async def test_what_one_has_oneself_may_be_given_away(office: Office, own: Access, wish: dict[str, Any]) -> None:
    assert await office.opens(await office.make(own, **wish))


@pytest.mark.parametrize(
    ("inner", "outer", "is_so"),
    [
        (NO_LIMITS, NO_LIMITS, True),
        (Limits(tags=("a",)), NO_LIMITS, True),
        (NO_LIMITS, Limits(tags=("a",)), False),
        (Limits(tags=("a",)), Limits(tags=("a", "b")), True),
        (Limits(tags=("a", "c")), Limits(tags=("a", "b")), False),
        (Limits(tags=("a",)), Limits(tags=("a",), agents=("1",)), False),
        (Limits(agents=("2*",)), Limits(agents=("*",)), False),
        (Limits(numbers=("+4930123",)), Limits(numbers=("+4930*",)), True),
        (Limits(numbers=("+4930*",)), Limits(numbers=("+49*", "110")), True),
        (Limits(numbers=("+49*",)), Limits(numbers=("+4930*",)), False),
        (Limits(numbers=("+49",)), Limits(numbers=("+4930*",)), False),
        (Limits(numbers=("110*",)), Limits(numbers=("110",)), False),
        (Limits(numbers=("*",)), Limits(numbers=("+*",)), False),
        (Limits(numbers=("*",)), Limits(numbers=("*",)), True),
    ],
)
def test_narrower_is_what_hides_all_that_the_wider_hides(inner: Limits, outer: Limits, is_so: bool) -> None:
    assert is_within(inner, outer) is is_so


# --- ended and renewed --------------------------------------------------------------------------------------------


async def test_a_revoked_key_opens_nothing_from_then_on(office: Office) -> None:
    made = await office.make()
    assert await office.opens(made)
    assert (await office.keys.revoke(HOUSE, made.key.id)).revoked_at == MORNING
    assert not await office.opens(made)
    await office.clock.advance(60)
    assert (await office.keys.revoke(HOUSE, made.key.id)).revoked_at == MORNING
    assert [deed.action for deed in office.log.deeds] == ["key.made", "key.revoked", "key.revoked"]


async def test_another_organisations_key_is_as_if_it_were_not_there(office: Office) -> None:
    for made in (await office.make(organisation="other"), await office.make(organisation=None)):
        for act in (office.keys.revoke, office.keys.rotate):
            with pytest.raises(NotFound, match=made.key.id):
                await act(by(), made.key.id)
        with pytest.raises(NotFound):
            await office.keys.listed(by(), limit=10, after=made.key.id)
        assert await office.opens(made)
    assert await office.keys.listed(by(), limit=10) == []
    assert len(await office.keys.listed(HOUSE, limit=10)) == 2


@pytest.mark.parametrize("id", ["", "b" * 12, "../../etc", "\x00", "A" * 12, "x" * 10_000])
async def test_what_is_no_id_is_not_found(office: Office, id: str) -> None:
    for act in (office.keys.revoke, office.keys.rotate):
        with pytest.raises(NotFound):
            await act(HOUSE, id)


async def test_who_is_limited_neither_ends_nor_renews_what_is_less_so(office: Office) -> None:
    limited = by(limits=Limits(tags=("vip",)))
    made = await office.make(by())
    for act in (office.keys.revoke, office.keys.rotate):
        with pytest.raises(NotPermitted):
            await act(limited, made.key.id)
    own = await office.make(by(), limits=Limits(tags=("vip",)))
    await office.keys.revoke(limited, own.key.id)
    assert not await office.opens(own)


async def test_who_ends_may_end_what_would_have_outlived_him(office: Office) -> None:
    made = await office.make(by())
    await office.keys.revoke(by(expires_at=MORNING + 60), made.key.id)
    assert not await office.opens(made)


async def test_a_renewed_key_has_another_secret_and_the_old_one_a_grace_time(office: Office) -> None:
    limits = Limits(agents=("201",))
    old = await office.make(
        organisation="acme", roles=(KeyRole.LISTEN,), limits=limits, expires_at=MORNING + 1e6, is_signing=True
    )
    await office.clock.advance(10)
    new = await office.keys.rotate(by(), old.key.id, grace_seconds=60)
    assert new.key == replace(old.key, id=new.key.id, created_at=MORNING + 10, created_by=by().by)
    assert {key.id for key, _ in await office.door.signers("acme")} == {old.key.id, new.key.id}
    assert await office.opens(old)
    await office.clock.advance(60)
    assert not await office.opens(old)
    assert await office.opens(new)
    assert [(deed.action, deed.subject) for deed in office.log.deeds[1:]] == [
        ("key.rotated", old.key.id),
        ("key.made", new.key.id),
    ]
    assert office.log.deeds[1].details["until"] == "2026-01-05T09:01:10.000Z"


async def test_without_a_grace_time_the_old_one_ends_at_once(office: Office) -> None:
    old = await office.make()
    new = await office.keys.rotate(HOUSE, old.key.id, grace_seconds=0)
    assert [await office.opens(old), await office.opens(new)] == [False, True]


async def test_what_is_over_is_not_renewed(office: Office) -> None:
    revoked, expired = await office.make(), await office.make(expires_at=MORNING + 60)
    await office.keys.revoke(HOUSE, revoked.key.id)
    await office.clock.advance(60)
    for made in (revoked, expired):
        with pytest.raises(Conflict):
            await office.keys.rotate(HOUSE, made.key.id)
    for seconds in (-1.0, 1e12, float("nan")):
        with pytest.raises(BadRequest):
            await office.keys.rotate(HOUSE, revoked.key.id, grace_seconds=seconds)
    assert len(office.accounts.accounts) == 2


# --- the first one ------------------------------------------------------------------------------------------------


async def test_a_house_without_keys_gets_one_that_is_shown_once(office: Office) -> None:
    out = io.StringIO()
    assert await print_first_key(office.accounts, office.clock, out, office.auditing)
    first, key, last = out.getvalue().splitlines()
    access = await office.door.admitted(key, "")
    assert (access.organisation, access.key.roles) == (None, (KeyRole.ADMIN,))
    assert "nobody can show it again" in first
    assert access.key.id in last
    assert [(deed.action, deed.by, deed.subject) for deed in office.log.deeds] == [
        ("key.made", "first start", access.key.id)
    ]
    assert not await print_first_key(office.accounts, office.clock, out, office.auditing)
    await office.keys.revoke(of_the_house("command line (user ada)", MORNING), access.key.id)
    assert not await print_first_key(office.accounts, office.clock, out, office.auditing)
    assert len(out.getvalue().splitlines()) == 3
    assert office.log.deeds[-1].by == "command line (user ada)"
