"""Which calls somebody asks for, as query parameters: the same for lists and for exports. Knows filters, no route."""

from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema

from connector.domain.call import CallKind, Direction
from connector.domain.export_rows import first_moment, last_moment
from connector.domain.states import RecordingState
from connector.ports.call_search import CallFilter
from connector.web.call_bodies import STATUS_FACTS, CallStatus

#: What no database takes for text.
STORABLE: Final = r"^[^\x00]+$"
Word = Annotated[str, Field(min_length=1, max_length=200, pattern=STORABLE)]
_DATE: Final[dict[str, Any]] = {
    "anyOf": [{"type": "string", "format": "date"}, {"type": "string", "format": "date-time"}]
}
QueryDate = Annotated[str, Field(max_length=40), WithJsonSchema(_DATE)]


class AskedCalls(BaseModel):
    """All that is said must fit."""

    model_config = ConfigDict(extra="forbid")

    from_date: QueryDate | None = Field(None, description="began that day or later; a day (UTC) or a moment")
    to_date: QueryDate | None = Field(None, description="began that day or earlier; or before that moment")
    number: Word | None = Field(None, description="a part of the caller's or of the called number")
    from_number: Word | None = Field(None, description="the caller's; +4930* means all that begin so")
    to_number: Word | None = Field(None, description="the called one, likewise")
    direction: Direction | None = None
    agent: Word | None = Field(None, description="an agent's id or name")
    queue: Word | None = None
    tag: Word | None = None
    pbx: Word | None = None
    conference: Word | None = Field(None, description="a conference's number or name")
    status: CallStatus | None = None
    recording_state: list[RecordingState] = Field([], max_length=20, description="any of its recordings is in one")
    rule: Word | None = Field(None, description="a part of the words that say why it was recorded")
    text: Word | None = Field(None, description="words of its transcripts and notes: all of them, in any order")
    organisation: Word | None = Field(None, description="for keys of the whole house")

    def of_kind(self, kind: CallKind | None) -> CallFilter:
        """As the catalogue is asked; what the key sees is whoever asks it to add."""
        state, is_answered = (None, None) if self.status is None else STATUS_FACTS[self.status]
        return CallFilter(
            organisation=self.organisation,
            started_after=None if self.from_date is None else first_moment(self.from_date, "from_date"),
            started_before=None if self.to_date is None else last_moment(self.to_date, "to_date"),
            number=self.number,
            from_number=self.from_number,
            to_number=self.to_number,
            direction=self.direction,
            kind=kind,
            agent=self.agent,
            queue=self.queue,
            tag=self.tag,
            pbx=self.pbx,
            conference=self.conference,
            state=state,
            is_answered=is_answered,
            recording_states=tuple(self.recording_state),
            rule=self.rule,
            text=self.text,
        )
