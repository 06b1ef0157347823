"""Conferences: who is in, what is recorded of them, and what mod_conference says of it. Knows no socket.

Measured, and imitated here: conference-create comes before there is a member; the mix is mono; `start` is answered
`+OK Record file <path>` even where no file can be opened, and then start-recording and stop-recording with
Samples-Out 0 come; `stop` always counts 0 files; when the last member leaves: del-member with size 0, then
stop-recording, then conference-destroy; the recording does not keep the room alive.
"""

import itertools
import json
import time
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tests.freeswitch import headers, sound
from tests.freeswitch.legs import Leg, Value
from tests.freeswitch.voices import mixed, silence
from tests.freeswitch.wav_file import KNOWN_EXTENSIONS, Disk, WavFile

SUBCLASS: Final = "conference::maintenance"
_FILES: Final = {"add-member": "conference_member.c", "del-member": "conference_member.c"}

#: Fires a CUSTOM event with these headers.
Fire = Callable[[Mapping[str, Value], tuple[str, str, int]], None]


@dataclass(eq=False, slots=True)
class Member:
    leg: Leg
    number: int
    joined: float = field(default_factory=time.time)


@dataclass(eq=False, slots=True)
class Mix:
    """A recording of the room."""

    path: str
    #: None when it could not be opened.
    file: WavFile | None
    frame: int
    is_paused: bool = False
    joined: float = field(default_factory=time.time)


