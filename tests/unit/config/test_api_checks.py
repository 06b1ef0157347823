"""How the HTTP server may be set up, and how it may not."""

import pytest

from connector.config.api_checks import is_loopback
from tests.unit.config.conftest import PBX, Load, Refused

TLS = "tls_certificate: /etc/callreel/cert.pem, tls_key: /etc/callreel/key.pem"


@pytest.mark.parametrize("listen", ["0.0.0.0:8080", "[::]:8080", "192.168.1.5:80", "calls.example.com:443"])
def test_keys_never_travel_in_clear(refused: Refused, listen: str) -> None:
    (problem,) = refused(f'{PBX}api: {{listen: "{listen}"}}\n')
    assert ": api.listen: " in problem
    assert all(way in problem for way in ("tls_certificate", "trusted_proxies", "127.0.0.1"))


@pytest.mark.parametrize("more", [TLS, "trusted_proxies: 10.0.0.1", "trusted_proxies: [10.0.0.0/24, 'fd00::/8']"])
def test_with_tls_or_behind_a_proxy_it_may_listen_anywhere(read: Load, more: str) -> None:
    assert read(f'{PBX}api: {{listen: "0.0.0.0:443", {more}}}\n').api.listen == "0.0.0.0:443"


@pytest.mark.parametrize("listen", ["127.0.0.1:8080", "localhost:80", "[::1]:8080", "127.8.9.1:1"])
def test_on_this_machine_alone_nothing_more_is_wanted(read: Load, listen: str) -> None:
    assert is_loopback(listen)
    assert read(f'{PBX}api: {{listen: "{listen}"}}\n').api.listen == listen


@pytest.mark.parametrize(
    ("line", "path", "said"),
    [
        ("tls_certificate: /a.pem", "tls_certificate", "tls_key"),
        ("tls_key: /a.pem", "tls_certificate", "tls_key"),
        ("tls_certificate: a.pem, tls_key: /b.pem", "tls_certificate", "whole path"),
        ("trusted_proxies: 10.0.0.1/24", "trusted_proxies", "10.0.0.0/24"),
        ("trusted_proxies: proxy.lan", "trusted_proxies", "no network"),
        ('cors_origins: "*"', "cors_origins", "no URL"),
        ('cors_origins: "https://*.example.com"', "cors_origins", "each one whole"),
        ('cors_origins: "https://app.example.com/"', "cors_origins", "each one whole"),
        ('cors_origins: "https://App.example.com"', "cors_origins", "each one whole"),
        ('cors_origins: "null"', "cors_origins", "no URL"),
        ("hand_over: callreel-files", "hand_over", "/callreel-files/"),
        ("hand_over: /files/../", "hand_over", "/callreel-files/"),
        ("hand_over: /", "hand_over", "/callreel-files/"),
        ("hand_over: /files", "hand_over", "/callreel-files/"),
        ('hand_over: "/files/{place}/"', "hand_over", "/callreel-files/"),
        ("storage_allow_private: lan", "storage_allow_private", "no network"),
        ("requests_per_second: 0", "requests_per_second", "less than 1"),
        ("open_metrics: perhaps", "open_metrics", "neither yes nor no"),
    ],
)
def test_what_cannot_be_is_refused_with_what_to_write(refused: Refused, line: str, path: str, said: str) -> None:
    found = [problem for problem in refused(f"{PBX}api: {{{line}}}\n") if f": api.{path}" in problem]
    assert found
    assert said in found[0]


def test_by_default_it_is_shut(read: Load) -> None:
    api = read(PBX).api
    assert (api.trusted_proxies, api.cors_origins, api.open_metrics, api.page) == ((), (), False, True)
    assert is_loopback(api.listen)


def test_everything_can_be_said(read: Load) -> None:
    text = (
        f"{TLS}, trusted_proxies: [10.0.0.1], cors_origins: ['https://app.example.com', 'http://localhost:3000'],"
        " hand_over: '/callreel-files/', storage_allow_private: 10.0.0.0/8,"
        " open_metrics: yes, page: no, requests_per_second: 5"
    )
    api = read(f"{PBX}api: {{{text}}}\n").api
    assert api.cors_origins == ("https://app.example.com", "http://localhost:3000")
    assert (api.hand_over, api.requests_per_second) == ("/callreel-files/", 5)
    assert (api.open_metrics, api.page) == (True, False)
