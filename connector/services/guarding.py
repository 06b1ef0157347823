"""The border of one recording's work: what nobody foresaw is written down and tried again, not lost.

Knows how steps end; must not know what they do.
"""

import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeAlias

from connector.errors import CatalogueUnavailable, ConnectorError, IllegalTransition
from connector.ports.engine import Step

log = logging.getLogger(__name__)

#: Says in the catalogue what becomes of the subject after this attempt broke for that reason.
Stumbled: TypeAlias = Callable[[str, int, str], Awaitable[None]]


class Postponed(ConnectorError):
    """This attempt is over; the next one is a due row."""


def guarded(steps: Sequence[tuple[str, Step]], stumbled: Stumbled) -> list[tuple[str, Step]]:
    """The same steps; what one of them raises unforeseen goes to `stumbled`, and ends this attempt."""
    return [(name, _guarded(step, stumbled)) for name, step in steps]


def _guarded(step: Step, stumbled: Stumbled) -> Step:
    async def attempted(subject: str, attempt: int) -> None:
        try:
            await step(subject, attempt)
        except (CatalogueUnavailable, Postponed):
            raise
        except IllegalTransition as error:
            # Somebody discarded or removed it meanwhile: there is nothing left to do here.
            log.info("overtaken", extra={"recording_id": subject, "hint": str(error)})
            raise Postponed(str(error)) from error
        except Exception as error:
            log.exception("step failed", extra={"recording_id": subject, "attempt": attempt})
            await stumbled(subject, attempt, f"{type(error).__name__}: {error}")
            raise Postponed(str(error)) from error

    return attempted
