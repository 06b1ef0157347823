"""One client of the event socket: what it has subscribed to, and its commands one after the other.

Measured: auth/request has no Content-Length; before auth and for unknown verbs `-ERR command not found`; a wrong
password `-ERR invalid`, a notice and the end; one connection is serial, events wait while an api runs; `api` is
answered by api/response, everything else by command/reply; `filter` on one header twice means or; linger and myevents
are refused on an inbound socket.
"""

import asyncio
import uuid
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Final
from urllib.parse import unquote

from tests.freeswitch.event import Event
from tests.freeswitch.exchange import Exchange
from tests.freeswitch.legs import Value

GOODBYE: Final = "Disconnected, goodbye.\nSee you at ClueCon! http://www.cluecon.com/\n"
_NOT_FOUND: Final = "-ERR command not found"
_EVENTS: Final = frozenset(
    f"CHANNEL_{name}"
    for name in (
        *("CREATE", "DESTROY", "STATE", "CALLSTATE", "ANSWER", "HANGUP", "HANGUP_COMPLETE", "EXECUTE", "UUID", "DATA"),
        *("EXECUTE_COMPLETE", "HOLD", "UNHOLD", "BRIDGE", "UNBRIDGE", "PROGRESS", "PROGRESS_MEDIA", "OUTGOING"),
        *("PARK", "UNPARK", "APPLICATION", "ORIGINATE"),
    )
) | {
    *("ALL", "API", "BACKGROUND_JOB", "HEARTBEAT", "SHUTDOWN", "RECORD_START", "RECORD_STOP", "PLAYBACK_START"),
    *("PLAYBACK_STOP", "CALL_UPDATE", "MEDIA_BUG_START", "MEDIA_BUG_STOP", "DTMF", "MODULE_LOAD", "MODULE_UNLOAD"),
    *("RELOADXML", "SESSION_HEARTBEAT", "CODEC", "TALK", "NOTALK", "LOG", "PRESENCE_IN"),
}

#: Carries out an api command; its answer.
Api = Callable[[str], Awaitable[str]]


