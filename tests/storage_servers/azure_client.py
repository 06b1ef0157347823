"""Azure's blob storage by hand: requests signed with SharedKey. Knows what a test asks behind the back of the store."""

import base64
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import formatdate
from urllib.parse import quote, urlsplit

from tests.storage_servers.answers import Answer, exchanged

_VERSION = "2023-11-03"


@dataclass(frozen=True, slots=True)
class AzureClient:
    #: With the account as its path: http://127.0.0.1:10000/account.
    endpoint: str
    account: str
    key: str

    def ask(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
    ) -> Answer:
        """`path` is /container/name, not yet quoted."""
        target = urlsplit(self.endpoint).path + quote(path)
        asked = sorted((query or {}).items())
        sent = {name.lower(): value for name, value in (headers or {}).items()}
        sent |= {"x-ms-date": formatdate(usegmt=True), "x-ms-version": _VERSION, "content-length": str(len(body))}
        sent["authorization"] = self._authorization(method, target, asked, sent)
        words = "&".join(f"{name}={quote(value, safe='')}" for name, value in asked)
        return exchanged(self.endpoint, method, f"{target}?{words}" if words else target, sent, body)

    def _authorization(self, method: str, target: str, query: list[tuple[str, str]], headers: dict[str, str]) -> str:
        length = "" if headers["content-length"] == "0" else headers["content-length"]
        plain = [
            "",
            "",
            length,
            headers.get("content-md5", ""),
            headers.get("content-type", ""),
            "",
            "",
            "",
            "",
            "",
            "",
        ]
        own = "".join(f"{name}:{value}\n" for name, value in sorted(headers.items()) if name.startswith("x-ms-"))
        resource = f"/{self.account}{target}" + "".join(f"\n{name}:{value}" for name, value in query)
        text = "\n".join([method, *plain]) + "\n" + own + resource
        signature = base64.b64encode(hmac.digest(base64.b64decode(self.key), text.encode(), "sha256")).decode()
        return f"SharedKey {self.account}:{signature}"

    def names(self, container: str) -> list[str]:
        """All that lies in the container, blobs of which only blocks are there included."""
        query = {"restype": "container", "comp": "list", "include": "uncommittedblobs"}
        answer = self.ask("GET", f"/{container}", query)
        assert answer.status == 200, answer
        return sorted(answer.texts("Name"))
