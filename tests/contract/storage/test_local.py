"""LocalFolder keeps the promises, plain and sealed."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from connector.domain.secret import Secret
from connector.storage.local import LocalFolder
from tests.contract.storage.places import Place, read_only, small_disk
from tests.contract.storage.suite import ObjectStoreContract

KEY = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="


class Folder(Place):
    def __init__(self, root: Path, key: str | None = None) -> None:
        self._root = root
        self._key = Secret(key) if key else None

    def open(self) -> LocalFolder:
        return self._store(self._root)

    def names(self) -> list[str]:
        files = [path for path in self._root.rglob("*") if not path.is_dir()]
        return sorted(str(path.relative_to(self._root)) for path in files)

    def recipe(self) -> str:
        key = f"Secret({self._key.reveal()!r})" if self._key else "None"
        return (
            "from connector.domain.secret import Secret; from connector.storage.local import LocalFolder;"
            f"LocalFolder(Path({str(self._root)!r}), key={key})"
        )

    @contextmanager
    def full(self) -> Iterator[LocalFolder]:
        with small_disk(self._root.parent / "small", "100k") as disk:
            yield self._store(disk / "recordings")

    @contextmanager
    def unwritable(self) -> Iterator[LocalFolder]:
        with small_disk(self._root.parent / "read-only", "100k") as disk:
            read_only(disk)
            yield self._store(disk / "recordings")

    def _store(self, root: Path) -> LocalFolder:
        return LocalFolder(root, key=self._key)


class TestLocal(ObjectStoreContract):
    @pytest.fixture
    def place(self, tmp_path: Path) -> Place:
        return Folder(tmp_path / "recordings")


class TestSealedLocal(ObjectStoreContract):
    @pytest.fixture
    def place(self, tmp_path: Path) -> Place:
        return Folder(tmp_path / "recordings", key=KEY)
