"""The file `environment` beside the configuration gives commands by hand what systemd gives the service."""

import os
from pathlib import Path

import pytest

from connector.config.environment_file import add_variables


def added(folder: Path, text: str, **already: str) -> dict[str, str]:
    (folder / "environment").write_text(text)
    environment = dict(already)
    add_variables(folder / "config.yaml", environment)
    return environment


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("AMI_PASSWORD=secret", "secret"),
        ("  AMI_PASSWORD = se cret  ", "se cret"),
        ("AMI_PASSWORD=", ""),
        ("AMI_PASSWORD=a=b#c;d", "a=b#c;d"),
        ("AMI_PASSWORD='a b\\$x'", "a b\\$x"),
        ('AMI_PASSWORD="a \\"b\\" \\$x \\n"', 'a "b" $x \\n'),
        ("AMI_PASSWORD=a\\\\b\\ c", "a\\b c"),
        ("AMI_PASSWORD=$HOME$(id)`id`${HOME}", "$HOME$(id)`id`${HOME}"),
        ("AMI_PASSWORD='", "'"),
        ("AMI_PASSWORD=Zoé", "Zoé"),
    ],
)
def test_a_line_means_what_systemd_takes_it_for(line: str, value: str, tmp_path: Path) -> None:
    assert added(tmp_path, f"{line}\r\n") == {"AMI_PASSWORD": value}


@pytest.mark.parametrize("line", ["", "# AMI_PASSWORD=x", "; AMI_PASSWORD=x", "AMI_PASSWORD", "=x", "1A=x", "A B=x"])
def test_what_is_no_variable_is_passed_over(line: str, tmp_path: Path) -> None:
    assert added(tmp_path, f"{line}\nESL_PASSWORD=y\n") == {"ESL_PASSWORD": "y"}


def test_what_is_set_already_stays(tmp_path: Path) -> None:
    assert added(tmp_path, "A=file\nB=file\n", A="by hand") == {"A": "by hand", "B": "file"}


def test_a_file_that_is_none_gives_nothing(tmp_path: Path) -> None:
    environment: dict[str, str] = {}
    add_variables(tmp_path / "config.yaml", environment)
    (tmp_path / "environment").mkdir()
    add_variables(tmp_path / "config.yaml", environment)
    assert environment == {}


def test_bytes_that_are_no_text_reach_the_environment_as_they_are(tmp_path: Path) -> None:
    (tmp_path / "environment").write_bytes(b"AMI_PASSWORD=\xff\n")
    environment: dict[str, str] = {}
    add_variables(tmp_path / "config.yaml", environment)
    assert os.fsencode(environment["AMI_PASSWORD"]) == b"\xff"
