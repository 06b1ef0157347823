"""The program of a process that listens: takes a request, does it, answers; ends when its parent is gone.

Standard input and output carry messages; whatever a library prints goes to standard error. Only what is raised on
purpose is answered: anything else ends the process, and the parent sees it.
"""

import os
import queue
import signal
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import Final

from connector.errors import ConnectorError, EngineRefused
from connector.transcription.listening import Listener
from connector.transcription.whisper_messages import ERRORS, Answer, LanguageWanted, Request, line_of, request_of

#: What is heard now or in a minute is all the same; calls are not.
NICENESS: Final = 10
#: When memory is short, the kernel takes this one before a recorder.
OOM_SCORE: Final = 800


def answered(listener: Listener, request: Request) -> Answer:
    try:
        if isinstance(request, LanguageWanted):
            return listener.language(request)
        return listener.words(request)
    except ConnectorError as error:
        name = type(error).__name__
        return Answer(error=name if name in ERRORS else EngineRefused.__name__, message=str(error))


def main() -> None:
    # The parent decides when to end, also when a terminal sends Ctrl-C to the whole group.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _stand_back()
    answers = os.dup(1)
    os.dup2(2, 1)
    requests: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(requests,), name="requests", daemon=True).start()
    listener = Listener()
    while True:
        _write(answers, line_of(answered(listener, request_of(requests.get()))))


def _stand_back() -> None:
    os.nice(NICENESS)
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text(str(OOM_SCORE), encoding="ascii")


def _listen(requests: "queue.SimpleQueue[bytes]") -> None:
    for line in sys.stdin.buffer:
        requests.put(line)
    # The parent is gone or wants no more, and nobody waits for what may be at hand.
    os._exit(0)


def _write(descriptor: int, content: bytes) -> None:
    while content:
        content = content[os.write(descriptor, content) :]


if __name__ == "__main__":
    main()
