"""The web page as people use it: a real browser before the real application."""
