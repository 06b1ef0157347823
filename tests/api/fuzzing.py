"""schemathesis over the served API: every operation of OpenAPI, asked rightly and wrongly, and what may be answered.

`fuzzed` asks with one key; scripts/fuzz-api asks as long as it is told. What a check cannot know: exclusions.py.
"""

import argparse
import json
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any, Final

import requests
import schemathesis
from schemathesis.config import SchemathesisConfig
from schemathesis.core.failures import Failure
from schemathesis.engine import events, from_schema
from schemathesis.engine.recorder import ScenarioRecorder
from schemathesis.hooks import GLOBAL_HOOK_DISPATCHER

from connector.catalogue import schema
from tests.api import seeds
from tests.api.examples import example
from tests.api.exclusions import EXCLUDED, Exclusion
from tests.api.site import HOUSE, Seeded, copied_file, seeded, serving
from tests.contract.postgresql_server import running_server

#: With whose keys, and the ids of which organisation.
ASKING: Final = (("house admin", "acme"), ("globex admin", "globex"))
PHASES: Final = ("examples", "coverage", "fuzzing", "stateful")
METHODS: Final = frozenset({"get", "put", "post", "delete", "patch"})
_DICTIONARY_PROBABILITY: Final = 0.7
_EVENT_SECONDS: Final = 0.2
_ANSWER_SECONDS: Final = 20
_MOST_KEY: Final = 255
_MOST_SHARED: Final = 200
_SETTINGS: Final = ("/v1/assistants/{assistant_id}", "/api/settings/storage")
_SIGN_IN: Final = "/v1/session"
#: What they leave behind is of no use to the others.
_LAST: Final = ("/v1/calls/{call_id}/recording", "/v1/erasures", "/v1/keys/{key_id}/rotate", "/v1/keys/{key_id}")


@dataclass(slots=True)
class Findings:
    """What one key was answered."""

    cases: int = 0
    seconds: float = 0.0
    #: By operation id.
    statuses: dict[str, Counter[int]] = field(default_factory=dict)
    #: By what failed where: how often, and the first of them.
    failures: dict[str, list[str]] = field(default_factory=dict)
    excluded: Counter[str] = field(default_factory=Counter)

    def failed(self, what: str, example: str) -> None:
        self.failures.setdefault(what, []).append(example)

    def report(self) -> str:
        parts = [f"{what} ({len(examples)} times)\n{examples[0]}" for what, examples in sorted(self.failures.items())]
        return "\n\n".join(parts)


def document_of(address: str) -> dict[str, Any]:
    """As it is served, but that each status has to be named: `default` would do for all."""
    found: dict[str, Any] = requests.get(f"{address}/openapi.json", timeout=_ANSWER_SECONDS).json()
    for operation in operations(found).values():
        operation["responses"].pop("default", None)
    return found


