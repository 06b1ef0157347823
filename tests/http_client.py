"""A client of a callreel that runs: asks over the wire with a key, and knows what the first start prints."""

import json
import re
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.error import HTTPError

#: As its log has it, alone in a line behind the words about it.
_FIRST_KEY = re.compile(r"^callreel: the first key of the API.*\n(\S+)$", re.MULTILINE)
#: Longer than the server itself waits for anything.
_LIMIT_SECONDS = 60.0
#: No proxy of this machine's stands between a client and a server beside it.
_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@dataclass(frozen=True, slots=True)
class Reply:
    status: int
    headers: Mapping[str, str]
    content: bytes

    @property
    def body(self) -> Any:
        return json.loads(self.content)

    @property
    def text(self) -> str:
        return self.content.decode()


@dataclass(frozen=True, slots=True)
class HttpClient:
    """`url` as http://127.0.0.1:8080."""

    url: str
    key: str

    def ask(self, method: str, path: str, body: object = None) -> Reply:
        """Blocks. A refusal is a reply like any other."""
        content = None if body is None else json.dumps(body).encode()
        headers = {"Authorization": f"Bearer {self.key}", "Content-Type": "application/json"}
        asked = urllib.request.Request(self.url + path, content, headers, method=method)
        try:
            with _OPENER.open(asked, timeout=_LIMIT_SECONDS) as answer:
                return Reply(answer.status, dict(answer.headers), answer.read())
        except HTTPError as error:
            with error:
                return Reply(error.code, dict(error.headers), error.read())


def first_key(log: str) -> str:
    """ "" while it was not printed."""
    found = _FIRST_KEY.search(log)
    return found[1] if found else ""
