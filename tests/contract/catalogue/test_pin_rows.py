"""The Pins on both databases."""

from connector.catalogue.store import Catalogue
from connector.ports.pins import Pin

PLACE = "s3://bucket at https://s3.example.com, region open, addressing auto"
FOUND = Pin(region="eu-central-1", addressing="path", conditions="honoured", checksums="checked")


async def test_what_was_pinned_is_found_by_the_next_process(catalogue: Catalogue, url: str) -> None:
    await catalogue.pins.keep(PLACE, FOUND)
    next_process = Catalogue.open(url)
    assert await next_process.pins.find(PLACE) == FOUND
    await next_process.close()


async def test_nothing_is_pinned_where_no_trial_was_made(catalogue: Catalogue) -> None:
    await catalogue.pins.keep(PLACE, FOUND)
    assert await catalogue.pins.find(PLACE.replace("open", "eu-west-1")) is None


async def test_another_trial_replaces_the_one_before_whole(catalogue: Catalogue) -> None:
    await catalogue.pins.keep(PLACE, FOUND)
    await catalogue.pins.keep(PLACE, Pin(conditions="ignored"))
    assert await catalogue.pins.find(PLACE) == Pin(conditions="ignored")
