"""PBXs: bytes become facts, commands become bytes. Drivers decide nothing."""
