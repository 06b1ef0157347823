"""What happens to legs: made, rung, answered, bridged, held, hung up; and in which order the switch tells it.

Measured: the b-leg's answer is some 20 ms before CHANNEL_BRIDGE, the a-leg's CHANNEL_ANSWER between them; the bridge is
told once, on the a-leg. When the a-leg hangs up it tells CHANNEL_HANGUP, CHANNEL_UNBRIDGE, RECORD_STOP,
CHANNEL_HANGUP_COMPLETE, CHANNEL_DESTROY; when the b-leg does, it tells all of its end before the a-leg's
CHANNEL_UNBRIDGE. A phone's hold and uuid_hold tell the same CHANNEL_HOLD, on the held leg.
"""

from typing import Final

from tests.freeswitch import channel_report, channel_variables, headers, recording
from tests.freeswitch.exchange import Exchange
from tests.freeswitch.legs import Leg, Playing
from tests.pbx import noise

MUSIC: Final = noise.MUSIC


def create(exchange: Exchange, leg: Leg) -> Leg:
    now = exchange.clock.stamp()
    leg.session_id = next(exchange.sessions)
    leg.times |= {"Profile-Created": now, "Channel-Created": now}
    # An a-leg's codec is known at once; Caller-Callee-* of an outbound leg only until it rings say this.
    if not leg.inbound:
        leg.callee_name, leg.callee_number = "Outbound Call", leg.dialled
    channel_variables.create(leg)
    if leg.originator is not None:
        headers.met(leg, leg.originator, "originator")
    exchange.legs[leg.uuid] = leg
    exchange.legs_since_startup += 1
    exchange.legs_peak = max(exchange.legs_peak, len(exchange.legs))
    exchange.fire_channel("CHANNEL_CREATE", leg)
    leg.state, leg.state_number = ("CS_EXECUTE", 4) if leg.inbound else ("CS_CONSUME_MEDIA", 7)
    return leg


def ring(exchange: Exchange, leg: Leg) -> None:
    """An outbound leg's phone rings, and the caller hears of it."""
    leg.times["Channel-Progress"] = exchange.clock.stamp()
    leg.callee_name = leg.dialled
    channel_variables.ring(leg)
    exchange.fire_channel("CHANNEL_PROGRESS", leg)
    leg.call_state = "RINGING"
    caller = leg.originator
    if caller is not None and not caller.is_answered and not caller.times["Channel-Progress"]:
        caller.times["Channel-Progress"] = exchange.clock.stamp()
        caller.call_state = "RINGING"
        caller.callee_name, caller.callee_number = leg.dialled, leg.dialled
        channel_variables.dialling(caller, leg)
        exchange.fire_channel("CHANNEL_PROGRESS", caller)


def answer(exchange: Exchange, leg: Leg) -> None:
    if leg.is_answered or not leg.is_alive:
        return
    leg.speak(exchange.catch_up(leg))
    leg.times["Channel-Answered"] = exchange.clock.stamp()
    leg.answer_state = "answered"
    leg.call_state = "RINGING"
    channel_variables.answer(leg)
    exchange.fire_channel("CHANNEL_ANSWER", leg)
    leg.call_state = "ACTIVE"
    leg.answered.set()


def bridge(exchange: Exchange, leg: Leg, other: Leg) -> None:
    """`leg` is the one whose event it is."""
    frame = exchange.catch_up(leg, other)
    now = exchange.clock.stamp()
    leg.peer, other.peer = other, leg
    for one in (leg, other):
        one.bridged_frame = frame if one.bridged_frame is None else one.bridged_frame
        one.playing = None
        one.is_parked = False
        one.call_state = "ACTIVE"
    leg.times["Channel-Bridged"] = now
    other.state, other.state_number = "CS_EXCHANGE_MEDIA", 5
    channel_variables.meet(leg, other)
    leg.callee_name, leg.callee_number = other.callee_name or other.caller_name, other.callee_number or other.number
    headers.met(leg, other, "originatee")
    exchange.fire_channel("CHANNEL_BRIDGE", leg, {"Bridge-A-Unique-ID": leg.uuid, "Bridge-B-Unique-ID": other.uuid})
    other.times["Channel-Bridged"] = now
    if other.other_type != "originator" or other.other.get("Other-Leg-Unique-ID") != leg.uuid:
        headers.met(other, leg, "originator")
    other.variables["call_uuid"] = leg.text("call_uuid")
    channel_variables.met(leg, other)
    channel_variables.met(other, leg)
    leg.bridged.set()
    other.bridged.set()


def part(exchange: Exchange, leg: Leg) -> Leg | None:
    """End the bridge and keep both legs; the one that it was bridged to. Told on the leg that told the bridge."""
    other = leg.peer
    if other is None:
        return None
    exchange.catch_up(leg, other)
    first, second = (leg, other) if leg.other_type == "originatee" else (other, leg)
    leg.peer = other.peer = None
    first.variables.pop("bridge_to", None)
    second.variables.pop("bridge_to", None)
    first.variables["bridge_hangup_cause"] = first.hangup_cause or second.hangup_cause or "NORMAL_CLEARING"
    facts = {"Bridge-A-Unique-ID": first.uuid, "Bridge-B-Unique-ID": second.uuid}
    exchange.fire_channel("CHANNEL_UNBRIDGE", first, facts)
    second.variables["call_uuid"] = second.uuid
    leg.bridged.clear()
    other.bridged.clear()
    return other


