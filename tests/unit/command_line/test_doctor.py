"""callreel doctor where there is no Asterisk: our own house, its words, JSON and exit codes."""

import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from connector.domain.call import Call
from connector.domain.states import RecordingState
from connector.pbx.accounts import Account
from connector.roles import premises
from tests.builders import a_call, a_recording, a_segment
from tests.unit.command_line.site import Answer, Site

NO_ASTERISK = "127.0.0.1:1"


def finding(answer: Answer, check: str, about: str = "callreel") -> dict[str, str]:
    """The one of that check."""
    (found,) = [one for one in answer.facts["findings"] if (one["about"], one["check"]) == (about, check)]
    return dict(found)


def with_asterisk(site: Site, **capture: str) -> None:
    """An office whose Asterisk is down."""
    text = site.config.read_text()
    pbx = f"pbx: {{office: {{asterisk: {{ami: 'callreel:x@{NO_ASTERISK}', spool: {site.spool}}}}}}}\n"
    site.config.write_text(pbx + "".join(text.splitlines(keepends=True)[1:]) + f"capture: {json.dumps(capture)}\n")


def reported(site: Site, role: str, **facts: Any) -> None:
    folder = site.state / "health"
    folder.mkdir(exist_ok=True)
    (folder / f"{role}.json").write_text(json.dumps({"at": time.time(), **facts}))


@contextmanager
def somebody_at(answer: bytes) -> Iterator[str]:
    """Whoever listens there and answers that to a whole FastAGI head; b"" = never."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(10)
        done = threading.Event()

        def attend() -> None:
            connection, _ = server.accept()
            with connection:
                connection.settimeout(10)
                head = b""
                while not head.endswith(b"\n\n"):
                    head += connection.recv(4096)
                connection.sendall(answer)
                done.wait(10)

        thread = threading.Thread(target=attend)
        thread.start()
        try:
            yield f"127.0.0.1:{server.getsockname()[1]}"
        finally:
            done.set()
            thread.join()


def test_a_house_in_order_is_good_and_says_so(site: Site) -> None:
    answer = site.run("doctor")
    assert answer.code == 0
    assert "0 bad" in answer.out.splitlines()[-1]
    assert "note     demo: pbx: not looked at, because the scripted PBX is what it is" in answer.out


def test_every_finding_is_one_line_and_the_same_in_json(site: Site) -> None:
    lines = site.run("doctor").out.splitlines()[:-1]
    in_json = site.run("doctor", "--json")
    assert in_json.facts["is_good"] is True
    assert [line.split()[0] for line in lines] == [one["level"] for one in in_json.facts["findings"]]
    assert all(one["check"] in line for line, one in zip(lines, in_json.facts["findings"], strict=True))


def test_a_house_without_a_catalogue_is_not_good(bare_site: Site) -> None:
    answer = bare_site.run("doctor", "--json")
    assert (answer.code, answer.facts["is_good"]) == (1, False)
    assert "callreel migrate" in finding(answer, "catalogue")["mend"]


def test_a_state_folder_that_is_not_there_is_named(site: Site) -> None:
    site.config.write_text(site.config.read_text().replace(f"state: {site.state}", f"state: {site.folder}/absent"))
    answer = site.run("doctor", "--json")
    assert answer.code == 1
    assert finding(answer, "state folder")["level"] == "bad"
    assert not (site.folder / "absent").exists()


def test_a_pbx_that_nobody_has_is_not_found(site: Site) -> None:
    answer = site.run("doctor", "--pbx", "nobody")
    assert answer.code == 3
    assert "demo" in answer.err


def test_what_happens_to_calls_that_no_rule_matches_is_said(site: Site) -> None:
    assert "every call is recorded" in finding(site.run("doctor", "--json"), "rules")["what"]
    site.config.write_text(site.config.read_text() + "defaults: {record: no}\nrules: [{record: yes}]\n")
    assert "is not recorded" in finding(site.run("doctor", "--json"), "rules")["what"]


def test_a_destination_that_we_may_not_write_to_is_bad(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(premises, "callreel_account", lambda _: Account(54321, frozenset()))
    assert finding(site.run("doctor", "--json"), "destination archive")["level"] == "bad"


def test_a_role_that_runs_and_names_a_problem_is_a_warning_and_a_stale_one_does_not_run(site: Site) -> None:
    reported(site, "capture", problems=["PBX office does not answer"])
    reported(site, "work", problems=[])
    reported(site, "web", problems=[], at=time.time() - 3600)
    answer = site.run("doctor", "--json")
    assert finding(answer, "capture")["level"] == "warning"
    assert "PBX office does not answer" in finding(answer, "capture")["what"]
    assert finding(answer, "work")["level"] == "ok"
    assert "does not run here" in finding(answer, "web")["what"]


def test_an_asterisk_that_is_down_leaves_no_check_unnamed(site: Site) -> None:
    with_asterisk(site)
    answer = site.run("doctor", "--json", "--pbx", "office")
    assert answer.code == 1
    assert "refuses the connection" in finding(answer, "AMI", "office")["what"]
    for check in ("login", "rights", "events", "time stamps", "clock", "version", "modules", "spool", "dialplan"):
        assert "not looked at, because" in finding(answer, check, "office")["what"]


@pytest.mark.parametrize("is_running", [True, False])
def test_a_fastagi_port_at_which_nobody_listens_is_bad_only_while_capture_runs(site: Site, is_running: bool) -> None:
    with_asterisk(site, fastagi="127.0.0.1:1")
    if is_running:
        reported(site, "capture", problems=[])
    found = finding(site.run("doctor", "--json"), "FastAGI")
    assert found["level"] == ("bad" if is_running else "note")


@pytest.mark.parametrize(
    ("answer", "level", "words"),
    [
        (b'SET VARIABLE RECORDING_STATUS "REFUSED"\n', "ok", "capture answers"),
        (b"HTTP/1.1 400 Bad Request\n", "bad", "another program"),
        (b"", "bad", "does not answer"),
    ],
)
def test_who_listens_at_the_fastagi_port_is_told_apart(site: Site, answer: bytes, level: str, words: str) -> None:
    with somebody_at(answer) as place:
        with_asterisk(site, fastagi=place)
        found = finding(site.run("doctor", "--json"), "FastAGI")
    assert (found["level"], words in found["what"]) == (level, True)


def test_room_is_reckoned_by_what_the_last_week_s_calls_wrote(site: Site) -> None:
    with_asterisk(site)
    now = time.time()
    call: Call = a_call(id="call-1", pbx="office")
    recording = a_recording(
        id="1",
        call_id=call.id,
        pbx="office",
        state=RecordingState.CAPTURED,
        requested_at=now - 3600,
        started_at=now - 3600,
    )
    segment = a_segment(
        id="s", recording_id="1", call_id=call.id, path="s.wav", started_at=now - 3600, stopped_at=now - 1800
    )
    assert "hours of calls" in room(site)
    site.apply(call, recording, segment)
    assert "days of calls as in the last week" in room(site)


def room(site: Site) -> str:
    found = site.run("doctor", "--json").facts["findings"]
    return str(next(one["what"] for one in found if (one["about"], one["check"]) == ("office", "room")))


def test_nothing_is_changed(site: Site) -> None:
    def everything() -> list[tuple[str, bytes]]:
        files = (place for place in sorted(site.folder.rglob("*")) if place.is_file())
        return [(str(place), place.read_bytes()) for place in files if Path(place).suffix not in (".db-wal", ".db-shm")]

    before = everything()
    site.run("doctor")
    assert everything() == before
