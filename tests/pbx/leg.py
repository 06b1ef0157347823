"""One call of a phone: what it may do with it, what it knows of it."""

import asyncio
import itertools
import time
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from tests.pbx import noise, sip
from tests.pbx.noise import Run
from tests.pbx.rtp import Media, RtpStream
from tests.pbx.sip import Message
from tests.pbx.sounds import CODINGS, FRAMES_PER_SECOND, ULAW, Coding, Noise, Sound
from tests.pbx.waiting import until

ANSWER_LIMIT_SECONDS: Final = 15.0
HEARING_LIMIT_SECONDS: Final = 10.0
_HEARING_PAUSE_SECONDS: Final = 0.1
#: Each leg has a stream of its own; the last ones belong to Asterisk.
_streams: Final = itertools.cycle(range(1, noise.MUSIC))


class Line(Protocol):
    """What a leg needs of its phone."""

    media: Media

    @property
    def address(self) -> str: ...

    @property
    def pbx_address(self) -> str: ...

    def send(self, message: Message) -> None: ...

    async def transact(self, request: Message) -> Message:
        """The final response."""
        ...

    def forget(self, leg: "Leg") -> None: ...


class Leg:
    """Made by `Phone.call` and `Phone.incoming`."""

    def __init__(
        self, line: Line, user: str, *, sound: Sound | None = None, sequence: int | None = None, coding: Coding = ULAW
    ) -> None:
        self.user = user
        self.stream = next(_streams)
        self.rtp = RtpStream(sound or Noise(self.stream), sequence=sequence)
        self.coding = coding
        self.direction = "sendrecv"
        self.ringing = asyncio.Event()
        self.answered = asyncio.Event()
        self.ended = asyncio.Event()
        #: The first sound came.
        self.hears = asyncio.Event()
        #: Of the call's final response; 0 until then.
        self.code = 0
        #: What NOTIFY told of a transfer: "100 Trying", "200 OK".
        self.transfer_replies: list[str] = []
        self.answered_at = 0.0
        self.ended_at = 0.0
        #: As SIP names it.
        self.call_id = sip.token()
        self.local_tag = sip.token()
        self.remote_tag = ""
        self.local_uri = self.remote_uri = self.target = ""
        #: The request that began an incoming call.
        self.invitation: Message | None = None
        self._line = line
        self._number = itertools.count(1)
        self._version = itertools.count(1)
        self._last_answer: tuple[int, Message] | None = None
        self._loop = asyncio.get_running_loop()
        self.rtp.heard_first = self._sound_came

    # --- what a person does ---------------------------------------------------------------------------------------

    async def hang_up(self) -> None:
        if not self.ended.is_set():
            self.end()
            await self._line.transact(self.request("BYE"))

    async def cancel(self) -> None:
        """Give up while it rings."""
        assert self.invitation is not None
        original = self.invitation
        headers = tuple((key, value) for key, value in original.headers if key in {"Via", "From", "To", "Call-ID"})
        cancel = Message(f"CANCEL {self.target} SIP/2.0", (*headers, ("CSeq", f"{original.number} CANCEL")))
        self._line.send(cancel)
        await self.ended.wait()

    def ring(self) -> None:
        self._respond(180, "Ringing")

    def answer(self) -> None:
        """An incoming call."""
        if self.ended.is_set() or self.answered.is_set():
            return
        self._respond(200, "OK", self.description())
        self.begin()

    def reject(self, code: int = 486, reason: str = "Busy Here") -> None:
        self._respond(code, reason)
        self.code = code
        self.end()

    async def hold(self, direction: str = "sendonly") -> None:
        """sendonly or inactive; what is said meanwhile is `sound`'s business, and inactive says nothing."""
        self.direction = direction
        await self._invite_again()

    async def resume(self) -> None:
        await self.hold("sendrecv")

    async def transfer(self, extension: str) -> int:
        """A blind transfer; the code of the answer to REFER."""
        return await self._refer(f"<sip:{extension}@{self._line.pbx_address}>")

    async def transfer_to(self, other: "Leg") -> int:
        """An attended transfer: the peer of this leg to the peer of the other one."""
        replaces = f"{other.call_id}%3Bto-tag%3D{other.remote_tag}%3Bfrom-tag%3D{other.local_tag}"
        user = other.remote_uri.partition("sip:")[2].partition("@")[0]
        return await self._refer(f"<sip:{user}@{self._line.pbx_address}?Replaces={replaces}>")

    def press(self, keys: str) -> None:
        """As RFC 4733 says it, in the sound's place."""
        for key in keys:
            self.rtp.press(key)

    async def press_by_info(self, keys: str) -> None:
        """As SIP INFO says it; call as user "info", so that Asterisk takes it."""
        for key in keys:
            body = f"Signal={key}\r\nDuration=160\r\n"
            await self._line.transact(self.request("INFO", body, kind="application/dtmf-relay"))

    # --- what it knows --------------------------------------------------------------------------------------------

    @property
    def sound(self) -> Sound:
        return self.rtp.sound

    @sound.setter
    def sound(self, sound: Sound) -> None:
        self.rtp.sound = sound

    @property
    def sequence(self) -> int:
        """RTP's number of the frame sent last."""
        return self.rtp.sequence

    @property
    def began(self) -> float:
        """Wall clock of the first sample of what it says."""
        assert self.rtp.began is not None, f"{self.user} never said anything"
        return self.rtp.began

    def said(self) -> list[tuple[int, int]]:
        """Samples of its own noise that it really sent, as half-open spans."""
        frame = self.coding.frame
        own = Noise(self.stream)
        return [(span.first * frame, span.end * frame) for span in self.rtp.said if _noise_of(span.sound) == own]

    def heard(self) -> list[tuple[float, Run]]:
        """The noise that came, with the wall clock of the arrival of each run's first frame."""
        heard = self.rtp.heard()
        found = noise.runs_of_codes(heard.codes)
        return [(float(heard.times[run.at // self.coding.frame]), run) for run in found]

    def heard_seconds(self) -> float:
        """How much sound came, of whatever kind."""
        return len(self.rtp.heard().codes) / self.coding.sample_rate

    def heard_arrivals(self) -> NDArray[np.float64]:
        """Wall clock of each frame that came."""
        return self.rtp.heard().times

    async def heard_from(self, stream: int, *, seconds: float = 0.1, limit_seconds: float = 0.0) -> None:
        """Until that much noise of that stream came since now."""
        since = self.rtp.packets_heard()
        enough = round(seconds * FRAMES_PER_SECOND)

        def has_heard() -> bool:
            # To look into the sound is dear, and a hundred legs may ask at the same time.
            if self.rtp.packets_heard() < since + enough:
                return False
            runs = noise.runs_of_codes(self.rtp.heard(since).codes, streams=[stream])
            return sum(run.length for run in runs) >= seconds * self.coding.sample_rate

        limit_seconds = limit_seconds or HEARING_LIMIT_SECONDS + 2 * seconds
        what = f"{seconds} s of stream {stream} at {self.user}"
        await until(has_heard, what, limit_seconds, pause_seconds=_HEARING_PAUSE_SECONDS)

    # --- what the phone does with it ------------------------------------------------------------------------------

    def request(self, method: str, body: str = "", *, kind: str = "application/sdp", number: int = 0) -> Message:
        to = f"<{self.remote_uri}>" + (f";tag={self.remote_tag}" if self.remote_tag else "")
        headers = [
            ("Via", f"SIP/2.0/UDP {self._line.address};rport;branch=z9hG4bK{sip.token()}"),
            ("Max-Forwards", "70"),
            ("From", f"{self.local_uri};tag={self.local_tag}"),
            ("To", to),
            ("Call-ID", self.call_id),
            ("CSeq", f"{number or next(self._number)} {method}"),
            ("Contact", f"<sip:{self.user}@{self._line.address}>"),
        ]
        if body:
            headers.append(("Content-Type", kind))
        return Message(f"{method} {self.target} SIP/2.0", tuple(headers), body)

    def description(self) -> str:
        return sip.description(
            port=self.rtp.port,
            name=self.coding.name,
            payload=self.coding.payload,
            direction=self.direction,
            version=next(self._version),
        )

    def agree(self, body: str) -> sip.Session:
        """Take what the other side describes."""
        session = sip.session(body)
        for coding in CODINGS:
            payload = session.payloads.get(coding.name)
            if payload is not None:
                self.coding = Coding(coding.name, payload, coding.sample_rate, coding.ticks, coding.size)
                break
        self.rtp.connect(session.host, session.port, self.coding)
        return session

    def begin(self) -> None:
        """The call is up: speak."""
        self.code = 200
        self.answered_at = time.time()
        self._line.media.add(self.rtp)
        self.answered.set()

    def end(self) -> None:
        if self.ended.is_set():
            return
        self.ended_at = time.time()
        self._line.media.remove(self.rtp)
        self.rtp.fetch()
        self.rtp.socket.close()
        self._line.forget(self)
        self.ended.set()

    def reinvited(self, request: Message) -> None:
        """The PBX holds or resumes: agree, and say nothing where nothing is wanted."""
        if self._last_answer is None or self._last_answer[0] != request.number:
            session = self.agree(request.body) if request.body else None
            self.direction = session.answering_direction if session else self.direction
            self._obey_direction()
            self._last_answer = request.number, self._reply(request, 200, "OK", self.description())
        self._line.send(self._last_answer[1])

    def contact(self) -> str:
        return f"sip:{self.user}@{self._line.address}"

    def _sound_came(self) -> None:
        """In the media's thread."""
        self._loop.call_soon_threadsafe(self.hears.set)

    def _respond(self, code: int, reason: str, body: str = "") -> None:
        assert self.invitation is not None
        answer = self._reply(self.invitation, code, reason, body)
        self._last_answer = self.invitation.number, answer
        self._line.send(answer)

    def _reply(self, request: Message, code: int, reason: str, body: str = "") -> Message:
        return sip.reply(request, code, reason, tag=self.local_tag, contact=self.contact(), body=body)

    async def _invite_again(self) -> None:
        response = await self._line.transact(self.request("INVITE", self.description()))
        self._line.send(self.request("ACK", number=response.number))
        assert response.code == 200, f"the PBX refused a re-INVITE: {response.start}"
        self.agree(response.body)
        self._obey_direction()

    def _obey_direction(self) -> None:
        self.rtp.may_send = self.direction in {"sendrecv", "sendonly"}

    async def _refer(self, target: str) -> int:
        request = self.request("REFER")
        more = (("Refer-To", target), ("Referred-By", f"<{sip.uri(self.local_uri)}>"))
        return (await self._line.transact(Message(request.start, (*request.headers, *more)))).code


def _noise_of(sound: Sound) -> Sound:
    """What a burst consists of."""
    return getattr(sound, "sound", sound)
