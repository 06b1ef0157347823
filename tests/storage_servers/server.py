"""What all storage servers have in common for a test: started and stopped again and again, fresh buckets."""

import signal
from abc import ABC, abstractmethod
from collections.abc import Callable
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self, TypeVar

from tests.storage_servers.azure_client import AzureClient
from tests.storage_servers.process import ServerProcess
from tests.storage_servers.s3_client import S3Client

#: The bucket that is there when a server is up. Fresh ones are called after it.
BUCKET = "recordings"


class Server(ABC):
    """`async with SeaweedFs(folder) as server:`, or start() and stop(). Keeps port and content over a restart."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.bucket = BUCKET
        self._numbers = count(1)
        self._process = self._made_process()

    @property
    @abstractmethod
    def client(self) -> S3Client | AzureClient:
        """A stranger who asks behind the back of the store, and may do everything."""

    @property
    @abstractmethod
    def endpoint(self) -> str:
        """Its URL, without a slash at the end."""

    @abstractmethod
    def names(self, bucket: str = BUCKET) -> list[str]:
        """All that lies in the bucket, half-written things included. Blocks, as do the other questions here."""

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def is_running(self) -> bool:
        return self._process.is_running

    @property
    def log(self) -> str:
        """All that it said since its folder was made."""
        return self._process.log

    async def start(self) -> None:
        """Returns when an object can be put into `bucket`."""
        await self._process.start(self._is_up)

    async def stop(self) -> None:
        """Harmless when it does not run."""
        await self._process.stop()

    def kill(self, number: signal.Signals = signal.SIGKILL) -> None:
        self._process.kill(number)

    def new_bucket(self) -> str:
        """An empty one; returns its name."""
        name = f"{BUCKET}-{next(self._numbers)}"
        self.make_bucket(name)
        return name

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        await self.stop()

    @abstractmethod
    def make_bucket(self, name: str) -> None:
        """Under a name of the test's own; one that is there already is fine."""

    @abstractmethod
    def remove_bucket(self, name: str) -> None:
        """With all that lies in it."""

    @abstractmethod
    def _made_process(self) -> ServerProcess: ...

    @abstractmethod
    def _is_up(self) -> bool: ...


S = TypeVar("S", bound=Server)


class Started(Protocol):
    async def __call__(self, kind: Callable[[Path], S], /) -> S:
        """One more server, for a test that breaks it; it ends with the test."""
        ...
