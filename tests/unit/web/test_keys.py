"""Keys over HTTP, through the real services: made, shown once, listed, renewed, ended."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI

from connector.domain.access import KeyRole, Limits
from connector.domain.secret import Secret
from connector.services.audit_head import AuditHead
from connector.services.auditing import Auditing
from connector.services.doorkeeping import Doorkeeping
from connector.services.keys import Keys
from connector.web.door import Door
from connector.web.keys import keys_router
from connector.web.problems import answer_with_problems
from tests.builders import MORNING
from tests.clocks import SimulatedClock
from tests.unit.services.memory_accounts import MemoryAccounts, a_key
from tests.unit.services.memory_audit import MemoryAuditLog
from tests.unit.services.memory_vault import MemoryVault
from tests.unit.web.browser import Answer, Browser

#: The members of what clients read: none may go or be called otherwise.
MEMBERS = {
    "id",
    "name",
    "organisation",
    "roles",
    "limits",
    "state",
    "signing",
    "created_at",
    "created_by",
    "expires_at",
    "revoked_at",
    "used_at",
}


class Site:
    def __init__(self, folder: Path) -> None:
        self.accounts = MemoryAccounts()
        self.vault = MemoryVault()
        self.clock = SimulatedClock(MORNING)
        self.log = MemoryAuditLog()
        self.auditing = Auditing(self.log, self.clock, AuditHead(folder / "audit.head", Secret("key"), self.clock))
        self.door = Doorkeeping(self.accounts, self.vault, self.clock)
        keys = Keys(self.accounts, self.vault, self.auditing, self.clock, changed=self.door.key_changed)
        self.app = FastAPI()
        answer_with_problems(self.app)
        self.app.include_router(keys_router(Door(self.door), keys, self.clock))
        self.boss = ""

    async def ask(self, url: str, method: str = "GET", body: Any = None, key: str = "") -> Answer:
        headers = {"x-api-key": key or self.boss, "content-type": "application/json"}
        content = b"" if body is None else json.dumps(body).encode()
        return await Browser(self.app).ask(url, method=method, headers=headers, body=content)

    async def make(self, key: str = "", **wanted: Any) -> dict[str, Any]:
        answer = await self.ask("/v1/keys", "POST", {"name": "CRM", **wanted}, key)
        assert answer.status == 201, answer.text
        assert answer.headers["cache-control"] == "no-store"
        made: dict[str, Any] = json.loads(answer.content)
        return made

    async def status(self, key: str) -> int:
        """What a key is answered; all are administrators' here, or are not let in."""
        return (await self.ask("/v1/keys", key=key)).status


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    made = Site(tmp_path)
    made.boss = (await a_key(made.accounts, KeyRole.ADMIN, name="boss")).text.reveal()
    yield made
    await made.auditing.close()
    await made.door.close()


async def test_a_key_is_shown_once_and_works(site: Site) -> None:
    made = await site.make(roles=["admin"])
    assert set(made) == MEMBERS | {"key", "secret"}
    assert (made["organisation"], made["state"], made["signing"], made["secret"]) == ("acme", "good", False, None)
    assert (made["created_at"], made["expires_at"]) == ("2026-01-05T09:00:00.000Z", None)
    answer = await site.ask("/v1/keys", key=made["key"])
    assert answer.status == 200
    assert made["key"] not in answer.text
    assert [one["name"] for one in json.loads(answer.content)["keys"]] == ["CRM", "boss"]
    assert all(set(one) == MEMBERS for one in json.loads(answer.content)["keys"])


async def test_what_was_wished_is_what_is_made(site: Site) -> None:
    limits = {"tags": ["vip"], "agents": ["201"], "numbers": ["+4930*"]}
    wanted: dict[str, Any] = {
        "roles": ["listen", "control"],
        "limits": limits,
        "expires_at": "2026-01-06T10:00:00+01:00",
        "signing": True,
    }
    made = await site.make(**wanted)
    assert {name: made[name] for name in wanted} == wanted | {"expires_at": "2026-01-06T09:00:00.000Z"}
    assert made["key"] == f"callreel_{made['id']}_{made['secret']}"
    kept = site.accounts.accounts[made["id"]]
    assert kept.key.limits == Limits(tags=("vip",), agents=("201",), numbers=("+4930*",))
    assert site.vault.secrets[kept.sealed_as].reveal() == made["secret"]


