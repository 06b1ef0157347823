"""An imitation PBX that plays scripts and writes real files; for tests, the demonstration and load."""
