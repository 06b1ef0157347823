"""A folder with a configuration and its secrets, as a machine would have it."""

from base64 import b64encode
from collections.abc import Callable
from pathlib import Path

import pytest

from connector.config.loading import BadConfig, load
from connector.settings import Settings

SITES = Path(__file__).parent / "sites"
ENVIRONMENT = {
    "AMI_PASSWORD": "ami-pw",
    "ARI_PASSWORD": "ari-pw",
    "ESL_PASSWORD": "esl-pw",
    "GLOBEX_S3": "K:S:eu",
    "SHORT": "whsec_c2hvcnQ=",
    "LONG": b64encode(bytes(32)).decode(),
    "HALVES": f"whsk_{b64encode(bytes(64)).decode()}",
    "LINES": "one\ntwo",
}
PBX = 'pbx: {office: {asterisk: {ami: "callreel:pw@127.0.0.1"}}}\n'

Load = Callable[..., Settings]
Refused = Callable[..., list[str]]


#: As Standard Webhooks writes them.
CRM_SECRET = "whsec_c2l4dGVlbiBieXRlcyBhcmUgdG9vIGZldyBoZXJl"


def a_secret(folder: Path, name: str, text: str = "s3cr3t\n", mode: int = 0o600) -> Path:
    path = folder / "secrets" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    path.chmod(mode)
    return path


@pytest.fixture
def read(tmp_path: Path) -> Load:
    """Settings of a text."""

    def read_text(text: str, environment: dict[str, str] | None = None) -> Settings:
        path = tmp_path / "config.yaml"
        path.write_text(text, encoding="utf-8")
        return load(path, ENVIRONMENT if environment is None else environment)

    return read_text


@pytest.fixture
def refused(read: Load) -> Refused:
    """The problems of a text, one line each, without the file's name."""

    def problems_of(text: str, environment: dict[str, str] | None = None) -> list[str]:
        with pytest.raises(BadConfig) as refusal:
            read(text, environment)
        return [str(problem) for problem in refusal.value.problems]

    return problems_of


@pytest.fixture
def site(read: Load, tmp_path: Path) -> Load:
    """One of the three sites, with the secret files that it names."""
    for name in ("azure-eu", "acme"):
        a_secret(tmp_path, name)
    a_secret(tmp_path, "crm", f"{CRM_SECRET}\n")
    return lambda name: read((SITES / f"{name}.yaml").read_text())
