"""What a file says about itself: title, date, comment and which channel is whom, in the words of each format.

Every format carries the same comment; its last line is `channels=` and the channel map as JSON.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from connector.audio.wav_header import info_chunk
from connector.domain.recording import ArtefactKind, ChannelLabel

#: Our name → the name in RIFF INFO and in ID3v2.4; Vorbis comments use ours. All others go into the comment.
NAMES: Final = {
    "title": ("INAM", "TIT2"),
    "artist": ("IART", "TPE1"),
    "album": ("IPRD", "TALB"),
    "date": ("ICRD", "TDRC"),
    "genre": ("IGNR", "TCON"),
    "copyright": ("ICOP", "TCOP"),
}
COMMENT: Final = "comment"
UTF8: Final = b"\x03"


@dataclass(frozen=True, slots=True)
class Tags:
    #: By our names; the comment among them.
    fields: Mapping[str, str]

    def riff(self) -> bytes:
        names = {name: riff for name, (riff, _) in NAMES.items()} | {COMMENT: "ICMT"}
        return info_chunk({names[name]: text for name, text in self.fields.items()})

    def id3(self) -> bytes:
        frames = b"".join(_id3_frame(name, text) for name, text in self.fields.items())
        return b"ID3\x04\x00\x00" + _synchsafe(len(frames)) + frames


def tags_of(given: Mapping[str, str], channels: Iterable[ChannelLabel], kind: ArtefactKind) -> Tags:
    """The fields of a file of that kind."""
    said = {name.lower(): " ".join(text.replace("\0", "").split()) for name, text in given.items()}
    fields = {name: said[name] for name in NAMES if said.get(name)}
    lines = [said[COMMENT]] if said.get(COMMENT) else []
    lines += [f"{name}={text}" for name, text in said.items() if text and name not in NAMES and name != COMMENT]
    lines.append(f"channels={channel_map(channels, kind)}")
    return Tags(fields | {COMMENT: "\n".join(lines)})


def channel_map(channels: Iterable[ChannelLabel], kind: ArtefactKind) -> str:
    """The labels as JSON, indexed as they stand in this file: in a mono mix everybody is on channel 0."""
    alone = {ArtefactKind.LEFT: 0, ArtefactKind.RIGHT: 1}.get(kind)
    is_apart = kind in {ArtefactKind.STEREO, ArtefactKind.PARTICIPANTS}
    labels = [
        {"index": label.index if is_apart else 0, "role": label.role.value, "party": label.party}
        for label in channels
        if alone in {None, label.index}
    ]
    return json.dumps(labels, ensure_ascii=False, separators=(",", ":"))


def _id3_frame(name: str, text: str) -> bytes:
    frame, content = (
        (b"COMM", b"eng\0" + text.encode()) if name == COMMENT else (NAMES[name][1].encode(), text.encode())
    )
    return frame + _synchsafe(len(content) + 1) + b"\0\0" + UTF8 + content


def _synchsafe(size: int) -> bytes:
    return bytes((size >> shift) & 0x7F for shift in (21, 14, 7, 0))
