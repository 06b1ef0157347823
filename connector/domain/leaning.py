"""Where the files of a recording lie by all of their stamps and by the sound that they share: by how much each is moved
from its start stamp. Knows segments and frame counts; sees no file.

Files that share sound are one piece: their places in each other are exact, and what all of their stamps say of it on
average places the whole.
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
    held = {one.id: one for one in segments if frames.get(one.id, 0) > 0 and one.reason != MOVED}
    middles = {id: lean(one, frames[id], slips.get(id, ())) for id, one in held.items()}
    wanted: dict[str, list[float]] = defaultdict(list)
    for id, middle in middles.items():
        if middle is not None:
            wanted[_root(id, beside)].append(middle - shifts.get(id, 0.0))
    # One that nobody is known to lie beside stays where it was put.
    own = {root: fmean(found) for root, found in wanted.items() if root not in shifts}
    if not any(own.values()):
        return dict(shifts)
    begun = {id: placed(one, frames[id]).start + shifts.get(id, 0.0) for id, one in held.items()}
    later = min(at + own.get(_root(id, beside), 0.0) for id, at in begun.items()) - min(begun.values())
    ids = held.keys() | shifts.keys()
    return {id: shifts.get(id, 0.0) + own.get(_root(id, beside), 0.0) - later for id in ids}


def _root(id: str, beside: Mapping[str, str]) -> str:
    while id in beside:
        id = beside[id]
    return id
