"""callreel recordings: what people read, what programs read, and the exit codes."""

from datetime import UTC, datetime, timedelta

import pytest

from connector.domain.states import RecordingState
from tests.unit.command_line.site import Site

ADA = "5f0c2f4e-0000-5d53-9d8e-0a6c2b8f4e11"
EVE = "5f0c2f4e-1111-5d53-9d8e-0a6c2b8f4e11"


def test_an_empty_list_is_no_error(site: Site) -> None:
    assert site.run("recordings", "list").code == 0
    assert site.run("recordings", "list", "--json").facts == []


def test_the_newest_comes_first_with_state_and_reason(site: Site) -> None:
    site.recording("old", RecordingState.FAILED_CAPTURE, at=1767600000, reason="no file appeared in time")
    site.recording("new", RecordingState.RECORDING, at=1767603600)
    answer = site.run("recordings", "list")
    heading, first, second = answer.out.splitlines()
    assert heading.split()[:3] == ["started", "(UTC)", "id"]
    assert first.split()[:3] == ["2026-01-05", "09:00:00", "new"]
    assert second.split()[:3] == ["2026-01-05", "08:00:00", "old"]
    assert second.rstrip().endswith("failed-at-capture  no file appeared in time")


def test_on_eighty_columns_start_and_id_are_never_broken(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    site.recording(ADA, RecordingState.FAILED_STORE, at=1767603600, reason="archive refused the upload (403): " * 3)
    monkeypatch.setenv("COLUMNS", "80")
    lines = site.run("recordings", "list").out.splitlines()
    assert lines[1].startswith("2026-01-05 09:00:00  5f0c2f4e ")
    assert max(map(len, lines)) <= 80


def test_what_is_not_for_a_terminal_has_one_line_a_recording(site: Site) -> None:
    site.recording(ADA, RecordingState.FAILED_STORE, reason="a very long reason " * 30)
    assert len(site.run("recordings", "list").out.splitlines()) == 2


@pytest.mark.parametrize("name", ["[bold]x[/]", "[/nonsense]", ":smile:", "\x1b]0;owned\x07", "a\nb"])
def test_what_a_caller_calls_himself_is_only_text(site: Site, name: str) -> None:
    site.recording(ADA, RecordingState.RECORDING, agent_name=name)
    for words in (("list",), ("show", ADA)):
        answer = site.run("recordings", *words)
        assert answer.code == 0
        assert "".join(sign if sign.isprintable() else "�" for sign in name) in answer.out
    assert site.run("recordings", "show", ADA, "--json").facts["agent_name"] == name


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (("--state", "failed"), {"b", "c"}),
        (("--state", "recording"), {"a"}),
        (("--state", "recording", "--state", "failed-at-store"), {"a", "c"}),
        (("--number", "9999"), {"c"}),
        (("--agent", "Eve"), {"b"}),
        (("--agent", "201"), {"a", "c"}),
        (("--organisation", "nobody"), set()),
        (("--limit", "1"), {"c"}),
    ],
)
def test_the_list_can_be_narrowed(site: Site, words: tuple[str, ...], found: set[str]) -> None:
    site.recording("a", RecordingState.RECORDING, at=1.0)
    site.recording("b", RecordingState.FAILED_CAPTURE, at=2.0, agent_id="202", agent_name="Eve")
    site.recording("c", RecordingState.FAILED_STORE, at=3.0, from_number="+4999990000")
    assert {one["id"] for one in site.run("recordings", "list", *words, "--json").facts} == found


def test_a_state_that_does_not_exist_is_wrong_usage_and_the_others_are_named(site: Site) -> None:
    answer = site.run("recordings", "list", "--state", "broken")
    assert answer.code == 2
    assert "no state is called 'broken'" in answer.err
    assert all(state in answer.err for state in RecordingState)


@pytest.mark.parametrize("limit", ["0", "-1", "many"])
def test_a_limit_is_a_number_of_recordings(site: Site, limit: str) -> None:
    with pytest.raises(SystemExit) as left:
        site.run("recordings", "list", "--limit", limit)
    assert left.value.code == 2


def test_everything_about_a_recording_is_shown(site: Site) -> None:
    copy = site.available(ADA)
    shown = site.run("recordings", "show", ADA)
    for part in (ADA, "available", "the rule for everything", "+4930123456", str(copy), "stereo"):
        assert part in shown.out
    facts = site.run("recordings", "show", ADA, "--json").facts
    assert facts["state"] == "available"
    assert facts["files"][0]["url"] == f"file://{copy}"
    assert [channel["role"] for channel in facts["channels"]] == ["caller", "agent"]


