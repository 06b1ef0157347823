"""What the pages say exists: commands with their options, keys, states and reasons, the places of the code."""

import argparse
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from connector.command_line.parser import _parser
from connector.config.reference import markdown
from connector.domain import file_clock, recording, states, take, tracks

ROOT = Path(__file__).resolve().parents[2]
#: CHANGELOG.md speaks of what was, too, and decisions of what was thought of.
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
GLOSSARY = (ROOT / "docs/glossary.md").read_text()


def code_of(page: Path) -> Iterator[str]:
    """Every line of code blocks, without what is said about it, and every piece of code within sentences."""
    text = page.read_text()
    blocks = re.findall(r"^ *```\w*\n(.*?)^ *```|((?:^ {4}\S.*\n)+)", text, re.DOTALL | re.MULTILINE)
    for fenced, indented in blocks:
        for line in (fenced or indented).replace("\\\n", " ").splitlines():
            yield re.split(r"\s#\s|\s{2,}#|;", line.strip())[0]
    yield from re.findall(r"`([^`\n]+)`", re.sub(r"^ *```.*?^ *```", "", text, flags=re.DOTALL | re.MULTILINE))


def commands_of(page: Path) -> Iterator[list[str]]:
    """Those that are written from the beginning: `callreel keys list --all`."""
    for code in code_of(page):
        for found in re.finditer(r"(?:^|[|&(] ?|sudo (?:-u callreel )?|bin/)callreel((?: [^ |&>)]+)+)", code):
            yield found[1].split()


def parser_of(words: list[str]) -> tuple[argparse.ArgumentParser, str]:
    """Of the command that the words begin with, and its name."""
    parser, name = _parser(), "callreel"
    for word in words:
        below = next((one for one in parser._actions if isinstance(one, argparse._SubParsersAction)), None)
        if below is None:
            break
        assert word in below.choices, f"there is no {name} {word}"
        parser, name = below.choices[word], f"{name} {word}"
    return parser, name


#: Behind the name stands no command: a placeholder, an argument of other programs, words that keys are derived with.
NO_COMMANDS = {"COMMAND", "XML", "callreel", "key", "file"}
#: Of what looks like a key of the configuration: names of files, and a word of the audit log.
NO_KEYS = {"py", "md", "db", "json", "jsonl", "head", "lock", "ran"}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_command_on_a_page_exists_with_its_options(page: Path) -> None:
    for words in commands_of(page):
        if words[0].strip("`,.:") in NO_COMMANDS or not re.fullmatch(r"[a-z-]+,?", words[0]):
            continue
        # `callreel transcripts list, show, again` names three.
        parser, name = parser_of([word.strip(",") for word in words])
        known = {option for action in parser._actions for option in action.option_strings}
        said = {word.partition("=")[0] for word in words if re.match(r"--[a-z]", word)}
        assert said <= known, f"{page.name}: {name} has no {', '.join(said - known)}"


def test_every_page_is_found_from_the_first_one() -> None:
    first = (ROOT / "README.md").read_text()
    missing = [page.name for page in PAGES if page.parent.name == "docs" and f"(docs/{page.name})" not in first]
    assert missing == []


def anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.*)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_link_into_a_page_leads_to_one_of_its_headings(page: Path) -> None:
    for file, anchor in re.findall(r"\]\(([^)\s:#]*\.md)?#([^)\s]+)\)", page.read_text()):
        assert anchor in anchors(page.parent / file if file else page), f"{page.name}: {file}#{anchor}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_key_that_a_page_names_by_its_section_exists(page: Path) -> None:
    keys = known_keys()
    sections = {key.partition(".")[0] for key in keys if "." in key}
    for code in code_of(page):
        for section, key in re.findall(r"^([a-z]+)\.([a-z_]+)(?=$|: )", code):
            if section in sections and key not in NO_KEYS:
                assert f"{section}.{key}" in keys, f"{page.name}: {section}.{key}"


def known_keys() -> set[str]:
    """As config.md lists them, with their sections."""
    found: set[str] = set()
    for part in markdown().split("\n## ")[1:]:
        title = part.partition("\n")[0]
        place = "" if title == "Top level" else f"{title}."
        found |= {f"{place}{key}" for key in re.findall(r"^\| `(\w+)` \|", part, re.MULTILINE)}
    return found


def test_the_glossary_explains_every_state() -> None:
    kinds = (states.RecordingState, states.DeliveryState, states.TranscriptionState, states.NotificationState)
    missing = {str(state) for kind in kinds for state in kind} - set(re.findall(r"`([\w-]+)`", GLOSSARY))
    assert missing == set()


@pytest.mark.parametrize(
    "reason",
    [
        file_clock.BOTH_SILENT,
        file_clock.DRIFT,
        file_clock.NOTHING_MORE,
        file_clock.DISK_FULL,
        recording.STALLED,
        recording.MOVED,
        recording.MISSED,
        take.ENDED_UNASKED,
        tracks.NO_RECORDER,
    ],
)
def test_the_glossary_explains_why_sound_is_missing(reason: str) -> None:
    assert f"`{reason}`" in GLOSSARY


def test_the_glossary_explains_why_there_is_nothing_to_hear() -> None:
    source = (ROOT / "connector/services/absences.py").read_text()
    reasons = set(re.findall(r'reason(?:=| = )"([a-z ]+)"(?: if \S+ is None else "([a-z ]+)")?', source))
    flat = {word for pair in reasons for word in pair if word} | {"no answer", "too short"}
    assert len(flat) >= 7
    assert {reason for reason in flat if f"`{reason}`" not in GLOSSARY} == set()


def test_the_places_where_something_is_added_are_there() -> None:
    text = (ROOT / "docs/architecture.md").read_text().partition("## Where to add")[2]
    named = {code for code in re.findall(r"`([\w/.-]+/[\w/.-]*)`", text) if not code.startswith("http")}
    assert len(named) > 15
    missing = {name for name in named if not (ROOT / name).exists() and not (ROOT / "connector" / name).exists()}
    assert missing == set()
