"""What every database and every file can hold. Pure."""

import re

#: What PostgreSQL's text or UTF-8 cannot.
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def storable(text: str) -> str:
    """Without what cannot be kept: callers and PBXs send what they like."""
    return _UNSTORABLE.sub("\ufffd", text)
