"""The PBX's folder for recordings is full, write-protected or no folder at all: said at once, and no call is harmed."""

import os
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from connector.domain.file_clock import DISK_FULL
from tests.faults.outages import full, small_disk
from tests.pbx.asterisk import Asterisk
from tests.pbx.daemon import NAME, Daemon
from tests.pbx.leg import Leg
from tests.pbx.phone import Phone
from tests.pbx.proof import Recording, Voice, assert_complete
from tests.pbx.waiting import talking, until

pytestmark = pytest.mark.asterisk

#: Until somebody is told that a recording failed.
TOLD_SECONDS = 2.0
#: Asterisk writes 2.05 s at a time.
FLUSH_SECONDS = 2.1


def recording_into(spool: Path, asterisk: Asterisk, folder: Path) -> Daemon:
    daemon = Daemon(folder / "callreel", asterisk)
    daemon.settings["pbx"][NAME]["asterisk"]["spool"] = str(spool)
    daemon.write_settings()
    return daemon


async def a_call(phones: Phone, number: str) -> tuple[Leg, Leg]:
    caller = await phones.call(f"to_{number}", user=f"+49301{number}")
    return caller, await phones.answered(number)


async def they_talk(caller: Leg, agent: Leg, seconds: float) -> None:
    await talking(seconds)
    await caller.heard_from(agent.stream, seconds=0.5)
    await agent.heard_from(caller.stream, seconds=0.5)


@contextmanager
def no_folder(place: Path) -> Iterator[Path]:
    """A file stands in its place: nobody can write into it, not even root."""
    place.write_text("no folder")
    yield place


@contextmanager
def write_protected(place: Path) -> Iterator[Path]:
    place.mkdir()
    if os.geteuid() != 0:
        place.chmod(0o555)
        yield place
        return
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "ro", "tmpfs", str(place)], capture_output=True, check=False
    )
    if mounted.returncode != 0:
        pytest.skip(f"root writes everywhere, and nothing can be mounted here: {mounted.stderr!r}")
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)


@pytest.mark.parametrize(("obstacle", "hint"), [(no_folder, "create it"), (write_protected, "write there")])
async def test_a_folder_that_asterisk_cannot_write_to_fails_the_recording_at_once_with_what_to_mend(
    asterisk: Asterisk,
    phones: Phone,
    tmp_path: Path,
    obstacle: Callable[[Path], AbstractContextManager[Path]],
    hint: str,
) -> None:
    with obstacle(tmp_path / "spool") as spool, recording_into(spool, asterisk, tmp_path) as daemon:
        caller, agent = await a_call(phones, "230")

        def failed() -> bool:
            return [row["state"] for row in daemon.recordings(caller)] == ["failed-at-capture"]

        await until(failed, lambda: f"a failed recording; {daemon.recordings(caller)}; {daemon.role.tail}")
        await they_talk(caller, agent, 1.0)
        await caller.hang_up()
        [row] = await daemon.settled(caller)
        assert row["ended_at"] - row["requested_at"] <= TOLD_SECONDS
        assert str(spool) in row["reason"]
        assert hint in row["reason"]


async def test_a_full_disk_of_the_pbx_costs_only_what_it_could_not_take(
    asterisk: Asterisk, phones: Phone, tmp_path: Path
) -> None:
    spool = tmp_path / "spool"
    spool.mkdir()
    with small_disk(spool, "2m"), recording_into(spool, asterisk, tmp_path) as daemon:
        before = await a_call(phones, "231")
        await talking(FLUSH_SECONDS + 0.5)
        with full(spool):
            meanwhile = await a_call(phones, "232")
            await they_talk(*before, 2 * FLUSH_SECONDS)
            await they_talk(*meanwhile, 0.0)
            await until(lambda: "no room" in " ".join(daemon.problems), lambda: f"that it is full: {daemon.problems}")
            for caller, _ in (before, meanwhile):
                await caller.hang_up()
            await daemon.settled(count=2)
        after = await a_call(phones, "233")
        await they_talk(*after, 2.0)
        await after[0].hang_up()
        rows = await daemon.settled(count=3)
        await until(lambda: not daemon.problems, lambda: f"that there is room: {daemon.problems}")
        assert [row["state"] for row in rows] == ["available", "failed-at-render", "available"]
        assert_both_whole(daemon.sound(rows[0]), *before, daemon.gaps(rows[0]))
        reasons = {gap["reason"] for gap in daemon.named_gaps(rows[0])}
        assert reasons == {DISK_FULL}
        assert "no segment holds" in rows[1]["reason"]
        assert_both_whole(daemon.sound(rows[2]), *after)


def assert_both_whole(recording: Recording, caller: Leg, agent: Leg, gaps: Sequence[tuple[float, float]] = ()) -> None:
    left, right = Voice.of(caller, heard_by=agent), Voice.of(agent, heard_by=caller)
    assert_complete(recording, left=[left], right=[right], gaps=gaps)
