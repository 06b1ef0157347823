"""Where the catalogue and the engine keep their rows, and where our own server is reached."""

from connector.settings import Settings


def catalogue_url(settings: Settings) -> str:
    return settings.catalogue.reveal() if settings.catalogue else f"sqlite:///{settings.state}/catalogue.db"


def engine_url(settings: Settings) -> str:
    """The engine's own store: SQLite of its own, or the catalogue's PostgreSQL when there is one."""
    if settings.engine is not None:
        return settings.engine.reveal()
    if settings.catalogue is not None and not settings.catalogue.reveal().startswith("sqlite"):
        return settings.catalogue.reveal()
    return f"sqlite:///{settings.state}/engine.db"


def public_url(settings: Settings) -> str:
    """Our HTTP server as links name it; without a word, as this machine itself reaches it."""
    scheme = "https" if settings.api.tls_certificate else "http"
    return settings.api.public_url or f"{scheme}://{settings.api.listen}"
