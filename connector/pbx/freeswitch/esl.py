"""The event socket of one FreeSWITCH: stays connected, asks, runs jobs, and hands on every event in order.

Two connections, both up or neither: one is serial, and a slow command must not keep the events waiting. Knows logins,
deadlines and back-off; knows no call. Nothing is ever sent twice.
"""

import asyncio
import logging
import ssl
from collections.abc import Awaitable, Callable, Sequence
from uuid import uuid4

from connector.domain.ids import Moment
from connector.errors import PbxRefused, PbxUnreachable
from connector.pbx.doors import tls_context
from connector.pbx.freeswitch.esl_codec import Frame, command_bytes
from connector.pbx.freeswitch.esl_event import EslEvent
from connector.pbx.freeswitch.esl_link import Heard, Link, within
from connector.ports.clock import Clock
from connector.settings import Endpoint

RECONNECT_SECONDS = (0.2, 0.5, 1.0, 2.0, 5.0)
#: A login that is refused is not hammered: fail2ban would lock us out.
REFUSED_SECONDS = (2.0, 4.0, 8.0, 16.0, 32.0, 60.0)
CONNECT_SECONDS = 10.0
LOGIN_SECONDS = 10.0
#: Asked for whatever else is: they show that it lives, and say that it goes.
_SIGNS_OF_LIFE = ("HEARTBEAT", "SHUTDOWN")
_JOB_ENDED = "BACKGROUND_JOB"
_NO = ("-ERR", "-USAGE")

_log = logging.getLogger(__name__)


