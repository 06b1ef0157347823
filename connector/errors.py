"""Every exception raised on purpose, named for the broken promise and whose fault it is.

The message says what broke, which one, and what to do. Foreign exceptions become one of these at the adapter.
"""


class ConnectorError(Exception):
    """The common root; nothing raises it itself."""


class ConfigError(ConnectorError):
    """The operator's file or environment is wrong: refuse to start (or keep the configuration that runs)."""


class DestinationRefused(ConnectorError):
    """The destination said no for good (rights, name, missing folder): somebody has to mend it."""


class NotAllowed(DestinationRefused):
    """The key may not do this, and perhaps is not meant to: one that may only write is enough to store."""


class DestinationUnreachable(ConnectorError):
    """The destination does not answer now, or has no room: try again later."""

    def __init__(self, *said: object, retry_after_seconds: float | None = None) -> None:
        super().__init__(*said)
        #: How long it asked to be left alone; None when it did not say.
        self.retry_after_seconds = retry_after_seconds


class ObjectExists(DestinationRefused):
    """Another's object has that name already: choose the next suffix."""


class PbxUnreachable(ConnectorError):
    """The PBX does not answer: connect again with back-off."""


class PbxRefused(ConnectorError):
    """The PBX answered no: this one capture failed."""


class BrokenAudio(ConnectorError):
    """A source file is no sound that can be read: keep it, name it, ship the rest."""


class SourceMissing(ConnectorError):
    """A file that the PBX wrote is not where it was."""


class EngineRefused(ConnectorError):
    """A speech engine cannot hear this, or not in that language, or takes no more of us: somebody has to mend it."""


class EngineUnreachable(ConnectorError):
    """A speech engine does not answer now, or is busy: try again later."""

    def __init__(self, *said: object, retry_after_seconds: float | None = None) -> None:
        super().__init__(*said)
        #: How long it asked to be left alone; None when it did not say.
        self.retry_after_seconds = retry_after_seconds


class NoRoom(ConnectorError):
    """Our own disk is full: keep the sources, try again when there is space."""


class CatalogueUnavailable(ConnectorError):
    """The catalogue is locked, absent or full: keep the journal, try again."""


class CatalogueMismatch(ConnectorError):
    """The catalogue's schema is not the one this version works with."""


class SecretLost(ConnectorError):
    """A secret that was kept cannot be had again: unknown, or sealed with a key that is not ours."""


class EndpointUnreachable(ConnectorError):
    """A callback's server does not answer, or not in time: try again later."""


class AddressForbidden(ConnectorError):
    """An address that leads where nobody allowed us to go: a private network, the machine itself."""


class LinkRefused(ConnectorError):
    """An address that nobody may fetch: not signed by us, or not for this long."""


class BackupRefused(ConnectorError):
    """A backup that is not whole, cannot be made here, or would overwrite what is in use."""


class UnknownWork(ConnectorError):
    """Work of a kind that this version has no plan for."""


class EngineStopped(ConnectorError):
    """The engine is not running (yet, or any more): it takes no work."""


class NodeInUse(ConnectorError):
    """Another live process works under this node's name."""


class FolderInUse(ConnectorError):
    """Another capture holds this state folder."""


class NotFound(ConnectorError):
    """What somebody named does not exist."""


class KeyRefused(ConnectorError):
    """A request without a key, or with one that is none (any more)."""


class SessionOver(KeyRefused):
    """A session of the web page that has ended, or whose key has: whoever carries it is to forget it."""


class NotPermitted(ConnectorError):
    """Who asks is known, and may not do this."""


class TooManyRequests(ConnectorError):
    """Who asks has asked too often: later again."""

    def __init__(self, *said: object, retry_after_seconds: float) -> None:
        super().__init__(*said)
        self.retry_after_seconds = retry_after_seconds


class BadRequest(ConnectorError):
    """What was asked cannot be understood or is not allowed to be wished: the message says what to write instead."""

    def __init__(self, *said: object, pointer: str = "") -> None:
        super().__init__(*said)
        #: Where in the body, as a JSON pointer; or the parameter's name.
        self.pointer = pointer


class Conflict(ConnectorError):
    """What was asked does not go together with what is: it runs already, it has ended, its name is taken."""


class NoLongerThere(ConnectorError):
    """It was there once: its time was over, or somebody had it removed."""


class OnHold(ConnectorError):
    """A legal hold keeps it: no user and no job removes it before two have released it."""


class IllegalTransition(ConnectorError):
    """An event that the present state does not allow: our bug, or a late event. Nothing was changed."""


class IllegalInstruction(ConnectorError):
    """Recording options or an instruction that cannot be obeyed as written."""


PASSING = (
    DestinationUnreachable,
    EndpointUnreachable,
    EngineUnreachable,
    PbxUnreachable,
    NoRoom,
    CatalogueUnavailable,
)


def is_passing(error: BaseException) -> bool:
    """Whether trying the same again later can succeed without anybody mending anything."""
    return isinstance(error, (*PASSING, TimeoutError))
