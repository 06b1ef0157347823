"""Every answer of Azure's is told apart: who is to mend what, or that it passes. No text of theirs tells a secret."""

import pytest

from connector.errors import DestinationRefused, DestinationUnreachable, NoRoom, ObjectExists, is_passing
from connector.storage.azure_answers import (
    Act,
    Answer,
    BeyondTheEnd,
    BlocksLost,
    Forbidden,
    NoSuchBlob,
    answer_of,
    refusal,
    verdict,
)

#: 26 June 2015, 23:39:12 UTC.
NOW = 1435361952.0
HERE = "Fri, 26 Jun 2015 23:39:12 GMT"
WHAT = "'a.mp3' in azure://calls2026/recordings"


def body(code: str, message: str = "What broke.", detail: str = "") -> bytes:
    more = f"<AuthenticationErrorDetail>{detail}</AuthenticationErrorDetail>" if detail else ""
    return (
        f'\ufeff<?xml version="1.0" encoding="utf-8"?><Error><Code>{code}</Code><Message>{message}\n'
        f"RequestId:cba2935f-1003\nTime:2020-02-04T05:38:45.4268197Z</Message>{more}</Error>"
    ).encode()


@pytest.mark.parametrize(
    ("status", "code", "kind", "remedy"),
    [
        (403, "AuthenticationFailed", DestinationRefused, "check the account's key"),
        (403, "AuthorizationFailure", DestinationRefused, "network rules"),
        (403, "AuthorizationSourceIPMismatch", DestinationRefused, "other addresses"),
        (403, "KeyBasedAuthenticationNotPermitted", DestinationRefused, "allow shared key access"),
        (403, "AuthorizationPermissionMismatch", Forbidden, "may the signature create and write"),
        (403, "AccountIsDisabled", DestinationRefused, "ask its owner"),
        (403, "", Forbidden, "may the signature"),
        (404, "ContainerNotFound", DestinationRefused, "create it or mend the name"),
        (404, "BlobNotFound", NoSuchBlob, "moved or deleted outside"),
        (404, "", DestinationRefused, "no blob endpoint"),
        (409, "ContainerBeingDeleted", DestinationUnreachable, "create it again"),
        (409, "BlobAlreadyExists", ObjectExists, "next suffix"),
        (412, "ConditionNotMet", ObjectExists, "next suffix"),
        (412, "LeaseIdMissing", DestinationRefused, "lease"),
        (412, "LeaseIdMismatchWithBlobOperation", DestinationRefused, "lease"),
        (409, "BlobImmutableDueToPolicy", DestinationRefused, "legal hold"),
        (409, "InvalidBlobType", DestinationRefused, "another kind"),
        (400, "InvalidBlobOrBlock", DestinationRefused, "unfinished blocks of another program"),
        (400, "InvalidBlockList", BlocksLost, "begins anew"),
        (400, "Md5Mismatch", DestinationUnreachable, "sent again"),
        (400, "InvalidHeaderValue", DestinationRefused, "access tier"),
        (400, "SomethingNew", DestinationRefused, "it says 'What broke.'"),
        (409, "SomethingNew", DestinationRefused, "it says 'What broke.'"),
        (404, "SomethingNew", DestinationRefused, "it says 'What broke.'"),
        (411, "", DestinationRefused, "a proxy between"),
        (413, "RequestBodyTooLarge", DestinationRefused, "larger than"),
        (416, "InvalidRange", BeyondTheEnd, "shorter"),
        (301, "", DestinationRefused, "no blob endpoint"),
        (429, "", DestinationUnreachable, "busy"),
        (503, "ServerBusy", DestinationUnreachable, "busy"),
        (500, "InternalError", DestinationUnreachable, "tried again"),
        (502, "", DestinationUnreachable, "tried again"),
        (599, "SomethingNew", DestinationUnreachable, "tried again"),
        (501, "", DestinationRefused, "encryption scope"),
        (507, "", NoRoom, "no room"),
    ],
)
def test_each_answer_has_its_kind_and_its_remedy(status: int, code: str, kind: type[Exception], remedy: str) -> None:
    answer = answer_of(status, {"Date": HERE}, body(code) if code else b"<html>what</html>", NOW)
    error = refusal(answer, Act.STORE, WHAT)
    assert type(error) is kind
    assert remedy in str(error)
    assert WHAT in str(error)
    assert str(status) in str(error)


