"""The manager interface of one Asterisk: stays connected, asks, and hands on every event in order.

Knows connections, logins, deadlines and back-off; knows no call. Nothing is ever sent twice.
"""

import asyncio
import logging
import ssl
from collections.abc import Awaitable, Callable
from typing import Any

from connector.errors import PbxRefused, PbxUnreachable
from connector.pbx.asterisk.ami_filter import expressions
from connector.pbx.asterisk.ami_link import Heard, Link, Question
from connector.pbx.asterisk.ami_message import AmiMessage, Fields
from connector.ports.clock import Clock
from connector.settings import Endpoint

__all__ = ["Ami", "AmiMessage"]

RECONNECT_SECONDS = (0.2, 0.5, 1.0, 2.0, 5.0)
#: A login that is refused is not hammered: fail2ban would lock us out.
REFUSED_SECONDS = (2.0, 4.0, 8.0, 16.0, 32.0, 60.0)
CONNECT_SECONDS = 10.0
#: Asterisk takes its time over a wrong password.
LOGIN_SECONDS = 10.0
PING_SECONDS = 4.0
#: So long without a byte, with three pings unanswered, is a peer that is gone.
SILENCE_SECONDS = 14.0
#: We ourselves were stopped or starved: that is no silence of the peer's.
_OVERSLEPT_SECONDS = 1.0

_log = logging.getLogger(__name__)


