"""Who reads files over HTTP on one connection, the same way whoever answers. Knows neither callreel nor nginx."""

import random
import time
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPResponse
from typing import Final

from .tool import BenchBroken

_BUFFER_BYTES: Final = 1 << 18
_PATIENCE_SECONDS: Final = 60.0


@dataclass(frozen=True, slots=True)
class Reading:
    size_bytes: int
    #: From the first request to the last byte.
    seconds: float
    #: Of these, until answers began.
    waited_seconds: float


class Reader:
    def __init__(self, port: int, path: str, size_bytes: int, headers: Mapping[str, str] | None = None) -> None:
        self._connection = HTTPConnection("127.0.0.1", port, timeout=_PATIENCE_SECONDS)
        self._path = path
        self._size_bytes = size_bytes
        self._headers = dict(headers or {})
        self._buffer = memoryview(bytearray(_BUFFER_BYTES))

    def whole(self, times: int) -> Reading:
        began = time.perf_counter()
        waited = sum(self._read(200, self._size_bytes, {}) for _ in range(times))
        return Reading(times * self._size_bytes, time.perf_counter() - began, waited)

    def parts(self, count: int, part_bytes: int) -> float:
        """Requests a second, each for a part somewhere: a player whose listener jumps about."""
        draw = random.Random(count)
        began = time.perf_counter()
        for _ in range(count):
            start = draw.randrange(self._size_bytes - part_bytes)
            self._read(206, part_bytes, {"Range": f"bytes={start}-{start + part_bytes - 1}"})
        return count / (time.perf_counter() - began)

    def all_bytes(self) -> bytes:
        """Once, to see that it is the right file."""
        self._connection.request("GET", self._path, headers=self._headers)
        return self._connection.getresponse().read()

    def close(self) -> None:
        self._connection.close()

    def _read(self, status: int, size_bytes: int, headers: Mapping[str, str]) -> float:
        """How long it took until the answer began."""
        began = time.perf_counter()
        self._connection.request("GET", self._path, headers={**self._headers, **headers})
        response = self._connection.getresponse()
        waited = time.perf_counter() - began
        size = self._drained(response)
        if (response.status, size) != (status, size_bytes):
            raise BenchBroken(
                f"GET {self._path} was answered with {response.status} and {size} bytes; {status} and {size_bytes} "
                "were expected"
            )
        return waited

    def _drained(self, response: HTTPResponse) -> int:
        size = 0
        while got := response.readinto(self._buffer):
            size += got
        return size
