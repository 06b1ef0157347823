"""MemoryStore keeps the promises."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from connector.storage.memory import MemoryStore
from tests.contract.storage.places import Place
from tests.contract.storage.suite import ObjectStoreContract


class Memory(Place):
    def __init__(self) -> None:
        self._objects: dict[str, bytes] = {}

    def open(self) -> MemoryStore:
        return MemoryStore(self._objects)

    def names(self) -> list[str]:
        return sorted(self._objects)

    @contextmanager
    def full(self) -> Iterator[MemoryStore]:
        yield MemoryStore(capacity_bytes=100_000)


class TestMemory(ObjectStoreContract):
    # It dies with its process, and nobody can forbid it to write.
    test_killed_in_the_middle_of_a_put_nothing_is_seen_and_the_next_put_works = None  # type: ignore[assignment]
    test_a_place_that_may_not_be_written_says_so_for_good = None  # type: ignore[assignment]

    @pytest.fixture
    def place(self) -> Place:
        return Memory()
