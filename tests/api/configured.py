"""What the configuration of a seeded house says, and what an annexe adds to one. Knows no key and no call."""

import json
import os
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from connector.config.loading import load
from connector.roles.foundation import Foundation
from connector.settings import Settings
from tests.api.seeds import DESTINATION, ENDPOINT, NODE, ORGANISATIONS

_CATALOGUE: Final = "CALLREEL_TEST_CATALOGUE"


async def _nothing(ground: Foundation, archive: Path) -> None:
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Annexe:
    """What a house has beside what each of them has."""

    #: Further ones, as config.yaml has them; each has a key of each role, and one of role control that signs.
    organisations: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    #: Names of further PBXs.
    pbxs: Sequence[str] = ()
    #: Laid over `api` of config.yaml.
    api: Mapping[str, Any] = field(default_factory=dict)
    #: Puts their calls into the catalogue and their files into the archive.
    sow: Callable[[Foundation, Path], Awaitable[None]] = _nothing


def configured(folder: Path, url: str, archive: Path, listen: str, annexe: Annexe) -> Settings:
    """The settings of a house in that folder, read from a file like anybody's."""
    (folder / "spool").mkdir()
    path = folder / "config.yaml"
    path.write_text(json.dumps(_configuration(folder, archive, listen, annexe)))
    return load(path, {**os.environ, _CATALOGUE: url})


def _configuration(folder: Path, archive: Path, listen: str, annexe: Annexe) -> dict[str, Any]:
    pbx = {"scripted": {"socket": str(folder / "pbx.sock"), "spool": str(folder / "spool")}}
    outbound = {
        "pbx": ORGANISATIONS[0],
        "node": NODE,
        "context": "from-callreel",
        "numbers": ["+49X."],
        "endpoints": {"ep_1": "PJSIP/2001"},
        "caller_ids": ["+4930X."],
        "per_minute": 10_000,
    }
    return {
        "state": str(folder),
        "node": NODE,
        "catalogue": {"env": _CATALOGUE},
        "pbx": dict.fromkeys((*ORGANISATIONS, *annexe.pbxs), pbx),
        "organisations": {name: {"plan": "standard"} for name in ORGANISATIONS} | dict(annexe.organisations),
        "plans": {"standard": {"retentionDays": 30, "maxRetentionDays": 365}},
        "destinations": {DESTINATION: {"url": f"file://{archive}/"}},
        "notifications": {ENDPOINT: {"url": "https://crm.example.com/hook"}},
        # Who shows wrong keys by the hundred says each time that he comes from elsewhere.
        "api": {
            "listen": listen,
            "requests_per_second": 100_000,
            "outbound": outbound,
            "trusted_proxies": ["127.0.0.1"],
            **annexe.api,
        },
    }
