"""Signatures before their judges: the library of Standard Webhooks, a vector of ed25519, Sinch's own examples."""

import base64
import hmac
import subprocess
import sys
import time
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks.webhooks import Webhook, WebhookVerificationError
from yarl import URL

from connector.domain.secret import Secret
from connector.errors import ConfigError
from connector.network.signing import (
    TOLERANCE_SECONDS,
    SignedRequest,
    headers,
    public_key,
    sinch_headers,
    sinch_key,
    sinch_refusal,
)
from connector.settings import EndpointSettings
from connector.settings.callbacks import NotificationSettings

ADDRESS = "https://crm.example.com/hooks/calls?tenant=acme"
ID = "msg_2a0f6a1c0e5d4b6f9d1e7c3b8a905f11"
BODY = '{"event":"notify","callid":"Zoé","version":1,"type":"recording_finished"}'.encode()


def whsec(fill: int, length: int = 32) -> Secret:
    return Secret("whsec_" + base64.b64encode(bytes([fill]) * length).decode())


def whsk(raw: bytes) -> Secret:
    return Secret("whsk_" + base64.b64encode(raw).decode())


def signed(
    body: bytes = BODY,
    *,
    url: str = ADDRESS,
    at: float | None = None,
    secret: Secret | None = None,
    next_secret: Secret | None = None,
    application_secret: Secret | None = None,
) -> dict[str, str]:
    endpoint = EndpointSettings(
        url=url,
        secret=secret,
        next_secret=next_secret,
        application_key=KEY if application_secret else "",
        application_secret=application_secret,
    )
    return headers(endpoint, url=url, id=ID, body=body, at=time.time() if at is None else at)


def takes(secret: Secret, body: bytes, sent: dict[str, str]) -> bool:
    try:
        Webhook(secret.reveal()).verify(body, sent, json_parse=False)
    except WebhookVerificationError:
        return False
    return True


# --- Standard Webhooks --------------------------------------------------------------------------------------------

OLD, NEW, ANOTHER = whsec(1), whsec(2), whsec(3)


def test_the_librarys_verifier_takes_ours_and_no_other() -> None:
    sent = signed(secret=OLD)
    assert takes(OLD, BODY, sent)
    assert not takes(ANOTHER, BODY, sent)
    assert not takes(OLD, BODY.replace(b"finished", b"available"), sent)
    assert not takes(OLD, BODY, sent | {"webhook-id": "msg_another"})
    assert not takes(OLD, BODY, sent | {"webhook-timestamp": str(int(time.time()) - 60)})
    assert not takes(OLD, BODY, signed(secret=OLD, at=time.time() - 3600))


def test_while_a_secret_is_changed_the_holder_of_either_takes_it() -> None:
    sent = signed(secret=OLD, next_secret=NEW)
    assert len(sent["webhook-signature"].split(" ")) == 2
    assert takes(OLD, BODY, sent)
    assert takes(NEW, BODY, sent)
    assert not takes(ANOTHER, BODY, sent)
    assert not takes(NEW, BODY + b" ", sent)


def test_a_secret_without_its_prefix_is_the_same_secret() -> None:
    bare = Secret(OLD.reveal().removeprefix("whsec_"))
    assert takes(OLD, BODY, signed(secret=bare))
    assert takes(bare, BODY, signed(secret=OLD))


@given(key=st.binary(min_size=24, max_size=64), body=st.text(max_size=2000), at=st.integers(0, 2**33))
def test_every_signature_is_the_librarys_byte_for_byte(key: bytes, body: str, at: int) -> None:
    secret = Secret("whsec_" + base64.b64encode(key).decode())
    theirs = Webhook(secret.reveal()).sign(ID, datetime.fromtimestamp(at, UTC), body)
    sent = signed(body.encode(), secret=secret, at=at + 0.9)
    assert (sent["webhook-signature"], sent["webhook-timestamp"]) == (theirs, str(at))


def test_without_a_secret_there_is_an_id_and_no_signature() -> None:
    assert signed(at=1767603600.0) == {
        "content-type": "application/json",
        "webhook-id": ID,
        "webhook-timestamp": "1767603600",
    }


# --- ed25519 ------------------------------------------------------------------------------------------------------

#: The first vector of RFC 8032, section 7.1.
SEED = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
PUBLIC = bytes.fromhex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")


def verify_ed25519(sent: dict[str, str], body: bytes, number: int = 0) -> None:
    version, _, signature = sent["webhook-signature"].split(" ")[number].partition(",")
    assert version == "v1a"
    text = f"{sent['webhook-id']}.{sent['webhook-timestamp']}.".encode() + body
    Ed25519PublicKey.from_public_bytes(PUBLIC).verify(base64.b64decode(signature), text)


@pytest.mark.parametrize("raw", [SEED, SEED + PUBLIC], ids=["32 bytes", "64 bytes"])
def test_an_ed25519_secret_signs_what_its_public_key_verifies(raw: bytes) -> None:
    sent = signed(secret=whsk(raw))
    verify_ed25519(sent, BODY)
    with pytest.raises(InvalidSignature):
        verify_ed25519(sent, BODY + b" ")


