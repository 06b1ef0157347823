"""How long a server that answers Retry-After wants to be left alone. Pure; knows no store."""

from connector.domain.ids import Moment
from connector.network.http_dates import moment_of


def retry_after_seconds(said: str, now: Moment) -> float | None:
    """Of the header's value, a number of seconds or a date; None when it is neither."""
    said = said.strip()
    if said.isascii() and said.isdecimal():
        return float(said)
    moment = moment_of(said)
    return None if moment is None else max(0.0, moment - now)
