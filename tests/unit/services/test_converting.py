"""Stored sound in another format: which copy is taken, and what becomes of the process that makes it."""

import asyncio
import sys
from collections.abc import AsyncIterator
from typing import Any

import pytest

from connector.domain.options import AudioFormat
from connector.domain.recording import ArtefactKind
from connector.domain.states import DeliveryState
from connector.errors import DestinationRefused, DestinationUnreachable, TooManyRequests
from connector.ports.shipping_ledger import RecordingFile
from connector.services.converting import Conversion, Converting, Source, copies_of, source_of
from connector.services.fetching import Fetched
from tests.builders import a_call, a_delivery, a_recording, a_rendering, an_artefact

MONO, STEREO, LEFT = ArtefactKind.MONO, ArtefactKind.STEREO, ArtefactKind.LEFT
MP3, WAV, FLAC = AudioFormat.MP3, AudioFormat.WAV, AudioFormat.FLAC


def a_file(*kinds: ArtefactKind, form: str = "mp3", state: DeliveryState = DeliveryState.STORED) -> RecordingFile:
    artefacts = tuple(an_artefact(kind=kind, format=form) for kind in kinds)
    deliveries = [a_delivery(kind=kind, state=state, object_name=f"a.{kind}.{form}") for kind in kinds]
    return RecordingFile(
        recording=a_recording(),
        call=a_call(),
        segments=(),
        rendering=a_rendering(artefacts=artefacts),
        deliveries=tuple(deliveries),
    )


def made(file: RecordingFile, kind: ArtefactKind | None, form: AudioFormat | None) -> tuple[Any, ...] | None:
    found = source_of(file, kind, form)
    return None if found is None else (found.artefact.kind, found.made_into, found.channels, found.kind)


def test_a_copy_that_is_just_what_is_asked_is_taken_as_it_is() -> None:
    file = a_file(MONO, STEREO)
    assert [one.kind for one in copies_of(file, None, None)] == [MONO]
    assert [one.kind for one in copies_of(file, STEREO, MP3)] == [STEREO]
    assert copies_of(file, STEREO, WAV) == copies_of(file, LEFT, None) == []
    assert copies_of(a_file(MONO, state=DeliveryState.DELETED), None, None) == []


def test_another_format_is_made_of_the_same_kind() -> None:
    assert made(a_file(MONO, STEREO), None, WAV) == (MONO, WAV, "all", MONO)
    assert made(a_file(MONO, STEREO), STEREO, FLAC) == (STEREO, FLAC, "all", STEREO)


def test_one_side_and_the_mix_are_made_of_the_stereo_file() -> None:
    assert made(a_file(STEREO), LEFT, None) == (STEREO, MP3, "left", LEFT)
    assert made(a_file(STEREO), MONO, WAV) == (STEREO, WAV, "mix", MONO)
    assert made(a_file(MONO), LEFT, WAV) is None
    assert made(a_file(MONO), STEREO, WAV) is None


def test_of_nothing_nothing_is_made() -> None:
    assert made(a_file(), None, WAV) is None
    assert made(a_file(MONO, state=DeliveryState.WAITING), None, WAV) is None


def test_a_format_that_has_no_room_for_all_participants_is_not_made() -> None:
    assert source_of(a_file(ArtefactKind.PARTICIPANTS, form="wav"), None, MP3) is not None
    many = tuple(an_artefact().channels * 2)
    file = a_file(ArtefactKind.PARTICIPANTS, form="wav")
    assert file.rendering is not None
    artefact = an_artefact(kind=ArtefactKind.PARTICIPANTS, format="wav", channels=many)
    crowded = RecordingFile(
        recording=file.recording,
        call=file.call,
        segments=(),
        rendering=a_rendering(artefacts=(artefact,)),
        deliveries=file.deliveries,
    )
    assert source_of(crowded, None, MP3) is None
    assert source_of(crowded, None, FLAC) is not None


