"""Free TCP ports on loopback that a server may keep over its restarts."""

import contextlib
import random
import socket
from typing import Final

#: Below those that the kernel gives away, so that no connection takes the port of a server that is down for a while.
#: In each thousand above 10000 the rigs of the PBXs listen on the first few.
_TAKEN_BELOW: Final = 100
_THOUSANDS: Final = range(10000, 32000, 1000)


def free_ports(count: int) -> list[int]:
    """That many different ones, all free at the same moment."""
    found: list[int] = []
    with contextlib.ExitStack() as held:
        for _ in range(1000):
            port = random.choice(_THOUSANDS) + random.randrange(_TAKEN_BELOW, 1000)
            probe = held.enter_context(socket.socket())
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            found.append(port)
            if len(found) == count:
                return found
    raise AssertionError(f"no {count} free ports between 10000 and 32000")
