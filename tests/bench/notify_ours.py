"""What sends notifications, in a process of its own, as the work role runs it: `notify_ours CATALOGUE ENDPOINTS`, the
latter JSON, addresses by name. Answers each line on standard input with its facts, as JSON; ends with its input.
"""

import asyncio
import base64
import json
import os
import re
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from connector.catalogue.store import Catalogue
from connector.domain.notification import Notification
from connector.domain.secret import Secret
from connector.network.clock import SystemClock
from connector.network.posting import HttpPoster
from connector.roles import logs
from connector.services.notifying import Notifying
from connector.settings import NotificationSettings


class NoLinks:
    """What is sent here holds none."""

    async def link(self, notification: Notification) -> str:
        raise NotImplementedError


async def send(url: str, addresses: Mapping[str, str]) -> None:
    logs.set_up("json", "info")
    secret = Secret("whsec_" + base64.b64encode(os.urandom(32)).decode())
    endpoints = {
        name: NotificationSettings(url=address, secret=secret, allow_private=("127.0.0.0/8",))
        for name, address in addresses.items()
    }
    clock, catalogue = SystemClock(), Catalogue.open(url)
    poster = HttpPoster(clock)
    notifying = Notifying(catalogue.notifications, poster, lambda: endpoints, NoLinks(), clock, "bench")
    try:
        async with asyncio.TaskGroup() as tasks:
            running = tasks.create_task(notifying.run())
            _say({"ready": True})
            while await asyncio.to_thread(sys.stdin.readline):
                report = await notifying.report()
                _say({"down": report.down, "delivered": report.delivered, **_process_facts()})
            running.cancel()
    finally:
        await poster.close()
        await catalogue.close()


def _process_facts() -> dict[str, float]:
    found = re.search(r"^VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text(encoding="ascii"), re.MULTILINE)
    return {"cpu_seconds": time.process_time(), "peak_megabytes": int(found[1]) / 1024 if found else 0.0}


def _say(what: Mapping[str, object]) -> None:
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


def main() -> None:
    url, endpoints = sys.argv[1:]
    asyncio.run(send(url, json.loads(endpoints)))


if __name__ == "__main__":
    main()
