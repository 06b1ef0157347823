"""What every contract suite may ask for: a PostgreSQL server of our own, one for the whole run."""

import os
from collections.abc import Iterator

import pytest

from tests.contract.postgresql_server import PostgresqlServer, binaries, running_server


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[PostgresqlServer]:
    if binaries() is None:
        why = "PostgreSQL is not installed: half of the contract is not tested (apt-get install postgresql)"
        if os.environ.get("CI") == "true":
            pytest.fail(why)
        pytest.skip(why)
    with running_server() as server:
        yield server
