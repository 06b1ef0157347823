"""How news of a recording is put into words: the body of a notification, as JSON, in the shape its endpoint wants.

Pure. Knows no endpoint and no secret. What Sinch and Dialgen document stands first and stays exactly so; ours follows.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Final, TypeAlias

from connector.domain.call import Call, CallKind
from connector.domain.ids import Moment
from connector.domain.moments import iso
from connector.domain.news import News
from connector.domain.notification import Shape, Told
from connector.domain.recording import Artefact, ArtefactKind, ChannelLabel, Delivery, Gap, Recording, Rendering

Facts: TypeAlias = dict[str, object]

#: As receivers of webhooks expect; what would make it longer is left out.
MOST_BYTES: Final = 20_000

_LONGEST_TEXT = 500
_UPPER = re.compile(r"(?<!^)([A-Z])")


def body(shape: Shape, news: News, recording: Recording, call: Call, rendering: Rendering | None) -> str:
    if shape is Shape.DIALGEN:
        return _written(_dialgen(call))
    worded = _WORDED[shape]
    texts = (_written(worded(news, recording, call, facts)) for facts in _shorter(_facts(news, recording, rendering)))
    text = next(texts)
    while len(text.encode()) >= MOST_BYTES and (shorter := next(texts, None)) is not None:
        text = shorter
    return text


def test_body(shape: Shape, at: Moment) -> str:
    """Of a notification by which somebody tries an endpoint; about no recording."""
    if shape is Shape.STANDARD:
        return _written({"type": str(Told.TEST), "timestamp": iso(at), "data": {}})
    if shape is Shape.DIALGEN:
        return _written({"test": True, "timestamp": iso(at)})
    return _written({"event": "notify", "version": 1, "type": str(Told.TEST), "timestamp": iso(at)})


def _sinch(news: News, recording: Recording, call: Call, facts: Facts) -> Facts:
    is_conference = call.kind is CallKind.CONFERENCE
    about = {"conferenceId": _conference(call)} if is_conference else {"callid": call.id}
    documented = {"event": "notify", **about, "version": 1, "type": str(news.told)}
    place = {"destination": news.url} if news.url else {}
    ours = {"recordingId": recording.id, "organisation": recording.organisation, "timestamp": iso(news.at)}
    return {**documented, **place, **ours, **facts}


def _standard(news: News, recording: Recording, call: Call, facts: Facts) -> Facts:
    conference = {"conferenceId": _conference(call)} if call.kind is CallKind.CONFERENCE else {}
    place = {"destination": news.url} if news.url else {}
    about = {"recordingId": recording.id, "callId": call.id, **conference, "organisation": recording.organisation}
    data = _snake({**about, **place, **facts})
    return {"type": news.told.replace("_", ".", 1), "timestamp": iso(news.at), "data": data}


def _dialgen(call: Call) -> Facts:
    """Its link is put in on each try; of what is known to be no recording there will be none."""
    ended_at = call.started_at if call.ended_at is None else call.ended_at
    seconds = ended_at - (ended_at if call.answered_at is None else call.answered_at)
    duration = round(max(seconds, 0.0))
    return {"callData": {"id": call.id, "recordingUrl": None, "duration": duration}, "transcription": []}


_WORDED: Final[Mapping[Shape, Callable[[News, Recording, Call, Facts], Facts]]] = {
    Shape.SINCH: _sinch,
    Shape.STANDARD: _standard,
}


def _conference(call: Call) -> str:
    """As people call it; one without a name has its call's id."""
    return call.conference or call.id


def _facts(news: News, recording: Recording, rendering: Rendering | None) -> Facts:
    """What we add, by the kind of news."""
    facts: Facts = {}
    if recording.options.client_state is not None:
        facts["clientState"] = recording.options.client_state
    if news.copies and rendering is not None:
        artefacts = {artefact.kind: artefact for artefact in rendering.artefacts}
        facts["files"] = [_file(copy, artefacts) for copy in news.copies if copy.kind in artefacts]
        if rendering.gaps:
            facts["gaps"] = [_gap(gap) for gap in rendering.gaps]
    if news.told in {Told.FAILED, Told.ABSENT}:
        facts |= {"reason": recording.reason, "rule": recording.rule}
    return facts


def _file(copy: Delivery, artefacts: Mapping[ArtefactKind, Artefact]) -> Facts:
    artefact = artefacts[copy.kind]
    return {
        "kind": str(copy.kind),
        "url": copy.url,
        "format": artefact.format,
        "sizeBytes": artefact.size_bytes,
        "sha256": artefact.sha256,
        "durationSeconds": round(artefact.duration_seconds, 3),
        "channels": [_channel(label) for label in artefact.channels],
    }


def _channel(label: ChannelLabel) -> Facts:
    return {"index": label.index, "role": str(label.role), "party": label.party}


def _gap(gap: Gap) -> Facts:
    party = {"party": gap.party} if gap.party else {}
    return {
        "startSeconds": round(gap.start_seconds, 3),
        "endSeconds": round(gap.end_seconds, 3),
        "side": str(gap.side),
        **party,
        "reason": gap.reason,
    }


def _shorter(facts: Facts) -> Iterator[Facts]:
    """The same with ever less, what the catalogue tells as well first, and that it is not everything."""
    yield facts
    facts = facts | {"isShortened": True}
    facts.pop("gaps", None)
    yield facts
    files = facts.get("files")
    if isinstance(files, list):
        yield facts | {"files": [{name: fact for name, fact in file.items() if name != "channels"} for file in files]}
        del facts["files"]
        yield facts
    texts = {name: text[:_LONGEST_TEXT] for name in ("reason", "rule") if isinstance(text := facts.get(name), str)}
    yield facts | texts
    yield {name: fact for name, fact in (facts | texts).items() if name != "clientState"}


def _snake(facts: object) -> object:
    """The same with names like_this."""
    if isinstance(facts, dict):
        return {_UPPER.sub(r"_\1", name).lower(): _snake(fact) for name, fact in facts.items()}
    return [_snake(fact) for fact in facts] if isinstance(facts, list) else facts


def _written(facts: Facts) -> str:
    # Names come from callers: half of a pair of surrogates is no text that can be sent.
    return json.dumps(facts, ensure_ascii=False, separators=(",", ":")).encode(errors="replace").decode()
