"""What a file is, from its name's ending, for whoever opens the link. Pure."""

_BY_ENDING = {
    "flac": "audio/flac",
    "json": "application/json",
    "m4a": "audio/mp4",
    "mp3": "audio/mpeg",
    "ogg": "audio/ogg",
    "opus": "audio/ogg",
    "srt": "application/x-subrip",
    "txt": "text/plain; charset=utf-8",
    "vtt": "text/vtt",
    "wav": "audio/wav",
}


def content_type(name: str) -> str:
    ending = name.rpartition("/")[2].rpartition(".")[2].lower()
    return _BY_ENDING.get(ending, "application/octet-stream")
