"""Where recordings go."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from connector.domain.durations import seconds_of
from connector.domain.secret import Secret
from connector.settings.said import said


@dataclass(frozen=True, slots=True, kw_only=True)
class DestinationSettings:
    url: str = field(
        metadata=said(
            "file:///folder/, s3://bucket/, gs://bucket/ or azure://account/container/; may end with a name template",
            form="place",
        )
    )
    template: str = field(
        default="",
        metadata=said("the name below the URL: queues/{queue}/{utc:yyyy}/{callId}.{format}", form="template"),
    )
    credentials: Secret | None = field(
        default=None,
        metadata=said(
            "a name from credentials, or {env: NAME}, or {file: path}; s3:// without any: the environment's or the "
            "machine's role",
            named="credentials",
        ),
    )
    encrypt: Secret | None = field(
        default=None,
        metadata=said("file:// only: the 32-byte key of AES-256-GCM at rest in base64 or hex", form="key"),
    )
    former_keys: tuple[Secret, ...] = field(
        default=(), metadata=said("file:// only: keys that files of earlier times were encrypted with", form="key")
    )
    backup: str = field(
        default="", metadata=said("the destination that is used while this one is down", named="destinations")
    )
    endpoint: str = field(default="", metadata=said("the server, when it is not the provider's own", form="url"))
    public_endpoint: str = field(
        default="", metadata=said("the server as links to recordings name it, when it is another", form="url")
    )
    region: str = field(
        default="", metadata=said("the region of the bucket, when the credentials do not say; s3:// only")
    )
    addressing: str = field(
        default="auto",
        metadata=said(
            "s3:// only: where the bucket's name stands: path, virtual (before the host's name) or auto",
            words=("auto", "path", "virtual"),
        ),
    )
    ca: str = field(
        default="",
        metadata=said(
            "a file with the certificate that the server's own is checked by; default: the system's", form="path"
        ),
    )
    proxy: Secret | None = field(
        default=None, metadata=said("the proxy on the way there: http://[user:password@]host:port", form="proxy")
    )
    storage_class: str = field(
        default="",
        metadata=said("as the provider calls it: STANDARD_IA, GLACIER_IR; NEARLINE; of Azure the access tier: Cool"),
    )
    server_encryption: str = field(
        default="",
        metadata=said(
            "s3:// only: how the provider encrypts, if not as the bucket says: AES256 or aws:kms",
            words=("AES256", "aws:kms"),
        ),
    )
    kms_key: str = field(default="", metadata=said("s3:// only: the id of the key for aws:kms"))
    tags: Mapping[str, str] = field(
        default_factory=dict, metadata=said("name: value, put on every object as tags; not of gs://")
    )
    metadata: Mapping[str, str] = field(
        default_factory=dict, metadata=said("name: value, put on every object as metadata")
    )
    manifest: bool = field(
        default=False,
        metadata=said("put a .manifest.json beside every recording: who, when, channels, gaps and checksums"),
    )
    link_seconds: float = field(
        default=3600.0,
        metadata=said("how long links to recordings are good for; at most 7 days", key="links", read=seconds_of),
    )
    mode: str = field(default="0640", metadata=said("file:// only: file permissions, octal", form="mode"))
    folder_mode: str = field(default="0750", metadata=said("file:// only: folder permissions, octal", form="mode"))
    group: str = field(default="", metadata=said("file:// only: the group that files belong to, for a web server"))
    overwrite: bool = field(default=False, metadata=said("replace an object of the same name instead of adding -2"))
    delete_expired: bool | None = field(
        default=None,
        metadata=said("delete here what retention ends; default: yes in folders, no in buckets (their lifecycle does)"),
    )
    organisations: tuple[str, ...] = field(
        default=(), metadata=said("who may use it; default: every organisation", named="organisations")
    )
    is_guarded: bool = field(
        default=False,
        metadata=said("a user named its server, which has to be where config.yaml lets it be", hidden=True),
    )


#: The destination of a configuration that names none.
DEFAULT_DESTINATION = "recordings"
