"""Time and patience towards the outside: the clock, back-off, and who may be reached."""
