"""Debian's nginx with a configuration of ours, on a port of its own: it serves a folder, and stands before callreel.

What stands before callreel is as docs/api.md says. Measures nothing.
"""

import os
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Final

from .daemon import Running, free_port, wait_until

#: Where nginx has callreel's folders.
HAND_OVER: Final = "/callreel-files/"
#: Where whoever likes may read the same files.
AS_IT_IS: Final = "/files-as-they-are/"
_START_SECONDS: Final = 10.0

_CONFIGURATION: Final = """
daemon off;
{user}
worker_processes auto;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 768; }}
http {{
    sendfile on;
    tcp_nopush on;
    default_type audio/wav;
    keepalive_requests 1000000;
    access_log {folder}/access.log;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{
        listen 127.0.0.1:{port};

        location {as_it_is} {{
            alias {archive}/;
        }}

        location / {{
            proxy_pass http://127.0.0.1:{callreel};
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_set_header Host $host;
            proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
            proxy_set_header X-Forwarded-Proto $scheme;
        }}

        location {hand_over}{destination}/ {{
            internal;
            alias {archive}/;
        }}
    }}
}}
"""


@dataclass(frozen=True, slots=True)
class Nginx:
    running: Running
    port: int


@contextmanager
def nginx(program: str, folder: Path, *, archive: Path, destination: str, callreel: int) -> Iterator[Nginx]:
    """From when it listens; `callreel` is the port of who is behind it."""
    folder.mkdir()
    port = free_port()
    configuration = folder / "nginx.conf"
    configuration.write_text(
        _CONFIGURATION.format(
            # Else its workers are another user's, who may not read our folder.
            user="user root;" if os.geteuid() == 0 else "",
            folder=folder,
            port=port,
            archive=archive,
            callreel=callreel,
            hand_over=HAND_OVER,
            as_it_is=AS_IT_IS,
            destination=destination,
        ),
        encoding="utf-8",
    )
    process = subprocess.Popen(
        [program, "-p", folder, "-c", configuration, "-e", folder / "error.log"], stdin=subprocess.DEVNULL
    )
    running = Running(process, "nginx")
    try:
        wait_until(lambda: _answers(port), _START_SECONDS, "nginx")
        yield Nginx(running, port)
    finally:
        running.end()


def _answers(port: int) -> bool:
    with suppress(OSError), closing(HTTPConnection("127.0.0.1", port, timeout=_START_SECONDS)) as connection:
        connection.request("GET", f"{AS_IT_IS}none")
        return connection.getresponse().status == 404
    return False
