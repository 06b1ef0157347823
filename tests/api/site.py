"""The whole HTTP application over a house on disk, seeded for two organisations: in this process, or served.

`seeded` makes the house once; `opened` composes the application over a copy of it; `serving` has it listen on this
machine, in a thread of its own. What lies in it, and by which ids, is seeds.py's; an `Annexe` brings more.
"""

import asyncio
import json
import shutil
import socket
import threading
from collections.abc import AsyncIterator, Coroutine, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Final, TypeVar

from fastapi import FastAPI
from sqlalchemy import update
from starlette.types import ASGIApp

from connector import __version__
from connector.catalogue.account_tables import KEYS
from connector.catalogue.store import Catalogue
from connector.domain.access import KeyRole, Limits, of_the_house
from connector.domain.decision import CommandAnswered
from connector.domain.ids import CallId
from connector.domain.outbound import ORIGINATE, answered
from connector.domain.secret import Secret
from connector.domain.states import NotificationState
from connector.ports.call_ledger import JournalPosition
from connector.ports.clock import Clock
from connector.roles.rooms import rooms
from connector.roles.server import Server
from connector.roles.web_house import WebHouse, furnished
from connector.services.erasure_book import ErasureBook
from connector.services.keys import KeyWish, NewKey
from connector.web.app import application, served
from connector.web.metrics import RequestNumbers
from tests.api import seeds
from tests.api.configured import Annexe, configured
from tests.api.seeds import ORGANISATIONS
from tests.builders import MORNING
from tests.unit.web.browser import Answer, Browser

HOUSE: Final = "house"
ROLES: Final = tuple(role.value for role in KeyRole)
#: Keys of each organisation beside those of each role; all of them are of role admin.
LIMITED: Final = {
    "tagged": Limits(tags=("vip",)),
    "of-agent": Limits(agents=("202",)),
    "of-number": Limits(numbers=("+4989*",)),
}
_LOOK_SECONDS: Final = 0.01

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ids:
    """One organisation's, by what a route calls them; for a route with `{name}` there is `values["name"]`."""

    values: Mapping[str, str]

    def filled(self, path: str) -> str:
        """A route's path with these ids."""
        for name, value in self.values.items():
            path = path.replace(f"{{{name}}}", value).replace(f"{{{name}:path}}", value)
        return path


@dataclass(frozen=True, slots=True, kw_only=True)
class Seeded:
    """A house as it was made, to be copied. `keys`: by whose and which, as `acme admin`, `house read`, `acme tagged`,
    `acme revoked`, `acme expired`, `acme spare` (to be revoked or renewed), `acme signing`."""

    folder: Path
    #: What its catalogue is called: a file below `folder`, or a database of PostgreSQL.
    catalogue: str
    keys: Mapping[str, str]
    key_ids: Mapping[str, str]
    ids: Mapping[str, Ids]
    #: Of keys that sign, by whose they are: what clients sign with.
    secrets: Mapping[str, Secret] = field(default_factory=dict)
    annexe: Annexe = field(default_factory=Annexe)

    @property
    def archive(self) -> Path:
        """Shared by all copies: nobody but the work role changes it."""
        return self.folder / "archive"


@dataclass(frozen=True, kw_only=True)
class Site:
    seeded: Seeded
    #: Of this copy: state folder, configuration, journal of erasures.
    folder: Path
    house: WebHouse
    app: FastAPI
    #: The application as the server has it, behind its limits.
    served: ASGIApp
    numbers: RequestNumbers = field(default_factory=RequestNumbers)

    @cached_property
    def browser(self) -> Browser:
        return Browser(self.served)

    def key(self, who: str) -> str:
        return self.seeded.keys[who]

    def ids(self, organisation: str) -> Ids:
        return self.seeded.ids[organisation]

    async def ask(
        self,
        who: str | None,
        method: str,
        url: str,
        body: object = None,
        *,
        raw: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        leaves_after: int | None = None,
    ) -> Answer:
        """As whoever has that key (None: nobody), with a body in JSON or as it is; who hears live events has to leave
        after so many messages."""
        content = raw if raw is not None else b"" if body is None else json.dumps(body).encode()
        sent = {"host": "127.0.0.1:8080"}
        if who is not None:
            sent["authorization"] = f"Bearer {self.key(who)}"
        if content:
            sent |= {"content-type": "application/json", "content-length": str(len(content))}
        browser = Browser(self.served)
        browser.leaves_after = leaves_after
        return await browser.ask(url, method, sent | dict(headers or {}), content)


