"""The header by which browsers save a file under its name instead of playing it. Pure."""

from urllib.parse import quote


def disposition(filename: str) -> str:
    """Empty without a name. Whatever the name is, it stays within its header; old programs get it without accents."""
    if not filename:
        return ""
    plain = "".join(sign if " " <= sign <= "~" and sign not in '"\\%' else "_" for sign in filename)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(filename, safe='')}"
