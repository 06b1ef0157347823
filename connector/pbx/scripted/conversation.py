"""Writes the script of one conversation, sentence by sentence, as a person would tell it.

Knows what a PBX reports in which order; plays nothing.
"""

from collections.abc import Sequence
from typing import Literal

from connector.domain import events
from connector.domain.call import Direction
from connector.domain.ids import ChannelId
from connector.pbx.scripted.script import Fault, Line, Misbehaves, Says
from connector.pbx.scripted.telling import Telling

Party = Literal["caller", "agent"]
#: How the agent is reached: directly, through helper channels that the PBX takes out at once, or that stay.
Local = Literal["", "optimised", "kept"]

_TRUNK = "PJSIP/carrier"
_OPTIMISED_AFTER_SECONDS = 0.01
_GOODBYE_SECONDS = 0.01


class Conversation(Telling):
    """`caller` is who dialled, `agent` who was called, whoever of them is outside. Every sentence takes its time."""

    def __init__(
        self,
        *,
        caller: str,
        agent: str = "",
        prefix: str = "call",
        direction: Direction = Direction.INBOUND,
        dialled: str = "",
        caller_rate: int = 8000,
        agent_rate: int = 8000,
        local: Local = "",
    ) -> None:
        super().__init__(prefix)
        self._direction = direction
        self._agent_number = agent
        self._agent_rate = agent_rate
        self._local: Local = local
        self._helpers: list[ChannelId] = []
        self._instructions = 0
        self._parties: dict[Party, ChannelId] = {}
        is_inbound = direction is Direction.INBOUND
        self._create(
            self._linked,
            number=caller,
            device=_TRUNK if is_inbound else f"PJSIP/{caller}",
            dialled=dialled or agent,
            context="from-carrier" if is_inbound else "from-internal",
            rate=caller_rate,
        )
        self._parties["caller"] = self._linked

    def channel(self, party: Party) -> ChannelId:
        """Who is the caller, or the agent, at this point of the story."""
        return self._parties[party]

    # Beginning

    def ringing(self, seconds: float) -> "Conversation":
        if "agent" not in self._parties:
            self._call_agent(self._agent_number, self._agent_rate)
        return self.wait(seconds)

    def queue(self, name: str, *, members: Sequence[str], answered_by: str, ringing: float = 2.0) -> "Conversation":
        """The caller hears music, all members ring, one answers, the others' channels end."""
        caller = self.channel("caller")
        self._picked_up(caller)
        self._tell(events.QueueEntered(channel=caller, queue=name))
        self._sounds(caller, hears_music=True)
        self._call_helpers(answered_by)
        rung = {member: self._create_agent(member, self._agent_rate) for member in members}
        self.wait(ringing)
        self._parties["agent"] = rung[answered_by]
        self._tell(events.AgentConnected(channel=caller, queue=name, agent=answered_by))
        for member, channel in rung.items():
            if member != answered_by:
                self._tell(events.ChannelEnded(channel=channel, cause="answered elsewhere"))
        self._sounds(caller, hears_music=False)
        return self.answer()

    def answer(self) -> "Conversation":
        self.ringing(0.0)
        self._picked_up(self.channel("caller"), self.channel("agent"))
        if self._local:
            return self._met_through_helpers()
        return self._met()

    def pickup(self, by: str) -> "Conversation":
        """Somebody else takes the call that rings at the agent."""
        self.ringing(0.0)
        rung = self.channel("agent")
        picker = self._create_agent(by, self._agent_rate, dialled="*8", linked="")
        self._picked_up(picker, self.channel("caller"))
        self._tell(events.ChannelsLinked(channel=picker, other=rung))
        self._end(rung, cause="picked up")
        self._parties["agent"] = picker
        return self._met()

    # Going on

    def talk(self, seconds: float) -> "Conversation":
        if not self._bridge_of:
            self.answer()
        return self.wait(seconds)

    def wait(self, seconds: float) -> "Conversation":
        self._now += seconds
        return self

    def hold(
        self, seconds: float, *, by: Party = "agent", music: bool = False, other_talks: bool = False
    ) -> "Conversation":
        """The holder sends nothing; so does the other one unless he talks on. Without music nothing runs at all."""
        holder, other = self.channel(by), self.channel(_other(by))
        self._tell(events.ChannelHeld(channel=holder))
        self._sounds(holder, says=Says.NOTHING)
        self._sounds(other, says=None if other_talks else Says.NOTHING, hears_music=music)
        self.wait(seconds)
        self._tell(events.ChannelUnheld(channel=holder))
        self._sounds(holder, says=Says.SOUND)
        self._sounds(other, says=Says.SOUND, hears_music=False)
        return self

    def quiet(self, seconds: float, *, who: Sequence[Party] = ("caller", "agent")) -> "Conversation":
        """No sound arrives from them, and no event tells."""
        return self._saying(Says.NOTHING, seconds, who)

    def muted(self, seconds: float, *, who: Sequence[Party] = ("agent",)) -> "Conversation":
        """Their phones send exact zeros."""
        return self._saying(Says.SILENCE, seconds, who)

    def second_agent(self, to: str, *, ringing: float = 1.0) -> "Conversation":
        """The agent hangs up, the caller stays and gets another one."""
        return self._replaced("agent", to, ringing, cause="normal")

    def transfer_blind(self, to: str, *, by: Party = "agent", ringing: float = 1.0) -> "Conversation":
        """`by` hands the other one to `to` and is gone before anybody answers."""
        return self._replaced(by, to, ringing, cause="transferred")

    def transfer_attended(self, to: str, *, by: Party = "agent", consult: float = 2.0) -> "Conversation":
        """`by` holds, asks `to` in a call of its own, then joins the two and leaves."""
        first, stays = self.channel(by), self.channel(_other(by))
        self._tell(events.ChannelHeld(channel=first))
        self._sounds(first, says=Says.NOTHING)
        second = self._create_agent(self._numbers[first], self._agent_rate, dialled=to, linked="")
        target = self._create_agent(to, self._agent_rate, linked=second)
        self._picked_up(second, target)
        asked_in = self._next_bridge()
        self._enter(asked_in, second, target)
        self.wait(consult)
        self._tell(events.ChannelsLinked(channel=first, other=second))
        talked_in = self._bridge_of[stays]
        self._leave(second, target, first)
        self._end(first, second, cause="transferred")
        self._parties[by] = target
        self._enter(talked_in, target)
        return self

    def machine(self, seconds: float) -> "Conversation":
        """A menu or a mailbox talks to the caller, and nobody else is there."""
        caller = self.channel("caller")
        self._picked_up(caller)
        self._sounds(caller, hears_music=True)
        self.wait(seconds)
        self._sounds(caller, hears_music=False)
        return self

    # Conferences

    def confer(self, name: str, *, who: Party = "caller", seconds: float = 0.0) -> "Conversation":
        """He comes into the conference of that name, where other conversations of the script may be, too."""
        channel = self.channel(who)
        self._leave(channel)
        self._picked_up(channel)
        self._confer(name, channel)
        return self.wait(seconds)

    def leave_conference(self, *, who: Party = "caller") -> "Conversation":
        """He goes, and his channel lives on."""
        self._leave(self.channel(who))
        return self

    def confer_through_helper(self, name: str) -> "Conversation":
        """From the conference the agent was called; helper channels stand between (`local="kept"`)."""
        near, far = self._helpers
        agent = self.channel("agent")
        self._picked_up(agent)
        self._enter(self._next_bridge(), far, agent)
        self.wait(_OPTIMISED_AFTER_SECONDS)
        self._confer(name, near)
        return self

    def transfer_into_conference(self, name: str, *, by: Party = "agent", consult: float = 0.0) -> "Conversation":
        """`by` hands the other one over and is gone. With `consult` he was there before, in a call of his own."""
        first, stays = self.channel(by), self.channel(_other(by))
        gone = [first]
        if consult:
            self._tell(events.ChannelHeld(channel=first))
            second = self._create_agent(self._numbers[first], self._agent_rate, dialled=name, linked="")
            self._picked_up(second)
            self._confer(name, second)
            self.wait(consult)
            self._tell(events.ChannelsLinked(channel=first, other=second))
            gone.append(second)
        self._leave(*gone, *self._helpers, stays)
        self._confer(name, stays)
        self._end(*gone, *self._helpers, cause="transferred")
        self._helpers = []
        del self._parties[by]
        return self

    # Remarks

    def voice(self, party: Party, voice: str) -> "Conversation":
        """noise:seed, tone:440 or wav:/some/file.wav."""
        self._voices[self.channel(party)] = voice
        return self

    def variable(self, name: str, value: str, *, of: Party = "caller") -> "Conversation":
        self._tell(events.VariableSet(channel=self.channel(of), name=name, value=value))
        return self

    def identified(self, number: str, *, name: str = "", who: Party = "caller") -> "Conversation":
        self._tell(events.CallerIdentified(channel=self.channel(who), number=number, name=name))
        return self

    def instruct(self, action: str, *, options: str = "", conference: str = "") -> "Conversation":
        """A line of the dialplan: start, stop, pause, resume, discard or options; of the conference `*` he is in, or of
        his own call."""
        self._instructions += 1
        self._tell(
            events.InstructionGiven(
                command_id=f"{self._prefix}-instruction-{self._instructions}",
                action=action,
                channel=self.channel("caller"),
                conference=conference,
                options=options,
                by="dialplan",
            )
        )
        return self

    def press(self, key: str, *, who: Party = "caller") -> "Conversation":
        self._tell(events.KeyPressed(channel=self.channel(who), key=key))
        return self

    def must_record(self, *, who: Party = "caller") -> "Conversation":
        """The dialplan starts a recorder by itself."""
        channel = self.channel(who)
        path = f"must_{channel}_rx.wav"
        self._tell(events.RecorderFound(channel=channel, linked=self._linked, path=path))
        return self

    def misbehave(
        self, fault: Fault, *, count: int = 1, seconds: float = 0.0, who: Party | None = None, reason: str = ""
    ) -> "Conversation":
        """The PBX goes wrong at this point of the story."""
        channel = self.channel(who) if who else None
        wrong = Misbehaves(fault=fault, count=count, seconds=seconds, channel=channel, reason=reason or "by the script")
        self._lines.append(Line(offset_seconds=self._now, what=wrong))
        return self

    # End

    def hangup(self, by: Party = "caller") -> "Conversation":
        """The end, answered or not."""
        self._leave(*self._helpers, *self._parties.values())
        self._end(*self._helpers, self.channel(by), cause="normal" if self._bridges else "no answer")
        self._helpers = []
        self.wait(_GOODBYE_SECONDS)
        other = self._parties.get(_other(by))
        if other is not None:
            self._end(other, cause="normal")
        return self

    # How it is told

    def _saying(self, says: Says, seconds: float, who: Sequence[Party]) -> "Conversation":
        for party in who:
            self._sounds(self.channel(party), says=says)
        self.wait(seconds)
        for party in who:
            self._sounds(self.channel(party), says=Says.SOUND)
        return self

    def _create_agent(self, number: str, rate: int, *, dialled: str = "", linked: str | None = None) -> ChannelId:
        """`linked` "" = its own."""
        channel = self._named(number)
        is_outside = number.startswith("+")
        self._create(
            channel,
            number=number,
            device=_TRUNK if is_outside else f"PJSIP/{number}",
            dialled=dialled,
            rate=rate,
            linked=channel if linked == "" else linked,
        )
        return channel

    def _call_agent(self, number: str, rate: int) -> None:
        self._call_helpers(number)
        self._parties["agent"] = self._create_agent(number, rate)

    def _call_helpers(self, number: str) -> None:
        if self._local:
            first = self._named("local")
            self._helpers = [ChannelId(f"{first};1"), ChannelId(f"{first};2")]
            for helper in self._helpers:
                created = events.ChannelCreated(
                    channel=helper, linked=self._linked, number=number, device=f"Local/{number}@agents", is_local=True
                )
                self._tell(created)

    def _met(self) -> "Conversation":
        self._enter(self._next_bridge(), self.channel("caller"), self.channel("agent"))
        return self

    def _met_through_helpers(self) -> "Conversation":
        near, far = self._helpers
        callers, agents = self._next_bridge(), self._next_bridge()
        self._enter(callers, self.channel("caller"), near)
        self._enter(agents, far, self.channel("agent"))
        if self._local == "optimised":
            self.wait(_OPTIMISED_AFTER_SECONDS)
            self._leave(self.channel("agent"), near, far)
            self._enter(callers, self.channel("agent"))
            self._end(near, far, cause="optimised")
            self._helpers = []
        return self

    def _replaced(self, leaver: Party, to: str, ringing: float, *, cause: str) -> "Conversation":
        gone, stays = self.channel(leaver), self.channel(_other(leaver))
        self._leave(gone, *self._helpers, stays)
        self._end(*self._helpers, gone, cause=cause)
        self._helpers = []
        comes = self._parties[leaver] = self._create_agent(to, self._agent_rate)
        self.wait(ringing)
        self._picked_up(comes)
        self._enter(self._next_bridge(), stays, comes)
        return self


def _other(party: Party) -> Party:
    return "caller" if party == "agent" else "agent"
