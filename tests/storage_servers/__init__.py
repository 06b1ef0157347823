"""Real storage servers on loopback for tests, and a proxy that breaks the way to them."""
