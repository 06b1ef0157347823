"""Loads a configuration file whole, or refuses it with everything that is wrong with it."""

import socket
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from connector.config.addresses import template_of, with_template
from connector.config.checks import check_together, line_of
from connector.config.problems import Problem, Problems
from connector.config.reader import BROKEN, Reader
from connector.config.sections import Sections
from connector.config.yaml_tree import Scalar, Tree, lines_of, tree_of
from connector.domain.object_names import NameTemplate
from connector.errors import ConfigError
from connector.settings import (
    DEFAULT_DESTINATION,
    DestinationSettings,
    OrganisationSettings,
    OrganisationsSettings,
    Settings,
)
from connector.settings.written import Written


class BadConfig(ConfigError):
    """One line for each problem."""

    def __init__(self, path: Path, problems: list[Problem]) -> None:
        self.problems = problems
        super().__init__("\n".join(f"{path}: {problem}" for problem in problems))


def load(path: Path, environment: Mapping[str, str]) -> Settings:
    """Raises ConfigError with every problem of the file."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        hint = "write one (config.yaml of the project is an example), or name another with --config"
        raise ConfigError(f"{path} is not there: {hint}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} cannot be read: {error}") from error
    problems = Problems()
    settings = read_text(text, environment, path.parent, problems)
    if problems.found or settings is None:
        raise BadConfig(path, sorted(problems.found, key=lambda problem: problem.line))
    return replace(settings, written=replace(settings.written, file=path.name))


def read_text(text: str, environment: Mapping[str, str], base: Path, problems: Problems) -> Settings | None:
    """The settings, with defaults that depend on the machine filled in; None with problems."""
    tree = tree_of(text, problems)
    if tree is None or (isinstance(tree, Scalar) and tree.is_empty):
        if not problems.found:
            problems.add("pbx", 0, "the file is empty: it needs a PBX, or at the least a line such as `pbx: {}`")
        return None
    settings = Reader(environment, base, problems, Sections(tree)).read(Settings, tree)
    if settings is BROKEN or not isinstance(settings, Settings):
        return None
    check_together(settings, tree, problems)
    settings = _completed(settings, tree, problems)
    return None if problems.found else settings


def _completed(settings: Settings, tree: Tree, problems: Problems) -> Settings:
    """With what depends on the machine, and every destination's template behind its URL."""
    destinations = {
        name: _placed(one, tree, ("destinations", name), problems) for name, one in settings.destinations.items()
    }
    known = {
        name: _own_placed(one, tree, ("organisations", name, "destination"), problems)
        for name, one in settings.organisations.known.items()
    }
    local = DestinationSettings(url=f"file://{settings.state.rstrip('/')}/recordings/")
    return replace(
        settings,
        node=settings.node or socket.gethostname(),
        destinations=destinations or {DEFAULT_DESTINATION: local},
        organisations=OrganisationsSettings(
            by=settings.organisations.by, unknown=settings.organisations.unknown, known=known
        ),
        written=Written(lines=lines_of(tree)),
    )


def _own_placed(
    organisation: OrganisationSettings, tree: Tree, path: tuple[str, ...], problems: Problems
) -> OrganisationSettings:
    own = organisation.destination
    if not isinstance(own, DestinationSettings):
        return organisation
    return replace(organisation, destination=_placed(own, tree, path, problems))


def _placed(one: DestinationSettings, tree: Tree, path: tuple[str, ...], problems: Problems) -> DestinationSettings:
    try:
        whole = replace(one, url=with_template(one.url, one.template))
        # Each of them may be fine, and both together too long.
        NameTemplate.parse(template_of(whole.url))
    except (ValueError, ConfigError) as error:
        problems.add(".".join((*path, "template")), line_of(tree, (*path, "template")), str(error))
        return one
    return whole