def hold(exchange: Exchange, leg: Leg, *, music: bool = True) -> None:
    """No frames come from its phone: the time in its file stands still (measured), the other one hears music."""
    if leg.is_held:
        return
    frame = exchange.catch_up(leg)
    leg.begin_hold(frame)
    leg.last_hold = exchange.clock.stamp()
    leg.call_state = "HELD"
    if music and leg.peer is not None:
        leg.peer.playing = Playing(MUSIC, frame)
    exchange.fire_channel("CHANNEL_HOLD", leg)


def unhold(exchange: Exchange, leg: Leg) -> None:
    if not leg.is_held:
        return
    leg.end_hold(exchange.catch_up(leg))
    leg.hold_accum += exchange.clock.stamp() - leg.last_hold
    leg.call_state = "UNHELD"
    if leg.peer is not None:
        leg.peer.playing = None
    exchange.fire_channel("CHANNEL_UNHOLD", leg)
    leg.call_state = "ACTIVE"


def hang_up(exchange: Exchange, leg: Leg, cause: str = "NORMAL_CLEARING", *, keep_other: bool = False) -> None:
    """The other leg of its bridge ends too, and whom it was dialling for it."""
    if not leg.is_alive or leg.hangup_cause:
        return
    other = leg.peer
    if other is None:
        _give_up(exchange, leg, cause)
    elif leg.other_type == "originatee":
        _end_first(exchange, leg, other, cause, keep_other=keep_other)
    else:
        _end_second(exchange, leg, other, cause, keep_other=keep_other)


def _give_up(exchange: Exchange, leg: Leg, cause: str) -> None:
    """A leg without a bridge: the phones that rang for it stop."""
    ringing = [one for one in exchange.legs.values() if one.originator is leg and not one.is_answered]
    cause = "ORIGINATOR_CANCEL" if ringing and cause == "NORMAL_CLEARING" else cause
    for one in (leg, *ringing):
        end_sound(exchange, one, cause)
    for one in (leg, *ringing):
        complete(exchange, one)


def _end_first(exchange: Exchange, leg: Leg, other: Leg, cause: str, *, keep_other: bool) -> None:
    """The leg that told the bridge hangs up: the other one is reported first."""
    end_sound(exchange, leg, cause)
    if not keep_other:
        end_sound(exchange, other, cause)
    part(exchange, leg)
    if not keep_other:
        complete(exchange, other)
    complete(exchange, leg)


def _end_second(exchange: Exchange, leg: Leg, other: Leg, cause: str, *, keep_other: bool) -> None:
    """It is reported before the bridge is over, which its peer tells while it is still answered."""
    end_sound(exchange, leg, cause)
    complete(exchange, leg)
    part(exchange, other)
    if not keep_other:
        end_sound(exchange, other, cause)
        complete(exchange, other)


def end_sound(exchange: Exchange, leg: Leg, cause: str) -> None:
    """CHANNEL_HANGUP: nothing more comes from its phone."""
    if leg.hangup_cause:
        return
    leg.fall_silent(exchange.catch_up(leg))
    leg.answer_state, leg.hangup_cause, leg.state_number = "hangup", cause, 10
    channel_report.hang_up(leg)
    exchange.fire_channel("CHANNEL_HANGUP", leg)
    leg.variables |= {"sip_hangup_disposition": "recv_bye" if leg.inbound else "send_bye"}
    leg.times["Channel-Hangup"] = exchange.clock.stamp()


def complete(exchange: Exchange, leg: Leg) -> None:
    """RECORD_STOP of what still runs, then the report, then nothing."""
    room = exchange.conferences.get(leg.conference)
    if room is not None:
        leave_room(exchange, leg)
    leg.state = "CS_HANGUP"
    recording.stop_all(exchange, leg, "success-silence")
    leg.state, leg.state_number, leg.call_state = "CS_REPORTING", 11, "HANGUP"
    channel_report.complete(leg)
    exchange.fire_channel("CHANNEL_HANGUP_COMPLETE", leg)
    leg.state_number = 12
    exchange.fire_channel("CHANNEL_DESTROY", leg)
    exchange.legs.pop(leg.uuid, None)
    leg.ended.set()


def leave_room(exchange: Exchange, leg: Leg) -> None:
    """The last one takes the room and its recordings with it."""
    room = exchange.conferences[leg.conference]
    exchange.catch_up(leg)
    room.leave(leg)
    if not room.members:
        for path in list(room.mixes):
            room.stopped(path)
        del exchange.conferences[room.name]
        room.tell("conference-destroy")
