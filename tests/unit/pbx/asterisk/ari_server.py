"""As much of ARI as is asked for, over real HTTP, with every way to misbehave that was met or is feared."""

import asyncio
import json
import ssl
from collections.abc import Awaitable, Callable
from typing import Any, Self

import aiohttp
from aiohttp import web

from connector.domain.secret import Secret
from connector.settings import Endpoint

USER, PASSWORD = "recorder", "s3cret & more"
_OPERATIONS = {
    "events": [("/events", "GET", "eventWebsocket", ["app?"])],
    "recordings": [
        ("/recordings/stored", "GET", "listStored", []),
        ("/recordings/stored/{recordingName}", "DELETE", "deleteStored", ["recordingName"]),
    ],
    "channels": [
        ("/channels", "GET", "list", []),
        ("/channels/{channelId}", "DELETE", "hangup", ["channelId"]),
        ("/channels/{channelId}/snoop/{snoopId}", "POST", "snoopChannelWithId",
         ["channelId", "snoopId", "whisper?", "app?"]),
        ("/channels/{channelId}/play/{playbackId}", "POST", "playWithId", ["channelId", "playbackId", "media?"]),
    ],
    "playbacks": [("/playbacks/{playbackId}", "GET", "get", ["playbackId"])],
}  # fmt: skip


