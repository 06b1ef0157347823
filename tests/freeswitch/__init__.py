"""A FreeSWITCH for tests: speaks ESL and writes WAV files as a real one does. See README.md."""
