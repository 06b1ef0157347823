"""Doctor before an event socket: in order, closed, refusing, with everybody's password, without its modules."""

import asyncio
import os
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from connector.domain.diagnosis import Finding, Level
from connector.domain.secret import Secret
from connector.network.clock import SystemClock
from connector.pbx import doors
from connector.pbx.accounts import Account
from connector.pbx.circumstances import Circumstances
from connector.pbx.freeswitch import checks
from connector.pbx.freeswitch.checks import FreeSwitchChecks, open_files_finding
from connector.pbx.freeswitch.esl_checks import SUBJECTS
from connector.pbx.processes import PbxProcess
from connector.settings import Endpoint, FreeswitchSettings
from tests.unit.pbx.freeswitch.esl_server import GOODBYE, REJECTION, Answer, EslServer, reply, response, says
from tests.unit.pbx.proc_folder import EVERYWHERE, Proc

SOCKET_FILE = """<configuration name="event_socket.conf">
  <settings>
    <param name="nat-map" value="false"></param>
    <param name="listen-ip" value="{address}"></param>
    <param name="password" value="correct horse"></param>
    {list}
  </settings>
</configuration>
"""
#: As FreeSWITCH answers `uuid_buglist`.
BUGS = """<media-bugs>
 <media-bug>
  <function>session_record</function>
  <target>{path}</target>
  <thread-locked>0</thread-locked>
 </media-bug>
</media-bugs>
"""
PBX = PbxProcess(account=Account(54321, frozenset((54321,))), gid=54321, umask=0o007, open_files=65536)


def socket_file(address: str = "127.0.0.1", one: str = "") -> Answer:
    param = f'<param name="apply-inbound-acl" value="{one}"></param>' if one else ""
    return says(SOCKET_FILE.format(address=address, list=param))


def now(_command: str) -> bytes:
    return response(f"{time.time() * 1e6:.0f}\n")


IN_ORDER: Mapping[str, Answer] = {
    "api xml_locate configuration": socket_file(),
    "api acl": says("false"),
    "api strmicroepoch": now,
    "api version": says("FreeSWITCH Version 1.10.12-release~64bit ( 64bit)\n"),
    "api module_exists": says("true"),
    "api file_exists": says("true"),
    "api xml_locate dialplan": says('<section name="dialplan"></section>\n'),
    "api show channels": says('{"row_count": 0}\n'),
    "api uuid_buglist": says("-ERR no reply\n"),
}


class Office:
    def __init__(self, folder: Path) -> None:
        self.spool = folder / "spool"
        self.spool.mkdir()
        self.proc = Proc(folder / "proc")
        self.plays_sounds = False

    async def found(self, endpoint: Endpoint) -> list[Finding]:
        circumstances = Circumstances(
            us=Account.own(), bytes_per_day=None, neighbours=(), plays_sounds=self.plays_sounds
        )
        settings = FreeswitchSettings(esl=endpoint, spool=str(self.spool))
        parts = FreeSwitchChecks("office", settings, circumstances, SystemClock(), self.proc.folder).parts()
        return [finding for part in parts async for finding in part]

    async def found_with(self, server: EslServer) -> list[Finding]:
        async with server.listening():
            return await self.found(server.endpoint)

    async def found_where(self, answers: Mapping[str, Answer]) -> list[Finding]:
        return await self.found_with(EslServer({**IN_ORDER, **answers}))


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office(tmp_path)


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doors, "KNOCK_SECONDS", 0.3)


def of(found: list[Finding], subject: str) -> Finding:
    (one,) = [finding for finding in found if finding.subject == subject]
    return one


async def test_a_freeswitch_in_order_is_good_in_every_subject(office: Office) -> None:
    found = await office.found_where({})
    assert [one for one in found if one.level in {Level.BAD, Level.WARNING}] == []
    assert {"event socket", "login", *SUBJECTS, "open files", "recording folder", "room"} == {
        one.subject for one in found
    }
    assert not any("not looked at" in one.what for one in found)


