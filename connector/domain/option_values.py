"""Every recording option by the name that users write: where it is kept, how its value is read, what it means.

Each reader raises ValueError that says what was wanted. Knows no sender.
"""

import difflib
import re
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

from connector.domain.durations import seconds_of
from connector.domain.options import (
    AudioFormat,
    Beginning,
    ChannelLayout,
    Consent,
    PauseBehavior,
    TranscriptionOptions,
)

RETENTION_DAYS: Final = range(1, 3651)
UNLIMITED: Final = "unlimited"
UNLIMITED_DAYS: Final = 0
#: Each of them is right for every format.
SAMPLE_RATES: Final = (8000, 16000, 24000, 48000)
BITRATES: Final = range(8, 321)

TRUE: Final = frozenset({"true", "yes", "on", "1"})
FALSE: Final = frozenset({"false", "no", "off", "0"})
_FORBIDDEN = frozenset("\r\n\0")
_LONGEST_TEXT = 4096
_LONGEST_TAG = 100
_NAME = re.compile(r"[\w.-]{1,100}")
#: It becomes a part of a command to the PBX, where & , and | mean something.
_SOUND = re.compile(r"[\w./-]{0,200}", re.ASCII)
_KEY = re.compile(r"[0-9*#]")
#: As BCP 47 has it, as far as anybody writes it: a language, then script, region and variants.
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8}){0,3}")
_BUCKETS = ("s3", "azure", "gs")


class Option(NamedTuple):
    field: str
    read: Callable[[object], Any]
    doc: str


def boolean(value: object) -> bool:
    """A bool, or one written as a string."""
    word = str(value).strip().lower()
    if word in TRUE | FALSE:
        return word in TRUE
    raise ValueError(f"{value!r} is neither true nor false")


def whole_number(value: object) -> int:
    text = str(value).strip()
    if isinstance(value, bool) or not re.fullmatch(r"[+-]?[0-9]{1,9}", text):
        raise ValueError(f"{value!r} is no whole number")
    return int(text)


def retention_days(value: object) -> int:
    """1 to 3650, or `unlimited`, which is 0."""
    if isinstance(value, str) and value.strip().lower() == UNLIMITED:
        return UNLIMITED_DAYS
    number = whole_number(value)
    if number not in RETENTION_DAYS:
        raise ValueError(f"{number} is not between 1 and 3650 days; the word for ever is `{UNLIMITED}`")
    return number


def text(value: object) -> str:
    if not isinstance(value, (str, int, float)) or isinstance(value, bool):
        raise ValueError("a text is wanted")  # one kind of error for every reader
    written = str(value)
    if _FORBIDDEN & set(written):
        raise ValueError("line ends and NUL are not allowed")
    if len(written) > _LONGEST_TEXT:
        raise ValueError(f"longer than {_LONGEST_TEXT} characters")
    return written


def language(value: object) -> str:
    """As en or en-GB; en_GB is meant so, too."""
    written = text(value).strip().replace("_", "-")
    if not _LANGUAGE.fullmatch(written):
        raise ValueError(f"{value!r} is no language: write it like en or en-GB")
    return written


def one_of(kind: type[StrEnum]) -> Callable[[object], Any]:
    def read(value: object) -> StrEnum:
        word = str(value).strip().lower()
        if word not in {member.value for member in kind}:
            raise ValueError(f"{value!r} is not one of {', '.join(kind)}")
        return kind(word)

    return read


def plain(name: str) -> str:
    """Names are the same in any case, and with _ or - between their words."""
    return name.strip().replace("_", "").replace("-", "").lower()


def _length(value: object) -> float:
    seconds = seconds_of(value)
    if seconds <= 0:
        raise ValueError(f"{value!r} must be longer than nothing")
    return seconds


