"""Who says and who hears what, tick by tick. Pure; knows no file and no clock."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from connector.domain.events import BridgeEntered, BridgeKind, BridgeLeft, ChannelCreated, ChannelEnded
from connector.domain.ids import BridgeId, ChannelId
from connector.pbx.scripted.script import Says, SoundChanged, What
from connector.pbx.scripted.sound import Noise, Tone, Voice, fitted, mixed, silence, voice

#: How long a beep or announcement sounds: the imitation has no sound files.
PROMPT_TICKS = 10

_MUSIC: Voice = Noise("music on hold")
_PROMPT: Voice = Tone(1000)


@dataclass(slots=True)
class Phone:
    """One channel. Helper channels have a twin instead of a mouth."""

    created: ChannelCreated
    voice: Voice
    says: Says = Says.NOTHING
    hears_music: bool = False
    entered: BridgeEntered | None = None
    #: The tick of its first word: its voice counts from there.
    first_tick: int | None = None
    prompted_until: int = 0


class Stage:
    def __init__(self) -> None:
        self._phones: dict[ChannelId, Phone] = {}
        self._bridges: dict[BridgeId, dict[ChannelId, None]] = {}
        self._voices: dict[ChannelId, Voice] = {}
        self._known: dict[str, Voice] = {}

    def cast(self, voices: Mapping[ChannelId, str]) -> None:
        """Say beforehand how channels will sound; raises ConfigError for a voice that cannot be."""
        for channel, wanted in voices.items():
            self._known[wanted] = self._known.get(wanted) or voice(wanted)
            self._voices[channel] = self._known[wanted]

    def phone(self, channel: ChannelId) -> Phone | None:
        return self._phones.get(channel)

    def phones(self) -> Iterator[tuple[ChannelId, Phone]]:
        return iter(self._phones.items())

    def clear(self) -> None:
        self._phones.clear()
        self._bridges.clear()

    def apply(self, what: What, tick: int) -> None:
        """What happens changes who is heard from this tick on."""
        if isinstance(what, ChannelCreated):
            self._phones[what.channel] = Phone(what, self._voices.get(what.channel) or Noise(what.channel))
        elif isinstance(what, BridgeEntered):
            self._enter(what)
        elif isinstance(what, BridgeLeft):
            self._leave(what.channel)
        elif isinstance(what, ChannelEnded):
            self._leave(what.channel)
            self._phones.pop(what.channel, None)
        elif isinstance(what, SoundChanged):
            self._change(what, tick)

    def prompt(self, channel: ChannelId, tick: int) -> None:
        phone = self._phones.get(channel)
        if phone is not None:
            phone.prompted_until = tick + PROMPT_TICKS

    def carries(self, channel: ChannelId, tick: int) -> bool:
        """Whether sound runs through the channel in either direction: only then does the time of its files go on."""
        phone = self._phones[channel]
        return phone.says is not Says.NOTHING or self._is_played_to(phone, tick) or any(self._talkers(channel))

    def said(self, channel: ChannelId, tick: int) -> bytes:
        """What its own phone says, at the channel's rate; silence when nothing comes."""
        phone = self._phones[channel]
        rate = phone.created.sample_rate
        if phone.says is not Says.SOUND or phone.first_tick is None:
            return silence(rate)
        return phone.voice.tick(tick - phone.first_tick, rate)

    def heard(self, channel: ChannelId, tick: int) -> bytes:
        """What is played to it, at the channel's rate."""
        phone = self._phones[channel]
        rate = phone.created.sample_rate
        if tick < phone.prompted_until:
            return _PROMPT.tick(tick, rate)
        if phone.hears_music:
            return _MUSIC.tick(tick, rate)
        ticks = [
            fitted(self.said(talker, tick), self._phones[talker].created.sample_rate, rate)
            for talker in self._talkers(channel)
        ]
        return mixed(ticks) if ticks else silence(rate)

    @staticmethod
    def _is_played_to(phone: Phone, tick: int) -> bool:
        return phone.hears_music or tick < phone.prompted_until

    def _talkers(self, channel: ChannelId) -> Iterator[ChannelId]:
        """Whose sound arrives at the channel, also through helper channels."""
        for other in self._others(channel):
            phone = self._phones[other]
            if phone.created.is_local:
                yield from (far for far in self._others(_twin(other)) if self._sends(far))
            elif self._sends(other):
                yield other

    def _sends(self, channel: ChannelId) -> bool:
        phone = self._phones[channel]
        return not phone.created.is_local and phone.says is not Says.NOTHING

    def _others(self, channel: ChannelId) -> Iterator[ChannelId]:
        phone = self._phones.get(channel)
        # In a holding bridge (parking) nobody hears anybody.
        if phone is not None and phone.entered is not None and phone.entered.kind is not BridgeKind.HOLDING:
            yield from (other for other in self._bridges[phone.entered.bridge] if other != channel)

    def _enter(self, entered: BridgeEntered) -> None:
        self._leave(entered.channel)
        phone = self._phones.get(entered.channel)
        if phone is not None:
            phone.entered = entered
            self._bridges.setdefault(entered.bridge, {})[entered.channel] = None

    def _leave(self, channel: ChannelId) -> None:
        phone = self._phones.get(channel)
        if phone is None or phone.entered is None:
            return
        bridge = phone.entered.bridge
        del self._bridges[bridge][channel]
        if not self._bridges[bridge]:
            del self._bridges[bridge]
        phone.entered = None

    def _change(self, change: SoundChanged, tick: int) -> None:
        phone = self._phones.get(change.channel)
        if phone is None:
            return
        if change.hears_music is not None:
            phone.hears_music = change.hears_music
        if change.says is not None:
            phone.says = change.says
            if phone.first_tick is None and change.says is not Says.NOTHING:
                phone.first_tick = tick


def _twin(helper: ChannelId) -> ChannelId:
    """Local channels come in pairs, ;1 and ;2: what enters one comes out of the other."""
    name, _, half = helper.rpartition(";")
    return ChannelId(f"{name};{'2' if half == '1' else '1'}")
