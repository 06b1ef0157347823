"""Finds out what there is to tell of a recording, and to whom, and puts it into the outbox. May run any number of
times, in any order: what is there already stays as it is.

Knows endpoints' wishes; must not know how anything is sent, nor where to.
"""

import logging
import random
from collections.abc import Callable, Mapping
from dataclasses import replace

from connector.domain.bodies import body
from connector.domain.call import CallState
from connector.domain.decision import Due
from connector.domain.ids import Moment, RecordingId
from connector.domain.news import News, news
from connector.domain.notification import TELLING, Notification, Shape, Told, notification_id, telling
from connector.domain.states import NotificationState
from connector.network.backoff import next_try
from connector.ports.clock import Clock
from connector.ports.dues import Dues
from connector.ports.engine import Step
from connector.ports.notification_ledger import Disabled, NotificationLedger
from connector.ports.shipping_ledger import RecordingFile, ShippingLedger
from connector.services.guarding import guarded
from connector.settings import NotificationSettings

log = logging.getLogger(__name__)

#: What onCallComplete says, once: that the recording is there, or that there is none.
_COMPLETES = frozenset({Told.AVAILABLE, Told.FAILED, Told.ABSENT})
_OF_A_DESTINATION = frozenset({Told.AVAILABLE, Told.TRANSCRIBED})
#: A call that goes on after its recording was stopped is looked at this often until it is complete.
_CALL_SECONDS = 60.0
_CALL_GOES_ON = "call goes on"


class Telling:
    def __init__(
        self,
        ledger: ShippingLedger,
        dues: Dues,
        notifications: NotificationLedger,
        endpoints: Callable[[], Mapping[str, NotificationSettings]],
        clock: Clock,
        draw: Callable[[], float] = random.random,
    ) -> None:
        """`endpoints` are those of the configuration as it is now, by name."""
        self._ledger = ledger
        self._dues = dues
        self._notifications = notifications
        self._endpoints = endpoints
        self._clock = clock
        self._draw = draw

    @property
    def steps(self) -> list[tuple[str, Step]]:
        return guarded((("tell", self.tell),), self._stumbled)

    async def tell(self, subject: str, attempt: int) -> None:
        """Everything that its state has come to stands in the outbox, for everyone who wants to hear it."""
        recording_id, _, why = subject.partition("/")
        endpoints = self._endpoints()
        file = await self._ledger.file(RecordingId(recording_id)) if endpoints else None
        if file is None:
            return
        found = _notifications(file, endpoints, self._clock.now())
        if found:
            disabled = await self._notifications.disabled()
            found = [_unless_disabled(one, endpoints[one.endpoint], disabled.get(one.endpoint)) for one in found]
            if added := await self._notifications.add(found):
                log.info("to be told", extra=_facts(file) | {"notifications": str(added)})
        if _waits_for_call(file, endpoints):
            await self._look_again(file, attempt + 1 if why == _CALL_GOES_ON else 1)

    async def _look_again(self, file: RecordingFile, attempt: int) -> None:
        due = telling(file.recording.id, _CALL_GOES_ON, self._clock.now() + _CALL_SECONDS)
        await self._dues.add([replace(due, attempt=attempt)])

    async def _stumbled(self, subject: str, attempt: int, reason: str) -> None:
        wait = next_try(attempt, self._draw())
        if wait is None:
            log.error("not told", extra={"recording_id": subject, "hint": reason})
        else:
            due = Due(kind=TELLING, subject=subject, attempt=attempt + 1, at=self._clock.now() + wait)
            await self._dues.add([due])


def _notifications(
    file: RecordingFile, endpoints: Mapping[str, NotificationSettings], now: Moment
) -> list[Notification]:
    """In the order in which they came to pass."""
    # What is told once of a recording may be available in several places: then the first counts.
    found: dict[str, Notification] = {}
    for one in news(file.recording, file.call, file.deliveries, now):
        for name, endpoint in endpoints.items():
            if _hears(endpoint, one.told, file):
                made = _notification(one, name, endpoint.format, file, now)
                found.setdefault(made.id, made)
    return list(found.values())


def _hears(endpoint: NotificationSettings, told: Told, file: RecordingFile) -> bool:
    if endpoint.organisations and file.recording.organisation not in endpoint.organisations:
        return False
    if endpoint.format is Shape.DIALGEN:
        return told in _COMPLETES and file.call.state is not CallState.LIVE
    return not endpoint.events or told in endpoint.events


def _waits_for_call(file: RecordingFile, endpoints: Mapping[str, NotificationSettings]) -> bool:
    """Whether somebody will hear more as soon as the call is over."""
    over = replace(file, call=replace(file.call, state=CallState.ENDED))
    found = news(file.recording, file.call, file.deliveries, 0.0) if file.call.state is CallState.LIVE else []
    return any(
        _hears(endpoint, one.told, over)
        for one in found
        for endpoint in endpoints.values()
        if endpoint.format is Shape.DIALGEN
    )


def _notification(one: News, endpoint: str, shape: Shape, file: RecordingFile, now: Moment) -> Notification:
    recording = file.recording
    about = "" if shape is Shape.DIALGEN else one.about if one.version == 1 else f"{one.about}/{one.version}"
    return Notification(
        id=notification_id(recording.id, one.told, about, endpoint),
        endpoint=endpoint,
        organisation=recording.organisation,
        recording_id=recording.id,
        call_id=file.call.id,
        told=one.told,
        destination=one.about if one.told in _OF_A_DESTINATION else "",
        body=body(shape, one, recording, file.call, file.rendering),
        created_at=now,
        next_at=now,
    )


def _unless_disabled(one: Notification, endpoint: NotificationSettings, disabled: Disabled | None) -> Notification:
    """It said that it is gone; another address is another endpoint."""
    if disabled is None or disabled.url != endpoint.url:
        return one
    return replace(one, state=NotificationState.CANCELLED, reason=disabled.reason)


def _facts(file: RecordingFile) -> dict[str, str]:
    recording = file.recording
    return {"recording_id": recording.id, "call_id": recording.call_id, "organisation": recording.organisation}
