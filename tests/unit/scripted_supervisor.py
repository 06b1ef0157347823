"""A real supervisor over scripted roles: `FOLDER PATIENCE-AS-JSON "NAME HABIT…" …`."""

import json
import sys
from pathlib import Path

from connector.supervisor import Patience, RoleCommand, supervise


def command(words: str) -> RoleCommand:
    name, *habits = words.split()
    argv = (sys.executable, "-m", "tests.unit.scripted_role", name, *habits)
    return RoleCommand(role=name, argv=argv, niceness=4 if "modest" in habits else 0)


if __name__ == "__main__":
    folder, patience, *roles = sys.argv[1:]
    sys.exit(supervise([command(role) for role in roles], Path(folder), Patience(**json.loads(patience))))
