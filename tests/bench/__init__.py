"""Every figure of the project: one module for each bench, run by scripts/bench."""