async def test_nothing_is_asked_that_changes_anything_there(office: Office) -> None:
    server = EslServer(IN_ORDER)
    await office.found_with(server)
    asked = {command.split()[1] for peer in server.peers for command in peer.commands if command.startswith("api ")}
    assert asked == {
        *("acl", "file_exists", "global_getvar", "module_exists", "show", "strmicroepoch", "version", "xml_locate")
    }
    assert not any(command.startswith("bgapi") for peer in server.peers for command in peer.commands)
    assert list(office.spool.iterdir()) == []


async def test_a_closed_port_is_named_and_so_is_all_that_was_not_looked_at(office: Office) -> None:
    async with EslServer().listening() as server:
        endpoint = server.endpoint
    found = await office.found(endpoint)
    assert of(found, "event socket").level is Level.BAD
    assert all("not looked at" in of(found, subject).what for subject in ("login", *SUBJECTS))


@pytest.mark.parametrize(
    ("greeting", "words"),
    [
        (REJECTION, "refuses this machine's address"),
        (b"", "takes the connection and says nothing"),
        (b"220 mail.example.com ESMTP\r\n", "is no event socket"),
    ],
)
async def test_who_does_not_greet_as_an_event_socket_is_told_by_its_words(
    office: Office, greeting: bytes, words: str
) -> None:
    socket = of(await office.found_with(EslServer(greeting=greeting)), "event socket")
    assert (socket.level, words in socket.what, bool(socket.mend)) == (Level.BAD, True, True)


async def test_a_rejected_address_is_told_which_list_lets_it_in(office: Office) -> None:
    socket = of(await office.found_with(EslServer(greeting=REJECTION)), "event socket")
    assert "apply-inbound-acl" in socket.mend


async def test_a_wrong_password_is_a_refused_login_that_is_tried_once(office: Office) -> None:
    server = EslServer({**IN_ORDER, "auth": lambda _: reply("-ERR invalid") + GOODBYE})
    found = await office.found_with(server)
    login = of(found, "login")
    assert (login.level, "refused" in login.what) == (Level.BAD, True)
    assert [command for peer in server.peers for command in peer.commands] == ["auth correct horse"]
    assert "not looked at" in of(found, "version").what


async def test_a_login_without_an_answer_is_named(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "_LOGIN_SECONDS", 0.2)
    found = await office.found_with(EslServer({"auth": lambda _: b""}))
    assert "no answer to the login" in of(found, "login").what


async def test_everybody_s_password_is_a_danger(office: Office) -> None:
    server = EslServer({**IN_ORDER, "auth": lambda _: reply("+OK accepted")})
    async with server.listening():
        found = await office.found(replace(server.endpoint, password=Secret("ClueCon")))
    assert (of(found, "password").level, "ClueCon" in of(found, "password").what) == (Level.WARNING, True)


async def test_the_password_itself_is_never_said(office: Office) -> None:
    assert not any("correct horse" in one.what + one.mend for one in await office.found_where({}))


async def test_a_socket_open_to_all_is_a_danger_and_with_everybody_s_password_it_is_bad(office: Office) -> None:
    answers = {
        **IN_ORDER,
        "api xml_locate configuration": socket_file("0.0.0.0", "any_v4.auto"),
        "api acl": says("true"),
    }
    assert of(await office.found_where(answers), "listening").level is Level.WARNING
    server = EslServer({**answers, "auth": lambda _: reply("+OK accepted")})
    async with server.listening():
        found = await office.found(replace(server.endpoint, password=Secret("ClueCon")))
    assert of(found, "password").level is Level.BAD


async def test_where_it_really_listens_counts_more_than_its_file(office: Office) -> None:
    server = EslServer(IN_ORDER)
    async with server.listening():
        office.proc.add(10, "/usr/bin/freeswitch", "-nonat", socket=71)
        office.proc.listen(server.endpoint.port, 71, address=EVERYWHERE)
        found = await office.found(server.endpoint)
    assert "0.0.0.0" in of(found, "listening").what


