"""What the bodies of calls and recordings are made of: moments, and a body that is finished. Knows no route."""

from typing import Annotated

from pydantic import Field

from connector.domain.ids import Moment
from connector.domain.moments import iso

#: As one of our shapes, which say what it is made of: to make it of them takes longer than to ask the catalogue.
Json = dict[str, object]
At = Annotated[str, Field(json_schema_extra={"format": "date-time"})]


def iso_or_none(moment: Moment | None) -> str | None:
    return None if moment is None else iso(moment)