def test_from_a_shared_secret_to_a_key_pair_both_sign() -> None:
    sent = signed(secret=OLD, next_secret=whsk(SEED))
    assert takes(OLD, BODY, sent)
    verify_ed25519(sent, BODY, number=1)


def test_the_public_key_of_a_secret_is_shown_as_receivers_want_it() -> None:
    wanted = "whpk_" + base64.b64encode(PUBLIC).decode()
    assert public_key(whsk(SEED)) == public_key(whsk(SEED + PUBLIC)) == wanted
    with pytest.raises(ConfigError, match="only a whsk_ secret has a public key"):
        public_key(OLD)


def test_who_signs_without_ed25519_does_not_load_it() -> None:
    program = "import sys, connector.network.signing; print('cryptography' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout == (
        "False\n"
    )


# --- Sinch --------------------------------------------------------------------------------------------------------

KEY = "669E367E-6BBA-48AB-AF15-266871C28135"
SECRET = Secret("BeIukql3pTKJ8RGL5zo0DA==")
#: 2014-09-24T10:59:41Z
THEN = 1411556381.0
ACE = (
    b'{"event":"ace","callid":"822aa4b7-05b4-4d83-87c7-1f835ee0b6f6_257","timestamp":"2014-09-24T10:59:41Z",'
    b'"version":1}'
)
SIGNED_ACE = {
    "content-type": "application/json",
    "content-md5": "REWF+X220L4/Gw1spXOU7g==",
    "x-timestamp": "2014-09-24T10:59:41Z",
    "authorization": f"application {KEY}:Tg6fMyo8mj9pYfWQ9ssbx3Tc1BNC87IEygAfLbJqZb4=",
}
DOCUMENTED = SignedRequest(method="POST", path="/sinch/callback/ace", headers=SIGNED_ACE, body=ACE)


def refusal(request: SignedRequest, at: float = THEN, key: str = KEY, secret: Secret = SECRET) -> str:
    return sinch_refusal(request, key, secret, at)


def with_headers(**over: str) -> SignedRequest:
    return replace(DOCUMENTED, headers=SIGNED_ACE | {name.replace("_", "-"): text for name, text in over.items()})


@pytest.mark.parametrize("query", ["", "?tenant=acme"])
def test_a_callback_is_signed_as_sinchs_documented_example_is(query: str) -> None:
    url = f"https://callbacks.yourdomain.com/sinch/callback/ace{query}"
    sent = signed(ACE, url=url, at=THEN + 0.7, application_secret=SECRET)
    assert sent == {"webhook-id": ID, "webhook-timestamp": "1411556381", **SIGNED_ACE}


def test_a_request_to_us_is_signed_as_sinchs_other_documented_example_is() -> None:
    request = SignedRequest(
        method="POST",
        path="/v1/sms/+46700000000",
        headers={"Content-Type": "application/json"},
        body=b'{"message":"Hello world"}',
    )
    assert sinch_headers(
        request, "5F5C418A0F914BBC8234A9BF5EDDAD97", Secret("JViE5vDor0Sw3WllZka15Q=="), 1401889318
    ) == {
        "authorization": "application 5F5C418A0F914BBC8234A9BF5EDDAD97:qDXMwzfaxCRS849c/2R0hg0nphgdHciTo7OdM6MsdnM=",
        "x-timestamp": "2014-06-04T13:41:58Z",
        "content-md5": "jANzQ+rgAHyf1MWQFSwvYw==",
    }


def test_both_kinds_of_signatures_stand_side_by_side() -> None:
    sent = signed(secret=OLD, application_secret=SECRET, at=None)
    assert takes(OLD, BODY, sent)
    request = SignedRequest(method="POST", path="/hooks/calls", headers=sent, body=BODY)
    assert refusal(request, time.time()) == ""


def test_an_address_without_a_path_is_signed_as_it_is_asked_for() -> None:
    sent = signed(url="https://crm.example.com", application_secret=SECRET, at=THEN)
    assert refusal(SignedRequest(method="POST", path="/", headers=sent, body=BODY)) == ""


@pytest.mark.parametrize("path", ["/hooks/a%2Fb/c+d;e=~f:@'(g)", "/büro/zwei worte"])
def test_a_path_is_signed_as_it_goes_over_the_wire(path: str) -> None:
    url = f"https://crm.example.com{path}?tenant=acme"
    sent = signed(url=url, application_secret=SECRET, at=THEN)
    on_the_wire = URL(url, encoded=url.isascii()).raw_path
    assert refusal(SignedRequest(method="POST", path=on_the_wire, headers=sent, body=BODY)) == ""


def test_the_fallback_is_signed_for_its_own_path() -> None:
    endpoint = NotificationSettings(
        url="https://a.example.com/one",
        fallback="https://b.example.com/two",
        application_key=KEY,
        application_secret=SECRET,
    )
    sent = headers(endpoint, url=endpoint.fallback, id=ID, body=BODY, at=THEN)
    assert refusal(SignedRequest(method="POST", path="/two", headers=sent, body=BODY)) == ""
    assert refusal(SignedRequest(method="POST", path="/one", headers=sent, body=BODY)) != ""


