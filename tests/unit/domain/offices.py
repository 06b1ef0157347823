"""Small directories and policies for tests."""

from typing import Any

from connector.domain.options import RecordingOptions
from connector.domain.organisation import DEFAULT_ORGANISATION, Agent, Directory
from connector.domain.policy import Policy, Rule, Word

TRUNK = "PJSIP/carrier*"


def a_directory(**over: Any) -> Directory:
    known: dict[str, Any] = {
        "internal": ("2XX",),
        "trunks": (TRUNK,),
        "agents": {(DEFAULT_ORGANISATION, "201"): Agent(id="201", name="Ada Lovelace")},
    }
    return Directory(**(known | over))


def policies(word: str = "yes", **options: Any) -> dict[str, Policy]:
    """One rule for everything."""
    rule = Rule(word=Word(word), options=RecordingOptions(**options), name="rule 1")
    return {DEFAULT_ORGANISATION: Policy(rules=(rule,))}
