"""Requests to Azure are signed as its documentation has it, the address of the emulator included."""

import base64
from collections.abc import Mapping
from urllib.parse import parse_qs, urlsplit

from connector.domain.secret import Secret
from connector.storage.azure_credentials import AccountKey, SharedAccess
from connector.storage.azure_place import AzurePlace
from connector.storage.azure_requests import Request
from connector.storage.azure_signing import access_to_sign, read_access, signed, string_to_sign

#: The one that everybody's emulator has.
KEY = AccountKey(Secret("Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="))
PLACE = AzurePlace(account="myaccount", container="mycontainer")
DATE = {"x-ms-date": "Fri, 26 Jun 2015 23:39:12 GMT", "x-ms-version": "2015-02-21"}
AT = 1435361952.0


def text_of(
    headers: Mapping[str, str], query: Mapping[str, str] | None = None, path: str = "/mycontainer/myblob"
) -> str:
    return string_to_sign("PUT", "myaccount", path, query or {}, headers)


def test_the_documented_example_gives_the_documented_text() -> None:
    query = {"restype": "container", "comp": "metadata", "timeout": "20"}
    text = string_to_sign("GET", "myaccount", "/mycontainer", query, DATE)
    assert text == (
        "GET\n\n\n\n\n\n\n\n\n\n\n\nx-ms-date:Fri, 26 Jun 2015 23:39:12 GMT\nx-ms-version:2015-02-21\n"
        "/myaccount/mycontainer\ncomp:metadata\nrestype:container\ntimeout:20"
    )
    # As openssl reckons it.
    assert KEY.signature(text) == "1u9lui2jDxj0+fpbHjQ5m5NnastJRSYM+PSmfi8TXx4="


def test_of_the_secondary_address_and_of_the_emulator_the_path_is_signed_as_it_is_asked_for() -> None:
    assert text_of({}, path="/mycontainer/myblob").endswith("\n/myaccount/mycontainer/myblob")
    assert text_of({}, path="/myaccount/mycontainer/myblob").endswith("\n/myaccount/myaccount/mycontainer/myblob")


def test_each_header_has_its_line_and_an_empty_one_where_it_is_not_sent() -> None:
    headers = {
        "Content-Length": "11",
        "Content-MD5": "XrY7u+Ae7tCTyyK7j1rNww==",
        "Content-Type": "text/plain",
        "If-Match": '"0x8D"',
        "If-None-Match": "*",
        "Range": "bytes=0-9",
    }
    lines = text_of(headers).split("\n")
    assert lines == [
        "PUT",
        "",
        "",
        "11",
        "XrY7u+Ae7tCTyyK7j1rNww==",
        "text/plain",
        "",
        "",
        '"0x8D"',
        "*",
        "",
        "bytes=0-9",
        "/myaccount/mycontainer/myblob",
    ]


def test_a_length_of_nothing_is_signed_as_none() -> None:
    assert text_of({"Content-Length": "0"}) == text_of({})


def test_azures_own_headers_are_signed_in_order_small_and_without_needless_space() -> None:
    text = text_of({"x-ms-version": "2023-11-03", "X-Ms-Meta-Who": "  Zo%C3%A9   M. ", "x-ms-blob-type": "BlockBlob"})
    assert "\nx-ms-blob-type:BlockBlob\nx-ms-meta-who:Zo%C3%A9 M.\nx-ms-version:2023-11-03\n" in text


def test_a_query_is_signed_in_order_and_not_quoted() -> None:
    text = text_of({}, {"comp": "block", "blockid": "a+b/c=="})
    assert text.endswith("/myaccount/mycontainer/myblob\nblockid:a+b/c==\ncomp:block")


