"""A destination's settings as one text for the vault, and which of them are the same place."""

import json
from dataclasses import fields, replace
from typing import Any

import pytest

from connector.domain.secret import Secret
from connector.roles import places
from connector.settings import DestinationSettings

BUCKET = DestinationSettings(url="s3://calls/pbx/", credentials=Secret("KEY:secret:eu"))
#: Everything said otherwise than by default.
FULL = DestinationSettings(
    url="s3://calls/pbx/",
    template="{callId}.{format}",
    credentials=Secret("KEY:secret:eu"),
    encrypt=Secret("sealing"),
    former_keys=(Secret("older"), Secret("oldest")),
    backup="spare",
    endpoint="https://s3.example.com",
    public_endpoint="https://calls.example.com",
    region="eu-west-1",
    addressing="path",
    ca="/etc/ca.pem",
    proxy=Secret("http://user:password@proxy:3128"),
    storage_class="STANDARD_IA",
    server_encryption="aws:kms",
    kms_key="ours",
    tags={"team": "sales", "a": "ä"},
    metadata={"from": "pbx"},
    manifest=True,
    link_seconds=60.0,
    mode="0600",
    folder_mode="0700",
    group="www-data",
    overwrite=True,
    delete_expired=True,
    organisations=("acme",),
    is_guarded=True,
)


def test_every_field_is_told_apart_here() -> None:
    usual = DestinationSettings(url="")
    assert [one.name for one in fields(FULL) if getattr(FULL, one.name) == getattr(usual, one.name)] == []


def test_what_was_written_is_read_again_but_for_who_may_use_it_and_who_stands_in() -> None:
    assert places.read(places.written(FULL)) == replace(FULL, backup="", organisations=())
    assert places.read(places.written(BUCKET)) == BUCKET


def test_the_same_settings_are_the_same_text_and_others_are_not() -> None:
    again = replace(FULL, tags={"a": "ä", "team": "sales"}, backup="another", organisations=())
    assert places.written(again) == places.written(FULL)
    assert places.written(replace(FULL, credentials=Secret("NEW:secret:eu"))) != places.written(FULL)


def test_the_text_prints_as_nothing() -> None:
    assert "password" not in f"{places.written(FULL)!r} {places.written(FULL)}"


def test_what_another_release_wrote_is_read_as_far_as_it_is_known() -> None:
    text = json.dumps({"url": "s3://calls/", "colour": "blue"})
    assert places.read(Secret(text)) == DestinationSettings(url="s3://calls/")


@pytest.mark.parametrize(
    "change",
    [
        {"credentials": Secret("NEW:secret:eu")},
        {"credentials": None},
        {"url": "s3://calls/elsewhere/{callId}.mp3"},
        {"region": "eu-west-1", "addressing": "path", "storage_class": "GLACIER"},
        {"public_endpoint": "https://calls.example.com"},
        {"link_seconds": 1.0, "overwrite": True, "manifest": True},
    ],
)
def test_the_same_bucket_stays_the_same_place(change: dict[str, Any]) -> None:
    assert places.is_same_place(BUCKET, replace(BUCKET, **change))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("s3://calls/", "s3://other/"),
        ("s3://calls/", "gs://calls/"),
        ("azure://acme/calls/", "azure://acme/other/"),
        ("azure://acme/calls/", "azure://rival/calls/"),
        ("file:///srv/a/", "file:///srv/b/"),
        ("file:///srv/a/", "file:///srv/a/b/"),
    ],
)
def test_another_bucket_container_or_folder_is_another_place(one: str, other: str) -> None:
    assert not places.is_same_place(DestinationSettings(url=one), DestinationSettings(url=other))


def test_the_same_bucket_at_another_server_is_another_place() -> None:
    assert not places.is_same_place(BUCKET, replace(BUCKET, endpoint="https://s3.example.com"))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("azure://acme/calls", "azure://acme/calls/pbx/{callId}.mp3"),
        ("file:///srv/a", "file:///srv/a/{queue}/"),
        ("s3://calls", "s3://calls/"),
    ],
)
def test_only_names_differ_within_the_same_place(one: str, other: str) -> None:
    assert places.is_same_place(DestinationSettings(url=one), DestinationSettings(url=other))
