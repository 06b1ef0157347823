"""What docs/api.md promises is what the code does."""

import re
from dataclasses import fields
from pathlib import Path

import pytest
import yaml

from connector.config.loading import load
from connector.domain.happenings import Happened
from connector.roles.server import HEAD_SECONDS, MOST_HEAD_BYTES, STALLED_SECONDS
from connector.services.live_events import BEAT_SECONDS, LINGER_SECONDS, MOST_KEPT, MOST_OF_ONE_KEY, MOST_READERS
from connector.settings import ApiSettings
from connector.web.limits import BODY_SECONDS, MOST_BODY_BYTES
from connector.web.strict_json import MOST_DEPTH, MOST_PARTS
from tests.unit.config.conftest import PBX

DOCS = Path(__file__).resolve().parents[3] / "docs"
PAGE = (DOCS / "api.md").read_text(encoding="utf-8")
FLOWING = " ".join(PAGE.split())


def test_every_event_stands_on_the_page_and_no_other() -> None:
    section = PAGE.partition("## Live events")[2].partition("\n## ")[0]
    assert set(re.findall(r"`((?:call|recording)\.[a-z]+)`", section)) == set(Happened)


@pytest.mark.parametrize(
    "words",
    [
        f"{MOST_BODY_BYTES:,} bytes, within {BODY_SECONDS:.0f} seconds",
        f"{MOST_HEAD_BYTES:,} bytes, within {HEAD_SECONDS:.0f} seconds",
        f"{MOST_DEPTH} levels deep, {MOST_PARTS:,} lists and objects",
        f"let go after {STALLED_SECONDS:.0f} seconds",
        f"every {BEAT_SECONDS:.0f} seconds",
        f"within {MOST_KEPT} events",
        f"most {MOST_READERS} may listen at once, {MOST_OF_ONE_KEY} with one key",
        f"`api.requests_per_second`, {ApiSettings().requests_per_second}",
        f"which is `{ApiSettings().listen}`",
    ],
)
def test_each_limit_is_the_one_that_holds(words: str) -> None:
    assert words in FLOWING


def test_two_minutes_are_two_minutes() -> None:
    assert "within two minutes" in FLOWING
    assert LINGER_SECONDS == 120


def test_every_link_leads_to_a_page() -> None:
    names = set(re.findall(r"\]\(([a-z-]+\.md)\)", PAGE))
    assert names
    assert [name for name in sorted(names) if not (DOCS / name).exists()] == []


@pytest.mark.parametrize("example", re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL))
def test_every_example_of_the_configuration_is_taken(tmp_path: Path, example: str) -> None:
    file = tmp_path / "config.yaml"
    file.write_text(PBX + example, encoding="utf-8")
    assert set(yaml.safe_load(example)) == {"api"}
    assert load(file, {}).api != ApiSettings()


def test_no_setting_is_named_that_there_is_not() -> None:
    known = {field.name for field in fields(ApiSettings)}
    assert set(re.findall(r"`api\.([a-z_]+)", PAGE)) <= known
