"""Makes a PBX's time stamps steady: its wall clock may jump, the time line of a call must not.

Pure: knows two clocks and no event. The PBX's clock and ours may differ by any amount.
"""

from connector.domain.ids import Moment

#: What differs by more than this is a clock that was set, not a message that was slow.
STEP_SECONDS = 2.0
#: How fast two clocks may drift apart and still be followed without a step.
DRIFT = 200e-6
#: A long silence must not let the correction wander.
_LONGEST_DRIFT_SECONDS = 60.0


class SteadyStamps:
    """Follows the quickest messages: nothing arrives before it happened."""

    def __init__(self) -> None:
        self._correction = 0.0
        self._usual_delay = 0.0
        self._latest: Moment | None = None
        self._received_at: Moment = 0.0

    def steady(self, pbx_stamp: Moment, received_at: Moment) -> Moment:
        """When it happened, on our clock; never after `received_at`, and never before an earlier answer unless our own
        clock went back: it does so between calls only."""
        difference = received_at - pbx_stamp
        if received_at < self._received_at:
            self._latest = None
        if self._latest is None:
            # Two clocks that agree are left alone: on one machine every stamp stays as it is.
            self._correction = 0.0 if 0.0 <= difference <= STEP_SECONDS else difference
            self._latest = pbx_stamp + self._correction
        else:
            self._follow(difference, received_at - self._received_at)
        self._received_at = received_at
        self._latest = max(self._latest, pbx_stamp + self._correction)
        return self._latest

    def _follow(self, difference: float, elapsed: float) -> None:
        delay = difference - self._correction
        if abs(delay) > STEP_SECONDS:
            self._correction = difference - self._usual_delay
            return
        self._correction += min(elapsed, _LONGEST_DRIFT_SECONDS) * DRIFT
        delay = difference - self._correction
        if delay < 0.0:
            self._correction = difference
            delay = 0.0
        # Slowly forgets a fast message, at once learns of a faster one.
        self._usual_delay = min(delay, self._usual_delay + 0.05 * (delay - self._usual_delay))
