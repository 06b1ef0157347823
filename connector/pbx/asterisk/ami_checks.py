"""Doctor's questions to the manager interface, once it has let us in. Changes nothing there.

Puts the questions; what the answers mean is in the modules beside it.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from pathlib import PurePosixPath

from connector.domain.diagnosis import Finding, bad, not_looked_at, note, ok, warning
from connector.errors import PbxRefused, PbxUnreachable
from connector.pbx.asterisk import ami_rights, modules
from connector.pbx.asterisk.ami import Ami, AmiMessage
from connector.pbx.asterisk.dialplan_check import SUBJECT as DIALPLAN
from connector.pbx.asterisk.dialplan_check import Line, dialplan_findings
from connector.pbx.asterisk.versions import SUBJECT as VERSION
from connector.pbx.asterisk.versions import version_findings
from connector.pbx.circumstances import Circumstances
from connector.ports.clock import Clock
from connector.settings import AsteriskSettings

CLOCK, SPOOL = "clock", "spool"
#: Everything that is asked here.
SUBJECTS = (ami_rights.WRITE, ami_rights.READ, ami_rights.STAMPS, CLOCK, VERSION, modules.SUBJECT, SPOOL, DIALPLAN)
_SKEW_SECONDS = 2.0
_MOST_LINES = 1000
#: 40,000 lines take 4 s.
_DIALPLAN_SECONDS = 6.0


class Questions:
    """What is asked once the login is accepted."""

    def __init__(self, ami: Ami, settings: AsteriskSettings, circumstances: Circumstances, clock: Clock) -> None:
        self._ami = ami
        self._settings = settings
        self._circumstances = circumstances
        self._clock = clock
        self._user = settings.ami.user

    async def findings(self) -> AsyncIterator[Finding]:
        listing = await self._answer("ListCommands")
        may = frozenset(name for name in ami_rights.ASKED if listing is not None and listing.get(name))
        wanted = modules.wanted_modules(with_ari=self._settings.ari is not None)
        loaded = await self._loaded(wanted) if "ModuleCheck" in may else None
        absent = {module.name for module in wanted if loaded is not None and module.name not in loaded}
        for finding in ami_rights.write_findings(
            self._user,
            may,
            absent_modules=absent,
            has_ari=self._settings.ari is not None,
            plays_sounds=self._circumstances.plays_sounds,
            places_calls=self._circumstances.places_calls,
        ):
            yield finding
        async for finding in self._configured(may):
            yield finding
        yield await self._clock_finding()
        for finding in await self._version(may):
            yield finding
        if loaded is None:
            yield not_looked_at(modules.SUBJECT, f"{self._user} may not ask (system in write=)")
        else:
            for finding in modules.module_findings(wanted, loaded):
                yield finding
        yield await self._spool_finding(may)
        for finding in await self._dialplan(may):
            yield finding

    async def _configured(self, may: frozenset[str]) -> AsyncIterator[Finding]:
        """What manager.conf says of our user, and of all."""
        if "GetConfig" not in may:
            for subject in (ami_rights.READ, ami_rights.STAMPS):
                yield not_looked_at(subject, f"{self._user} may not read manager.conf (system in write=)")
            return
        own, general = await self._section(self._user), await self._section("general")
        for finding in ami_rights.read_findings(self._user, None if own is None else own.get("read", "")):
            yield finding
        yield ami_rights.stamp_finding(None if general is None else general.get("timestampevents", "no"))

    async def _section(self, name: str) -> Mapping[str, str] | None:
        answer = await self._answer("GetConfig", {"Filename": "manager.conf", "Category": name})
        if answer is None or not answer.get("Category-000000"):
            return None
        lines = (answer.get(f"Line-000000-{number:06}") for number in range(_MOST_LINES))
        # The last one counts; read= may be given more than once, as all of them.
        found: dict[str, str] = {}
        for line in lines:
            if not line:
                break
            key, _, value = line.partition("=")
            found[key.strip().casefold()] = value.strip()
        return found

    async def _clock_finding(self) -> Finding:
        before = self._clock.now()
        answer = await self._answer("Ping")
        after = self._clock.now()
        try:
            skew = float(answer.get("Timestamp") if answer is not None else "") - (before + after) / 2
        except ValueError:
            return note(CLOCK, "Asterisk does not tell its time")
        if abs(skew) > _SKEW_SECONDS + (after - before) / 2:
            what = f"Asterisk's clock is {abs(skew):.1f} s {'ahead of' if skew > 0 else 'behind'} ours"
            return warning(CLOCK, f"{what}: its log and CDRs name other times than we do", "run NTP on both machines")
        return ok(CLOCK, f"Asterisk's and ours differ by {abs(skew) * 1000:.0f} ms")

    async def _version(self, may: frozenset[str]) -> list[Finding]:
        answer = await self._answer("CoreSettings") if "CoreSettings" in may else None
        if answer is None:
            return [not_looked_at(VERSION, f"{self._user} may not ask (reporting in write=)")]
        return list(version_findings(answer.get("AsteriskVersion")))

    async def _loaded(self, wanted: tuple[modules.Module, ...]) -> frozenset[str]:
        async with asyncio.TaskGroup() as tasks:
            asked = {
                module.name: tasks.create_task(self._answer("ModuleCheck", {"Module": module.name}))
                for module in wanted
            }
        return frozenset(name for name, task in asked.items() if task.result() is not None)

    async def _spool_finding(self, may: frozenset[str]) -> Finding:
        """ARI gives and deletes only what lies in Asterisk's own recording folder."""
        answer = await self._answer("Getvar", {"Variable": "ASTSPOOLDIR"}) if "Getvar" in may else None
        folder = answer.get("Value") if answer is not None else ""
        if not folder:
            return note(SPOOL, "Asterisk's own spool folder cannot be asked")
        own = PurePosixPath(folder, "recording")
        is_below = PurePosixPath(self._settings.spool).is_relative_to(own)
        if self._settings.files == "ari" and not is_below:
            what = f"spool is {self._settings.spool}, and ARI reaches only what is in {own}"
            return bad(SPOOL, what, f"spool: {own}")
        return ok(SPOOL, f"{self._settings.spool}" + (f" is in {own}" if is_below else f", beside Asterisk's {own}"))

    async def _dialplan(self, may: frozenset[str]) -> list[Finding]:
        if "ShowDialPlan" not in may:
            return [not_looked_at(DIALPLAN, f"{self._user} may not see it (reporting in write=)")]
        try:
            messages = await self._ami.listed("ShowDialPlan", limit_seconds=_DIALPLAN_SECONDS)
        except (PbxRefused, PbxUnreachable, TimeoutError) as error:
            return [not_looked_at(DIALPLAN, f"Asterisk does not show it ({error})")]
        lines = [_line(message) for message in messages if message.get("Application")]
        return list(dialplan_findings(lines, fastagi_ports=self._circumstances.fastagi_ports))

    async def _answer(self, action: str, fields: Mapping[str, str] | None = None) -> AmiMessage | None:
        try:
            return await self._ami.act(action, fields)
        except (PbxRefused, PbxUnreachable, TimeoutError):
            return None


def _line(message: AmiMessage) -> Line:
    return Line(
        context=message.get("Context"),
        extension=message.get("Extension"),
        priority=message.get("Priority"),
        application=message.get("Application"),
        data=message.get("AppData"),
    )
