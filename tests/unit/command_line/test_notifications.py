"""callreel notifications: what people read, what programs read, and the exit codes."""

import base64
import json
from collections.abc import Sequence
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from connector.command_line import notifications
from connector.domain.notification import Told
from connector.domain.states import NotificationState, RecordingState
from connector.errors import EndpointUnreachable
from connector.ports.poster import Letter, Reply
from tests.unit.command_line.site import Site

ONE = "msg_11111111aaaaaaaaaaaaaaaaaaaaaaaa"
TWO = "msg_22222222aaaaaaaaaaaaaaaaaaaaaaaa"
THREE = "msg_22222222bbbbbbbbbbbbbbbbbbbbbbbb"
ADA = "5f0c2f4e-0000-5d53-9d8e-0a6c2b8f4e11"
EVE = "5f0c2f4e-1111-5d53-9d8e-0a6c2b8f4e11"
CRM, PARTNER = "https://crm.example.com/calls", "https://partner.example.com/calls"
#: The keys of what programs read: none may go or be called otherwise.
KEYS = [
    "id",
    "endpoint",
    "organisation",
    "recording_id",
    "call_id",
    "type",
    "destination",
    "state",
    "attempts",
    "created_at",
    "next_at",
    "reason",
]
WHOLE_KEYS = [*KEYS, "body", "tries"]
TRY_KEYS = ["at", "seconds", "status", "fallback", "reason"]
WAITING, DELIVERED, DEAD, CANCELLED = NotificationState


class Receiver:
    """The Poster: answers by these statuses, the last one for good."""

    def __init__(self, *statuses: int) -> None:
        self.statuses = list(statuses)
        self.letters: list[Letter] = []

    async def post(self, letter: Letter) -> Reply:
        self.letters.append(letter)
        status = self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]
        if not status:
            raise EndpointUnreachable("crm.example.com refuses the connection: does its server run?")
        return Reply(status=status, content=b"", is_cut=False, retry_after_seconds=None, seconds=0.01)


@pytest.fixture
def told(site: Site) -> Site:
    """A site that tells two endpoints."""
    site.endpoints(crm=CRM, partner=PARTNER)
    return site


def ids(site: Site, *words: str) -> list[str]:
    return [one["id"] for one in site.run("notifications", "list", *words, "--json").facts]


def states(site: Site) -> dict[str, str]:
    return {one["id"]: one["state"] for one in site.run("notifications", "list", "--json").facts}


# --- list ---------------------------------------------------------------------------------------------------------


def test_an_empty_list_is_no_error(site: Site) -> None:
    assert site.run("notifications", "list").code == 0
    assert site.run("notifications", "list", "--json").facts == []


def test_the_newest_comes_first_with_state_reason_and_tries(told: Site) -> None:
    told.notification(ONE, 500, 500, state=DEAD, reason="it answers 500", recording=ADA)
    told.notification(TWO, 200, state=DELIVERED, recording=ADA, told=Told.FINISHED, at=1767603600 + 60)
    heading, first, second = told.run("notifications", "list").out.splitlines()
    assert heading.split() == ["created", "(UTC)", "id", "to", "what", "of", "state", "reason"]
    assert first.split() == ["2026-01-05", "09:01:00", "22222222", "crm", "finished", "5f0c2f4e", "delivered"]
    assert second.split()[2:7] == ["11111111", "crm", "available", "5f0c2f4e", "dead"]
    assert second.rstrip().endswith("it answers 500 (2 tries)")


def test_programs_read_every_fact_under_names_that_stay(told: Site) -> None:
    told.notification(ONE, 500, reason="it answers 500", recording=ADA)
    told.notification(TWO, 200, state=DELIVERED)
    delivered, waiting = told.run("notifications", "list", "--json").facts
    assert list(delivered) == list(waiting) == KEYS
    assert (waiting["type"], waiting["state"], waiting["attempts"]) == ("recording_available", "waiting", 1)
    assert (waiting["recording_id"], waiting["created_at"]) == (ADA, "2026-01-05T09:00:00.000Z")
    assert waiting["next_at"].startswith("2057-")
    assert delivered["next_at"] is None


