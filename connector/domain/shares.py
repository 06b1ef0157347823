"""Shares as people write them: 10%, 2.5, 0."""


def percent_of(value: object) -> float:
    """Of a hundred; raises ValueError when it is no share."""
    text = str(value).strip().removesuffix("%").rstrip()
    try:
        share = float(text)
    except ValueError:
        share = -1.0
    if isinstance(value, bool) or not 0.0 <= share <= 100.0:
        raise ValueError(f"{value!r} is no share: write 10%")
    return share
