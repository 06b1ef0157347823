"""What the benches of streaming and flooding stand on: nginx as documented, a reader that notices, what hey says."""

import shutil
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from tests.bench.api_hey import flood_of
from tests.bench.api_nginx import AS_IT_IS, HAND_OVER, Nginx, nginx
from tests.bench.api_reader import Reader
from tests.bench.tool import BenchBroken

NGINX = shutil.which("nginx", path="/usr/sbin:/usr/bin:/sbin:/bin")
SOUND = bytes(range(256)) * 1000


class Behind(BaseHTTPRequestHandler):
    """Who hands over, as callreel does."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("X-Accel-Redirect", f"{HAND_OVER}archive/2026/a%20call.wav")
        self.send_header("Content-Type", "audio/x-test")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Nothing."""


@contextmanager
def handing_over() -> Iterator[int]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Behind) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield int(server.server_address[1])
        server.shutdown()
        thread.join()


@pytest.fixture
def front(tmp_path: Path) -> Iterator[Nginx]:
    if NGINX is None:
        pytest.skip("nginx is not installed (apt-get install nginx-light)")
    (tmp_path / "archive" / "2026").mkdir(parents=True)
    (tmp_path / "archive" / "2026" / "a call.wav").write_bytes(SOUND)
    with (
        handing_over() as port,
        nginx(NGINX, tmp_path / "nginx", archive=tmp_path / "archive", destination="archive", callreel=port) as running,
    ):
        yield running


@pytest.mark.slow
def test_what_is_handed_over_comes_from_the_folder_and_nobody_gets_there_by_himself(front: Nginx) -> None:
    with closing(Reader(front.port, "/v1/calls/c/recording/stream", len(SOUND))) as reader:
        assert reader.all_bytes() == SOUND
        assert reader.whole(2).size_bytes == 2 * len(SOUND)
        assert reader.parts(3, 1000) > 0
    by_itself = Reader(front.port, f"{HAND_OVER}archive/2026/a%20call.wav", len(SOUND))
    with closing(by_itself) as reader, pytest.raises(BenchBroken, match="answered with 404"):
        reader.whole(1)


@pytest.mark.slow
def test_an_answer_of_another_size_is_no_figure(front: Nginx) -> None:
    longer = Reader(front.port, f"{AS_IT_IS}2026/a%20call.wav", len(SOUND) + 1)
    with closing(longer) as reader, pytest.raises(BenchBroken, match="256001 were expected"):
        reader.whole(1)


def test_what_hey_counted_is_read_from_its_words() -> None:
    said = """
Summary:
  Total:\t12.0102 secs
  Requests/sec:\t210.2900

Response time histogram:
  0.001 [1]\t|
  0.010 [2517]\t|■■■■■

Status code distribution:
  [200]\t2510 responses
  [429]\t8 responses

Error distribution:
  [3]\tGet "http://127.0.0.1:1/": dial tcp 127.0.0.1:1: connect: connection refused
"""
    flood = flood_of(said)
    assert flood.answers_a_second == 210.29
    assert flood.statuses == {200: 2510, 429: 8, 0: 3}
    assert flood.bad == 11


def test_a_hey_that_says_nothing_is_no_figure() -> None:
    with pytest.raises(BenchBroken, match="did not say"):
        flood_of("usage: hey")
