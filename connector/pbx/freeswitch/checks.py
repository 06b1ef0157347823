"""Doctor's look at one FreeSWITCH, in parts that do not wait for each other. Changes nothing there and places no call.

Knocks, logs in and looks at this machine; the questions to the event socket are esl_checks'.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

from connector.domain.diagnosis import Finding, bad, not_looked_at, note, ok, warning
from connector.pbx.circumstances import Circumstances
from connector.pbx.doors import Door, clear_text_finding, is_this_machine, knock
from connector.pbx.freeswitch.esl import Esl
from connector.pbx.freeswitch.esl_checks import SUBJECTS, Place, Questions
from connector.pbx.freeswitch.processes import freeswitch_process
from connector.pbx.processes import PROC, PbxProcess, listening_addresses
from connector.pbx.spool_checks import Spool, spool_findings
from connector.ports.clock import Clock
from connector.settings import FreeswitchSettings

SOCKET, LOGIN, OPEN_FILES = "event socket", "login", "open files"
_GREETING, _REJECTION = "auth/request", "text/rude-rejection"
_LOGIN_SECONDS = 5.0
#: Of a recorded call between two phones, measured.
FILES_PER_CALL = 13
_FEW_FILES = 4096
_PROTECT = "FreeSWITCH has no TLS of its own: put stunnel before it and write ?tls=yes, or go through a tunnel"


class FreeSwitchChecks:
    def __init__(
        self,
        name: str,
        settings: FreeswitchSettings,
        circumstances: Circumstances,
        clock: Clock,
        proc: Path = PROC,
    ) -> None:
        self._name = name
        self._settings = settings
        self._circumstances = circumstances
        self._clock = clock
        self._proc = proc

    def parts(self) -> tuple[AsyncIterator[Finding], ...]:
        """Independent of each other: to be run at the same time."""
        return self._event_socket(), self._machine()

    async def _event_socket(self) -> AsyncIterator[Finding]:
        door = await knock(SOCKET, self._settings.esl, self._settings.ca, is_greeted=True)
        closed = door if isinstance(door, Finding) else self._stranger(door.greeting)
        if closed is not None:
            yield closed
            for subject in (LOGIN, *SUBJECTS):
                yield not_looked_at(subject, "the event socket cannot be used")
        elif isinstance(door, Door):
            yield ok(SOCKET, f"{self._address} answers {self._how(door)}")
            if (in_clear_text := clear_text_finding(SOCKET, self._settings.esl, door, _PROTECT)) is not None:
                yield in_clear_text
            async for finding in self._logged_in():
                yield finding

    def _how(self, door: Door) -> str:
        return "with TLS" if self._settings.esl.tls else "on this machine" if door.is_local else "without TLS"

    def _stranger(self, greeting: str) -> Finding | None:
        """None for an event socket that takes our address."""
        if _GREETING in greeting:
            return None
        if _REJECTION in greeting:
            mend = "apply-inbound-acl in event_socket.conf.xml, with a list of acl.conf.xml that names this machine"
            return bad(SOCKET, f"{self._address} refuses this machine's address (Access Denied)", mend)
        if not greeting:
            what = f"{self._address} takes the connection and says nothing"
            return bad(SOCKET, what, "is it stunnel's port? Then write ?tls=yes; or is FreeSWITCH stuck?")
        what = f"{self._address} is no event socket: it says {greeting[:60]!r}"
        return bad(SOCKET, what, "correct host and port in `esl`")

    async def _logged_in(self) -> AsyncIterator[Finding]:
        up = asyncio.Event()

        async def came_up() -> None:
            up.set()

        esl = Esl(
            self._name,
            self._settings.esl,
            events=(),
            subclasses=(),
            heard=lambda _event, _at: None,
            came_up=came_up,
            went_down=lambda _reason: None,
            clock=self._clock,
            ca=self._settings.ca,
        )
        running = asyncio.create_task(esl.run(), name=f"doctor of {self._name}")
        try:
            refusal = await _refusal(esl, up)
            if refusal:
                yield bad(LOGIN, refusal, 'after a change there: fs_cli -x "reload mod_event_socket"')
                for subject in SUBJECTS:
                    yield not_looked_at(subject, "the login is not accepted")
                return
            yield ok(LOGIN, "the password is accepted")
            questions = Questions(esl, self._settings, self._circumstances, await self._place(), self._clock)
            async for finding in questions.findings():
                yield finding
        finally:
            await esl.close()
            await running

    async def _machine(self) -> AsyncIterator[Finding]:
        """What only whoever shares the machine or its disk can see."""
        process = (await self._place()).process
        yield open_files_finding(process)
        spool = Spool(
            folder=Path(self._settings.spool),
            us=self._circumstances.us,
            kind="FreeSWITCH",
            process=process,
            bytes_per_day=self._circumstances.bytes_per_day,
            neighbours=self._circumstances.neighbours,
        )
        for finding in spool_findings(spool):
            yield finding

    async def _place(self) -> Place:
        port = self._settings.esl.port
        if not await is_this_machine(self._settings.esl.host):
            return Place(is_here=False, process=None, addresses=frozenset())
        process = freeswitch_process(port, self._proc)
        # Without one, whoever listens here is the near end of a tunnel.
        addresses = listening_addresses(port, self._proc) if process is not None else frozenset()
        return Place(is_here=True, process=process, addresses=addresses)

    @property
    def _address(self) -> str:
        return f"{self._settings.esl.host}:{self._settings.esl.port}"


def open_files_finding(process: PbxProcess | None) -> Finding:
    if process is None:
        return note(OPEN_FILES, "how many files FreeSWITCH may open cannot be seen from here")
    if process.open_files is not None and process.open_files < _FEW_FILES:
        calls = process.open_files // FILES_PER_CALL
        what = f"FreeSWITCH may open {process.open_files} files: enough for some {calls} recorded calls"
        return warning(OPEN_FILES, what, "LimitNOFILE=100000 in its systemd unit")
    return ok(OPEN_FILES, f"FreeSWITCH may open {process.open_files or 'any number of'} files")


async def _refusal(esl: Esl, up: asyncio.Event) -> str:
    """Why the login was not accepted; empty when it was."""
    try:
        async with asyncio.timeout(_LOGIN_SECONDS):
            while not up.is_set() and not esl.trouble:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(0.05):
                        await up.wait()
    except TimeoutError:
        return f"no answer to the login within {_LOGIN_SECONDS:.0f} s"
    return "" if up.is_set() else esl.trouble
