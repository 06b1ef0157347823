"""FLAC by soundfile. libsndfile goes back to patch the header at the end."""

import contextlib
import os

import soundfile

from connector.audio.artefact_file import ArtefactFile
from connector.audio.samples import Samples
from connector.audio.tags import Tags
from connector.errors import NoRoom


class _Callbacks:
    """The file as libsndfile wants it: an exception cannot pass through its C code, so it is kept until asked for."""

    def __init__(self, file: ArtefactFile) -> None:
        self._file = file
        self.trouble: NoRoom | None = None

    def write(self, data: bytes) -> int:
        try:
            return self._file.write(bytes(data))
        except NoRoom as error:
            self.trouble = error
            return 0

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        try:
            return self._file.seek(offset, whence)
        except NoRoom as error:
            self.trouble = error
            return -1

    def tell(self) -> int:
        return self._file.tell()

    def read(self, size: int) -> bytes:
        raise NotImplementedError("a FLAC file is only written")


class FlacSink:
    def __init__(
        self, file: ArtefactFile, *, channels: int, sample_rate: int, frames: int, bitrate: int | None, tags: Tags
    ) -> None:
        self.file = file
        file.will_be_patched()
        self.sample_rate = sample_rate
        self._callbacks = _Callbacks(file)
        self._sound = soundfile.SoundFile(
            self._callbacks, "w", samplerate=sample_rate, channels=channels, subtype="PCM_16", format="FLAC"
        )
        for name, text in tags.fields.items():
            setattr(self._sound, name, text)

    def write(self, samples: Samples) -> None:
        try:
            self._sound.write(samples)
        except (AssertionError, soundfile.LibsndfileError) as error:
            raise self._callbacks.trouble or error from error
        self._raise_trouble()

    def end(self) -> None:
        self._sound.close()
        self._raise_trouble()

    def close(self) -> None:
        with contextlib.suppress(soundfile.LibsndfileError):
            self._sound.close()

    def _raise_trouble(self) -> None:
        if self._callbacks.trouble is not None:
            raise self._callbacks.trouble
