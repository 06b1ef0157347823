"""A destination's settings as one text for the vault, and back; and whether two of them are the same place.

The text holds secrets in clear: it goes nowhere but into the vault.
"""

import json
from collections.abc import Mapping
from dataclasses import fields
from typing import Any
from urllib.parse import urlsplit

from connector.config.addresses import folder_of
from connector.domain.secret import Secret
from connector.settings import DestinationSettings

_SECRETS = frozenset({"credentials", "encrypt", "proxy", "former_keys"})
#: Who may use it, and what stands in for it, is asked before anything is stored.
_LEFT_OUT = frozenset({"organisations", "backup"})


def written(settings: DestinationSettings) -> Secret:
    """The same text for the same settings."""
    said = {field.name: getattr(settings, field.name) for field in fields(settings) if field.name not in _LEFT_OUT}
    usual = DestinationSettings(url="")
    differing = {name: _plain(value) for name, value in said.items() if value != getattr(usual, name)}
    return Secret(json.dumps(differing, sort_keys=True))


def read(text: Secret) -> DestinationSettings:
    """What another release added is left out."""
    known = {field.name for field in fields(DestinationSettings)}
    said: dict[str, Any] = json.loads(text.reveal())
    return DestinationSettings(**{name: _value(name, value) for name, value in said.items() if name in known})


def is_same_place(one: DestinationSettings, other: DestinationSettings) -> bool:
    """Whether what was put into the one is found in the other under the same name."""
    return _place(one) == _place(other)


def _place(settings: DestinationSettings) -> tuple[str, ...]:
    parts = urlsplit(settings.url)
    inside = parts.path.split("/")[1] if parts.scheme == "azure" else folder_of(settings.url)
    return (parts.scheme, parts.netloc, inside, settings.endpoint)


def _plain(value: Any) -> Any:
    if isinstance(value, Secret):
        return value.reveal()
    if isinstance(value, tuple):
        return [_plain(one) for one in value]
    return dict(value) if isinstance(value, Mapping) else value


def _value(name: str, value: Any) -> Any:
    if isinstance(value, list):
        return tuple(_value(name, one) for one in value)
    return Secret(value) if name in _SECRETS and value is not None else value