def test_its_etag_names_what_was_made_of_what() -> None:
    file = a_file(STEREO)
    tags = {source.etag for kind in (LEFT, MONO) for form in (MP3, WAV) if (source := source_of(file, kind, form))}
    assert len(tags) == 4
    assert copies_of(file, None, None)[0].etag == an_artefact().sha256


#: Reads all, then says what it was told and how much came.
TELLING = "import sys; n = len(sys.stdin.buffer.read()); print(sys.argv[1:], n, end='')"
FAILING = "import sys; sys.stdin.buffer.read(); sys.exit(1)"
ENDLESS = "import sys\nwhile True: sys.stdout.buffer.write(b'x' * 65536)"


class Bytes:
    """Pieces that know whether they were let go of."""

    def __init__(self, *pieces: bytes, trouble: Exception | None = None) -> None:
        self._pieces = list(pieces)
        self._trouble = trouble
        self.closed = asyncio.Event()

    @property
    def is_open(self) -> bool:
        return not self.closed.is_set()

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        if self._pieces:
            return self._pieces.pop(0)
        if self._trouble is not None:
            raise self._trouble
        raise StopAsyncIteration

    async def begin_at(self, offset_bytes: int) -> None:
        raise NotImplementedError

    async def close(self) -> None:
        self.closed.set()


SOURCE = Source(delivery=a_delivery(), artefact=an_artefact(), kind=LEFT, made_into=WAV, channels="left")


async def begun(converting: Converting, pieces: Bytes) -> Conversion:
    fetched = Fetched(size_bytes=1, content_type="audio/mpeg", sha256="", organisation="default", pieces=pieces)
    return await converting.converted(SOURCE, fetched)


def running(program: str, at_once: int = 2) -> Converting:
    return Converting((sys.executable, "-c", program), at_once)


async def test_the_process_gets_the_source_and_what_is_wanted_of_it() -> None:
    pieces = Bytes(b"abc", b"d" * 100_000)
    conversion = await begun(running(TELLING), pieces)
    said = b"".join([piece async for piece in conversion])
    await conversion.close()
    assert said == b"['wav', '40.0', '8000', 'left'] 100003"
    assert not pieces.is_open


async def test_what_the_process_cannot_read_is_said_before_anything_comes() -> None:
    pieces = Bytes(b"abc")
    with pytest.raises(DestinationRefused, match="no sound that can be converted"):
        await begun(running(FAILING), pieces)
    assert not pieces.is_open


async def test_a_source_that_breaks_off_is_never_taken_for_a_whole_one() -> None:
    pieces = Bytes(b"abc", trouble=DestinationUnreachable("the archive is down"))
    with pytest.raises(DestinationUnreachable, match="the archive is down"):
        await begun(running(TELLING), pieces)
    assert not pieces.is_open


async def test_no_more_run_at_once_than_may_and_who_leaves_makes_room() -> None:
    converting, pieces = running(ENDLESS, at_once=1), Bytes(b"abc")
    first = await begun(converting, pieces)
    refused = Bytes(b"abc")
    with pytest.raises(TooManyRequests):
        await begun(converting, refused)
    assert not refused.is_open
    await first.close()
    await first.close()
    assert not pieces.is_open
    second = await begun(converting, Bytes(b"abc"))
    with pytest.raises(TooManyRequests):
        converting.check()
    await second.close()


async def test_a_program_that_is_not_there_takes_no_place() -> None:
    converting = Converting(("/nowhere/at/all",), at_once=1)
    for _ in range(2):
        with pytest.raises(DestinationUnreachable, match="no process to convert it could be started"):
            await begun(converting, Bytes(b"abc"))


async def test_who_is_cancelled_while_it_begins_leaves_nothing_running() -> None:
    silent, pieces = running("import sys; sys.stdin.read(); import time; time.sleep(600)", at_once=1), Bytes(b"abc")
    beginning = asyncio.ensure_future(begun(silent, pieces))
    await pieces.closed.wait()
    beginning.cancel()
    with pytest.raises(asyncio.CancelledError):
        await beginning
    silent.check()
