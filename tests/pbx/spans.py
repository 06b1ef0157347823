"""Half-open spans of samples: what two have in common, what one has and the other has not."""

from collections.abc import Iterable

Span = tuple[int, int]


def united(spans: Iterable[Span]) -> list[Span]:
    """In order, none touching another."""
    result: list[Span] = []
    for first, end in sorted(spans):
        if result and first <= result[-1][1]:
            result[-1] = result[-1][0], max(result[-1][1], end)
        elif end > first:
            result.append((first, end))
    return result


def overlap(spans: Iterable[Span], others: Iterable[Span]) -> list[Span]:
    others = list(others)
    common = [(max(first, one), min(end, other)) for first, end in spans for one, other in others]
    return united((first, end) for first, end in common if first < end)


def without(spans: Iterable[Span], others: Iterable[Span]) -> list[Span]:
    """What is in `spans` only."""
    rest = united(spans)
    for one, other in united(others):
        rest = [
            piece
            for first, end in rest
            for piece in ((first, min(end, one)), (max(first, other), end))
            if piece[0] < piece[1]
        ]
    return rest


def length(spans: Iterable[Span]) -> int:
    return sum(end - first for first, end in spans)
