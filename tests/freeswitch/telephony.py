"""What people and the dialplan do on the switch, in a test's words. Each method returns when the switch has told it.

Measured: variables that the dialplan sets are not in CHANNEL_CREATE, exported ones are in the b-leg's.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from tests.freeswitch import bridges, channel_variables, transfers
from tests.freeswitch.conferences import SUBCLASS, Conference
from tests.freeswitch.exchange import Exchange
from tests.freeswitch.legs import Leg, Playing, Value, next_stream
from tests.freeswitch.queues import Callcenter, Fifo
from tests.freeswitch.voices import Noise, Voice
from tests.pbx import noise

#: Measured: from the b-leg's answer to CHANNEL_BRIDGE.
ANSWER_TO_BRIDGE_SECONDS: Final = 0.02
PROMPT: Final = noise.PROMPT

#: What the dialplan does with a leg that comes to an extension.
Extension = Callable[[Leg], Awaitable[None]]


class Telephony:
    """Works on the run of the switch that lives now."""

    exchange: Exchange

    def __init__(self, voice: Callable[[int], Voice] = Noise) -> None:
        self._voice = voice
        self._tasks: set[asyncio.Task[None]] = set()
        #: By number; a number without one rings at a phone that answers at once.
        self.dialplan: dict[str, Extension] = {}

    # --- calls ----------------------------------------------------------------------------------------------------

    async def inbound(
        self,
        number: str = "1000",
        dialled: str = "2000",
        context: str = "default",
        variables: Mapping[str, str] | None = None,
        *,
        rate: int = 8000,
        voice: Voice | None = None,
        name: str = "",
        leg_uuid: str = "",
    ) -> Leg:
        """A phone calls; the variables are what the dialplan sets then."""
        leg = self._leg(inbound=True, number=number, dialled=dialled, name=name, rate=rate, voice=voice)
        leg.uuid = leg_uuid or leg.uuid
        leg.context = context
        leg.channel_name = f"sofia/internal/{number}@127.0.0.1"
        bridges.create(self.exchange, leg)
        leg.variables |= variables or {}
        return leg

    async def dial(
        self,
        leg: Leg,
        number: str,
        *,
        variables: Mapping[str, str] | None = None,
        rate: int | None = None,
        voice: Voice | None = None,
        leg_uuid: str = "",
    ) -> Leg:
        """A phone rings for that leg; the variables are in its CHANNEL_CREATE, as in `bridge {a=b}…`."""
        name = f"sofia/internal/{number}@127.0.0.1:5060"
        other = self.outbound(leg, number, name, rate=rate, voice=voice)
        other.uuid = leg_uuid or other.uuid
        other.variables |= variables or {}
        bridges.create(self.exchange, other)
        bridges.ring(self.exchange, other)
        return other

    def outbound(
        self, leg: Leg, number: str, channel_name: str, *, rate: int | None = None, voice: Voice | None = None
    ) -> Leg:
        """What a leg dials, not told yet; it has the exported variables."""
        shown_name, shown_number = _shown(leg)
        other = self._leg(
            inbound=False, number=number, dialled=number, name=shown_name, rate=rate or leg.rate, voice=voice
        )
        other.caller_number, other.context, other.originator = shown_number, leg.context, leg
        other.channel_name = channel_name
        other.variables |= leg.exports
        return other

    async def answer(self, leg: Leg, *, bridged: bool = True) -> None:
        """Of a leg that was dialled: the caller is answered too and, some frames later, bridged to it."""
        bridges.answer(self.exchange, leg)
        caller = leg.originator
        if not bridged or caller is None or leg.inbound:
            return
        await asyncio.sleep(ANSWER_TO_BRIDGE_SECONDS)
        bridges.answer(self.exchange, caller)
        if leg.is_alive and caller.is_alive and caller.peer is None:
            bridges.bridge(self.exchange, caller, leg)

    async def call(
        self,
        number: str = "1000",
        dialled: str = "2000",
        *,
        variables: Mapping[str, str] | None = None,
        rate: int = 8000,
        voices: tuple[Voice | None, Voice | None] = (None, None),
    ) -> tuple[Leg, Leg]:
        """The whole of a simple one, up to the bridge: a-leg and b-leg."""
        a_leg = await self.inbound(number, dialled, variables=variables, rate=rate, voice=voices[0])
        b_leg = await self.dial(a_leg, dialled, voice=voices[1])
        await self.answer(b_leg)
        return a_leg, b_leg

    async def originate(
        self,
        number: str,
        *,
        variables: Mapping[str, str] | None = None,
        leg_uuid: str = "",
        caller_name: str = "",
        caller_number: str = "0000000000",
    ) -> Leg:
        """The switch itself calls a phone (click-to-call, dialler): the agent is the a-leg. It is not answered yet."""
        leg = self._leg(inbound=False, number=number, dialled=number, name=caller_name, rate=8000, voice=None)
        leg.caller_number = caller_number
        leg.uuid = leg_uuid or leg.uuid
        leg.channel_name = f"sofia/internal/{number}@127.0.0.1:5060"
        leg.variables |= variables or {}
        return bridges.create(self.exchange, leg)

    async def reject(self, leg: Leg, cause: str = "USER_BUSY") -> None:
        """A phone that rings does not want the call: both legs end for that cause."""
        bridges.hang_up(self.exchange, leg, cause)
        if leg.originator is not None:
            bridges.hang_up(self.exchange, leg.originator, cause)

    async def reach(self, leg: Leg, number: str) -> None:
        """Where an originate's leg comes out: an extension, at an a-leg of its own, or a phone that answers."""
        extension = self.dialplan.get(number)
        if extension is None:
            bridges.answer(self.exchange, leg)
            return
        far = await self.inbound(leg.caller_number, number, leg.context, name=leg.caller_name)
        self.begin(self._mirror(far, leg))
        self.begin(extension(far))

    async def _mirror(self, far: Leg, near: Leg) -> None:
        """Two legs that are the ends of one line: what one does the other sees."""
        await far.answered.wait()
        bridges.answer(self.exchange, near)
        await asyncio.wait(
            [asyncio.ensure_future(leg.ended.wait()) for leg in (far, near)], return_when="FIRST_COMPLETED"
        )
        bridges.hang_up(self.exchange, near)
        bridges.hang_up(self.exchange, far)

    async def hang_up(self, leg: Leg, cause: str = "NORMAL_CLEARING", *, keep_other: bool = False) -> None:
        bridges.hang_up(self.exchange, leg, cause, keep_other=keep_other)

    # --- in a call ------------------------------------------------------------------------------------------------

    async def hold(self, leg: Leg) -> None:
        bridges.hold(self.exchange, leg)

    async def unhold(self, leg: Leg) -> None:
        bridges.unhold(self.exchange, leg)

    async def press(self, leg: Leg, keys: str) -> None:
        for key in keys:
            self.exchange.fire_channel("DTMF", leg, {"DTMF-Digit": key, "DTMF-Duration": "2000", "DTMF-Source": "RTP"})

    async def play(self, leg: Leg, stream: int = PROMPT, *, mixed: bool = False) -> None:
        """A prompt: the leg hears it instead of the bridge, or over it."""
        leg.playing = Playing(stream, self.exchange.catch_up(leg), mixed)

    async def stop_playing(self, leg: Leg) -> None:
        self.exchange.catch_up(leg)
        leg.playing = None

    async def execute(self, leg: Leg, application: str, data: str = "") -> None:
        """A dialplan's application as the leg's variables tell it: playback, ivr, voicemail; `set` and `export` too."""
        name, _, value = data.partition("=")
        if application in {"set", "export"}:
            local = not name.startswith("nolocal:")
            name = name.removeprefix("nolocal:")
            leg.variables |= {name: value} if local else {}
            leg.exports |= {name: value} if application == "export" else {}
        channel_variables.execute(leg, application, data)

    async def event(self, leg: Leg, subclass: str = "callreel::record", **keys: str) -> None:
        """The dialplan's application `event`: CUSTOM with the keys and the whole channel (measured)."""
        data = ",".join(f"{key}={value}" for key, value in keys.items())
        channel_variables.execute(leg, "event", f"Event-Name=CUSTOM,Event-Subclass={subclass},{data}")
        transfers.custom(self.exchange, subclass, keys, leg, before=True)

    # --- transfers ------------------------------------------------------------------------------------------------

    async def transfer(self, leg: Leg, number: str) -> Leg | None:
        """uuid_transfer: the leg stays, its peer ends, and it goes to the number; who answered there."""
        transfers.free(self.exchange, leg)
        return await self.route(leg, number)

    async def refer(self, leg: Leg, number: str) -> Leg | None:
        """The leg's phone sends REFER: its peer goes to the number, it ends itself."""
        kept = leg.peer
        assert kept is not None, f"{leg.number} talks to nobody that it could transfer"
        return await self.transfer(kept, number)

    async def bridge(self, leg: Leg, other: Leg) -> None:
        """uuid_bridge: both stay, whom they talked to ends."""
        transfers.bridge(self.exchange, leg, other)

    async def intercept(self, leg: Leg, by: Leg) -> None:
        """The leg is taken from its peer, which ends, by another that called for it."""
        bridges.answer(self.exchange, by)
        transfers.bridge(self.exchange, by, leg, "PICKED_OFF")

    async def attended_transfer(self, leg: Leg, number: str) -> Leg:
        """att_xfer, first half: the leg's peer hears music, and the leg talks to the number, which answered."""
        return await transfers.consult(self, leg, number)

    async def complete_transfer(self, leg: Leg, consulted: Leg) -> None:
        """Second half: the leg hangs up, and who waited talks to whom it consulted."""
        transfers.complete(self.exchange, leg, consulted)

    async def park(self, leg: Leg) -> None:
        """uuid_park: its peer ends, it hears nothing."""
        transfers.park(self.exchange, leg)

    async def valet_park(self, leg: Leg, slot: str = "6001") -> None:
        transfers.valet_park(self.exchange, leg, slot)

    async def valet_retrieve(self, by: Leg, slot: str = "6001") -> None:
        bridges.answer(self.exchange, by)
        transfers.valet_retrieve(self.exchange, by, slot)

    async def loopback(self, leg: Leg, number: str, *, bows_out: bool = False) -> Leg:
        """The leg dials through a loopback pair, which may bow out once the phone has answered; the phone's leg."""
        return await transfers.loopback(self, leg, number, bows_out=bows_out)

    async def route(self, leg: Leg, number: str) -> Leg | None:
        """The dialplan, with that number: who answered, where it rang at a phone."""
        extension = self.dialplan.get(number)
        if extension is not None:
            leg.dialled = number
            await extension(leg)
            return leg.peer
        other = await self.dial(leg, number)
        await self.answer(other)
        return other

    # --- rooms and queues -----------------------------------------------------------------------------------------

    async def join(self, leg: Leg, room: str = "room1", *, profile: str = "default") -> Conference:
        exchange = self.exchange
        bridges.answer(exchange, leg)
        channel_variables.execute(leg, "conference", f"{room}@{profile}")
        if room not in exchange.conferences:

            def fire(facts: Mapping[str, Value], source: tuple[str, str, int]) -> None:
                exchange.fire("CUSTOM", facts, subclass=SUBCLASS, source=source)

            exchange.conferences[room] = Conference(room, exchange.disk, fire, profile=profile)
        conference = exchange.conferences[room]
        exchange.catch_up(leg, *conference.legs())
        conference.enter(leg)
        return conference

    async def leave(self, leg: Leg) -> None:
        """It goes on in the dialplan; who hangs up leaves as well."""
        bridges.leave_room(self.exchange, leg)

    def queue(self, name: str = "sales@default") -> Callcenter:
        return Callcenter(self, name)

    def fifo(self, name: str = "support") -> Fifo:
        return Fifo(self, name)

    def begin(self, work: Awaitable[object]) -> None:
        """In the background, until the switch ends."""

        async def done() -> None:
            await work

        task = asyncio.get_running_loop().create_task(done())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _leg(self, *, inbound: bool, number: str, dialled: str, name: str, rate: int, voice: Voice | None) -> Leg:
        stream = next_stream()
        return Leg(
            clock=self.exchange.clock,
            inbound=inbound,
            number=number,
            dialled=dialled,
            caller_name=name or number,
            caller_number=number,
            voice=voice or self._voice(stream),
            stream=stream,
            rate=rate,
        )


def _shown(leg: Leg) -> tuple[str, str]:
    """By which name and number a leg shows itself to whom it dials: its variables', else who it is, which of a leg that
    was called itself is what it was called by (measured)."""
    is_called = not leg.inbound and leg.originator is None
    name, number = ("Outbound Call", leg.number) if is_called else (leg.caller_name, leg.caller_number)
    return leg.text("effective_caller_id_name") or name, leg.text("effective_caller_id_number") or number
