"""How a conversation is told: channels that begin and end, bridges that they enter and leave, one line after another.

Knows what a PBX reports; knows no story.
"""

from connector.domain import events
from connector.domain.events import BridgeKind, CallEvent
from connector.domain.ids import BridgeId, ChannelId
from connector.pbx.scripted.script import Line, Says, Script, SoundChanged, in_order


class Telling:
    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self._now = 0.0
        self._lines: list[Line] = []
        self._voices: dict[ChannelId, str] = {}
        self._bridge_of: dict[ChannelId, BridgeId] = {}
        self._bridges = 0
        self._names: list[str] = []
        self._numbers: dict[ChannelId, str] = {}
        self._answered: set[ChannelId] = set()
        self._linked = self._named("caller")

    @property
    def seconds(self) -> float:
        return self._now

    def script(self) -> Script:
        return Script(lines=in_order(self._lines), voices=dict(self._voices))

    def _tell(self, *happened: CallEvent) -> None:
        self._lines.extend(Line(offset_seconds=self._now, what=event) for event in happened)

    def _sounds(self, channel: ChannelId, *, says: Says | None = None, hears_music: bool | None = None) -> None:
        change = SoundChanged(channel=channel, says=says, hears_music=hears_music)
        self._lines.append(Line(offset_seconds=self._now, what=change))

    def _named(self, name: str) -> ChannelId:
        self._names.append(name)
        times = self._names.count(name)
        return ChannelId(f"{self._prefix}-{name}" if times == 1 else f"{self._prefix}-{name}-{times}")

    def _create(
        self,
        channel: ChannelId,
        *,
        number: str,
        device: str,
        dialled: str = "",
        context: str = "from-internal",
        rate: int = 8000,
        linked: str | None = None,
    ) -> None:
        self._numbers[channel] = number
        self._tell(
            events.ChannelCreated(
                channel=channel,
                linked=self._linked if linked is None else linked,
                number=number,
                device=device,
                dialled=dialled,
                context=context,
                sample_rate=rate,
            )
        )

    def _picked_up(self, *channels: ChannelId) -> None:
        for channel in channels:
            if channel not in self._answered:
                self._tell(events.ChannelAnswered(channel=channel))
            self._answered.add(channel)
            self._sounds(channel, says=Says.SOUND)

    def _next_bridge(self) -> BridgeId:
        self._bridges += 1
        return BridgeId(f"{self._prefix}-bridge-{self._bridges}")

    def _enter(
        self, bridge: BridgeId, *channels: ChannelId, kind: BridgeKind = BridgeKind.TALK, name: str = ""
    ) -> None:
        for channel in channels:
            self._bridge_of[channel] = bridge
            self._tell(events.BridgeEntered(channel=channel, bridge=bridge, kind=kind, name=name))

    def _confer(self, name: str, channel: ChannelId) -> None:
        """The same name is the same bridge in all conversations that are told together."""
        self._enter(BridgeId(f"conference-{name}"), channel, kind=BridgeKind.CONFERENCE, name=name)

    def _leave(self, *channels: ChannelId) -> None:
        for channel in channels:
            bridge = self._bridge_of.pop(channel, None)
            if bridge is not None:
                self._tell(events.BridgeLeft(channel=channel, bridge=bridge))

    def _end(self, *channels: ChannelId, cause: str) -> None:
        for channel in channels:
            self._tell(events.ChannelEnded(channel=channel, cause=cause))