class Listener:
    def __init__(
        self,
        exchange: Exchange,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        password: str,
        api: Api,
        may_speak: asyncio.Event,
    ) -> None:
        self.writer = writer
        self.is_authenticated = False
        self._exchange, self._reader = exchange, reader
        self._password, self._api = password, api
        self._format = ""
        self._events: set[str] = set()
        self._subclasses: set[str] = set()
        self._filters: list[tuple[str, str]] = []
        self._waiting: deque[Event] = deque()
        self._may_speak = may_speak
        self._is_busy = False
        self._flush_is_due = False
        self._deaf = exchange.listen(self._heard)

    async def serve(self) -> None:
        try:
            self.say("Content-Type: auth/request\n\n")
            while command := await self._command():
                await self._may_speak.wait()
                self._is_busy = True
                goes_on = await self._obey(*command)
                self._is_busy = False
                self.flush()
                await self.writer.drain()
                if not goes_on:
                    return
        except (ConnectionError, asyncio.IncompleteReadError):
            return
        finally:
            self._deaf()
            self.writer.close()

    def say(self, text: str) -> None:
        if not self.writer.is_closing():
            self.writer.write(text.encode())

    def disconnect(self, text: str = GOODBYE) -> None:
        self.say(f"Content-Type: text/disconnect-notice\nContent-Length: {len(text)}\n\n{text}")

    # --- commands -------------------------------------------------------------------------------------------------

    async def _command(self) -> tuple[str, dict[str, str], str] | None:
        """Its line, its headers, its body; None when the client is gone."""
        try:
            text = (await self._reader.readuntil(b"\n\n")).decode(errors="replace").strip("\r\n")
        except asyncio.IncompleteReadError:
            return None
        if not text:
            return await self._command()
        line, *rest = text.split("\n")
        pairs = (header.partition(":") for header in rest)
        headers = {name.strip(): value.strip() for name, colon, value in pairs if colon}
        length = next((int(value) for name, value in headers.items() if name.lower() == "content-length"), 0)
        body = (await self._reader.readexactly(length)).decode(errors="replace") if length else ""
        return line.strip("\r"), headers, body

    async def _obey(self, line: str, headers: dict[str, str], body: str) -> bool:
        """Whether the connection lives on."""
        verb, _, rest = line.partition(" ")
        if not self.is_authenticated:
            return self._authenticate(verb, rest)
        if verb == "exit":
            self._reply("+OK bye")
            self.disconnect()
            return False
        if verb == "api" and rest:
            await self._answer_api(rest)
        elif verb == "bgapi" and rest:
            self._begin_job(rest, headers.get("Job-UUID") or str(uuid.uuid4()))
        elif verb == "sendevent" and rest:
            self._send_event(line, rest, headers, body)
        else:
            self._reply(self._quick(verb, rest))
        return True

    def _authenticate(self, verb: str, password: str) -> bool:
        if verb != "auth":
            self._reply(_NOT_FOUND)
            return True
        if password != self._password:
            self._reply("-ERR invalid")
            self.disconnect()
            return False
        self.is_authenticated = True
        self._reply("+OK accepted")
        return True

    def _quick(self, verb: str, rest: str) -> str:
        words = rest.split()
        match verb:
            case "event":
                return self._subscribe(words)
            case "nixevent" if words:
                self._events.difference_update(words)
                return "+OK events nixed"
            case "noevents":
                self._events.clear()
                self._subclasses.clear()
                return "+OK no longer listening for events"
            case "filter" if words:
                return self._filter(words)
            case "log":
                return f"+OK log level {rest} [{rest}]"
            case "nolog":
                return "+OK no longer logging"
            case "linger" | "nolinger":
                return "-ERR not controlling a session"
            case "divert_events":
                return "-ERR not controlling a session."
            case "sendmsg":
                return f"-ERR invalid session id [{rest}]" if rest not in self._exchange.legs else "+OK"
        return _NOT_FOUND

    def _subscribe(self, words: list[str]) -> str:
        kind, names = (words[0], words[1:]) if words and words[0] in {"plain", "json", "xml"} else ("plain", words)
        known = False
        for place, name in enumerate(names):
            if name.upper() == "CUSTOM":
                self._subclasses.update(names[place + 1 :])
                self._events.add("CUSTOM")
                known = True
                break
            if name.upper() in _EVENTS:
                self._events.add(name.upper())
                known = True
        if not known:
            return "-ERR no keywords supplied"
        self._format = kind
        return f"+OK event listener enabled {kind}"

    def _filter(self, words: list[str]) -> str:
        if words[0] == "delete":
            name, value = words[1], " ".join(words[2:])
            self._filters = [one for one in self._filters if name != "all" and one != (name, value)]
            return f"+OK filter deleted. [{name}][{value}]"
        name, value = words[0], " ".join(words[1:])
        self._filters.append((name, value))
        return f"+OK filter added. [{name}]=[{value}]"

    # --- api ------------------------------------------------------------------------------------------------------

    async def _answer_api(self, command: str) -> None:
        text = (await self._api(command)).encode()
        await self._may_speak.wait()
        if not self._exchange.lies.tells("replies_dropped"):
            self.writer.write(b"Content-Type: api/response\nContent-Length: %d\n\n" % len(text) + text)

    def _begin_job(self, command: str, job: str) -> None:
        self._reply(f"+OK Job-UUID: {job}\nJob-UUID: {job}")
        """Goes on when the client is gone (switch's source: a job has a thread of its own)."""
        task = asyncio.get_running_loop().create_task(self._do(command, job))
        self._exchange.jobs.add(task)
        task.add_done_callback(self._exchange.jobs.discard)

    async def _do(self, command: str, job: str) -> None:
        """The job's own events, RECORD_START for one, come just before its BACKGROUND_JOB (measured)."""
        name, _, argument = command.partition(" ")
        answer = await self._api(command)
        facts: dict[str, Value] = {"Job-UUID": job, "Job-Command": name}
        if argument:
            facts["Job-Command-Arg"] = argument
        if not self._exchange.lies.tells("jobs_dropped"):
            self._exchange.fire("BACKGROUND_JOB", facts, body=answer)

    def _send_event(self, line: str, name: str, headers: dict[str, str], body: str) -> None:
        event_uuid = str(uuid.uuid4())
        self._reply(f"+OK {event_uuid}")
        given = {header: unquote(value) for header, value in headers.items()}
        subclass = given.pop("Event-Subclass", "")
        first: dict[str, Value] = {"Event-Subclass": subclass} if subclass else {}
        first |= {"Command": line, **given, "Event-UUID": event_uuid}
        source = ("mod_event_socket.c", "parse_command", 2283)
        self._exchange.fire(name, subclass=subclass, body=body, before=first, source=source)

    # --- events ---------------------------------------------------------------------------------------------------

    def _heard(self, event: Event) -> None:
        if not self.is_authenticated or not self._wants(event):
            return
        self._waiting.append(event)
        if not self._flush_is_due:
            self._flush_is_due = True
            asyncio.get_running_loop().call_soon(self.flush)

    def _wants(self, event: Event) -> bool:
        if "ALL" not in self._events:
            if event.name not in self._events:
                return False
            if event.name == "CUSTOM" and event.subclass not in self._subclasses:
                return False
        return not self._filters or any(event.get(name) == value for name, value in self._filters)

    def flush(self) -> None:
        self._flush_is_due = False
        if self._is_busy or not self._may_speak.is_set() or self.writer.is_closing() or not self._waiting:
            return
        frames = [event.json_frame if self._format == "json" else event.plain_frame for event in self._waiting]
        self._waiting.clear()
        self.writer.write(b"".join(frames))

    def _reply(self, text: str) -> None:
        self.say(f"Content-Type: command/reply\nReply-Text: {text}\n\n")
