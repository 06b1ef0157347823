"""Pages of transcripts as one file, made while it is sent: JSON, or CSV. Knows rows; not where they come from."""

import json
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from typing import Final

from connector.domain.export_rows import TRANSCRIPT_COLUMNS, Row, csv_line, csv_row

Pages = AsyncIterator[list[Row]]


async def as_json(pages: Pages) -> AsyncGenerator[bytes, None]:
    """One array."""
    yield b"["
    is_begun = False
    async for page in pages:
        rows = ",\n".join(json.dumps(row, ensure_ascii=False) for row in page)
        if rows:
            yield f"{',' if is_begun else ''}\n{rows}".encode()
            is_begun = True
    yield b"\n]\n"


async def as_csv(pages: Pages) -> AsyncGenerator[bytes, None]:
    yield csv_line(TRANSCRIPT_COLUMNS).encode()
    async for page in pages:
        yield "".join(map(csv_row, page)).encode()


WRITERS: Final[Mapping[str, Callable[[Pages], AsyncGenerator[bytes, None]]]] = {"json": as_json, "csv": as_csv}
