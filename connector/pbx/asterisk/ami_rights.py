"""What our manager user may do and hear, and what it needs. Pure: ListCommands and manager.conf in, findings out.

ListCommands names exactly the actions that this login may send, and those alone.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from connector.domain.diagnosis import Finding, Level, note, ok, warning

WRITE, READ, STAMPS = "rights", "events", "time stamps"
RELOAD = "asterisk -rx 'manager reload'"


@dataclass(frozen=True, slots=True)
class _Need:
    action: str
    #: One of these in write= allows it.
    classes: tuple[str, ...]
    level: Level
    without: str
    #: Without this module Asterisk has no such action, whatever the rights.
    module: str = ""


_NEEDS = (
    _Need("MixMonitor", ("system",), Level.BAD, "nothing can be recorded", "app_mixmonitor"),
    _Need("StopMixMonitor", ("call", "system"), Level.BAD, "no recorder ends before its call", "app_mixmonitor"),
    _Need("MixMonitorMute", ("call", "system"), Level.BAD, "no recording can be paused", "app_mixmonitor"),
    _Need("Status", ("call", "system", "reporting"), Level.BAD, "calls that run when we connect are not seen"),
    _Need("Setvar", ("call",), Level.BAD, "the dialplan gets no answers"),
    _Need("Getvar", ("call", "reporting"), Level.BAD, "what the dialplan wishes for a call cannot be asked"),
    _Need("Filter", ("system",), Level.WARNING, "Asterisk sends us every event, used or not"),
    _Need("ModuleCheck", ("system",), Level.NOTE, "doctor does not see which modules are loaded"),
    _Need("ShowDialPlan", ("reporting", "config"), Level.NOTE, "doctor does not see the dialplan"),
    _Need("GetConfig", ("system", "config"), Level.NOTE, "doctor does not see read= and timestampevents"),
)


@dataclass(frozen=True, slots=True)
class _Excess:
    write_class: str
    #: Listed by whoever has the class, and by nobody else.
    sign: str
    level: Level
    why: str


_EXCESSES = (
    _Excess("command", "Command", Level.WARNING, "every command of Asterisk's console"),
    _Excess("config", "UpdateConfig", Level.WARNING, "writing Asterisk's configuration"),
    _Excess("originate", "Originate", Level.WARNING, "placing calls, for anybody's money"),
    _Excess("agent", "QueueAdd", Level.NOTE, "changing queues"),
    _Excess("user", "UserEvent", Level.NOTE, "sending events in others' name"),
)

#: The actions that tell what we may do.
ASKED = frozenset((*(need.action for need in _NEEDS), *(excess.sign for excess in _EXCESSES), "CoreSettings"))


@dataclass(frozen=True, slots=True)
class _Hearing:
    read_class: str
    level: Level
    without: str


_HEARINGS = (
    _Hearing("call", Level.BAD, "no call is ever seen"),
    _Hearing("dialplan", Level.WARNING, "channel variables (CALLREEL, CALLREEL_OPTIONS) are not seen"),
    _Hearing("user", Level.WARNING, "UserEvent(Callreel,…) is not heard"),
    _Hearing("dtmf", Level.WARNING, "consent by key and feature keys are not heard"),
    _Hearing("agent", Level.WARNING, "queues and their agents are not named"),
)
_NOISY = ("all", "reporting", "verbose", "log", "command", "cdr", "cc", "cel", "security", "aoc", "test", "message")


def write_findings(
    user: str,
    may: Collection[str],
    *,
    absent_modules: Collection[str],
    has_ari: bool,
    plays_sounds: bool,
    places_calls: bool = False,
) -> Iterator[Finding]:
    """`may`: those of ASKED that ListCommands names."""
    missing = [need for need in _NEEDS if need.action not in may and need.module not in absent_modules]
    by_class = sorted(missing, key=lambda need: need.classes[0])
    for write_class, needs in groupby(by_class, key=lambda need: need.classes[0]):
        yield _missing_finding(user, write_class, list(needs))
    if plays_sounds and not has_ari and "Originate" not in may:
        mend = f"give `ari` in our configuration, or add originate to write= of [{user}] in manager.conf"
        what = "without ARI, the announcements and beeps of the rules are not played"
        yield warning(WRITE, f"{user} may not send Originate: {what}", mend)
    if places_calls and "Originate" not in may:
        what = "the calls that `api.outbound` allows are not placed"
        yield warning(WRITE, f"{user} may not send Originate: {what}", f"add originate to write= of [{user}]")
    if not any(need.level in (Level.BAD, Level.WARNING) for need in missing):
        yield ok(WRITE, f"{user} may do all that callreel does")
    excesses = [excess for excess in _EXCESSES if excess.sign in may]
    needs_originate = places_calls or not has_ari
    yield from _excess_findings(
        user, [one for one in excesses if not needs_originate or one.write_class != "originate"]
    )


def _missing_finding(user: str, write_class: str, needs: Sequence[_Need]) -> Finding:
    what = "; ".join(f"{need.action}: {need.without}" for need in needs)
    mend = f"add {write_class} to write= of [{user}] in manager.conf, then: {RELOAD}"
    return Finding(_worst(need.level for need in needs), WRITE, f"{user} may not send {what}", mend)


def _excess_findings(user: str, excesses: Sequence[_Excess]) -> Iterator[Finding]:
    if excesses:
        what = ", ".join(f"{excess.write_class} ({excess.why})" for excess in excesses)
        mend = f"take {', '.join(excess.write_class for excess in excesses)} out of write= of [{user}] in manager.conf"
        level = _worst(excess.level for excess in excesses)
        yield Finding(level, WRITE, f"{user} may do more than callreel needs: {what}", mend)


def read_findings(user: str, read: str | None) -> Iterator[Finding]:
    """`read`: what manager.conf says for our user; None when it could not be seen."""
    if read is None:
        yield note(
            READ,
            f"which events {user} hears cannot be seen (no [{user}] in manager.conf): needed are read="
            + ",".join(hearing.read_class for hearing in _HEARINGS),
        )
        return
    granted = {word.strip().casefold() for word in read.split(",")}
    missing = [hearing for hearing in _HEARINGS if not {hearing.read_class, "all"} & granted]
    for hearing in missing:
        mend = f"add {hearing.read_class} to read= of [{user}] in manager.conf, then: {RELOAD}"
        yield Finding(hearing.level, READ, f"{user} hears no {hearing.read_class} events: {hearing.without}", mend)
    if not missing:
        yield ok(READ, f"{user} hears all that callreel needs")
    noisy = [word for word in _NOISY if word in granted]
    if noisy:
        yield note(READ, f"{user} hears more than callreel needs: {', '.join(noisy)}", "read= can do without")


def stamp_finding(timestampevents: str | None) -> Finding:
    """What [general] of manager.conf says; None when the file could not be read."""
    if timestampevents is None:
        return note(STAMPS, "whether events bear time stamps cannot be seen: manager.conf must say timestampevents=yes")
    if timestampevents.strip().casefold() in ("yes", "true", "y", "t", "1", "on"):
        return ok(STAMPS, "events bear Asterisk's time")
    what = "events bear no time: the sides of a recording are placed by when we hear of them, up to some 100 ms off"
    mend = f"timestampevents=yes in [general] of manager.conf, then: {RELOAD}"
    return warning(STAMPS, what, mend)


def _worst(levels: Iterable[Level]) -> Level:
    return max(levels, key=list(Level).index)
