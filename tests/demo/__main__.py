"""The main job from nothing: a call is placed, recorded, made stereo and stored, and each step is shown."""

import argparse
import json
import os
import select
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Final, NoReturn

from tests.demo.exchange import Exchange, ExchangeFailed, found_asterisk, real_exchange, scripted_exchange
from tests.demo.house import DemoFailed, House, new_folder
from tests.demo.pbx import CALLER, PAUSE_SECONDS
from tests.demo.picture import picture
from tests.demo.proof import Proof, proof
from tests.demo.steps import AVAILABLE, CONNECTED, TRANSCRIBED, UNHEARD, Step, steps
from tests.pbx.asterisk import NoAsterisk

_PATIENCE_SECONDS: Final = 60.0


def main() -> int:
    options = _parsed()
    signal.signal(signal.SIGTERM, _interrupted)
    try:
        folder = new_folder(options.folder)
        _say(f"Everything that this demo writes lies in {folder}")
        with _exchange(folder, options) as exchange:
            _say(f"The PBX: {exchange.name}.")
            house = House(folder, exchange, is_heard=options.transcript)
            with house.opened():
                _say(f"`callreel run --config {house.config}` starts, with this configuration:\n")
                _say("".join(f"    {line}\n" for line in house.settings.splitlines()))
                _show(house, options)
    except (DemoFailed, ExchangeFailed) as error:
        _say(f"\nThe demo failed: {error}")
        return 1
    except KeyboardInterrupt:
        _say("\nGood-bye. All processes have left; the folder stays until you remove it.")
        return 0 if not options.once else 130
    return 0


def _exchange(folder: Path, options: argparse.Namespace) -> AbstractContextManager[Exchange]:
    """A real Asterisk where Debian's packages can be had, unless the scripted PBX is wanted."""
    if not options.scripted:
        _say("Asterisk comes from Debian's packages into .cache/asterisk, which takes a while the first time.")
        try:
            return real_exchange(found_asterisk(folder), folder)
        except NoAsterisk as error:
            _say(f"The scripted PBX takes the place of a real Asterisk here: {error}.")
    return scripted_exchange(folder, once=options.once)


def _show(house: House, options: argparse.Namespace) -> None:
    is_first = True
    for recording in _recordings(house):
        recording["pbx"] = house.exchange.name
        proven = _proven(house, recording) if recording["from_number"] == CALLER else None
        if options.json:
            _print(json.dumps(recording, ensure_ascii=False, indent=2))
        else:
            _print(_in_words(recording, proven))
        if options.once:
            return
        if is_first:
            _say(_what_next(house))
        _say(_next_call(house.exchange))
        is_first = False


def _recordings(house: House) -> Iterator[dict[str, Any]]:
    """Each recording when it is available; what happens until then is said. The first one must come in time."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    is_awaited = True
    wanted = {AVAILABLE, TRANSCRIBED} if house.is_heard else {AVAILABLE}
    #: By recording.
    missing: dict[str, set[str]] = {}
    for step in steps([house.log, house.players_log], house.check):
        if step is None:
            if is_awaited and time.monotonic() > deadline:
                raise DemoFailed(f"no recording within {_PATIENCE_SECONDS:.0f} s. {house.last_lines()}")
            if not is_awaited and _enter_was_pressed():
                house.place_call()
            continue
        _tell(step)
        if step.event == CONNECTED and is_awaited:
            house.place_call()
        elif step.event == UNHEARD and house.is_heard:
            raise DemoFailed(step.trouble)
        elif step.event in wanted:
            wanted_of = missing.setdefault(step.recording_id, set(wanted))
            wanted_of.discard(step.event)
            if not wanted_of:
                yield _recording(house, step.recording_id)
                is_awaited = False


def _recording(house: House, id: str) -> dict[str, Any]:
    said = {"transcript": house.transcript(id)} if house.is_heard else {}
    return house.recording(id) | said


def _tell(step: Step) -> None:
    if step.words:
        _say(f"  {time.strftime('%H:%M:%S')}  {step.words}")


def _proven(house: House, recording: dict[str, Any]) -> Proof:
    """What was heard left and right; raises DemoFailed when it is not all of the right people and nothing else."""
    found = proof(house.exchange, _file(recording, "stereo"))
    if not found.holds:
        raise DemoFailed(f"the recording is not what was said:\n{found.in_words}\n  {_file(recording, 'stereo')}")
    recording["proof"] = found.as_json()
    return found


def _in_words(recording: dict[str, Any], proven: Proof | None) -> str:
    files = "\n".join(
        f"    {file['kind']:7} {file['path']}\n            sha256 {file['sha256']}" for file in recording["files"]
    )
    labels = ", ".join(f"{label['index']} = {label['role']} {label['party']}" for label in recording["channels"])
    seconds = recording["duration_seconds"]
    return f"""
{picture(_file(recording, "stereo"))}

{proven.in_words if proven else "  Your own call: what you said is on the left, the agent on the right."}

{_said(recording)}  recording {recording["id"]}, {recording["state"]}, {seconds:.2f} s, channels {labels}
{files}
"""


def _said(recording: dict[str, Any]) -> str:
    lines = recording.get("transcript", ())
    return "".join(f"  {line}\n" for line in lines) + ("\n" if lines else "")


def _what_next(house: House) -> str:
    callreel = f"{Path(sys.executable).parent}/callreel"
    return f"""  See:     http://{house.exchange.address}/ in a browser on this machine; sign in with the key
           {house.key()}
  Listen:  any player opens these files, for example  ffplay -nodisp -autoexit FILE  or  play FILE
  Ask:     {callreel} recordings list --config {house.config}
           {callreel} recordings verify --config {house.config}
           {callreel} doctor --config {house.config}
           curl -H "x-api-key: KEY" http://{house.exchange.address}/v1/calls
  Read:    {house.config}, {house.log}
"""


def _next_call(exchange: Exchange) -> str:
    if not exchange.obeys:
        return f"The next call comes {PAUSE_SECONDS:.0f} s after the last one began. Ctrl-C ends the demo.\n"
    enter = "press Enter, or " if sys.stdin.isatty() else ""
    return f"  Another: {enter}{exchange.invitation}\n\nIt stays up. Ctrl-C ends the demo.\n"


def _enter_was_pressed() -> bool:
    # Whoever runs it in the background types for another program.
    if not sys.stdin.isatty() or os.tcgetpgrp(sys.stdin.fileno()) != os.getpgrp():
        return False
    return bool(select.select([sys.stdin], [], [], 0)[0]) and bool(sys.stdin.readline())


def _file(recording: dict[str, Any], kind: str) -> Path:
    return next(Path(file["path"]) for file in recording["files"] if file["kind"] == kind)


def _parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/demo", description=__doc__)
    parser.add_argument("--once", action="store_true", help="one call, then the end; otherwise until Ctrl-C")
    parser.add_argument("--json", action="store_true", help="each recording as JSON on standard output, nothing else")
    parser.add_argument("--folder", type=Path, help="where everything is written: a new or empty folder")
    parser.add_argument("--scripted", action="store_true", help="no Asterisk, but the PBX that plays calls by itself")
    parser.add_argument(
        "--transcript", action="store_true", help="also who said what: Whisper hears it here, which takes 400 MB"
    )
    return parser.parse_args()


def _interrupted(_number: int, _frame: object) -> NoReturn:
    raise KeyboardInterrupt


def _print(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _say(text: str) -> None:
    """What happens; standard output is for what came of it."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main())
