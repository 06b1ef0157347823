"""By which names an organisation is called from outside. Knows the configuration, no call."""

from collections.abc import Callable

from connector.settings import OrganisationsSettings


class OrganisationNames:
    def __init__(self, organisations: Callable[[], OrganisationsSettings]) -> None:
        """`organisations`: as the configuration has them now."""
        self._organisations = organisations

    def is_organisation(self, organisation: str, said: str) -> bool:
        """Its name, or what else means it. Where none is configured there is only one, whatever it is called."""
        known = self._organisations().known
        if not known:
            return True
        found = known.get(organisation)
        further = found.match if found is not None else ()
        return said == organisation or said.casefold() in {one.casefold() for one in further}
