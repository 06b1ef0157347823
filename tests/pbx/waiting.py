"""The one place where a test on a real PBX lets time pass: it looks again until what it waits for has come."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

Answer = TypeVar("Answer")

LIMIT_SECONDS: Final = 15.0
_PAUSE_SECONDS: Final = 0.02


async def until(
    claim: Callable[[], Answer],
    what: str | Callable[[], str],
    limit_seconds: float = LIMIT_SECONDS,
    *,
    pause_seconds: float = _PAUSE_SECONDS,
) -> Answer:
    """Return the claim's first answer that is true; fail with `what` when there is none in time."""

    async def asked() -> Answer:
        return claim()

    return await until_told(asked, what, limit_seconds, pause_seconds=pause_seconds)


async def until_told(
    claim: Callable[[], Awaitable[Answer]],
    what: str | Callable[[], str],
    limit_seconds: float = LIMIT_SECONDS,
    *,
    pause_seconds: float = _PAUSE_SECONDS,
) -> Answer:
    """The same for who must be asked first."""
    never = asyncio.Event()
    loop = asyncio.get_running_loop()
    limit = loop.time() + limit_seconds
    while not (answer := await claim()):
        if loop.time() > limit:
            raise AssertionError(f"it never came: {what if isinstance(what, str) else what()}")
        await _passed(never, pause_seconds)
    return answer


async def talking(seconds: float) -> None:
    """Let a call go on for so long."""
    await _passed(asyncio.Event(), seconds)


async def _passed(never: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await never.wait()
    except TimeoutError:
        return
