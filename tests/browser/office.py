"""The calls of Harbour Logistics, one in every state that the page shows; of Riverside, very many; of Mallory, hostile.

Ids are as everywhere in a seeded house: `harbour-parcel` is a call, `harbour-recording-parcel` its recording.
"""

from pathlib import Path
from typing import Final

from connector.domain.call import Direction, Role, Verdict
from connector.domain.decision import Due
from connector.domain.ids import ChannelId
from connector.domain.keeping import Hold
from connector.domain.options import AudioFormat, ChannelLayout, RecordingOptions
from connector.domain.retention import RETENTION
from connector.domain.states import DeliveryEvent, RecordingEvent, RecordingState
from connector.roles.foundation import Foundation
from connector.services.retention import EXPIRED
from tests.api.seeds import recording_id
from tests.browser.conversations import Quiet, conversation
from tests.browser.hostile_texts import HOSTILE
from tests.browser.sowing import Person, Sowing, Wish, sowing, with_transcript
from tests.builders import a_leg, a_segment

HARBOUR: Final = "harbour"
RIVERSIDE: Final = "riverside"
MALLORY: Final = "mallory"
ORGANISATIONS: Final = (HARBOUR, RIVERSIDE, MALLORY)
#: Enough for several pages of the list.
RIVERSIDE_CALLS: Final = 450

ADA = Person(number="201", name="Ada Lovelace")
GRACE = Person(number="202", name="Grace Hopper")
ALAN = Person(number="203", name="Alan Turing")
AGENTS: Final = (ADA, GRACE, ALAN)
ZOE = Person(number="+4930123456", name="Zoé Müller")
JUN = Person(number="+81312345678", name="田中 淳")
SAM = Person(number="+442071838750", name="Sam O’Neill")
WITHHELD = Person(number="anonymous")

C, A, R = Role.CALLER, Role.AGENT, RecordingState
MINUTE: Final = 60.0
HOUR: Final = 3600.0
DAY: Final = 86_400.0

PARCEL: Final = conversation(
    (A, "Harbour Logistics, good morning, this is Ada. How can I help you?"),
    (C, "Good morning. My parcel should have come on Tuesday, and it is still not here."),
    (A, "I am sorry to hear that. May I have the number of the order, please?"),
    (C, "Of course. It is four seven one one, and the name is Müller."),
    Quiet("hold", 9.0),
    (A, "Thank you for waiting. The parcel was in Hamburg this morning, so it comes tomorrow before noon."),
    (C, "Tomorrow is fine. Can I pay for the delivery by card?"),
    (A, "Yes. I stop the recording while you tell me the number."),
    Quiet("pause", 7.0),
    (A, "Thank you, that has worked. Is there anything else?"),
    Quiet("gap", 3.0),
    (C, "No, that was all. Thank you very much for your help."),
    (A, "You are welcome. Have a good day."),
)
SHORT: Final = conversation(
    (C, "Hello, it is about the invoice of last week."),
    (A, "One moment, please, I have a look at it."),
    (C, "There is a line on it that I do not understand."),
    (A, "I send you a corrected one this afternoon."),
)
AGAIN: Final = conversation((A, "Here I am again. Your delivery is booked for Friday."), (C, "Wonderful, thank you."))


async def sow(ground: Foundation, archive: Path) -> None:
    """All of them; what tests/api has in each house lies beside."""
    async with sowing(ground, ORGANISATIONS) as (harbour, riverside, mallory):
        await _heard(harbour)
        await _formats(harbour)
        await _kept(harbour)
        await _several(harbour)
        await _conference(harbour)
        await _failed(harbour)
        await _nothing_to_hear(harbour)
        await _removed(harbour)
        await _live(harbour)
        await _very_many(riverside)
        await _hostile(mallory)
        await harbour.house.retention.reckon()


async def _heard(harbour: Sowing) -> None:
    parcel = Wish(
        what="parcel",
        ago=9 * MINUTE,
        caller=ZOE,
        agent=ADA,
        queue="sales",
        tags=("vip", "delivery"),
        notes=("Promised for tomorrow before noon.", "She called about the same parcel on Monday."),
        options=with_transcript(RecordingOptions(channels=ChannelLayout.BOTH)),
    )
    await harbour.heard(await harbour.recorded(parcel, PARCEL), PARCEL)
    invoice = Wish(
        what="invoice",
        ago=41 * MINUTE,
        caller=JUN,
        agent=GRACE,
        direction=Direction.OUTBOUND,
        tags=("invoice",),
        options=with_transcript(),
    )
    await harbour.heard(await harbour.recorded(invoice, SHORT), SHORT)
    unheard = Wish(what="unheard", ago=2.2 * HOUR, caller=SAM, agent=ALAN, queue="claims", options=with_transcript())
    await harbour.unheard(await harbour.recorded(unheard, SHORT), "the engine 'local' has no model: callreel doctor")
    hearing = Wish(what="hearing", ago=52 * MINUTE, caller=SAM, agent=GRACE, queue="sales", options=with_transcript())
    await harbour.unheard(await harbour.recorded(hearing, SHORT))


