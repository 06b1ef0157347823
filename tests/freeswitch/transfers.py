"""How legs change partners: uuid_transfer, uuid_bridge, REFER, att_xfer, intercept, park, valet, loopback.

Measured (order of events too): uuid_transfer keeps the leg and its recording and hangs up the other one, whose
recording ends; uuid_bridge of two legs hangs up whom each talked to, and the legs that stay keep their recordings; an
intercepted leg is the second of the new bridge; after att_xfer the consulted leg tells the bridge with the one that
waited; a parked leg's file goes on; a loopback pair makes two bridges and tells the inner one first.
"""

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from tests.freeswitch import bridges, channel_variables, headers
from tests.freeswitch.exchange import Exchange
from tests.freeswitch.legs import Leg, Playing, Value
from tests.freeswitch.voices import Silence

if TYPE_CHECKING:
    from tests.freeswitch.telephony import Telephony

VALET: Final = "valet_parking::info"
_LOT: Final = "lot"
_WAITING: Final = "att_xfer_waiting"


def free(exchange: Exchange, leg: Leg, cause: str = "NORMAL_CLEARING") -> None:
    """Alone again: its peer ends."""
    other = leg.peer
    if other is not None and other.other_type == "originatee":
        bridges.part(exchange, leg)
        bridges.hang_up(exchange, other, cause)
    elif other is not None:
        bridges.end_sound(exchange, other, cause)
        bridges.part(exchange, leg)
        bridges.complete(exchange, other)
    leg.state, leg.state_number = "CS_EXECUTE", 4


def bridge(exchange: Exchange, leg: Leg, other: Leg, cause: str = "NORMAL_CLEARING") -> None:
    for one in (leg, other):
        free(exchange, one, cause)
        _unpark(exchange, one)
    bridges.bridge(exchange, leg, other)


def park(exchange: Exchange, leg: Leg) -> None:
    free(exchange, leg)
    leg.is_parked = True
    exchange.fire_channel("CHANNEL_PARK", leg)


def _unpark(exchange: Exchange, leg: Leg) -> None:
    if leg.is_parked:
        leg.is_parked = False
        exchange.fire_channel("CHANNEL_UNPARK", leg)


def valet_park(exchange: Exchange, leg: Leg, slot: str) -> None:
    """It hears music."""
    free(exchange, leg)
    leg.playing = Playing(bridges.MUSIC, exchange.catch_up(leg))
    channel_variables.execute(leg, "valet_park", f"{_LOT} {slot}")
    _tell_valet(exchange, leg, slot, "hold")


def valet_retrieve(exchange: Exchange, by: Leg, slot: str) -> None:
    parked = next(leg for leg in exchange.legs.values() if leg.application_data == f"{_LOT} {slot}")
    _tell_valet(exchange, parked, slot, "bridge", {"Bridge-To-UUID": by.uuid})
    _tell_valet(exchange, parked, slot, "exit")
    parked.application = parked.application_data = ""
    bridge(exchange, by, parked)


async def consult(telephony: "Telephony", leg: Leg, number: str) -> Leg:
    """The one that waits hears music; no event tells that the bridge with it is interrupted."""
    exchange = telephony.exchange
    waiting = leg.peer
    assert waiting is not None, f"{leg.number} talks to nobody that it could transfer"
    waiting.playing = Playing(bridges.MUSIC, exchange.catch_up(leg))
    leg.peer = waiting.peer = None
    leg.variables[_WAITING] = waiting.uuid
    channel_variables.execute(leg, "att_xfer", f"sofia/internal/{number}@127.0.0.1")
    consulted = await telephony.dial(leg, number)
    await telephony.answer(consulted)
    return consulted


def complete(exchange: Exchange, leg: Leg, consulted: Leg) -> None:
    waiting = exchange.legs[leg.text(_WAITING)]
    bridges.end_sound(exchange, leg, "NORMAL_CLEARING")
    consulted.is_parked = True
    exchange.fire_channel("CHANNEL_PARK", consulted)
    bridges.part(exchange, leg)
    headers.met(consulted, waiting, "originatee")
    _unpark(exchange, consulted)
    headers.met(waiting, consulted, "originator")
    facts: dict[str, Value] = {"Bridge-A-Unique-ID": waiting.uuid, "Bridge-B-Unique-ID": leg.uuid}
    exchange.fire_channel("CHANNEL_UNBRIDGE", waiting, facts)
    bridges.complete(exchange, leg)
    bridges.bridge(exchange, consulted, waiting)


async def loopback(telephony: "Telephony", leg: Leg, number: str, *, bows_out: bool) -> Leg:
    exchange = telephony.exchange
    near = telephony.outbound(leg, number, f"loopback/{number}-a", voice=Silence())
    far = telephony.outbound(leg, number, f"loopback/{number}-b", voice=Silence())
    far.inbound, far.originator = True, None
    near.twin, far.twin = far, near
    for end, half in ((near, far), (far, near)):
        # Measured: each half names the other one from its CHANNEL_CREATE on.
        end.variables["other_loopback_leg_uuid"] = half.uuid
        bridges.create(exchange, end)
    phone = await telephony.dial(far, number)
    for one in (phone, near, far):
        bridges.answer(exchange, one)
    bridges.bridge(exchange, far, phone)
    bridges.answer(exchange, leg)
    bridges.bridge(exchange, leg, near)
    telephony.begin(_end_together(exchange, near, far))
    if bows_out:
        bridges.part(exchange, far)
        bridge(exchange, leg, phone)
        bridges.hang_up(exchange, far)
    return phone


async def _end_together(exchange: Exchange, near: Leg, far: Leg) -> None:
    ends = [asyncio.create_task(one.ended.wait()) for one in (near, far)]
    await asyncio.wait(ends, return_when="FIRST_COMPLETED")
    for end in ends:
        end.cancel()
    for one in (near, far):
        bridges.hang_up(exchange, one)


def custom(
    exchange: Exchange, subclass: str, facts: Mapping[str, str], leg: Leg | None = None, *, before: bool = False
) -> None:
    """A CUSTOM event with the whole channel; its own keys before or behind it."""
    channel: dict[str, Value] = headers.channel(leg) if leg is not None else {}
    own: dict[str, Value] = dict(facts)
    source = ("mod_dptools.c", "event_function", 1902)
    exchange.fire("CUSTOM", {**own, **channel} if before else {**channel, **own}, subclass=subclass, source=source)


def _tell_valet(exchange: Exchange, leg: Leg, slot: str, action: str, more: Mapping[str, str] | None = None) -> None:
    facts = {"Valet-Lot-Name": _LOT, "Valet-Extension": slot, "Action": action, **(more or {})}
    custom(exchange, VALET, facts, leg)
