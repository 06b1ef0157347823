"""The PBXs, and how each is reached."""

from dataclasses import dataclass, field

from connector.domain.organisation import DEFAULT_INTERNAL
from connector.domain.secret import Secret
from connector.settings.said import said


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """user:password@host:port, as one line."""

    user: str
    password: Secret
    host: str
    port: int
    tls: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AsteriskSettings:
    ami: Endpoint = field(
        metadata=said(
            'Manager interface: "user:password@host[:port][?tls=yes]"; port 5038, with TLS 5039',
            port=5038,
            tls_port=5039,
        )
    )
    ari: Endpoint | None = field(
        default=None,
        metadata=said(
            'REST interface: "user:password@host[:port][?tls=yes]"; port 8088, with TLS 8089', port=8088, tls_port=8089
        ),
    )
    files: str = field(
        default="shared", metadata=said("how the files come to us: shared (one disk) or ari", words=("shared", "ari"))
    )
    spool: str = field(
        default="/var/spool/asterisk/recording",
        metadata=said("the folder into which Asterisk writes recordings", form="path"),
    )
    ca: str = field(
        default="",
        metadata=said(
            "a file with the certificate that Asterisk's own is checked by; default: the system's", form="path"
        ),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class FreeswitchSettings:
    esl: Endpoint = field(metadata=said('event socket: ":password@host[:port]"; port 8021', port=8021, tls_port=8021))
    spool: str = field(
        default="/var/lib/freeswitch/callreel",
        metadata=said("the folder into which FreeSWITCH writes recordings", form="path"),
    )
    ca: str = field(
        default="",
        metadata=said(
            "a file with the certificate that stunnel's own is checked by; default: the system's", form="path"
        ),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ScriptedSettings:
    """The PBX of the demo and of load tests: plays calls from a script and writes real files."""

    socket: str = field(metadata=said("the socket of the player", form="path"))
    spool: str = field(metadata=said("the folder into which the player writes", form="path"))


@dataclass(frozen=True, slots=True, kw_only=True)
class PbxSettings:
    """Exactly one of asterisk, freeswitch and scripted."""

    asterisk: AsteriskSettings | None = field(default=None, metadata=said("an Asterisk"))
    freeswitch: FreeswitchSettings | None = field(default=None, metadata=said("a FreeSWITCH"))
    scripted: ScriptedSettings | None = field(default=None, metadata=said("the scripted PBX of the demo"))
    internal: tuple[str, ...] = field(
        default=DEFAULT_INTERNAL,
        metadata=said("whose numbers are our own: numbers or dialplan patterns (2XXX)", form="pattern"),
    )
    trunks: tuple[str, ...] = field(
        default=(), metadata=said("devices that lead outside, with * (PJSIP/carrier-*): their calls are never internal")
    )
