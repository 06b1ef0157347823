"""Tests that share one switch and one callreel: whatever befalls them, both go on."""
