"""Doctor's questions to the event socket, once it has let us in. Changes nothing there and places no call.

Puts the questions; what the answers mean is in the modules beside it.
"""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

from connector.domain.diagnosis import Finding, not_looked_at, note, ok, warning
from connector.errors import PbxRefused, PbxUnreachable
from connector.pbx.circumstances import Circumstances
from connector.pbx.freeswitch import dialplan_check, exposure, modules, spool_sight, versions
from connector.pbx.freeswitch.census import channels, recorded_paths
from connector.pbx.freeswitch.esl import Esl
from connector.pbx.freeswitch.exposure import EVERYBODY_S_PASSWORD, Exposure, event_socket_file, exposure_findings
from connector.pbx.freeswitch.file_names import named
from connector.pbx.processes import PbxProcess
from connector.ports.clock import Clock
from connector.settings import FreeswitchSettings

CLOCK = "clock"
#: Everything that is asked here.
SUBJECTS = (
    exposure.PASSWORD,
    exposure.LISTENING,
    CLOCK,
    versions.SUBJECT,
    modules.SUBJECT,
    spool_sight.SUBJECT,
    dialplan_check.SUBJECT,
    dialplan_check.OTHERS,
)
_SKEW_SECONDS = 2.0
_ANSWER_SECONDS = 2.0
_DIALPLAN_SECONDS = 4.0
_MOST_LEGS = 100
#: Set aside for documentation: no list can mean them.
_STRANGERS = ("192.0.2.77", "2001:db8::77")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """The machine that it runs on."""

    #: Ours, too.
    is_here: bool
    #: None where it cannot be seen.
    process: PbxProcess | None
    #: Where it listens, by this machine's own word; empty when that cannot be seen.
    addresses: frozenset[str]


class Questions:
    """What is asked once the login is accepted."""

    def __init__(
        self, esl: Esl, settings: FreeswitchSettings, circumstances: Circumstances, place: Place, clock: Clock
    ) -> None:
        self._esl = esl
        self._settings = settings
        self._circumstances = circumstances
        self._place = place
        self._clock = clock

    async def findings(self) -> AsyncIterator[Finding]:
        for finding in exposure_findings(await self._exposure()):
            yield finding
        yield await self._clock_finding()
        for finding in versions.version_findings(await self._answer("version")):
            yield finding
        for finding in await self._modules():
            yield finding
        yield await spool_sight.spool_finding(Path(self._settings.spool), self._place.process, self._exists)
        for finding in await self._dialplan():
            yield finding

    async def _exposure(self) -> Exposure:
        file = event_socket_file(await self._answer("xml_locate configuration configuration name event_socket.conf"))
        addresses = self._place.addresses or (frozenset((file.address,)) if file is not None else frozenset())
        lists = file.lists if file is not None else ()
        return Exposure(
            is_everybody_s=self._settings.esl.password.reveal() == EVERYBODY_S_PASSWORD,
            addresses=addresses,
            lists=lists,
            lets_strangers_in=bool(lists) and any([await self._is_let_in(one, lists) for one in _STRANGERS]),
            is_here=self._place.is_here,
        )

    async def _is_let_in(self, address: str, lists: tuple[str, ...]) -> bool:
        """Every list has to allow it."""
        answers = await self._answers([f"acl {address} {one}" for one in lists])
        return bool(answers) and all(answer == "true" for answer in answers)

    async def _clock_finding(self) -> Finding:
        before = self._clock.now()
        answer = await self._answer("strmicroepoch")
        after = self._clock.now()
        if not answer.isdecimal():
            return note(CLOCK, "FreeSWITCH does not tell its time")
        skew = int(answer) / 1e6 - (before + after) / 2
        if abs(skew) > _SKEW_SECONDS + (after - before) / 2:
            what = f"FreeSWITCH's clock is {abs(skew):.1f} s {'ahead of' if skew > 0 else 'behind'} ours"
            return warning(CLOCK, f"{what}: its log and CDRs name other times than we do", "run NTP on both machines")
        return ok(CLOCK, f"FreeSWITCH's and ours differ by {abs(skew) * 1000:.0f} ms")

    async def _modules(self) -> Iterator[Finding]:
        wanted = modules.wanted_modules(plays_sounds=self._circumstances.plays_sounds)
        answers = await self._answers([f"module_exists {module.name}" for module in wanted])
        if not answers:
            return iter((not_looked_at(modules.SUBJECT, "FreeSWITCH does not answer"),))
        loaded = {module.name for module, answer in zip(wanted, answers, strict=True) if answer == "true"}
        # Without mod_commands the question itself is refused, and nothing is known of the others.
        return modules.module_findings(wanted if loaded else wanted[:1], loaded)

    async def _exists(self, path: str) -> bool | None:
        return {"true": True, "false": False}.get(await self._answer(f"file_exists {path}"))

    async def _dialplan(self) -> list[Finding]:
        text = await self._answer("xml_locate dialplan", _DIALPLAN_SECONDS)
        found = dialplan_check.dialplan(text)
        others = dialplan_check.others_finding(dialplan_check.recording_lines(found), await self._recorded_by_others())
        return [*dialplan_check.dialplan_findings(found), others]

    async def _recorded_by_others(self) -> list[str]:
        legs = channels(await self._answer("show channels as json"))[:_MOST_LEGS]
        lists = await self._answers([f"uuid_buglist {leg}" for leg in legs])
        return [path for text in lists for path in recorded_paths(text) if named(path, self._settings.spool) is None]

    async def _answer(self, command: str, limit_seconds: float | None = None) -> str:
        """Empty for a no, and for none."""
        answers = await self._answers([command], limit_seconds)
        return "" if not answers or answers[0].startswith("-") else answers[0]

    async def _answers(self, commands: list[str], limit_seconds: float | None = None) -> list[str]:
        """Empty when one of them is not answered."""
        try:
            return await self._esl.answers(commands, limit_seconds or _ANSWER_SECONDS)
        except (PbxRefused, PbxUnreachable, TimeoutError):
            return []