class AriServer:
    """`async with AriServer() as server:`. `files` are what lies in Asterisk's folder of recordings."""

    def __init__(self, *, base: str = "", certificate: ssl.SSLContext | None = None) -> None:
        self.files: dict[str, bytes] = {}
        self.channels: dict[str, str] = {}
        self.requests: list[str] = []
        self.passwords: set[str] = set()
        self.connected = asyncio.Event()
        self.websockets: list[web.WebSocketResponse] = []
        self.answers_pings = True
        self.tells_of_snoops = True
        #: Instead of the answer, the next time: by "METHOD /path".
        self.instead: dict[str, Callable[[web.Request], Awaitable[web.StreamResponse]]] = {}
        #: Called when a sound is to be played: what becomes of it.
        self.played: Callable[[str, str], Awaitable[None]] = self.finish
        self.port = 0
        self._base = base
        self._certificate = certificate
        self._runner: web.AppRunner | None = None

    @property
    def endpoint(self) -> Endpoint:
        is_tls = self._certificate is not None
        return Endpoint(user=USER, password=Secret(PASSWORD), host="127.0.0.1", port=self.port, tls=is_tls)

    async def start(self) -> None:
        """Again at the same port, too."""
        app = web.Application(middlewares=[self._guarded])
        app.router.add_get("/ari/api-docs/{name}.json", self._description)
        app.router.add_get("/ari/events", self._events)
        app.router.add_get("/ari/recordings/stored", self._listed)
        app.router.add_get("/ari/recordings/stored/{name}/file", self._file)
        app.router.add_delete("/ari/recordings/stored/{name}", self._deleted)
        app.router.add_get("/ari/channels", self._channels)
        app.router.add_post("/ari/channels/{id}/snoop/{snoop}", self._snooped)
        app.router.add_post("/ari/channels/{id}/play/{playback}", self._play)
        app.router.add_delete("/ari/channels/{id}", self._hung_up)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self.port, ssl_context=self._certificate, reuse_address=True)
        await site.start()
        self.port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        if self._runner is not None:
            await self.drop()
            await self._runner.cleanup()
            self._runner = None

    async def drop(self) -> None:
        """End every connection for events."""
        self.connected.clear()
        for websocket in self.websockets:
            await websocket.close()
        self.websockets.clear()

    async def tell(self, event: dict[str, Any]) -> None:
        await self.send(json.dumps(event))

    async def send(self, text: str) -> None:
        for websocket in self.websockets:
            await websocket.send_str(text)

    async def finish(self, playback: str, media: str) -> None:
        """A sound that is played at once; of "missing" there is none."""
        state = "failed" if "missing" in media else "done"
        await self.tell({"type": "PlaybackStarted", "playback": {"id": playback}})
        await self.tell({"type": "PlaybackFinished", "playback": {"id": playback, "state": state}})

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    @web.middleware
    async def _guarded(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        self.requests.append(f"{request.method} {request.rel_url}")
        self.passwords.add(request.headers.get("Authorization", ""))
        if request.headers.get("Authorization") != aiohttp.encode_basic_auth(USER, PASSWORD):
            return web.json_response({"error": "Authentication required"}, status=401)
        instead = self.instead.pop(f"{request.method} {request.path}", None)
        return await (instead or handler)(request)

    async def _description(self, request: web.Request) -> web.StreamResponse:
        base = self._base or f"http://127.0.0.1:{self.port}/ari"
        name = request.match_info["name"]
        if name == "resources":
            apis = [{"path": f"/api-docs/{each}.{{format}}", "description": each} for each in _OPERATIONS]
            return web.json_response({"swaggerVersion": "1.1", "basePath": base, "apis": apis})
        resources = [
            {"path": path, "operations": [_operation(method, nickname, names)]}
            for path, method, nickname, names in _OPERATIONS[name]
        ]
        return web.json_response({"basePath": base, "resourcePath": "", "models": {}, "apis": resources})

    async def _events(self, request: web.Request) -> web.StreamResponse:
        websocket = web.WebSocketResponse(autoping=self.answers_pings)
        await websocket.prepare(request)
        self.websockets.append(websocket)
        self.connected.set()
        async for _ in websocket:
            pass
        return websocket

    async def _listed(self, _request: web.Request) -> web.StreamResponse:
        parts = [name.rpartition(".") for name in self.files]
        return web.json_response([{"name": name, "format": ending} for name, _, ending in parts])

    async def _file(self, request: web.Request) -> web.StreamResponse:
        found = self._found(request)
        if found is None:
            return web.json_response({"message": "Recording not found"}, status=404)
        return web.Response(body=self.files[found], content_type=f"audio/{found.rpartition('.')[2]}")

    async def _deleted(self, request: web.Request) -> web.StreamResponse:
        found = self._found(request)
        if found is None:
            return web.json_response({"message": "Recording not found"}, status=404)
        del self.files[found]
        return web.Response(status=204)

    def _found(self, request: web.Request) -> str | None:
        """Asterisk gives the last one it made, whatever its ending."""
        wanted = request.match_info["name"].replace("+", " ")
        return next((name for name in reversed(self.files) if name.rpartition(".")[0] == wanted), None)

    async def _channels(self, _request: web.Request) -> web.StreamResponse:
        return web.json_response([{"id": id} for id in self.channels])

    async def _snooped(self, request: web.Request) -> web.StreamResponse:
        channel, snoop = request.match_info["id"], request.match_info["snoop"]
        if channel not in self.channels:
            return web.json_response({"message": "Provided channel was not found"}, status=404)
        self.channels[snoop] = f"whispers {request.query['whisper']} to {channel} for {request.query['app']}"
        if self.tells_of_snoops:
            await self.tell({"type": "StasisStart", "channel": {"id": snoop}})
        return web.json_response({"id": snoop})

    async def _play(self, request: web.Request) -> web.StreamResponse:
        await self.played(request.match_info["playback"], request.query["media"])
        return web.json_response({"id": request.match_info["playback"]}, status=201)

    async def _hung_up(self, request: web.Request) -> web.StreamResponse:
        if self.channels.pop(request.match_info["id"], None) is None:
            return web.json_response({"message": "Channel not found"}, status=404)
        return web.Response(status=204)


def _operation(method: str, nickname: str, names: list[str]) -> dict[str, Any]:
    parameters = [
        {"name": name.rstrip("?"), "paramType": "query" if name.endswith("?") else "path", "dataType": "string",
         "required": False}
        for name in names
    ]  # fmt: skip
    socket = {"upgrade": "websocket"} if nickname == "eventWebsocket" else {}
    return {"httpMethod": method, "nickname": nickname, "parameters": parameters, "responseClass": "void", **socket}
