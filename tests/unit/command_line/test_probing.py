"""callreel test-destination: by name or address, what it prints, and its exit codes."""

import pytest

from tests.unit.command_line.site import Site


@pytest.fixture
def with_credentials(site: Site) -> Site:
    file = site.secret("s3cret")
    site.config.write_text(site.config.read_text() + f"credentials: {{acme: {{file: {file}}}}}\n")
    return site


def test_a_folder_that_works_takes_recordings_and_is_left_as_it_was(site: Site) -> None:
    answer = site.run("test-destination", "archive")
    assert (answer.code, answer.out.splitlines()[-1]) == (0, "archive takes recordings")
    lines = [line.split(":")[0].split(maxsplit=1) for line in answer.out.splitlines()[:-1]]
    assert lines == [
        ["ok", "small file"],
        ["ok", "reading back"],
        ["ok", "names"],
        ["ok", "large file"],
        ["ok", "reading back"],
        ["note", "links"],
        ["ok", "deleting"],
    ]
    assert [path for path in site.archive.rglob("*") if path.is_file()] == []


def test_it_answers_in_json(site: Site) -> None:
    facts = site.run("test-destination", "archive", "--json").facts
    assert facts["is_good"] is True
    assert {"check", "level", "what", "mend"} == set(facts["findings"][0])
    assert (facts["found"], facts["config"]) == ({}, "")
    assert [one["check"] for one in facts["findings"]][:2] == ["small file", "reading back"]


def test_an_address_needs_no_configured_destination(site: Site) -> None:
    answer = site.run("test-destination", f"file://{site.folder}/elsewhere/")
    assert (answer.code, (site.folder / "elsewhere").is_dir()) == (0, True)


def test_what_cannot_take_anything_is_said_and_leaves_with_1(site: Site) -> None:
    (site.folder / "blocked").write_text("no folder")
    answer = site.run("test-destination", f"file://{site.folder}/blocked/")
    assert answer.code == 1
    assert answer.out.startswith("bad      small file: ")
    assert answer.out.splitlines()[-1].endswith("does not take recordings")
    assert site.run("test-destination", f"file://{site.folder}/blocked/", "--json").facts["is_good"] is False


def test_a_name_that_nobody_has_is_not_found_and_the_others_are_named(site: Site) -> None:
    answer = site.run("test-destination", "archiv")
    assert answer.code == 3
    assert answer.err == "callreel: no destination is called 'archiv': the configuration has archive\n"


@pytest.mark.parametrize(
    ("address", "code", "said"),
    [
        ("ftp://host/", 2, "no URL that belongs here"),
        ("s3://KEY:s3cret@bucket/", 2, "no secret may stand in a URL"),
        ("azure://acme", 2, "no container"),
    ],
)
def test_an_address_that_is_none_is_wrong_usage(site: Site, address: str, code: int, said: str) -> None:
    answer = site.run("test-destination", address)
    assert answer.code == code
    assert said in answer.err
    assert "s3cret" not in answer.err


@pytest.mark.parametrize("address", ["gs://bucket/", "azure://acme/container/"])
def test_who_is_known_by_nobody_without_a_key_is_told_so(site: Site, address: str) -> None:
    answer = site.run("test-destination", address)
    assert answer.code == 1
    assert "bad      credentials: " in answer.out
    assert "needs credentials" in answer.out


@pytest.mark.parametrize("address", ["s3://bucket/", "gs://bucket/", "azure://acme/container/"])
def test_credentials_that_cannot_be_any_are_told_and_not_repeated(with_credentials: Site, address: str) -> None:
    answer = with_credentials.run("test-destination", address, "--credentials", "acme")
    assert answer.code == 1
    assert "bad      credentials: " in answer.out
    assert "s3cret" not in answer.out + answer.err


def test_credentials_that_are_not_there_are_not_found(with_credentials: Site) -> None:
    answer = with_credentials.run("test-destination", "s3://bucket/", "--credentials", "acne")
    assert (answer.code, "the configuration has acme" in answer.err) == (3, True)


def test_it_needs_no_catalogue_and_makes_no_key(bare_site: Site) -> None:
    assert bare_site.run("test-destination", "archive").code == 0
    assert list(bare_site.state.iterdir()) == []
