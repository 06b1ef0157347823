"""The Date of an answer over HTTP. Pure."""

from email.utils import parsedate_to_datetime

from connector.domain.ids import Moment


def moment_of(date: str | None) -> Moment | None:
    """None for a header that is not there, or is no date."""
    try:
        return parsedate_to_datetime(date).timestamp() if date else None
    except ValueError:
        return None
