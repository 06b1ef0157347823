"""What a leg's phone says and hears in a stretch of frames in which nothing changes. Pure.

Left is *read*: what the recorded leg's own phone says; right is *write*: what it is given to hear (measured).
"""

from collections.abc import Callable, Iterable

from tests.freeswitch.legs import Leg
from tests.freeswitch.voices import Noise, fitted, mixed, silence
from tests.pbx.noise import Samples

#: The other members of a conference.
Members = Callable[[str], Iterable[Leg]]


def says(leg: Leg, first: int, count: int, rate: int) -> Samples:
    """Silence when nothing comes from it; of a loopback's end what comes in at the other one."""
    if leg.twin is not None:
        far = leg.twin.peer
        return silence(count, rate) if far is None or far.twin is not None else says(far, first, count, rate)
    if not leg.is_reading or leg.began_frame is None or first < leg.began_frame:
        return silence(count, rate)
    return fitted(leg.voice.samples(first - leg.began_frame, count, leg.rate), leg.rate, rate)


def hears(leg: Leg, first: int, count: int, rate: int, members: Members) -> Samples | None:
    """None when nothing at all is written to it: a write-only file has no clock of its own."""
    playing = leg.playing
    played: Samples | None = None
    if playing is not None and first >= playing.since:
        played = fitted(Noise(playing.stream).samples(first - playing.since, count, leg.rate), leg.rate, rate)
        if not playing.is_mixed:
            return played
    others = [member for member in members(leg.conference) if member is not leg] if leg.conference else []
    if leg.peer is not None:
        others = [leg.peer]
    sounds = [says(other, first, count, rate) for other in others if other.is_reading]
    if played is not None:
        sounds.append(played)
    return mixed(*sounds) if sounds else None
