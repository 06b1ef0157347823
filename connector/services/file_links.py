"""Signed addresses of our own server, for files in folders: who has one may fetch that file until it expires.

Pure but for the clock that it is given; knows no file.
"""

import hmac
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote

from connector.domain.ids import RecordingId
from connector.domain.recording import ArtefactKind, Delivery
from connector.domain.secret import Secret
from connector.errors import LinkRefused
from connector.ports.clock import Clock
from connector.ports.object_store import Link

_PURPOSE = b"callreel: links to files"


@dataclass(frozen=True, slots=True, kw_only=True)
class Linked:
    """What a link is to."""

    recording_id: RecordingId
    kind: ArtefactKind
    destination: str
    filename: str = ""

    @property
    def path(self) -> str:
        return f"/files/{quote(self.recording_id, safe='')}/{self.kind}"


class FileLinks:
    def __init__(self, base_url: str, key: Secret, clock: Clock) -> None:
        """`base_url` is our server as those reach it who get links."""
        self._base_url = base_url.rstrip("/")
        self._key = hmac.digest(key.reveal().encode(), _PURPOSE, "sha256")
        self._clock = clock

    def link(self, delivery: Delivery, seconds: float, filename: str = "") -> Link:
        linked = Linked(
            recording_id=delivery.recording_id,
            kind=delivery.kind,
            destination=delivery.destination,
            filename=filename,
        )
        expires_at = math.floor(self._clock.now() + seconds)
        said = {"destination": linked.destination, "name": linked.filename}
        query = "".join(f"{name}={quote(value, safe='')}&" for name, value in said.items() if value)
        query += f"expires={expires_at}&signature={self._signature(linked, expires_at)}"
        return Link(url=f"{self._base_url}{linked.path}?{query}", expires_at=expires_at)

    def opened(self, recording_id: str, kind: str, query: Mapping[str, str]) -> Linked:
        """What such an address is to; LinkRefused for one that we did not sign, or not for now."""
        try:
            expires_at = int(query.get("expires", ""))
            linked = Linked(
                recording_id=RecordingId(recording_id),
                kind=ArtefactKind(kind),
                destination=query.get("destination", ""),
                filename=query.get("name", ""),
            )
        except ValueError:
            raise LinkRefused("this is no link of ours: ask for one anew") from None
        if not hmac.compare_digest(self._signature(linked, expires_at).encode(), query.get("signature", "").encode()):
            raise LinkRefused("this link was changed, or signed with another key: ask for one anew")
        if expires_at <= self._clock.now():
            raise LinkRefused("this link has expired: ask for one anew")
        return linked

    def _signature(self, linked: Linked, expires_at: int) -> str:
        # As JSON no part can reach into the next one.
        said = json.dumps([linked.recording_id, linked.kind, linked.destination, linked.filename, expires_at])
        return hmac.digest(self._key, said.encode(), "sha256").hex()
