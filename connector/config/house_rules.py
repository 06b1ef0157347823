"""From settings to what the domain asks: who is who on a PBX, each organisation's policy and destinations."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from connector.domain.options import RecordingOptions
from connector.domain.organisation import DEFAULT_ORGANISATION, Agent, Directory
from connector.domain.policy import Policy, Rule
from connector.settings import DEFAULT_OPTIONS, DestinationSettings, OrganisationSettings, RuleSettings, Settings


def directory(settings: Settings, pbx: str) -> Directory:
    """Who is who on that PBX."""
    own, organisations = settings.pbx[pbx], settings.organisations
    spellings = {value.casefold(): name for name, one in organisations.known.items() for value in (name, *one.match)}
    return Directory(
        internal=own.internal,
        trunks=own.trunks,
        by=organisations.by.removeprefix("variable_"),
        unknown=organisations.unknown,
        organisations=frozenset(organisations.known),
        matches=spellings,
        agent_source=settings.agents.source,
        agent_variable=settings.agents.variable,
        agents=agents(settings),
    )


def policies(settings: Settings) -> dict[str, Policy]:
    """By organisation; rules of an organisation come before the common ones. Destinations that are the organisation's
    or the house's own are not in the options: see `destination_names`."""
    return {name: _policy(settings, name, own) for name, own in organisations(settings).items()}


def organisations(settings: Settings) -> Mapping[str, OrganisationSettings]:
    """By name; also the one of a house that names none."""
    return settings.organisations.known or {DEFAULT_ORGANISATION: settings.default_organisation}


def organisation_settings(settings: Settings, organisation: str) -> OrganisationSettings:
    """Of one that may not be configured any more, too."""
    return organisations(settings).get(organisation, OrganisationSettings())


def destination_names(settings: Settings, organisation: str) -> tuple[str, ...]:
    """Where an organisation's recordings go when neither rule nor call says: () when it has one written out itself."""
    own = organisation_settings(settings, organisation)
    if isinstance(own.destination, DestinationSettings):
        return ()
    for one, several in (
        (own.destination, own.destinations),
        (settings.defaults.options.destination, settings.defaults.destinations),
    ):
        if one or several:
            return (one,) if one else several
    return (next(iter(settings.destinations)),)


def may_use(settings: Settings, organisation: str, destination: str) -> bool:
    """Whether a rule or call of that organisation may name that destination."""
    one = settings.destinations.get(destination)
    return one is not None and (not one.organisations or organisation in one.organisations)


def _policy(settings: Settings, name: str, own: OrganisationSettings) -> Policy:
    own_kind = f"rule {{}} of {name}"
    plan = settings.plans.get(own.plan)
    days = RecordingOptions(
        retention_days=plan.retention_days if plan else None,
        transcript_retention_days=plan.transcript_retention_days if plan else None,
    )
    return Policy(
        rules=(*_rules(own.rules, own_kind), *_rules(settings.rules, "rule {}")),
        organisation_word=own.record,
        organisation_options=replace(own.options.over(days), destination=None),
        switch=own.switch,
        agent_switches=own.agent_switches,
        default_word=settings.defaults.record,
        default_options=replace(settings.defaults.options.over(DEFAULT_OPTIONS), destination=None),
        callback=own.callback or settings.defaults.callback,
        timezone=own.timezone or settings.timezone,
    )


def _rules(rules: Sequence[RuleSettings], kind: str) -> list[Rule]:
    return [
        Rule(
            word=rule.record,
            when=rule.when,
            options=rule.options,
            callback=rule.callback,
            name=kind.format(number),
        )
        for number, rule in enumerate(rules, start=1)
    ]


def agents(settings: Settings) -> dict[tuple[str, str], Agent]:
    """By organisation, and by what the configuration calls each: extension, queue member or device."""
    known = settings.organisations.known
    found: dict[tuple[str, str], Agent] = {}
    for key, name in settings.agents.names.items():
        organisation, sign, member = key.partition("/")
        if sign and organisation in known:
            found[organisation, member] = _agent(member, name)
        else:
            found |= {(one, key): _agent(key, name) for one in known or (DEFAULT_ORGANISATION,)}
    for organisation, own in known.items():
        found |= {(organisation, member): _agent(member, name) for member, name in own.agents.items()}
    return found


def _agent(member: str, name: str) -> Agent:
    """PJSIP/2001 is agent 2001."""
    return Agent(id=member.rpartition("/")[2].partition("@")[0], name=name)
