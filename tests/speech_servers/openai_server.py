"""A server that speaks as OpenAI's /v1/audio/transcriptions, in the ways that are met: with words, with sentences only,
with neither."""

import math
from dataclasses import dataclass
from email.message import Message
from enum import Enum
from typing import Any

from aiohttp import BodyPartReader, web
from soundfile import LibsndfileError

from tests.speech_servers.server import Asked, Refusal, SpeechServer
from tests.speech_servers.tones import Hearing, Said, hearing

_NAMES = {"en": "english", "de": "german", "fr": "french"}
#: Of the words of a file, in one sentence.
LOGPROB = -0.2
PROBABILITY = 0.75


class Manner(Enum):
    #: Words without signs and confidence, beside sentences.
    OPENAI = "openai"
    #: Words with their probability, in the sentences as well.
    SPEACHES = "speaches"
    #: Sentences only, their logarithm a placeholder; the duration as text.
    VLLM = "vllm"
    #: Sentences only, in nanoseconds, without language.
    LOCALAI = "localai"
    #: As the first ones were; the wish for words is refused.
    SENTENCES_ONLY = "sentences only"
    #: As gpt-4o-transcribe: no times at all.
    TEXT_ONLY = "text only"


@dataclass
class OpenaiServer(SpeechServer):
    manner: Manner = Manner.OPENAI

    path = "/v1/audio/transcriptions"

    async def answered(self, request: web.Request) -> dict[str, Any]:
        if (request.method, request.path) != ("POST", self.path):
            raise Refusal(404, f"Invalid URL ({request.method} {request.path})")
        self.check_key(request, "Bearer")
        if request.query_string:
            raise Refusal(400, "this is not asked by a query")
        content, fields = await _form(request)
        asked = Asked(_hearing(content), fields, len(content))
        self._check(asked)
        self.asked.append(asked)
        return self._answer(asked)

    def refused(self, refusal: Refusal) -> dict[str, Any]:
        return {"error": {"message": str(refusal), "type": "invalid_request_error", "param": None, "code": None}}

    def _check(self, asked: Asked) -> None:
        names = [name for name, _ in asked.fields]
        known = {"model", "language", "response_format", "timestamp_granularities[]", "prompt", "temperature"}
        if unknown := set(names) - known:
            raise Refusal(400, f"Unrecognized request arguments supplied: {unknown}")
        if asked.field("model") != self.model:
            raise Refusal(404, f"The model '{asked.field('model')}' does not exist")
        language = asked.field("language")
        if language is not None and not (len(language) == 2 and language.islower()):
            raise Refusal(400, f"Invalid language '{language}'. Language parameter must be in ISO-639-1 format.")
        if len(asked.hearing.channels) != 1:
            raise Refusal(400, f"{len(asked.hearing.channels)} channels were mixed into one")
        self._check_detail(asked)

    def _check_detail(self, asked: Asked) -> None:
        format = asked.field("response_format") or "json"
        if format == "verbose_json" and self.manner is Manner.TEXT_ONLY:
            raise Refusal(400, "response_format 'verbose_json' is not compatible with model 'gpt-4o'. Use 'json'.")
        times = {value for name, value in asked.fields if name == "timestamp_granularities[]"}
        if format != "verbose_json" and times:
            raise Refusal(400, "timestamp_granularities are only supported with response_format=verbose_json")
        if "word" in times and self.manner is Manner.SENTENCES_ONLY:
            raise Refusal(400, "`timestamp_granularities[]` not supported by this model")
        if format not in {"json", "verbose_json"} or times - {"word", "segment"}:
            raise Refusal(400, f"no such format: {format} {times}")

    def _answer(self, asked: Asked) -> dict[str, Any]:
        said = asked.hearing.channels[0]
        text = " ".join(_signed(said))
        if asked.field("response_format") in {None, "json"}:
            return {"text": text, "usage": {"type": "duration", "seconds": math.ceil(asked.hearing.duration_seconds)}}
        answer = {
            "task": "transcribe",
            "language": _NAMES.get(self.language, self.language),
            "duration": asked.hearing.duration_seconds,
            "text": text,
        }
        if self.manner is Manner.VLLM:
            return answer | {"duration": str(answer["duration"]), "segments": _sentences(said, text, -1.0)}
        if self.manner is Manner.LOCALAI:
            return {"text": text, "words": None, "segments": _in_nanoseconds(_sentences(said, text, None))}
        if self.manner is Manner.SPEACHES:
            words = _words(_signed(said, " "), said, PROBABILITY)
            sentences = [sentence | {"words": words} for sentence in _sentences(said, text, LOGPROB)]
            return answer | {"language": self.language, "words": words, "segments": sentences}
        return answer | self._by_wish(asked, said, text)

    def _by_wish(self, asked: Asked, said: list[Said], text: str) -> dict[str, Any]:
        wished = {value for name, value in asked.fields if name == "timestamp_granularities[]"} or {"segment"}
        words = {"words": _words([one.word for one in said], said, None)} if "word" in wished else {}
        return words | ({"segments": _sentences(said, text, LOGPROB)} if "segment" in wished else {})


