"""docs/callbacks.md: its verifying examples run, its examples of bodies are what is sent, its configuration loads."""

import base64
import json
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from connector.config.loading import load
from connector.domain.bodies import body
from connector.domain.call import Call, CallKind, CallState, Direction
from connector.domain.inquiry import CallMoment, inquiry
from connector.domain.instructions import instructions
from connector.domain.news import News
from connector.domain.notification import Shape, Told
from connector.domain.options import RecordingOptions
from connector.domain.secret import Secret
from connector.network.signing import headers
from connector.settings import EndpointSettings
from tests.builders import MORNING, a_call, a_delivery, a_leg, a_recording, a_rendering

PAGE = (Path(__file__).parents[2] / "docs" / "callbacks.md").read_text()
SIGNATURES = PAGE[PAGE.index("\n## Is it from us?") :]
STANDARD, SINCH = SIGNATURES[: SIGNATURES.index("\n### Sinch")], SIGNATURES[SIGNATURES.index("\n### Sinch") :]


def blocks(language: str, text: str = PAGE) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", text, flags=re.DOTALL | re.MULTILINE)


# --- the verifying examples ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Language:
    name: str
    programs: tuple[str, ...]
    package: str
    suffix: str
    #: Reads cases from its standard input and writes a list of what the example says of each.
    driver: str


LANGUAGES = (
    Language(
        name="python",
        programs=(sys.executable,),
        package="python3",
        suffix=".py",
        driver="""
import json, sys

def answer(case):
    body = base64.b64decode(case["body"])
    if case["key"]:
        return is_signed(case["key"], case["secret"], case["path"], case["headers"], body)
    return is_from_callreel(case["secret"], case["headers"], body)

print(json.dumps([answer(case) for case in json.load(sys.stdin)]))
""",
    ),
    Language(
        name="php",
        programs=("php",),
        package="php-cli",
        suffix=".php",
        driver="""
error_reporting(E_ALL);
set_error_handler(function ($number, $text) { throw new ErrorException($text); });
$answers = [];
foreach (json_decode(file_get_contents('php://stdin'), true) as $case) {
    $body = base64_decode($case['body']);
    $answers[] = $case['key']
        ? is_signed($case['key'], $case['secret'], $case['server'], $body)
        : is_from_callreel($case['secret'], $case['server'], $body);
}
echo json_encode($answers);
""",
    ),
    Language(
        name="javascript",
        programs=("node", "nodejs"),
        package="nodejs",
        suffix=".cjs",
        driver="""
const cases = JSON.parse(require('node:fs').readFileSync(0));
console.log(JSON.stringify(cases.map(({ key, secret, path, headers, body }) => {
  const raw = Buffer.from(body, 'base64');
  return key ? isSigned(key, secret, path, headers, raw) : isFromCallreel(secret, headers, raw);
})));
""",
    ),
)

OLD, NEW, ANOTHER = (base64.b64encode(bytes([fill]) * 32).decode() for fill in (1, 2, 3))
KEY, APPLICATION_SECRET = "669E367E-6BBA-48AB-AF15-266871C28135", "BeIukql3pTKJ8RGL5zo0DA=="
BODY = '{"event":"notify","callid":"Zoé","version":1,"type":"recording_finished"}'.encode()
PATH = "/hooks/calls"


@dataclass(frozen=True)
class Case:
    """A request as it comes, and by what it is verified."""

    name: str
    headers: Mapping[str, str]
    is_ours: bool = False
    body: bytes = BODY
    secret: str = OLD
    key: str = ""
    path: str = PATH

    def said(self) -> dict[str, Any]:
        server = {f"HTTP_{name.upper().replace('-', '_')}": text for name, text in self.headers.items()}
        if "HTTP_CONTENT_TYPE" in server:
            server["CONTENT_TYPE"] = server.pop("HTTP_CONTENT_TYPE")
        return {
            "key": self.key,
            "secret": self.secret,
            "path": self.path,
            "headers": dict(self.headers),
            "server": server | {"REQUEST_METHOD": "POST", "REQUEST_URI": f"{self.path}?tenant=acme"},
            "body": base64.b64encode(self.body).decode(),
        }


def sent(age_seconds: float = 0.0, next_secret: str = "") -> dict[str, str]:
    endpoint = EndpointSettings(
        url=f"https://crm.example.com{PATH}?tenant=acme",
        secret=Secret(OLD),
        next_secret=Secret(next_secret) if next_secret else None,
        application_key=KEY,
        application_secret=Secret(APPLICATION_SECRET),
    )
    return headers(endpoint, url=endpoint.url, id="msg_1", body=BODY, at=time.time() - age_seconds)