def test_a_request_goes_where_it_was_signed_for() -> None:
    request = Request(method="PUT", name="Zoé/a b.mp3", query={"comp": "block", "blockid": "a+b/c=="}, size_bytes=7)
    out = signed(request, PLACE, KEY, AT)
    assert out.url == (
        "https://myaccount.blob.core.windows.net/mycontainer/Zo%C3%A9/a%20b.mp3?comp=block&blockid=a%2Bb%2Fc%3D%3D"
    )
    assert out.headers["x-ms-date"] == "Fri, 26 Jun 2015 23:39:12 GMT"
    assert out.headers["Content-Length"] == "7"
    sent = {name: value for name, value in out.headers.items() if name != "Authorization"}
    text = string_to_sign("PUT", "myaccount", "/mycontainer/Zo%C3%A9/a%20b.mp3", request.query, sent)
    assert out.headers["Authorization"] == f"SharedKey myaccount:{KEY.signature(text)}"


def test_each_request_has_the_time_at_which_it_is_sent() -> None:
    request = Request(method="HEAD", name="a.mp3")
    first, later = signed(request, PLACE, KEY, AT), signed(request, PLACE, KEY, AT + 1000)
    assert first.headers["x-ms-date"] != later.headers["x-ms-date"]
    assert first.headers["Authorization"] != later.headers["Authorization"]


def test_at_the_emulator_the_account_stands_twice_in_what_is_signed() -> None:
    place = AzurePlace(account="devstoreaccount1", container="c-1", endpoint="http://127.0.0.1:10000/devstoreaccount1/")
    out = signed(Request(method="HEAD", name="a.mp3"), place, KEY, AT)
    assert out.url == "http://127.0.0.1:10000/devstoreaccount1/c-1/a.mp3"
    sent = {name: value for name, value in out.headers.items() if name != "Authorization"}
    text = string_to_sign("HEAD", "devstoreaccount1", "/devstoreaccount1/c-1/a.mp3", {}, sent)
    assert "\n/devstoreaccount1/devstoreaccount1/c-1/a.mp3" in text
    assert out.headers["Authorization"].endswith(KEY.signature(text))


def test_with_a_shared_access_signature_it_goes_along_and_nothing_is_signed() -> None:
    access = SharedAccess(Secret("sv=2023-11-03&sp=cw&sig=a%2Bb%3D"))
    out = signed(Request(method="PUT", name="a.mp3", query={"comp": "block"}), PLACE, access, AT)
    assert out.url.endswith("/a.mp3?comp=block&sv=2023-11-03&sp=cw&sig=a%2Bb%3D")
    assert "Authorization" not in out.headers


def test_a_link_is_signed_line_by_line_as_the_documentation_has_it() -> None:
    text = access_to_sign(
        PLACE, "Zoé/a b.mp3", expiry="2026-11-21T10:00:00Z", protocol="https", disposition="attachment"
    )
    assert text.split("\n") == [
        "r",
        "",
        "2026-11-21T10:00:00Z",
        "/blob/myaccount/mycontainer/Zoé/a b.mp3",
        "",
        "",
        "https",
        "2023-11-03",
        "b",
        "",
        "",
        "",
        "attachment",
        "",
        "",
        "",
    ]


def test_a_link_may_read_one_blob_until_its_time_and_over_tls_alone() -> None:
    query = parse_qs(read_access(PLACE, KEY, "a.mp3", ends_at=AT, disposition=""))
    signature = query.pop("sig")[0]
    assert len(base64.b64decode(signature)) == 32
    assert query == {
        "sv": ["2023-11-03"],
        "spr": ["https"],
        "se": ["2015-06-26T23:39:12Z"],
        "sr": ["b"],
        "sp": ["r"],
    }


def test_a_link_is_for_the_public_address() -> None:
    place = AzurePlace(account="myaccount", container="c-1", public_endpoint="http://sound.example/")
    query = parse_qs(read_access(place, KEY, "a.mp3", ends_at=AT, disposition=""))
    assert "spr" not in query
    assert urlsplit(place.public_base).netloc == "sound.example"