class Ami:
    """`heard` is called for each event, at once and in order, and must only note it. `came_up` is awaited after each
    login, while events are heard already: what it raises as PbxRefused, PbxUnreachable or TimeoutError ends the
    connection, and the next is tried. `went_down` is called when a connection that had logged in is lost."""

    def __init__(
        self,
        name: str,
        endpoint: Endpoint,
        *,
        ca: str = "",
        heard: Heard,
        came_up: Callable[[], Awaitable[None]],
        went_down: Callable[[str], None],
        variables: frozenset[str] = frozenset(),
        clock: Clock,
    ) -> None:
        self._name = name
        self._endpoint = endpoint
        self._ca = ca
        self._heard = heard
        self._came_up = came_up
        self._went_down = went_down
        self._expressions = expressions(variables)
        self._clock = clock
        self._link: Link | None = None
        self._is_up = False
        self._is_running = False
        self._closing = asyncio.Event()
        self._ended = asyncio.Event()
        #: What an administrator should know; "" when all is well.
        self.trouble = ""
        #: Why Asterisk tells us every event instead of those that we use; "" when it does not.
        self.unfiltered = ""
        #: Asterisk Call Manager/11.0.0
        self.greeting = ""

    @property
    def is_up(self) -> bool:
        """Logged in, and `came_up` has returned."""
        return self._is_up

    async def run(self) -> None:
        """Be connected until `close`."""
        self._is_running = True
        try:
            async with asyncio.TaskGroup() as tasks:
                living = tasks.create_task(self._stay_connected(), name=f"AMI of {self._name}")
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

    async def act(self, action: str, fields: Fields | None = None, limit_seconds: float = 2.0) -> AmiMessage:
        """The reply. Raises PbxUnreachable without a connection or when it is lost before the reply: the action may
        have been done, and is not sent again; PbxRefused for a no, TimeoutError after the limit."""
        return (await self._answers(self._present(action), action, fields or {}, limit_seconds))[0]

    async def listed(self, action: str, fields: Fields | None = None, limit_seconds: float = 10.0) -> list[AmiMessage]:
        """The items of a list. Raises as `act` does."""
        return (await self._answers(self._present(action), action, fields or {}, limit_seconds, as_list=True))[1:-1]

    # Being connected

    async def _stay_connected(self) -> None:
        failures = refusals = 0
        while True:
            pause = RECONNECT_SECONDS[min(failures, len(RECONNECT_SECONDS) - 1)]
            failures += 1
            try:
                link = await self._logged_in()
            except PbxRefused as error:
                pause = REFUSED_SECONDS[min(refusals, len(REFUSED_SECONDS) - 1)]
                refusals += 1
                self._say(str(error))
            except (PbxUnreachable, TimeoutError) as error:
                self._say(str(error))
            else:
                refusals = 0
                if await self._used(link):
                    failures, pause = 1, RECONNECT_SECONDS[0]
            await self._clock.sleep_until(self._clock.now() + pause)

    async def _logged_in(self) -> Link:
        try:
            tls = await asyncio.to_thread(_tls, self._ca) if self._endpoint.tls else None
        except OSError as error:
            raise PbxUnreachable(f"PBX {self._name}: {self._ca} is no file of certificates ({error})") from error
        link = Link(self._endpoint.host, self._endpoint.port, tls, self._heard, self._clock)
        try:
            await self._connected(link)
            await self._login(link)
            await self._set_filter(link)
        except BaseException:
            link.drop("given up")
            raise
        return link

    async def _connected(self, link: Link) -> None:
        try:
            await self._within(CONNECT_SECONDS, link.connect())
            await self._within(LOGIN_SECONDS, link.greeted)
        except TimeoutError:
            raise PbxUnreachable(f"PBX {self._name} does not answer at {self._place}: is it up, or stuck?") from None
        except ssl.SSLError as error:
            raise PbxUnreachable(
                f"PBX {self._name}: TLS with {self._place} fails ({error}): is `ca` the certificate's, and is it "
                "Asterisk's TLS port?"
            ) from error
        except OSError as error:
            raise PbxUnreachable(
                f"PBX {self._name} does not answer at {self._place} ({error}): is it up, and AMI enabled?"
            ) from error
        if link.greeted.cancelled():
            raise PbxUnreachable(f"PBX {self._name} does not speak with us at {self._place}: {link.lost.result()}")
        self.greeting = link.greeted.result()

    async def _login(self, link: Link) -> None:
        user = self._endpoint.user
        fields = {"Username": user, "Secret": self._endpoint.password.reveal(), "Events": "on"}
        try:
            await self._answers(link, "Login", fields, LOGIN_SECONDS)
        except PbxRefused as error:
            raise PbxRefused(
                f"PBX {self._name}: login refused at {self._place} ({error}): correct the password, or secret, permit= "
                f"and deny= of [{user}] in manager.conf"
            ) from error

    async def _set_filter(self, link: Link) -> None:
        self.unfiltered = ""
        try:
            for expression in self._expressions:
                await self._answers(link, "Filter", {"Operation": "Add", "Filter": expression}, LOGIN_SECONDS)
        except PbxRefused as error:
            self.unfiltered = f"PBX {self._name} sends every event, used or not: {error}"

    async def _used(self, link: Link) -> bool:
        """Until the connection is lost; whether it had come up."""
        self._link = link
        try:
            async with asyncio.TaskGroup() as tasks:
                helpers = [tasks.create_task(self._watch(link)), tasks.create_task(self._come_up(link))]
                await asyncio.wait((link.lost,))
                for helper in helpers:
                    helper.cancel()
        finally:
            was_up, self._is_up = self._is_up, False
            self._link = None
            link.drop("let go")
        reason = link.lost.result()
        self._say(f"PBX {self._name}: the connection to {self._place} was lost: {reason}")
        self._went_down(reason)
        return was_up

    async def _come_up(self, link: Link) -> None:
        try:
            await self._came_up()
        except (PbxRefused, PbxUnreachable, TimeoutError) as error:
            link.drop(f"what lives there is not known: {error}")
        else:
            self._is_up = True
            self._say("")

    async def _watch(self, link: Link) -> None:
        while not link.lost.done():
            idle_seconds = self._clock.now() - link.heard_at
            if idle_seconds >= SILENCE_SECONDS:
                link.drop(f"it has said nothing for {idle_seconds:.0f} s, not even to a ping")
                return
            if idle_seconds >= PING_SECONDS:
                link.ask("Ping", {})
                due = min(self._clock.now() + PING_SECONDS, link.heard_at + SILENCE_SECONDS)
            else:
                due = link.heard_at + PING_SECONDS
            await self._clock.sleep_until(due)
            if self._clock.now() - due > _OVERSLEPT_SECONDS:
                link.heard_at = self._clock.now()

    # Asking

    def _present(self, action: str) -> Link:
        if self._link is None:
            raise PbxUnreachable(f"PBX {self._name} is not connected: {action} was not sent")
        return self._link

    async def _answers(
        self, link: Link, action: str, fields: Fields, limit_seconds: float, *, as_list: bool = False
    ) -> list[AmiMessage]:
        question = self._asked(link, action, fields, as_list=as_list)
        try:
            await self._within(limit_seconds, question.future)
        except TimeoutError:
            raise TimeoutError(f"PBX {self._name} did not answer {action} within {limit_seconds:g} s") from None
        finally:
            link.forget(question)
        if question.future.cancelled():
            reason = link.lost.result() if link.lost.done() else "the connection ended"
            raise PbxUnreachable(f"PBX {self._name} did not answer {action}: {reason}")
        answers = question.messages
        if answers[0].response.lower() in {"error", "fail", "failure"}:
            raise PbxRefused(f"PBX {self._name} refused {action}: {answers[0].get('Message') or 'no reason given'}")
        return answers

    def _asked(self, link: Link, action: str, fields: Fields, *, as_list: bool) -> Question:
        try:
            return link.ask(action, fields, as_list=as_list)
        except ValueError as error:
            raise PbxRefused(f"{action} is not sent to PBX {self._name}: {error}") from error
        except ConnectionError as error:
            raise PbxUnreachable(f"PBX {self._name} is not connected: {action} was not sent") from error

    async def _within(self, seconds: float, future: asyncio.Future[Any]) -> None:
        """Until the future is done or cancelled; raises what it raised, or TimeoutError."""
        alarm = asyncio.create_task(self._clock.sleep_until(self._clock.now() + seconds))
        try:
            await asyncio.wait((future, alarm), return_when=asyncio.FIRST_COMPLETED)
        finally:
            alarm.cancel()
        if not future.done():
            raise TimeoutError
        if not future.cancelled():
            future.result()

    @property
    def _place(self) -> str:
        return f"{self._endpoint.host}:{self._endpoint.port}"

    def _say(self, trouble: str) -> None:
        if trouble and trouble != self.trouble:
            _log.warning("AMI trouble", extra={"pbx": self._name, "hint": trouble})
        self.trouble = trouble


def _tls(ca: str) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=ca or None)
