"""A household whose API is asked: its settings, its keys, a long recording in a folder, its web role in its own words.

Measures nothing.
"""

import asyncio
import json
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from connector.catalogue.store import Catalogue
from connector.domain.options import AudioFormat

from .daemon import Household, free_port, household, role
from .finished_calls import Arrivals, FinishedCalls
from .tool import ROOT, BenchBroken

DESTINATION: Final = "archive"
#: More than anybody can ask: what is measured is the work, not the refusal.
REQUESTS_PER_SECOND: Final = 1_000_000
_SHIPPED_SECONDS: Final = 120.0
_LOOK_SECONDS: Final = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class LongRecording:
    call_id: str
    #: As it lies at its destination.
    file: Path

    @property
    def size_bytes(self) -> int:
        return self.file.stat().st_size

    @property
    def path(self) -> str:
        return f"/v1/calls/{self.call_id}/recording/stream?kind=stereo"


def api_household(folder: Path) -> Household:
    """With one destination, a folder of this machine, and keys that may ask as much as they like."""
    house = household(folder)
    settings = _settings(house)
    settings["destinations"] = {DESTINATION: {"url": f"file://{archive(house)}/"}}
    settings["api"]["requests_per_second"] = REQUESTS_PER_SECOND
    house.config.write_text(json.dumps(settings), encoding="utf-8")
    return house


def beside(house: Household, folder: Path, **api: str) -> Household:
    """The same house with another web role: it listens elsewhere, and has these settings."""
    folder.mkdir()
    settings = _settings(house)
    settings["api"] |= {"listen": f"127.0.0.1:{free_port()}", **api}
    other = Household(folder=folder, node=house.node)
    other.config.write_text(json.dumps(settings), encoding="utf-8")
    return other


def archive(house: Household) -> Path:
    return house.folder / "archive"


def port(house: Household) -> int:
    return int(_settings(house)["api"]["listen"].rpartition(":")[2])


def new_key(house: Household) -> str:
    """One that may see and hear everything."""
    words = ["keys", "add", "bench", "--role", "listen", "--config", str(house.config)]
    made = subprocess.run(
        [sys.executable, "-m", "connector", *words], cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True
    )
    return made.stdout.strip()


def long_recording(house: Household, seconds: int, format: AudioFormat = AudioFormat.WAV) -> LongRecording:
    """A call of that length, recorded in stereo and shipped by the work role."""
    with role(house, "work"):
        asyncio.run(_shipped(house, seconds, format))
    with closing(sqlite3.connect(house.catalogue)) as connection:
        (call_id,) = connection.execute("SELECT call_id FROM recordings").fetchone()
    files = sorted(archive(house).rglob(f"*.{format}"), key=lambda file: file.stat().st_size)
    return LongRecording(call_id=call_id, file=files[-1])


async def _shipped(house: Household, seconds: int, format: AudioFormat) -> None:
    catalogue = Catalogue.open(f"sqlite:///{house.catalogue}")
    try:
        await FinishedCalls(house, seconds=seconds, format=format).end(catalogue, 1)
        deadline = time.monotonic() + _SHIPPED_SECONDS
        while not Arrivals(house.catalogue).look():
            if time.monotonic() > deadline:
                raise BenchBroken(f"the long recording was not shipped within {_SHIPPED_SECONDS:.0f} s")
            await asyncio.sleep(_LOOK_SECONDS)
    finally:
        await catalogue.close()


def _settings(house: Household) -> dict[str, Any]:
    settings: dict[str, Any] = json.loads(house.config.read_text(encoding="utf-8"))
    return settings