def _name(value: object) -> str:
    written = text(value).strip()
    if not _NAME.fullmatch(written):
        # Not repeated: what is no name may be a secret.
        raise ValueError("a name from the configuration is wanted (letters, digits, '.', '_' and '-'), never a secret")
    return written


def _bucket_url(value: object) -> str:
    written = text(value).strip()
    try:
        parts = urlsplit(written)
    except ValueError:
        raise ValueError("this is no URL") from None
    if parts.scheme not in _BUCKETS or not parts.netloc:
        raise ValueError(
            "s3://bucket/…, azure://account/container/… or gs://bucket/… is wanted; others are named by `destination`"
        )
    if "@" in parts.netloc:
        raise ValueError("no secret may stand in a URL: use credentials")
    return written


def _sound(value: object) -> str:
    written = text(value).strip()
    if not _SOUND.fullmatch(written) or ".." in written:
        raise ValueError(
            f"{value!r} is no name of a sound: letters, digits, '.', '_', '-' and '/', or nothing for none"
        )
    return written


def _tags(value: object) -> tuple[str, ...]:
    written = value if isinstance(value, (list, tuple)) else text(value).replace("|", ",").split(",")
    tags = [text(tag).strip() for tag in written]
    if any(len(tag) > _LONGEST_TAG for tag in tags):
        raise ValueError(f"a tag is longer than {_LONGEST_TAG} characters")
    return tuple(dict.fromkeys(tag for tag in tags if tag))


def _sample_rate(value: object) -> int:
    rate = whole_number(value)
    if rate not in SAMPLE_RATES:
        raise ValueError(f"{rate} is not one of {', '.join(map(str, SAMPLE_RATES))}")
    return rate


def _bitrate(value: object) -> int:
    rate = whole_number(value)
    if rate not in BITRATES:
        raise ValueError(f"{rate} is not between {BITRATES[0]} and {BITRATES[-1]} kbit/s")
    return rate


def _locale(value: object) -> str:
    """Said and empty: the engine finds out, whatever the next level says."""
    return language(value) if text(value).strip() else ""


#: By the name as it is written; of Sinch's two spellings the documented one is the first.
TRANSCRIPTION: Final[Mapping[str, tuple[str, Callable[[object], Any]]]] = {
    "enabled": ("enabled", boolean),
    "isEnabled": ("enabled", boolean),
    "locale": ("locale", _locale),
    "engine": ("engine", _name),
    "maskDigits": ("mask_digits", boolean),
    "keepSound": ("keep_sound", boolean),
}
_TRANSCRIPTION_SPELLINGS = {plain(name): name for name in TRANSCRIPTION}


def _transcription(value: object) -> TranscriptionOptions:
    if isinstance(value, (bool, str)):
        return TranscriptionOptions(enabled=boolean(value))
    if not isinstance(value, Mapping):
        raise ValueError(f"an object is wanted, with {', '.join(TRANSCRIPTION)}")  # as above
    said: dict[str, Any] = {}
    for name, one in value.items():
        if one is None:
            continue
        known = _known_of_transcription(str(name))
        field, read = TRANSCRIPTION[known]
        if field in said:
            raise ValueError(f"{field} is said twice")
        try:
            said[field] = read(one)
        except ValueError as error:
            raise ValueError(f"{known}: {error}") from None
    return TranscriptionOptions(**said)


def _known_of_transcription(name: str) -> str:
    known = _TRANSCRIPTION_SPELLINGS.get(plain(name))
    if known is None:
        found = difflib.get_close_matches(plain(name), _TRANSCRIPTION_SPELLINGS, n=1, cutoff=0.5)
        meant = _TRANSCRIPTION_SPELLINGS[found[0]] if found else ""
        hint = f"did you mean {meant}?" if meant else f"known are {', '.join(TRANSCRIPTION)}"
        raise ValueError(f"there is no {name!r} in it; {hint}")
    return known


