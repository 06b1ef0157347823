"""What takes too long is cut off, said, and keeps nothing else from being seen."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from connector.domain.diagnosis import Finding, Level, bad, note, ok, warning
from connector.domain.secret import Secret
from connector.roles import examination
from connector.roles.examination import Report, is_good, watermark_findings
from connector.settings import AsteriskSettings, Endpoint, LocalSettings, PbxSettings, ScriptedSettings, Settings


async def test_what_was_found_before_the_limit_is_kept_and_the_rest_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(examination, "LIMIT_SECONDS", 0.05)

    async def stuck() -> AsyncIterator[Finding]:
        yield ok("first", "is fine")
        await asyncio.Event().wait()
        yield ok("second", "never comes")

    first, rest = await examination._collected(stuck())
    assert first.subject == "first"
    assert (rest.level, rest.what.startswith("not looked at, because")) == (Level.NOTE, True)


def test_only_what_is_bad_makes_it_not_good() -> None:
    fine = Report("office", (ok("a", "b"), note("a", "b"), warning("a", "b", "c")))
    assert is_good([fine])
    assert not is_good([fine, Report("other", (bad("a", "b", "c"),))])


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """An office whose PBX writes on a disk of its own."""
    for name in ("state", "spool"):
        (tmp_path / name).mkdir()
    office = PbxSettings(scripted=ScriptedSettings(socket="pbx.sock", spool=str(tmp_path / "spool")))
    return Settings(state=str(tmp_path / "state"), pbx={"office": office}, local=LocalSettings(least_room_percent=15.0))


def test_the_room_of_state_folder_and_spool_is_told_beside_the_watermark(settings: Settings, tmp_path: Path) -> None:
    free = {"state": 15.0, "spool": 14.0}
    roomy, short = watermark_findings(settings, lambda folder: free[folder.name])
    assert roomy == ok(
        "watermark", f"15 % free at {tmp_path}/state (state folder); below 15 % nothing would be kept beyond its copies"
    )
    assert (short.level, short.subject) == (Level.WARNING, "watermark")
    assert short.what.startswith(f"only 14 % free at {tmp_path}/spool (spool of office): below local.least_room (15 %)")
    assert short.mend


def test_a_spool_that_is_not_here_has_no_watermark(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "spool").rmdir()
    ami = Endpoint(user="us", password=Secret("x"), host="far", port=5038)
    remote = PbxSettings(asterisk=AsteriskSettings(ami=ami, spool=str(tmp_path), files="ari"))
    elsewhere = Settings(state=settings.state, pbx={**settings.pbx, "branch": remote})
    (only,) = watermark_findings(elsewhere)
    assert "(state folder)" in only.what
