"""What schemathesis takes for a failure of the API and is none, one by one, each with its reason. Asks nothing."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from schemathesis.core.failures import AcceptedNegativeData, Failure, ServerError
from schemathesis.openapi.checks import JsonSchemaError, RejectedPositiveData

ALL: Final = frozenset({"*"})
_SINCH: Final = frozenset({"sinch_manage_call", "sinch_manage_conference", "sinch_manage_participant"})
_KICKS: Final = frozenset({"sinch_kick_all", "sinch_kick_participant"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Exclusion:
    """A failure that is none, and why. What is left empty may be anything."""

    kind: type[Failure]
    operations: frozenset[str] = ALL
    status: int = 0
    #: The beginning of what the answer points to, or of what it says.
    pointer: str = ""
    detail: str = ""
    reason: str

    def is_of(self, failure: Failure, operation: str, status: int, answer: Mapping[str, Any]) -> bool:
        pointers = [str(one.get("pointer", "")) for one in answer.get("errors", [])]
        return (
            isinstance(failure, self.kind)
            and (self.operations == ALL or operation in self.operations)
            and self.status in {0, status}
            and (not self.pointer or any(one.startswith(self.pointer) for one in pointers))
            and self.detail in str(answer.get("detail", ""))
        )


EXCLUDED: Final = (
    Exclusion(
        kind=RejectedPositiveData,
        status=400,
        pointer="cursor",
        reason="a cursor is opaque: one that we did not write is no text of any pattern",
    ),
    Exclusion(
        kind=RejectedPositiveData,
        status=400,
        detail="say whose",
        reason="a key of the whole house has to say whose settings it means, where there are several organisations",
    ),
    Exclusion(
        kind=RejectedPositiveData,
        status=400,
        detail="holds a NUL",
        reason="what no database keeps is refused in every text: a schema would have to say it of each of them",
    ),
    Exclusion(
        kind=RejectedPositiveData,
        status=400,
        detail="larger than any that is kept",
        reason="and every number, where any is taken",
    ),
    Exclusion(
        kind=RejectedPositiveData,
        operations=frozenset({"extend_recording", "change_settings", "osmtalk_put_storage"}),
        status=400,
        detail="beyond plan",
        reason="how long recordings may be kept the organisation's plan knows",
    ),
    Exclusion(
        kind=RejectedPositiveData,
        operations=frozenset({"place_call"}),
        status=400,
        pointer="/endpoint_id",
        reason="which phones there are the configuration knows",
    ),
    Exclusion(
        kind=RejectedPositiveData,
        operations=frozenset({"place_call"}),
        status=400,
        pointer="/recording_options",
        reason="recording options come in any spelling, and only go together",
    ),
    Exclusion(
        kind=JsonSchemaError,
        operations=frozenset({"follow_events"}),
        reason="our schema is that of `data`, as OpenAPI 3.1 has no words for a stream of events; test_live reads them",
    ),
    Exclusion(
        kind=RejectedPositiveData,
        operations=frozenset({"make_key"}),
        status=400,
        pointer="/organisation",
        reason="which organisations there are the configuration knows",
    ),
    Exclusion(
        kind=RejectedPositiveData,
        operations=frozenset({"make_key"}),
        status=400,
        pointer="/expires_at",
        reason="the end of a key is to come, and a schema does not know what time it is",
    ),
    Exclusion(
        kind=RejectedPositiveData,
        operations=frozenset({"change_agent", "change_settings", "talkturo_patch_assistant"}),
        status=400,
        detail="an agent's id is wanted",
        reason="an agent's id can be printed, which is more than a pattern can say of all of Unicode",
    ),
    Exclusion(
        kind=RejectedPositiveData,
        operations=frozenset({"put_storage", "try_storage", "osmtalk_put_storage", "change_settings"}),
        status=400,
        pointer="/s",
        reason="a storage is tried before it is taken, and its words only go together",
    ),
    Exclusion(
        kind=RejectedPositiveData,
        operations=frozenset({"get_statistics"}),
        status=400,
        pointer="from_date",
        reason="how far two dates may be from each other is more than a schema can say",
    ),
    Exclusion(
        kind=RejectedPositiveData,
        operations=_SINCH,
        status=400,
        reason="Sinch's names come in any case, and its options only go together",
    ),
    Exclusion(
        kind=AcceptedNegativeData,
        operations=_SINCH,
        reason="Sinch's clients send more than is ours: what is not about a recording is left alone and named",
    ),
    Exclusion(
        kind=ServerError,
        operations=_SINCH | _KICKS,
        status=501,
        reason="what rules a conference is the dialplan's: 501, as is described",
    ),
    Exclusion(kind=RejectedPositiveData, operations=_SINCH | _KICKS, status=501, reason="as above"),
    Exclusion(
        kind=ServerError,
        operations=frozenset({"is_ready"}),
        status=503,
        reason="some recordings of the seeded house have failed, and it says so",
    ),
    Exclusion(kind=RejectedPositiveData, operations=frozenset({"is_ready"}), status=503, reason="as above"),
)
