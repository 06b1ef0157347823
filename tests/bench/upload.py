"""Putting recordings into a bucket: our S3 store beside rclone and the aws command line, to one server in one run."""

import asyncio
import json
import os
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.storage_servers.installed import NoServer, program
from tests.storage_servers.seaweedfs import SeaweedFs

from .peer_environment import python_with
from .tool import ROOT, Bench, BenchBroken

PEERS: Final = ("awscli==1.46.3",)
PEERS_BELOW: Final = (3, 15)
LARGE_BYTES: Final = 500 * 1000 * 1000
SMALL_BYTES: Final = 1000 * 1000
SMALL_FILES: Final = 200
#: As a destination of ours, and what rclone is told; aws has ten by itself.
AT_ONCE: Final = 8
ROUNDS: Final = 3

LARGE_BAR: Final = 1.2
SMALL_BAR: Final = 1.0
MEMORY_BAR_MB: Final = 120
LAG_BAR_MS: Final = 50


@dataclass(frozen=True, slots=True)
class Took:
    wall_seconds: float
    cpu_seconds: float
    lag_ms: float = 0.0
    peak_megabytes: float = 0.0


class Race:
    """Everybody puts the same files into buckets of his own, in turn."""

    def __init__(self, bench: Bench, server: SeaweedFs, aws: Path, rclone: Path) -> None:
        self._bench = bench
        self._server = server
        self._aws = aws
        self._rclone = rclone
        self._environment = {
            **os.environ,
            "AWS_ACCESS_KEY_ID": server.keys.id,
            "AWS_SECRET_ACCESS_KEY": server.keys.secret,
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        }

    def run(self, files: Sequence[Path]) -> dict[str, list[Took]]:
        ways: dict[str, Callable[[], Took]] = {
            "callreel": lambda: self._ours(files),
            "rclone": lambda: self._peer(self._rclone_argv(files)),
            "rclone, not verified": lambda: self._peer(
                self._rclone_argv(files, "--s3-disable-checksum", "--s3-no-head")
            ),
            "aws": lambda: self._peer(self._aws_argv(files)),
        }
        took: dict[str, list[Took]] = {name: [] for name in ways}
        for _ in range(ROUNDS):
            for name, way in ways.items():
                took[name].append(way())
        return took

    def _ours(self, files: Sequence[Path]) -> Took:
        argv = [sys.executable, "-m", "tests.bench.upload_ours", self._server.endpoint, self._server.new_bucket()]
        done = subprocess.run(
            [*argv, str(AT_ONCE), *map(str, files)],
            cwd=ROOT,
            env=self._environment,
            stdout=subprocess.PIPE,
            check=False,
        )
        if done.returncode != 0:
            raise BenchBroken(f"our store ended with {done.returncode}")
        return Took(**json.loads(done.stdout))

    def _peer(self, argv: list[str]) -> Took:
        began = time.perf_counter()
        process = subprocess.Popen(argv, env=self._environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            raise BenchBroken(f"{' '.join(argv)} ended with {process.returncode}")
        return Took(time.perf_counter() - began, usage.ru_utime + usage.ru_stime, peak_megabytes=usage.ru_maxrss / 1024)

    def _rclone_argv(self, files: Sequence[Path], *more: str) -> list[str]:
        remote = f":s3,provider=Other,env_auth=true,endpoint='{self._server.endpoint}',force_path_style=true:"
        place = f"{remote}{self._server.new_bucket()}"
        argv = [str(self._rclone), "--config", os.devnull, "--transfers", str(AT_ONCE), *more]
        if len(files) == 1:
            return self._said([*argv, "copyto", str(files[0]), f"{place}/{files[0].name}"])
        return self._said([*argv, "copy", str(files[0].parent), place])

    def _aws_argv(self, files: Sequence[Path]) -> list[str]:
        place = f"s3://{self._server.new_bucket()}/"
        what = [str(files[0])] if len(files) == 1 else ["--recursive", str(files[0].parent)]
        return self._said([str(self._aws), "--endpoint-url", self._server.endpoint, "s3", "cp", *what, place])

    def _said(self, argv: list[str]) -> list[str]:
        self._bench.note("  " + " ".join(argv))
        return argv


def run(bench: Bench) -> None:
    asyncio.run(_measure(bench))


async def _measure(bench: Bench) -> None:
    aws = python_with("upload-peers", PEERS, below=PEERS_BELOW).with_name("aws")
    try:
        rclone = program("s3", "rclone")
    except NoServer as error:
        raise BenchBroken(str(error)) from error
    large, small = [_file(bench.folder / "large", 0, LARGE_BYTES)], _small(bench.folder / "small")
    async with SeaweedFs(bench.folder / "server") as server:
        race = Race(bench, server, aws, rclone)
        bench.note(f"{ROUNDS} times {LARGE_BYTES // 10**6} MB as one file, in turn")
        _say(bench, "500 MB", await asyncio.to_thread(race.run, large), LARGE_BAR, ("rclone", "aws"))
    # Each round leaves its bytes there: a full server is slower.
    shutil.rmtree(bench.folder / "server", ignore_errors=True)
    async with SeaweedFs(bench.folder / "another server") as server:
        race = Race(bench, server, aws, rclone)
        bench.note(f"{ROUNDS} times {SMALL_FILES} files of 1 MB, in turn")
        _say(bench, "200 × 1 MB", await asyncio.to_thread(race.run, small), SMALL_BAR, ("aws",))


def _say(bench: Bench, what: str, took: dict[str, list[Took]], bar: float, judged: Sequence[str]) -> None:
    walls = {name: statistics.median(one.wall_seconds for one in found) for name, found in took.items()}
    for name, found in took.items():
        cpu = statistics.median(one.cpu_seconds for one in found)
        gigabytes = (LARGE_BYTES if what == "500 MB" else SMALL_FILES * SMALL_BYTES) / 1e9
        bench.figure(f"{what}, {name}: wall", walls[name], "s")
        bench.figure("  processor", cpu / gigabytes, "s/GB")
    best = min(walls[name] for name in judged)
    bench.figure(f"{what}: wall beside the better of {' and '.join(judged)}", walls["callreel"] / best, "×", bar=bar)
    ours = took["callreel"]
    memory_bar = MEMORY_BAR_MB if what == "500 MB" else None
    bench.figure("  memory, the most", max(one.peak_megabytes for one in ours), "MB", bar=memory_bar)
    bench.figure("  event loop's lag, the most", statistics.median(one.lag_ms for one in ours), "ms", bar=LAG_BAR_MS)


def _small(folder: Path) -> list[Path]:
    return [_file(folder, number, SMALL_BYTES) for number in range(SMALL_FILES)]


def _file(folder: Path, number: int, size: int) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{number:03}.wav"
    with path.open("wb") as file:
        left = size
        while left > 0:
            file.write(os.urandom(min(left, 1 << 20)))
            left -= 1 << 20
    return path