def test_a_request_of_sinchs_client_is_taken() -> None:
    assert refusal(DOCUMENTED) == ""
    assert sinch_key(DOCUMENTED) == KEY
    shouted = {name.title(): text for name, text in SIGNED_ACE.items()}
    shouted["Authorization"] = shouted["Authorization"].replace("application", "Application")
    assert refusal(replace(DOCUMENTED, headers=shouted, method="post")) == ""


def test_a_request_without_a_body_is_signed_without_its_md5() -> None:
    asked = SignedRequest(method="GET", path="/calling/v1/calls/id/1", headers={}, body=b"")
    added = sinch_headers(asked, KEY, SECRET, THEN)
    signature = hmac.digest(
        base64.b64decode(SECRET.reveal()),
        b"GET\n\n\nx-timestamp:2014-09-24T10:59:41Z\n/calling/v1/calls/id/1",
        "sha256",
    )
    assert added == {
        "authorization": f"application {KEY}:{base64.b64encode(signature).decode()}",
        "x-timestamp": "2014-09-24T10:59:41Z",
    }
    assert refusal(replace(asked, headers=added)) == ""
    assert refusal(replace(asked, headers=added, body=b"{}")) != ""


@pytest.mark.parametrize(
    "changed",
    [
        replace(DOCUMENTED, body=ACE.replace(b"ace", b"ice")),
        replace(DOCUMENTED, method="PATCH"),
        replace(DOCUMENTED, path="/sinch/callback/ice"),
        with_headers(content_type="application/json; charset=utf-8"),
        with_headers(x_timestamp="2014-09-24T10:59:42Z"),
        with_headers(authorization=f"application {KEY}:AAAA"),
        with_headers(authorization=f"application {KEY}:é\udc80"),
        with_headers(authorization=SIGNED_ACE["authorization"].replace("669E", "669F")),
    ],
)
def test_a_changed_request_is_refused(changed: SignedRequest) -> None:
    assert refusal(changed) == "the signature is not this application's, or not of this request"


def test_another_applications_signature_is_refused() -> None:
    assert refusal(DOCUMENTED, secret=Secret("JViE5vDor0Sw3WllZka15Q==")) != ""
    assert refusal(DOCUMENTED, key="another") != ""


@pytest.mark.parametrize("authorization", ["", "application", "application KEY", f"basic {KEY}:AAAA", "Bearer a:b"])
def test_what_bears_no_signature_is_refused_and_nobodys(authorization: str) -> None:
    request = with_headers(authorization=authorization)
    assert refusal(request).startswith("not signed")
    assert sinch_key(request) is None


@pytest.mark.parametrize("off", [TOLERANCE_SECONDS, -TOLERANCE_SECONDS])
def test_a_signature_is_good_for_minutes(off: float) -> None:
    assert refusal(DOCUMENTED, THEN + off) == ""
    assert refusal(DOCUMENTED, THEN + off * 1.01) == "x-timestamp is more than 300 s off: see to the clocks"


@pytest.mark.parametrize("text", ["", "now", "1411556381", "2014-09-24T10:59:41", "2014-09-24T25:59:41Z"])
def test_a_moment_that_cannot_be_read_is_refused(text: str) -> None:
    assert refusal(with_headers(x_timestamp=text)) == "x-timestamp is missing, or no moment like 2026-01-05T09:00:00Z"


@pytest.mark.parametrize("text", ["2014-09-24T10:59:41.2729234Z", "2014-09-24T12:59:41+02:00"])
def test_a_moment_may_be_written_more_finely_or_in_another_zone(text: str) -> None:
    signed_text = f"POST\n{SIGNED_ACE['content-md5']}\napplication/json\nx-timestamp:{text}\n/sinch/callback/ace"
    signature = hmac.digest(base64.b64decode(SECRET.reveal()), signed_text.encode(), "sha256")
    authorization = f"application {KEY}:{base64.b64encode(signature).decode()}"
    assert refusal(with_headers(x_timestamp=text, authorization=authorization)) == ""
    assert refusal(with_headers(x_timestamp=text)) != ""


# --- secrets that are none ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("whsec_no base64!", "next_secret is no base64"),
        ("whsec_====", "next_secret is no base64"),
        ("Zoé-and-Zoé", "next_secret is no base64"),
        (whsk(SEED[:31]).reveal(), "next_secret: a whsk_ secret is base64 of the 32 or 64 bytes"),
        (whsk(SEED + SEED).reveal(), "next_secret: the two halves of this whsk_ secret are not one key's"),
    ],
)
def test_a_secret_that_is_none_is_named_and_not_repeated(text: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said) as caught:
        signed(secret=OLD, next_secret=Secret(text))
    assert text not in str(caught.value)


def test_an_application_secret_that_is_none_is_named() -> None:
    with pytest.raises(ConfigError, match="application_secret is no base64"):
        signed(application_secret=Secret("!"))
