"""The tables from what the configuration says to the adapter that does it: PBXs and segment sources.

Loads an adapter when it is asked for, so that a role holds only what it uses.
"""

from pathlib import Path

from connector.errors import ConfigError
from connector.network.clock import SystemClock
from connector.ports.left_behind import LeftBehind
from connector.ports.pbx import Pbx
from connector.ports.segment_source import SegmentSource
from connector.settings import AsteriskSettings, PbxSettings

#: By the ending Asterisk knows the format: wideband is .wav16 where .wav was asked for.
_ENDINGS = (".wav16",)


def pbx_driver(name: str, settings: PbxSettings, clock: SystemClock, variables: frozenset[str] = frozenset()) -> Pbx:
    """What speaks with that PBX; it tells of those channel variables, and of our own."""
    if settings.scripted is not None:
        from connector.pbx.scripted.driver import ScriptedPbx

        return ScriptedPbx(name, Path(settings.scripted.socket), clock=clock)
    if settings.asterisk is not None:
        from connector.pbx.asterisk.driver import AsteriskPbx

        return AsteriskPbx(name, settings.asterisk, clock=clock, variables=variables)
    assert settings.freeswitch is not None
    from connector.pbx.freeswitch.driver import FreeSwitchPbx

    return FreeSwitchPbx(name, settings.freeswitch, clock=clock, variables=variables)


def segment_source(name: str, settings: PbxSettings, state: Path, clock: SystemClock) -> SegmentSource:
    """Where that PBX's files are found; what has to be fetched is kept in the state folder."""
    if settings.asterisk is not None and settings.asterisk.files == "ari":
        return _fetched(name, settings.asterisk, state / "fetched" / name, clock)
    from connector.pbx.spool import SpoolFolder

    return SpoolFolder(spool_folder(settings), endings=_ENDINGS if settings.asterisk is not None else ())


def spool_folder(settings: PbxSettings) -> Path:
    """Where the PBX writes, as it names it itself."""
    kinds = (settings.scripted, settings.asterisk, settings.freeswitch)
    return Path(next(kind.spool for kind in kinds if kind is not None))


def left_behind(settings: PbxSettings, source: SegmentSource, clock: SystemClock) -> LeftBehind | None:
    """What finds files of the dialplan's own recorders; None where there are none."""
    if settings.asterisk is None:
        return None
    from connector.pbx.asterisk.left_behind import LeftByDialplan

    shared = Path(settings.asterisk.spool) if settings.asterisk.files == "shared" else None
    return LeftByDialplan(source, shared, clock)


def _fetched(name: str, settings: AsteriskSettings, folder: Path, clock: SystemClock) -> SegmentSource:
    if settings.ari is None:
        raise ConfigError(f'pbx.{name}.asterisk: files: ari needs the address of ARI: write ari: "user:password@host"')
    from connector.pbx.asterisk.ari import Ari
    from connector.pbx.asterisk.ari_files import AriSpool, folder_below_recordings

    ari = Ari(name, settings.ari, ca=settings.ca, clock=clock)
    return AriSpool(ari, folder, below=folder_below_recordings(settings.spool), endings=_ENDINGS)
