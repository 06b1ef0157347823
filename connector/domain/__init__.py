"""What a call, a recording and a decision are. No I/O, no clock, no asyncio, no logging."""
