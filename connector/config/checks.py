"""What no single value of a configuration shows: settings that contradict each other. Goes on after a problem."""

from collections.abc import Iterator
from pathlib import PurePosixPath

from connector.config.addresses import folder_of
from connector.config.api_checks import api_contradictions
from connector.config.destination_checks import contradictions
from connector.config.endpoint_checks import endpoint_contradictions
from connector.config.engine_checks import engine_contradictions, foreign_engines
from connector.config.problems import Problems
from connector.config.yaml_tree import Mapping as MappingTree
from connector.config.yaml_tree import Sequence as SequenceTree
from connector.config.yaml_tree import Tree
from connector.domain.options import RecordingOptions
from connector.domain.organisation import AgentSource
from connector.settings import (
    DefaultSettings,
    DestinationSettings,
    OrganisationSettings,
    PbxSettings,
    RuleSettings,
    Settings,
)

_KINDS = ("asterisk", "freeswitch", "scripted")
_ENGINES = ("whisper", "openai", "deepgram")
_UNLIMITED = 0
#: A path of keys; numbers of lists begin with 1.
Path = tuple[str | int, ...]
Finding = tuple[Path, str]


def check_together(settings: Settings, tree: Tree, problems: Problems) -> None:
    """Settings and the tree that they were read from; what could not be read is not missed again."""
    checks = (_pbxs, _files, _spools, _destinations, _plans, _organisations, _agents, _endpoints, _api, _engines)
    for check in checks:
        for path, text in check(settings, tree):
            problems.add(_written(path), line_of(tree, path), text)


def check_organisations(settings: Settings) -> Iterator[Finding]:
    """What settings by API can contradict."""
    nothing = MappingTree({}, {}, 0)
    for check in (_destinations, _plans):
        yield from check(settings, nothing)


def line_of(tree: Tree, path: Path) -> int:
    """Where that key stands; the nearest one above it when it is not there."""
    line = tree.line
    for key in path:
        if isinstance(tree, MappingTree) and str(key) in tree.entries:
            line, tree = tree.lines[str(key)], tree.entries[str(key)]
        elif isinstance(tree, SequenceTree) and isinstance(key, int) and key <= len(tree.items):
            tree = tree.items[key - 1]
            line = tree.line
        else:
            break
    return line


def _written(path: Path) -> str:
    text = ""
    for key in path:
        text += f"[{key}]" if isinstance(key, int) else f".{key}" if text else key
    return text


def _pbxs(settings: Settings, tree: Tree) -> Iterator[Finding]:
    named = tree.entries.get("pbx") if isinstance(tree, MappingTree) else None
    for name, pbx in named.entries.items() if isinstance(named, MappingTree) else ():
        if isinstance(pbx, MappingTree) and len(pbx.entries.keys() & set(_KINDS)) != 1:
            yield ("pbx", name), f"must be one of {', '.join(_KINDS)}"


def _files(settings: Settings, _: Tree) -> Iterator[Finding]:
    for name, pbx in settings.pbx.items():
        if pbx.asterisk is not None and pbx.asterisk.files == "ari" and pbx.asterisk.ari is None:
            yield ("pbx", name, "asterisk", "files"), "files that come by ari need the endpoint `ari`"


def _spools(settings: Settings, _: Tree) -> Iterator[Finding]:
    """A PBX that writes where recordings are kept would have its files taken for recordings, and removed with them."""
    for name, pbx in settings.pbx.items():
        for path, destination in _all_destinations(settings):
            folder = folder_of(destination.url)
            if folder and any(_contains(*pair) for pair in ((folder, _spool(pbx)), (_spool(pbx), folder))):
                text = f"{folder} and the spool of pbx.{name} ({_spool(pbx)}) must be folders apart"
                yield (*path, "url"), text


def _destinations(settings: Settings, _: Tree) -> Iterator[Finding]:
    for path, destination in _all_destinations(settings):
        yield from ((path + key, text) for key, text in contradictions(destination))
        if path[-1] == destination.backup:
            yield (*path, "backup"), "a destination cannot be its own backup"
    for path, owner in _owners(settings):
        if owner.destinations and (getattr(owner, "destination", None) or owner.options.destination):
            yield (*path, "destinations"), "say either `destination` or `destinations`"
    for organisation, path, name in _named_destinations(settings):
        allowed = settings.destinations[name].organisations if name in settings.destinations else ()
        if allowed and organisation not in allowed:
            yield path, f"organisation {organisation!r} may not use destination {name!r}: see its `organisations`"


