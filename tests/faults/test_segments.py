"""A file of the PBX that is corrupt, empty, cut or gone: what is there is shipped, what is not is named."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.faults.conftest import Build
from tests.faults.house import House
from tests.faults.proof import assert_each_copy_is_there_once, assert_no_leftovers, stereo_of, until_grown

Damage = Callable[[Path], object]


def corrupt(file: Path) -> None:
    file.write_bytes(os.urandom(file.stat().st_size))


def empty(file: Path) -> None:
    file.write_bytes(b"")


def cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[: 44 + 2000])


def only_header(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:44])


def vanish(file: Path) -> None:
    file.unlink()


DAMAGES: dict[str, Damage] = {
    "corrupt": corrupt,
    "empty": empty,
    "cut": cut,
    "only-header": only_header,
    "vanished": vanish,
}


def recorded(house: House, names: list[str]) -> None:
    """Calls of these names, captured and not worked on yet."""
    calls = [house.pbx.call(name).answer() for name in names]
    house.until_recording(*names)
    for call in calls:
        until_grown(house, call, 0.4)
        call.hang_up()
    for name in names:
        house.until_state(name, "captured")


def files_of(house: House, name: str) -> dict[str, Path]:
    """By side."""
    segments = house.rows.segments(house.rows.recording(name)["id"])
    return {segment["side"]: house.pbx.spool / segment["path"] for segment in segments}


def rendering_of(house: House, recording: str) -> dict[str, Any]:
    [row] = house.rows.ask(f"SELECT * FROM renderings WHERE recording_id = '{recording}'")
    return row | {"troubles": json.loads(row["troubles"]), "gaps": json.loads(row["gaps"])}


def test_one_damaged_side_costs_only_itself_and_is_named(build: Build) -> None:
    house = build()
    house.start("capture", "web")
    recorded(house, ["whole", *DAMAGES])
    sound = {name: files_of(house, name)["right"].read_bytes()[44:] for name in DAMAGES}
    for name, damage in DAMAGES.items():
        damage(files_of(house, name)["left"])
    house.start("work")
    house.until_settled()
    assert not rendering_of(house, house.until_state("whole", "available")["id"])["is_partial"]
    for name in DAMAGES:
        row = house.until_state(name, "available")
        rendering = rendering_of(house, row["id"])
        assert rendering["is_partial"]
        assert any(files_of(house, name)["left"].name in trouble for trouble in rendering["troubles"]), name
        assert [gap["side"] for gap in rendering["gaps"]] == ["left"], name
        left, right = stereo_of(house, row["id"])
        assert sound[name] in right
        assert any(left) is (name == "cut"), name
        assert house.work.said("source damaged", recording_id=row["id"])
    assert_each_copy_is_there_once(house)
    assert_no_leftovers(house)


@pytest.mark.slow
def test_without_any_sound_a_recording_fails_by_name_and_the_others_are_shipped(build: Build) -> None:
    house = build()
    house.start("capture", "web")
    recorded(house, ["whole", *DAMAGES])
    for name, damage in DAMAGES.items():
        for file in files_of(house, name).values():
            damage(file)
    house.start("work")
    house.until_settled()
    house.until_state("whole", "available")
    for name in DAMAGES.keys() - {"cut"}:
        row = house.until_state(name, "failed-at-render")
        assert "no segment holds a single frame of sound" in row["reason"]
        assert house.work.said("recording failed-at-render", recording_id=row["id"])
    assert rendering_of(house, house.until_state("cut", "available")["id"])["is_partial"]
    assert_each_copy_is_there_once(house)
    assert_no_leftovers(house)
    kept = [file for name in DAMAGES.keys() - {"vanished"} for file in files_of(house, name).values()]
    assert all(file.exists() for file in kept)
