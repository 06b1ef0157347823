"""What an administrator has in front of him, and what happened there before."""

import asyncio
import hashlib
import json
import re
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from connector.command_line.parser import run
from connector.config.loading import load
from connector.domain.call import Call
from connector.domain.ids import RecordingId
from connector.domain.notification import Attempt, Notification, Told
from connector.domain.recording import Recording, Segment
from connector.domain.states import NotificationState, RecordingState
from connector.errors import ConnectorError
from connector.ports.call_ledger import JournalPosition
from connector.ports.notification_ledger import Disabled
from connector.ports.poster import Poster
from connector.roles.house import House, built
from connector.services.main_links import MainLinks
from connector.services.notifying import Notifying
from tests.builders import MORNING, a_call, a_delivery, a_recording, a_rendering, a_segment, an_artefact

SOUND = b"what was said"
#: So that what waits is not sent by itself while a test looks.
_LATER_SECONDS = 1e9


@dataclass(frozen=True, slots=True)
class Answer:
    code: int
    out: str
    err: str

    @property
    def facts(self) -> Any:
        """What --json printed."""
        return json.loads(self.out)


class Site:
    def __init__(self, folder: Path, capture: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self._capture = capture
        self.state = folder / "state"
        self.spool = folder / "spool"
        self.archive = folder / "archive"
        self.config = folder / "config.yaml"
        for each in (self.state, self.spool, self.archive):
            each.mkdir()
        self.config.write_text(
            f"pbx: {{demo: {{scripted: {{socket: {folder}/pbx.sock, spool: {self.spool}}}}}}}\n"
            f"state: {self.state}\n"
            f'destinations: {{archive: {{url: "file://{self.archive}/{{callId}}.{{format}}"}}}}\n'
            "node: here\n"
        )

    def run(self, *words: str) -> Answer:
        """One command, as typed; --config is added."""
        return self.run_bare(*words, "--config", str(self.config))

    def run_bare(self, *words: str) -> Answer:
        self._capture.readouterr()
        code = run(words)
        said = self._capture.readouterr()
        return Answer(code, said.out, said.err)

    def apply(self, *changes: Call | Recording | Segment) -> None:
        async def work(house: House) -> None:
            await house.catalogue.calls.apply("here", changes, JournalPosition(file="journal-00000001.jsonl", offset=1))

        self._in_house(work)

    def recording(self, id: str, state: RecordingState, *, at: float = 0.0, reason: str = "", **call: Any) -> None:
        """In a state that capture can leave, or one that a test asks for."""
        of_call = a_call(id=f"call-{id}", pbx="demo", **call)
        made = a_recording(id=id, call_id=of_call.id, pbx="demo", state=state, reason=reason)
        self.apply(of_call, made if not at else a_recording(**_with(made, requested_at=at)))

    def secret(self, text: str) -> Path:
        """A file with it that only callreel may read: state/key."""
        path = self.state / "key"
        path.touch(mode=0o640)
        path.write_text(text)
        return path

    def without_archive(self) -> None:
        """The administrator takes the destination out of the configuration."""
        self.config.write_text(
            re.sub(
                "destinations: .*",
                f'destinations: {{other: {{url: "file://{self.folder}/other/"}}}}',
                self.config.read_text(),
            )
        )

    def available(self, id: str, *, refused: str = "", **call: Any) -> Path:
        """Stored in the archive, and refused at that destination; returns the copy."""
        self.recording(id, RecordingState.CAPTURED, **call)

        async def work(house: House) -> None:
            path = Path("work", id, "stereo.mp3")
            (self.state / path).parent.mkdir(parents=True)
            (self.state / path).write_bytes(SOUND)
            md5 = hashlib.md5(SOUND, usedforsecurity=False).hexdigest()
            sha256 = hashlib.sha256(SOUND).hexdigest()
            artefact = an_artefact(recording_id=id, path=str(path), size_bytes=len(SOUND), md5=md5, sha256=sha256)
            names = ["archive", *([refused] if refused else [])]
            deliveries = [a_delivery(recording_id=id, destination=name) for name in names]
            rendering = a_rendering(artefacts=(artefact,))
            await house.catalogue.shipping.rendered(RecordingId(id), rendering, deliveries)
            for _, step in house.shipping.steps:
                await step(id, 1)

        self._in_house(work)
        file, *_ = self.run("recordings", "show", id, "--json").facts["files"]
        return Path(file["url"].removeprefix("file://"))

    def endpoints(self, **addresses: str) -> None:
        """From now on the configuration tells these."""
        said = ", ".join(f'{name}: {{url: "{url}", timeout: 1s}}' for name, url in addresses.items())
        kept = [line for line in self.config.read_text().splitlines() if not line.startswith("notifications:")]
        self.config.write_text("\n".join([*kept, f"notifications: {{{said}}}", ""]))

    def notification(
        self,
        id: str,
        *tries: int | None,
        state: NotificationState = NotificationState.WAITING,
        reason: str = "",
        endpoint: str = "crm",
        recording: str = "",
        told: Told = Told.AVAILABLE,
        body: str = "{}",
        at: float = MORNING,
    ) -> None:
        """In that state after these tries: what each was answered, None for nothing."""
        one = Notification(
            id=id,
            endpoint=endpoint,
            organisation="default",
            recording_id=recording,
            call_id=f"call-{recording}",
            told=told,
            body=body,
            created_at=at,
            next_at=at + _LATER_SECONDS,
        )

        async def work(house: House) -> None:
            ledger = house.catalogue.notifications
            await ledger.add([one])
            for number, status in enumerate(tries, start=1):
                is_last = number == len(tries)
                is_taken = is_last and state is NotificationState.DELIVERED
                made = Attempt(at=at + number, seconds=0.25, status=status, reason="" if is_taken else reason)
                if is_taken:
                    await ledger.delivered(id, made)
                else:
                    is_dead = is_last and state is NotificationState.DEAD
                    await ledger.failed(id, made, next_at=None if is_dead else at + _LATER_SECONDS)
            if state is NotificationState.CANCELLED:
                await ledger.cancel(endpoint, reason)
            found = await ledger.find(id)
            assert found is not None
            assert found[0].state is state

        self._in_house(work)

    def gone(self, endpoint: str, url: str, reason: str) -> None:
        """It said so."""

        async def work(house: House) -> None:
            await house.catalogue.notifications.disable(endpoint, Disabled(url=url, at=MORNING, reason=reason))

        self._in_house(work)

    @contextmanager
    def sending(self, poster: Poster) -> Iterator[None]:
        """A work role that does nothing but send notifications."""
        is_to_end = threading.Event()

        async def work(house: House) -> None:
            notifying = Notifying(
                house.catalogue.notifications,
                poster,
                lambda: house.settings.notifications,
                MainLinks(house.catalogue.shipping, house.fetching),
                house.clock,
                "here",
                poll_seconds=0.01,
            )
            task = asyncio.create_task(notifying.run())
            await asyncio.to_thread(is_to_end.wait)
            task.cancel()
            await asyncio.wait([task])

        thread = threading.Thread(target=self._in_house, args=(work,))
        thread.start()
        try:
            yield
        finally:
            is_to_end.set()
            thread.join()

    def segment(self, recording: str, path: str) -> None:
        (self.spool / path).write_bytes(b"RIFF")
        self.apply(a_segment(id=path, recording_id=recording, call_id=f"call-{recording}", path=path))

    def state_of(self, id: str) -> str:
        return str(self.run("recordings", "show", id, "--json").facts["state"])

    def dues(self) -> list[str]:
        """The subjects of all work that waits."""
        found: list[str] = []

        async def work(house: House) -> None:
            found.extend(due.subject for due in await house.catalogue.dues.fallen("here", 1e12, 100))

        self._in_house(work)
        return sorted(found)

    def _in_house(self, work: Callable[[House], Awaitable[None]]) -> None:
        async def inside() -> None:
            async with built(load(self.config, {})) as house:
                await work(house)

        try:
            asyncio.run(inside())
        except ConnectorError as error:
            raise AssertionError(f"preparing failed: {error}") from error


def _with(recording: Recording, **over: Any) -> dict[str, Any]:
    return {name: getattr(recording, name) for name in recording.__slots__} | over
