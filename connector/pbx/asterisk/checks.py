"""Doctor's look at one Asterisk, in parts that do not wait for each other. Changes nothing there and places no call.

Knocks, logs in and looks at this machine; the questions to the manager interface are ami_checks'.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

from connector.domain.diagnosis import Finding, bad, not_looked_at, ok
from connector.pbx.asterisk import ami_rights
from connector.pbx.asterisk.ami import Ami
from connector.pbx.asterisk.ami_checks import SUBJECTS, Questions
from connector.pbx.asterisk.process_checks import open_files_finding, sockets_finding
from connector.pbx.asterisk.processes import asterisk_process
from connector.pbx.circumstances import Circumstances
from connector.pbx.doors import clear_text_finding, is_this_machine, knock
from connector.pbx.spool_checks import FOLDER, ROOM, Spool, spool_findings
from connector.ports.clock import Clock
from connector.settings import AsteriskSettings

MANAGER, LOGIN = "AMI", "login"
_GREETING = "Asterisk Call Manager"
#: Asterisk answers a wrong password only after some seconds.
_LOGIN_SECONDS = 5.0


class AsteriskChecks:
    def __init__(self, name: str, settings: AsteriskSettings, circumstances: Circumstances, clock: Clock) -> None:
        self._name = name
        self._settings = settings
        self._circumstances = circumstances
        self._clock = clock

    def parts(self) -> tuple[AsyncIterator[Finding], ...]:
        """Independent of each other: to be run at the same time."""
        return self._manager(), self._rest(), self._machine()

    async def _manager(self) -> AsyncIterator[Finding]:
        door = await knock(MANAGER, self._settings.ami, self._settings.ca, is_greeted=True)
        if isinstance(door, Finding):
            yield door
            reason = "the manager interface cannot be reached"
        elif not door.greeting.startswith(_GREETING):
            yield self._stranger(door.greeting)
            reason = "no manager interface answers"
        else:
            how = "with TLS" if self._settings.ami.tls else "on this machine" if door.is_local else "without TLS"
            yield ok(MANAGER, f"{self._place} answers {how} ({door.greeting})")
            if (in_clear_text := clear_text_finding(MANAGER, self._settings.ami, door)) is not None:
                yield in_clear_text
            reason = ""
            async for finding in self._logged_in():
                yield finding
        if reason:
            for subject in (LOGIN, *SUBJECTS):
                yield not_looked_at(subject, reason)

    def _stranger(self, greeting: str) -> Finding:
        if not greeting:
            what = f"{self._place} takes the connection and says nothing"
            return bad(MANAGER, what, "is it the TLS port? Then write ?tls=yes; or is Asterisk stuck?")
        return bad(MANAGER, f"{self._place} is no AMI: it says {greeting[:60]!r}", "correct host and port in `ami`")

    async def _logged_in(self) -> AsyncIterator[Finding]:
        up = asyncio.Event()

        async def came_up() -> None:
            up.set()

        ami = Ami(
            self._name,
            self._settings.ami,
            ca=self._settings.ca,
            heard=lambda _message, _at: None,
            came_up=came_up,
            went_down=lambda _reason: None,
            clock=self._clock,
        )
        running = asyncio.create_task(ami.run(), name=f"doctor of {self._name}")
        try:
            refusal = await _refusal(ami, up)
            if refusal:
                yield bad(LOGIN, refusal, f"after a change: {ami_rights.RELOAD}")
                for subject in SUBJECTS:
                    yield not_looked_at(subject, "the login is not accepted")
                return
            yield ok(LOGIN, f"{self._settings.ami.user} is let in")
            async for finding in Questions(ami, self._settings, self._circumstances, self._clock).findings():
                yield finding
        finally:
            await ami.close()
            await running

    async def _rest(self) -> AsyncIterator[Finding]:
        from connector.pbx.asterisk.ari_checks import ari_findings

        async for finding in ari_findings(self._name, self._settings, self._clock):
            yield finding

    async def _machine(self) -> AsyncIterator[Finding]:
        """What only whoever shares the machine or its disk can see."""
        is_here = await is_this_machine(self._settings.ami.host)
        process = asterisk_process(self._settings.ami.port) if is_here else None
        yield open_files_finding(process)
        yield sockets_finding(process)
        if self._settings.files == "ari":
            yield not_looked_at(FOLDER, "files come by ARI: it is not on this machine")
            yield not_looked_at(ROOM, "the disk is the PBX's: watch it there")
            return
        spool = Spool(
            folder=Path(self._settings.spool),
            us=self._circumstances.us,
            kind="Asterisk",
            process=process,
            bytes_per_day=self._circumstances.bytes_per_day,
            neighbours=self._circumstances.neighbours,
        )
        for finding in spool_findings(spool):
            yield finding

    @property
    def _place(self) -> str:
        return f"{self._settings.ami.host}:{self._settings.ami.port}"


async def _refusal(ami: Ami, up: asyncio.Event) -> str:
    """Why the login was not accepted; empty when it was."""
    try:
        async with asyncio.timeout(_LOGIN_SECONDS):
            while not up.is_set() and not ami.trouble:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(0.05):
                        await up.wait()
    except TimeoutError:
        return f"no answer to the login within {_LOGIN_SECONDS:.0f} s"
    return "" if up.is_set() else ami.trouble
