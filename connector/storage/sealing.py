"""AES-256-GCM for files at rest: a stream of sealed chunks, and a trailer that proves the end and the digest.

Knows bytes and keys; knows no folder. The format is described for others in docs/encryption-at-rest.md.
"""

import base64
import binascii
import hashlib
import hmac
import os
import struct
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from connector.domain.secret import Secret
from connector.errors import ConfigError, DestinationRefused
from connector.ports.object_store import ObjectFacts

MAGIC = b"CALLREEL"
VERSION = 1
CHUNK_BYTES = 65536
KEY_BYTES = 32
#: Magic, version, three zero bytes, the key's id, the chunk size, the file's salt.
HEADER = struct.Struct(">8sB3x4sI32s")
#: Size, MD5 and SHA-256 of the plain file.
TRAILER = struct.Struct(">Q16s32s")
TAG_BYTES = 16

_LARGEST_CHUNK_BYTES = 1 << 24
_INFO = b"callreel file v1"
#: The nonce's last byte: a chunk cannot pass for the trailer, nor the trailer for a chunk.
_CHUNK, _TRAILER = 0, 1


@dataclass(frozen=True, slots=True)
class SealingKey:
    material: bytes

    @classmethod
    def of(cls, secret: Secret) -> "SealingKey":
        """The 32 bytes that the secret spells in base64 or hex; ConfigError when it does not."""
        text = secret.reveal().strip()
        for decode in (bytes.fromhex, _from_base64):
            try:
                material = decode(text)
            except (ValueError, binascii.Error):
                continue
            if len(material) == KEY_BYTES:
                return cls(material)
        raise ConfigError(
            "an encryption key is 32 random bytes in base64 or hex: make one by `openssl rand -base64 32`"
        )

    @property
    def id(self) -> bytes:
        """Tells keys apart without telling anything of them."""
        return hmac.digest(self.material, b"callreel key id", "sha256")[:4]

    def __repr__(self) -> str:
        return f"SealingKey({self.id.hex()})"


class KeyRing:
    """The key that seals, and all keys that open."""

    def __init__(self, current: Secret | None, former: Sequence[Secret] = ()) -> None:
        self.current = SealingKey.of(current) if current else None
        keys = [self.current] if self.current else []
        keys += [SealingKey.of(secret) for secret in former]
        self._by_id: Mapping[bytes, SealingKey] = {key.id: key for key in keys}

    def find(self, key_id: bytes, name: str) -> SealingKey:
        key = self._by_id.get(key_id)
        if key is None:
            held = ", ".join(known.hex() for known in self._by_id) or "none"
            raise DestinationRefused(
                f"{name} is sealed with key {key_id.hex()}; known here: {held}; configure the key it was sealed with"
            )
        return key


def sealed(pieces: Iterable[bytes], key: SealingKey) -> Iterator[bytes]:
    """The sealed form of a file, piece by piece, in the memory of one chunk."""
    header = HEADER.pack(MAGIC, VERSION, key.id, CHUNK_BYTES, os.urandom(32))
    cipher = _cipher(key, header)
    md5, sha256 = hashlib.md5(usedforsecurity=False), hashlib.sha256()
    size = number = 0
    yield header
    for chunk in _rechunked(pieces):
        md5.update(chunk)
        sha256.update(chunk)
        size += len(chunk)
        yield cipher.encrypt(_nonce(number, _CHUNK), chunk, header)
        number += 1
    yield cipher.encrypt(_nonce(number, _TRAILER), TRAILER.pack(size, md5.digest(), sha256.digest()), header)


class SealedFile:
    """A sealed file opened for reading; its end and its header are proven before the first byte comes out."""

    def __init__(self, file: BinaryIO, size_bytes: int, ring: KeyRing, name: str) -> None:
        self._file = file
        self._name = name
        file.seek(0)
        self._header = file.read(HEADER.size)
        if len(self._header) < HEADER.size:
            raise self._damaged("its header is cut off")
        _, version, key_id, self._chunk_bytes, _ = HEADER.unpack(self._header)
        if version != VERSION or not 0 < self._chunk_bytes <= _LARGEST_CHUNK_BYTES:
            raise self._damaged(f"its header says version {version}, chunks of {self._chunk_bytes} bytes")
        self._cipher = _cipher(ring.find(key_id, name), self._header)
        self._body_bytes = size_bytes - HEADER.size - TRAILER.size - TAG_BYTES
        self._chunks = -(-self._body_bytes // (self._chunk_bytes + TAG_BYTES))
        self.facts = self._proven_facts()

    def pieces(self, begin_at: int = 0) -> Iterator[bytes]:
        """The plain bytes from that one on; each chunk is proven whole before anything of it comes out."""
        frame_bytes = self._chunk_bytes + TAG_BYTES
        first, unwanted = divmod(begin_at, self._chunk_bytes)
        self._file.seek(HEADER.size + first * frame_bytes)
        left = self._body_bytes - first * frame_bytes
        for number in range(first, self._chunks):
            frame = self._file.read(min(left, frame_bytes))
            left -= len(frame)
            yield self._opened(number, _CHUNK, frame)[unwanted:]
            unwanted = 0

    def _proven_facts(self) -> ObjectFacts:
        if self._body_bytes < 0:
            raise self._damaged("it is cut off")
        self._file.seek(HEADER.size + self._body_bytes)
        size, md5, sha256 = TRAILER.unpack(self._opened(self._chunks, _TRAILER, self._file.read()))
        return ObjectFacts(size_bytes=size, md5=md5.hex(), sha256=sha256.hex())

    def _opened(self, number: int, kind: int, frame: bytes) -> bytes:
        try:
            return self._cipher.decrypt(_nonce(number, kind), frame, self._header)
        except InvalidTag as error:
            where = "its end" if kind == _TRAILER else f"chunk {number}"
            raise self._damaged(f"{where} does not prove true") from error

    def _damaged(self, what: str) -> DestinationRefused:
        return DestinationRefused(f"{self._name} is damaged, cut off or changed: {what}; restore it from another copy")


def _from_base64(text: str) -> bytes:
    return base64.b64decode(text.replace("-", "+").replace("_", "/"), validate=True)


def _cipher(key: SealingKey, header: bytes) -> AESGCM:
    salt = header[-32:]
    return AESGCM(HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=salt, info=_INFO).derive(key.material))


def _nonce(number: int, kind: int) -> bytes:
    return number.to_bytes(11, "big") + bytes([kind])


def _rechunked(pieces: Iterable[bytes]) -> Iterator[bytes]:
    held = bytearray()
    for piece in pieces:
        held += piece
        while len(held) >= CHUNK_BYTES:
            yield bytes(held[:CHUNK_BYTES])
            del held[:CHUNK_BYTES]
    if held:
        yield bytes(held)