@pytest.mark.parametrize("name", [ADA, ADA[:12], f"call-{ADA}"])
def test_a_recording_is_found_by_its_id_its_beginning_or_its_call(site: Site, name: str) -> None:
    site.recording(ADA, RecordingState.RECORDING)
    site.recording(EVE, RecordingState.RECORDING)
    assert site.run("recordings", "show", name, "--json").facts["id"] == ADA


def test_a_beginning_that_fits_several_is_refused_with_their_ids(site: Site) -> None:
    site.recording(ADA, RecordingState.RECORDING)
    site.recording(EVE, RecordingState.RECORDING)
    answer = site.run("recordings", "show", "5f0c2f4e")
    assert answer.code == 2
    assert ADA in answer.err
    assert EVE in answer.err


@pytest.mark.parametrize("verb", ["show", "retry", "verify", "link", "waive"])
def test_what_nobody_knows_is_not_found(site: Site, verb: str) -> None:
    answer = site.run("recordings", verb, "nothing")
    assert (answer.code, answer.out) == (3, "")
    assert answer.err.startswith("callreel: no recording and no call is called 'nothing'")


def test_a_sign_of_the_databases_pattern_language_is_only_a_sign(site: Site) -> None:
    site.recording(ADA, RecordingState.RECORDING)
    assert site.run("recordings", "show", "%").code == 3
    assert site.run("recordings", "show", "_" * 8).code == 3


def test_a_retry_takes_failed_recordings_up_again(site: Site) -> None:
    site.recording("render", RecordingState.FAILED_RENDER)
    site.recording("store", RecordingState.FAILED_STORE)
    answer = site.run("recordings", "retry", "render", "store", "--json")
    assert (answer.code, answer.facts) == (0, {"render": "captured", "store": "rendered"})
    assert site.dues() == ["render", "store"]


def test_all_that_failed_means_what_can_be_retried(site: Site) -> None:
    site.recording("capture", RecordingState.FAILED_CAPTURE)
    site.recording("render", RecordingState.FAILED_RENDER)
    site.recording("fine", RecordingState.CAPTURED)
    answer = site.run("recordings", "retry", "--all-failed")
    assert answer.code == 0
    assert answer.out.splitlines()[1].split() == ["render", "captured"]
    assert site.state_of("capture") == "failed-at-capture"
    assert site.dues() == ["render"]


