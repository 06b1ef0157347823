"""S3 by hand: requests signed with version 4, path style. Knows what a test asks behind the back of the store."""

import hashlib
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote, urlsplit

from tests.storage_servers.answers import Answer, exchanged

REGION = "us-east-1"


@dataclass(frozen=True, slots=True)
class Keys:
    id: str
    secret: str


def fresh_keys(name: str) -> Keys:
    """Unlike any other's, so that a test may look for them where no secret belongs."""
    return Keys(f"{name}-{secrets.token_hex(6)}", secrets.token_hex(20))


@dataclass(frozen=True, slots=True)
class S3Client:
    endpoint: str
    keys: Keys
    ca_file: Path | None = None
    region: str = REGION

    def ask(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
    ) -> Answer:
        """`path` is /bucket/name, not yet quoted."""
        target = quote(path)
        asked = "&".join(f"{quote(k, safe='')}={quote(v, safe='')}" for k, v in sorted((query or {}).items()))
        sent = {name.lower(): value for name, value in (headers or {}).items()}
        sent |= {"host": urlsplit(self.endpoint).netloc, "x-amz-date": datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")}
        sent.setdefault("x-amz-content-sha256", hashlib.sha256(body).hexdigest())
        sent["authorization"] = self._authorization(method, target, asked, sent)
        return exchanged(self.endpoint, method, f"{target}?{asked}" if asked else target, sent, body, self.ca_file)

    def _authorization(self, method: str, target: str, query: str, headers: dict[str, str]) -> str:
        moment = headers["x-amz-date"]
        names = ";".join(sorted(headers))
        lines = [f"{name}:{headers[name].strip()}\n" for name in sorted(headers)]
        request = "\n".join([method, target, query, "".join(lines), names, headers["x-amz-content-sha256"]])
        scope = f"{moment[:8]}/{self.region}/s3/aws4_request"
        text = "\n".join(["AWS4-HMAC-SHA256", moment, scope, hashlib.sha256(request.encode()).hexdigest()])
        key = f"AWS4{self.keys.secret}".encode()
        for word in scope.split("/"):
            key = hmac.digest(key, word.encode(), "sha256")
        signature = hmac.new(key, text.encode(), "sha256").hexdigest()
        return f"AWS4-HMAC-SHA256 Credential={self.keys.id}/{scope}, SignedHeaders={names}, Signature={signature}"

    def names(self, bucket: str) -> list[str]:
        """All that lies in the bucket, uploads under way as `name (uploadId)`. At most a thousand of each."""
        objects = self._listed(bucket, {"list-type": "2"})
        uploads = self._listed(bucket, {"uploads": ""})
        ids = uploads.texts("UploadId")
        halves = [f"{name} ({number})" for name, number in zip(uploads.texts("Key"), ids, strict=True)]
        return sorted([*objects.texts("Key"), *halves])

    def _listed(self, bucket: str, query: dict[str, str]) -> Answer:
        answer = self.ask("GET", f"/{bucket}", query)
        assert answer.status == 200, answer
        return answer
