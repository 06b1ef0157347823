"""callreel doctor before real Asterisks, 22 and 16: in order, with too little, with too much, broken."""

import asyncio
import os
from pathlib import Path

import pytest

from connector.config.loading import load
from connector.domain.diagnosis import Finding, Level
from connector.roles.examination import examined
from tests.pbx.asterisk import Asterisk
from tests.pbx.configuration import DRIVER, Wishes

pytestmark = pytest.mark.asterisk

ROOT = Path(__file__).resolve().parents[2]
SNIPPET = (ROOT / "dialplan/asterisk/callreel.conf").read_text()
USES = """
[doctor-guarded]
exten => s,1,GosubIf($[${DIALPLAN_EXISTS(callreel-start,s,1)}]?callreel-start,s,1(destination=archive,tags=vip))
[doctor-loose]
exten => s,1,Gosub(callreel-start,s,1)
[doctor-gone]
exten => s,1,Gosub(callreel-nowhere,s,1)
"""
#: Users of the manager interface beside the driver's.
USERS = """
[muchtoomuch]
secret = much
read = all
write = all
[toolittle]
secret = little
read = dialplan
write = call
"""
TLS_LESS = "?tls=yes"


@pytest.fixture(scope="module")
def wishes() -> Wishes:
    return Wishes(
        dialplan=SNIPPET + USES,
        snippets={"manager.conf": USERS, "ari.conf": "[readonly]\ntype = user\nread_only = yes\npassword = only\n"},
        without_modules=("app_userevent",),
    )


@pytest.fixture(params=[22, 16])
def each(request: pytest.FixtureRequest) -> Asterisk:
    found: Asterisk = request.getfixturevalue("asterisk" if request.param == 22 else "asterisk16")
    return found


class Office:
    """A configuration for one Asterisk, and what doctor says of it."""

    def __init__(self, asterisk: Asterisk, folder: Path) -> None:
        self._asterisk = asterisk
        self._folder = folder
        self.spool = asterisk.recording_folder

    def found(
        self,
        *,
        user: str = DRIVER.user,
        secret: str = DRIVER.secret,
        ari: str = "",
        files: str = "shared",
        more: str = "",
    ) -> list[Finding]:
        ports = self._asterisk.ports
        words = {
            "ami": f"{user}:{secret}@127.0.0.1:{ports.ami}{more}",
            "files": files,
            "spool": str(self.spool),
        }
        if ari:
            words["ari"] = f"{ari}@127.0.0.1:{ports.http}"
        lines = "".join(f"      {key}: '{value}'\n" for key, value in words.items())
        state = self._folder / "state"
        state.mkdir(exist_ok=True)
        config = self._folder / "config.yaml"
        config.write_text(f"pbx:\n  office:\n    asterisk:\n{lines}state: {state}\n")
        reports = asyncio.run(examined(load(config, os.environ)))
        return [finding for report in reports if report.about == "office" for finding in report.findings]


@pytest.fixture
def office(each: Asterisk, tmp_path: Path) -> Office:
    return Office(each, tmp_path)


def of(found: list[Finding], subject: str) -> list[Finding]:
    return [finding for finding in found if finding.subject == subject]


def worst(found: list[Finding]) -> Level:
    return max((finding.level for finding in found), key=list(Level).index)


ARI = f"{DRIVER.user}:{DRIVER.secret}"


def test_the_driver_s_least_rights_are_enough_and_none_too_many(office: Office) -> None:
    found = office.found(ari=ARI)
    for subject in ("AMI", "login", "rights", "events", "time stamps", "clock", "spool", "ARI", "open files"):
        assert worst(of(found, subject)) is Level.OK, of(found, subject)


def test_an_asterisk_in_order_names_its_version(office: Office, each: Asterisk) -> None:
    (first, *_) = of(office.found(), "version")
    assert f"Asterisk {each.version}." in first.what


