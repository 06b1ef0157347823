"""Steps that outlast the catalogue's absence: while nothing can be written down, nothing may be given up."""

import logging

from connector.errors import CatalogueUnavailable
from connector.ports.clock import Clock
from connector.ports.engine import Plans, Step

log = logging.getLogger(__name__)

_FIRST_SECONDS = 0.2
_LONGEST_SECONDS = 10.0


def patient(plans: Plans, clock: Clock) -> Plans:
    """The same plans, whose steps begin anew when the catalogue did not answer. Steps are idempotent."""
    return {kind: [(name, _patient(step, clock)) for name, step in steps] for kind, steps in plans.items()}


def _patient(step: Step, clock: Clock) -> Step:
    async def repeated(subject: str, attempt: int) -> None:
        wait = _FIRST_SECONDS
        while True:
            try:
                return await step(subject, attempt)
            except CatalogueUnavailable as error:
                log.warning("catalogue unavailable", extra={"subject": subject, "hint": str(error)})
                await clock.sleep_until(clock.now() + wait)
                wait = min(2 * wait, _LONGEST_SECONDS)

    return repeated