async def test_a_revoked_key_is_out_at_once_and_stays_in_the_list(site: Site) -> None:
    made = await site.make(roles=["admin"])
    assert await site.status(made["key"]) == 200
    for _ in range(2):
        answer = await site.ask(f"/v1/keys/{made['id']}", "DELETE")
        assert (answer.status, json.loads(answer.content)["state"]) == (200, "revoked")
    assert await site.status(made["key"]) == 401
    assert json.loads((await site.ask("/v1/keys")).content)["keys"][0]["revoked_at"] == "2026-01-05T09:00:00.000Z"


async def test_a_renewed_key_leaves_the_old_one_a_grace_time(site: Site) -> None:
    old = await site.make(roles=["admin"])
    answer = await site.ask(f"/v1/keys/{old['id']}/rotate", "POST")
    assert (answer.status, answer.headers["cache-control"]) == (201, "no-store")
    new = json.loads(answer.content)
    assert [await site.status(one["key"]) for one in (old, new)] == [200, 200]
    await site.clock.advance(86_400)
    assert [await site.status(one["key"]) for one in (old, new)] == [401, 200]
    again = await site.ask(f"/v1/keys/{new['id']}/rotate", "POST", {"grace_seconds": 0})
    assert again.status == 201
    assert await site.status(new["key"]) == 401
    states = [one["state"] for one in json.loads((await site.ask("/v1/keys")).content)["keys"]]
    assert states == ["good", "expired", "expired", "good"]
    assert (await site.ask(f"/v1/keys/{old['id']}/rotate", "POST")).status == 409


async def test_pages_follow_their_cursor_and_link(site: Site) -> None:
    for number in range(4):
        await site.make(name=str(number))
    names: list[str] = []
    url = "/v1/keys?limit=2"
    while url:
        answer = await site.ask(url)
        page = json.loads(answer.content)
        names += [one["name"] for one in page["keys"]]
        link = answer.headers.get("link", "")
        assert bool(link) is (page["next_cursor"] is not None)
        url = link.partition(">")[0][1:]
    assert names == ["3", "2", "1", "0", "boss"]


@pytest.mark.parametrize("role", [role for role in KeyRole if role is not KeyRole.ADMIN])
async def test_only_an_administrator_has_to_do_with_keys(site: Site, role: KeyRole) -> None:
    made = await site.make(roles=[str(role)])
    for method, path in (
        ("GET", ""),
        ("POST", ""),
        ("DELETE", f"/{made['id']}"),
        ("POST", f"/{made['id']}/rotate"),
    ):
        assert (await site.ask(f"/v1/keys{path}", method, {"name": "x"}, made["key"])).status == 403
    assert await site.status("callreel_") == 401


async def test_another_organisations_keys_are_not_there(site: Site) -> None:
    house = await a_key(site.accounts, KeyRole.ADMIN, organisation=None)
    other = await site.make(house.text.reveal(), organisation="other", roles=["admin"])
    for id in (other["id"], house.key.id):
        assert (await site.ask(f"/v1/keys/{id}", "DELETE")).status == 404
        assert (await site.ask(f"/v1/keys/{id}/rotate", "POST")).status == 404
    (own,) = json.loads((await site.ask("/v1/keys", key=other["key"])).content)["keys"]
    assert own["id"] == other["id"]
    assert (await site.ask("/v1/keys", "POST", {"name": "x", "organisation": "other"})).status == 403
    assert len(json.loads((await site.ask("/v1/keys", key=house.text.reveal())).content)["keys"]) == 3


async def test_what_cannot_be_written_down_is_not_handed_out(site: Site) -> None:
    site.log.is_available = False
    answer = await site.ask("/v1/keys", "POST", {"name": "CRM"})
    assert answer.status == 503
    assert len(site.accounts.accounts) == 1


