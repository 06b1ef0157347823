"""What AWS, Google and Azure answer when they refuse, in their own words and forms, for a FaultProxy to say: no server
here sends them. Seen in reports of their users; ids and names are made up."""

from typing import Final

from tests.storage_servers.faults import Answered

_AWS_ID: Final = "5WYFY5P28HFWHTHX"
_AWS_HOST_ID: Final = "zRby//pp1PO7Y2mYDdEeTACIDIVxbp3Uk2a4nd8TnGxIxTXxO1Saf1W6RHKjbExBLJ6kcn9/IMs="
_AZURE_ID: Final = "a46e1597-f01e-0052-4875-034b18000000"

#: Stands in some of the bodies: whoever shows a body whole gives a session away.
ECHOED_TOKEN: Final = "FwoGZXIvYXdzEBYaDEchoedSessionTokenOfTheCaller"
ECHOED_SIGNATURE: Final = "c8a2efe0b2a7c1ab4b0b0e1ab8ae0ec0echoedsignatureofthecaller"


def _elements(*pairs: tuple[str, str]) -> str:
    return "".join(f"<{name}>{text}</{name}>" for name, text in pairs)


def _aws(status: int, code: str, message: str, *more: tuple[str, str], region: str = "") -> Answered:
    """In chunks, and the connection ends with it."""
    ids = (("RequestId", _AWS_ID), ("HostId", _AWS_HOST_ID))
    inside = _elements(("Code", code), ("Message", message), *more, *ids)
    headers = {
        "x-amz-request-id": _AWS_ID,
        "x-amz-id-2": _AWS_HOST_ID,
        "Content-Type": "application/xml",
        "Transfer-Encoding": "chunked",
        "Server": "AmazonS3",
        "Connection": "close",
    } | ({"x-amz-bucket-region": region} if region else {})
    body = f'<?xml version="1.0" encoding="UTF-8"?>\n<Error>{inside}</Error>'
    return Answered(status, code, headers, body.encode())


def _google(status: int, code: str, message: str, details: str = "") -> Answered:
    more = (("Details", details),) if details else ()
    inside = _elements(("Code", code), ("Message", message), *more)
    headers = {
        "Content-Type": "application/xml; charset=UTF-8",
        "X-GUploader-UploadID": "ABPtcPqmadeUpByTheTests",
        "Server": "UploadServer",
    }
    return Answered(status, code, headers, f"<?xml version='1.0' encoding='UTF-8'?><Error>{inside}</Error>".encode())


def _azure(status: int, code: str, message: str, *more: tuple[str, str]) -> Answered:
    """The message ends with the request's id and time; a byte order mark stands before all."""
    message = f"{message}\nRequestId:{_AZURE_ID}\nTime:2026-01-07T03:18:35.0725107Z"
    inside = _elements(("Code", code), ("Message", message), *more)
    headers = {
        "Content-Type": "application/xml",
        "Server": "Windows-Azure-Blob/1.0 Microsoft-HTTPAPI/2.0",
        "x-ms-error-code": code,
        "x-ms-request-id": _AZURE_ID,
        "x-ms-version": "2023-11-03",
    }
    body = f'\ufeff<?xml version="1.0" encoding="utf-8"?><Error>{inside}</Error>'
    return Answered(status, code, headers, body.encode())


# --- passes by itself ---------------------------------------------------------------------------------------------

AWS_SLOW_DOWN: Final = _aws(503, "SlowDown", "Please reduce your request rate.")
AWS_INTERNAL_ERROR: Final = _aws(500, "InternalError", "We encountered an internal error. Please try again.")
#: A 400, and yet nobody's fault: the body came too slowly.
AWS_REQUEST_TIMEOUT: Final = _aws(
    400,
    "RequestTimeout",
    "Your socket connection to the server was not read from or written to within the timeout period. "
    "Idle connections will be closed.",
)
AWS_CONFLICT: Final = _aws(
    409,
    "OperationAborted",
    "A conflicting conditional operation is currently in progress against this resource. Please try again.",
)
#: To a CompleteMultipartUpload that took long: the head had gone out before it failed.
AWS_JOINING_FAILED: Final = _aws(200, "InternalError", "We encountered an internal error. Please try again.")
GOOGLE_UNAVAILABLE: Final = _google(503, "ServiceUnavailable", "Service unavailable. Please try again.")
GOOGLE_SLOW_DOWN: Final = _google(
    429,
    "SlowDown",
    "The rate of requests to a bucket or object exceeded the rate limit. Please reduce your request rate.",
)
AZURE_BUSY: Final = _azure(503, "ServerBusy", "The server is busy.")
AZURE_TIMED_OUT: Final = _azure(500, "OperationTimedOut", "Operation could not be completed within the specified time.")
AZURE_INTERNAL_ERROR: Final = _azure(
    500, "InternalError", "Server encountered an internal error. Please try again after some time."
)
AZURE_BEING_DELETED: Final = _azure(
    409, "ContainerBeingDeleted", "The specified container is being deleted. Try operation later."
)

