"""From the configuration to what health shows of it: PBXs, destinations and folders, of the house or of one
organisation."""

from pathlib import Path
from urllib.parse import urlsplit

from connector.config.addresses import folder_of
from connector.config.house_rules import destination_names, organisations
from connector.roles.adapters import spool_folder
from connector.roles.destinations import all_destinations, own_destination
from connector.services.house_health import Equipment
from connector.settings import DestinationSettings, PbxSettings, Settings

_FILE = "file"


def equipment(settings: Settings, organisation: str | None) -> Equipment:
    """An organisation's own: PBXs when there is no other organisation, and the destinations that are written out for
    it, name it, or take its recordings. Disks are the house's."""
    everywhere = all_destinations(settings)
    if organisation is None:
        return Equipment(
            node=settings.node,
            pbxs={name: _kind(pbx) for name, pbx in settings.pbx.items()},
            destinations={name: _scheme(one) for name, one in everywhere.items()},
            folders=_folders(settings, everywhere),
        )
    is_alone = set(organisations(settings)) == {organisation}
    own = {own_destination(organisation), *destination_names(settings, organisation)}
    return Equipment(
        node=settings.node,
        pbxs={name: _kind(pbx) for name, pbx in settings.pbx.items()} if is_alone else {},
        destinations={
            name: _scheme(one) for name, one in everywhere.items() if name in own or organisation in one.organisations
        },
    )


def _kind(pbx: PbxSettings) -> str:
    return next(kind for kind in ("asterisk", "freeswitch", "scripted") if getattr(pbx, kind) is not None)


def _scheme(destination: DestinationSettings) -> str:
    return urlsplit(destination.url).scheme


def _folders(settings: Settings, destinations: dict[str, DestinationSettings]) -> dict[str, Path]:
    found = {"state folder": Path(settings.state)}
    found |= {f"spool of {name}": spool_folder(pbx) for name, pbx in settings.pbx.items()}
    return found | {
        f"destination {name}": Path(folder_of(one.url)) for name, one in destinations.items() if _scheme(one) == _FILE
    }
