"""What of a destination contradicts its own address. Pure; each finding is the key below it and what to do."""

from collections.abc import Iterator
from dataclasses import fields

from connector.config.reader import key_of
from connector.settings import DestinationSettings

_LONGEST_LINK_SECONDS = 7 * 86_400.0
_FOLDERS_OWN = ("encrypt", "former_keys", "mode", "folder_mode", "group")
_S3_OWN = ("region", "addressing", "server_encryption", "kms_key")
_BUCKETS_OWN = (
    "credentials",
    "endpoint",
    "public_endpoint",
    "ca",
    "proxy",
    "storage_class",
    "tags",
    "metadata",
    *_S3_OWN,
)
#: What stands for nothing in a destination of that kind, and why.
_FOREIGN = {
    "file": (_BUCKETS_OWN, "of buckets only: a folder has none"),
    "s3": (_FOLDERS_OWN, "of folders (file://) only"),
    "gs": ((*_FOLDERS_OWN, *_S3_OWN), "not of gs://"),
    "azure": ((*_FOLDERS_OWN, *_S3_OWN), "not of azure://"),
}
_WANTED = {"gs": "key:secret of an HMAC key (interoperability)", "azure": "the account's key"}
#: The last three are old names that it still takes.
_GOOGLES_CLASSES = frozenset(
    {"", "STANDARD", "NEARLINE", "COLDLINE", "ARCHIVE", "MULTI_REGIONAL", "REGIONAL", "DURABLE_REDUCED_AVAILABILITY"}
)
_USUAL = DestinationSettings(url="")
_KEYS = {field.name: key_of(field) for field in fields(DestinationSettings)}


def contradictions(destination: DestinationSettings) -> Iterator[tuple[tuple[str, ...], str]]:
    scheme = destination.url.partition(":")[0]
    foreign, why = _FOREIGN.get(scheme, ((), ""))
    for name in foreign:
        if getattr(destination, name) != getattr(_USUAL, name):
            yield (_KEYS[name],), why
    if scheme in _WANTED and not destination.credentials:
        yield ("credentials",), f"is missing: {_WANTED[scheme]}"
    if scheme == "gs":
        yield from _not_of_google(destination)
    if not 0 < destination.link_seconds <= _LONGEST_LINK_SECONDS:
        yield ("links",), "must be more than nothing and at most 7d: no store signs for longer"
    if destination.kms_key and destination.server_encryption != "aws:kms":
        yield ("kms_key",), "goes with `server_encryption: aws:kms` only"


def _not_of_google(destination: DestinationSettings) -> Iterator[tuple[tuple[str, ...], str]]:
    """Of S3's headers Google heeds those that it has a word of its own for, and drops the others without one."""
    if destination.tags:
        yield ("tags",), "Google's objects have none, and it would drop them: use `metadata`"
    if destination.storage_class not in _GOOGLES_CLASSES:
        yield ("storage_class",), "Google knows STANDARD, NEARLINE, COLDLINE and ARCHIVE"
