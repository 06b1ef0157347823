"""A browser for all tests here, the house made once, and for each test its copy and a visitor."""

import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page

from tests.api.site import Seeded
from tests.browser.chromium import AUTOPLAY, Visitor, Watch, browsing, program
from tests.browser.site import PageHouse, page_seed, served_page

ROOT = Path(__file__).parent.parent.parent
#: What scripts/build-page says before it gets its own.
_NO_NODE = "there is no Node.js"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All share the browser's event loop."""
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent) and pytest_asyncio.is_async_test(item):
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


@pytest.fixture(scope="session")
def built_page() -> None:
    """As it goes into the wheel. Of several workers the first builds it; nobody does when it is of these sources."""
    built = subprocess.run(
        [ROOT / "scripts/build-page"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    if built.returncode != 0 and _NO_NODE in built.stdout:
        pytest.skip(f"Node.js, which builds the page, can't be had: {built.stdout.splitlines()[-1]}")
    assert built.returncode == 0, f"scripts/build-page failed:\n{built.stdout}"


@pytest.fixture(scope="session")
def seeded_page(tmp_path_factory: pytest.TempPathFactory) -> Seeded:
    return page_seed(tmp_path_factory.mktemp("page"))


@pytest.fixture
def house(built_page: None, seeded_page: Seeded, tmp_path: Path) -> Iterator[PageHouse]:
    """Served; a test may do with it what it likes."""
    with served_page(seeded_page, tmp_path) as served:
        yield served


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    if not program():
        pytest.skip("there is no Chromium: install the package chromium")
    async with browsing(AUTOPLAY) as found:
        yield found


@pytest_asyncio.fixture(loop_scope="session")
async def visitor(browser: Browser, house: PageHouse) -> AsyncIterator[Visitor]:
    """Whatever goes wrong in its pages unseen fails the test in the end."""
    watch = Watch(origin=house.url)
    yield Visitor(browser=browser, house=house, watch=watch)
    for context in browser.contexts:
        await context.close()
    assert not watch.faults, "\n".join(watch.faults)


@pytest_asyncio.fixture(loop_scope="session")
async def page(visitor: Visitor) -> Page:
    """The list of calls, for an administrator of Harbour Logistics."""
    return await visitor.open()
