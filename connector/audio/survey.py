"""What a source file really holds, for those who plan with it."""

from pathlib import Path
from typing import Final

from connector.audio.wav import EMPTY, NO_SOUND, UNCLOSED, WavLayout, wav_layout
from connector.errors import BrokenAudio
from connector.ports.workshop import Survey

#: Asterisk writes so much at once; what it holds back when it is killed is lost.
HELD_BACK_BYTES: Final = 32_768


def surveyed(source: Path) -> Survey:
    """Raises SourceMissing only."""
    try:
        layout = wav_layout(source)
    except BrokenAudio as error:
        return Survey(frames=0, sample_rate=0, trouble=f"{NO_SOUND}: {error}")
    return Survey(frames=layout.frames, sample_rate=layout.sample_rate, trouble=_told(layout))


def _told(layout: WavLayout) -> str:
    if not layout.sample_rate:
        return layout.trouble
    seconds = HELD_BACK_BYTES / (2 * layout.sample_rate)
    if layout.trouble == UNCLOSED:
        return f"{UNCLOSED}: nobody ended this file; if its writer died, up to {seconds:.1f} s behind its end are lost"
    if layout.trouble == EMPTY:
        return f"{EMPTY}: it holds no frame; if its writer died, up to {seconds:.1f} s are lost"
    return layout.trouble
