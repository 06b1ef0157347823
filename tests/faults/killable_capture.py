"""The capture role, which dies before or after it writes a planned kind of line into its journal."""

import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path

from connector.catalogue.journal import Journal
from connector.domain.call import Call
from connector.domain.decision import Change
from connector.domain.recording import Recording, Segment
from connector.roles import capture
from tests.faults.doom import Doom, live_again_and_again


def kind_of(changes: Sequence[Change]) -> str:
    """What a line of the journal is about: of each thing in it, its name and its state."""
    return " + ".join(sorted({_kind(change) for change in changes}))


def _kind(change: Change) -> str:
    name = type(change).__name__
    return f"{name} {change.state}" if isinstance(change, Call | Recording | Segment) else name


def make_killable(doom: Doom, folder: Path) -> None:
    """Each kind of line is died at twice, before it is written and after; the folder says which kinds there were."""
    append = Journal.append

    def doomed(self: Journal, changes: Sequence[Change]) -> None:
        kind = kind_of(changes)
        _once(doom, folder, f"before {kind}")
        append(self, changes)
        _once(doom, folder, f"after {kind}")

    Journal.append = doomed  # type: ignore[method-assign]  # the point of this program


def _once(doom: Doom, folder: Path, point: str) -> None:
    if point not in doom.died and (folder / "enabled").exists():
        doom.die(point)


def main(config: Path, folder: Path) -> int:
    make_killable(Doom(folder), folder)
    # A catalogue that does not answer is waited for at the start; ten seconds would prove no more.
    capture._MEMORY_SECONDS = 1.0
    return live_again_and_again(lambda: asyncio.run(capture.run(config)))


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])))
