"""What the law asks before a call is recorded: who was asked, and who answered with which key. Begins nothing.

It stands above rules and instructions: force, too, records nobody who has not agreed.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime

from connector.domain.call import Asked, Call, Leg, Verdict
from connector.domain.ids import Moment
from connector.domain.options import Consent, RecordingOptions
from connector.domain.policy import Ruling

#: The key that a party pressed when the dialplan itself asked; Asterisk's and FreeSWITCH's spelling.
CONSENT_VARIABLES = ("CALLREEL_CONSENT", "callreel_consent")


def is_consent(variable: str) -> bool:
    return variable.lstrip("_") in CONSENT_VARIABLES


def is_question_open(ruling: Ruling, call: Call) -> bool:
    """Somebody has to be asked before, or while, this call is recorded, and was not."""
    return ruling.options.consent is not None and ruling.verdict.record and call.consent is None


def told_before(consent: Consent, legs: Iterable[Leg], at: Moment) -> Asked | None:
    """What the dialplan has asked and been answered before."""
    for leg in legs:
        if any(is_consent(name) and value.strip() == consent.key for name, value in leg.variables):
            return Asked(key=consent.key, by=_party(leg), at=at)
    return None


def answer(asked: Asked | None, consent: Consent | None, leg: Leg, key: str, at: Moment) -> Asked | None:
    """The answer that this key is; None when it is none, or was given before."""
    if asked is None or consent is None or asked.at is not None or key.strip() != consent.key:
        return None
    return replace(asked, key=consent.key, by=_party(leg), at=at)


def is_refused(options: RecordingOptions, call: Call) -> bool:
    """Somebody said no with a key, not only nothing."""
    return options.consent is not None and options.consent.otherwise and _is_pressed(options.consent, call.consent)


def lawful(ruling: Ruling, call: Call) -> Ruling:
    """The ruling with the parties' answer above it, and the evidence in its reason."""
    consent = ruling.options.consent
    if consent is None or not ruling.verdict.record:
        return ruling
    is_pressed = _is_pressed(consent, call.consent)
    reason = f"{ruling.verdict.reason}; consent: {_evidence(consent, call.consent if is_pressed else None)}"
    if is_pressed is consent.otherwise:
        return replace(ruling, verdict=Verdict(record=False, is_final=True, reason=reason))
    return replace(ruling, verdict=replace(ruling.verdict, reason=reason))


def _is_pressed(consent: Consent, asked: Asked | None) -> bool:
    return asked is not None and asked.at is not None and asked.key == consent.key


def _evidence(consent: Consent, asked: Asked | None) -> str:
    if asked is None or asked.at is None:
        return f"nobody has pressed key {consent.key}"
    moment = datetime.fromtimestamp(asked.at, UTC).isoformat(timespec="seconds")
    return f"key {asked.key} by {asked.by} at {moment}"


def _party(leg: Leg) -> str:
    return leg.number or leg.name or leg.device or leg.channel
