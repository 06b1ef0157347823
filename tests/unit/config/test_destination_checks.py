"""What a destination cannot have at its address, and what it must have."""

from dataclasses import replace
from typing import Any

import pytest

from connector.config.destination_checks import contradictions
from connector.domain.secret import Secret
from connector.settings import DestinationSettings

KEY = Secret("KEY:s3cret")
FOLDER = DestinationSettings(url="file:///srv/calls/")
S3 = DestinationSettings(url="s3://calls/")
GOOGLE = DestinationSettings(url="gs://calls/", credentials=KEY)
AZURE = DestinationSettings(url="azure://acme/calls/", credentials=KEY)

FOLDERS_OWN: dict[str, Any] = {
    "encrypt": Secret("k"),
    "former_keys": (Secret("k"),),
    "mode": "0600",
    "folder_mode": "0700",
    "group": "www-data",
}
S3_OWN: dict[str, Any] = {
    "region": "eu",
    "addressing": "path",
    "server_encryption": "aws:kms",
}
BUCKETS_OWN: dict[str, Any] = {
    "credentials": KEY,
    "endpoint": "https://s3.example.com",
    "public_endpoint": "https://s3.example.com",
    "ca": "/etc/ca.pem",
    "proxy": Secret("http://proxy:3128"),
    "storage_class": "Cool",
    "tags": {"a": "b"},
    "metadata": {"a": "b"},
}

NOT_GOOGLES = ("tags", "storage_class")


def keys(of: DestinationSettings, **over: Any) -> list[str]:
    found = list(contradictions(replace(of, **over)))
    assert all(len(path) == 1 and text for path, text in found)
    return [path[0] for path, _ in found]


@pytest.mark.parametrize("of", [FOLDER, S3, GOOGLE, AZURE], ids=lambda one: one.url)
def test_what_is_usual_contradicts_nothing(of: DestinationSettings) -> None:
    everywhere: dict[str, Any] = {
        "template": "{callId}.{format}",
        "backup": "other",
        "manifest": True,
        "overwrite": True,
        "organisations": ("acme",),
        "link_seconds": 7 * 86_400.0,
    }
    assert keys(of) == []
    assert keys(of, **everywhere) == []


@pytest.mark.parametrize(
    ("of", "own"),
    [
        (FOLDER, FOLDERS_OWN),
        (S3, BUCKETS_OWN | S3_OWN),
        (GOOGLE, {name: value for name, value in BUCKETS_OWN.items() if name not in NOT_GOOGLES}),
        (AZURE, BUCKETS_OWN),
    ],
    ids=["file", "s3", "gs", "azure"],
)
def test_every_kind_may_have_its_own_and_nothing_of_the_others(of: DestinationSettings, own: dict[str, Any]) -> None:
    for name, value in (FOLDERS_OWN | BUCKETS_OWN | S3_OWN).items():
        assert keys(of, **{name: value}) == ([] if name in own else [name]), name


def test_a_folder_has_no_key_of_a_provider() -> None:
    assert keys(FOLDER, kms_key="ours", server_encryption="aws:kms") == ["server_encryption", "kms_key"]


@pytest.mark.parametrize("name", ["", "STANDARD", "NEARLINE", "COLDLINE", "ARCHIVE", "REGIONAL"])
def test_google_has_storage_classes_of_its_own(name: str) -> None:
    assert keys(GOOGLE, storage_class=name) == []


@pytest.mark.parametrize("name", ["STANDARD_IA", "GLACIER_IR", "nearline", "Cool"])
def test_storage_classes_of_others_are_refused_for_google_by_naming_its_own(name: str) -> None:
    ((path, text),) = contradictions(replace(GOOGLE, storage_class=name))
    assert path == ("storage_class",)
    assert "STANDARD, NEARLINE, COLDLINE and ARCHIVE" in text
    assert keys(S3, storage_class=name) == keys(AZURE, storage_class=name) == []


def test_tags_that_google_would_drop_are_refused_by_naming_what_it_keeps() -> None:
    ((path, text),) = contradictions(replace(GOOGLE, tags={"team": "sales"}))
    assert path == ("tags",)
    assert "`metadata`" in text
    assert keys(GOOGLE, metadata={"team": "sales"}) == []


def test_google_and_azure_know_nobody_without_a_key() -> None:
    assert keys(GOOGLE, credentials=None) == ["credentials"]
    assert keys(AZURE, credentials=None) == ["credentials"]
    assert keys(S3, credentials=None) == []
    ((_, text),) = contradictions(replace(GOOGLE, credentials=None))
    assert "HMAC" in text


@pytest.mark.parametrize("seconds", [0.0, -1.0, 7 * 86_400.0 + 1])
@pytest.mark.parametrize("of", [FOLDER, S3], ids=lambda one: one.url)
def test_links_are_good_for_some_time_and_a_week_at_most(of: DestinationSettings, seconds: float) -> None:
    assert keys(of, link_seconds=seconds) == ["links"]


@pytest.mark.parametrize("encryption", ["", "AES256"])
def test_a_key_of_kms_goes_with_kms_alone(encryption: str) -> None:
    assert keys(S3, kms_key="ours", server_encryption=encryption) == ["kms_key"]
    assert keys(S3, kms_key="ours", server_encryption="aws:kms") == []


def test_no_finding_repeats_a_secret() -> None:
    assert "s3cret" not in repr(list(contradictions(replace(FOLDER, credentials=KEY, proxy=KEY, encrypt=KEY))))
