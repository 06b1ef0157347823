"""Asterisk: the manager interface, ARI, the recorders' files and the dialplan, to facts and from commands."""
