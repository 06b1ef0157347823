"""conference::maintenance: who comes into which room, and who leaves it. Pure; remembers who is inside."""

from connector.domain.events import BridgeEntered, BridgeKind, BridgeLeft, CallEvent
from connector.domain.ids import BridgeId, ChannelId
from connector.pbx.freeswitch.esl_event import EslEvent

Facts = tuple[CallEvent, ...]


class Rooms:
    def __init__(self) -> None:
        self._room_of: dict[ChannelId, BridgeId] = {}

    def __len__(self) -> int:
        """How many are in a room."""
        return len(self._room_of)

    def clear(self) -> None:
        self._room_of.clear()

    def facts(self, event: EslEvent) -> Facts:
        room, member = BridgeId(event.get("Conference-Unique-ID")), ChannelId(event.channel)
        match event.get("Action"):
            case "add-member" if room and member:
                return (self.entered(member, room, event.get("Conference-Name")),)
            case "del-member" if room and member:
                return self._left(member, room)
            case "conference-destroy" if room:
                # Each one's leaving is told before, unless that got lost.
                inside = [one for one, its_room in self._room_of.items() if its_room == room]
                return tuple(fact for one in inside for fact in self._left(one, room))
        return ()

    def entered(self, member: ChannelId, room: BridgeId, name: str) -> BridgeEntered:
        self._room_of[member] = room
        return BridgeEntered(channel=member, bridge=room, kind=BridgeKind.CONFERENCE, name=name)

    def forget(self, member: ChannelId) -> None:
        self._room_of.pop(member, None)

    def _left(self, member: ChannelId, room: BridgeId) -> Facts:
        if self._room_of.get(member) == room:
            del self._room_of[member]
        return (BridgeLeft(channel=member, bridge=room),)
