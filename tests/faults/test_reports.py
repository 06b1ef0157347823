"""What the roles say of themselves while they work, in their files for health."""

import json
from typing import Any

import pytest

from tests.faults.conftest import Build
from tests.faults.house import House
from tests.faults.proof import until_grown
from tests.faults.waiting import until


def told(house: House) -> dict[str, Any]:
    """What work has to say of its destinations."""
    found: dict[str, Any] = json.loads((house.state / "health" / "work.json").read_text())["destinations"]
    return found


@pytest.mark.slow
def test_work_tells_how_much_went_to_each_destination(build: Build) -> None:
    house = build()
    house.start()
    until((house.state / "health" / "work.json").exists, "work's first report")
    assert told(house) == {}
    call = house.pbx.call("call").answer()
    house.until_recording("call")
    until_grown(house, call, 0.3)
    call.hang_up()
    house.until_state("call", "available")
    stored = [path for path in house.archive.rglob("*") if path.is_file()]
    assert stored

    def all_told() -> dict[str, float]:
        put: dict[str, float] = told(house).get("archive", {}).get("put", {}).get("done", {"calls": 0})
        return put if put["calls"] == len(stored) else {}

    put = until(all_told, lambda: f"{len(stored)} puts: {told(house)}; {house.tails}")
    assert put["bytes"] == sum(path.stat().st_size for path in stored)
    assert put["seconds"] > 0.0
