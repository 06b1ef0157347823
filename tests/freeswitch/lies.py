"""What a test may make the switch say though it is not so, and what it may keep from happening. Pure.

Counts are used up one by one; -1 means: from now on always.
"""

from dataclasses import dataclass, field


@dataclass(eq=False, slots=True)
class Lies:
    #: bgapi is accepted, and its BACKGROUND_JOB never comes.
    jobs_dropped: int = 0
    #: `uuid_record … start` is answered `+OK Success`, and nothing is recorded: no RECORD_START.
    starts_without_record: int = 0
    #: `uuid_record … start` is answered `-ERR Cannot record session!`.
    starts_refused: int = 0
    #: `api` is carried out, and its reply never comes.
    replies_dropped: int = 0
    #: RECORD_STOP never comes, though the recording ends.
    record_stops_dropped: int = 0
    #: Events of these names never come.
    events_dropped: set[str] = field(default_factory=set)
    #: Between the command and the first sample and RECORD_START.
    record_start_delay_seconds: float = 0.0
    #: Before each api command is carried out.
    api_delay_seconds: float = 0.0
    #: Modules that `module_exists` denies.
    missing_modules: set[str] = field(default_factory=set)

    def tells(self, name: str) -> bool:
        """Whether this one is due; uses it up."""
        left: int = getattr(self, name)
        if left > 0:
            setattr(self, name, left - 1)
        return left != 0
