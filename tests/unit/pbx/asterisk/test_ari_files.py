"""Segments that come through ARI: whole, once, the right ones; and go without taking others with them."""

import resource
import struct
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web

from connector.domain.secret import Secret
from connector.errors import ConfigError, NoRoom, PbxUnreachable, SourceMissing
from connector.network.clock import SystemClock
from connector.pbx.asterisk.ari import Ari
from connector.pbx.asterisk.ari_files import AriSpool, folder_below_recordings
from connector.settings import Endpoint
from tests.unit.pbx.asterisk.ari_server import AriServer


@pytest.fixture
async def server() -> AsyncIterator[AriServer]:
    async with AriServer() as server:
        yield server


@pytest.fixture
async def spool(server: AriServer, tmp_path: Path) -> AsyncIterator[AriSpool]:
    async with a_spool(server, tmp_path) as spool:
        yield spool


class a_spool:  # noqa: N801  # reads as what it gives
    def __init__(
        self,
        server: AriServer,
        folder: Path,
        *,
        below: str = "",
        endings: tuple[str, ...] = (),
        endpoint: Endpoint | None = None,
    ) -> None:
        ari = Ari("house", endpoint or server.endpoint, clock=SystemClock())
        self._spool = AriSpool(ari, folder / "fetched", below=below, endings=endings, settle_seconds=0.0)

    async def __aenter__(self) -> AriSpool:
        return self._spool

    async def __aexit__(self, *_: object) -> None:
        await self._spool.close()


def a_wav(frames: int = 500, *, is_closed: bool = True) -> bytes:
    sound = b"\1\2" * frames
    riff, data = (36 + len(sound), len(sound)) if is_closed else (0, 0)
    form = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, 8000, 16000, 2, 16)
    return struct.pack("<4sI4s", b"RIFF", riff, b"WAVE") + form + struct.pack("<4sI", b"data", data) + sound


def fetches(server: AriServer) -> int:
    return sum(request.endswith("/file") for request in server.requests)


def lying(folder: Path) -> list[str]:
    return sorted(str(place.relative_to(folder)) for place in (folder / "fetched").rglob("*") if place.is_file())


async def test_a_file_is_fetched_whole_and_once(server: AriServer, spool: AriSpool, tmp_path: Path) -> None:
    server.files["a.wav"] = a_wav(400_000)
    place = await spool.collect("a.wav")
    assert place.read_bytes() == server.files["a.wav"]
    assert await spool.collect("a.wav") == place
    assert fetches(server) == 1
    assert lying(tmp_path) == ["fetched/a.wav"]


async def test_a_copy_of_ours_is_given_when_the_pbx_is_gone(server: AriServer, spool: AriSpool) -> None:
    server.files["a.wav"] = a_wav()
    place = await spool.collect("a.wav")
    await server.stop()
    assert await spool.collect("a.wav") == place


async def test_a_wideband_file_has_its_own_ending(server: AriServer, spool: AriSpool) -> None:
    server.files["a.wav16"] = a_wav()
    assert (await spool.collect("a.wav16")).read_bytes() == server.files["a.wav16"]


async def test_a_file_that_turned_out_wideband_is_found_where_that_is_allowed(
    server: AriServer, tmp_path: Path
) -> None:
    server.files["a.wav16"] = a_wav()
    async with a_spool(server, tmp_path, endings=(".wav16",)) as spool:
        assert (await spool.collect("a.wav")).read_bytes() == a_wav()
        await spool.remove("a.wav")
    assert server.files == {}


async def test_another_file_of_the_same_name_is_neither_taken_nor_deleted(server: AriServer, spool: AriSpool) -> None:
    server.files |= {"a.wav": a_wav(), "a.gsm": b"not ours"}
    for doing in (spool.collect("a.wav"), spool.remove("a.wav")):
        with pytest.raises(SourceMissing, match=r"another file of that name, with \.gsm"):
            await doing
    assert set(server.files) == {"a.wav", "a.gsm"}


async def test_a_file_that_is_not_there_is_named(spool: AriSpool, tmp_path: Path) -> None:
    with pytest.raises(SourceMissing, match=r"'a\.wav' is not in Asterisk's recordings"):
        await spool.collect("a.wav")
    assert lying(tmp_path) == []


@pytest.mark.parametrize("path", ["../secret.wav", "/etc/passwd", "a/../../b.wav", "", ".", "a\0b.wav", ".hidden.wav"])
async def test_a_path_that_leads_out_never_reaches_the_pbx(server: AriServer, spool: AriSpool, path: str) -> None:
    with pytest.raises(SourceMissing, match="no plain path"):
        await spool.collect(path)
    with pytest.raises(SourceMissing, match="no plain path"):
        await spool.remove(path)
    assert server.requests == []


async def test_an_unclosed_file_that_nobody_writes_to_is_taken_as_it_is(server: AriServer, spool: AriSpool) -> None:
    server.files["a.wav"] = a_wav(is_closed=False)
    assert (await spool.collect("a.wav")).read_bytes() == server.files["a.wav"]
    assert fetches(server) == 2