@pytest.mark.parametrize(
    ("wanted", "status", "pointer"),
    [
        ({}, 422, "/name"),
        ({"name": ""}, 422, "/name"),
        ({"name": " "}, 422, "/name"),
        ({"name": "x" * 201}, 422, "/name"),
        ({"name": "a\x00"}, 422, "/name"),
        ({"name": "a\nb"}, 422, "/name"),
        ({"name": 7}, 422, "/name"),
        ({"name": None}, 422, "/name"),
        ({"name": "x", "role": "admin"}, 422, "/role"),
        ({"name": "x", "roles": []}, 422, "/roles"),
        ({"name": "x", "roles": ["god"]}, 422, "/roles/0"),
        ({"name": "x", "roles": ["read"] * 5}, 422, "/roles"),
        ({"name": "x", "roles": "read"}, 422, "/roles"),
        ({"name": "x", "limits": None}, 422, "/limits"),
        ({"name": "x", "limits": {"queues": []}}, 422, "/limits/queues"),
        ({"name": "x", "limits": {"tags": ["x"] * 101}}, 422, "/limits/tags"),
        ({"name": "x", "limits": {"tags": [1]}}, 422, "/limits/tags/0"),
        ({"name": "x", "limits": {"numbers": [""]}}, 422, "/limits/numbers/0"),
        ({"name": "x", "signing": "yes"}, 422, "/signing"),
        ({"name": "x", "expires_at": 1}, 422, "/expires_at"),
        ({"name": "x", "expires_at": "x" * 41}, 422, "/expires_at"),
        ({"name": "x", "expires_at": "tomorrow"}, 400, "/expires_at"),
        ({"name": "x", "expires_at": "2026-01-06"}, 400, "/expires_at"),
        ({"name": "x", "expires_at": "2026-01-06T00:00:00"}, 400, "/expires_at"),
        ({"name": "x", "expires_at": "2026-01-05T09:00:00Z"}, 400, "/expires_at"),
        ({"name": "x", "expires_at": "9999-12-31T23:59:59-23:59"}, 400, "/expires_at"),
        ({"name": "x", "expires_at": "0001-01-01T00:00:00+23:59"}, 400, "/expires_at"),
        ({"name": "x", "organisation": "a\x7f"}, 422, "/organisation"),
    ],
)
async def test_what_is_wrong_with_a_wish_is_pointed_at(
    site: Site, wanted: dict[str, Any], status: int, pointer: str
) -> None:
    answer = await site.ask("/v1/keys", "POST", wanted)
    assert (answer.status, json.loads(answer.content)["errors"][0]["pointer"]) == (status, pointer)
    assert len(site.accounts.accounts) == 1


@pytest.mark.parametrize(
    "body", [{"grace_seconds": -1}, {"grace_seconds": 1e300}, {"grace_seconds": "1"}, {"x": 1}, []]
)
async def test_a_grace_time_that_is_none_is_refused(site: Site, body: Any) -> None:
    made = await site.make()
    assert (await site.ask(f"/v1/keys/{made['id']}/rotate", "POST", body)).status == 422


@pytest.mark.parametrize("id", ["nothing", "%00", "..%2f..%2fetc", "a" * 12, "%F0%9F%98%80", "x" * 200])
async def test_an_id_that_is_none_is_not_found(site: Site, id: str) -> None:
    for method, path in (("DELETE", id), ("POST", f"{id}/rotate")):
        assert (await site.ask(f"/v1/keys/{path}", method)).status in {404, 405}


@pytest.mark.parametrize(
    "query",
    ["limit=0", "limit=201", "limit=x", "limit=", "cursor=", "cursor=x", "cursor=a2V5IA==", f"cursor={'A' * 300}"],
)
async def test_a_page_that_is_none_is_refused(site: Site, query: str) -> None:
    assert (await site.ask(f"/v1/keys?{query}")).status in {400, 422}


async def test_a_cursor_of_a_key_that_is_not_ones_own_leads_nowhere(site: Site) -> None:
    house = (await a_key(site.accounts, KeyRole.ADMIN, organisation=None)).text.reveal()
    for _ in range(2):
        await site.make(house)
    cursor = json.loads((await site.ask("/v1/keys?limit=1", key=house)).content)["next_cursor"]
    assert (await site.ask(f"/v1/keys?cursor={cursor}")).status == 404


async def test_of_two_who_renew_at_once_both_keys_are_known(site: Site) -> None:
    old = await site.make()
    answers = await asyncio.gather(*(site.ask(f"/v1/keys/{old['id']}/rotate", "POST") for _ in range(2)))
    made = [json.loads(answer.content) for answer in answers if answer.status == 201]
    assert all(one["id"] in site.accounts.accounts for one in made)
    assert made


def test_openapi_names_each_operation(site: Site) -> None:
    paths = site.app.openapi()["paths"]
    names = {one["operationId"] for path in paths.values() for one in path.values()}
    assert names == {"list_keys", "make_key", "rotate_key", "revoke_key"}
