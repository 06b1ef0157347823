"""Engines that hear words: their codecs, and what cuts and spreads."""
