"""The work itself, speaking to ports only."""
