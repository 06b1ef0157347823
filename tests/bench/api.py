"""The API on a catalogue of 1,000,000 calls: how soon a page and a search are answered, on SQLite and PostgreSQL.

The application is asked in this process; what the network adds is not in the figures.
"""

import asyncio
import gc
import json
import os
import random
import shutil
import statistics
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final
from urllib.parse import urlencode

from fastapi import FastAPI

from connector.config.loading import load
from connector.domain.access import KeyRole
from connector.domain.states import RecordingState
from connector.roles.house import built
from connector.roles.house_key import house_key
from connector.services.audit_head import AuditHead
from connector.services.auditing import Auditing
from connector.services.lookup import Lookup
from connector.web.calls import calls_router
from connector.web.cursors import encoded
from connector.web.door import Door
from connector.web.problems import answer_with_problems
from tests.contract.postgresql_server import running_server
from tests.unit.web.browser import Browser
from tests.unit.web.keys import Keyring, an_access

from .api_catalogue import AGENTS, ORGANISATIONS, TAG, moment, word, write
from .tool import Bench, BenchBroken

CALLS: Final = 1_000_000
PAGE: Final = 100
TURNS: Final = 300
LIST_BAR_MS: Final = 50.0
SEARCH_BAR_MS: Final = 200.0
#: Of the words, the most frequent one first.
FREQUENT: Final = range(20)
MIDDLING: Final = range(500, 1500)
RARE: Final = range(50_000, 60_000)
_LARGE, *_, _SMALL = ORGANISATIONS
_DATABASE: Final = "BENCH_CATALOGUE"

Query = Mapping[str, str]
Way = Callable[[random.Random], tuple[str, Query]]


def run(bench: Bench) -> None:
    calls = bench.calls or CALLS
    bench.note(f"SQLite: a catalogue of {calls} calls is made")
    state = bench.folder / "sqlite"
    state.mkdir()
    _measure(bench, "SQLite", f"sqlite:///{state}/catalogue.db", state, calls)
    shutil.rmtree(state)
    with running_server() as server:
        bench.note(f"PostgreSQL: a catalogue of {calls} calls is made")
        state = bench.folder / "postgresql"
        state.mkdir()
        _measure(bench, "PostgreSQL", server.new_database(), state, calls)


def _ways(calls: int) -> dict[str, tuple[float | None, Way]]:
    """By name: the bar, and what is asked of which organisation, drawn anew each time."""

    def later(draw: random.Random) -> str:
        return encoded("calls", moment(calls, draw.random()), "~")

    def of_words(words: range) -> Way:
        return lambda draw: (_LARGE, {"text": word(draw.choice(words))})

    return {
        f"page of {PAGE}, the newest": (LIST_BAR_MS, lambda _: (_LARGE, {})),
        f"page of {PAGE}, deep by cursor": (LIST_BAR_MS, lambda draw: (_LARGE, {"cursor": later(draw)})),
        f"page of {PAGE}, a small organisation": (LIST_BAR_MS, lambda _: (_SMALL, {})),
        "search, a frequent word": (SEARCH_BAR_MS, of_words(FREQUENT)),
        "search, a middling word": (SEARCH_BAR_MS, of_words(MIDDLING)),
        "search, a rare word": (SEARCH_BAR_MS, of_words(RARE)),
        "search, a frequent and a middling word": (
            SEARCH_BAR_MS,
            lambda draw: (_LARGE, {"text": f"{word(draw.choice(FREQUENT))} {word(draw.choice(MIDDLING))}"}),
        ),
        "search, a frequent word in a small organisation": (
            SEARCH_BAR_MS,
            lambda draw: (_SMALL, {"text": word(draw.choice(FREQUENT))}),
        ),
        "filter, a tag": (SEARCH_BAR_MS, lambda _: (_LARGE, {"tag": TAG})),
        "filter, an agent": (SEARCH_BAR_MS, lambda draw: (_LARGE, {"agent": f"2{draw.randrange(AGENTS):03}"})),
        "filter, a part of a number": (
            SEARCH_BAR_MS,
            lambda draw: (_LARGE, {"number": f"{draw.randrange(1000):03}"}),
        ),
        "filter, a state that no recording is in": (
            SEARCH_BAR_MS,
            lambda _: (_LARGE, {"recording_state": RecordingState.FAILED_STORE.value}),
        ),
        "filter, nearly a whole number": (None, lambda draw: (_LARGE, {"number": f"3{draw.randrange(10**6):06}"})),
    }


def _measure(bench: Bench, name: str, url: str, state: Path, calls: int) -> None:
    began = time.monotonic()
    write(url, calls, state / "backups")
    bench.figure(f"{name}: {calls} calls written", time.monotonic() - began, "s")
    asyncio.run(_asked(bench, name, url, state, calls))


async def _asked(bench: Bench, name: str, url: str, state: Path, calls: int) -> None:
    async with _answering(url, state) as browser:
        for way, (bar, ask) in _ways(calls).items():
            bench.note(f"{name}: {way}")
            times = sorted(await _times(browser, ask))
            bench.figure(f"{name}: {way}, p50", statistics.median(times), "ms")
            bench.figure(f"{name}: {way}, p99", times[int(0.99 * len(times))], "ms", bar=bar)


@asynccontextmanager
async def _answering(url: str, state: Path) -> AsyncIterator[Browser]:
    """The routes of calls as the web role puts them together; each organisation has a key, its name."""
    config = state / "config.yaml"
    (state / "spool").mkdir()
    archive = {"url": f"file://{state}/archive/"}
    settings = {"state": str(state), "catalogue": {"env": _DATABASE}, "destinations": {"archive": archive}}
    config.write_text(json.dumps(settings | {"pbx": {"bench": {"scripted": _scripted(state)}}}))
    loaded = load(config, {**os.environ, _DATABASE: url})
    async with built(loaded) as house:
        head = AuditHead(state / "audit.head", house_key(loaded), house.clock)
        auditing = Auditing(house.catalogue.audit, house.clock, head)
        keyring = Keyring()
        for organisation in ORGANISATIONS:
            keyring.known[organisation] = an_access(KeyRole.LISTEN, organisation=organisation)
        app = FastAPI()
        answer_with_problems(app)
        app.include_router(calls_router(Door(keyring), Lookup(house.catalogue.call_search, house.fetching), auditing))
        # As the web role does: what is there at the start stays, and is not looked through again and again.
        gc.collect()
        gc.freeze()
        try:
            yield Browser(app)
        finally:
            gc.unfreeze()
            await auditing.close()


def _scripted(state: Path) -> dict[str, str]:
    return {"socket": str(state / "pbx.sock"), "spool": str(state / "spool")}


async def _times(browser: Browser, ask: Way) -> list[float]:
    """In milliseconds; the first ones, which warm up, do not count."""
    draw = random.Random(11)
    times = []
    for turn in range(TURNS + TURNS // 10):
        organisation, query = ask(draw)
        began = time.perf_counter()
        answer = await browser.ask(
            f"/v1/calls?{urlencode({'limit': str(PAGE), **query})}", headers={"x-api-key": organisation}
        )
        took = 1e3 * (time.perf_counter() - began)
        if answer.status != 200:
            raise BenchBroken(f"GET /v1/calls answered {answer.status}: {answer.text[:200]}")
        if turn >= TURNS // 10:
            times.append(took)
    return times