def test_on_eighty_columns_what_can_be_typed_is_never_broken(told: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    reason = "crm.example.com is at 10.0.0.7, where a private network is reached"
    told.notification(ONE, None, None, state=DEAD, reason=reason, recording=ADA, endpoint="the-crm-of-the-customer")
    told.notification(TWO, state=CANCELLED, reason=reason, recording=ADA, told=Told.TRANSCRIBED)
    monkeypatch.setenv("COLUMNS", "80")
    lines = told.run("notifications", "list").out.splitlines()
    assert lines[1].startswith("2026-01-05 09:00:00  22222222  crm")
    assert any(line.startswith("2026-01-05 09:00:00  11111111  ") for line in lines)
    assert all(word in "\n".join(lines) for word in ("  5f0c2f4e  dead ", "  5f0c2f4e  cancelled "))
    assert max(map(len, lines)) <= 80


def test_what_is_not_for_a_terminal_has_one_line_a_notification(told: Site) -> None:
    told.notification(ONE, 500, reason="a very long reason " * 30)
    assert len(told.run("notifications", "list").out.splitlines()) == 2


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (("--state", "waiting"), [ONE]),
        (("--state", "dead", "--state", "waiting"), [TWO, ONE]),
        (("--dead",), [TWO]),
        (("--dead", "--state", "delivered"), [THREE, TWO]),
        (("--endpoint", "partner"), [TWO]),
        (("--recording", EVE), [TWO]),
        (("--recording", "5f0c2f4e-1"), [TWO]),
        (("--limit", "1"), [THREE]),
    ],
)
def test_the_list_can_be_narrowed(told: Site, words: Sequence[str], found: list[str]) -> None:
    for recording in (ADA, EVE):
        told.recording(recording, RecordingState.CAPTURED)
    told.notification(ONE, recording=ADA)
    told.notification(TWO, 500, state=DEAD, reason="it answers 500", recording=EVE, endpoint="partner")
    told.notification(THREE, 200, state=DELIVERED, recording=ADA)
    assert ids(told, *words) == found


def test_a_recording_that_is_told_to_nobody_has_an_empty_list(told: Site) -> None:
    told.recording(ADA, RecordingState.CAPTURED)
    told.notification(ONE, recording=EVE)
    assert ids(told, "--recording", ADA) == []


def test_what_was_told_of_a_recording_that_the_catalogue_has_no_more_is_found(told: Site) -> None:
    told.notification(ONE, recording=ADA)
    assert ids(told, "--recording", ADA) == [ONE]


def test_the_beginning_of_a_recording_that_fits_several_or_none_is_said(told: Site) -> None:
    told.recording(ADA, RecordingState.CAPTURED)
    told.recording(EVE, RecordingState.CAPTURED)
    several = told.run("notifications", "list", "--recording", "5f0c2f4e")
    assert (several.code, several.out) == (2, "")
    assert ADA in several.err
    assert EVE in several.err
    none = told.run("notifications", "list", "--recording", "77")
    assert (none.code, none.out) == (3, "")
    assert "no recording is called '77': callreel recordings list" in none.err


def test_an_endpoint_that_left_is_listed_as_long_as_anything_was_to_be_told_to_it(told: Site) -> None:
    told.notification(ONE, state=CANCELLED, reason="its endpoint left", endpoint="old")
    assert ids(told, "--endpoint", "old") == [ONE]
    assert ids(told, "--endpoint", "partner") == []


@pytest.mark.parametrize(
    "words",
    [("list", "--endpoint", "crn"), ("replay", "--dead", "--endpoint", "crn"), ("test", "crn"), ("enable", "crn")],
)
def test_an_endpoint_that_nobody_configured_is_not_found_and_the_others_are_named(
    told: Site, words: Sequence[str]
) -> None:
    answer = told.run("notifications", *words)
    assert (answer.code, answer.out) == (3, "")
    assert answer.err == "callreel: no endpoint is called 'crn' in the configuration; there are: crm, partner\n"


def test_without_any_endpoint_it_is_said_that_there_is_none(site: Site) -> None:
    assert site.run("notifications", "test", "crm").err.endswith("there are: none\n")


@pytest.mark.parametrize("words", [("--state", "broken"), ("--limit", "0"), ("--limit", "many")])
def test_a_state_that_does_not_exist_and_a_limit_that_is_none_are_wrong_usage(site: Site, words: Sequence[str]) -> None:
    with pytest.raises(SystemExit) as left:
        site.run("notifications", "list", *words)
    assert left.value.code == 2


