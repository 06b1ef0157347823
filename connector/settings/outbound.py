"""Which calls the API may place: without this, none."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from connector.settings.said import said


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboundSettings:
    pbx: str = field(metadata=said("the PBX that places them, by name"))
    node: str = field(default="", metadata=said("the node whose capture speaks with it; default: this one"))
    context: str = field(metadata=said("the context of its dialplan in which the number is dialled"))
    numbers: tuple[str, ...] = field(
        default=(),
        metadata=said("which numbers may be called: numbers or dialplan patterns (+49X.)", form="pattern"),
    )
    endpoints: Mapping[str, str] = field(
        default_factory=dict,
        metadata=said(
            "the phones that ring first, by endpoint_id: PJSIP/2001, user/2001; ORGANISATION/ep_1 is that one's alone"
        ),
    )
    caller_ids: tuple[str, ...] = field(
        default=(), metadata=said("which numbers may be shown (from_number), or patterns of them", form="pattern")
    )
    per_minute: int = field(default=10, metadata=said("how many in a minute, of all keys together", least=1))
