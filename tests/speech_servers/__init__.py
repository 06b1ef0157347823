"""Speech servers of our own: they speak as the real ones do, are strict about it, and hear only what really sounds."""
