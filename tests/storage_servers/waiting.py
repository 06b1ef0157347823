"""The one place where these tests let time pass: it looks again until what it waits for has come."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

LIMIT_SECONDS: Final = 15.0
_PAUSE_SECONDS: Final = 0.02


async def until_told(claim: Callable[[], Awaitable[bool]], what: Callable[[], str], limit_seconds: float) -> None:
    """Until the claim is true; fail with `what` when it never is in time."""
    loop = asyncio.get_running_loop()
    limit = loop.time() + limit_seconds
    while not await claim():
        if loop.time() > limit:
            raise AssertionError(f"it never came: {what()}")
        await asyncio.sleep(_PAUSE_SECONDS)


async def until(claim: Callable[[], bool], what: Callable[[], str], limit_seconds: float = LIMIT_SECONDS) -> None:
    async def asked() -> bool:
        return claim()

    await until_told(asked, what, limit_seconds)
