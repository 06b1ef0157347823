"""How much of what an MP3 file decodes to comes before its sound."""

from typing import Any, Final

#: What encoder and decoder add, where the file does not say it.
_UNSAID_FRAMES: Final = 1105


def late_frames(stream: Any) -> int:
    """Of a stream that PyAV opened: how many frames to leave out. What a file says of itself FFmpeg leaves out."""
    is_unsaid = stream.codec_context.name.startswith("mp3") and not stream.start_time
    return _UNSAID_FRAMES if is_unsaid else 0