async def test_a_file_that_still_grows_is_waited_for(server: AriServer, spool: AriSpool) -> None:
    path = "/ari/recordings/stored/a/file"

    async def grown(_request: web.Request) -> web.StreamResponse:
        if len(server.files["a.wav"]) < 3000:
            server.files["a.wav"] += b"\3\4" * 500
            server.instead[f"GET {path}"] = grown
        else:
            server.files["a.wav"] = a_wav(1500)
        return web.Response(body=server.files["a.wav"], content_type="audio/wav")

    server.files["a.wav"] = a_wav(is_closed=False)
    server.instead[f"GET {path}"] = grown
    assert (await spool.collect("a.wav")).read_bytes() == a_wav(1500)


async def test_a_file_that_is_cut_on_the_way_leaves_nothing(server: AriServer, spool: AriSpool, tmp_path: Path) -> None:
    async def cut(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": "5000", "Content-Type": "audio/wav"})
        await response.prepare(request)
        await response.write(a_wav())
        assert request.transport is not None
        request.transport.abort()
        return response

    server.files["a.wav"] = a_wav()
    server.instead["GET /ari/recordings/stored/a/file"] = cut
    with pytest.raises(PbxUnreachable):
        await spool.collect("a.wav")
    assert lying(tmp_path) == []
    assert (await spool.collect("a.wav")).read_bytes() == a_wav()


async def test_what_a_killed_process_left_half_fetched_is_cleared_away(
    server: AriServer, spool: AriSpool, tmp_path: Path
) -> None:
    (tmp_path / "fetched/2026").mkdir(parents=True)
    (tmp_path / "fetched/2026/.x.part").write_bytes(b"half")
    server.files["2026/a.wav"] = a_wav()
    await spool.collect("2026/a.wav")
    assert lying(tmp_path) == ["fetched/2026/a.wav"]


async def test_no_room_on_our_disk_is_said_and_mends_itself(server: AriServer, spool: AriSpool, tmp_path: Path) -> None:
    server.files["a.wav"] = a_wav(1_000_000)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
    try:
        with pytest.raises(NoRoom, match="make room"):
            await spool.collect("a.wav")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert lying(tmp_path) == []
    assert (await spool.collect("a.wav")).read_bytes() == server.files["a.wav"]


async def test_a_folder_that_cannot_be_made_is_no_room(server: AriServer, spool: AriSpool, tmp_path: Path) -> None:
    (tmp_path / "fetched").write_text("in the way")
    server.files["a.wav"] = a_wav()
    with pytest.raises(NoRoom):
        await spool.collect("a.wav")


async def test_every_file_is_known_by_its_path_in_the_spool(server: AriServer, spool: AriSpool) -> None:
    server.files |= {"b.wav16": b"", "2026/a.wav": b"", "c.d.wav": b""}
    assert await spool.known() == ["2026/a.wav", "b.wav16", "c.d.wav"]


async def test_a_spool_below_the_folder_of_recordings_knows_its_own_only(server: AriServer, tmp_path: Path) -> None:
    server.files |= {"reel/a.wav": a_wav(), "message.wav": b"", "reel2/b.wav": b""}
    async with a_spool(server, tmp_path, below="reel") as spool:
        assert await spool.known() == ["a.wav"]
        assert (await spool.collect("a.wav")).read_bytes() == a_wav()
        await spool.remove("a.wav")
    assert set(server.files) == {"message.wav", "reel2/b.wav"}


async def test_removing_takes_both_copies_and_twice_is_fine(server: AriServer, spool: AriSpool, tmp_path: Path) -> None:
    server.files |= {"a.wav": a_wav(), "b.wav": a_wav()}
    await spool.collect("a.wav")
    await spool.remove("a.wav")
    await spool.remove("a.wav")
    assert set(server.files) == {"b.wav"}
    assert lying(tmp_path) == []


async def test_a_refused_login_is_waited_out(server: AriServer, tmp_path: Path) -> None:
    server.files["a.wav"] = a_wav()
    wrong = Endpoint(user="nobody", password=Secret("x"), host="127.0.0.1", port=server.port)
    async with a_spool(server, tmp_path, endpoint=wrong) as spool:
        for doing in (spool.collect("a.wav"), spool.remove("a.wav"), spool.known()):
            with pytest.raises(PbxUnreachable, match="user 'nobody' refused"):
                await doing
    assert set(server.files) == {"a.wav"}


@pytest.mark.parametrize(
    ("spool", "below"),
    [
        ("/var/spool/asterisk/recording", ""),
        ("/var/spool/asterisk/recording/", ""),
        ("/var/spool/asterisk/recording/reel/x", "reel/x"),
        ("/recording/asterisk/recording/reel", "reel"),
    ],
)
def test_the_folder_below_the_recordings_is_what_ari_calls_it(spool: str, below: str) -> None:
    assert folder_below_recordings(spool) == below


def test_a_spool_that_ari_does_not_serve_is_refused() -> None:
    with pytest.raises(ConfigError, match="cannot be fetched through ARI"):
        folder_below_recordings("/var/spool/asterisk/monitor")
