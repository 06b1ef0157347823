"""Where an organisation's recordings go, and what a changed configuration means for it."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from connector.domain.options import RecordingOptions
from connector.domain.recording import Delivery
from connector.domain.secret import Secret
from connector.errors import DestinationRefused
from connector.ports.destinations import Destination
from connector.ports.object_store import ObjectStore
from connector.roles.destinations import CALLS_OWN, ConfiguredDestinations
from connector.settings import (
    DefaultSettings,
    DestinationSettings,
    OrganisationSettings,
    OrganisationsSettings,
    Settings,
)
from connector.storage.memory import MemoryStore
from tests.builders import a_delivery, a_recording
from tests.unit.services.memory_vault import MemoryVault

ARCHIVE = DestinationSettings(url="file:///srv/archive/")
OTHER = DestinationSettings(url="file:///srv/other/{callId}.{format}", overwrite=True)
BUCKET = DestinationSettings(url="s3://calls/pbx/", credentials=Secret("KEY:secret:eu"), backup="other")


class Made:
    """What stores were made of, one for each time that one was made."""

    def __init__(self) -> None:
        self.of: list[tuple[DestinationSettings, MemoryStore]] = []

    def __call__(self, settings: DestinationSettings) -> ObjectStore:
        self.of.append((settings, MemoryStore()))
        return self.of[-1][1]

    def settings_of(self, destination: Destination | None) -> DestinationSettings:
        assert destination is not None
        (found,) = [settings for settings, store in self.of if store is destination.store]
        return found


def settings(organisations: Mapping[str, OrganisationSettings] | None = None, **over: Any) -> Settings:
    known: dict[str, Any] = {"destinations": {"archive": ARCHIVE, "other": OTHER}}
    return Settings(organisations=OrganisationsSettings(known=organisations or {}), **(known | over))


def destinations(of: Settings, vault: MemoryVault | None = None, made: Made | None = None) -> ConfiguredDestinations:
    return ConfiguredDestinations(of, vault or MemoryVault(), made or Made())


def names(found: ConfiguredDestinations, *asked: str, organisation: str = "acme") -> list[str]:
    return list(found.names_for(a_recording(destinations=asked, organisation=organisation)))


async def find(found: ConfiguredDestinations, name: str, **over: Any) -> Destination:
    destination = await found.find(name, a_recording(**({"organisation": "acme"} | over)))
    assert destination is not None
    return destination


def put(name: str, at: Destination) -> Delivery:
    """One that was named for that destination."""
    return a_delivery(destination=name, place=at.place, object_name="call-1.mp3")


def test_the_first_destination_is_everybodys_when_nothing_else_is_said() -> None:
    assert names(destinations(settings())) == ["archive"]


def test_the_recordings_own_word_comes_first_then_the_organisations_then_the_default() -> None:
    defaults = DefaultSettings(options=RecordingOptions(destination="archive"))
    found = destinations(settings({"acme": OrganisationSettings(destination="other")}, defaults=defaults))
    assert names(found, "archive") == ["archive"]
    assert names(found) == ["other"]
    assert names(found, organisation="another") == ["archive"]


def test_several_destinations_get_every_recording() -> None:
    several = ("other", "archive")
    assert names(destinations(settings(defaults=DefaultSettings(destinations=several)))) == list(several)
    found = destinations(settings({"acme": OrganisationSettings(destinations=several)}))
    assert names(found) == list(several)
    assert names(found, organisation="another") == ["archive"]


async def test_an_organisations_own_destination_is_nobody_elses() -> None:
    own, made = DestinationSettings(url="file:///srv/acme/"), Made()
    found = destinations(settings({"acme": OrganisationSettings(destination=own)}), made=made)
    (name,) = names(found)
    assert made.settings_of(await find(found, name)) == own
    assert names(found, organisation="another") == ["archive"]


def test_a_destination_of_others_is_never_used(caplog: pytest.LogCaptureFixture) -> None:
    private = replace(OTHER, organisations=("rival",))
    found = destinations(settings(destinations={"archive": ARCHIVE, "private": private}))
    assert names(found, "private") == ["archive"]
    assert names(found, "private", organisation="rival") == ["private"]
    assert [record.getMessage() for record in caplog.records] == ["destination not allowed"]


async def test_a_name_that_nobody_has_is_kept_so_that_it_is_refused_and_said() -> None:
    found = destinations(settings())
    assert names(found, "gone") == ["gone"]
    assert await found.find("gone", a_recording()) is None


async def test_a_destination_has_its_template_and_its_own_words() -> None:
    other = await find(destinations(settings()), "other")
    assert (other.name, other.template.text, other.overwrite, other.timezone) == (
        "other",
        "{callId}.{format}",
        True,
        "UTC",
    )
    bucket = await find(destinations(settings(destinations={"b": replace(BUCKET, link_seconds=60.0)})), "b")
    assert (bucket.template.text, bucket.backup, bucket.link_seconds) == ("pbx/", "other", 60.0)


def test_a_manifest_goes_only_where_it_is_wanted() -> None:
    found = destinations(settings(destinations={"archive": ARCHIVE, "with": replace(OTHER, manifest=True)}))
    assert [name for name in ("archive", "with", "gone", CALLS_OWN) if found.wants_manifest(name)] == ["with"]


async def test_following_keeps_the_stores_that_did_not_change() -> None:
    found = destinations(settings())
    before = {name: (await find(found, name)).store for name in ("archive", "other")}
    found.follow(settings(destinations={"archive": ARCHIVE, "other": replace(OTHER, mode="0600"), "new": OTHER}))
    assert (await find(found, "archive")).store is before["archive"]
    assert (await find(found, "other")).store is not before["other"]
    assert (await find(found, "new")).store is before["other"]


async def test_each_is_watched_under_its_own_name_also_where_two_share_a_store() -> None:
    watched: list[tuple[str, ObjectStore]] = []

    def watch(name: str, store: ObjectStore) -> ObjectStore:
        watched.append((name, store))
        return store

    shared = settings(destinations={"archive": ARCHIVE, "same": ARCHIVE})
    found = ConfiguredDestinations(shared, MemoryVault(), Made(), watch)
    before = await find(found, "archive")
    await find(found, "same")
    await found.holding(put("archive", before), a_recording())
    assert [name for name, _ in watched] == ["archive", "same", "archive"]
    assert {id(store) for _, store in watched} == {id(before.store)}


async def test_following_forgets_what_left() -> None:
    found = destinations(settings())
    found.follow(settings(destinations={"other": OTHER}))
    assert await found.find("archive", a_recording()) is None
    assert names(found) == ["other"]


async def test_another_time_zone_holds_at_once() -> None:
    found = destinations(settings())
    kept = (await find(found, "archive")).store
    found.follow(settings(timezone="Europe/Berlin"))
    archive = await find(found, "archive")
    assert archive.timezone == "Europe/Berlin"
    assert archive.store is kept


async def test_an_organisations_own_destination_has_its_own_time_zone() -> None:
    own = OrganisationSettings(destination=ARCHIVE, timezone="Asia/Tokyo")
    found = destinations(settings({"acme": own}))
    assert (await find(found, names(found)[0])).timezone == "Asia/Tokyo"


async def test_what_was_put_into_another_bucket_is_still_held_there() -> None:
    made = Made()
    found = destinations(settings(destinations={"archive": BUCKET}), made=made)
    before = await find(found, "archive")
    found.follow(settings(destinations={"archive": replace(BUCKET, url="s3://new/")}))
    held = await found.holding(put("archive", before), a_recording())
    assert held is not None
    assert (held.name, held.place, held.store) == ("archive", before.place, before.store)
    assert (await find(found, "archive")).store is not before.store


async def test_what_was_put_with_a_key_that_was_changed_since_is_held_with_the_new_one() -> None:
    made = Made()
    found = destinations(settings(destinations={"archive": BUCKET}), made=made)
    before = await find(found, "archive")
    rotated = replace(BUCKET, credentials=Secret("NEW:secret:eu"), template="elsewhere/", region="eu-west-1")
    found.follow(settings(destinations={"archive": rotated}))
    held = await found.holding(put("archive", before), a_recording())
    assert held is not None
    assert made.settings_of(held) == rotated
    assert held.place != before.place


async def test_what_was_put_at_a_destination_that_left_the_configuration_is_held_by_another_process() -> None:
    vault, made = MemoryVault(), Made()
    before = await find(destinations(settings(destinations={"archive": BUCKET}), vault), "archive")
    later = destinations(settings(destinations={"other": OTHER}), vault, made)
    held = await later.holding(put("archive", before), a_recording())
    assert held is not None
    assert (held.name, held.place, held.template.text) == ("archive", before.place, "pbx/")
    # Nobody stands in for what is not in the configuration.
    assert made.settings_of(held) == replace(BUCKET, backup="")
    again = await later.holding(put("archive", before), a_recording())
    assert again is not None
    assert again.store is held.store


async def test_what_was_not_named_yet_is_as_the_configuration_says() -> None:
    found = destinations(settings())
    held = await found.holding(a_delivery(destination="other"), a_recording())
    assert held == await find(found, "other")
    assert await found.holding(a_delivery(destination="gone"), a_recording()) is None


async def test_lost_credentials_are_a_refusal_that_says_so() -> None:
    vault = MemoryVault()
    before = await find(destinations(settings(destinations={"archive": BUCKET}), vault), "archive")
    vault.secrets.clear()
    later = destinations(settings(destinations={"other": OTHER}), vault)
    with pytest.raises(DestinationRefused, match=r"^its credentials are lost: nothing is kept as 's-"):
        await later.holding(put("archive", before), a_recording())


async def test_a_call_that_brings_its_own_bucket_goes_there_alone() -> None:
    vault, made = MemoryVault(), Made()
    found = destinations(settings(), vault, made)
    name = await vault.keep(Secret("THEIRS:secret:eu"))
    options = RecordingOptions(destination_url="s3://theirs/day/{callId}.mp3", credentials=name)
    assert list(found.names_for(a_recording(options=options, destinations=("other",)))) == [CALLS_OWN]
    own = await find(found, CALLS_OWN, options=options)
    assert made.settings_of(own) == DestinationSettings(url="s3://theirs/", credentials=Secret("THEIRS:secret:eu"))
    assert own.template.text == "day/{callId}.mp3"


async def test_a_thousand_names_in_a_calls_own_bucket_are_one_place_and_one_store() -> None:
    vault, made = MemoryVault(), Made()
    found = destinations(settings(credentials={"known": Secret("key")}), vault, made)
    for number in range(1000):
        options = RecordingOptions(destination_url=f"azure://acme/box/{number}.mp3", credentials="known")
        own = await find(found, CALLS_OWN, options=options)
        assert own.template.text == f"{number}.mp3"
    assert (len(made.of), len(vault.secrets)) == (1, 1)


async def test_what_was_begun_in_a_calls_own_bucket_keeps_the_name_that_this_call_wished() -> None:
    vault, made = MemoryVault(), Made()
    found = destinations(settings(credentials={"theirs": Secret("KEY:secret:eu")}), vault, made)
    wishes = {
        name: RecordingOptions(destination_url=f"s3://theirs/{name}.mp3", credentials="theirs") for name in ("a", "b")
    }
    for options in wishes.values():
        at = await find(found, CALLS_OWN, options=options)
        recording = a_recording(organisation="acme", options=options)
        for process in (found, destinations(settings(), vault)):
            held = await process.holding(put(CALLS_OWN, at), recording)
            assert held is not None
            assert held.template == at.template
    assert at.template.text == "b.mp3"


async def test_what_lies_elsewhere_does_not_wait_for_todays_place_to_be_fit() -> None:
    """Keys of today's that cannot be any are said in health; older recordings are read all the same."""

    def made(of: DestinationSettings) -> ObjectStore:
        if of.credentials == Secret("no key"):
            raise DestinationRefused("these are no keys")
        return MemoryStore()

    vault = MemoryVault()
    found = ConfiguredDestinations(settings(destinations={"archive": BUCKET}), vault, made)
    before = await find(found, "archive")
    unfit = replace(BUCKET, url="s3://new/", credentials=Secret("no key"))
    found.follow(settings(destinations={"archive": unfit}))
    held = await found.holding(put("archive", before), a_recording(organisation="acme"))
    assert held is not None
    assert held.store is before.store


