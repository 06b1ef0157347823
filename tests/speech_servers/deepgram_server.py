"""A server that speaks as Deepgram's /v1/listen: all channels of a file at once, each heard apart."""

from dataclasses import dataclass
from typing import Any

from aiohttp import web
from soundfile import LibsndfileError

from tests.speech_servers.server import Asked, Refusal, SpeechServer
from tests.speech_servers.tones import Said, hearing

CONFIDENCE = 0.875
_REQUIRED = {"multichannel": "true", "utterances": "true", "punctuate": "true"}


@dataclass
class DeepgramServer(SpeechServer):
    model: str = "nova-3"

    path = "/v1/listen"

    async def answered(self, request: web.Request) -> dict[str, Any]:
        if (request.method, request.path) != ("POST", self.path):
            raise Refusal(404, f"nothing at {request.path}")
        self.check_key(request, "Token")
        self._check_query(request)
        if request.content_type != "audio/wav" or request.content_length is None:
            raise Refusal(415, f"{request.content_type} of {request.content_length} bytes")
        content = await request.read()
        try:
            heard = hearing(content)
        except LibsndfileError as error:
            raise Refusal(400, "Bad Request: failed to process audio: corrupt or unsupported data") from error
        if len(heard.channels) > 20:
            raise Refusal(400, "no more than 20 channels")
        asked = Asked(heard, list(request.query.items()), len(content))
        self.asked.append(asked)
        return self._answer(asked)

    def refused(self, refusal: Refusal) -> dict[str, Any]:
        code = {401: "INVALID_AUTH", 403: "INSUFFICIENT_PERMISSIONS"}.get(refusal.status, "Bad Request")
        return {"err_code": code, "err_msg": str(refusal), "request_id": "c3b1"}

    def _check_query(self, request: web.Request) -> None:
        query = dict(request.query)
        if len(query) != len(request.query):
            raise Refusal(400, "one name stands twice in the query")
        if unknown := query.keys() - {*_REQUIRED, "model", "language", "detect_language"}:
            raise Refusal(400, f"unknown: {unknown}")
        if any(query.get(name) != value for name, value in _REQUIRED.items()):
            raise Refusal(400, f"{_REQUIRED} is wanted of {query}")
        if ("language" in query) == (query.get("detect_language") == "true"):
            raise Refusal(400, "either a language, or it is to be found out")
        if query.get("model") != self.model or query.get("language", "en") not in {"en", "en-GB", "de", "fr", "pt"}:
            raise Refusal(400, "Bad Request: No such model/language/tier combination found.")

    def _answer(self, asked: Asked) -> dict[str, Any]:
        channels = [self._channel(said, asked) for said in asked.hearing.channels]
        utterances = [
            {"start": said[0].start_seconds, "end": said[-1].end_seconds, "channel": channel}
            for channel, said in enumerate(asked.hearing.channels)
            if said
        ]
        return {
            "metadata": {
                "request_id": "c3b1",
                "duration": asked.hearing.duration_seconds,
                "channels": len(channels),
                "models": [self.model],
            },
            "results": {"channels": channels, "utterances": utterances},
        }

    def _channel(self, said: list[Said], asked: Asked) -> dict[str, Any]:
        words = [
            {
                "word": one.word,
                "start": one.start_seconds,
                "end": one.end_seconds,
                "confidence": CONFIDENCE,
                "punctuated_word": (one.word.capitalize() if index == 0 else one.word)
                + ("." if index == len(said) - 1 else ""),
            }
            for index, one in enumerate(said)
        ]
        text = " ".join(str(word["punctuated_word"]) for word in words)
        found = (
            {"detected_language": self.language, "language_confidence": 0.5} if asked.field("detect_language") else {}
        )
        return {"alternatives": [{"transcript": text, "confidence": CONFIDENCE, "words": words}]} | found
