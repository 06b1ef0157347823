"""What may stand for a value: variables of the environment, secrets elsewhere, yes and no.

Raises ValueError with what to do, and never repeats what may be a secret.
"""

import os
import re
import stat
from collections.abc import Mapping
from pathlib import Path

from connector.domain.secret import Secret

_VARIABLE = re.compile(r"\$(\$?)\{([^}]*)\}")
_TRUE, _FALSE = frozenset({"yes", "true", "on"}), frozenset({"no", "false", "off"})


def expanded(text: str, environment: Mapping[str, str]) -> str:
    """${NAME} from the environment; $${NAME} stands for ${NAME} itself."""

    def value(found: re.Match[str]) -> str:
        escape, name = found[1], found[2]
        if escape:
            return found[0][1:]
        if name not in environment:
            set_it = f"write {name}=… into the file `environment` beside this one"
            or_else = f"or $${{{name}}} where this very text is meant"
            raise ValueError(f"the environment variable {name} is not set: {set_it}, {or_else}")
        return environment[name]

    return _VARIABLE.sub(value, text)


def secret_of_variable(name: str, environment: Mapping[str, str]) -> Secret:
    if not environment.get(name):
        raise ValueError(f"the environment variable {name} is not set")
    return Secret(environment[name])


def secret_of_file(name: str, base: Path) -> Secret:
    """The file's text without the line's end; refused when others than its owner and his group may read it."""
    path = base / name
    try:
        facts = path.stat()
        text = path.read_text(encoding="utf-8").rstrip("\r\n")
    except OSError as error:
        raise ValueError(f"the secret file {path} cannot be read ({error.strerror})") from None
    except UnicodeDecodeError:
        raise ValueError(f"the secret file {path} is no text in UTF-8") from None
    _refuse_open(path, facts)
    if not text:
        raise ValueError(f"the secret file {path} is empty")
    return Secret(text)


def _refuse_open(path: Path, facts: os.stat_result) -> None:
    if facts.st_mode & (stat.S_IRWXO | stat.S_IWGRP):
        raise ValueError(f"the secret file {path} is open to others: chmod 640 {path}")
    if facts.st_mode & stat.S_IRGRP and facts.st_gid not in {os.getegid(), *os.getgroups()}:
        raise ValueError(f"the secret file {path} is open to a group that we are not in: chmod 600 {path}")


def boolean(text: str) -> bool:
    if text.lower() not in _TRUE | _FALSE:
        raise ValueError(f"{text!r} is neither yes nor no")
    return text.lower() in _TRUE
