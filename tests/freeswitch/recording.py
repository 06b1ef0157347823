"""Starting and stopping what uuid_record makes, with the answers and events of a real switch. Knows no socket.

Measured: `+OK Success` also for a start that is there already (without a second RECORD_START); the same path on
another leg is accepted; an unknown kind of file or a folder that cannot be made is `-ERR Cannot record session!`;
a relative path is put under the switch's own folder and can then be stopped only by `all`; RECORD_START carries the
duration variables of the recording before it; cause success-maxtime for a stop and for a limit alike, success-silence
for a hang-up; a file shorter than RECORD_MIN_SEC is deleted.
"""

import asyncio
import dataclasses
from typing import Final

from tests.freeswitch.exchange import Exchange
from tests.freeswitch.legs import Leg, Value
from tests.freeswitch.recorders import Recorder, Wish

OK: Final = "+OK Success\n"
REFUSED: Final = "-ERR Cannot record session!\n"


async def start(exchange: Exchange, leg: Leg, words: list[str]) -> str:
    """The answer to `uuid_record <uuid> start …`, words from the path on."""
    wish = Wish.of(words)
    if not wish.path.startswith("/"):
        wish = dataclasses.replace(wish, path=str(exchange.nature.recordings / "sounds" / wish.path))
    if wish.path in exchange.recorders.get(leg.uuid, {}):
        return OK
    if exchange.lies.tells("starts_refused"):
        return REFUSED
    if exchange.lies.tells("starts_without_record"):
        return OK
    if exchange.lies.record_start_delay_seconds:
        await asyncio.sleep(exchange.lies.record_start_delay_seconds)
    if not leg.is_alive or leg.hangup_cause:
        return REFUSED
    _pre_answer(exchange, leg)
    exchange.catch_up(leg)
    try:
        recorder = Recorder(leg, wish, exchange.disk, exchange.clock.frame, exchange.members)
    except OSError:
        return REFUSED
    exchange.recorders.setdefault(leg.uuid, {})[wish.path] = recorder
    exchange.fire_channel("RECORD_START", leg, _facts(recorder))
    return OK


def stop(exchange: Exchange, leg: Leg, path: str) -> str:
    if path == "all":
        stop_all(exchange, leg, "success-maxtime")
        return OK
    recorder = exchange.recorders.get(leg.uuid, {}).get(path)
    if recorder is None:
        return "-ERR Cannot stop record session!\n"
    end(exchange, recorder, "success-maxtime")
    return OK


def stop_all(exchange: Exchange, leg: Leg, cause: str) -> None:
    for recorder in list(exchange.recorders.get(leg.uuid, {}).values()):
        end(exchange, recorder, cause)


def change(exchange: Exchange, leg: Leg, action: str, path: str) -> str:
    """mask, unmask, pause, resume: no event tells of them."""
    recorder = exchange.recorders.get(leg.uuid, {}).get(path)
    if recorder is None:
        return f"-ERR Cannot {action} recording session!\n"
    exchange.catch_up(leg)
    if action in {"mask", "unmask"}:
        recorder.is_masked = action == "mask"
    else:
        recorder.is_paused = action == "pause"
    return OK


def end(exchange: Exchange, recorder: Recorder, cause: str) -> None:
    """Close the file, then tell of it."""
    leg = recorder.leg
    if not leg.hangup_cause:
        exchange.catch_up(leg)
    running = exchange.recorders.get(leg.uuid, {})
    running.pop(recorder.path, None)
    if not running:
        exchange.recorders.pop(leg.uuid, None)
    file = recorder.file
    file.close()
    if file.has_failed:
        cause = "uri-failure"
    elif not file.frames:
        cause = "empty-file"
    elif recorder.seconds < recorder.minimum_seconds:
        cause = "input-too-short"
    if cause in {"empty-file", "input-too-short"}:
        file.path.unlink(missing_ok=True)
        leg.variables["RECORD_DISCARDED"] = "true"
    leg.variables |= {
        "record_file_size": str(file.size_bytes),
        "record_samples": str(file.frames),
        "record_seconds": str(file.frames // recorder.rate),
        "record_ms": str(file.frames * 1000 // recorder.rate),
        "record_completion_cause": cause,
    }
    if not exchange.lies.tells("record_stops_dropped"):
        exchange.fire_channel("RECORD_STOP", leg, {**_facts(recorder), "Record-Completion-Cause": cause})


def listed(exchange: Exchange, leg: Leg) -> str:
    """uuid_buglist: neither the options nor the variables of a recording are there, only its path."""
    bugs = "".join(
        " <media-bug>\n  <function>session_record</function>\n"
        f"  <target>{path}</target>\n  <thread-locked>0</thread-locked>\n </media-bug>\n"
        for path in exchange.recorders.get(leg.uuid, {})
    )
    return f"<media-bugs>\n{bugs}</media-bugs>\n"


def _pre_answer(exchange: Exchange, leg: Leg) -> None:
    """Measured: a recorder makes early media of an unanswered leg, and ringing is recorded."""
    if leg.began_frame is None:
        leg.times["Channel-Progress-Media"] = exchange.clock.stamp()
        leg.answer_state = "early"
        leg.variables["endpoint_disposition"] = "EARLY MEDIA"
        leg.speak(exchange.clock.frame())
        exchange.fire_channel("CHANNEL_PROGRESS_MEDIA", leg)


def _facts(recorder: Recorder) -> dict[str, Value]:
    given: dict[str, Value] = {f"Recording-Variable-{name}": value for name, value in recorder.wish.variables.items()}
    return {"Record-File-Path": recorder.path, **given}
