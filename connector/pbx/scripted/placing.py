"""The script of a call that somebody had placed: the device answers, then the number does, and they talk. Pure."""

from collections.abc import Iterator
from typing import Final

from connector.domain import events
from connector.domain.ids import BridgeId, ChannelId
from connector.domain.pbx_commands import PlaceCall
from connector.pbx.scripted.script import Line, Says, Script, SoundChanged, What

ANSWERED_SECONDS: Final = 1.0
_MET_SECONDS: Final = 2.0
_OVER_SECONDS: Final = 8.0


def placed(wanted: PlaceCall) -> Script:
    return Script(lines=tuple(Line(offset_seconds=offset, what=what) for offset, what in _story(wanted)))


def _story(wanted: PlaceCall) -> Iterator[tuple[float, What]]:
    own, far = wanted.channel, ChannelId(f"{wanted.channel}-far")
    number = wanted.device.rpartition("/")[2]
    yield 0.0, events.ChannelCreated(channel=own, linked=own, number=number, device=wanted.device)
    for name, value in _variables(wanted):
        yield 0.0, events.VariableSet(channel=own, name=name, value=value)
    yield ANSWERED_SECONDS, events.ChannelAnswered(channel=own)
    created = events.ChannelCreated(
        channel=far, linked=own, number=wanted.number, device="PJSIP/carrier", context=wanted.context
    )
    yield ANSWERED_SECONDS, created
    yield _MET_SECONDS, events.ChannelAnswered(channel=far)
    for channel in (own, far):
        yield _MET_SECONDS, SoundChanged(channel=channel, says=Says.SOUND)
        yield _MET_SECONDS, events.BridgeEntered(channel=channel, bridge=BridgeId(f"{own}-bridge"))
    for channel in (own, far):
        yield _OVER_SECONDS, events.ChannelEnded(channel=channel, cause="normal")


def _variables(wanted: PlaceCall) -> Iterator[tuple[str, str]]:
    if wanted.record is not None:
        yield "CALLREEL", "yes" if wanted.record else "no"
    if wanted.options:
        yield "CALLREEL_OPTIONS", wanted.options
    if wanted.agent:
        yield "CALLREEL_AGENT", wanted.agent
