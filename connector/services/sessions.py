"""Sessions of the web page: a key that was shown once, sealed with the house's key for a browser to carry.

Nothing of them is kept here: neither a restart nor another node of the house ends one, and since every request is
admitted anew by the key inside, whatever ends the key ends its sessions at once. Knows no HTTP and not which keys are
good; pure but for the clock and chance.
"""

import base64
import hashlib
import hmac
import json
import math
import os
from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from connector.domain.access import ApiKey
from connector.domain.ids import Moment
from connector.domain.secret import Secret
from connector.errors import SessionOver
from connector.ports.clock import Clock

#: A shift with its overtime. Use makes it no longer: a page that was left open asks by itself, and would never end.
SESSION_SECONDS: Final = 12 * 3600.0
_PURPOSE: Final = b"callreel: sessions of the web page v1"
_NONCE_BYTES: Final = 12
#: What a browser sends us is looked at no further than this; ours are a tenth of it.
_LONGEST: Final = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    #: Whole, as it was shown at the sign-in.
    key: Secret
    ends_at: Moment


class Sessions:
    def __init__(self, house_key: Secret, clock: Clock) -> None:
        self._cipher = AESGCM(hmac.digest(house_key.reveal().encode(), _PURPOSE, hashlib.sha256))
        self._clock = clock

    def begun(self, shown: Secret, key: ApiKey) -> Session:
        """With a key that was admitted as `key`: for some hours, and not beyond the key's own end."""
        ends_at = math.floor(self._clock.now() + SESSION_SECONDS)
        return Session(key=shown, ends_at=float(ends_at) if key.expires_at is None else min(ends_at, key.expires_at))

    def sealed(self, session: Session) -> str:
        """As the browser carries it: signs that are safe in a cookie."""
        said = json.dumps([session.key.reveal(), session.ends_at]).encode()
        nonce = os.urandom(_NONCE_BYTES)
        return base64.urlsafe_b64encode(nonce + self._cipher.encrypt(nonce, said, _PURPOSE)).decode().rstrip("=")

    def opened(self, sealed: str) -> Session:
        """Raises SessionOver for one that has ended, that was changed, or that another house sealed."""
        try:
            box = base64.b64decode(_padded(sealed), altchars=b"-_", validate=True)
            said = self._cipher.decrypt(box[:_NONCE_BYTES], box[_NONCE_BYTES:], _PURPOSE)
        except (InvalidTag, ValueError):
            raise SessionOver("this is no session of ours: sign in") from None
        shown, ends_at = json.loads(said)
        if ends_at <= self._clock.now():
            raise SessionOver("the session has ended: sign in again")
        return Session(key=Secret(shown), ends_at=ends_at)

    def seconds_left(self, session: Session) -> int:
        return max(0, math.floor(session.ends_at - self._clock.now()))


def _padded(sealed: str) -> str:
    """Raises ValueError for what is too long to be ours."""
    if len(sealed) > _LONGEST:
        raise ValueError("too long")
    return sealed + "=" * (-len(sealed) % 4)
