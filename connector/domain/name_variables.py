"""The variables of object names as data: what each means, who says it, how long it may be. docs and doctor list them.

Knows how a foreign value is made fit for a name; knows no template.
"""

import hashlib
import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum

#: What {utc:…} and {local:…} begin with.
INSTANTS = ("utc", "local")


class SaidBy(StrEnum):
    #: Callers, carriers and phones: can be anything, hostile things included.
    STRANGERS = "strangers"
    #: Whoever configures the PBX or this connector.
    ADMINISTRATORS = "administrators"
    OURSELVES = "ourselves"


@dataclass(frozen=True, slots=True, kw_only=True)
class NameVariable:
    name: str
    meaning: str
    said_by: SaidBy
    #: The field of NameFacts that it shows.
    fact: str = ""
    longest: int
    #: Stands for a value that is empty or of which nothing is left.
    absent: str = "unknown"
    aliases: tuple[str, ...] = ()
    #: Two values that differ must not become one name: a short hash is added to one that had to be changed.
    is_identity: bool = False


def _id(name: str, meaning: str, *aliases: str, fact: str = "", said_by: SaidBy = SaidBy.OURSELVES) -> NameVariable:
    return NameVariable(
        name=name, meaning=meaning, said_by=said_by, fact=fact or name, longest=48, aliases=aliases, is_identity=True
    )


#: All of them. Every value is cleaned, whoever said it.
VARIABLES: tuple[NameVariable, ...] = (
    _id("call_id", "the call's id", "callId"),
    _id("recording_id", "the recording's id", "recordingId"),
    _id("organisation", "the organisation's key", "applicationKey", said_by=SaidBy.ADMINISTRATORS),
    _id("pbx", "the PBX's name in config.yaml", said_by=SaidBy.ADMINISTRATORS),
    _id("node", "the machine that recorded", said_by=SaidBy.ADMINISTRATORS),
    NameVariable(
        name="from",
        fact="from_number",
        meaning="who called; the plus is left out",
        said_by=SaidBy.STRANGERS,
        longest=32,
        absent="anonymous",
    ),
    NameVariable(
        name="to",
        fact="to_number",
        meaning="who was called; the plus is left out",
        said_by=SaidBy.STRANGERS,
        longest=32,
    ),
    NameVariable(
        name="agent",
        fact="agent",
        meaning="the agent's id",
        said_by=SaidBy.ADMINISTRATORS,
        longest=40,
        absent="no-agent",
    ),
    NameVariable(
        name="agent_name",
        fact="agent_name",
        meaning="the agent's name",
        said_by=SaidBy.ADMINISTRATORS,
        longest=48,
        absent="no-agent",
    ),
    NameVariable(
        name="queue",
        fact="queue",
        meaning="the queue the call went through",
        said_by=SaidBy.ADMINISTRATORS,
        longest=48,
        absent="no-queue",
    ),
    NameVariable(
        name="direction",
        fact="direction",
        meaning="inbound, outbound, internal or unknown",
        said_by=SaidBy.OURSELVES,
        longest=10,
    ),
    NameVariable(name="format", meaning="mp3, wav, flac or opus", said_by=SaidBy.OURSELVES, longest=4),
    NameVariable(
        name="channels",
        meaning="mono, stereo, left, right or participants; then no .stereo is added to the name",
        said_by=SaidBy.OURSELVES,
        longest=12,
    ),
)

BY_NAME = {name: variable for variable in VARIABLES for name in (variable.name, *variable.aliases)}

_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")
_DOTS = re.compile(r"\.{2,}")
_EDGES = "._-"
_HASH_LENGTH = 9
#: Beyond this nothing of a value can reach the name; NFKD of a long hostile one would cost time.
MAXIMUM = 1024


def cleaned(value: str, variable: NameVariable) -> str:
    """Letters, digits and . _ - only, no dots at the edges or in a row, never empty, never too long.

    Accents are taken off, a plus is dropped, any other run of characters becomes one underscore.
    """
    plain = unicodedata.normalize("NFKD", value[:MAXIMUM].replace("+", ""))
    ascii_only = "".join(letter for letter in plain if not unicodedata.combining(letter))
    safe = _DOTS.sub(".", _UNSAFE.sub("_", ascii_only)).strip(_EDGES)
    kept = safe[: variable.longest].rstrip(_EDGES)
    if variable.is_identity and value and kept != value:
        digest = hashlib.sha256(value.encode(errors="surrogatepass")).hexdigest()[: _HASH_LENGTH - 1]
        return f"{safe[: variable.longest - _HASH_LENGTH].rstrip(_EDGES) or variable.absent}-{digest}"
    return kept or variable.absent
