"""callreel: records the calls of Asterisk and FreeSWITCH and ships them where they belong."""

__version__ = "0.1.0"
