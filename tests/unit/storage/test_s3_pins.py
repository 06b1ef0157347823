"""What a trial found fills in what the settings leave open, and nothing else."""

from dataclasses import replace

import pytest

from connector.domain.secret import Secret
from connector.ports.pins import ADDRESSING, CHECKSUMS, CONDITIONS, REGION, Pin
from connector.storage.credentials import KeyPair
from connector.storage.s3_pins import addressings, left_open, pin_place, pinned
from connector.storage.s3_place import GOOGLE_ENDPOINT, Addressing, Checksums, Conditions, S3Place

PLACE = S3Place(bucket="calls", endpoint="https://s3.example.com")
KEYS = KeyPair(key_id="KEY", secret=Secret("s3cret"))
FOUND = Pin(region="eu-central-1", addressing="virtual", conditions="honoured", checksums="unchecked")
WRITTEN = replace(PLACE, region="us-east-1", addressing=Addressing.PATH)


def test_what_is_open_is_filled_in() -> None:
    place = pinned(PLACE, KEYS, FOUND)
    assert (place.region, place.addressing) == ("eu-central-1", Addressing.VIRTUAL)
    assert (place.conditions, place.checksums) == (Conditions.HONOURED, Checksums.UNCHECKED)
    assert place.id == PLACE.id


def test_what_is_written_wins() -> None:
    assert left_open(WRITTEN, KEYS) == {CONDITIONS, CHECKSUMS}
    place = pinned(WRITTEN, KEYS, FOUND)
    assert (place.region, place.addressing) == ("us-east-1", Addressing.PATH)


def test_a_region_that_came_with_the_credentials_is_written() -> None:
    keys = replace(KEYS, region="eu-west-1")
    assert REGION not in left_open(PLACE, keys)
    assert pinned(PLACE, keys, FOUND).region == ""


def test_of_google_all_is_known_but_its_checksums() -> None:
    google = S3Place(
        bucket="calls",
        scheme="gs",
        endpoint=GOOGLE_ENDPOINT,
        region="auto",
        addressing=Addressing.PATH,
        conditions=Conditions.IGNORED,
    )
    assert left_open(google, KEYS) == {CHECKSUMS}
    assert addressings(google) == ()


def test_nothing_found_changes_nothing() -> None:
    assert pinned(PLACE, KEYS, Pin()) == PLACE


def test_a_word_of_another_release_changes_nothing() -> None:
    assert pinned(PLACE, KEYS, Pin(addressing="upwards", conditions="perhaps", checksums="crc64")) == PLACE


def test_the_usual_addressing_comes_first() -> None:
    assert addressings(PLACE) == ("path", "virtual")
    assert addressings(replace(PLACE, endpoint="")) == ("", "path")
    assert addressings(WRITTEN) == ()
    assert ADDRESSING not in left_open(WRITTEN, KEYS)


@pytest.mark.parametrize(
    "other",
    [
        replace(PLACE, bucket="other"),
        replace(PLACE, endpoint="https://elsewhere.example.com"),
        replace(PLACE, region="eu-west-1"),
        replace(PLACE, addressing=Addressing.PATH),
        replace(PLACE, scheme="gs"),
    ],
)
def test_other_settings_are_another_place_for_pins(other: S3Place) -> None:
    assert pin_place(other, KEYS) != pin_place(PLACE, KEYS)


def test_new_keys_are_the_same_place_unless_they_bring_another_region() -> None:
    renewed = KeyPair(key_id="OTHER", secret=Secret("0ther"))
    assert pin_place(PLACE, renewed) == pin_place(PLACE, KEYS)
    assert pin_place(PLACE, replace(KEYS, region="eu")) != pin_place(PLACE, KEYS)
    assert "s3cret" not in pin_place(PLACE, KEYS)