async def _formats(harbour: Sowing) -> None:
    for number, format in enumerate(AudioFormat):
        options = RecordingOptions(format=format, channels=ChannelLayout.STEREO, separate=format is AudioFormat.WAV)
        wish = Wish(what=f"format-{format}", ago=(3 + number) * HOUR, caller=SAM, agent=ALAN, options=options)
        await harbour.recorded(wish, SHORT)
    mono = RecordingOptions(channels=ChannelLayout.MONO)
    await harbour.recorded(Wish(what="mono", ago=8 * HOUR, caller=WITHHELD, agent=ADA, options=mono), SHORT)
    internal = Wish(what="internal", ago=8.5 * HOUR, caller=ALAN, agent=GRACE, direction=Direction.INTERNAL)
    await harbour.recorded(internal, SHORT)


async def _kept(harbour: Sowing) -> None:
    keeping = harbour.house.catalogue.keeping
    for what in ("held", "releasing"):
        wish = Wish(what=what, ago=1.2 * DAY, caller=ZOE, agent=GRACE, queue="claims", tags=("claim",))
        id = await harbour.recorded(wish, SHORT)
        hold = Hold(
            recording_id=id,
            organisation=HARBOUR,
            by="key harbour admin",
            at=harbour.now - HOUR,
            reason="claim 2026-114, kept for the court",
        )
        await keeping.hold(hold)
    await keeping.ask_release(recording_id(HARBOUR, "releasing"), "key harbour admin", harbour.now - MINUTE)


async def _several(harbour: Sowing) -> None:
    """Stopped and begun again: a recording each."""
    wish = Wish(what="several", ago=26 * MINUTE, caller=ZOE, agent=ALAN, queue="sales")
    call = harbour.call(wish, seconds=SHORT.seconds + 30 + AGAIN.seconds)
    for what, talk, after in (("several", SHORT, 0.0), ("several-again", AGAIN, SHORT.seconds + 30)):
        later = harbour.call(Wish(what="several", ago=wish.ago - after, caller=ZOE, agent=ALAN), seconds=talk.seconds)
        id = await harbour.captured(later, what, talk)
        await harbour.work(id, "render", "store")
    await harbour.apply(call)


async def _conference(harbour: Sowing) -> None:
    wish = Wish(what="meeting", ago=1.4 * DAY, caller=ADA, agent=GRACE, direction=Direction.INTERNAL)
    call = harbour.call(wish, seconds=SHORT.seconds)
    legs = tuple(
        a_leg(
            channel=ChannelId(f"{HARBOUR}-meeting-{person.number}"),
            number=person.number,
            name=person.name,
            device=f"PJSIP/{person.number}",
            created_at=call.started_at,
            answered_at=call.answered_at,
            ended_at=call.ended_at,
        )
        for person in AGENTS
    )
    await harbour.conference(call, legs, "meeting", SHORT)


async def _failed(harbour: Sowing) -> None:
    lost = harbour.call(Wish(what="failed-capture", ago=1.1 * HOUR, caller=ZOE, agent=ADA), seconds=44)
    reason = "the PBX refused the recorder: no space left on device"
    await harbour.apply(lost, harbour.recording(lost, "failed-capture", R.FAILED_CAPTURE, reason=reason))
    silent = harbour.call(Wish(what="failed-render", ago=1.3 * HOUR, caller=SAM, agent=ADA), seconds=44)
    segment = a_segment(
        id=f"{silent.id}-caller",
        recording_id=recording_id(HARBOUR, "failed-render"),
        call_id=silent.id,
        channel=silent.legs[0].channel,
        path="deleted-by-somebody.wav",
    )
    await harbour.apply(silent, harbour.recording(silent, "failed-render", R.CAPTURED), segment)
    await harbour.work(recording_id(HARBOUR, "failed-render"), "render")
    await _not_delivered(harbour)


async def _not_delivered(harbour: Sowing) -> None:
    shipping = harbour.house.catalogue.shipping
    refused = harbour.call(Wish(what="failed-store", ago=1.6 * HOUR, caller=JUN, agent=ADA), seconds=SHORT.seconds)
    id = await harbour.captured(refused, "failed-store", SHORT)
    await harbour.work(id, "render")
    for delivery in await harbour.deliveries(id):
        reason = "bucket 'calls' refused the upload (403): may the key 'AKIA…' put objects there?"
        await shipping.delivery_moved(delivery, DeliveryEvent.REFUSED, reason=reason)
    await harbour.work(id, "store")
    waiting = harbour.call(Wish(what="waiting", ago=3 * MINUTE, caller=JUN, agent=ADA), seconds=SHORT.seconds)
    id = await harbour.captured(waiting, "waiting", SHORT)
    await harbour.work(id, "render")
    for delivery in await harbour.deliveries(id):
        due = Due(kind="ship", subject=id, attempt=2, node="here", at=harbour.now + 600)
        await shipping.delivery_postponed(delivery, "the bucket 'calls' does not answer: connection refused", due)
    captured = harbour.call(Wish(what="captured", ago=2 * MINUTE, caller=SAM, agent=ADA), seconds=SHORT.seconds)
    await harbour.captured(captured, "captured", SHORT)


