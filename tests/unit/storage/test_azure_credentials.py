"""Azure's keys and signatures are looked at before a call depends on them, and never repeated."""

import base64

import pytest

from connector.domain.secret import Secret
from connector.errors import DestinationRefused
from connector.storage.azure_credentials import AccountKey, SharedAccess, azure_keys

KEY = base64.b64encode(bytes(range(64))).decode()
TOKEN = "sv=2023-11-03&se=2027-01-01T00%3A00%3A00Z&sr=c&sp=cw&sig=u%2BzL%2Fw%3D%3D"


def test_an_accounts_key_is_taken_as_it_was_copied() -> None:
    keys = azure_keys(Secret(f" {KEY}\n"))
    assert keys == AccountKey(Secret(KEY))
    assert KEY not in repr(keys)


@pytest.mark.parametrize("given", [TOKEN, f"?{TOKEN}"])
def test_a_shared_access_signature_is_taken_with_and_without_its_question_mark(given: str) -> None:
    keys = azure_keys(Secret(given))
    assert keys == SharedAccess(Secret(TOKEN))
    assert "sig" not in repr(keys)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("", "0 bytes of 64"),
        ("AAAA", "3 bytes of 64"),
        (KEY[:-5], "not base64"),
        (KEY[:-4], "bytes of 64"),
        ("schlüssel", "not base64"),
        ("key:secret:region", "not base64"),
        (f"DefaultEndpointsProtocol=https;AccountName=a;AccountKey={KEY}", "connection string"),
        (f"https://a.blob.core.windows.net/c?{TOKEN}", "whole URL"),
        ("sp=cw&sig=abc", "lacks its sv="),
        (f"{TOKEN}#x", "belongs into no URL"),
        (f"{TOKEN}\r\nHost: x", "belongs into no URL"),
    ],
)
def test_what_is_neither_is_refused_and_not_repeated(given: str, said: str) -> None:
    with pytest.raises(DestinationRefused, match=said) as refusal:
        azure_keys(Secret(given))
    assert not given or given not in str(refusal.value)
    assert refusal.value.__cause__ is None
