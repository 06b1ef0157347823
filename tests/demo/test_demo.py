import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import numpy as np
import pytest
import soundfile

from tests.demo.hearing import Samples, Voice, side
from tests.demo.house import ROOT
from tests.demo.picture import picture
from tests.demo.voices import AGENT, CALLER, SAMPLE_RATE, Speaker, write_speech

TIME_LIMIT_SECONDS: Final = 100
SIDES: Final = ("[Caller]", "[Agent]")


@dataclass(frozen=True)
class Shown:
    """One demo that was run, from its beginning to its end."""

    folder: Path
    recording: dict[str, Any]
    said: str
    code: int

    @property
    def stereo(self) -> Path:
        return next(Path(file["path"]) for file in self.recording["files"] if file["kind"] == "stereo")


@pytest.fixture(scope="module")
def demos() -> Iterator[dict[str, Shown]]:
    """Two at the same time: one stays up until it is told to end, the other has no apt-get and ends by itself."""
    with TemporaryDirectory(prefix="demo-test-") as name:
        # Short names: sockets lie in there.
        place = Path(name)
        heard = ["--transcript"] if find_spec("faster_whisper") else []
        staying = _begun(["scripts/demo", "--json", f"--folder={place}/a", *heard], place / "a.said")
        once = _begun(
            [sys.executable, "-m", "tests.demo", "--once", "--json", f"--folder={place}/s"],
            place / "s.said",
            PATH=_few_programs(place / "bin"),
            CALLREEL_ASTERISK_CACHE=f"{place}/cache",
        )
        try:
            printed = {"s": _printed(once), "a": _printed(staying)}
            staying.terminate()
            yield {
                "scripted": _shown(once, printed["s"], place / "s"),
                "asterisk": _shown(staying, printed["a"], place / "a"),
            }
        finally:
            for demo in (staying, once):
                demo.terminate()
                demo.communicate()


@pytest.fixture(params=["asterisk", "scripted"])
def shown(request: pytest.FixtureRequest, demos: dict[str, Shown]) -> Shown:
    found = demos[request.param]
    if request.param == "asterisk" and found.recording["pbx"] == "scripted":
        pytest.skip(next(line for line in found.said.splitlines() if "can't be had" in line))
    return found


@pytest.mark.slow
def test_the_demo_prints_a_recording_that_is_available(shown: Shown) -> None:
    assert shown.recording["state"] == "available"
    labels = [(label["index"], label["role"]) for label in shown.recording["channels"]]
    assert labels == [(0, "caller"), (1, "agent")]
    assert shown.recording["troubles"] == []


@pytest.mark.slow
def test_a_real_asterisk_is_recorded_with_hold_and_transfer_as_one_call(demos: dict[str, Shown]) -> None:
    recording = demos["asterisk"].recording
    if recording["pbx"] == "scripted":
        pytest.skip("there is no Asterisk here")
    assert recording["pbx"].startswith("asterisk 22.")
    assert recording["duration_seconds"] == pytest.approx(16.6, abs=1.0)
    assert recording["channels"][1]["party"] == "201, 202"


@pytest.mark.slow
def test_without_debians_packages_it_says_so_and_the_scripted_pbx_plays(demos: dict[str, Shown]) -> None:
    scripted = demos["scripted"]
    assert scripted.recording["pbx"] == "scripted"
    assert "The scripted PBX takes the place of a real Asterisk here: Debian's packages" in scripted.said
    assert scripted.recording["duration_seconds"] == pytest.approx(8.0, abs=0.5)
    assert {gap["side"] for gap in scripted.recording["gaps"] if "hold" in gap["reason"]} == {"left", "right"}


@pytest.mark.slow
def test_all_of_the_caller_is_heard_left_and_all_of_the_agents_right_and_nothing_else(shown: Shown) -> None:
    for heard in shown.recording["proof"].values():
        assert heard["own_seconds"] > 2
        assert heard["leak_decibels"] < -100
        assert heard["complete"] is None or heard["complete"] >= 0.98
    assert (shown.recording["proof"]["left"]["complete"] is None) == (shown.recording["pbx"] == "scripted")


@pytest.mark.slow
def test_who_said_what_is_written_down(demos: dict[str, Shown]) -> None:
    recording = demos["asterisk"].recording
    if "transcript" not in recording or recording["pbx"] == "scripted":
        pytest.skip(
            "Whisper is not installed (scripts/setup --whisper), or there is no Asterisk whose prompts it hears"
        )
    said = {side: " ".join(line for line in recording["transcript"] if line.startswith(side)) for side in SIDES}
    assert "Congratulations" in said["[Caller]"]
    assert "Thank you for calling" in said["[Agent]"]