async def test_at_the_near_end_of_a_tunnel_its_file_counts(office: Office) -> None:
    server = EslServer({**IN_ORDER, "api xml_locate configuration": socket_file("10.0.0.5")})
    async with server.listening():
        office.proc.add(10, "/usr/bin/freeswitch", "-nonat", socket=71)
        office.proc.add(11, "/usr/bin/stunnel4", socket=72)
        office.proc.listen(server.endpoint.port, 72)
        found = await office.found(server.endpoint)
    assert "10.0.0.5" in of(found, "listening").what
    assert "cannot be seen" in of(found, "open files").what


async def test_a_clock_that_goes_otherwise_is_told_with_its_direction(office: Office) -> None:
    found = await office.found_where({"api strmicroepoch": lambda _: response(f"{(time.time() - 60) * 1e6:.0f}")})
    assert (of(found, "clock").level, "behind ours" in of(found, "clock").what) == (Level.WARNING, True)


async def test_a_clock_that_is_not_told_is_only_noted(office: Office) -> None:
    found = await office.found_where({"api strmicroepoch": says("-ERR strmicroepoch Command not found!\n")})
    assert of(found, "clock").level is Level.NOTE


async def test_a_module_that_is_missing_is_named_with_how_to_load_it(office: Office) -> None:
    found = await office.found_where({"api module_exists mod_sndfile": says("false")})
    missing, rest = [one for one in found if one.subject == "modules"]
    assert (missing.level, "mod_sndfile" in missing.mend) == (Level.BAD, True)
    assert rest.level is Level.NOTE


async def test_without_mod_commands_this_one_alone_is_named(office: Office) -> None:
    found = await office.found_where({"api module_exists": says("-ERR module_exists Command not found!\n")})
    assert "mod_commands is not loaded" in of(found, "modules").what


async def test_tones_are_wanted_only_where_a_rule_plays_sounds(office: Office) -> None:
    answers = {"api module_exists mod_tone_stream": says("false")}
    assert of(await office.found_where(answers), "modules").level is Level.OK
    office.plays_sounds = True
    assert any("mod_tone_stream" in one.what for one in await office.found_where(answers))


async def test_a_folder_that_freeswitch_does_not_see_is_bad(office: Office) -> None:
    found = await office.found_where({"api file_exists": says("false")})
    assert of(found, "spool").level is Level.BAD


async def test_what_others_record_now_is_named_and_what_we_record_is_not(office: Office) -> None:
    legs = '{"row_count":1,"rows":[{"uuid":"a1","created_epoch":"1"}]}'
    ours = BUGS.format(path=office.spool / "r1_s1_rx.wav")
    answers = {"api show channels": says(legs), "api uuid_buglist": says(ours)}
    assert of(await office.found_where(answers), "other recorders").level is Level.OK
    answers["api uuid_buglist"] = says(BUGS.format(path="/var/lib/freeswitch/recordings/x.wav"))
    others = of(await office.found_where(answers), "other recorders")
    assert (others.level, "/var/lib/freeswitch/recordings/x.wav" in others.what) == (Level.NOTE, True)


async def test_a_freeswitch_that_stops_answering_leaves_notes_and_no_exception(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("connector.pbx.freeswitch.esl_checks._ANSWER_SECONDS", 0.1)
    silent = {name: answer for name, answer in IN_ORDER.items() if "xml_locate" in name}
    async with asyncio.timeout(10):
        found = await office.found_with(EslServer(silent))
    assert of(found, "clock").level is Level.NOTE
    assert "not looked at" in of(found, "modules").what


@pytest.mark.parametrize(("limit", "level"), [(1024, Level.WARNING), (65536, Level.OK), (None, Level.OK)])
def test_too_few_open_files_are_a_warning(limit: int | None, level: Level) -> None:
    assert open_files_finding(replace(PBX, open_files=limit)).level is level


async def test_the_process_at_the_port_is_judged_for_files_and_folder(office: Office) -> None:
    server = EslServer(IN_ORDER)
    async with server.listening():
        office.proc.add(10, "/usr/bin/freeswitch", "-nonat", uid=os.geteuid(), files="1024", socket=71)
        office.proc.listen(server.endpoint.port, 71)
        found = await office.found(server.endpoint)
    assert of(found, "open files").level is Level.WARNING
    assert any(one.what.startswith("FreeSWITCH (") for one in found if one.subject == "recording folder")