def standard_cases() -> Iterator[Case]:
    ours = Case(name="ours", headers=sent(), is_ours=True)
    yield ours
    yield replace(ours, name="with the prefix", secret=f"whsec_{OLD}")
    yield replace(ours, name="the new secret", headers=sent(next_secret=NEW), secret=NEW)
    yield replace(ours, name="the old secret", headers=sent(next_secret=NEW))
    changed = replace(ours, is_ours=False)
    yield replace(changed, name="another body", body=BODY.replace(b"finished", b"available"))
    yield replace(changed, name="another secret", secret=ANOTHER)
    yield replace(changed, name="another id", headers=sent() | {"webhook-id": "msg_2"})
    yield replace(changed, name="old", headers=sent(age_seconds=400))
    yield replace(changed, name="of tomorrow", headers=sent(age_seconds=-400))
    yield replace(changed, name="no moment", headers=sent() | {"webhook-timestamp": "soon"})
    yield replace(changed, name="no signature", headers=sent() | {"webhook-signature": "v1, v1a,AAAA é"})
    yield replace(changed, name="nothing", headers={})


def sinch_cases() -> Iterator[Case]:
    ours = Case(name="ours", headers=sent(), is_ours=True, key=KEY, secret=APPLICATION_SECRET)
    yield ours
    changed = replace(ours, is_ours=False)
    yield replace(changed, name="another body", body=BODY.replace(b"finished", b"available"))
    yield replace(changed, name="another secret", secret=ANOTHER)
    yield replace(changed, name="another key", key="another")
    yield replace(changed, name="another path", path="/hooks/other")
    yield replace(changed, name="another type", headers=sent() | {"content-type": "text/plain"})
    yield replace(changed, name="old", headers=sent(age_seconds=400))
    yield replace(changed, name="of tomorrow", headers=sent(age_seconds=-400))
    yield replace(changed, name="no moment", headers=sent() | {"x-timestamp": "some day"})
    yield replace(changed, name="no signature", headers=sent() | {"authorization": f"application {KEY}:é"})
    yield replace(changed, name="nothing", headers={})


