"""Which modules of Asterisk callreel uses, and what is missing without each. Pure."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from connector.domain.diagnosis import Finding, Level, note, ok

SUBJECT = "modules"


@dataclass(frozen=True, slots=True)
class Module:
    name: str
    level: Level
    without: str
    #: Only where the configuration names an ARI endpoint.
    is_for_ari: bool = False


MODULES = (
    Module("app_mixmonitor", Level.BAD, "nothing can be recorded"),
    Module("format_wav", Level.BAD, "no file can be written"),
    Module("app_stack", Level.WARNING, "the subroutines of the dialplan snippet do not run, and a Gosub ends the call"),
    Module("res_agi", Level.WARNING, "subroutines of the dialplan snippet get no answer: they go on without recording"),
    Module("func_dialplan", Level.WARNING, "DIALPLAN_EXISTS always says no: guarded subroutines are never called"),
    Module("func_module", Level.WARNING, "the snippet's subroutines always answer ERROR"),
    Module("func_strings", Level.NOTE, "callreel-must of the snippet records nothing"),
    Module("app_userevent", Level.NOTE, "the dialplan cannot send UserEvent(Callreel,…)"),
    Module("app_confbridge", Level.NOTE, "there are no conferences"),
    Module("app_chanspy", Level.NOTE, "beeps and announcements cannot be played into a call"),
    Module("res_ari", Level.BAD, "the REST interface does not exist", is_for_ari=True),
    Module("res_ari_recordings", Level.BAD, "files can be neither fetched nor deleted", is_for_ari=True),
    Module("res_stasis_recording", Level.BAD, "files can be neither fetched nor deleted", is_for_ari=True),
    Module("res_ari_channels", Level.WARNING, "beeps and announcements cannot be played", is_for_ari=True),
    Module("res_ari_bridges", Level.WARNING, "bridges of other ARI applications are not seen", is_for_ari=True),
    Module("res_ari_events", Level.WARNING, "channels of other ARI applications are not seen", is_for_ari=True),
    Module("res_stasis_snoop", Level.WARNING, "beeps and announcements cannot be played by ARI", is_for_ari=True),
    Module("res_stasis_playback", Level.WARNING, "beeps and announcements cannot be played by ARI", is_for_ari=True),
)


def wanted_modules(*, with_ari: bool) -> tuple[Module, ...]:
    return tuple(module for module in MODULES if with_ari or not module.is_for_ari)


def module_findings(wanted: Collection[Module], loaded: Collection[str]) -> Iterator[Finding]:
    missing = [module for module in wanted if module.name not in loaded]
    for module in missing:
        mend = f"load = {module.name}.so in modules.conf (no noload), then: asterisk -rx 'module load {module.name}.so'"
        yield Finding(module.level, SUBJECT, f"{module.name} is not loaded: {module.without}", mend)
    if not missing:
        yield ok(SUBJECT, f"all {len(wanted)} that callreel uses are loaded")
    elif len(missing) < len(wanted):
        yield note(SUBJECT, f"{len(wanted) - len(missing)} of {len(wanted)} that callreel uses are loaded")