def _plans(settings: Settings, _: Tree) -> Iterator[Finding]:
    for name, plan in settings.plans.items():
        if _is_beyond(plan.retention_days, plan.max_retention_days):
            yield ("plans", name, "retentionDays"), "is more than maxRetentionDays"
    for name, organisation in settings.organisations.known.items():
        limit = settings.plans.get(organisation.plan)
        here: Path = ("organisations", name)
        for path, options in ((here, organisation.options), *_options(organisation.rules, here)):
            days = options.retention_days
            if limit is not None and days is not None and _is_beyond(days, limit.max_retention_days):
                text = f"is beyond plan {organisation.plan!r}, which allows {limit.max_retention_days} days"
                yield (*path, "retentionDays"), text


def _organisations(settings: Settings, _: Tree) -> Iterator[Finding]:
    seen: dict[str, str] = {}
    for name, organisation in settings.organisations.known.items():
        for value in (name, *organisation.match):
            other = seen.setdefault(value.casefold(), name)
            if other != name:
                yield ("organisations", name), f"{value!r} means {other!r} already"


def _agents(settings: Settings, tree: Tree) -> Iterator[Finding]:
    known = settings.organisations.known
    if settings.agents.source is AgentSource.VARIABLE and not settings.agents.variable:
        yield ("agents", "source"), "say which: agents.variable is missing"
    for name in settings.agents.names if len(known) > 1 else ():
        if name.partition("/")[0] not in known:
            text = "whose is it? With several organisations write ORGANISATION/201, or use organisations.NAME.agents"
            yield ("agents", "names", name), text


def _endpoints(settings: Settings, _: Tree) -> Iterator[Finding]:
    for section, endpoints in (("notifications", settings.notifications), ("callbacks", settings.callbacks)):
        for name, endpoint in endpoints.items():
            for key, text in endpoint_contradictions(endpoint):
                yield (section, name, key), text


def _api(settings: Settings, _: Tree) -> Iterator[Finding]:
    for key, text in api_contradictions(settings.api):
        yield ("api", key), text


def _engines(settings: Settings, tree: Tree) -> Iterator[Finding]:
    transcription = tree.entries.get("transcription") if isinstance(tree, MappingTree) else None
    named = transcription.entries.get("engines") if isinstance(transcription, MappingTree) else None
    for name, engine in named.entries.items() if isinstance(named, MappingTree) else ():
        said = engine.entries.keys() if isinstance(engine, MappingTree) else ()
        if len({*said} & {*_ENGINES}) != 1:
            yield ("transcription", "engines", name), f"must be one of {', '.join(_ENGINES)}"
    for name, one in settings.transcription.engines.items():
        for path, text in engine_contradictions(name, one):
            yield ("transcription", "engines", name, *path), text
    yield from foreign_engines(settings)


def _all_destinations(settings: Settings) -> Iterator[tuple[Path, DestinationSettings]]:
    for name, destination in settings.destinations.items():
        yield ("destinations", name), destination
    for name, organisation in settings.organisations.known.items():
        if isinstance(organisation.destination, DestinationSettings):
            yield ("organisations", name, "destination"), organisation.destination


def _owners(settings: Settings) -> Iterator[tuple[Path, DefaultSettings | OrganisationSettings]]:
    yield ("defaults",), settings.defaults
    for name, organisation in settings.organisations.known.items():
        yield ("organisations", name), organisation


def _named_destinations(settings: Settings) -> Iterator[tuple[str, Path, str]]:
    """Which organisation would use which destination by name, and where that is said."""
    for name, organisation in settings.organisations.known.items():
        here: Path = ("organisations", name)
        own = organisation.destination
        for destination in (*organisation.destinations, *((own,) if isinstance(own, str) else ())):
            yield name, (*here, "destination"), destination
        for path, options in _options(organisation.rules, here):
            if options.destination:
                yield name, (*path, "destination"), options.destination


def _options(rules: tuple[RuleSettings, ...], above: Path) -> Iterator[tuple[Path, RecordingOptions]]:
    for number, rule in enumerate(rules, start=1):
        yield (*above, "rules", number), rule.options


def _spool(pbx: PbxSettings) -> str:
    kinds = (pbx.asterisk, pbx.freeswitch, pbx.scripted)
    return next((kind.spool for kind in kinds if kind is not None), "")


def _contains(outer: str, inner: str) -> bool:
    return bool(outer and inner) and PurePosixPath(inner).is_relative_to(outer)


def _is_beyond(days: int, limit: int) -> bool:
    return limit != _UNLIMITED and (days == _UNLIMITED or days > limit)
