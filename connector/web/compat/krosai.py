"""KrosAI's door: /v1 itself, whose names and shapes are KrosAI's already. What is KrosAI's alone is how its clients
show their key; without this door it is not taken."""

from typing import Final

from starlette.types import ASGIApp, Receive, Scope, Send

_HEADER: Final = b"x-api-key"


class BearerOnly:
    """An application that never sees an x-api-key."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            headers = [(name, value) for name, value in scope["headers"] if name.lower() != _HEADER]
            scope = {**scope, "headers": headers}
        await self._app(scope, receive, send)
