"""A client of Sinch's Calling API: instructions by a signed request or by HTTP Basic.

usage: sinch.py signed|basic METHOD PATH [BODY]; writes the status and the answer.
"""

import base64
import hashlib
import hmac
import os
import sys
import urllib.error
import urllib.request
from datetime import datetime, timezone

CONTENT_TYPE = "application/json"


def signed(method: str, path: str, body: bytes, key: str, secret: str) -> dict[str, str]:
    sent_at = os.environ.get("SENT_AT") or datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")  # noqa: UP017
    md5 = base64.b64encode(hashlib.md5(body).digest()).decode() if body else ""
    lines = "\n".join((method, md5, CONTENT_TYPE, f"x-timestamp:{sent_at}", path))
    digest = hmac.new(base64.b64decode(secret), lines.encode(), hashlib.sha256).digest()
    signature = base64.b64encode(digest).decode()
    return {"Authorization": f"application {key}:{signature}", "x-timestamp": sent_at}


def basic(key: str, secret: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{key}:{secret}".encode()).decode()}


way, method, path, *rest = sys.argv[1:]
body = rest[0].encode() if rest else b""
key, secret = os.environ["APPLICATION_KEY"], os.environ["APPLICATION_SECRET"]
headers = signed(method, path, body, key, secret) if way == "signed" else basic(key, secret)
request = urllib.request.Request(
    os.environ["BASE_URL"] + path, body or None, headers | {"Content-Type": CONTENT_TYPE}, method=method
)
try:
    with urllib.request.urlopen(request) as answer:
        sys.stdout.write(f"{answer.status} {answer.read().decode()}")
except urllib.error.HTTPError as refusal:
    with refusal:
        sys.stdout.write(f"{refusal.code} {refusal.read().decode()}")
