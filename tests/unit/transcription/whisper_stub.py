"""A program that speaks as a process of Whisper's does, and does what the name of the sound tells it."""

import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any


def words(request: dict[str, Any]) -> dict[str, Any]:
    said = f"{request['language']}-{request['channel']['number']}"
    return {"words": [[said, 1.0, 1.5, 0.5], [str(os.getpid()), 2.0, 2.5, None]], "language": request["language"]}


def answer(request: dict[str, Any], habit: str) -> dict[str, Any]:
    match habit:
        case "killed":
            os.kill(os.getpid(), signal.SIGKILL)
        case "crashes":
            os.kill(os.getpid(), signal.SIGSEGV)
        case "leaves":
            sys.exit("out of paper")
        case "hangs":
            # Whoever waits for it at the other end of the pipe knows by this.
            Path(request["channel"]["path"]).write_bytes(b"!")
            time.sleep(1000)
        case "refuses":
            return {"error": "EngineRefused", "message": "not this one"}
        case "breaks":
            return {"error": "BrokenAudio", "message": "no such sound"}
        case "strange":
            return {"error": "SystemExit", "message": "?"}
        # The first channel says nothing.
        case "mute" if request["type"] == "LanguageWanted" and request["channel"]["number"] == 0:
            return {}
    if request["type"] == "LanguageWanted":
        return {"language": "fr", "language_confidence": 0.75}
    return words(request)


def main() -> None:
    for line in sys.stdin:
        request = json.loads(line)
        path = Path(request["channel"]["path"])
        with (path.parent / "log").open("a") as log:
            log.write(f"{request['type']} {path.name} {request['channel']['number']}\n")
        habit = path.stem.partition("-")[0]
        said = "{]" if habit == "babbles" else json.dumps(answer(request, habit))
        sys.stdout.write(f"{said}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
