"""ARI of a real Asterisk: files come bit by bit and go, connections come back, refusals are named."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from connector.domain.secret import Secret
from connector.errors import PbxRefused, SourceMissing
from connector.network.clock import SystemClock
from connector.pbx.asterisk.ari import Ari
from connector.pbx.asterisk.ari_files import AriSpool
from connector.settings import Endpoint
from tests.pbx.asterisk import Asterisk
from tests.pbx.configuration import Wishes
from tests.pbx.phone import Phone
from tests.pbx.waiting import until

pytestmark = pytest.mark.asterisk

LIMIT_SECONDS = 30.0
READER = "[reader]\ntype = user\nread_only = yes\npassword = only reads\n"


@pytest.fixture(scope="module")
def wishes() -> Wishes:
    return Wishes(snippets={"ari.conf": READER})


def an_ari(pbx: Asterisk, user: str = "", password: str = "") -> Ari:
    login = Secret(password or pbx.driver.secret)
    endpoint = Endpoint(user=user or pbx.driver.user, password=login, host="127.0.0.1", port=pbx.ports.http)
    return Ari("house", endpoint, clock=SystemClock())


@pytest.fixture
async def spool(pbx: Asterisk, tmp_path: Path) -> AsyncIterator[AriSpool]:
    spool = AriSpool(an_ari(pbx), tmp_path / "fetched")
    yield spool
    await spool.close()


async def recorded_call(phone: Phone, name: str, seconds: float = 1.0) -> None:
    caller = await phone.call(f"recorded_agent1_{name}")
    agent = await phone.answered("agent1")
    await caller.heard_from(agent.stream, seconds=seconds)
    await caller.hang_up()


async def test_what_mixmonitor_wrote_is_fetched_bit_by_bit_and_deleted(
    pbx: Asterisk, phone: Phone, spool: AriSpool
) -> None:
    await recorded_call(phone, "one")
    await pbx.idle()
    for name in ("one-rx.wav", "one-tx.wav"):
        written = (pbx.recording_folder / name).read_bytes()
        assert len(written) > 8_000
        place = await spool.collect(name)
        assert place.read_bytes() == written
        assert name in await spool.known()
        await spool.remove(name)
        await spool.remove(name)
        assert not (pbx.recording_folder / name).exists()
        assert not place.exists()
        with pytest.raises(SourceMissing):
            await spool.collect(name)


async def test_wideband_files_and_awkward_names_come_and_go(pbx: Asterisk, phone: Phone, spool: AriSpool) -> None:
    await recorded_call(phone, "two")
    await pbx.idle()
    written = (pbx.recording_folder / "two-rx.wav").read_bytes()
    (pbx.recording_folder / "2026").mkdir(exist_ok=True)
    names = ["w.wav16", "with space.wav", "a+b.wav", "2026/x.wav", "dotted.name.wav", "ü日.wav", "per%20cent.wav"]
    for name in names:
        (pbx.recording_folder / name).write_bytes(written)
    for name in names:
        assert (await spool.collect(name)).read_bytes() == written, name
    assert set(names) <= set(await spool.known())
    for name in names:
        await spool.remove(name)
    assert not set(names) & set(await spool.known())


async def test_a_file_that_asterisk_still_writes_to_is_waited_for(pbx: Asterisk, phone: Phone, spool: AriSpool) -> None:
    caller = await phone.call("recorded_agent1_three")
    agent = await phone.answered("agent1")
    await caller.heard_from(agent.stream, seconds=0.2)
    async with asyncio.timeout(LIMIT_SECONDS), asyncio.TaskGroup() as tasks:
        collected = tasks.create_task(spool.collect("three-rx.wav"))
        await caller.heard_from(agent.stream, seconds=3)
        assert not collected.done()
        await caller.hang_up()
    await pbx.idle()
    assert collected.result().read_bytes() == (pbx.recording_folder / "three-rx.wav").read_bytes()


async def test_events_are_heard_again_after_a_restart_of_asterisk(pbx: Asterisk, phone: Phone) -> None:
    ari = an_ari(pbx)
    running = asyncio.create_task(ari.run())
    async with asyncio.timeout(LIMIT_SECONDS):
        await ari.up()
        await pbx.stop()
        await until(lambda: ari.trouble, "a word about the loss")
        await pbx.start()
        await ari.up()
    assert ari.trouble == ""
    running.cancel()
    await asyncio.wait([running])
    await ari.close()


async def test_a_second_program_of_our_name_is_noticed(pbx: Asterisk) -> None:
    first, second = an_ari(pbx), an_ari(pbx)
    runs = [asyncio.create_task(first.run())]
    async with asyncio.timeout(LIMIT_SECONDS):
        await first.up()
        runs.append(asyncio.create_task(second.run()))
        await second.up()
        await until(lambda: "another program" in first.trouble, "a word about the other")
    assert second.trouble == ""
    for run in runs:
        run.cancel()
    await asyncio.wait(runs)
    await first.close()
    await second.close()


@pytest.mark.parametrize(("user", "password"), [("nobody", "x"), ("callreel", "wrong")])
async def test_a_wrong_login_is_said(pbx: Asterisk, user: str, password: str) -> None:
    ari = an_ari(pbx, user, password)
    with pytest.raises(PbxRefused, match=f"user {user!r} refused"):
        await ari.request("recordings", "listStored")
    await ari.close()


async def test_a_user_who_only_reads_is_told_so(pbx: Asterisk) -> None:
    ari = an_ari(pbx, "reader", "only reads")
    await ari.request("recordings", "listStored")
    with pytest.raises(PbxRefused, match="read_only"):
        await ari.request("recordings", "deleteStored", recordingName="x")
    await ari.close()
