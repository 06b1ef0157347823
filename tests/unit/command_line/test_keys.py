"""callreel keys: what is shown, what is written down, and the exit codes."""

import json
import os
import pwd
from pathlib import Path

import pytest

from connector.domain.access import key_digest, key_id_of
from tests.unit.command_line.site import Site

USER = pwd.getpwuid(os.getuid()).pw_name


def add(site: Site, *words: str) -> str:
    """A new key's id."""
    answer = site.run("keys", "add", "CRM", *words)
    assert answer.code == 0, answer.err
    return key_id_of(answer.out.strip())


def states(site: Site, *words: str) -> dict[str, str]:
    return {one["id"]: one["state"] for one in site.run("keys", "list", *words, "--json").facts}


def test_a_new_key_stands_alone_on_standard_output(site: Site) -> None:
    answer = site.run("keys", "add", "CRM")
    (line,) = answer.out.splitlines()
    assert key_id_of(line)
    assert answer.err.startswith(f"callreel: key {key_id_of(line)} of the whole house, read")
    assert line not in answer.err


def test_what_was_wished_is_what_is_made(site: Site) -> None:
    words = ("--organisation", "default", "--role", "listen", "--role", "control", "--expires", "30d", "--signing")
    limits = ("--limit-tag", "vip", "--limit-agent", "201", "--limit-number", "+4930*", "--limit-number", "110")
    made = site.run("keys", "add", "Sinch's", *words, *limits, "--json").facts
    assert (made["name"], made["organisation"], made["roles"]) == ("Sinch's", "default", ["listen", "control"])
    assert made["limits"] == {"tags": ["vip"], "agents": ["201"], "numbers": ["+4930*", "110"]}
    assert (made["signing"], made["key"]) == (True, f"callreel_{made['id']}_{made['secret']}")
    assert made["created_by"] == f"command line (user {USER})"
    assert made["expires_at"] > made["created_at"]


def test_of_a_key_nothing_is_kept_that_opens(site: Site) -> None:
    made = site.run("keys", "add", "CRM", "--signing", "--organisation", "default", "--json").facts
    kept = b"".join(path.read_bytes() for path in site.state.iterdir() if path.is_file())
    assert made["secret"].encode() not in kept
    assert key_digest(made["key"]).encode() in kept


def test_the_list_shows_good_ones_and_all_when_asked(site: Site) -> None:
    one, another = add(site), add(site, "--organisation", "default")
    assert site.run("keys", "revoke", one).code == 0
    assert states(site) == {another: "good"}
    assert states(site, "--all") == {one: "revoked", another: "good"}
    assert states(site, "--organisation", "default") == {another: "good"}
    answer = site.run("keys", "list", "--all")
    heading, first, second = answer.out.splitlines()
    assert heading.split()[:3] == ["id", "name", "organisation"]
    assert first.split()[:5] == [another, "CRM", "default", "read", "good"]
    assert second.split()[:5] == [one, "CRM", "(house)", "read", "revoked"]


def test_an_empty_list_is_no_error(site: Site) -> None:
    assert site.run("keys", "list").code == 0
    assert site.run("keys", "list", "--json").facts == []


def test_the_beginning_of_an_id_is_enough_if_it_means_one(site: Site) -> None:
    one = add(site)
    assert site.run("keys", "revoke", one[:6], "--json").facts["state"] == "revoked"
    add(site)
    assert site.run("keys", "revoke", "").code == 2
    answer = site.run("keys", "revoke", "nothing")
    assert (answer.code, "no key has the id 'nothing'" in answer.err) == (3, True)


def test_a_renewed_key_leaves_the_old_one_its_grace_time(site: Site) -> None:
    old = add(site, "--role", "admin")
    answer = site.run("keys", "rotate", old)
    new = key_id_of(answer.out.strip())
    assert f"{old} is good for 86400 s still" in answer.err
    assert states(site) == {old: "good", new: "good"}
    assert site.run("keys", "rotate", new, "--grace", "0", "--json").facts["roles"] == ["admin"]
    assert new not in states(site)
    assert site.run("keys", "rotate", new).code == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--organisation", "acne"), "no organisation is called 'acne'"),
        (("--limit-tag", ""), "limits/tags"),
        (("--limit-tag", "\udcff"), "limits/tags"),
    ],
)
def test_a_wish_that_is_wrong_is_a_wrong_command_line(site: Site, words: tuple[str, ...], said: str) -> None:
    answer = site.run("keys", "add", "CRM", *words)
    assert (answer.code, said in answer.err) == (2, True)
    assert site.run("keys", "list", "--all", "--json").facts == []


def test_every_deed_is_in_the_log_with_the_users_name(site: Site) -> None:
    old = add(site)
    new = key_id_of(site.run("keys", "rotate", old).out.strip())
    site.run("keys", "revoke", new)
    lines = site.run("audit", "list", "--json").facts[::-1]
    assert [(line["action"], line["subject"]) for line in lines] == [
        ("key.made", old),
        ("key.rotated", old),
        ("key.made", new),
        ("key.revoked", new),
    ]
    assert {line["by"] for line in lines} == {f"command line (user {USER})"}
    signed = [json.loads(line)["number"] for line in Path(site.state, "audit.head").read_text().splitlines()]
    assert signed[-1] == 4
    assert site.run("audit", "verify").code == 0


def test_without_a_catalogue_there_are_no_keys(bare_site: Site) -> None:
    assert bare_site.run("keys", "add", "CRM").code != 0
