"""Every answer of a server that speaks S3 is told apart: who is to mend what, or that it passes."""

import pytest

from connector.domain.secret import Secret
from connector.errors import ConnectorError, DestinationRefused, DestinationUnreachable, NoRoom, ObjectExists
from connector.storage.s3_answers import (
    Act,
    Answer,
    BeyondTheEnd,
    Forbidden,
    NoSuchObject,
    NotKnownThere,
    UploadLost,
    refusal,
    verdict,
)
from connector.storage.s3_errors import answer_of

WHAT = "'a.mp3' in s3://recordings"


@pytest.mark.parametrize(
    ("status", "code", "kind", "says"),
    [
        (403, "AccessDenied", Forbidden, "may the key put objects there?"),
        (403, "403", Forbidden, "may the key put objects there?"),
        (403, "InvalidAccessKeyId", DestinationRefused, "check access key and secret"),
        (403, "SignatureDoesNotMatch", DestinationRefused, "check access key and secret"),
        (401, "Unauthorized", DestinationRefused, "check access key and secret"),
        (403, "RequestTimeTooSkewed", DestinationUnreachable, "NTP"),
        (400, "ExpiredToken", DestinationUnreachable, "must renew them"),
        (404, "NoSuchBucket", DestinationRefused, "create it or mend the name"),
        (404, "NoSuchKey", NoSuchObject, "moved or deleted"),
        (404, "404", NoSuchObject, "knows no such bucket, or is no S3 server"),
        (404, "Not Found", NoSuchObject, "knows no such bucket, or is no S3 server"),
        (404, "NoSuchUpload", UploadLost, "begins anew"),
        (400, "InvalidPart", UploadLost, "begins anew"),
        (416, "InvalidRange", BeyondTheEnd, "shorter"),
        (416, "416", BeyondTheEnd, "shorter"),
        (412, "PreconditionFailed", ObjectExists, "next suffix"),
        (412, "412", ObjectExists, "next suffix"),
        (409, "ConditionalRequestConflict", DestinationUnreachable, "at this moment"),
        (301, "PermanentRedirect", DestinationRefused, "name the bucket's own"),
        (301, "301", DestinationRefused, "name the bucket's own"),
        (400, "AuthorizationHeaderMalformed", DestinationRefused, "name the bucket's own"),
        (307, "TemporaryRedirect", DestinationUnreachable, "naming the bucket's own region"),
        (400, "BadDigest", DestinationUnreachable, "sent again"),
        (400, "XAmzContentSHA256Mismatch", DestinationUnreachable, "sent again"),
        (400, "EntityTooSmall", DestinationRefused, "larger parts"),
        (400, "InvalidStorageClass", NotKnownThere, "leave it out"),
        (400, "InvalidArgument", NotKnownThere, "it says"),
        (501, "NotImplemented", NotKnownThere, "check storage class, encryption and tags"),
        (400, "KMS.DisabledException", DestinationRefused, "the encryption key cannot be used"),
        (403, "QuotaExceeded", NoRoom, "no room"),
        (507, "507", NoRoom, "no room"),
        (417, "417", DestinationRefused, "go round it"),
        (500, "InternalError", DestinationUnreachable, "it says"),
        (503, "SlowDown", DestinationUnreachable, "fewer requests"),
        (429, "TooManyRequests", DestinationUnreachable, "fewer requests"),
        (502, "Bad Gateway", DestinationUnreachable, "it says"),
        (418, "Teapot", DestinationRefused, "it says"),
    ],
)
def test_a_refusal_is_of_the_right_kind_and_says_what_to_do(
    status: int, code: str, kind: type[ConnectorError], says: str
) -> None:
    error = refusal(Answer(status=status, code=code, message="in its own words"), Act.STORE, WHAT, "AKIA1")
    assert type(error) is kind
    assert says in str(error)
    assert WHAT in str(error)
    assert str(status) in str(error)
    assert "'AKIA1'" in str(error)


@pytest.mark.parametrize("act", [act for act in Act if act is not Act.STORE])
def test_a_404_without_a_word_leaves_open_whether_the_object_or_the_place_is_missing(act: Act) -> None:
    said = str(refusal(Answer(status=404, code="404"), act, WHAT, ""))
    assert "moved or deleted outside, or bucket or endpoint are not right" in said


def test_403_means_another_right_for_each_act() -> None:
    denied = Answer(status=403, code="AccessDenied")
    told = {str(refusal(denied, act, WHAT, "")) for act in Act}
    assert len(told) == len(Act)


@pytest.mark.parametrize("status", [400, 401, 403])
def test_a_refusal_by_a_server_whose_time_is_another_is_the_clocks(status: int) -> None:
    found = verdict(Answer(status=status, code="AccessDenied", skew_seconds=3600.0))
    assert found.kind is DestinationUnreachable
    assert "60 min apart" in found.remedy
    assert verdict(Answer(status=status, code="AccessDenied", skew_seconds=60.0)).kind is Forbidden


def test_the_servers_words_are_one_printable_line_and_no_novel() -> None:
    error = refusal(Answer(status=418, code="Teapot", message="no\r\n\x1b[31m tea" + "!" * 1000), Act.READ, WHAT, "")
    assert "no [31m tea!" in str(error)
    assert len(str(error)) < 400
    assert str(error).isprintable()


def test_an_answer_is_read_from_what_the_client_makes_of_it() -> None:
    response = {
        "Error": {"Code": "PermanentRedirect", "Message": "of no use is hush-hush"},
        "ResponseMetadata": {
            "HTTPStatusCode": 301,
            "HTTPHeaders": {
                "x-amz-bucket-region": "eu-west-3",
                "date": "Fri, 26 Jun 2015 23:39:12 GMT",
                "retry-after": "20",
            },
        },
    }
    answer = answer_of(response, Secret("hush-hush"), 1435361952.0 + 120)
    assert answer == Answer(
        status=301,
        code="PermanentRedirect",
        message="of no use is ***",
        region="eu-west-3",
        skew_seconds=120.0,
        retry_after_seconds=20.0,
    )
    assert "(it says: eu-west-3)" in str(refusal(answer, Act.STORE, WHAT, ""))


def test_how_long_a_busy_server_wants_to_be_left_alone_is_told() -> None:
    error = refusal(Answer(status=503, code="SlowDown", retry_after_seconds=20.0), Act.STORE, WHAT, "")
    assert isinstance(error, DestinationUnreachable)
    assert error.retry_after_seconds == 20.0


@pytest.mark.parametrize("response", [{}, {"ResponseMetadata": {"HTTPHeaders": {"date": "yesterday"}}}])
def test_an_answer_that_says_nothing_is_one_too(response: dict[str, object]) -> None:
    assert answer_of(response, None, 0.0) == Answer(status=0, code="0")
