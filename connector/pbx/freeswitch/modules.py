"""Which modules of FreeSWITCH callreel uses, and what is missing without each. Pure."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from connector.domain.diagnosis import Finding, Level, note, ok

SUBJECT = "modules"


@dataclass(frozen=True, slots=True)
class Module:
    name: str
    level: Level
    without: str
    #: Only where a rule asks for announcements or beeps.
    is_for_sounds: bool = False


MODULES = (
    Module("mod_commands", Level.BAD, "nothing can be asked or recorded"),
    Module("mod_sndfile", Level.BAD, "no file can be written"),
    Module("mod_dptools", Level.BAD, "no dialplan can place a call, and none can order anything"),
    Module("mod_dialplan_xml", Level.NOTE, "the snippet's extensions cannot be called"),
    Module("mod_conference", Level.NOTE, "there are no conferences"),
    Module("mod_tone_stream", Level.WARNING, "a beep cannot be played", is_for_sounds=True),
)


def wanted_modules(*, plays_sounds: bool) -> tuple[Module, ...]:
    return tuple(module for module in MODULES if plays_sounds or not module.is_for_sounds)


def module_findings(wanted: Collection[Module], loaded: Collection[str]) -> Iterator[Finding]:
    missing = [module for module in wanted if module.name not in loaded]
    for module in missing:
        mend = f'<load module="{module.name}"/> in modules.conf.xml, then: fs_cli -x "load {module.name}"'
        yield Finding(module.level, SUBJECT, f"{module.name} is not loaded: {module.without}", mend)
    if not missing:
        yield ok(SUBJECT, f"all {len(wanted)} that callreel uses are loaded")
    elif len(missing) < len(wanted):
        yield note(SUBJECT, f"{len(wanted) - len(missing)} of {len(wanted)} that callreel uses are loaded")