def _consent(value: object) -> Consent:
    """{key: 1, otherwise: no}, or the key alone."""
    said = value if isinstance(value, Mapping) else {"key": value}
    unknown = [str(name) for name in said if plain(str(name)) not in {"key", "otherwise"}]
    if unknown:
        raise ValueError(f"there is no {unknown[0]!r} in it: key, otherwise")
    by_name = {plain(str(name)): one for name, one in said.items()}
    key = text(by_name.get("key", "")).strip()
    if not _KEY.fullmatch(key):
        raise ValueError("a key of the phone is wanted: 0 to 9, * or #")
    return Consent(key=key, otherwise=boolean(by_name.get("otherwise", "no")))


OPTIONS: Final[Mapping[str, Option]] = {
    "destinationUrl": Option("destination_url", _bucket_url, "a bucket for this recording: s3://, azure:// or gs://"),
    "credentials": Option("credentials", _name, "the NAME of stored credentials for `destinationUrl`"),
    "format": Option("format", one_of(AudioFormat), "mp3, wav, flac or opus"),
    "notificationEvents": Option("notification_events", boolean, "whether notifications are sent"),
    "transcriptionOptions": Option(
        "transcription",
        _transcription,
        "{enabled: yes, locale: en-GB, engine: local, maskDigits: no, keepSound: yes}: whether a transcript is made; "
        "in which language (unsaid: the engine finds out); by which engine (unsaid: the organisation's first); whether "
        "runs of digits are put out in it; keepSound: no sends the sound nowhere, and deletes it once its words are "
        "there",
    ),
    "destination": Option("destination", _name, "the name of a configured destination"),
    "channels": Option("channels", one_of(ChannelLayout), "mono, stereo, or both: a mono mix and a stereo file"),
    "swap": Option("swap", boolean, "agent left, caller right, instead of the other way round"),
    "separate": Option("separate", boolean, "one file for each side beside the others"),
    "prompts": Option("prompts", boolean, "announcements and music are in it, too"),
    "recordFrom": Option(
        "record_from",
        one_of(Beginning),
        "bridge: when two parties talk; answer: voicemail and menus too, with the prompts on the right",
    ),
    "maxLength": Option("max_length_seconds", _length, "the recording ends after this time: 3600, 90m, 2h"),
    "beep": Option("beep", boolean, "a tone tells the parties that they are recorded"),
    "announce": Option("announce", _sound, "a sound played before recording; nothing for none"),
    "consent": Option(
        "consent",
        _consent,
        "{key: 1, otherwise: no}: recorded only once a party presses the key; otherwise: yes, until. Above force, too",
    ),
    "pauseBehavior": Option(
        "pause_behavior", one_of(PauseBehavior), "silence keeps the length, skip cuts the pause out"
    ),
    "pauseMax": Option("pause_max_seconds", _length, "a pause ends by itself after this time: 120s, 2m"),
    "sampleRate": Option("sample_rate", _sample_rate, f"{', '.join(map(str, SAMPLE_RATES))}; unsaid: as the call was"),
    "bitrate": Option("bitrate", _bitrate, "kbit/s, for mp3 and opus"),
    "clientState": Option("client_state", text, "returned in every notification as it is"),
    "retentionDays": Option("retention_days", retention_days, f"how long it is kept: 1 to 3650 days, or {UNLIMITED}"),
    "transcriptRetentionDays": Option(
        "transcript_retention_days",
        retention_days,
        f"how long its transcript is kept: 1 to 3650 days, or {UNLIMITED}; unsaid: as long as the recording",
    ),
    "tags": Option("tags", _tags, "words to find it by: a list, or vip|sales"),
    "overwrite": Option("overwrite", boolean, "replace an object of the same name instead of adding -2"),
}
OPTION_NAMES: Final = tuple(OPTIONS)
#: Of each name as `plain` makes it, the name as it is written.
SPELLINGS: Final[Mapping[str, str]] = {plain(name): name for name in OPTIONS}
