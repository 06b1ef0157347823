"""A phone with many lines: one SIP socket, legs in any number, one thread for their sound.

Knows how calls begin and end; what is done in a call is the leg's business.
"""

import asyncio
import collections
import functools
from dataclasses import dataclass
from types import TracebackType
from typing import Final, Self

from tests.pbx import sip
from tests.pbx.leg import ANSWER_LIMIT_SECONDS, Leg
from tests.pbx.rtp import Media
from tests.pbx.sip import Message
from tests.pbx.sounds import ULAW, Coding, Sound

RESEND_SECONDS: Final = 0.5
RESPONSE_LIMIT_SECONDS: Final = 32.0


class Unanswered(Exception):
    """The PBX did not answer a request, or a call was refused."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """How a phone takes the calls of one user. `answers_after_seconds=None`: it rings until somebody answers."""

    answers_after_seconds: float | None = 0.02
    hangs_up_after_seconds: float | None = None
    rejects_with: int = 0
    sound: Sound | None = None
    #: RTP's number of the first frame; None is any.
    sequence: int | None = None


@dataclass(slots=True)
class _Transaction:
    request: bytes
    response: asyncio.Future[Message]
    timer: asyncio.TimerHandle | None = None
    is_provisionally_answered: bool = False


class Phone(asyncio.DatagramProtocol):
    """`async with Phone(asterisk.ports.sip, asterisk.ports.phone) as phone:`"""

    def __init__(self, pbx_port: int, port: int) -> None:
        self.media = Media()
        self.manners: dict[str, Manner] = {}
        self.legs: list[Leg] = []
        self.pbx_address = f"127.0.0.1:{pbx_port}"
        self.address = f"127.0.0.1:{port}"
        self._pbx = ("127.0.0.1", pbx_port)
        self._port = port
        self._live: dict[str, Leg] = {}
        self._rung: dict[str, asyncio.Queue[Leg]] = collections.defaultdict(asyncio.Queue)
        self._transactions: dict[str, _Transaction] = {}
        self._transport: asyncio.DatagramTransport | None = None

    # --- what a person does ---------------------------------------------------------------------------------------

    async def call(
        self,
        extension: str,
        *,
        user: str = "caller",
        name: str = "",
        sound: Sound | None = None,
        sequence: int | None = None,
        coding: Coding = ULAW,
        waits_for_answer: bool = True,
    ) -> Leg:
        """Dial; `user` is the caller's number and may name an endpoint (caller, passing, wide, g722, info)."""
        leg = Leg(self, user, sound=sound, sequence=sequence, coding=coding)
        leg.local_uri = f'"{name}" <sip:{user}@{self.address}>' if name else f"<sip:{user}@{self.address}>"
        leg.remote_uri = leg.target = f"sip:{extension}@{self.pbx_address}"
        self._take(leg)
        invitation = leg.request("INVITE", leg.description())
        leg.invitation = invitation
        answer = self._begin(invitation)
        answer.add_done_callback(functools.partial(self._concluded, leg))
        if waits_for_answer:
            await self.answer_of(leg)
        return leg

    async def answer_of(self, leg: Leg, limit_seconds: float = ANSWER_LIMIT_SECONDS) -> None:
        """Until a call that was dialled is answered; Unanswered when it is refused."""
        async with asyncio.timeout(limit_seconds):
            waits = [asyncio.ensure_future(event.wait()) for event in (leg.answered, leg.ended)]
            try:
                await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for wait in waits:
                    wait.cancel()
        if not leg.answered.is_set():
            raise Unanswered(f"{leg.remote_uri} was refused with {leg.code}")

    async def incoming(self, user: str, limit_seconds: float = ANSWER_LIMIT_SECONDS) -> Leg:
        """The next call that rings for that user, or did since this was last asked."""
        async with asyncio.timeout(limit_seconds):
            return await self._rung[user].get()

    async def answered(self, user: str, limit_seconds: float = ANSWER_LIMIT_SECONDS) -> Leg:
        """The next call for that user, once it is answered."""
        leg = await self.incoming(user, limit_seconds)
        async with asyncio.timeout(limit_seconds):
            await leg.answered.wait()
        return leg

    async def hang_up_all(self) -> None:
        for leg in list(self._live.values()):
            if leg.answered.is_set():
                await leg.hang_up()
            else:
                leg.end()

    # --- its life -------------------------------------------------------------------------------------------------

    async def start(self) -> None:
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.create_datagram_endpoint(lambda: self, local_addr=("127.0.0.1", self._port))
        self.media.start()

    async def close(self) -> None:
        """Ends its calls; says so to the PBX if that still hears."""
        for leg in list(self._live.values()):
            if leg.answered.is_set() and not leg.ended.is_set():
                self.send(leg.request("BYE"))
            leg.end()
        for transaction in self._transactions.values():
            self._settle(transaction)
            transaction.response.cancel()
        self.media.close()
        assert self._transport is not None
        self._transport.close()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        await self.close()

    # --- for its legs ---------------------------------------------------------------------------------------------

    def send(self, message: Message) -> None:
        assert self._transport is not None
        self._transport.sendto(message.encoded(), self._pbx)

    async def transact(self, request: Message) -> Message:
        async with asyncio.timeout(RESPONSE_LIMIT_SECONDS):
            return await self._begin(request)

    def forget(self, leg: Leg) -> None:
        self._live.pop(leg.call_id, None)

    # --- what comes -----------------------------------------------------------------------------------------------

    def error_received(self, exc: Exception) -> None:
        """The PBX is gone; that is the test's business."""

    def datagram_received(self, data: bytes, addr: object) -> None:
        message = sip.message(data)
        if message.is_response:
            self._responded(message)
        else:
            self._requested(message, self._live.get(message["Call-ID"]))

    def _responded(self, response: Message) -> None:
        transaction = self._transactions.get(response.branch)
        leg = self._live.get(response["Call-ID"])
        if response.code < 200:
            if transaction is not None:
                transaction.is_provisionally_answered = True
            if leg is not None and response.code >= 180:
                leg.ringing.set()
        elif response.method != "CANCEL" and transaction is not None and not transaction.response.done():
            self._settle(transaction)
            transaction.response.set_result(response)

    def _concluded(self, leg: Leg, answer: asyncio.Future[Message]) -> None:
        """A call that was dialled has its final response."""
        if answer.cancelled() or leg.ended.is_set():
            return
        response = answer.result()
        leg.remote_tag = sip.tag(response["To"])
        leg.code = response.code
        if response.code < 300:
            leg.target = sip.uri(response["Contact"])
            self.send(leg.request("ACK", number=response.number))
            leg.agree(response.body)
            leg.begin()
        else:
            assert leg.invitation is not None
            # This one belongs to the invitation's own transaction.
            acknowledgement = leg.request("ACK", number=response.number)
            headers = (("Via", leg.invitation["Via"]), *acknowledgement.headers[1:])
            self.send(Message(acknowledgement.start, headers))
            leg.end()

    def _requested(self, request: Message, leg: Leg | None) -> None:
        match request.method:
            case "ACK":
                pass
            case "INVITE" if leg is None:
                self._invited(request)
            case "INVITE" | "UPDATE" if leg is not None:
                leg.reinvited(request)
            case "CANCEL" if leg is not None:
                self.send(sip.reply(request, 200, "OK", tag=leg.local_tag))
                if not leg.answered.is_set():
                    leg.reject(487, "Request Terminated")
            case "BYE":
                self.send(sip.reply(request, 200, "OK"))
                if leg is not None:
                    leg.end()
            case method:
                if method == "NOTIFY" and leg is not None and request.body.startswith("SIP/2.0 "):
                    leg.transfer_replies.append(request.body.split("\r\n")[0].removeprefix("SIP/2.0 "))
                self.send(sip.reply(request, 200, "OK"))

    def _invited(self, request: Message) -> None:
        user = request.requested_user
        manner = self.manners.get(user) or self.manners.get("", Manner())
        leg = Leg(self, user, sound=manner.sound, sequence=manner.sequence)
        leg.call_id = request["Call-ID"]
        leg.invitation = request
        leg.remote_tag = sip.tag(request["From"])
        leg.local_uri, leg.remote_uri = f"<{sip.uri(request['To'])}>", sip.uri(request["From"])
        leg.target = sip.uri(request["Contact"])
        self._take(leg)
        leg.agree(request.body)
        self._rung[user].put_nowait(leg)
        if manner.rejects_with:
            leg.reject(manner.rejects_with, "Refused")
            return
        leg.ring()
        loop = asyncio.get_running_loop()
        if manner.answers_after_seconds is not None:
            loop.call_later(manner.answers_after_seconds, leg.answer)
            if manner.hangs_up_after_seconds is not None:
                loop.call_later(manner.answers_after_seconds + manner.hangs_up_after_seconds, self._leave, leg)

    def _leave(self, leg: Leg) -> None:
        if not leg.ended.is_set():
            leg.end()
            self._begin(leg.request("BYE"))

    def _take(self, leg: Leg) -> None:
        self._live[leg.call_id] = leg
        self.legs.append(leg)

    # --- requests of ours -----------------------------------------------------------------------------------------

    def _begin(self, request: Message) -> asyncio.Future[Message]:
        loop = asyncio.get_running_loop()
        transaction = _Transaction(request.encoded(), loop.create_future())
        self._transactions[request.branch] = transaction
        self._send_again(transaction, 0.0)
        return transaction.response

    def _send_again(self, transaction: _Transaction, waited_seconds: float) -> None:
        """UDP may lose it, and a busy PBX does."""
        assert self._transport is not None
        if transaction.is_provisionally_answered:
            return
        self._transport.sendto(transaction.request, self._pbx)
        wait_seconds = min(max(RESEND_SECONDS, 2 * waited_seconds), 4.0)
        loop = asyncio.get_running_loop()
        transaction.timer = loop.call_later(wait_seconds, self._send_again, transaction, wait_seconds)

    def _settle(self, transaction: _Transaction) -> None:
        if transaction.timer is not None:
            transaction.timer.cancel()