class Conference:
    _numbers = itertools.count(1)

    def __init__(self, name: str, disk: Disk, fire: Fire, *, profile: str = "default", rate: int = 8000) -> None:
        self.name, self.profile, self.rate = name, profile, rate
        self.uuid = str(uuid.uuid4())
        self.members: dict[str, Member] = {}
        self.mixes: dict[str, Mix] = {}
        self._disk, self._fire = disk, fire
        self._began = time.time()
        self.tell("conference-create")

    def legs(self) -> list[Leg]:
        return [member.leg for member in self.members.values()]

    def enter(self, leg: Leg) -> None:
        self.members[leg.uuid] = member = Member(leg, next(self._numbers))
        leg.conference = self.name
        self.tell_of("add-member", member)

    def leave(self, leg: Leg) -> None:
        member = self.members.pop(leg.uuid)
        leg.conference = ""
        self.tell_of("del-member", member)

    # --- recording ------------------------------------------------------------------------------------------------

    def start(self, path: str, frame: int) -> str:
        if path in self.mixes:
            return f"-ERR file [{path}] is already being used for recording.\n"
        try:
            file = self._opened(path)
        except OSError:
            file = None
        self.mixes[path] = Mix(path, file, frame)
        return f"+OK Record file {path}\n"

    def started(self, path: str) -> None:
        """What comes after the answer."""
        mix = self.mixes.get(path)
        if mix is None:
            return
        wrong: dict[str, Value] = {} if mix.file else {"Error": "File could not be opened for recording"}
        self.tell("start-recording", {"Path": path, **wrong})
        if mix.file is None:
            self.stopped(path)

    def stop(self, path: str) -> str:
        """The answer; `stopped` does it."""
        if path == "all":
            said = "".join(f"Stopped recording file {known}\n" for known in self.mixes)
        elif path in self.mixes:
            said = f"Stopped recording file {path}\n"
        else:
            said = f"-ERR non-existant recording '{path}'\n"
        return f"{said}+OK Stopped recording 0 files\n"

    def stopped(self, path: str) -> None:
        mix = self.mixes.pop(path)
        samples, size = 0, 0
        if mix.file is not None:
            mix.file.close()
            samples, size = mix.file.frames, mix.file.size_bytes
        self.tell(
            "stop-recording",
            {
                "Path": path,
                "Other-Recordings": "true" if self.mixes else "false",
                "Samples-Out": str(samples),
                "Samplerate": str(self.rate),
                "Milliseconds-Elapsed": str(samples * 1000 // self.rate),
                "Record-File-Size": str(size),
            },
        )

    def pause(self, path: str, action: str) -> str:
        """Measured: an unknown path gets both a `+OK` and an `-ERR` in one body."""
        said = f"+OK {action.capitalize()} recording file {path}\n"
        mix = self.mixes.get(path)
        if mix is None:
            return f"{said}-ERR non-existant recording '{path}'\n"
        mix.is_paused = action == "pause"
        self.tell(f"{action}-recording", {"Path": path, "Other-Recordings": "true"})
        return said

    def check(self) -> str:
        if not self.mixes:
            return "-ERR Conference is not being recorded.\n"
        return "".join(f"+OK Record file {path}\n" for path in self.mixes)

    def advance(self, frame: int) -> None:
        for mix in self.mixes.values():
            count, first, mix.frame = frame - mix.frame, mix.frame, frame
            if count > 0 and mix.file is not None and not mix.is_paused:
                said = [sound.says(leg, first, count, self.rate) for leg in self.legs() if leg.is_reading]
                mix.file.write((mixed(*said) if said else silence(count, self.rate)).tobytes())

    def abandon(self) -> None:
        for mix in self.mixes.values():
            if mix.file is not None:
                mix.file.abandon()

    def _opened(self, path: str) -> WavFile:
        if Path(path).suffix not in KNOWN_EXTENSIONS:
            raise OSError(f"no format is known by {path!r}")
        return WavFile(self._disk, Path(path), self.rate, 1, titled=True)

    # --- what it says ---------------------------------------------------------------------------------------------

    def tell(self, action: str, more: Mapping[str, Value] | None = None) -> None:
        self._fire({**self._facts(), "Action": action, **(more or {})}, ("conference_event.c", "conference", 1))

    def tell_of(self, action: str, member: Member) -> None:
        leg = member.leg
        facts: dict[str, Value] = {
            **self._facts(),
            "Floor": "false",
            **headers.state(leg, ("L16", str(leg.rate * 16))),
            **headers.profile(leg, "Caller"),
            "Video": "false",
            "Hear": "true",
            "See": "true",
            "Speak": "true",
            "Talking": "false",
            "Mute-Detect": "false",
            "Hold": "false",
            "Member-ID": str(member.number),
            "Member-Type": "member",
            "Member-Ghost": "false",
            "Energy-Level": "0",
            "Current-Energy": "0",
            "Action": action,
        }
        self._fire(facts, (_FILES.get(action, "conference_loop.c"), "conference_member_add", 962))

    def _facts(self) -> dict[str, Value]:
        return {
            "Conference-Name": self.name,
            "Conference-Domain": "cluecon.com",
            "Conference-Size": str(len(self.members)),
            "Conference-Ghosts": "0",
            "Conference-Profile-Name": self.profile,
            "Conference-Unique-ID": self.uuid,
        }

    def document(self) -> dict[str, object]:
        """As json_list has it."""
        flags = dict.fromkeys(("can_hear", "can_see", "can_speak", "talking"), True)
        flags |= dict.fromkeys(("hold", "mute_detect", "has_video", "video_bridge", "has_floor", "is_moderator"), False)
        nodes = [
            {"type": "recording_node", "record_path": mix.path, "join_time": round(mix.joined)}
            for mix in self.mixes.values()
        ]
        callers = [
            {
                "type": "caller",
                "id": member.number,
                "flags": flags,
                "uuid": member.leg.uuid,
                "caller_id_name": member.leg.caller_name,
                "caller_id_number": member.leg.caller_number,
                "join_time": round(time.time() - member.joined),
                "last_talking": 0,
                "energy": 0,
                "volume_in": 0,
                "volume_out": 0,
                "output-volume": 0,
                "input-volume": 0,
            }
            for member in self.members.values()
        ]
        return {
            "conference_name": self.name,
            "member_count": len(self.members),
            "ghost_count": 0,
            "rate": self.rate,
            "run_time": round(time.time() - self._began),
            "conference_uuid": self.uuid,
            "running": True,
            "answered": True,
            "dynamic": True,
            "recording": bool(self.mixes),
            "variables": {},
            "members": [*nodes, *callers],
        }


def listed(rooms: Iterable[Conference]) -> str:
    """`conference json_list`, with the tabs that FreeSWITCH puts."""
    documents = [room.document() for room in rooms]
    return json.dumps(documents, indent="\t") + "\n" if documents else "[]"
