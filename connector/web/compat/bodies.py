"""Bodies of requests that are JSON whatever they call themselves: read once, within bounds, and strictly.

Knows no route and no meaning.
"""

import json
from typing import Any, Final, TypeVar

from fastapi import HTTPException, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError

from connector.web.strict_json import check_json

MOST_BYTES: Final = 65_536

Model = TypeVar("Model", bound=BaseModel)


async def content_of(request: Request) -> bytes:
    """The bytes as they came; asked again, the same ones."""
    if not hasattr(request.state, "content"):
        content = b""
        async for piece in request.stream():
            content += piece
            if len(content) > MOST_BYTES:
                raise HTTPException(413, f"a body of at most {MOST_BYTES} bytes is wanted")
        request.state.content = content
    return bytes(request.state.content)


async def json_of(request: Request) -> object:
    """Raises BadRequest for what is no JSON."""
    content = await content_of(request)
    check_json(content)
    return json.loads(content.decode("utf-8-sig"))


async def model_of(request: Request, kind: type[Model]) -> Model:
    """Raises BadRequest for what is no JSON, RequestValidationError for what is none of that kind."""
    said = await json_of(request)
    try:
        return kind.model_validate(said)
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=False, include_input=False)
        raise RequestValidationError([{**one, "loc": ("body", *one["loc"])} for one in found]) from None


def documented(kind: type[BaseModel]) -> dict[str, Any]:
    """For a route's `openapi_extra`: what is read here is unknown to the framework."""
    schema = kind.model_json_schema(ref_template="#/components/schemas/{model}")
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}
