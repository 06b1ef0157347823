"""What was named goes on where it began, through changes of the configuration, with a vault and every service real."""

import shutil
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from connector.domain.secret import Secret
from connector.domain.states import DeliveryState, RecordingEvent, RecordingState
from connector.errors import DestinationRefused, DestinationUnreachable
from connector.ports.object_store import ObjectStore
from connector.roles.destinations import ConfiguredDestinations
from connector.services.fetching import Fetching
from connector.services.file_links import FileLinks, Linked
from connector.settings import DestinationSettings, Settings
from connector.storage.memory import MemoryStore
from tests.builders import RECORDING
from tests.unit.services.memory_vault import MemoryVault
from tests.unit.services.yard import SOUND, Yard

OLD = DestinationSettings(url="s3://old/", credentials=Secret("OLD:secret:eu"))
NEW = DestinationSettings(url="s3://new/{callId}-new.{format}", credentials=Secret("NEW:secret:eu"))
AWAY = DestinationUnreachable("the bucket does not answer")


class Cloud:
    """Buckets by name, and the stores that were made for them."""

    def __init__(self) -> None:
        self.buckets: dict[str, dict[str, bytes]] = {}
        self.made: list[tuple[DestinationSettings, MemoryStore]] = []
        self.revoked: set[str] = set()

    def __call__(self, settings: DestinationSettings) -> ObjectStore:
        store = MemoryStore(self.buckets.setdefault(settings.url.split("/")[2], {}))
        if settings.credentials is not None and settings.credentials.reveal() in self.revoked:
            store.fail_next(*[DestinationRefused("this key was revoked")] * 100)
        self.made.append((settings, store))
        return store

    def down(self, bucket: str) -> None:
        """The next call to each store of it finds nobody."""
        for settings, store in self.made:
            if settings.url.startswith(f"s3://{bucket}/"):
                store.fail_next(AWAY)


class Site:
    """Processes that follow each other on one catalogue, each with the configuration of its time."""

    def __init__(self, state: Path, spool: Path) -> None:
        self.cloud, self.vault = Cloud(), MemoryVault()
        self.destinations = self.configured(OLD)
        self.yard = Yard(state, spool, self.destinations)

    def configured(self, archive: DestinationSettings | None) -> ConfiguredDestinations:
        return ConfiguredDestinations(_settings(archive), self.vault, self.cloud)

    def restarted(self, archive: DestinationSettings | None) -> None:
        """Another process begins, and knows only what lies in catalogue and vault."""
        self.cloud.made.clear()
        self.destinations = self.configured(archive)
        self.yard.follow(self.destinations)

    async def begun(self) -> None:
        """Named for the old bucket, where nothing has landed yet."""
        await self.yard.rendered()
        await self.destinations.find("archive", await self.yard.recording())
        self.cloud.down("old")
        await self.yard.run()
        assert (await self.yard.delivery()).object_name

    async def stored(self) -> None:
        await self.yard.rendered()
        await self.yard.run()
        assert (await self.yard.recording()).state is RecordingState.AVAILABLE


def _settings(archive: DestinationSettings | None) -> Settings:
    other = DestinationSettings(url="s3://other/", credentials=Secret("OTHER:secret:eu"))
    return Settings(destinations={"other": other} | ({"archive": archive} if archive else {}))


@pytest.fixture
async def site(migrated_file: Path, tmp_path: Path) -> AsyncIterator[Site]:
    state = tmp_path / "state"
    state.mkdir()
    shutil.copy(migrated_file, state / "catalogue.db")
    opened = Site(state, tmp_path / "spool")
    yield opened
    await opened.yard.close()


@pytest.mark.parametrize("archive", [NEW, None])
async def test_what_was_named_is_stored_where_it_began_whatever_became_of_the_configuration(
    site: Site, archive: DestinationSettings | None
) -> None:
    await site.begun()
    name = (await site.yard.delivery()).object_name
    site.restarted(archive)
    await site.yard.run(attempt=2)
    assert site.cloud.buckets["old"] == {name: SOUND}
    assert not site.cloud.buckets.get("new")
    assert (await site.yard.delivery()).state is DeliveryState.STORED


async def test_what_was_named_goes_on_with_the_new_key_of_the_same_bucket(site: Site) -> None:
    await site.begun()
    before = await site.yard.delivery()
    site.cloud.revoked.add("OLD:secret:eu")
    site.restarted(replace(OLD, credentials=Secret("ROTATED:secret:eu")))
    await site.yard.run(attempt=2)
    after = await site.yard.delivery()
    assert (after.state, after.object_name) == (DeliveryState.STORED, before.object_name)
    assert after.place != before.place
    assert [settings.credentials for settings, _ in site.cloud.made if settings.url == OLD.url][-1] == Secret(
        "ROTATED:secret:eu"
    )


async def test_a_retry_goes_where_the_configuration_says_by_then(site: Site) -> None:
    await site.begun()
    site.cloud.revoked.add("OLD:secret:eu")
    site.restarted(None)
    await site.yard.run(attempt=2)
    assert (await site.yard.recording()).state is RecordingState.FAILED_STORE
    site.restarted(NEW)
    await site.yard.reviving.revive(RECORDING)
    await site.yard.run(attempt=3)
    assert list(site.cloud.buckets["new"].values()) == [SOUND]
    assert (await site.yard.recording()).state is RecordingState.AVAILABLE


async def test_lost_credentials_refuse_the_delivery_and_say_so(site: Site) -> None:
    await site.begun()
    site.vault.secrets.clear()
    site.restarted(None)
    await site.yard.run(attempt=2)
    refused = await site.yard.delivery()
    assert refused.state is DeliveryState.REFUSED
    assert refused.reason.startswith("its credentials are lost: ")
    assert (await site.yard.recording()).state is RecordingState.FAILED_STORE


async def test_a_destination_that_left_the_configuration_still_links_reads_and_deletes(site: Site) -> None:
    await site.stored()
    site.restarted(None)
    yard = site.yard
    links = FileLinks("https://calls.example.com", Secret("key"), yard.clock)
    fetching = Fetching(yard.catalogue.shipping, site.destinations, links)
    file, delivery = await yard.file(), await yard.delivery()
    link = await fetching.link(file, delivery)
    assert link.url.startswith("https://calls.example.com/files/recording-1/stereo?destination=archive&")
    fetched = await fetching.fetched(Linked(recording_id=file.recording.id, kind=delivery.kind, destination="archive"))
    assert b"".join([piece async for piece in fetched.pieces]) == SOUND
    await yard.catalogue.shipping.moved(RECORDING, RecordingEvent.ERASED, reason="by ada")
    for _, step in yard.removing.steps:
        await step(RECORDING, 1)
    assert site.cloud.buckets["old"] == {}
    assert (await yard.delivery()).state is DeliveryState.DELETED


async def test_every_secret_of_the_configuration_is_in_the_vault_alone(site: Site) -> None:
    await site.begun()
    everything = repr(await site.yard.everything()) + repr(await site.yard.file())
    assert "secret" not in everything
    assert "secret" in "".join(secret.reveal() for secret in site.vault.secrets.values())
