"""How long a request to a store may take, from how many bytes it moves. Pure."""

from dataclasses import dataclass

#: From the last byte that we gave to the kernel, not that the store got: on a slow line much is still on its way then.
READ_SECONDS = 120.0


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeLimits:
    #: To connect, to be tried again by the client, and to be answered.
    answer_seconds: float = 30.0
    #: A line slower than this is taken for dead.
    slowest_bytes_per_second: float = 64 * 1024
    #: Google says that joining the parts "can take several minutes".
    complete_seconds: float = 300.0

    def for_bytes(self, size_bytes: int) -> float:
        return self.answer_seconds + size_bytes / self.slowest_bytes_per_second


LIMITS = TimeLimits()

COMPLETE_SECONDS = LIMITS.complete_seconds


def seconds_for(size_bytes: int) -> float:
    return LIMITS.for_bytes(size_bytes)