@pytest.mark.parametrize(
    "code", ["ServerBusy", "OperationTimedOut", "InternalError", "Md5Mismatch", "InvalidBlockList"]
)
def test_what_passes_by_itself_is_tried_again(code: str) -> None:
    assert is_passing(refusal(Answer(status=500, code=code), Act.STORE, WHAT))


def test_the_code_of_an_answer_without_a_body_stands_in_a_header() -> None:
    answer = answer_of(404, {"x-ms-error-code": "BlobNotFound"}, b"", NOW)
    assert verdict(answer, Act.LOOK).kind is NoSuchBlob


def test_what_a_signature_may_not_is_said_of_what_was_wanted() -> None:
    answer = Answer(status=403, code="AuthorizationPermissionMismatch")
    said = {act: str(refusal(answer, act, WHAT)) for act in Act}
    assert len(set(said.values())) == len(Act)
    assert "may only write" in said[Act.LOOK]
    assert "may the signature delete" in said[Act.DELETE]


@pytest.mark.parametrize(
    ("date", "detail"),
    [
        (HERE, "Request date header too old: 'Fri, 31 Jan 2020 12:28:37 GMT'"),
        ("Fri, 26 Jun 2015 23:55:12 GMT", ""),
        ("Fri, 26 Jun 2015 23:23:12 GMT", "The MAC signature is not the same as any computed signature."),
    ],
)
def test_a_clock_that_is_wrong_is_not_taken_for_a_wrong_key(date: str, detail: str) -> None:
    answer = answer_of(403, {"Date": date}, body("AuthenticationFailed", detail=detail), NOW)
    found = verdict(answer, Act.STORE)
    assert found.kind is DestinationUnreachable
    assert "clock" in found.remedy


@pytest.mark.parametrize("date", [HERE, "Fri, 26 Jun 2015 23:50:00 GMT", "", "yesterday"])
def test_a_clock_that_is_right_or_unknown_leaves_the_key_to_blame(date: str) -> None:
    answer = answer_of(403, {"Date": date}, body("AuthenticationFailed", detail="The MAC signature"), NOW)
    assert verdict(answer, Act.STORE).kind is DestinationRefused


def test_a_signature_that_is_over_is_called_so() -> None:
    detail = "Signature not valid in the specified time frame: Start [x] - Expiry [y] - Current [z]"
    answer = answer_of(403, {"Date": HERE}, body("AuthenticationFailed", detail=detail), NOW)
    found = verdict(answer, Act.STORE)
    assert found.kind is DestinationRefused
    assert "is over" in found.remedy


def test_a_blob_that_changed_while_it_was_read_is_read_again() -> None:
    found = verdict(Answer(status=412, code="ConditionNotMet"), Act.READ)
    assert found.kind is DestinationUnreachable
    assert "read again" in found.remedy


@pytest.mark.parametrize("status", [429, 500, 503])
@pytest.mark.parametrize(("said", "seconds"), [("7", 7.0), ("", None), ("Fri, 26 Jun 2015 23:40:12 GMT", 60.0)])
def test_a_busy_server_may_say_for_how_long(status: int, said: str, seconds: float | None) -> None:
    error = refusal(answer_of(status, {"Retry-After": said}, b"", NOW), Act.STORE, WHAT)
    assert isinstance(error, DestinationUnreachable)
    assert error.retry_after_seconds == seconds


def test_what_azure_quotes_of_our_signature_is_never_repeated() -> None:
    detail = "Server used following string to sign: 'PUT the-signed-text'."
    for code in ("AuthenticationFailed", "SomethingNew"):
        error = refusal(answer_of(403, {}, body(code, detail=detail), NOW), Act.STORE, WHAT)
        assert "the-signed-text" not in str(error)


def test_a_long_or_unprintable_message_is_cut_to_one_short_line() -> None:
    error = refusal(answer_of(400, {}, body("SomethingNew", "a\tb&lt;c " + "long " * 100), NOW), Act.STORE, WHAT)
    assert "'a b<c long" in str(error)
    assert "RequestId" not in str(error)
    assert len(str(error)) < 300


def test_an_emulator_that_has_another_word_for_damaged_bytes_is_understood() -> None:
    answer = answer_of(400, {}, body("InvalidOperation", "Provided contentMD5 doesn't match."), NOW)
    assert verdict(answer, Act.STORE).kind is DestinationUnreachable