async def _nothing_to_hear(harbour: Sowing) -> None:
    off = Verdict(record=False, reason="the rule for queue 'claims': never")
    missed = Wish(what="no-answer", ago=14 * MINUTE, caller=ZOE, agent=GRACE, queue="sales")
    short = harbour.call(Wish(what="too-short", ago=17 * MINUTE, caller=ZOE, agent=GRACE, queue="sales"), seconds=1)
    reason = "it ended before two parties had talked"
    await harbour.apply(
        harbour.call(missed, seconds=20, is_answered=False),
        short,
        harbour.recording(short, "too-short", R.ABSENT, reason=reason, started_at=None),
        harbour.call(
            Wish(what="off", ago=19 * MINUTE, caller=SAM, agent=ALAN, queue="claims", over=(("verdict", off),)),
            seconds=184,
        ),
    )


async def _removed(harbour: Sowing) -> None:
    keeping = harbour.house.catalogue.keeping
    for what, event, by, reason, days in (
        ("expired", RecordingEvent.EXPIRED, RETENTION, EXPIRED, 31),
        ("erased", RecordingEvent.ERASED, "key harbour admin", "the caller wished it (GDPR)", 2),
    ):
        wish = Wish(what=what, ago=days * DAY, caller=ZOE, agent=ADA, queue="sales")
        id = await harbour.recorded(wish, SHORT)
        await harbour.heard(id, SHORT)
        await keeping.remove(id, event, reason, harbour.now - HOUR, by=by)
        await harbour.gone(id)


async def _live(harbour: Sowing) -> None:
    """`live` is recorded, `live-paused` paused, `live-asked` about to be, `live-off` by rule not; another rings."""
    recorded = {"live": R.RECORDING, "live-paused": R.PAUSED, "live-asked": R.REQUESTED}
    people = {"live": (ZOE, ADA), "live-paused": (JUN, GRACE), "live-asked": (SAM, ALAN)}
    for number, (what, state) in enumerate(recorded.items(), 1):
        caller, agent = people[what]
        call = harbour.call(Wish(what=what, ago=95 * number, caller=caller, agent=agent, queue="sales"), seconds=None)
        await harbour.apply(call, *harbour.running(call, what, state))
    off = Verdict(record=False, reason="the rule for queue 'claims': never")
    claims = Wish(what="live-off", ago=210, caller=SAM, agent=ALAN, queue="claims", over=(("verdict", off),))
    ringing = Wish(what="live-ringing", ago=8, caller=WITHHELD, agent=GRACE, queue="sales")
    await harbour.apply(harbour.call(claims, seconds=None), harbour.call(ringing, seconds=None, is_answered=False))


async def _very_many(riverside: Sowing) -> None:
    """One every 20 minutes; the newest is `riverside-0`."""
    await riverside.apply(
        *(
            riverside.call(
                Wish(
                    what=str(number),
                    ago=(number + 1) * 20 * MINUTE,
                    caller=Person(number=f"+4930{1_000_000 + number * 7919 % 9_000_000}"),
                    agent=AGENTS[number % 3],
                    direction=list(Direction)[number % 3],
                    queue=("sales", "claims", "")[number % 3],
                ),
                seconds=float(20 + number * 37 % 900),
                is_answered=number % 5 != 0,
            )
            for number in range(RIVERSIDE_CALLS)
        )
    )
    recorded = Wish(what="recorded", ago=10 * MINUTE, caller=ZOE, agent=ADA, options=with_transcript())
    await riverside.heard(await riverside.recorded(recorded, SHORT), SHORT)


async def _hostile(mallory: Sowing) -> None:
    """A call for each text, which stands wherever a stranger's text can stand."""
    for number, (name, text) in enumerate(HOSTILE.items()):
        wish = Wish(
            what=name,
            ago=(number + 1) * 7 * MINUTE,
            caller=Person(number=text[:80], name=text),
            agent=Person(number="201", name=text),
            queue=text[:80],
            tags=(text[:60],),
            notes=(text,),
            options=with_transcript(RecordingOptions(channels=ChannelLayout.STEREO)),
        )
        talk = conversation((C, text), (A, f"You said: {text}"))
        await mallory.heard(await mallory.recorded(wish, talk), talk)
    text = next(iter(HOSTILE.values()))
    lost = mallory.call(Wish(what="lost", ago=3, caller=Person(number=text), agent=ADA), seconds=2)
    await mallory.apply(lost, mallory.recording(lost, "lost", R.FAILED_CAPTURE, reason=text))
    live = Wish(what="live", ago=50, caller=Person(number=text, name=text), agent=Person(number=text, name=text))
    call = mallory.call(live, seconds=None)
    await mallory.apply(call, *mallory.running(call, "live", R.RECORDING))