@pytest.mark.slow
def test_each_file_lies_in_the_folder_and_is_what_its_hash_says(shown: Shown) -> None:
    assert {file["kind"] for file in shown.recording["files"]} - {"transcript"} == {"mono", "stereo"}
    for file in shown.recording["files"]:
        path = Path(file["path"])
        assert path.is_relative_to(shown.folder)
        assert hashlib.sha256(path.read_bytes()).hexdigest() == file["sha256"]


@pytest.mark.slow
def test_the_picture_shows_the_hold_on_both_sides(shown: Shown) -> None:
    left, right, *_ = picture(shown.stereo).splitlines()
    assert "·······" in left
    assert "·······" in right


@pytest.mark.slow
def test_at_the_end_nothing_runs_any_more(shown: Shown) -> None:
    assert shown.code == 0, shown.said
    assert _processes_that_name(shown.folder) == []


def _begun(argv: list[str], said: Path, **environment: str) -> "subprocess.Popen[str]":
    with said.open("wb") as file:
        return subprocess.Popen(
            argv,
            cwd=ROOT,
            env=os.environ | environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=file,
            text=True,
        )


def _printed(demo: "subprocess.Popen[str]") -> str:
    """The first recording as JSON; less than that when the demo ends without it."""
    assert demo.stdout is not None
    printed = ""
    while not printed.endswith("\n}\n") and (line := demo.stdout.readline()):
        printed += line
    return printed


def _shown(demo: "subprocess.Popen[str]", printed: str, folder: Path) -> Shown:
    code = demo.wait(TIME_LIMIT_SECONDS)
    said = folder.with_suffix(".said").read_text()
    assert printed, said
    return Shown(folder, json.loads(printed), said, code)


def _few_programs(folder: Path) -> str:
    """A PATH without apt-get."""
    folder.mkdir()
    for name in ("bash", "env", "dirname", "mkdir", "flock", "cat", "rm"):
        (folder / name).symlink_to(shutil.which(name) or "")
    return str(folder)


def _processes_that_name(folder: Path) -> list[bytes]:
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            found.append(path.read_bytes())
        except OSError:
            # It has ended meanwhile.
            continue
    return [line for line in found if os.fsencode(folder) in line]


# --- the proof itself ---------------------------------------------------------------------------------------------


def _spoken(speaker: Speaker, seconds: int = 8) -> Samples:
    sound: Samples = (speaker.speech()[: seconds * SAMPLE_RATE] * 32767).astype(np.int16)
    return sound


def test_a_voice_is_found_with_the_place_that_it_comes_from() -> None:
    caller = _spoken(CALLER)
    cut = np.concatenate([np.zeros(777, np.int16), caller[40_000:90_000]])
    [run] = Voice(caller).runs(cut)
    assert run.source - run.at == 40_000 - 777
    assert run.at + run.length == len(cut)


def test_one_voice_alone_is_told_from_a_mixture_with_another() -> None:
    caller, agent = _spoken(CALLER), _spoken(AGENT)
    alone = side(caller, SAMPLE_RATE, own=[Voice(caller)], other=agent)
    assert alone.is_only_own
    assert alone.leak_decibels < -100
    faint = caller + (agent * 0.01).astype(np.int16)
    leaking = side(faint, SAMPLE_RATE, own=[Voice(caller)], other=agent)
    assert not leaking.is_only_own
    swapped = side(agent, SAMPLE_RATE, own=[Voice(caller)], other=caller)
    assert swapped.own_seconds == 0
    assert not swapped.is_only_own


def test_what_phones_heard_and_the_recording_lacks_is_counted() -> None:
    caller = _spoken(CALLER)
    whole = side(caller, SAMPLE_RATE, own=[Voice(caller)], other=caller, heard=[caller[:60_000], caller[60_000:]])
    assert whole.complete == 1.0
    audible = np.cumsum(caller != 0)
    half = int(np.searchsorted(audible, audible[-1] // 2))
    cut = side(caller[:half], SAMPLE_RATE, own=[Voice(caller)], other=caller, heard=[caller])
    assert cut.complete == pytest.approx(0.5, abs=0.02)
    assert not cut.is_complete


def test_a_voice_is_the_same_each_time(tmp_path: Path) -> None:
    write_speech(CALLER, tmp_path / "caller.wav")
    sound, rate = soundfile.read(tmp_path / "caller.wav")
    assert rate == SAMPLE_RATE
    assert np.abs(sound - CALLER.speech()).max() < 1e-4


def test_a_folder_in_which_something_lies_is_refused(tmp_path: Path) -> None:
    (tmp_path / "diary.txt").write_text("mine")
    argv = [sys.executable, "-m", "tests.demo", "--once", "--folder", str(tmp_path)]
    done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, timeout=TIME_LIMIT_SECONDS, check=False)
    assert done.returncode == 1
    assert "is not empty" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["diary.txt"]