async def test_a_call_may_name_credentials_of_the_configuration_and_others_are_refused() -> None:
    made = Made()
    found = destinations(settings(credentials={"acme": Secret("KEY:secret:eu")}), made=made)
    options = RecordingOptions(destination_url="s3://theirs/", credentials="acme")
    assert made.settings_of(await find(found, CALLS_OWN, options=options)).credentials == Secret("KEY:secret:eu")
    with pytest.raises(DestinationRefused, match="credentials are lost"):
        await find(found, CALLS_OWN, options=replace(options, credentials="nobody's"))


async def test_every_store_is_closed_in_the_end() -> None:
    vault, made = MemoryVault(), Made()
    former = await find(destinations(settings(destinations={"archive": BUCKET}), vault), "archive")
    found = destinations(settings(), vault, made)
    await find(found, "archive")
    await found.holding(put("gone", former), a_recording())
    await found.close()
    assert [store.is_closed for _, store in made.of] == [True, True]


async def test_no_place_tells_anything_of_its_secrets() -> None:
    vault = MemoryVault()
    of = replace(ARCHIVE, encrypt=Secret("the old key"), former_keys=(Secret("older"),), proxy=Secret("http://p:pw@h"))
    bucket = await find(destinations(settings(destinations={"archive": of, "b": BUCKET}), vault), "b")
    archive = await find(destinations(settings(destinations={"archive": of}), vault), "archive")
    said = repr((bucket, archive, vault.secrets))
    assert not [secret for secret in ("secret", "KEY", "older", "the old key", "pw") if secret in said]


