"""Whether the API does what its OpenAPI says, by all checks of schemathesis; longer: scripts/fuzz-api."""

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.api.fuzzing import ASKING, Findings, document_of, done, fuzzed
from tests.api.seeds import ORGANISATIONS
from tests.api.site import Seeded, serving

SEED = 20_260_401
#: For each operation, in each phase that draws.
EXAMPLES = 3
#: Of each key. What is wrong with an operation is wrong whoever asks: once is enough to go through all of it.
PHASES = {"house admin": ("examples", "coverage", "fuzzing"), "globex admin": ("examples", "fuzzing", "stateful")}
#: By whose failure the seeded house is troubled.
FAILED = ("failed-at-render", "failed-at-store")
PATIENCE_SECONDS = 20.0

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


@pytest.mark.parametrize(("who", "organisation"), ASKING)
def test_every_operation_is_done_and_answers_as_is_described(
    house: tuple[Seeded, str], tmp_path: Path, who: str, organisation: str
) -> None:
    seed, url = house
    with serving(seed, tmp_path, url) as address:
        document = document_of(address)
        found = fuzzed(address, seed, who, organisation, number=SEED, phases=PHASES[who], examples=EXAMPLES)
        found.statuses["is_ready"][well_again(address, seed.keys[ASKING[0][0]])] += 1
    assert found.failures == {}, found.report()
    assert never_done(found, document) == []


def well_again(address: str, key: str) -> int:
    """The status of /readyz once what had failed is deleted: none before has seen the house without a trouble."""
    headers = {"Authorization": f"Bearer {key}"}
    for call in (f"{organisation}-{what}" for organisation in ORGANISATIONS for what in FAILED):
        requests.delete(f"{address}/v1/calls/{call}/recording", headers=headers, timeout=PATIENCE_SECONDS)
    status, until = 0, time.monotonic() + PATIENCE_SECONDS
    while status != 200 and time.monotonic() < until:
        status = requests.get(f"{address}/readyz", headers=headers, timeout=PATIENCE_SECONDS).status_code
    return status


def never_done(found: Findings, document: Mapping[str, Any]) -> list[str]:
    return [name for name, statuses in found.statuses.items() if not done(document, name) & statuses.keys()]
