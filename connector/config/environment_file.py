"""The file `environment` beside the configuration: what systemd gives the service, for commands by hand and containers.

Knows the lines of such files; nothing of what the variables are for.
"""

import re
from collections.abc import MutableMapping
from pathlib import Path

NAME = "environment"
_LINE = re.compile(r"\s*([A-Za-z_][A-Za-z0-9_]*)\s*=\s*(.*?)\s*")
_ESCAPED_IN_QUOTES = re.compile(r'\\(["\\`$])')
_ESCAPED = re.compile(r"\\(.)")


def add_variables(config: Path, environment: MutableMapping[str, str]) -> None:
    """What is set already stays: so systemd's own reading, and whoever sets a variable by hand, come first. A file that
    we may not read is none: the service has been given its variables by then."""
    try:
        text = config.with_name(NAME).read_text(encoding="utf-8", errors="surrogateescape")
    except (OSError, ValueError):
        return
    for name, value in _variables(text).items():
        environment.setdefault(name, value)


def _variables(text: str) -> dict[str, str]:
    """As systemd reads them, one a line: no variable in a value is put in, and nothing is carried out."""
    lines = (_LINE.fullmatch(line) for line in text.splitlines())
    return {found[1]: _plain(found[2]) for found in lines if found}


def _plain(value: str) -> str:
    if len(value) > 1 and value[0] == value[-1] == "'":
        return value[1:-1]
    if len(value) > 1 and value[0] == value[-1] == '"':
        return _ESCAPED_IN_QUOTES.sub(r"\1", value[1:-1])
    return _ESCAPED.sub(r"\1", value)
