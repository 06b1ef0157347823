"""Words put together: what they read as, and how sure the engine is of them. Pure; knows no turns."""

import re
from collections.abc import Iterable
from typing import Final

from connector.domain.speech import Word

#: Scripts that are written without spaces between words: Thai, Lao, Burmese, Khmer, Chinese, Japanese.
UNSPACED: Final = r"\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3000-\u30ff\u3400-\u9fff\uff00-\uffef\U00020000-\U0003ffff"
_BETWEEN_UNSPACED: Final = re.compile(rf"(?<=[{UNSPACED}]) (?=[{UNSPACED}])")
#: What a word weighs that lasts no time.
_LEAST_SECONDS: Final = 0.01


def written(words: Iterable[str]) -> str:
    """On one line."""
    return _BETWEEN_UNSPACED.sub("", " ".join(" ".join(words).split()))


def confidence_of(words: Iterable[Word]) -> float | None:
    """The mean, each word weighing as long as it lasts; None: the engine said it of none."""
    weighed = [
        (word.confidence, max(word.end_seconds - word.start_seconds, _LEAST_SECONDS))
        for word in words
        if word.confidence is not None
    ]
    whole = sum(weight for _, weight in weighed)
    return sum(confidence * weight for confidence, weight in weighed) / whole if weighed else None
