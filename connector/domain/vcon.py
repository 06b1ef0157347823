"""A call's words as a vCon, the IETF's container for conversations (draft-ietf-vcon-vcon-core, syntax 0.4.0). Pure.

The sound is named with its hash, never put in nor linked: links of ours end, a vCon is kept.
"""

import re
from base64 import urlsafe_b64encode
from collections.abc import Sequence
from typing import Final

from connector.domain.call import Call, CallKind, Direction, Role
from connector.domain.content_types import content_type
from connector.domain.ids import Moment, derived_id
from connector.domain.moments import iso
from connector.domain.recording import Artefact, ChannelLabel
from connector.domain.speech import Word
from connector.domain.transcript import Transcript
from connector.domain.transcript_document import VERSION, Occasion, document

SYNTAX: Final = "0.4.0"
MEDIA_TYPE: Final = "application/vcon+json"
VENDOR: Final = "callreel"
_NUMBER: Final = re.compile(r"\+[0-9]{3,15}")


def vcon(
    transcript: Transcript,
    words: Sequence[Sequence[Word]],
    occasion: Occasion,
    call: Call,
    sound: Artefact | None = None,
) -> dict[str, object]:
    """Unsigned. The same version of a transcript is the same vCon. `sound`: which file of the recording was kept."""
    made_at = transcript.made_at if transcript.made_at is not None else occasion.began_at
    return {
        "vcon": SYNTAX,
        "uuid": derived_id("vcon", transcript.recording_id, str(transcript.version)),
        "created_at": _date(made_at),
        "parties": [_party(label, call) for label in occasion.channels],
        "dialog": [_dialog(occasion, call, sound)],
        "analysis": [_analysis(transcript, words, occasion)],
    }


def _party(label: ChannelLabel, call: Call) -> dict[str, object]:
    party: dict[str, object] = {}
    if _NUMBER.fullmatch(label.party):
        party["tel"] = label.party
    elif label.party.startswith(("sip:", "sips:")):
        party["sip"] = label.party
    elif label.party:
        party["name"] = label.party
    if label.role is Role.AGENT and call.agent_name and label.party == call.agent_id:
        party["name"] = call.agent_name
    return party


def _dialog(occasion: Occasion, call: Call, sound: Artefact | None) -> dict[str, object]:
    heard = sound.channels if sound is not None and sound.channels else occasion.channels
    parties = [occasion.channels.index(label) for label in heard if label in occasion.channels]
    dialog: dict[str, object] = {
        "type": "recording",
        "start": _date(occasion.began_at),
        "duration": round(occasion.duration_seconds, 3),
        "parties": parties,
        "application": VENDOR,
    }
    originator = _originator(occasion.channels, call)
    if originator is not None and parties[:1] != [originator]:
        dialog["originator"] = originator
    return dialog | (_file(sound) if sound is not None else {})


def _originator(channels: Sequence[ChannelLabel], call: Call) -> int | None:
    """Of a conference nobody is."""
    if call.kind is CallKind.CONFERENCE:
        return None
    role = Role.AGENT if call.direction is Direction.OUTBOUND else Role.CALLER
    return next((place for place, label in enumerate(channels) if label.role is role), None)


def _file(sound: Artefact) -> dict[str, object]:
    name = sound.path.rpartition("/")[2]
    return {"mediatype": content_type(name), "filename": name, "content_hash": _hash(sound.sha256)}


def _analysis(transcript: Transcript, words: Sequence[Sequence[Word]], occasion: Occasion) -> dict[str, object]:
    return {
        "type": "transcript",
        "dialog": 0,
        "vendor": VENDOR,
        "product": " ".join(filter(None, (transcript.engine, transcript.model))),
        "schema": f"callreel-transcript-{VERSION}",
        "mediatype": "application/json",
        "encoding": "json",
        "body": document(transcript, words, occasion),
    }


def _hash(sha256: str) -> str:
    return "sha256-" + urlsafe_b64encode(bytes.fromhex(sha256)).decode().rstrip("=")


def _date(moment: Moment) -> str:
    """RFC 3339 as JMAP writes it: a fraction of nothing is left out."""
    return iso(moment).replace(".000Z", "Z")
