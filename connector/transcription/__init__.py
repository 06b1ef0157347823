"""Engines that hear words in sound: each behind the one small interface of ports.transcriber."""
