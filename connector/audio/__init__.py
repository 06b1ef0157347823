"""Sound: files and arrays. Knows no call, no PBX and no catalogue."""