def answers(language: Language, example: str, cases: list[Case], folder: Path) -> list[bool]:
    program = next(filter(None, map(shutil.which, language.programs)), None)
    if program is None:
        pytest.skip(f"{language.programs[0]} is not installed (apt-get install {language.package})")
    file = folder / f"example{language.suffix}"
    file.write_text(example + language.driver)
    asked = json.dumps([case.said() for case in cases])
    done = subprocess.run([program, file], input=asked, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    found: list[bool] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize("kind", ["standard", "sinch"])
@pytest.mark.parametrize("language", LANGUAGES, ids=lambda language: language.name)
def test_an_example_takes_what_we_send_and_refuses_what_was_changed(
    language: Language, kind: str, tmp_path: Path
) -> None:
    (example,) = blocks(language.name, {"standard": STANDARD, "sinch": SINCH}[kind])
    cases = list({"standard": standard_cases, "sinch": sinch_cases}[kind]())
    said = zip(cases, answers(language, example, cases, tmp_path), strict=True)
    assert {case.name: answer for case, answer in said} == {case.name: case.is_ours for case in cases}


def test_the_page_holds_no_code_but_what_runs_here() -> None:
    languages = {language.name for language in LANGUAGES}
    assert set(re.findall(r"^```(\w+)$", PAGE, flags=re.MULTILINE)) == languages | {"yaml", "json"}
    assert [len(blocks(name)) for name in sorted(languages)] == [2, 2, 2]


# --- bodies and answers -------------------------------------------------------------------------------------------

CALL_ID, RECORDING_ID = "01234567-89ab-cdef-fedc-ba9876543210", "76543210-89ab-cdef-fedc-ba9876543210"
URL = "s3://acme-calls/20260105090000_acme_01234567.mp3"
EXAMPLES = [json.loads(text) for text in blocks("json")]


def the_call(**over: Any) -> Call:
    known: dict[str, Any] = {
        "id": CALL_ID,
        "organisation": "acme",
        "direction": Direction.INBOUND,
        "queue": "sales",
        "state": CallState.ENDED,
        "ended_at": MORNING + 45,
        "legs": (
            a_leg(ended_at=MORNING + 44.9),
            a_leg(channel="1767603600.2", created_at=MORNING + 1, ended_at=MORNING + 45),
        ),
    }
    return a_call(**(known | over))


def the_body(told: Told, shape: Shape = Shape.SINCH, **over: Any) -> Any:
    """What is sent of a recording of that call."""
    is_available = told is Told.AVAILABLE
    url = {Told.AVAILABLE: URL, Told.TRANSCRIBED: URL.replace(".mp3", "-transcript.json")}.get(told, "")
    said = News(
        told=told,
        at=MORNING + (51 if is_available else 45),
        url=url,
        copies=(a_delivery(url=URL),) if is_available else (),
    )
    reasons = {Told.FAILED: "bucket 'acme-calls' refused the upload (403)", Told.ABSENT: "nobody answered"}
    recording = a_recording(
        id=RECORDING_ID,
        call_id=CALL_ID,
        organisation="acme",
        reason=reasons.get(told, ""),
        options=RecordingOptions(client_state="order 4711" if is_available else None),
    )
    return json.loads(body(shape, said, recording, the_call(**over), a_rendering()))


def is_said(example: Any, whole: Any) -> bool:
    """Whether all of the example is in the whole, in the same order; there may be more."""
    if isinstance(example, dict) and isinstance(whole, dict):
        order = [name for name in whole if name in example]
        return order == list(example) and all(is_said(example[name], whole[name]) for name in example)
    if isinstance(example, list) and isinstance(whole, list):
        return len(example) == len(whole) and all(map(is_said, example, whole))
    return bool(example == whole)


def the_example(**facts: Any) -> Any:
    (found,) = [one for one in EXAMPLES if facts.items() <= {k: v for k, v in one.items() if k in facts}.items()]
    return found


@pytest.mark.parametrize("told", [told for told in Told if told is not Told.TEST])
def test_every_body_of_sinchs_kind_is_as_the_page_shows_it(told: Told) -> None:
    example = the_example(type=str(told), callid=CALL_ID)
    assert is_said(example, the_body(told))


def test_the_bodies_of_the_other_kinds_are_as_the_page_shows_them() -> None:
    conference = the_body(Told.FINISHED, kind=CallKind.CONFERENCE, conference="8000")
    assert is_said(the_example(conferenceId="8000"), conference)
    assert is_said(the_example(type="recording.available"), the_body(Told.AVAILABLE, Shape.STANDARD))
    (dialgen,) = [one for one in EXAMPLES if "callData" in one]
    assert dialgen == the_body(Told.AVAILABLE, Shape.DIALGEN)


@pytest.mark.parametrize(
    ("name", "moment", "at"),
    [
        ("ice", CallMoment.INCOMING, MORNING),
        ("ace", CallMoment.ANSWERED, MORNING + 4),
        ("dice", CallMoment.ENDED, MORNING + 45),
    ],
)
def test_every_question_is_as_the_page_shows_it(name: str, moment: CallMoment, at: float) -> None:
    assert is_said(the_example(event=name), json.loads(inquiry(the_call(), moment, at)))


def test_the_answers_of_the_page_are_understood() -> None:
    answers = [one for one in EXAMPLES if {"instructions", "action"} & one.keys()]
    first, second = map(instructions, answers)
    assert [(one.action, one.command_id) for one in first.given] == [("start", "crm-4711")]
    assert [one.action for one in second.given] == ["start"]
    assert second.given[0].credentials == Secret("KEY:SECRET:eu-central-1")


# --- the rest of it -----------------------------------------------------------------------------------------------


def test_the_configuration_of_the_page_loads(tmp_path: Path) -> None:
    pbx = 'pbx: {office: {asterisk: {ami: "callreel:pw@127.0.0.1"}}}\ndestinations: {archive: {url: "file:///srv/"}}\n'
    path = tmp_path / "config.yaml"
    path.write_text(pbx + "".join(blocks("yaml")))
    settings = load(path, {"CRM_SECRET": OLD, "CRM_AUTHORIZATION": "Bearer crm"})
    assert set(settings.notifications) == {"crm", "reports"}
    assert settings.rules[0].callback == "desk"


def test_the_line_that_makes_a_key_makes_one() -> None:
    (line,) = re.findall(r'^    (echo "whsk_.*)$', PAGE, flags=re.MULTILINE)
    made = subprocess.run(["bash", "-c", line], capture_output=True, text=True, check=False, timeout=60)
    if made.returncode or len(made.stdout) < 10:
        pytest.skip("openssl is not installed (apt-get install openssl)")
    endpoint = EndpointSettings(url="https://crm.example.com/", secret=Secret(made.stdout.strip()))
    assert headers(endpoint, url=endpoint.url, id="msg_1", body=BODY, at=MORNING)["webhook-signature"][:4] == "v1a,"
