"""The lines of config.yaml that say for good what a trial found."""

from pathlib import Path

import pytest
import yaml

from connector.config.loading import load
from connector.ports.pins import Pin
from connector.roles.trial import Trial, wanted
from connector.settings import DestinationSettings, Settings

FOUND = Pin(region="eu-central-1", addressing="virtual", conditions="honoured", checksums="checked")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    secret = tmp_path / "secret"
    secret.touch(mode=0o640)
    secret.write_text("KEY:s3cret")
    (tmp_path / "config.yaml").write_text(
        "pbx: {demo: {scripted: {socket: /run/x.sock, spool: /tmp}}}\n"
        f"state: {tmp_path}\n"
        f"destinations: {{archive: {{url: 's3://calls/', credentials: {{file: {secret}}}}}}}\n"
        "organisations: {acme: {destination: {url: 's3://acme/'}}}\n"
    )
    return load(tmp_path / "config.yaml", {})


def written(settings: Settings, name: str, pin: Pin = FOUND) -> object:
    return yaml.safe_load(wanted(settings, name, None).written(pin))


def test_they_stand_below_the_destination_of_that_name(settings: Settings) -> None:
    said = {"region": "eu-central-1", "addressing": "virtual"}
    assert written(settings, "archive") == {"destinations": {"archive": said}}


def test_an_address_is_written_whole(settings: Settings) -> None:
    said = {"url": "s3://bucket/pbx/", "region": "eu-central-1", "addressing": "virtual"}
    assert written(settings, "s3://bucket/pbx/") == {"destinations": {"NAME": said}}


def test_an_organisations_own_stands_with_the_organisation(settings: Settings) -> None:
    said = {"region": "eu-central-1", "addressing": "virtual"}
    assert written(settings, "organisation:acme") == {"organisations": {"acme": {"destination": said}}}


def test_what_has_no_setting_is_not_written(settings: Settings) -> None:
    assert written(settings, "archive", Pin(conditions="honoured", checksums="checked")) is None


@pytest.mark.parametrize("name", ["yes", "7", "a: b", "café"])
def test_names_that_yaml_would_take_for_something_else_are_quoted(settings: Settings, name: str) -> None:
    trial = Trial(name=name, settings=DestinationSettings(url="s3://calls/"), house=settings)
    assert list(yaml.safe_load(trial.written(FOUND))["destinations"]) == [name]
