"""YAML and environment in, Settings out. Errors name the key's path, its line, and the nearest known name."""
