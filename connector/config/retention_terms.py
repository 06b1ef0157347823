"""From settings to what retention asks: plans, policies, and where expired copies are deleted."""

from connector.config.house_rules import directory, organisations, policies
from connector.domain.retention import Plan, Terms
from connector.settings import DestinationSettings, Settings


def retention_terms(settings: Settings) -> Terms:
    known = organisations(settings)
    plans = {name: (own.plan, settings.plans[own.plan]) for name, own in known.items() if own.plan in settings.plans}
    # What an organisation has written out itself is called so, as its deliveries do.
    own = {
        f"organisation:{name}": _deletes_expired(one.destination)
        for name, one in known.items()
        if isinstance(one.destination, DestinationSettings)
    }
    return Terms(
        plans={name: Plan(name=plan, most_days=said.max_retention_days) for name, (plan, said) in plans.items()},
        policies=policies(settings),
        directories={pbx: directory(settings, pbx) for pbx in settings.pbx},
        deletes_expired={name: _deletes_expired(one) for name, one in settings.destinations.items()} | own,
    )


def _deletes_expired(destination: DestinationSettings) -> bool:
    said = destination.delete_expired
    return destination.url.startswith("file://") if said is None else said
