"""SIGHUP: a good file holds at once, a bad one changes nothing."""

import asyncio
import logging
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from connector.config.loading import load
from connector.errors import ConfigError
from connector.roles import logs
from connector.roles.following import follow_configuration
from connector.roles.lifeline import Lifeline
from connector.settings import Settings

GOOD = "pbx: {demo: {scripted: {socket: /tmp/demo.sock, spool: /tmp/spool}}}\nstate: /tmp/state\n"


class WatchedLifeline(Lifeline):
    def __init__(self, supervisor: None) -> None:
        super().__init__(supervisor)
        self.said_ready = asyncio.Event()

    def ready(self) -> None:
        self.said_ready.set()


class Follower:
    def __init__(self, file: Path) -> None:
        self.file = file
        self.life = WatchedLifeline(None)
        self.applied: list[Settings] = []
        self.refusal: ConfigError | None = None

    def apply(self, settings: Settings) -> None:
        if self.refusal is not None:
            raise self.refusal
        self.applied.append(settings)

    async def reload(self, text: str) -> None:
        self.file.write_text(text)
        self.life.reload()
        await self.life.said_ready.wait()
        self.life.said_ready.clear()


@pytest.fixture
async def follower(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Follower]:
    # Handlers of the test run stay as they are.
    monkeypatch.setattr(logs, "set_up", lambda *_, **__: None)
    file = tmp_path / "config.yaml"
    file.write_text(GOOD)
    made = Follower(file)
    following = asyncio.ensure_future(follow_configuration(made.life, file, load(file, {}), made.apply))
    await asyncio.sleep(0)
    yield made
    following.cancel()


async def test_a_good_file_holds_at_once_and_what_waits_for_a_restart_is_named(
    follower: Follower, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        await follower.reload(GOOD + "timezone: Europe/Berlin\nencoders: 5\n")
    assert [settings.timezone for settings in follower.applied] == ["Europe/Berlin"]
    (said,) = caplog.records
    assert (vars(said)["live"], vars(said)["needs_restart"]) == ("timezone", "encoders")


async def test_a_bad_file_keeps_the_old_one_and_says_why(follower: Follower, caplog: pytest.LogCaptureFixture) -> None:
    await follower.reload(GOOD + "encodrs: 5\n")
    assert follower.applied == []
    (said,) = caplog.records
    assert said.getMessage() == "configuration refused, the old one stays"
    assert "encoders" in vars(said)["hint"]


async def test_after_a_bad_file_the_next_good_one_is_compared_with_what_runs(
    follower: Follower, caplog: pytest.LogCaptureFixture
) -> None:
    await follower.reload("pbx: [")
    with caplog.at_level(logging.INFO):
        await follower.reload(GOOD + "timezone: Asia/Tokyo\n")
        await follower.reload(GOOD + "timezone: Asia/Tokyo\n")
    assert [vars(record).get("live") for record in caplog.records] == [None, "timezone", ""]


async def test_what_cannot_be_applied_is_refused_as_well(follower: Follower, caplog: pytest.LogCaptureFixture) -> None:
    follower.refusal = ConfigError("this release stores in file:/// only")
    await follower.reload(GOOD)
    assert [record.levelname for record in caplog.records] == ["ERROR"]
