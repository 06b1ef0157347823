"""The steps that a process can run, by kind and name, and how one is run.

Knows that a step which raises has ended its work; must not know what any step does.
"""

import asyncio
import logging
from collections.abc import Sequence

from connector.errors import ConnectorError, UnknownWork
from connector.ports.engine import Plans

log = logging.getLogger(__name__)


class Steps:
    def __init__(self, plans: Plans) -> None:
        self._names = {kind: tuple(name for name, _ in steps) for kind, steps in plans.items()}
        self._steps = {(kind, name): step for kind, steps in plans.items() for name, step in steps}

    def names(self, kind: str) -> tuple[str, ...]:
        """What work of this kind consists of, in order."""
        try:
            return self._names[kind]
        except KeyError:
            raise UnknownWork(
                f"there is no plan for work of the kind {kind!r} (known: {', '.join(sorted(self._names)) or 'none'}); "
                "did a newer version write it? Start that version again, or delete the due row"
            ) from None

    def to_run(self, kind: str, queued: Sequence[str]) -> list[str]:
        """Of work that was queued with these steps. What another version queued has this one's steps behind its own:
        nobody knows which of them do what the others did."""
        ours = self._names.get(kind, ())
        return [*queued, *(() if {*queued} <= {*ours} else ours)]

    async def run(self, kind: str, name: str, subject: str, attempt: int) -> bool:
        """Run one step; False when the work ends here. One that this version does not have is passed over."""
        facts = {"work": kind, "step": name, "subject": subject, "attempt": attempt}
        step = self._steps.get((kind, name))
        if step is None:
            log.warning(
                "step passed over", extra=facts | {"hint": "another version queued this work, with its own steps"}
            )
            return True
        try:
            await step(subject, attempt)
        except (ConnectorError, TimeoutError) as error:
            log.info("work ended early", extra=facts | {"reason": f"{type(error).__name__}: {error}"})
            return False
        except asyncio.CancelledError:
            if _is_cancelled():
                raise
            log.exception("step broke", extra=facts | {"hint": "it awaited something that was cancelled"})
            return False
        except Exception:
            # The border of one recording's work: another recording must not suffer from a bug in this one's.
            log.exception("step broke", extra=facts)
            return False
        return True


def _is_cancelled() -> bool:
    """Whether somebody wants this step to stop, and not what it waited for."""
    task = asyncio.current_task()
    return task is None or task.cancelling() > 0