def seeded(folder: Path, url: str, annexe: Annexe | None = None) -> Seeded:
    """A new house in that folder, over a migrated, empty catalogue."""
    return asyncio.run(_seeded(folder, url, annexe or Annexe()))


@asynccontextmanager
async def opened(seed: Seeded, folder: Path, url: str, *, listen: str = "127.0.0.1:8080") -> AsyncIterator[Site]:
    """The application over a copy of the house; `folder` is empty, `url` is a copy of its catalogue."""
    settings = configured(folder, url, seed.archive, listen, seed.annexe)
    shutil.copy(seed.folder / "house.key", folder / "house.key")
    shutil.copytree(seed.folder / "peaks", folder / "peaks")
    async with furnished(settings) as house:
        ground, numbers = house.ground, RequestNumbers()
        app = application(rooms(house, numbers), __version__)
        site = Site(
            seeded=seed,
            folder=folder,
            house=house,
            app=app,
            served=served(app, settings.api, numbers, ground.clock),
            numbers=numbers,
        )
        await ground.overlay.recall()
        ground.overlay.follow(ground.destinations.follow)
        async with asyncio.TaskGroup() as tasks:
            background = [
                tasks.create_task(_obey(ground.catalogue, ground.clock)),
                tasks.create_task(house.events.run()),
            ]
            try:
                yield site
            finally:
                for task in background:
                    task.cancel()


@contextmanager
def serving(seed: Seeded, folder: Path, url: str) -> Iterator[str]:
    """The same behind our own server, on this machine; gives its address, as http://127.0.0.1:40001."""
    with served_site(seed, folder, url) as server:
        yield server.url


@contextmanager
def served_site(seed: Seeded, folder: Path, url: str) -> Iterator["ServedSite"]:
    """The same, for whoever looks behind it, too."""
    server = ServedSite(seed, folder, url, f"127.0.0.1:{_free_port()}")
    server.start()
    try:
        server.wait()
        yield server
    finally:
        server.stop()


def copied_file(seed: Seeded, folder: Path) -> str:
    """The address of a copy of its SQLite catalogue, in that folder."""
    shutil.copy(seed.folder / "catalogue.db", folder / "catalogue.db")
    return f"sqlite:///{folder / 'catalogue.db'}"


