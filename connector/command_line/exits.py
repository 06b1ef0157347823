"""Exit codes, as documented in --help and docs/command-line.md."""

from enum import IntEnum


class Exit(IntEnum):
    OK = 0
    #: It was tried and failed; the message says what to do.
    FAILED = 1
    #: The command line or the configuration is wrong.
    USAGE = 2
    NOT_FOUND = 3
    #: The catalogue, a PBX or a destination does not answer: try again.
    UNAVAILABLE = 4
    INTERRUPTED = 130
