"""One house with every door open, empty for each test."""

import pytest

from tests.unit.web.compat.house import House


@pytest.fixture(scope="session")
def built_house() -> House:
    return House()


@pytest.fixture
def house(built_house: House) -> House:
    return built_house.emptied()
