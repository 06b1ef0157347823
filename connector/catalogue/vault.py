"""Secrets in the catalogue, sealed by the house's key: whoever has the file alone has none of them.

Knows ciphers and rows; knows nothing of what the secrets are for, nor where the house's key comes from.
"""

import base64
import hmac
import math
import os
from collections.abc import Callable, Collection

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlalchemy import Connection, bindparam, delete, select

from connector.catalogue.chores import unused_secrets
from connector.catalogue.database import Database
from connector.catalogue.tables import SEALED
from connector.catalogue.upsert import execute_many, upsert
from connector.domain.ids import Moment
from connector.domain.secret import Secret
from connector.errors import ConfigError, SecretLost

_KEY_BYTES = 32
_NONCE_BYTES = 12
_VERSION = "v1"
_PREFIX = "s-"
_NAME_DIGITS = 32
#: What is older is kept anew, so that nobody forgets it between our answer and the first row that names it.
_FRESH_SECONDS = 3600.0
_MOST_REMEMBERED = 1000

_SEALED = select(SEALED.c.sealed).where(SEALED.c.name == bindparam("of_name"))
_KEPT_AT = select(SEALED.c.kept_at).where(SEALED.c.name == bindparam("of_name"))
_FORGOTTEN = delete(SEALED).where(SEALED.c.name == bindparam("of_name"))


class Seal:
    """What names, seals and opens, all of one house's key. Pure but for the nonces."""

    def __init__(self, key: Secret) -> None:
        material = _material(key)
        self._cipher = AESGCM(_derived(material, b"callreel vault encryption v1", _KEY_BYTES))
        self._naming_key = _derived(material, b"callreel vault names v1", _KEY_BYTES)
        #: Tells keys apart without telling anything of them.
        self.key_id = _derived(material, b"callreel vault key id v1", 4).hex()

    def name(self, secret: Secret) -> str:
        digest = hmac.digest(self._naming_key, _bytes(secret), "sha256").hex()
        return _PREFIX + digest[:_NAME_DIGITS]

    def sealed(self, name: str, secret: Secret) -> str:
        nonce = os.urandom(_NONCE_BYTES)
        box = nonce + self._cipher.encrypt(nonce, _bytes(secret), name.encode())
        return ".".join((_VERSION, self.key_id, base64.b64encode(box).decode()))

    def opened(self, name: str, sealed: str) -> Secret:
        """Raises SecretLost when it was sealed with another key, or is not what was sealed under that name."""
        form, _, text = sealed.rpartition(".")
        version, _, key_id = form.partition(".")
        if version == _VERSION and key_id != self.key_id:
            raise SecretLost(
                f"{name} was sealed with the house's key {key_id}, the one here is {self.key_id}: configure the one "
                "that it was sealed with (`key`, or house.key of the state folder where it was kept)"
            )
        try:
            if version != _VERSION:
                raise ValueError(f"version {version!r}")
            box = base64.b64decode(text, validate=True)
            plain = self._cipher.decrypt(box[:_NONCE_BYTES], box[_NONCE_BYTES:], name.encode())
        except (InvalidTag, ValueError) as error:
            what = "is damaged, or was changed in the catalogue"
            raise SecretLost(f"{name} {what}: restore a backup, or give these credentials again") from error
        return Secret(plain.decode(errors="surrogatepass"))


class VaultRows:
    """The Vault."""

    def __init__(self, database: Database, key: Secret, now: Callable[[], Moment]) -> None:
        """Raises ConfigError when the key is none: 32 bytes in base64 or hex."""
        self._database = database
        self._seal = Seal(key)
        self._now = now
        #: When those were kept that this process has asked for.
        self._kept_at: dict[str, Moment] = {}

    async def keep(self, secret: Secret) -> str:
        name, now = self._seal.name(secret), self._now()
        if now - _FRESH_SECONDS <= self._kept_at.get(name, -math.inf) <= now:
            return name
        kept_at = await self._database.read(
            lambda connection: connection.execute(_KEPT_AT, {"of_name": name}).scalar_one_or_none()
        )
        if kept_at is None or kept_at < now - _FRESH_SECONDS:
            row = {"name": name, "sealed": self._seal.sealed(name, secret), "kept_at": now}
            await self._database.write(
                lambda connection: connection.execute(upsert(connection.dialect.name, SEALED, tuple(row)), row)
            )
            kept_at = now
        if len(self._kept_at) >= _MOST_REMEMBERED:
            self._kept_at.clear()
        self._kept_at[name] = kept_at
        return name

    async def reveal(self, name: str) -> Secret:
        sealed = await self._find(name)
        if sealed is None:
            raise SecretLost(
                f"the catalogue keeps no credentials named {name!r}: give them again, or restore a backup that has them"
            )
        return self._seal.opened(name, sealed)

    async def forget_unused(self, kept_before: float, still_used: Collection[str]) -> int:
        def unused(connection: Connection) -> set[str]:
            return unused_secrets(connection, kept_before, still_used)

        def forget(connection: Connection) -> int:
            names = unused(connection)
            execute_many(connection, _FORGOTTEN, [{"of_name": name} for name in names])
            return len(names)

        self._kept_at.clear()
        # It looks at every recording: with nothing to forget, nobody has to wait for the lock meanwhile.
        return await self._database.write(forget) if await self._database.read(unused) else 0

    async def _find(self, name: str) -> str | None:
        wanted = {"of_name": name}
        return await self._database.read(lambda connection: connection.execute(_SEALED, wanted).scalar_one_or_none())


def _material(key: Secret) -> bytes:
    """The same 32 bytes however they are spelled."""
    text = key.reveal().strip()
    for decode in (bytes.fromhex, _from_base64):
        try:
            material = decode(text)
        except ValueError:
            continue
        if len(material) == _KEY_BYTES:
            return material
    raise ConfigError("the house's key is 32 random bytes in base64 or hex: make one by `openssl rand -base64 32`")


def _from_base64(text: str) -> bytes:
    return base64.b64decode(text.replace("-", "+").replace("_", "/"), validate=True)


def _derived(material: bytes, info: bytes, length: int) -> bytes:
    return HKDF(algorithm=SHA256(), length=length, salt=None, info=info).derive(material)


def _bytes(secret: Secret) -> bytes:
    return secret.reveal().encode(errors="surrogatepass")
