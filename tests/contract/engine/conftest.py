"""The three engines that the contract is run on, each with a store of its own per test."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from connector.engine.dbos import DbosEngine
from connector.engine.memory import MemoryEngine
from connector.ports.engine import Engine, Plans


@dataclass
class Place:
    """A store, and the engines that one process after the other runs on it."""

    kind: str
    url: str = ""
    _memory: MemoryEngine | None = None
    _started: list[Engine] = field(default_factory=list)

    @property
    def begins_again(self) -> bool:
        """What was interrupted does so from its first step, and not at the one that ran."""
        return self.kind == "sqlite"

    def engine(self, *, node: str = "here", concurrency: int = 4) -> Engine:
        if self.kind == "memory":
            # Its store is the object.
            self._memory = self._memory or MemoryEngine(concurrency)
            return self._memory
        return DbosEngine(self.url, node, concurrency)

    async def started(self, plans: Plans, *, node: str = "here", concurrency: int = 4) -> Engine:
        engine = self.engine(node=node, concurrency=concurrency)
        await engine.start(plans)
        self._started.append(engine)
        return engine

    async def close(self) -> None:
        for engine in self._started:
            await engine.drain(0)


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/engine.db"


@pytest.fixture
def postgresql_url(request: pytest.FixtureRequest) -> Iterator[str]:
    server = request.getfixturevalue("postgresql_server")
    url = server.new_database()
    yield url
    server.drop(url)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=[pytest.mark.postgresql, pytest.mark.slow])])
def durable_url(request: pytest.FixtureRequest) -> str:
    return str(request.getfixturevalue(f"{request.param}_url"))


@pytest.fixture(
    params=["memory", "sqlite", pytest.param("postgresql", marks=[pytest.mark.postgresql, pytest.mark.slow])]
)
async def place(request: pytest.FixtureRequest) -> AsyncIterator[Place]:
    url = "" if request.param == "memory" else request.getfixturevalue(f"{request.param}_url")
    place = Place(request.param, url)
    yield place
    await place.close()
