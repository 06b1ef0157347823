"""Recording options as requests say them: the shape, in the spelling of the API or in any that is known elsewhere.

What a value means is the domain's.
"""

import json
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictFloat, StrictInt, model_validator

from connector.domain.instruction import known_name, options_text, without_credentials
from connector.domain.instructions import Instruction
from connector.domain.option_values import BITRATES, RETENTION_DAYS, TRANSCRIPTION, plain
from connector.errors import IllegalInstruction
from connector.web.whole_numbers import WHOLE

DESTINATION_URL: Final = r"^(s3|azure|gs)://[a-z0-9][a-z0-9.-]{1,62}(/[^\x00-\x20@?#\[\]]*)?$"
LOCALE: Final = r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8}){0,3}$"
ENGINE: Final = r"^[A-Za-z0-9_.-]{1,100}$"
_COMMAND_ID: Final = "command_id"
_CommandId = Annotated[
    str | None,
    Field(
        min_length=1, max_length=200, pattern=r"^[A-Za-z0-9._:@-]+$", description="your name for it: the same acts once"
    ),
]
_Name = Annotated[str, Field(pattern=ENGINE)]
_Seconds = (
    Annotated[StrictInt, Field(ge=1, le=604_800), WHOLE]
    | Annotated[StrictFloat, Field(ge=1, le=604_800)]
    | Annotated[str, Field(pattern=r"^[1-9][0-9]{0,4}[smh]$", examples=["90s", "2m"])]
)
_Days = Annotated[StrictInt, Field(ge=RETENTION_DAYS[0], le=RETENTION_DAYS[-1]), WHOLE] | Literal["unlimited"]
_Line = Annotated[str, Field(max_length=4096, pattern=r"^[^\x00\r\n]*$")]
_Tag = Annotated[str, Field(max_length=100, pattern=r"^[^\x00\r\n]*$")]


class OrderBody(BaseModel):
    model_config = ConfigDict(extra="forbid")

    command_id: _CommandId = None


class TranscriptionWish(BaseModel):
    model_config = ConfigDict(extra="forbid")

    enabled: StrictBool | None = None
    locale: Annotated[str, Field(pattern=LOCALE)] | None = None
    engine: _Name | None = Field(default=None, description="one of those that may hear the organisation's sound")
    mask_digits: StrictBool | None = Field(default=None, description="runs of digits are put out")
    keep_sound: StrictBool | None = Field(
        default=None, description="false: the sound goes nowhere, and is deleted once its words are there"
    )

    @model_validator(mode="before")
    @classmethod
    def _spelled(cls, said: Any) -> Any:
        """Sinch's spellings, too; a name that is none is refused as every other."""
        if not isinstance(said, dict):
            return said
        found: dict[str, object] = {}
        for name, value in said.items():
            own = _TRANSCRIPTION_NAMES.get(plain(str(name)), str(name))
            if own in found:
                raise ValueError(f"{name} is said twice")
            found[own] = value
        return found


class ConsentWish(BaseModel):
    model_config = ConfigDict(extra="forbid")

    key: Annotated[str, Field(pattern=r"^[0-9*#]$")]
    otherwise: StrictBool = False


class StartBody(BaseModel):
    """How it is to be recorded; what is not said, the next level decides. Sinch's spelling is understood, too."""

    model_config = ConfigDict(extra="forbid")

    command_id: _CommandId = None
    destination_url: Annotated[str, Field(pattern=DESTINATION_URL)] | None = None
    credentials: Annotated[str, Field(max_length=4096)] | None = Field(
        default=None, description="key:secret of destination_url"
    )
    format: Literal["mp3", "wav", "flac", "opus"] | None = None
    notification_events: StrictBool | None = None
    transcription_options: TranscriptionWish | None = None
    destination: _Name | None = None
    channels: Literal["mono", "stereo", "both"] | None = None
    swap: StrictBool | None = None
    separate: StrictBool | None = None
    prompts: StrictBool | None = None
    record_from: Literal["bridge", "answer"] | None = None
    max_length: _Seconds | None = None
    beep: StrictBool | None = None
    announce: Annotated[str, Field(max_length=200, pattern=r"^([A-Za-z0-9_/-]+(\.[A-Za-z0-9_/-]+)*)?$")] | None = None
    consent: ConsentWish | None = None
    pause_behavior: Literal["silence", "skip"] | None = None
    pause_max: _Seconds | None = None
    sample_rate: Literal[8000, 16000, 24000, 48000] | None = None
    bitrate: Annotated[StrictInt, Field(ge=BITRATES[0], le=BITRATES[-1]), WHOLE] | None = None
    client_state: _Line | None = None
    retention_days: _Days | None = None
    transcript_retention_days: _Days | None = None
    tags: Annotated[list[_Tag], Field(max_length=50)] | None = None
    overwrite: StrictBool | None = None

    @model_validator(mode="before")
    @classmethod
    def _spelled(cls, said: Any) -> Any:
        """Each option by the name that it has here."""
        if not isinstance(said, dict):
            return said
        found: dict[str, object] = {}
        for name, value in said.items():
            own = _own_name(name)
            if own in found:
                raise ValueError(f"{name} is said twice")
            found[own] = value
        return found

    def instruction(self) -> Instruction:
        """Raises IllegalInstruction that names the option which cannot be obeyed."""
        raw = self.model_dump(exclude_none=True, exclude={_COMMAND_ID})
        said: dict[str, object] = {known_name(name): value for name, value in raw.items()}
        plain_options, credentials = without_credentials(said)
        options = json.dumps(plain_options) if plain_options else ""
        # As the Director will read them.
        options_text(options)
        return Instruction(
            action="start",
            options=options,
            credentials=credentials,
            command_id=self.command_id or "",
        )


def _own_name(name: str) -> str:
    if plain(name) == plain(_COMMAND_ID):
        return _COMMAND_ID
    try:
        return _OWN_NAMES[known_name(name)]
    except IllegalInstruction as error:
        raise ValueError(str(error)) from None


_TRANSCRIPTION_NAMES: Final = {plain(name): field for name, (field, _) in TRANSCRIPTION.items()}
#: By the name as it is documented.
_OWN_NAMES: Final = {known_name(name): name for name in StartBody.model_fields if name != _COMMAND_ID}
