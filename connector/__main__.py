"""The command `callreel`. What a command needs is imported when it runs, and no sooner."""

import sys

from connector.command_line.parser import run


def main() -> None:
    """Run the command that the arguments name, and leave with its exit code."""
    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