def test_who_asks_for_a_wrong_state_reads_the_right_ones(site: Site, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        site.run("notifications", "list", "--state", "broken")
    said = capfd.readouterr().err
    assert all(state in said for state in NotificationState)


# --- show ---------------------------------------------------------------------------------------------------------


def test_everything_about_a_notification_is_shown(told: Site) -> None:
    told.notification(ONE, 503, None, 200, state=DELIVERED, reason="it answers 503", recording=ADA, body='{"a":1}')
    shown = told.run("notifications", "show", ONE)
    assert shown.code == 0
    for part in (ONE, ADA, "delivered", '{"a":1}', "2026-01-05T09:00:01.000Z", "it answers 503", "taken"):
        assert part in shown.out
    facts = told.run("notifications", "show", ONE, "--json").facts
    assert list(facts) == WHOLE_KEYS
    assert json.loads(facts["body"]) == {"a": 1}
    assert [one["status"] for one in facts["tries"]] == [503, None, 200]
    assert list(facts["tries"][0]) == TRY_KEYS


def test_of_one_that_nobody_has_tried_that_is_said(told: Site) -> None:
    told.notification(ONE)
    assert told.run("notifications", "show", ONE).out.endswith("not tried yet\n")
    assert told.run("notifications", "show", ONE, "--json").facts["tries"] == []


@pytest.mark.parametrize("name", [TWO, "msg_22222222a", "22222222a", "msg_22222222aaaaaaaaaaaaaaaaaaaaaaa"])
def test_a_notification_is_found_by_its_id_or_its_beginning(told: Site, name: str) -> None:
    for id in (ONE, TWO, THREE):
        told.notification(id)
    assert told.run("notifications", "show", name, "--json").facts["id"] == TWO


def test_what_is_listed_can_be_shown_beyond_the_first_page(told: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notifications, "_PAGE", 1)
    for id in (ONE, TWO, THREE):
        told.notification(id)
    assert told.run("notifications", "show", "11111111").code == 0
    assert told.run("notifications", "show", "2222").code == 2


def test_a_beginning_that_fits_several_is_refused_with_their_ids(told: Site) -> None:
    for id in (ONE, TWO, THREE):
        told.notification(id)
    answer = told.run("notifications", "show", "22222222")
    assert (answer.code, answer.out) == (2, "")
    assert TWO in answer.err
    assert THREE in answer.err


@pytest.mark.parametrize("verb", ["show", "replay"])
@pytest.mark.parametrize("name", ["nothing", "%", "________", "\x1b[2J"])
def test_what_nobody_knows_is_not_found(told: Site, verb: str, name: str) -> None:
    told.notification(ONE)
    answer = told.run("notifications", verb, name)
    assert (answer.code, answer.out) == (3, "")
    assert answer.err.startswith(f"callreel: no notification is called {name!r}")


@pytest.mark.parametrize("text", ["[bold]x[/]", ":smile:", "\x1b]0;owned\x07", "a\x9b2Jb", "\u202eevil"])
def test_what_others_wrote_is_only_text(told: Site, text: str) -> None:
    """A caller's name comes with the body, a server's words with the reason."""
    harmless = "".join(sign if sign.isprintable() else "�" for sign in text)
    told.notification(ONE, 500, state=DEAD, reason=f"it says {text}", body=json.dumps({"n": text}, ensure_ascii=False))
    for words in (("list",), ("show", ONE)):
        answer = told.run("notifications", *words)
        assert answer.code == 0
        assert f"it says {harmless}" in answer.out
        assert all(sign.isprintable() or sign == "\n" for sign in answer.out)
    assert told.run("notifications", "show", ONE, "--json").facts["reason"] == f"it says {text}"


# --- replay -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", [DELIVERED, DEAD, CANCELLED])
def test_what_is_over_is_sent_again_with_its_id_and_its_log(told: Site, state: NotificationState) -> None:
    told.notification(ONE, 500, 200, state=state, reason="it answers 500")
    answer = told.run("notifications", "replay", "11111111")
    assert (answer.code, answer.out, answer.err) == (0, "1 to be sent again\n", "")
    facts = told.run("notifications", "show", ONE, "--json").facts
    assert (facts["state"], facts["attempts"], facts["reason"], len(facts["tries"])) == ("waiting", 0, "", 2)


def test_all_that_is_dead_is_sent_again_whatever_the_number(told: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notifications, "_PAGE", 2)
    for number in range(5):
        told.notification(f"msg_{number}", 500, state=DEAD, reason="it answers 500", endpoint="crm")
    told.notification(ONE, 200, state=DELIVERED)
    told.notification(TWO, 500, state=DEAD, reason="it answers 500", endpoint="partner")
    of_one = told.run("notifications", "replay", "--dead", "--endpoint", "crm", "--json")
    assert (of_one.code, of_one.facts) == (0, {"replayed": 5, "waiting": 0, "refused": 0})
    assert states(told)[TWO] == "dead"
    both = told.run("notifications", "replay", ONE, "--dead", "--json")
    assert (both.code, both.facts["replayed"]) == (0, 2)
    assert set(states(told).values()) == {"waiting"}


def test_a_replay_of_what_waits_is_told_so(told: Site) -> None:
    told.notification(ONE)
    told.notification(TWO, 500, state=DEAD, reason="it answers 500")
    answer = told.run("notifications", "replay", ONE, ONE, TWO)
    assert (answer.code, answer.out) == (0, "1 to be sent again, 1 wait already\n")


def test_nothing_dead_is_nothing_to_replay_and_no_error(told: Site) -> None:
    answer = told.run("notifications", "replay", "--dead")
    assert (answer.code, answer.out) == (0, "0 to be sent again\n")


def test_what_is_for_an_endpoint_that_left_or_is_gone_stays_and_it_is_said(told: Site) -> None:
    told.notification(ONE, 500, state=DEAD, reason="it answers 500")
    told.notification(TWO, 500, state=DEAD, reason="it answers 500", endpoint="old")
    told.notification(THREE, 500, state=DEAD, reason="it answers 500", endpoint="partner")
    told.gone("partner", PARTNER, "it answers 410: it is gone for good")
    answer = told.run("notifications", "replay", "--dead", "--json")
    assert (answer.code, answer.facts) == (1, {"replayed": 1, "waiting": 0, "refused": 2})
    assert "callreel: 1 cannot be sent again: endpoint 'old' is not in the configuration\n" in answer.err
    assert "endpoint 'partner' is disabled (it answers 410" in answer.err
    assert answer.err.endswith("callreel notifications enable partner\n")
    assert states(told) == {ONE: "waiting", TWO: "dead", THREE: "dead"}


@pytest.mark.parametrize("words", [(), ("--endpoint", "crm"), (ONE, "--endpoint", "crm")])
def test_a_replay_of_nothing_or_with_words_that_contradict_is_wrong_usage(told: Site, words: Sequence[str]) -> None:
    told.notification(ONE, 500, state=DEAD, reason="it answers 500")
    answer = told.run("notifications", "replay", *words)
    assert (answer.code, answer.out) == (2, "")
    assert "--dead" in answer.err
    assert states(told) == {ONE: "dead"}


def test_one_unknown_id_keeps_all_of_them_as_they_are(told: Site) -> None:
    told.notification(ONE, 500, state=DEAD, reason="it answers 500")
    assert told.run("notifications", "replay", ONE, "nothing").code == 3
    assert states(told) == {ONE: "dead"}


# --- test ---------------------------------------------------------------------------------------------------------


def test_a_test_goes_the_real_way_and_stands_in_the_list(told: Site) -> None:
    receiver = Receiver(204)
    with told.sending(receiver):
        answer = told.run("notifications", "test", "crm", "--json")
    assert (answer.code, answer.err) == (0, "")
    facts = answer.facts
    assert list(facts) == WHOLE_KEYS
    assert (facts["type"], facts["state"], facts["tries"][0]["status"]) == ("test", "delivered", 204)
    (letter,) = receiver.letters
    assert (letter.url, letter.headers["webhook-id"], letter.body.decode()) == (CRM, facts["id"], facts["body"])
    assert ids(told) == [facts["id"]]
    assert told.run("notifications", "list").out.splitlines()[1].split()[3:] == ["crm", "test", "delivered"]


def test_people_read_what_the_endpoint_answered(told: Site) -> None:
    with told.sending(Receiver(200)):
        answer = told.run("notifications", "test", "crm")
    assert answer.code == 0
    assert answer.out.splitlines()[1].split()[2:] == ["200", "taken"]
    assert answer.out.rstrip().endswith(": delivered")


@pytest.mark.parametrize(
    ("status", "reason"), [(500, "it answers 500"), (0, "refuses the connection"), (302, "nobody is sent on")]
)
def test_a_test_that_is_not_taken_fails_and_says_why(told: Site, status: int, reason: str) -> None:
    with told.sending(Receiver(status)):
        answer = told.run("notifications", "test", "crm")
    assert answer.code == 1
    _, attempt, last = answer.out.splitlines()
    assert reason in attempt
    assert last.startswith("msg_")
    assert ": dead, " in last
    assert reason in last


def test_what_the_fallback_took_is_taken(told: Site) -> None:
    text = told.config.read_text().replace(f'"{CRM}"', f'"{CRM}", fallback: "{PARTNER}"')
    told.config.write_text(text)
    receiver = Receiver(500, 200)
    with told.sending(receiver):
        answer = told.run("notifications", "test", "crm", "--json")
    assert (answer.code, [one["fallback"] for one in answer.facts["tries"]]) == (0, [False, True])
    assert [letter.url for letter in receiver.letters] == [CRM, PARTNER]


def test_an_endpoint_that_is_gone_is_told_nothing_and_how_it_is_enabled_is_said(told: Site) -> None:
    told.gone("crm", CRM, "it answers 410: it is gone for good")
    receiver = Receiver(200)
    with told.sending(receiver):
        answer = told.run("notifications", "test", "crm")
    assert (answer.code, receiver.letters) == (1, [])
    assert ": cancelled, it answers 410" in answer.out
    assert answer.err.endswith("callreel notifications enable crm\n")


@pytest.mark.parametrize("words", [(), ("--json",)])
def test_where_nothing_runs_that_is_said_and_the_test_waits(
    told: Site, words: Sequence[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notifications, "_NOTICE_SECONDS", -1.0)
    answer = told.run("notifications", "test", "crm", *words)
    assert answer.code == 4
    assert "does callreel work run" in answer.err
    (waiting,) = told.run("notifications", "list", "--json").facts
    assert (waiting["state"], waiting["type"]) == ("waiting", "test")
    assert waiting["id"] in answer.err
    if words:
        assert (answer.facts["id"], answer.facts["tries"]) == (waiting["id"], [])
    else:
        assert answer.out == ""


# --- enable -------------------------------------------------------------------------------------------------------


def test_an_endpoint_that_was_gone_is_told_again(told: Site) -> None:
    told.gone("crm", CRM, "it answers 410: it is gone for good")
    answer = told.run("notifications", "enable", "crm")
    assert (answer.code, answer.out) == (0, "crm is told again from now on\n")
    with told.sending(Receiver(200)):
        assert told.run("notifications", "test", "crm").code == 0


def test_a_daemon_that_runs_notices_that_it_was_enabled(told: Site) -> None:
    later = datetime.now(UTC).timestamp() + 3600
    told.notification("msg_later", at=later)
    with told.sending(Receiver(410, 200)):
        assert told.run("notifications", "test", "crm").code == 1
        while not ids(told, "--state", "cancelled"):
            """Its answer is written before what it means for the endpoint."""
        assert told.run("notifications", "enable", "crm", "--json").facts == {"endpoint": "crm", "was_disabled": True}
        assert told.run("notifications", "test", "crm").code == 0


def test_an_endpoint_that_was_not_disabled_is_left_as_it_is(told: Site) -> None:
    assert told.run("notifications", "enable", "crm").out == "crm was not disabled\n"
    answer = told.run("notifications", "enable", "crm", "--json")
    assert (answer.code, answer.facts) == (0, {"endpoint": "crm", "was_disabled": False})


# --- public-key ---------------------------------------------------------------------------------------------------


def test_the_public_key_that_is_printed_verifies_what_the_secret_signed(
    bare_site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    private = Ed25519PrivateKey.generate()
    monkeypatch.setenv("CRM_SECRET", f"whsk_{base64.b64encode(private.private_bytes_raw()).decode()}")
    bare_site.config.write_text(
        bare_site.config.read_text() + f"notifications: {{crm: {{url: '{CRM}', secret: {{env: CRM_SECRET}}}}}}\n"
    )
    printed = bare_site.run("notifications", "public-key", "crm")
    expected = f"whpk_{base64.b64encode(private.public_key().public_bytes_raw()).decode()}"
    assert (printed.code, printed.out) == (0, f"{expected}\n")
    facts = bare_site.run("notifications", "public-key", "crm", "--json").facts
    assert facts == {"endpoint": "crm", "public_key": expected}


def test_an_endpoint_without_such_a_secret_has_no_public_key(bare_site: Site) -> None:
    bare_site.endpoints(crm=CRM)
    answer = bare_site.run("notifications", "public-key", "crm")
    assert answer.code == 2
    assert "crm has no secret: give it a whsk_ one" in answer.err
    assert bare_site.run("notifications", "public-key", "crn").code == 3


# --- without a catalogue ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("words", [("list",), ("show", "x"), ("replay", "x"), ("test", "crm"), ("enable", "crm")])
def test_without_a_catalogue_the_command_to_make_one_is_named(bare_site: Site, words: Sequence[str]) -> None:
    bare_site.endpoints(crm=CRM)
    answer = bare_site.run("notifications", *words)
    assert answer.code == 4
    assert "is not there: restore it, or run callreel migrate" in answer.err
    assert not (bare_site.state / "catalogue.db").exists()
