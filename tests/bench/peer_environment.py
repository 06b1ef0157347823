"""An environment of its own for peers from PyPI: made once below .cache/, with pip as the machine configures it.

Nothing of it is a dependency of ours. Knows no bench.
"""

import fcntl
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from .tool import ROOT, BenchBroken

CACHE: Final = ROOT / ".cache"


def python_with(name: str, requirements: Sequence[str], *, below: tuple[int, int], cache: Path = CACHE) -> Path:
    """The interpreter of an environment with just these, made when it is missing or was made for others; of a Python
    older than `below`, which some peers do not know yet."""
    folder = cache / name
    python, made_for = folder / "bin" / "python", folder / "requirements.txt"
    wanted = "".join(f"{line}\n" for line in requirements)
    with _alone(cache / f"{name}.lock"):
        if not made_for.is_file() or made_for.read_text(encoding="utf-8") != wanted:
            shutil.rmtree(folder, ignore_errors=True)
            _succeed([_interpreter(below), "-m", "venv", folder])
            _succeed([python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *requirements])
            made_for.write_text(wanted, encoding="utf-8")
    return python


@contextmanager
def _alone(lock: Path) -> Iterator[None]:
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _interpreter(below: tuple[int, int]) -> str:
    if sys.version_info[:2] < below:
        return sys.executable
    names = [f"python3.{minor}" for minor in range(below[1] - 1, 7, -1)]
    if found := next(filter(None, map(shutil.which, names)), None):
        return found
    raise BenchBroken(f"the peers need a Python older than {below[0]}.{below[1]}: install one of {', '.join(names)}")


def _succeed(command: Sequence[str | Path]) -> None:
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=sys.stderr, check=False)
    if done.returncode != 0:
        words = " ".join(map(str, command))
        raise BenchBroken(f"{words} ended with {done.returncode}: is venv installed, and does pip reach its index?")
