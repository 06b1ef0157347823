"""The engine's file, made by several processes in the same moment."""

import multiprocessing
from multiprocessing.synchronize import Barrier
from pathlib import Path

import pytest
import sqlalchemy

from connector.engine import sqlite_store

_PROCESSES = 3
_FILES = 20


def _open_each(folder: Path, together: Barrier) -> None:
    for number in range(_FILES):
        url = sqlalchemy.URL.create("sqlite", database=str(folder / f"{number}.db"))
        together.wait()
        with sqlite_store.opened_alone(url):
            sqlite_store.opened(url, 1).dispose()


@pytest.mark.slow
def test_processes_that_make_the_file_in_the_same_moment_wait_for_each_other(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    together = context.Barrier(_PROCESSES, timeout=60)
    processes = [context.Process(target=_open_each, args=(tmp_path, together)) for _ in range(_PROCESSES)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0] * _PROCESSES
