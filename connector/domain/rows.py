"""Who is on which row of a plan: a call has its two sides, a conference a row for each participant. Knows tracks and
legs; nothing of clocks and frames.

A participant is a channel: who dials in again comes as somebody new, because numbers are withheld, shared and forged.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from connector.domain.call import Call, CallKind, Role, Side, closed_spans, stay
from connector.domain.coverage import Interval, merged, without
from connector.domain.ids import ChannelId, Moment
from connector.domain.options import Beginning, RecordingOptions
from connector.domain.recording import ChannelLabel, Heard, Recording
from connector.domain.tracks import NO_RECORDER, Recorder, Track, track

#: The party of a side on which only announcements and music are heard.
PROMPTS = "prompts"

_ROWS = {Side.LEFT: 0, Side.RIGHT: 1}


@dataclass(frozen=True, slots=True, kw_only=True)
class RowTrack:
    """What one channel's recorders hold of one direction, and where it is heard."""

    row: int
    side: Side
    heard: Heard
    party: str
    track: Track


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    tracks: tuple[RowTrack, ...]
    #: One of each a row.
    channels: tuple[ChannelLabel, ...]
    sides: tuple[Side, ...]


def arranged(recorders: Sequence[Recorder], recording: Recording, call: Call) -> Rows:
    if call.kind is CallKind.CONFERENCE:
        return _of_conference(recorders, call)
    return _of_call(recorders, recording.options, call)


def _of_conference(recorders: Iterable[Recorder], call: Call) -> Rows:
    """In the order in which they came. What a participant was played is the others again: it is left out."""
    found: defaultdict[ChannelId, list[Recorder]] = defaultdict(list)
    for one in recorders:
        if one.segment.heard is Heard.RX:
            found[one.segment.channel].append(one)
    voices = sorted((_while_there(track(own), call) for own in found.values()), key=_came)
    tracks = tuple(_row_track(row, voice, call) for row, voice in enumerate(voices))
    return Rows(
        tracks=tracks,
        channels=tuple(
            ChannelLabel(index=one.row, role=one.track.recorders[0].segment.role, party=one.party) for one in tracks
        ),
        sides=tuple(one.side for one in tracks),
    )


def _of_call(recorders: Iterable[Recorder], options: RecordingOptions, call: Call) -> Rows:
    """What was played to a party sounds on the other side, where that side's own recorders hold nobody."""
    found: defaultdict[tuple[Heard, Side, ChannelId], list[Recorder]] = defaultdict(list)
    for one in recorders:
        found[one.segment.heard, one.segment.side, one.segment.channel].append(one)
    voices = [_row_track(_ROWS[side], track(own), call) for (heard, side, _), own in found.items() if heard is Heard.RX]
    voiced = {voice.side for voice in voices if voice.track.passages}
    is_wanted = bool(options.prompts) or options.record_from is Beginning.ANSWER
    played = [
        _row_track(_ROWS[side], track(own, _taken(voices, side, options)), call)
        for (heard, side, _), own in found.items()
        if heard is Heard.TX and (is_wanted or side not in voiced)
    ]
    tracks = (*voices, *played)
    roles = (Role.AGENT, Role.CALLER) if options.swap else (Role.CALLER, Role.AGENT)
    labels = (_label(row, role, [one for one in tracks if one.row == row]) for row, role in enumerate(roles))
    return Rows(tracks=tracks, channels=tuple(labels), sides=tuple(_ROWS))


def _while_there(voice: Track, call: Call) -> Track:
    """Without the time in which nobody recorded the participant because he was not in the conference."""
    channel = voice.recorders[0].segment.channel
    end = max(own.until for own in voice.recorders)
    spans = [(leg.created_at, leg.ended_at or end) for leg in call.legs if leg.channel == channel]
    away = without([(voice.recorders[0].placement.start, end)], spans) if spans else []
    absences = (
        replace(absence, start=start, end=until)
        for absence in voice.absences
        for start, until in without([absence.interval], away if absence.reason == NO_RECORDER else [])
    )
    return replace(voice, absences=tuple(absences))


def _row_track(row: int, found: Track, call: Call) -> RowTrack:
    first = found.recorders[0].segment
    leg = stay(call.legs, first.channel, first.requested_at)
    party = (leg.number or leg.name or leg.device) if leg else ""
    return RowTrack(row=row, side=first.side, heard=first.heard, party=party, track=found)


def _taken(voices: Iterable[RowTrack], side: Side, options: RecordingOptions) -> list[Interval]:
    """When the side's own recorders hold it. Music on its hold is nothing that it said: with prompts it is heard."""
    of_side = [voice.track for voice in voices if voice.side is side]
    if options.prompts:
        return [interval for voice in of_side for interval in _unheld(voice)]
    running = [own.placement for voice in of_side for own in voice.recorders if own.placement.stretches]
    return merged((placement.start, placement.end) for placement in running)


def _unheld(voice: Track) -> list[Interval]:
    end = max(own.until for own in voice.recorders)
    spans = [span for own in voice.recorders for span in closed_spans(own.segment.holds, end)]
    return without(voice.intervals, [(span.start, end if span.end is None else span.end) for span in spans])


def _label(row: int, role: Role, tracks: Sequence[RowTrack]) -> ChannelLabel:
    voices = sorted((one for one in tracks if one.heard is Heard.RX), key=lambda one: _came(one.track))
    if not voices:
        return ChannelLabel(index=row, role=role, party=PROMPTS if tracks else "")
    parties = dict.fromkeys(voice.party for voice in voices if voice.party)
    return ChannelLabel(index=row, role=voices[0].track.recorders[0].segment.role, party=", ".join(parties))


def _came(voice: Track) -> tuple[Moment, str]:
    first = voice.recorders[0]
    return (first.placement.start, first.segment.id)