def test_more_than_a_page_of_failed_recordings_is_retried(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connector.command_line.recordings._PAGE", 2)
    for number in range(5):
        site.recording(f"r{number}", RecordingState.FAILED_STORE, at=float(number + 1))
    assert len(site.run("recordings", "retry", "--all-failed", "--json").facts) == 5


def test_what_failed_at_capture_cannot_be_retried_and_it_is_said(site: Site) -> None:
    site.recording("lost", RecordingState.FAILED_CAPTURE)
    answer = site.run("recordings", "retry", "lost", "--json")
    assert (answer.code, answer.facts) == (1, {"lost": "failed-at-capture"})
    assert "cannot be retried" in answer.err
    assert site.dues() == []


def test_a_retry_of_nothing_is_wrong_usage(site: Site) -> None:
    answer = site.run("recordings", "retry")
    assert answer.code == 2
    assert "--all-failed" in answer.err


def test_copies_that_are_what_was_sent_are_verified(site: Site) -> None:
    site.available(ADA)
    site.available(EVE)
    answer = site.run("recordings", "verify")
    assert (answer.code, answer.out.splitlines()[-1]) == (0, "2 of 2 copies are what was sent")
    assert [one["verdict"] for one in site.run("recordings", "verify", ADA, "--json").facts] == ["ok"]


def test_a_copy_that_changed_or_is_gone_is_named(site: Site) -> None:
    site.available(ADA).write_bytes(b"something else")
    site.available(EVE).unlink()
    answer = site.run("recordings", "verify", "--json")
    assert answer.code == 1
    verdicts = {one["id"]: one["verdict"] for one in answer.facts}
    assert verdicts[ADA] == "its bytes are not those that were sent"
    assert str(site.archive) in verdicts[EVE]


def test_a_copy_at_a_destination_that_left_the_configuration_is_verified_and_linked(site: Site) -> None:
    copy = site.available(ADA)
    site.without_archive()
    answer = site.run("recordings", "verify")
    assert (answer.code, answer.out.splitlines()[-1]) == (0, "1 of 1 copies are what was sent")
    assert site.run("recordings", "link", ADA, "--json").facts[0]["url"]
    copy.write_bytes(b"something else")
    assert site.run("recordings", "verify").code == 1


def test_a_copy_whose_place_is_lost_is_named(site: Site) -> None:
    site.available(ADA)
    site.without_archive()
    (site.state / "house.key").unlink()
    answer = site.run("recordings", "verify")
    assert answer.code == 1
    assert "its credentials are lost" in answer.out
    link = site.run("recordings", "link", ADA)
    assert link.code == 1
    assert "its credentials are lost" in link.out


def test_a_link_opens_one_file_for_as_long_as_was_asked(site: Site) -> None:
    site.available(ADA)
    before = datetime.now(UTC)
    answer = site.run("recordings", "link", f"call-{ADA}", "--for", "10m", "--json")
    (link,) = answer.facts
    assert (answer.code, link["kind"], link["destination"], link["reason"]) == (0, "stereo", "archive", "")
    assert link["url"].startswith(f"http://127.0.0.1:8080/files/{ADA}/stereo?destination=archive&")
    until = datetime.fromisoformat(link["expires_at"])
    assert before + timedelta(minutes=9) < until < datetime.now(UTC) + timedelta(minutes=10)
    shown = site.run("recordings", "link", ADA)
    assert shown.out.split()[:6] == ["file", "destination", "until", "(UTC)", "link", "stereo"]
    assert f"/files/{ADA}/stereo?" in shown.out


def test_links_name_the_server_as_people_reach_it(site: Site) -> None:
    site.available(ADA)
    site.config.write_text(site.config.read_text() + "api: {public_url: 'https://calls.example.com'}\n")
    (link,) = site.run("recordings", "link", ADA, "--json").facts
    assert link["url"].startswith(f"https://calls.example.com/files/{ADA}/")


@pytest.mark.parametrize("words", [(), ("--destination", "other")])
def test_what_is_not_stored_there_has_no_link(site: Site, words: tuple[str, ...]) -> None:
    if words:
        site.available(ADA)
    else:
        site.recording(ADA, RecordingState.CAPTURED)
    answer = site.run("recordings", "link", ADA, *words)
    assert answer.code == 3
    assert f"nothing of {ADA} is stored" in answer.err
    assert "'other'" in answer.err or not words


@pytest.mark.parametrize("time", ["0", "soon", "-5"])
def test_a_link_is_good_for_some_time(site: Site, time: str) -> None:
    with pytest.raises(SystemExit) as left:
        site.run("recordings", "link", ADA, f"--for={time}")
    assert left.value.code == 2


def test_a_copy_that_was_refused_can_be_done_without(site: Site) -> None:
    site.available(ADA, refused="gone")
    assert site.run("recordings", "waive", ADA, "--destination", "archive").code == 1
    answer = site.run("recordings", "waive", ADA, "--json")
    assert (answer.code, answer.facts) == (0, [{"kind": "stereo", "destination": "gone"}])
    files = site.run("recordings", "show", ADA, "--json").facts["files"]
    assert {one["destination"]: one["state"] for one in files} == {"archive": "stored", "gone": "waived"}
    again = site.run("recordings", "waive", ADA)
    assert again.code == 1
    assert "no copy was refused or given up" in again.err


def test_files_that_no_recording_refers_to_are_listed_and_left_alone(site: Site) -> None:
    site.recording(ADA, RecordingState.CAPTURED)
    site.segment(ADA, "known.wav")
    (site.spool / "stray.wav").write_bytes(b"RIFF")
    answer = site.run("recordings", "unknown", "--json")
    assert (answer.code, answer.facts) == (0, {"demo": ["stray.wav"]})
    assert "stray.wav" in site.run("recordings", "unknown").out
    assert (site.spool / "stray.wav").exists()


@pytest.mark.parametrize(
    "words", [("list",), ("show", "x"), ("retry", "x"), ("verify",), ("link", "x"), ("waive", "x"), ("unknown",)]
)
def test_without_a_catalogue_the_command_to_make_one_is_named(bare_site: Site, words: tuple[str, ...]) -> None:
    answer = bare_site.run("recordings", *words)
    assert answer.code == 4
    assert "is not there: restore it, or run callreel migrate" in answer.err
    assert not (bare_site.state / "catalogue.db").exists()


def test_a_catalogue_without_tables_has_to_be_migrated_first(bare_site: Site) -> None:
    (bare_site.state / "catalogue.db").touch()
    answer = bare_site.run("recordings", "list")
    assert answer.code == 1
    assert "run callreel migrate" in answer.err
