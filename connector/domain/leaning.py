"""Where the files of a recording lie by all of their stamps and by the sound that they share: by how much each is moved
from its start stamp. Knows segments and frame counts; sees no file.

Files that share sound are one piece: their places in each other are exact, and what all of their stamps say of it on
average places the whole. Where those of the one that the others lie in say nothing, it stays by its start stamp: behind
a hole of it the others tell how well the hole is known, and not where it begins.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from statistics import fmean

from connector.domain.file_clock import Slip, lean, placed
from connector.domain.recording import MOVED, Segment


def moves(
    segments: Iterable[Segment],
    frames: Mapping[str, int],
    shifts: Mapping[str, float],
    beside: Mapping[str, str],
    slips: Mapping[str, Sequence[Slip]],
) -> dict[str, float]:
    """Seconds by file. `shifts` correct places by shared sound, each in the file that it is found `beside`. All are
    moved together so that the recording begins where it began without the stamps at the ends."""
    held = {one.id: one for one in segments if frames.get(one.id, 0) > 0}
    middles: dict[str, float | None] = {id: _middle(one, frames[id], slips.get(id, ())) for id, one in held.items()}
    wanted: dict[str, list[float]] = defaultdict(list)
    for id, middle in middles.items():
        root = _root(id, beside)
        if middle is not None and middles.get(root) is not None and root not in shifts:
            wanted[root].append(middle - shifts.get(id, 0.0))
    own = {root: fmean(found) for root, found in wanted.items()}
    if not any(own.values()):
        return dict(shifts)
    by_sound = {id: shifts.get(id, 0.0) for id in held}
    by_all = {id: by_sound[id] + own.get(_root(id, beside), 0.0) for id in held}
    starts = {id: placed(one, frames[id]).start for id, one in held.items()}
    later = min(starts[id] + by_all[id] for id in held) - min(starts[id] + by_sound[id] for id in held)
    return {id: moved - later for id, moved in by_all.items()}


def _middle(segment: Segment, frames: int, slips: Sequence[Slip]) -> float | None:
    """Of a file that goes on with what another leg says, only a part is this party's."""
    return None if segment.reason == MOVED else lean(segment, frames, slips)


def _root(id: str, beside: Mapping[str, str]) -> str:
    while id in beside:
        id = beside[id]
    return id
