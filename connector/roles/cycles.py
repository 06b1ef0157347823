"""Python's search for cyclic garbage, kept from holding up a role in which much lives. Knows nothing of the role."""

import gc

#: A full search looks at every object: 20 ms with this many calls live, 200 ms with ten thousand, and no event is
#: answered meanwhile. Calls and recordings hold no cycle and go without it.
_FEW_CALLS = 1000
_EVERY_SECONDS = 60.0
_NEVER = 1_000_000_000


class CycleSearch:
    """From now on a full search happens in `rest` only; the short ones over what is young go on as ever."""

    def __init__(self, now: float) -> None:
        self._searched_at = now
        gc.collect()
        # What the imports made stays to the end.
        gc.freeze()
        young, middle, _ = gc.get_threshold()
        gc.set_threshold(young, middle, _NEVER)

    def rest(self, now: float, live_calls: int) -> None:
        """Once in a while, while little lives."""
        if live_calls <= _FEW_CALLS and now - self._searched_at >= _EVERY_SECONDS:
            self._searched_at = now
            gc.collect()