class ServedSite(threading.Thread):
    def __init__(self, seed: Seeded, folder: Path, url: str, listen: str) -> None:
        super().__init__(name="the server under test")
        self.url = f"http://{listen}"
        self._asked = (seed, folder, url, listen)
        self._site: Site | None = None
        self._is_up = threading.Event()
        self._error: BaseException | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._is_over: asyncio.Event | None = None

    @property
    def site(self) -> Site:
        assert self._site is not None, "it is not up"
        return self._site

    def awaited(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """What comes of it in the server's own loop."""
        assert self._loop is not None, "it is not up"
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result()

    def run(self) -> None:
        try:
            asyncio.run(self._serve())
        except BaseException as error:
            self._error = error
            raise
        finally:
            self._is_up.set()

    def wait(self) -> None:
        self._is_up.wait()
        if self._error is not None:
            raise RuntimeError("the server under test has not begun") from self._error

    def stop(self) -> None:
        if self._loop is not None and self._is_over is not None and self._error is None and self.is_alive():
            self._loop.call_soon_threadsafe(self._is_over.set)
        self.join()

    async def _serve(self) -> None:
        self._loop, self._is_over = asyncio.get_running_loop(), asyncio.Event()
        seed, folder, url, listen = self._asked
        async with opened(seed, folder, url, listen=listen) as site:
            self._site = site
            server = Server(site.served, site.house.ground.settings.api, drain_seconds=1)
            await server.start()
            self._is_up.set()
            await server.serve_until(self._is_over)
            site.house.events.close()
            await server.stop()


async def _seeded(folder: Path, url: str, annexe: Annexe) -> Seeded:
    archive = folder / "archive"
    archive.mkdir()
    async with furnished(configured(folder, url, archive, "127.0.0.1:8080", annexe)) as house:
        await seeds.sow(house.ground, archive)
        await annexe.sow(house.ground, archive)
        made = await _keys(house, annexe)
        erasures = {one.organisation: one.id for one in await ErasureBook(folder).read()}
    key_ids = {who: key.key.id for who, key in made.items()}
    return Seeded(
        folder=folder,
        catalogue=url.rpartition("/")[2],
        keys={who: key.text.reveal() for who, key in made.items()},
        key_ids=key_ids,
        ids={name: Ids(values=_values(name, key_ids[f"{name} spare"], erasures[name])) for name in ORGANISATIONS},
        secrets={who.partition(" ")[0]: key.secret for who, key in made.items() if key.key.is_signing},
        annexe=annexe,
    )


def _values(organisation: str, key_id: str, erasure_id: str) -> dict[str, str]:
    available = "available"
    return {
        "call_id": seeds.call_id(organisation, available),
        "recording_id": seeds.recording_id(organisation, available),
        "kind": "stereo",
        "tag": "later",
        "note_id": f"{organisation}-note-{available}",
        "number": seeds.CALLER_NUMBER,
        "conference": seeds.call_id(organisation, "conference"),
        "conference_id": seeds.call_id(organisation, "conference"),
        "command_id": seeds.order_id(organisation),
        "erasure_id": erasure_id,
        "agent_id": seeds.AGENT,
        "assistant_id": seeds.AGENT,
        "key_id": key_id,
        "id": seeds.notification_id(organisation, NotificationState.DELIVERED),
    }


async def _keys(house: WebHouse, annexe: Annexe) -> dict[str, NewKey]:
    now = house.ground.clock.now()
    wishes = {
        f"{whose} {role}": KeyWish(
            name=f"{whose} {role}", organisation=None if whose == HOUSE else whose, roles=(KeyRole(role),)
        )
        for whose in (*ORGANISATIONS, *annexe.organisations, HOUSE)
        for role in ROLES
    }
    for whose in annexe.organisations:
        of_control: dict[str, Any] = {"organisation": whose, "roles": (KeyRole.CONTROL,)}
        wishes[f"{whose} signing"] = KeyWish(name="signing", is_signing=True, **of_control)
    for whose in ORGANISATIONS:
        own: dict[str, Any] = {"organisation": whose, "roles": (KeyRole.ADMIN,)}
        for name, limits in LIMITED.items():
            wishes[f"{whose} {name}"] = KeyWish(name=name, limits=limits, **own)
        wishes[f"{whose} revoked"] = KeyWish(name="revoked", **own)
        wishes[f"{whose} expired"] = KeyWish(name="expired", expires_at=now + 3600, **own)
        wishes[f"{whose} spare"] = KeyWish(name="spare", **own)
        wishes[f"{whose} signing"] = KeyWish(name="signing", is_signing=True, **own)
    ours = of_the_house("the test", now)
    made = {who: await house.keys.make(ours, wish) for who, wish in wishes.items()}
    for whose in ORGANISATIONS:
        await house.keys.revoke(ours, made[f"{whose} revoked"].key.id)
        await _expire(house, made[f"{whose} expired"].key.id)
    return made


async def _expire(house: WebHouse, key_id: str) -> None:
    over = update(KEYS).where(KEYS.c.id == key_id).values(expires_at=MORNING)
    await house.ground.catalogue.database.write(lambda connection: connection.execute(over))


async def _obey(catalogue: Catalogue, clock: Clock) -> None:
    """What capture does with orders: here all of them come off."""
    position = JournalPosition(file="journal-00000001.jsonl", offset=1)
    while True:
        for command in await catalogue.commands.open_for(seeds.NODE, clock.now()):
            outcome = answered(CallId("")) if command.action == ORIGINATE else f"{command.action} done"
            change = CommandAnswered(command_id=command.id, is_done=True, outcome=outcome)
            await catalogue.calls.apply(seeds.NODE, [change], position)
        await clock.sleep_until(clock.now() + _LOOK_SECONDS)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
