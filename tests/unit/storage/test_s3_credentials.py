"""Keys in one string, as Sinch writes them; what is wrong is told, what was given is not."""

import pytest

from connector.domain.secret import Secret
from connector.errors import DestinationRefused
from connector.storage.credentials import KeyPair, gcs_keys, s3_keys

KEY, SECRET = "AKIAEXAMPLE", "wJalr/XUtn+FEMI/K7MD"


def test_key_secret_and_region() -> None:
    assert s3_keys(Secret(f"{KEY}:{SECRET}:eu-west-1")) == KeyPair(
        key_id=KEY, secret=Secret(SECRET), region="eu-west-1"
    )


def test_the_region_may_stand_elsewhere() -> None:
    assert s3_keys(Secret(f"{KEY}:{SECRET}")).region == ""


def test_google_has_no_regions_there() -> None:
    assert gcs_keys(Secret(f"GOOG1E:{SECRET}")) == KeyPair(key_id="GOOG1E", secret=Secret(SECRET), region="auto")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (SECRET, "they have 1 parts"),
        (f"{KEY}:{SECRET}:eu:west", "they have 4 parts"),
        (f":{SECRET}:eu-west-1", "the key is empty"),
        (f"{KEY}::eu-west-1", "the secret is empty"),
        (f"{KEY}:{SECRET}:", "the region is empty"),
        (f"{KEY}:{SECRET}\n:eu-west-1", "the secret holds a space"),
        (f"{KEY} :{SECRET}:eu-west-1", "the key holds a space"),
        (f"{KEY}:{SECRET}é:eu-west-1", "or a letter that no key has"),
        (f"eu-west-1:{KEY}:{SECRET}", "are the parts in this order"),
        ("", "they have 1 parts"),
    ],
)
def test_what_is_wrong_with_them_is_told_and_nothing_of_them(text: str, says: str) -> None:
    with pytest.raises(DestinationRefused, match=says) as raised:
        s3_keys(Secret(text))
    assert "key:secret:region" in str(raised.value)
    assert SECRET not in str(raised.value)


@pytest.mark.parametrize(
    ("text", "says"),
    [('{"type": "service_account", "private_key": "x"}', "make an HMAC key"), (f"{KEY}:{SECRET}:eu", "3 parts")],
)
def test_what_is_wrong_with_googles(text: str, says: str) -> None:
    with pytest.raises(DestinationRefused, match=says) as raised:
        gcs_keys(Secret(text))
    assert SECRET not in str(raised.value)
    assert "private_key" not in str(raised.value)


def test_keys_print_without_their_secrets() -> None:
    keys = KeyPair(key_id=KEY, secret=Secret(SECRET), session_token=Secret("lent"))
    assert SECRET not in repr(keys)
    assert "lent" not in repr(keys)