class Esl:
    """`heard` is called for each event, at once and in order, and must only note it. `came_up` is awaited after each
    login, while events are heard already: what it raises as PbxRefused, PbxUnreachable or TimeoutError ends the
    connection, and the next is tried. `went_down` is called when connections that had logged in are lost."""

    def __init__(
        self,
        name: str,
        endpoint: Endpoint,
        *,
        events: Sequence[str],
        subclasses: Sequence[str],
        heard: Heard,
        came_up: Callable[[], Awaitable[None]],
        went_down: Callable[[str], None],
        clock: Clock,
        ca: str = "",
    ) -> None:
        self._name = name
        self._endpoint = endpoint
        self._subscription = " ".join(
            ["event json", *dict.fromkeys((*events, *_SIGNS_OF_LIFE)), *(["CUSTOM", *subclasses] if subclasses else [])]
        )
        self._heard = heard
        self._came_up = came_up
        self._went_down = went_down
        self._clock = clock
        self._ca = ca
        self._news: Link | None = None
        self._commands: Link | None = None
        self._jobs: dict[str, asyncio.Future[str]] = {}
        self._is_paused = False
        self._is_up = False
        self._is_running = False
        self._closing = asyncio.Event()
        self._ended = asyncio.Event()
        #: What an administrator should know; "" when all is well.
        self.trouble = ""
        #: Another one than before: FreeSWITCH was started anew, and nothing lives that lived.
        self.core_uuid = ""

    @property
    def is_up(self) -> bool:
        """Logged in, and `came_up` has returned."""
        return self._is_up

    async def run(self) -> None:
        """Be connected until `close`."""
        self._is_running = True
        try:
            async with asyncio.TaskGroup() as tasks:
                living = tasks.create_task(self._stay_connected(), name=f"event socket of {self._name}")
                await self._closing.wait()
                living.cancel()
        finally:
            self._is_running = False
            self._ended.set()

    async def close(self) -> None:
        """Let go of the PBX; `run` has ended when this returns."""
        self._closing.set()
        if self._is_running:
            await self._ended.wait()

    async def api(self, command: str, limit_seconds: float = 2.0) -> str:
        """The reply. Raises PbxUnreachable without a connection or when it is lost before the reply: the command may
        have been done, and is not sent again; PbxRefused for a no. TimeoutError after the limit; then the connections
        are made anew, because replies are told apart by their order only."""
        [answer] = await self._answers(self._present(command), [f"api {command}"], limit_seconds)
        return self._granted(command, answer.answer)

    async def answers(self, commands: Sequence[str], limit_seconds: float = 10.0) -> list[str]:
        """All at once; the replies as they are, also a no. Otherwise raises as `api` does."""
        if not commands:
            return []
        link = self._present(commands[0])
        frames = await self._answers(link, [f"api {command}" for command in commands], limit_seconds)
        return [frame.answer for frame in frames]

    async def job(self, command: str, limit_seconds: float = 2.0) -> str:
        """What it came to, done in the background, so that no other command waits for it. Raises as `api` does, but a
        job that does not end leaves the connections alone."""
        link = self._present(command)
        id, ends_at = str(uuid4()), self._clock.now() + limit_seconds
        ended = self._jobs[id] = asyncio.get_running_loop().create_future()
        try:
            [reply] = await self._answers(link, [f"bgapi {command}"], limit_seconds, {"Job-UUID": id})
            self._granted(command, reply.answer)
            await within(self._clock, ends_at - self._clock.now(), ended)
        except TimeoutError:
            raise TimeoutError(self._unanswered(command, limit_seconds)) from None
        finally:
            self._jobs.pop(id, None)
        if ended.cancelled():
            raise self._lost(command, link)
        return self._granted(command, ended.result())

    def pause_events(self) -> None:
        """Leave the events with FreeSWITCH, which keeps them. Commands and jobs are answered all the same."""
        self._is_paused = True
        if self._news is not None:
            self._news.pause()

    def resume_events(self) -> None:
        self._is_paused = False
        if self._news is not None:
            self._news.resume()

    # Being connected

    async def _stay_connected(self) -> None:
        failures = refusals = 0
        while True:
            pause = RECONNECT_SECONDS[min(failures, len(RECONNECT_SECONDS) - 1)]
            failures += 1
            try:
                commands, news = await self._logged_in()
            except PbxRefused as error:
                pause = REFUSED_SECONDS[min(refusals, len(REFUSED_SECONDS) - 1)]
                refusals += 1
                self._say(str(error))
            except (PbxUnreachable, TimeoutError) as error:
                self._say(str(error))
            else:
                refusals = 0
                if await self._used(commands, news):
                    failures, pause = 1, RECONNECT_SECONDS[0]
            await self._clock.sleep_until(self._clock.now() + pause)

    async def _logged_in(self) -> tuple[Link, Link]:
        commands, news = Link(self._job_heard, self._clock), Link(self._heard, self._clock)
        try:
            # One after the other, so that a wrong password is tried once.
            await self._open(commands, f"event json {_JOB_ENDED}")
            [core] = await self._answers(commands, ["api global_getvar core_uuid"], LOGIN_SECONDS)
            self.core_uuid = "" if core.answer.startswith("-") else core.answer
            await self._open(news, self._subscription)
        except BaseException:
            commands.drop("given up")
            news.drop("given up")
            raise
        return commands, news

    async def _open(self, link: Link, subscription: str) -> None:
        await self._connected(link)
        try:
            [reply] = await self._answers(link, [f"auth {self._endpoint.password.reveal()}"], LOGIN_SECONDS)
        except PbxRefused:
            raise PbxRefused(f"PBX {self._name}: its password has a line break in it: correct it") from None
        if not reply.answer.startswith("+OK"):
            raise PbxRefused(
                f"PBX {self._name}: login refused at {self._place} ({reply.answer}): correct the password, or the one "
                "in event_socket.conf.xml"
            )
        [reply] = await self._answers(link, [subscription], LOGIN_SECONDS)
        if not reply.answer.startswith("+OK"):
            raise PbxRefused(f"PBX {self._name} refused to tell its events ({reply.answer})")

    async def _connected(self, link: Link) -> None:
        host, port = self._endpoint.host, self._endpoint.port
        try:
            tls = await asyncio.to_thread(tls_context, self._endpoint, self._ca)
        except OSError as error:
            raise PbxUnreachable(f"PBX {self._name}: {self._ca} is no file of certificates ({error})") from error
        try:
            await within(self._clock, CONNECT_SECONDS, link.connect(host, port, tls))
            await within(self._clock, LOGIN_SECONDS, link.greeted)
        except TimeoutError:
            raise PbxUnreachable(
                f"PBX {self._name} says nothing at {self._place}: is it FreeSWITCH's event socket, or stuck?"
            ) from None
        except ssl.SSLError as error:
            raise PbxUnreachable(
                f"PBX {self._name}: TLS with {self._place} fails ({error}): is it stunnel's port (FreeSWITCH has no "
                "TLS of its own), and is `ca` its certificate's?"
            ) from error
        except OSError as error:
            raise PbxUnreachable(
                f"PBX {self._name} does not answer at {self._place} ({error}): is it up, and mod_event_socket loaded?"
            ) from error
        if link.rejection:
            raise PbxRefused(
                f"PBX {self._name} refuses our address at {self._place} ({link.rejection}): let it in by "
                "apply-inbound-acl in event_socket.conf.xml; without that, FreeSWITCH lets in loopback only"
            )
        if link.greeted.cancelled():
            raise PbxUnreachable(f"PBX {self._name} does not speak with us at {self._place}: {link.lost.result()}")

    async def _used(self, commands: Link, news: Link) -> bool:
        """Until a connection is lost; whether they had come up."""
        self._commands, self._news = commands, news
        if self._is_paused:
            news.pause()
        try:
            async with asyncio.TaskGroup() as tasks:
                doings = (commands.watch(), news.watch(), self._come_up(commands))
                helpers = [tasks.create_task(doing) for doing in doings]
                await asyncio.wait((commands.lost, news.lost), return_when=asyncio.FIRST_COMPLETED)
                for helper in helpers:
                    helper.cancel()
        finally:
            was_up, self._is_up = self._is_up, False
            self._commands = self._news = None
            self._drop(commands, news)
        reason = commands.lost.result()
        self._say(f"PBX {self._name}: the connection to {self._place} was lost: {reason}")
        self._went_down(reason)
        return was_up

    def _drop(self, commands: Link, news: Link) -> None:
        """Both, each for the reason that the first one was lost for; no job can end any more."""
        lost = next((link.lost.result() for link in (news, commands) if link.lost.done()), "let go")
        commands.drop(lost)
        news.drop(lost)
        for ended in self._jobs.values():
            ended.cancel()

    async def _come_up(self, link: Link) -> None:
        try:
            await self._came_up()
        except (PbxRefused, PbxUnreachable, TimeoutError) as error:
            link.drop(f"what lives there is not known: {error}")
        else:
            self._is_up = True
            self._say("")

    def _job_heard(self, event: EslEvent, _at: Moment) -> None:
        ended = self._jobs.get(event.get("Job-UUID"))
        if ended is not None and not ended.done():
            ended.set_result(event.body.strip())

    # Asking

    def _present(self, command: str) -> Link:
        if self._commands is None:
            raise PbxUnreachable(f"PBX {self._name} is not connected: {_verb(command)} was not sent")
        return self._commands

    async def _answers(
        self, link: Link, commands: Sequence[str], limit_seconds: float, headers: dict[str, str] | None = None
    ) -> list[Frame]:
        try:
            questions = link.ask([command_bytes(command, headers) for command in commands], limit_seconds)
        except ValueError as error:
            raise PbxRefused(f"{_verb(commands[0])} is not sent to PBX {self._name}: {error}") from error
        except ConnectionError as error:
            raise self._lost(commands[0], link) from error
        # They are answered in order.
        try:
            await within(self._clock, limit_seconds, questions[-1].future)
        except TimeoutError:
            link.give_up(_verb(commands[0]))
            raise TimeoutError(self._unanswered(commands[0], limit_seconds)) from None
        if questions[-1].future.cancelled():
            raise self._lost(commands[0], link)
        return [question.future.result() for question in questions]

    def _granted(self, command: str, answer: str) -> str:
        # `conference … recording pause` says +OK and, in the next line, that it did nothing.
        if answer.startswith(_NO) or (answer.startswith("+OK") and "\n-ERR" in answer):
            raise PbxRefused(f"PBX {self._name} refused {_verb(command)}: {answer}")
        return answer

    def _lost(self, command: str, link: Link) -> PbxUnreachable:
        reason = link.lost.result() if link.lost.done() else "the connection ended"
        return PbxUnreachable(f"PBX {self._name} did not answer {_verb(command)}: {reason}")

    def _unanswered(self, command: str, limit_seconds: float) -> str:
        return f"PBX {self._name} did not answer {_verb(command)} within {limit_seconds:g} s"

    @property
    def _place(self) -> str:
        return f"{self._endpoint.host}:{self._endpoint.port}"

    def _say(self, trouble: str) -> None:
        if trouble and trouble != self.trouble:
            _log.warning("event socket trouble", extra={"pbx": self._name, "hint": trouble})
        self.trouble = trouble


def _verb(command: str) -> str:
    """`auth` without the password."""
    words = command.split()
    if words and words[0] in {"api", "bgapi"}:
        words = words[1:]
    return words[0] if words else "nothing"