# --- somebody has to do something ---------------------------------------------------------------------------------

AWS_ACCESS_DENIED: Final = _aws(
    403,
    "AccessDenied",
    "User: arn:aws:iam::111122223333:user/recorder is not authorized to perform: s3:PutObject on resource: "
    '"arn:aws:s3:::recordings/x" because no identity-based policy allows the s3:PutObject action',
)
AWS_UNKNOWN_KEY: Final = _aws(
    403,
    "InvalidAccessKeyId",
    "The AWS Access Key Id you provided does not exist in our records.",
    ("AWSAccessKeyId", "AKIAIOSFODNN7EXAMPLE"),
)
AWS_WRONG_SECRET: Final = _aws(
    403,
    "SignatureDoesNotMatch",
    "The request signature we calculated does not match the signature you provided. Check your key and signing method.",
    ("AWSAccessKeyId", "AKIAIOSFODNN7EXAMPLE"),
    ("StringToSign", "AWS4-HMAC-SHA256\n20260107T031835Z\n20260107/us-east-1/s3/aws4_request\n0d5e"),
    ("SignatureProvided", ECHOED_SIGNATURE),
)
AWS_EXPIRED_TOKEN: Final = _aws(400, "ExpiredToken", "The provided token has expired.", ("Token-0", ECHOED_TOKEN))
AWS_WRONG_CLOCK: Final = _aws(
    403,
    "RequestTimeTooSkewed",
    "The difference between the request time and the current time is too large.",
    ("RequestTime", "20260107T021835Z"),
    ("ServerTime", "2026-01-07T03:18:35Z"),
    ("MaxAllowedSkewMilliseconds", "900000"),
)
AWS_NO_BUCKET: Final = _aws(404, "NoSuchBucket", "The specified bucket does not exist", ("BucketName", "recordings"))
GOOGLE_ACCESS_DENIED: Final = _google(
    403,
    "AccessDenied",
    "Access denied.",
    "recorder@project.iam.gserviceaccount.com does not have storage.objects.create access to the Google Cloud Storage "
    "object. Permission 'storage.objects.create' denied on resource (or it may not exist).",
)
GOOGLE_WRONG_SECRET: Final = _google(
    403,
    "SignatureDoesNotMatch",
    "Access denied.",
    "The request signature we calculated does not match the signature you provided. "
    "Check your Google secret key and signing method.",
)
AZURE_WRONG_KEY: Final = _azure(
    403,
    "AuthenticationFailed",
    "Server failed to authenticate the request. Make sure the value of Authorization header is formed correctly "
    "including the signature.",
    (
        "AuthenticationErrorDetail",
        f"The MAC signature found in the HTTP request '{ECHOED_SIGNATURE}' is not the same as any computed signature.",
    ),
)
#: A shared access signature without that right.
AZURE_MAY_NOT: Final = _azure(
    403,
    "AuthorizationPermissionMismatch",
    "This request is not authorized to perform this operation using this permission.",
)
#: The account's firewall, mostly.
AZURE_NOT_FROM_HERE: Final = _azure(
    403, "AuthorizationFailure", "This request is not authorized to perform this operation."
)
AZURE_NO_CONTAINER: Final = _azure(404, "ContainerNotFound", "The specified container does not exist.")

# --- full ---------------------------------------------------------------------------------------------------------

CEPH_FULL: Final = Answered(403, "QuotaExceeded")
MINIO_FULL: Final = _aws(
    507,
    "XMinioStorageFull",
    "Storage backend has reached its minimum free drive threshold. Please delete a few objects to proceed.",
)


# --- elsewhere ----------------------------------------------------------------------------------------------------


def aws_permanent_redirect(bucket: str, region: str) -> Answered:
    """There is no Location: only the header and the body know where the bucket is; to a HEAD only the header."""
    where = (("Endpoint", f"{bucket}.s3.{region}.amazonaws.com"), ("Bucket", bucket))
    message = (
        "The bucket you are attempting to access must be addressed using the specified endpoint. "
        "Please send all future requests to this endpoint."
    )
    return _aws(301, "PermanentRedirect", message, *where, region=region)


def aws_wrong_region(signed: str, region: str) -> Answered:
    message = f"The authorization header is malformed; the region '{signed}' is wrong; expecting '{region}'"
    return _aws(400, "AuthorizationHeaderMalformed", message, ("Region", region))
