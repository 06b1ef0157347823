"""A container's address, and no other host's."""

from urllib.parse import urlsplit

import pytest

from connector.domain.secret import Secret
from connector.errors import DestinationRefused
from connector.storage.azure_place import AzurePlace


def test_without_an_endpoint_it_is_azures_own() -> None:
    place = AzurePlace(account="calls2026", container="recordings")
    assert place.base + place.path("Zoé/a+b.mp3") == (
        "https://calls2026.blob.core.windows.net/recordings/Zo%C3%A9/a%2Bb.mp3"
    )
    assert place.base_path == ""
    assert place.id == "azure://calls2026/recordings"
    assert place.url("Zoé/a b.mp3") == "azure://calls2026/recordings/Zo%C3%A9/a%20b.mp3"


def test_the_same_container_at_another_endpoint_is_another_place() -> None:
    here = AzurePlace(account="calls2026", container="recordings", endpoint="https://blob.example/calls2026/")
    assert here.id != AzurePlace(account="calls2026", container="recordings").id
    assert here.base_path == "/calls2026"
    assert here.public_base == "https://blob.example/calls2026"


@pytest.mark.parametrize("account", ["", "ab", "Calls", "evil.example/x?", "a" * 25, "calls-2026", "calls2026\n"])
def test_what_is_no_account_never_becomes_a_hosts_name(account: str) -> None:
    with pytest.raises(DestinationRefused, match="is no storage account"):
        AzurePlace(account=account, container="recordings")


@pytest.mark.parametrize(
    "container", ["", "ab", "Calls", "a--b", "-ab", "ab-", "a/b", "..", "a" * 64, "calls?x", "abc\n"]
)
def test_what_is_no_container_is_refused(container: str) -> None:
    with pytest.raises(DestinationRefused, match="is no container"):
        AzurePlace(account="calls2026", container=container)


@pytest.mark.parametrize("container", ["abc", "a-b", "recordings-2026", "a1b", "a" * 63, "$root"])
def test_what_azure_takes_is_taken(container: str) -> None:
    assert urlsplit(AzurePlace(account="calls2026", container=container).base).scheme == "https"


def test_a_proxys_password_is_not_shown() -> None:
    place = AzurePlace(account="calls2026", container="abc", proxy=Secret("http://me:sesame@proxy.example"))
    assert "sesame" not in repr(place) + place.id + place.url("a.mp3")
