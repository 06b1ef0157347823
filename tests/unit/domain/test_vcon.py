"""A call's words as a vCon, held against the rules of draft-ietf-vcon-vcon-core (syntax 0.4.0).

The rules are written down here in our own words, as JSON Schema; what a schema cannot say is asserted.
"""

import json
from dataclasses import replace
from typing import Any

import pytest
from jsonschema import Draft202012Validator, FormatChecker

from connector.domain.call import CallKind, Direction, Role
from connector.domain.recording import ArtefactKind, ChannelLabel
from connector.domain.transcript_document import document
from connector.domain.vcon import vcon
from tests.builders import CHANNELS, MORNING, a_call, an_artefact
from tests.unit.domain.test_transcript_document import OCCASION, TRANSCRIPT, WORDS

_TEXT = {"type": "string"}
_INDEX = {"type": "integer", "minimum": 0}
#: RFC 3339 as JMAP has it: capital letters, and no fraction that is nothing.
_DATE = {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.(?!0+\b)\d+)?(Z|[+-]\d\d:\d\d)$"}
_HASH = {"type": "string", "pattern": r"^[a-z0-9]+-[A-Za-z0-9_-]+$"}
_MEDIA_TYPE = {"type": "string", "pattern": r"^[a-z]+/[a-z0-9.+-]+$"}
_PARTY_NAMES = ["tel", "sip", "stir", "mailto", "name", "did", "validation", "gmlpos", "uuid", "type", "org", "dept"]
_FILE = {"mediatype": _MEDIA_TYPE, "filename": _TEXT, "content_hash": _HASH}
#: What is inline says how it is written; what is not is named with its hash.
_CONTENT = {"dependentRequired": {"body": ["encoding"], "url": ["content_hash"]}}
RULES: dict[str, Any] = {
    "type": "object",
    "required": ["uuid", "created_at"],
    "additionalProperties": False,
    "properties": {
        "vcon": {"const": "0.4.0"},
        "uuid": {"type": "string", "format": "uuid"},
        "created_at": _DATE,
        "parties": {
            "type": "array",
            "items": {
                "type": "object",
                "additionalProperties": False,
                "properties": dict.fromkeys(_PARTY_NAMES, _TEXT),
            },
        },
        "dialog": {
            "type": "array",
            "items": _CONTENT
            | {
                "type": "object",
                "required": ["type", "start"],
                "additionalProperties": False,
                "properties": _FILE
                | {
                    "type": {"const": "recording"},
                    "start": _DATE,
                    "duration": {"type": "number", "minimum": 0},
                    "parties": {"type": "array", "items": _INDEX},
                    "originator": _INDEX,
                    "application": _TEXT,
                },
            },
        },
        "analysis": {
            "type": "array",
            "items": _CONTENT
            | {
                "type": "object",
                "required": ["type", "vendor", "dialog"],
                "additionalProperties": False,
                "properties": _FILE
                | {
                    "type": {"enum": ["report", "sentiment", "summary", "transcript", "translation", "tts"]},
                    "dialog": _INDEX,
                    "vendor": _TEXT,
                    "product": _TEXT,
                    "schema": _TEXT,
                    "encoding": {"enum": ["base64url", "json", "none"]},
                    "body": {},
                },
            },
        },
    },
}


def made(**over: Any) -> dict[str, Any]:
    """What a reader gets of it, and that keeps to the rules."""
    known: dict[str, Any] = {"transcript": TRANSCRIPT, "words": WORDS, "occasion": OCCASION, "call": a_call()}
    container: dict[str, Any] = json.loads(json.dumps(vcon(**(known | over))))
    Draft202012Validator(RULES, format_checker=FormatChecker()).validate(container)
    parties = len(container["parties"])
    for dialog in container["dialog"]:
        assert all(index < parties for index in (*dialog["parties"], dialog.get("originator", 0)))
    assert all(analysis["dialog"] < len(container["dialog"]) for analysis in container["analysis"])
    return container


def test_a_vcon_says_who_spoke_when_and_what() -> None:
    container = made()
    assert container["created_at"] == "2026-01-05T09:01:00Z"
    assert container["parties"] == [{"tel": "+4930123456"}, {"name": "Ada"}]
    assert container["dialog"] == [
        {
            "type": "recording",
            "start": "2026-01-05T09:00:00Z",
            "duration": 8.04,
            "parties": [0, 1],
            "application": "callreel",
        }
    ]
    (analysis,) = container["analysis"]
    assert {name: value for name, value in analysis.items() if name != "body"} == {
        "type": "transcript",
        "dialog": 0,
        "vendor": "callreel",
        "product": "local tiny.en",
        "schema": "callreel-transcript-1",
        "mediatype": "application/json",
        "encoding": "json",
    }
    assert analysis["body"] == document(TRANSCRIPT, WORDS, OCCASION)


def test_its_sound_is_named_with_its_hash_and_not_linked() -> None:
    (dialog,) = made(sound=an_artefact())["dialog"]
    assert {name: dialog[name] for name in ("filename", "mediatype", "content_hash")} == {
        "filename": "stereo.mp3",
        "mediatype": "audio/mpeg",
        "content_hash": "sha256-16j7swfXgJRpypq8sAguT41WUeRtPNt2LQLQvzfJ5ZI",
    }
    assert not {"url", "body"} & set(dialog)


def test_the_parties_of_its_sound_are_those_of_its_channels() -> None:
    only_agent = an_artefact(kind=ArtefactKind.RIGHT, channels=CHANNELS[1:])
    (dialog,) = made(sound=only_agent)["dialog"]
    assert (dialog["parties"], dialog["originator"]) == ([1], 0)


def test_who_calls_out_is_the_originator() -> None:
    assert made(call=a_call(direction=Direction.OUTBOUND))["dialog"][0]["originator"] == 1
    assert "originator" not in made(call=a_call(direction=Direction.INBOUND))["dialog"][0]


def test_of_a_conference_nobody_is() -> None:
    labels = tuple(ChannelLabel(index=place, role=Role.AGENT, party=f"20{place}") for place in range(3))
    call = a_call(kind=CallKind.CONFERENCE, direction=Direction.OUTBOUND)
    (dialog,) = made(occasion=replace(OCCASION, channels=labels), call=call)["dialog"]
    assert dialog["parties"] == [0, 1, 2]
    assert "originator" not in dialog


@pytest.mark.parametrize(
    ("party", "said"),
    [
        ("+4930123456", {"tel": "+4930123456"}),
        ("305", {"name": "305"}),
        ("sip:ada@example.com", {"sip": "sip:ada@example.com"}),
        ("Zoé", {"name": "Zoé"}),
        ("", {}),
    ],
)
def test_a_party_is_as_well_known_as_its_channel(party: str, said: dict[str, str]) -> None:
    occasion = replace(OCCASION, channels=(replace(CHANNELS[0], party=party),))
    assert made(occasion=occasion)["parties"] == [said]


def test_the_same_version_is_the_same_vcon_and_a_newer_one_is_another() -> None:
    assert made()["uuid"] == made()["uuid"] != made(transcript=replace(TRANSCRIPT, version=3))["uuid"]


def test_one_without_words_or_a_moment_keeps_to_the_rules() -> None:
    old = replace(TRANSCRIPT, made_at=None, engine="", model="", lines=(), facts=None)
    assert made(transcript=old, words=())["created_at"] == "2026-01-05T09:00:00Z"


def test_a_moment_within_a_second_keeps_its_fraction() -> None:
    assert made(occasion=replace(OCCASION, began_at=MORNING + 0.25))["dialog"][0]["start"] == "2026-01-05T09:00:00.250Z"
