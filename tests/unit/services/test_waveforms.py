"""The picture of a recording's sound where nobody has drawn it here: from which copy, and what keeps it from being."""

import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from connector.domain.options import AudioFormat
from connector.domain.recording import ArtefactKind, Delivery
from connector.domain.states import DeliveryState
from connector.errors import ConnectorError, DestinationUnreachable, NotFound, TooManyRequests
from connector.ports.shipping_ledger import RecordingFile
from connector.services.converting import Converting
from connector.services.fetching import Fetched
from connector.services.waveforms import Waveforms
from tests.builders import a_call, a_delivery, a_recording, a_rendering, an_artefact

#: What it is given, backwards: as good a drawing as any other.
DRAWS = "import sys; sys.stdout.buffer.write(sys.stdin.buffer.read()[::-1])"
REFUSES = "raise SystemExit(1)"
DAWDLES = "import time; time.sleep(60)"


class Pieces:
    def __init__(self, content: bytes) -> None:
        self._waiting = [content]

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        if not self._waiting:
            raise StopAsyncIteration
        return self._waiting.pop()

    async def begin_at(self, offset_bytes: int) -> None:
        raise AssertionError("all of it is wanted")

    async def close(self) -> None:
        self._waiting.clear()


class Stored:
    """The StoredFiles: by the destination's name what lies there, or why it cannot be had."""

    def __init__(self, **lies: bytes | ConnectorError) -> None:
        self.lies = lies
        self.asked: list[str] = []

    async def opened(self, file: RecordingFile, delivery: Delivery) -> Fetched:
        self.asked.append(delivery.destination)
        found = self.lies[delivery.destination]
        if isinstance(found, ConnectorError):
            raise found
        return Fetched(
            size_bytes=len(found), content_type="audio/wav", sha256="", organisation="acme", pieces=Pieces(found)
        )


def a_file(*destinations: str, kind: ArtefactKind = ArtefactKind.STEREO, seconds: float = 60.0) -> RecordingFile:
    artefact = an_artefact(kind=kind, format=AudioFormat.WAV, duration_seconds=seconds)
    deliveries = [a_delivery(destination=name, kind=kind, state=DeliveryState.STORED) for name in destinations]
    return RecordingFile(
        recording=a_recording(destinations=destinations),
        call=a_call(),
        segments=(),
        rendering=a_rendering(artefacts=(artefact,), peaks_path="not/here.dat"),
        deliveries=tuple(deliveries),
    )


def waveforms(folder: Path, stored: Stored, program: str = DRAWS, *, seconds: float = 20.0) -> Waveforms:
    return Waveforms(folder, stored, Converting((sys.executable, "-c", program), 1), drawing_seconds=seconds)


async def test_one_that_lies_here_is_taken_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "not").mkdir()
    (tmp_path / "not/here.dat").write_bytes(b"pixels")
    stored = Stored(archive=b"sound")
    assert (await waveforms(tmp_path, stored).of(a_file("archive"))).content == b"pixels"
    assert stored.asked == []


async def test_else_it_is_drawn_from_the_first_copy_that_can_be_had_and_kept_at_hand(tmp_path: Path) -> None:
    stored = Stored(away=DestinationUnreachable("nobody answers"), archive=b"sound")
    own = waveforms(tmp_path, stored)
    assert [(await own.of(a_file("away", "archive"))).content for _ in range(3)] == [b"dnuos"] * 3
    assert stored.asked == ["away", "archive"]


@pytest.mark.parametrize(
    ("file", "program", "reason"),
    [
        (a_file("archive", kind=ArtefactKind.MONO), DRAWS, "no stereo file is stored"),
        (a_file("archive", seconds=3 * 3600.0), DRAWS, "so long a call"),
        (a_file(), DRAWS, "no stereo file is stored"),
        (a_file("archive"), REFUSES, "could not be drawn"),
        (a_file("archive"), DAWDLES, "could not be drawn"),
        (a_file("away"), DRAWS, "could not be drawn"),
    ],
)
async def test_where_none_can_be_drawn_it_is_said_why_and_the_next_one_is_drawn_all_the_same(
    tmp_path: Path, file: RecordingFile, program: str, reason: str
) -> None:
    stored = Stored(archive=b"sound", away=DestinationUnreachable("bucket secret-name does not answer"))
    own = waveforms(tmp_path, stored, program, seconds=0.5 if program is DAWDLES else 20.0)
    for _ in range(2):
        with pytest.raises(NotFound, match=reason) as refusal:
            await own.of(file)
        assert "secret-name" not in str(refusal.value)


async def test_no_more_are_drawn_at_once_than_may_be_and_nothing_is_fetched_in_vain(tmp_path: Path) -> None:
    stored = Stored(archive=b"sound")
    full = Waveforms(tmp_path, stored, Converting((sys.executable, "-c", DRAWS), 0))
    with pytest.raises(TooManyRequests):
        await full.of(a_file("archive"))
    assert stored.asked == []