async def test_when_the_vault_has_lost_a_place_todays_destination_will_do_where_the_address_is_the_same() -> None:
    vault = MemoryVault()
    found = destinations(settings(destinations={"archive": BUCKET}), vault)
    before = await find(found, "archive")
    begun = put("archive", before)
    stored = replace(begun, place="s-named-by-the-lost-key", url=before.store.url(begun.object_name))
    later = destinations(settings(destinations={"archive": BUCKET}), MemoryVault())
    holding = await later.holding(stored, a_recording())
    assert holding is not None
    assert holding.store.url(stored.object_name) == stored.url
    another = destinations(settings(destinations={"archive": BUCKET}), MemoryVault())
    with pytest.raises(DestinationRefused, match="credentials are lost"):
        await another.holding(replace(stored, url="memory:///another/call-1.mp3"), a_recording())


async def test_a_call_that_names_a_bucket_and_no_credentials_is_refused() -> None:
    """It would be reached by the machine's own role."""
    options = RecordingOptions(destination_url="s3://the-houses-own/")
    with pytest.raises(DestinationRefused, match="credentials of its own"):
        await find(destinations(settings()), CALLS_OWN, options=options)


# --- settings by API ----------------------------------------------------------------------------------------------

USERS = DestinationSettings(
    url="s3://calls/", endpoint="https://s3.example.com", credentials=Secret("KEY:secret"), is_guarded=True
)


async def test_a_users_bucket_takes_new_recordings_and_older_ones_stay_readable_where_they_are() -> None:
    made, vault = Made(), MemoryVault()
    found = destinations(settings(), vault, made)
    before = put("archive", await find(found, "archive", organisation="default"))
    found.follow(replace(settings(), default_organisation=OrganisationSettings(destination=USERS)))
    (name,) = names(found, organisation="default")
    assert made.settings_of(await find(found, name, organisation="default")) == USERS
    after = put(name, await find(found, name, organisation="default"))
    recording = a_recording(organisation="default")
    assert made.settings_of(await found.holding(before, recording)) == ARCHIVE
    found.follow(settings())
    assert names(found, organisation="default") == ["archive"]
    assert made.settings_of(await found.holding(after, recording)) == USERS
    again = destinations(settings(), vault, made)
    held = await again.holding(after, recording)
    assert made.settings_of(held).is_guarded


async def test_links_of_an_organisation_are_good_for_as_long_as_the_api_says() -> None:
    found = destinations(settings({"acme": OrganisationSettings(link_seconds=60.0), "rival": OrganisationSettings()}))
    assert (await find(found, "archive")).link_seconds == 60.0
    assert (await find(found, "archive", organisation="rival")).link_seconds == 3600.0
