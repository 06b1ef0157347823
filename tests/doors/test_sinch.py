"""A client of Sinch's by both its ways of authentication, with the instructions that Sinch documents; and what capture
was ordered."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from connector.domain.states import CommandState
from tests.doors.calls import LIVE
from tests.doors.running import FIXTURES, asked, client, fixture
from tests.doors.site import Site

CALL = f"/calling/v1/calls/id/{LIVE}"
CALL_OF_ANOTHER = "/calling/v1/calls/id/acme-live"
#: Each further one has the guesser wait for longer: by the last he surely comes too soon.
MOST_GUESSES = 20
STOP = f'{{"instructions": [{(FIXTURES / "sinch/stop-recording.json").read_text()}]}}'


def sinch(site: Site, way: str, method: str, path: str, *body: str, **more: str) -> tuple[int, str]:
    said = client(
        "sinch.py",
        way,
        method,
        path,
        *body,
        BASE_URL=site.url,
        APPLICATION_KEY=more.get("key", site.application_key),
        APPLICATION_SECRET=more.get("secret", site.application_secret),
        SENT_AT=more.get("sent_at", ""),
    )
    status, _, answer = said.partition(" ")
    return int(status), answer


def minutes_ago(minutes: int) -> str:
    return (datetime.now(UTC) - timedelta(minutes=minutes)).strftime("%Y-%m-%dT%H:%M:%SZ")


# --- what is ordered ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("cloud", ["s3", "azure", "gs"])
def test_sinchs_documented_instructions_start_a_recording(site: Site, cloud: str) -> None:
    instruction = (FIXTURES / f"sinch/start-recording-{cloud}.json").read_text()
    assert sinch(site, "signed", "PATCH", CALL, f'{{"instructions": [{instruction}]}}') == (204, "")
    (command,) = site.commands()
    options = json.loads(command.options)
    shown = fixture(f"sinch/start-recording-{cloud}.json")["options"]
    assert (command.action, options["destinationUrl"]) == ("start", shown["destinationUrl"])
    assert (command.call_id, command.state, command.outcome) == (LIVE, CommandState.DONE, "start done")
    assert site.application_key in command.by
    assert site.secret(options["credentials"]) == shown["credentials"]
    assert not site.is_written_anywhere(shown["credentials"])


def test_sinchs_documented_action_and_stop_are_obeyed(site: Site) -> None:
    action = (FIXTURES / "sinch/continue-record.json").read_text()
    assert sinch(site, "signed", "PATCH", CALL, action)[0] == 204
    assert sinch(site, "signed", "PATCH", CALL, STOP)[0] == 204
    start, stop = site.commands()
    assert [start.action, stop.action] == ["start", "stop"]
    assert {start.state, stop.state} == {CommandState.DONE}
    shown = fixture("sinch/continue-record.json")["action"]["recordingOptions"]
    ordered = json.loads(start.options)
    assert site.secret(ordered.pop("credentials")) == shown.pop("credentials")
    assert ordered == shown


@pytest.mark.parametrize("cloud", ["s3", "azure", "gs"])
def test_sinchs_documented_options_without_record_only_say_how(site: Site, cloud: str) -> None:
    action = (FIXTURES / f"sinch/recording-options-{cloud}.json").read_text()
    assert sinch(site, "signed", "PATCH", CALL, f'{{"action": {action}}}')[0] == 204
    (command,) = site.commands()
    shown = fixture(f"sinch/recording-options-{cloud}.json")["recordingOptions"]
    assert (command.action, json.loads(command.options)["destinationUrl"]) == ("options", shown["destinationUrl"])
    assert not site.is_written_anywhere(shown["credentials"])


def test_sinchs_client_hears_that_a_call_is_unknown_and_a_body_bad(site: Site) -> None:
    assert sinch(site, "signed", "PATCH", "/calling/v1/calls/id/none", '{"instructions": []}')[0] == 404
    assert sinch(site, "signed", "PATCH", CALL, '{"instructions": [{"name": "StartRecord"}]}')[0] == 400
    assert sinch(site, "signed", "PATCH", CALL_OF_ANOTHER, STOP)[0] == 404
    assert site.commands() == []


def test_the_same_signed_request_again_is_taken_and_acts_once(site: Site) -> None:
    sent_at = minutes_ago(1)
    assert sinch(site, "signed", "PATCH", CALL, STOP, sent_at=sent_at) == (204, "")
    assert sinch(site, "signed", "PATCH", CALL, STOP, sent_at=sent_at) == (204, "")
    assert [command.action for command in site.commands()] == ["stop"]


# --- who comes in -------------------------------------------------------------------------------------------------


def test_sinchs_client_comes_in_by_key_and_secret(site: Site) -> None:
    for key in (site.application_key, site.organisation):
        status, answer = sinch(site, "basic", "GET", CALL, key=key)
        assert (status, json.loads(answer)["status"]) == (200, "ONGOING")
        assert sinch(site, "basic", "GET", CALL, key=key, secret="wrong")[0] == 401
    # Any key of ours is one, by the organisation's name.
    assert sinch(site, "basic", "GET", CALL, key=site.organisation, secret=site.key("read"))[0] == 200
    assert sinch(site, "basic", "GET", CALL, key="acme", secret=site.key("read"))[0] == 401


def test_sinchs_client_signs_with_either_name_of_its_key(site: Site) -> None:
    for key in (site.application_key, site.organisation):
        status, answer = sinch(site, "signed", "GET", CALL, key=key)
        assert (status, json.loads(answer)["callId"]) == (200, LIVE)


def test_a_signature_by_another_secret_is_refused_and_nothing_is_ordered(site: Site) -> None:
    of_another = site.server.site.seeded.secrets["acme"].reveal()
    assert sinch(site, "signed", "PATCH", CALL, STOP, secret=of_another)[0] == 401
    assert sinch(site, "signed", "PATCH", CALL, STOP, key="acme")[0] == 401
    assert site.commands() == []


def test_a_signature_that_is_ten_minutes_old_is_refused(site: Site) -> None:
    status, problem = sinch(site, "signed", "PATCH", CALL, STOP, sent_at=minutes_ago(10))
    assert (status, "see to the clocks" in problem) == (401, True)
    assert site.commands() == []


def test_a_key_that_was_revoked_opens_by_neither_way(site: Site) -> None:
    assert sinch(site, "signed", "GET", CALL)[0] == 200
    assert sinch(site, "basic", "GET", CALL)[0] == 200
    assert asked(f"{site.url}/v1/keys/{site.application_key}", site.key("admin"), "DELETE")[0] == 200
    assert sinch(site, "signed", "PATCH", CALL, STOP)[0] == 401
    assert sinch(site, "basic", "PATCH", CALL, STOP)[0] == 401
    assert site.commands() == []


def test_whoever_guesses_has_to_wait_and_shuts_nobody_out_who_came_in(site: Site) -> None:
    assert sinch(site, "signed", "GET", CALL)[0] == 200
    guesses = (sinch(site, "signed", "GET", CALL, key="acme") for _ in range(MOST_GUESSES))
    status, problem = next((guess for guess in guesses if guess[0] != 401), (401, ""))
    assert (status, "too many wrong keys" in problem) == (429, True)
    assert sinch(site, "signed", "PATCH", CALL, STOP)[0] == 204


def test_a_key_that_may_only_look_orders_nothing(site: Site) -> None:
    assert sinch(site, "basic", "PATCH", CALL, STOP, key=site.organisation, secret=site.key("read"))[0] == 403
    assert site.commands() == []