def test_a_module_that_is_missing_is_named_and_the_others_are_not(office: Office) -> None:
    modules = of(office.found(ari=ARI), "modules")
    assert [finding.level for finding in modules] == [Level.NOTE, Level.NOTE]
    assert "app_userevent is not loaded" in modules[0].what


def test_in_the_dialplan_what_ends_calls_is_told_from_what_would(office: Office) -> None:
    dialplan = {finding.level: finding.what for finding in of(office.found(), "dialplan")}
    assert "callreel-start" in dialplan[Level.OK]
    assert "doctor-gone,s,1" in dialplan[Level.BAD]
    assert "doctor-loose,s,1" in dialplan[Level.WARNING]
    assert not any("doctor-guarded" in what for what in dialplan.values())


def test_a_user_who_may_everything_is_warned_of(office: Office) -> None:
    found = office.found(user="muchtoomuch", secret="much", ari=ARI)
    rights = of(found, "rights")
    assert worst(rights) is Level.WARNING
    assert all(word in rights[-1].what for word in ("command", "config", "originate"))


def test_a_user_who_may_too_little_is_told_what_fails_and_what_could_not_be_seen(office: Office) -> None:
    found = office.found(user="toolittle", secret="little")
    assert any("MixMonitor: nothing can be recorded" in finding.what for finding in of(found, "rights"))
    for subject in ("events", "modules", "version", "dialplan"):
        assert "not looked at, because" in of(found, subject)[0].what


def test_a_wrong_password_is_a_refused_login_and_the_rest_is_named(office: Office) -> None:
    found = office.found(secret="wrong")
    (login,) = of(found, "login")
    assert (login.level, "refused" in login.what) == (Level.BAD, True)
    for subject in ("rights", "events", "time stamps", "clock", "version", "modules", "spool", "dialplan"):
        assert "not looked at, because" in of(found, subject)[0].what


def test_asterisk_s_plain_port_is_not_its_tls_port(office: Office) -> None:
    (ami,) = of(office.found(more=TLS_LESS), "AMI")
    assert (ami.level, "does not speak TLS" in ami.what) == (Level.BAD, True)


def test_ari_tells_a_wrong_password_and_a_user_who_may_only_read(office: Office) -> None:
    refused = office.found(ari=f"{DRIVER.user}:wrong", files="ari")
    assert worst(of(refused, "ARI")) is Level.BAD
    assert "not looked at" in of(refused, "files by ARI")[0].what
    (only_read,) = [one for one in of(office.found(ari="readonly:only"), "ARI") if one.level is Level.BAD]
    assert "may only read" in only_read.what


def test_files_by_ari_want_the_folder_that_ari_reaches(office: Office) -> None:
    assert worst(of(office.found(ari=ARI, files="ari"), "spool")) is Level.OK
    assert worst(of(office.found(ari=ARI, files="ari"), "files by ARI")) is Level.OK
    office.spool = Path("/somewhere/else")
    assert worst(of(office.found(ari=ARI, files="ari"), "spool")) is Level.BAD


def test_the_recording_folder_is_judged_by_asterisk_s_own_process(office: Office) -> None:
    ours, theirs = of(office.found(), "recording folder")
    assert (ours.level, theirs.level) == (Level.OK, Level.OK)
    assert "Asterisk (" in theirs.what


def test_doctor_leaves_asterisk_as_it_was(office: Office, each: Asterisk) -> None:
    def state() -> tuple[str, str, list[str]]:
        async def asked() -> tuple[str, str]:
            return await each.cli("dialplan show globals"), await each.cli("database show")

        return *asyncio.run(asked()), sorted(place.name for place in each.recording_folder.iterdir())

    before = state()
    office.found(ari=ARI, files="ari")
    assert state() == before


def test_without_a_login_there_is_still_all_that_this_machine_shows(office: Office) -> None:
    found = office.found(secret="wrong")
    assert of(found, "room")
    assert of(found, "recording folder")
