"""What a speech server means by a status that is no success: whether it passes by itself, and what to do. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from connector.domain.secret import Secret
from connector.errors import ConnectorError, EngineRefused, EngineUnreachable
from connector.transcription.json_answers import complaint

#: Beside all from 500 on.
_PASSING: Final = frozenset({408, 425, 429})
_REMEDIES: Final[Mapping[int, str]] = {
    401: "mend the engine's `key`",
    402: "has its account any credit left?",
    403: "may its key use the model {model!r}?",
    404: "is its `url` right, and is the model called {model!r} there?",
    405: "is its `url` right?",
    413: "let the server take larger files",
    415: "let the server take WAV files of 16 bits",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    status: int
    content: bytearray
    retry_after_seconds: float | None = None

    @property
    def is_good(self) -> bool:
        return 200 <= self.status < 300

    @property
    def is_spent(self) -> bool:
        """OpenAI calls it too many requests, too, when an account has no credit left; waiting does not help."""
        return self.status == 429 and b"insufficient_quota" in self.content


def refusal(answer: Answer, host: str, model: str, key: Secret | None) -> ConnectorError:
    """Of an answer that is not good; the key is never in it."""
    status = answer.status
    said = f"{status}{_quoted(answer, key)}"
    if (status in _PASSING and not answer.is_spent) or status >= 500:
        return EngineUnreachable(f"{host} cannot hear it now ({said})", retry_after_seconds=answer.retry_after_seconds)
    if 300 <= status < 400:
        return EngineRefused(
            f"{host} sends us elsewhere ({status}), where no sound of ours goes: write the right `url`"
        )
    remedy = _REMEDIES.get(402 if answer.is_spent else status, "see what it says, and the engine's `url` and `model`")
    return EngineRefused(f"{host} does not hear it ({said}): {remedy.format(model=model)}")


def misread(answer: Answer, host: str, key: Secret | None, reason: str, path: str) -> EngineRefused:
    """Of an answer that should have been good."""
    return EngineRefused(f"{host} answers {reason}{_quoted(answer, key)}: is the engine's `url` that of {path}?")


def _quoted(answer: Answer, key: Secret | None) -> str:
    # Some servers quote half of the key there.
    text = "" if answer.status == 401 else complaint(answer.content, key.reveal() if key else "")
    return f", {text!r}" if text else ""
