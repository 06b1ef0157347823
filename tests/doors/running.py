"""Runs a client of another service in its own language; and the requests that its pages show, as a shell would."""

import json
import os
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

CLIENTS = Path(__file__).parent / "clients"
FIXTURES = Path(__file__).parents[1] / "fixtures" / "doors"
PROGRAMS = {".sh": "bash", ".mjs": "node", ".py": sys.executable}

#: What in the documented requests a client changes, and nothing else: the address and the key.
_ADDRESSES = (
    "https://api.osmtalk.com",
    "https://sa.dialgen.ai",
    "https://api.krosai.com",
)
_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))
_KEYS = ("YOUR_API_KEY", "kros_live_your_key")


def client(name: str, *words: str | Path, **environment: str) -> str:
    """What it writes."""
    path = CLIENTS / name
    return _ran([PROGRAMS[path.suffix], str(path), *map(str, words)], environment)


def documented(name: str, url: str, key: str) -> tuple[int, Any]:
    """The status and the body that a documented curl command gets."""
    command = (FIXTURES / name).read_text().rstrip("\n")
    assert sum(command.count(address) for address in _ADDRESSES) == 1
    for address in _ADDRESSES:
        command = command.replace(address, url)
    for placeholder in _KEYS:
        command = command.replace(placeholder, key)
    # curl is what every page shows; how it tells us the status is ours.
    said = _ran(
        ["bash", "-c", f"{command} --silent --show-error --write-out '\\n%{{http_code}}'"], {"OSMTALK_API_KEY": key}
    )
    body, _, status = said.rpartition("\n")
    return int(status), json.loads(body) if body else None


def asked(url: str, key: str, method: str = "GET") -> tuple[int, Any]:
    """The status and the body that whoever has that key gets."""
    status, content = got(urllib.request.Request(url, method=method, headers={"Authorization": f"Bearer {key}"}))
    return status, json.loads(content or b"null")


def got(wanted: urllib.request.Request | str) -> tuple[int, bytes]:
    try:
        with _OPENER.open(wanted) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as refusal:
        with refusal:
            return refusal.code, refusal.read()


def fixture(name: str) -> Any:
    return json.loads((FIXTURES / name).read_text())


def is_shaped_like(answer: object, shown: object) -> bool:
    """Whether everything that is shown is there, in the same form; more may be."""
    if isinstance(shown, dict):
        return isinstance(answer, dict) and all(
            name in answer and is_shaped_like(answer[name], value) for name, value in shown.items()
        )
    if isinstance(shown, list):
        return isinstance(answer, list) and all(is_shaped_like(one, shown[0]) for one in answer)
    if isinstance(shown, bool) or isinstance(answer, bool):
        return isinstance(answer, bool) and isinstance(shown, bool)
    return isinstance(answer, int | float) if isinstance(shown, int | float) else type(answer) is type(shown)


def _ran(command: list[str], environment: dict[str, str]) -> str:
    # No proxy of this machine's stands between a client and a server beside it.
    cleared = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    done = subprocess.run(command, env=cleared | environment, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout
