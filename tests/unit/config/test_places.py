"""What of a destination's address is the place, and what names the objects there."""

import pytest

from connector.config.addresses import bucket_of, folder_of, template_of


@pytest.mark.parametrize(
    ("url", "folder", "template"),
    [
        ("file:///srv/recordings", "/srv/recordings", ""),
        ("file:///srv/recordings/", "/srv/recordings", ""),
        ("file:///", "/", ""),
        ("file:///srv/{queue}/", "/srv", "{queue}/"),
        ("file:///srv/{utc:yyyy}/{utc:MM}/{callId}.{format}", "/srv", "{utc:yyyy}/{utc:MM}/{callId}.{format}"),
        ("file:///srv/calls/last.mp3", "/srv/calls", "last.mp3"),
        ("file:///srv/calls/LAST.WAV", "/srv/calls", "LAST.WAV"),
        ("file:///srv/calls/last.wave", "/srv/calls", "last.wave"),
        ("file:///srv/call.centre", "/srv/call.centre", ""),
        ("file:///srv/with%20space/%7Bqueue%7D.mp3", "/srv/with space", "{queue}.mp3"),
        ("file:///{organisation}.{format}", "/", "{organisation}.{format}"),
    ],
)
def test_a_folder_ends_where_its_template_begins(url: str, folder: str, template: str) -> None:
    assert (folder_of(url), template_of(url)) == (folder, template)


@pytest.mark.parametrize(
    ("url", "bucket", "template"),
    [
        ("s3://bucket", "s3://bucket/", ""),
        ("s3://bucket/", "s3://bucket/", ""),
        ("s3://bucket/calls/{queue}/", "s3://bucket/", "calls/{queue}/"),
        ("s3://bucket/with%20space/last.mp3", "s3://bucket/", "with space/last.mp3"),
        ("gs://calls.example.com/a/b.wav", "gs://calls.example.com/", "a/b.wav"),
        ("azure://account/container", "azure://account/container/", ""),
        ("azure://account/container/", "azure://account/container/", ""),
        ("azure://account/$root/calls/{callId}.{format}", "azure://account/$root/", "calls/{callId}.{format}"),
    ],
)
def test_all_behind_a_bucket_names_objects(url: str, bucket: str, template: str) -> None:
    assert (bucket_of(url), template_of(url)) == (bucket, template)
    assert (bucket_of(bucket), template_of(bucket), folder_of(url)) == (bucket, "", "")