def operations(document: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """By id."""
    return {
        operation["operationId"]: operation
        for path in document["paths"].values()
        for method, operation in path.items()
        if method in METHODS
    }


def fuzzed(
    address: str, seed: Seeded, who: str, organisation: str, *, number: int, phases: Sequence[str], **bounds: int
) -> Findings:
    """With the key of `who`, and the ids of that organisation. `bounds`: `examples` of each operation and phase,
    `seconds` altogether."""
    document = document_of(address)
    _exemplify(document, seed, organisation)
    asked = schemathesis.openapi.from_dict(
        document, config=_configuration(address, seed, who, organisation, number, phases, bounds)
    )
    found = Findings(statuses={name: Counter() for name in operations(document)})

    @asked.hook
    def filter_failure(context: Any, failure: Failure, case: Any, response: Any) -> bool:
        excluded = _excluded(failure, case, response)
        if excluded is not None:
            found.excluded[excluded.reason] += 1
        return excluded is None

    began = time.monotonic()
    with _put_right(seed, who, organisation):
        for event in from_schema(asked).execute():
            _take(event, found)
    found.seconds = time.monotonic() - began
    return found


def _configuration(
    address: str,
    seed: Seeded,
    who: str,
    organisation: str,
    number: int,
    phases: Sequence[str],
    bounds: Mapping[str, int],
) -> SchemathesisConfig:
    pools = _pools(address, seed, who, organisation)
    said: dict[str, Any] = {
        "seed": number,
        "base-url": address,
        "headers": {"Authorization": f"Bearer {seed.keys[who]}"},
        "request-timeout": _ANSWER_SECONDS,
        "max-stream-events": 1,
        "continue-on-failure": True,
        # Our key is the only one: another one beside it is refused whatever else is said.
        "generation": {"with-security-parameters": False, "database": "none"},
        "dictionaries": {name.replace(".", "-"): {"values": values} for name, values in pools.items()},
        "parameters": {
            name: {"dictionary": name.replace(".", "-"), "probability": _DICTIONARY_PROBABILITY} for name in pools
        },
        "phases": {
            name: {"enabled": name in phases} | ({} if name == "stateful" else {"operation-ordering": "none"})
            for name in PHASES
        },
        # Not in that form, gone, or held by a legal hold: like 404 and 409 these are about what lies there.
        "checks": {
            "positive_data_acceptance": {
                "expected-statuses": ["2xx", "3xx", "401", "403", "404", "406", "409", "410", "423", "429"]
            }
        },
        "operations": [
            # Without end, and still while nothing happens.
            {"include-operation-id": "follow_events", "request-timeout": _EVENT_SECONDS},
        ],
    }
    if "examples" in bounds:
        said["generation"]["max-examples"] = bounds["examples"]
    if "seconds" in bounds:
        said["max-time"] = bounds["seconds"]
    return SchemathesisConfig.from_dict(said)


# --- what is there to be asked for --------------------------------------------------------------------------------


def _pools(address: str, seed: Seeded, who: str, organisation: str) -> dict[str, list[str]]:
    """Values for parameters, by place and name: the seeded ones, in every state."""

    def listed(path: str, name: str) -> list[str]:
        headers = {"Authorization": f"Bearer {seed.keys[who]}"}
        answer = requests.get(f"{address}{path}?limit=200", headers=headers, timeout=_ANSWER_SECONDS).json()
        return [one["id"] for one in answer[name]]

    calls = listed("/v1/calls", "calls")
    pools = {f"path.{name}": [value] for name, value in seed.ids[organisation].values.items()}
    return pools | {
        "path.call_id": calls,
        "query.callId": calls,
        "path.recording_id": [one.replace(f"{organisation}-", f"{organisation}-recording-", 1) for one in calls],
        "path.conference": [*listed("/v1/conferences", "conferences"), seeds.CONFERENCE],
        "path.conference_id": [*listed("/v1/conferences", "conferences"), seeds.CONFERENCE],
        "path.id": listed("/v1/notifications", "notifications"),
        "query.organisation": list(seeds.ORGANISATIONS) if who.startswith(HOUSE) else [organisation],
    }


def _exemplify(document: Mapping[str, Any], seed: Seeded, organisation: str) -> None:
    """Puts a right request into each operation: with these it is asked first, in this order."""
    paths = document["paths"]
    for path in _LAST:
        paths[path] = paths.pop(path)
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            if method not in METHODS:
                continue
            right = example((method.upper(), path))
            of_call = {name: f"{organisation}-{what}" for name, what in right.what.items()}
            said = {"organisation": organisation} if "settings" in operation["tags"] or path in _SETTINGS else {}
            said |= {name: value.replace("{organisation}", organisation) for name, value in right.query.items()}
            values = {**seed.ids[organisation].values, **of_call, **said}
            for parameter in operation.get("parameters", []):
                if parameter["name"] in values and (parameter["in"] == "path" or parameter["name"] in said):
                    parameter["example"] = values[parameter["name"]]
            for content in operation.get("requestBody", {}).get("content", {}).values():
                content["example"] = right.body_for(organisation)
    # Which key is good, only the seed knows.
    sign_in = paths[_SIGN_IN]["post"]["requestBody"]["content"]["application/json"]
    sign_in["example"] = {"key": seed.keys[f"{organisation} read"]}


@contextmanager
def _put_right(seed: Seeded, who: str, organisation: str) -> Iterator[None]:
    """What would spoil the rest: one Idempotency-Key for all, the end of the very key that asks, and wrong keys that
    all come from one address."""
    numbers = count()

    def before_call(context: Any, case: Any, kwargs: dict[str, Any]) -> None:
        number = next(numbers)
        case.headers["x-forwarded-for"] = f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
        key = case.headers.get("idempotency-key")
        if isinstance(key, str) and 0 < len(key) <= _MOST_KEY:
            case.headers["idempotency-key"] = f"{key[:_MOST_SHARED]}-{number}"
        if (case.path_parameters or {}).get("key_id") == seed.key_ids[who]:
            case.path_parameters["key_id"] = seed.key_ids[f"{organisation} spare"]

    GLOBAL_HOOK_DISPATCHER.register_hook_with_name(before_call, "before_call")
    try:
        yield
    finally:
        GLOBAL_HOOK_DISPATCHER.unregister(before_call)


# --- what is answered ---------------------------------------------------------------------------------------------


def _take(event: events.EngineEvent, found: Findings) -> None:
    if isinstance(event, events.FatalError):
        raise event.exception
    if isinstance(event, events.NonFatalError):
        found.failed(f"error at {event.label}", str(event.value))
    if isinstance(event, events.EngineFinished):
        for failure in event.failures:
            found.failed(failure.title, failure.message)
    if isinstance(event, events.ScenarioFinished):
        _count(event.recorder, found)


def _count(recorder: ScenarioRecorder, found: Findings) -> None:
    for case_id, interaction in recorder.interactions.items():
        found.cases += 1
        case = recorder.cases[case_id].value
        if interaction.response is None:
            found.failed(f"no answer to {case.operation.label}", case.as_curl_command())
        # Wrong methods belong to no operation.
        elif case.method.upper() == case.operation.method.upper():
            found.statuses[_id(case)][interaction.response.status_code] += 1
    for case_id, checks in recorder.checks.items():
        case, answered = recorder.cases[case_id].value, recorder.interactions.get(case_id)
        for check in checks:
            if check.failure_info is not None:
                failure, sample = check.failure_info.failure, check.failure_info.code_sample
                response = answered.response if answered is not None else None
                answer = f"{response.status_code} {response.content[:600]!r}" if response is not None else ""
                found.failed(f"{check.name}: {case.operation.label}", f"{failure.message}\n{sample}\n{answer}")


def _excluded(failure: Failure, case: Any, response: Any) -> Exclusion | None:
    try:
        answer = json.loads(response.content)
    except ValueError:
        answer = {}
    facts = answer if isinstance(answer, dict) else {}
    return next((one for one in EXCLUDED if one.is_of(failure, _id(case), response.status_code, facts)), None)


def _id(case: Any) -> str:
    return str(case.operation.definition.raw["operationId"])


def done(document: Mapping[str, Any], name: str) -> set[int]:
    """The statuses that say that an operation was done: 2xx, or what it has instead of them."""
    named = {int(status) for status in operations(document)[name]["responses"] if status.isdigit()}
    return {status for status in named if status < 300} or {status for status in named if status < 400} or {501}


# --- as long as somebody wants -----------------------------------------------------------------------------------


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="scripts/fuzz-api",
        description="Asks the API of a seeded house rightly and wrongly, and shows what it found.",
    )
    parser.add_argument("--minutes", type=int, default=10, help="how long; default: 10")
    parser.add_argument("--postgresql", action="store_true", help="on a PostgreSQL of its own rather than on SQLite")
    parser.add_argument("--seed", type=int, default=None, help="as a run before has printed it; default: a new one")
    said = parser.parse_args(arguments)
    number = said.seed if said.seed is not None else random.SystemRandom().getrandbits(32)
    _say(f"seed {number}")
    found = [
        (who, _asked_by(who, organisation, number, said.minutes * 60 // len(ASKING), is_postgresql=said.postgresql))
        for who, organisation in ASKING
    ]
    for who, findings in found:
        _say(f"{who}: {findings.cases} cases in {findings.seconds:.0f} s, {len(findings.failures)} findings")
        for reason, times in findings.excluded.most_common():
            _say(f"  left out {times} times: {reason}")
        if findings.failures:
            _say(findings.report())
    return 1 if any(findings.failures for _, findings in found) else 0


def _asked_by(who: str, organisation: str, number: int, seconds: int, *, is_postgresql: bool) -> Findings:
    """In a house of its own: what one asks for does not spoil it for the next."""
    with tempfile.TemporaryDirectory(prefix="callreel-fuzz-") as root:
        folders = [Path(root) / name for name in ("seed", "house")]
        for folder in folders:
            folder.mkdir()
        with _catalogue(folders[0], is_postgresql=is_postgresql) as url:
            schema.upgrade(url, folders[0])
            seed = seeded(folders[0], url)
            own = url if is_postgresql else copied_file(seed, folders[1])
            with serving(seed, folders[1], own) as address:
                _say(f"{who} asks for {seconds} s")
                return fuzzed(address, seed, who, organisation, number=number, phases=PHASES, seconds=seconds)


@contextmanager
def _catalogue(folder: Path, *, is_postgresql: bool) -> Iterator[str]:
    if not is_postgresql:
        yield f"sqlite:///{folder / 'catalogue.db'}"
        return
    with running_server() as server:
        yield server.new_database()


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
