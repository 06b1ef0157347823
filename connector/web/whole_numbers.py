"""Whole numbers of requests: 7.0 is one in JSON, "7" and true are none. Knows no request."""

from typing import Final

from pydantic import BeforeValidator


def _whole(said: object) -> object:
    return int(said) if isinstance(said, float) and said.is_integer() else said


#: Behind the bounds: Annotated[StrictInt, Field(ge=1), WHOLE].
WHOLE: Final = BeforeValidator(_whole)