async def _form(request: web.Request) -> tuple[bytes, list[tuple[str, str]]]:
    """As it is on the wire: some servers do not take names and files that are written otherwise."""
    if request.content_type != "multipart/form-data":
        raise Refusal(415, f"We could not parse your body: {request.content_type}")
    if request.content_length is None:
        raise Refusal(411, "the length of the body has to be told")
    content, fields = None, []
    async for part in await request.multipart():
        assert isinstance(part, BodyPartReader)
        name = _disposition(part.headers["Content-Disposition"])
        if name == "file":
            content = await part.read()
            _check_file(part)
        else:
            fields.append((name, (await part.read()).decode()))
    if content is None:
        raise Refusal(400, "file is a required property")
    return bytes(content), fields


def _disposition(header: str) -> str:
    message = Message()
    message["Content-Disposition"] = header
    name = message.get_param("name", header="content-disposition")
    if not isinstance(name, str) or "%" in name or "name*" in header:
        raise Refusal(400, f"a field without a plain name: {header}")
    return name


def _check_file(part: BodyPartReader) -> None:
    name = part.filename or ""
    if name.rpartition(".")[2] not in {"flac", "mp3", "mp4", "mpeg", "mpga", "m4a", "ogg", "wav", "webm"}:
        raise Refusal(400, f"Unrecognized file format: {name!r}")


def _hearing(content: bytes) -> Hearing:
    if len(content) > 25 << 20:
        raise Refusal(413, f"Maximum content size limit (26214400) exceeded ({len(content)} bytes read)")
    try:
        heard = hearing(content)
    except LibsndfileError as error:
        raise Refusal(400, "Audio file might be corrupted or unsupported") from error
    if heard.duration_seconds > 600.0:
        raise Refusal(400, f"Maximum clip duration (600s) exceeded ({heard.duration_seconds})")
    return heard


def _signed(said: list[Said], before: str = "") -> list[str]:
    """As they are written: the first one large, a sign behind the last."""
    words = [one.word for one in said]
    return [
        before + (word.capitalize() if index == 0 else word) + ("." if index == len(words) - 1 else "")
        for index, word in enumerate(words)
    ]


def _words(texts: list[str], said: list[Said], probability: float | None) -> list[dict[str, Any]]:
    extra = {} if probability is None else {"probability": probability}
    return [
        {"word": text, "start": one.start_seconds, "end": one.end_seconds} | extra
        for text, one in zip(texts, said, strict=True)
    ]


def _sentences(said: list[Said], text: str, logprob: float | None) -> list[dict[str, Any]]:
    if not said:
        return []
    return [
        {
            "id": 0,
            "seek": 0,
            "start": said[0].start_seconds,
            "end": said[-1].end_seconds,
            "text": f" {text}",
            "tokens": [50364, 13, 50414],
            "temperature": 0.0,
            "avg_logprob": logprob,
            "no_speech_prob": 0.01,
        }
    ]


def _in_nanoseconds(sentences: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        {"id": one["id"], "text": one["text"]} | {name: round(one[name] * 1e9) for name in ("start", "end")}
        for one in sentences
    ]
