"""What a field of the settings tells the reader of the configuration and its reference."""

from typing import Any


def said(doc: str, **facts: Any) -> dict[str, Any]:
    """What the generated reference says of a field; besides it, for the reader:

    key = its name in the file · read = how its text is read · form = a form of text by name (config.values) · words =
    the words allowed · least = the smallest number · named = the section whose names it may hold · port, tls_port = an
    endpoint's own · rest = takes every other key · flat = recording options stand beside the other keys ·
    hidden = no key of the file: settings by API lay it there
    """
    return {"doc": doc, **facts}
