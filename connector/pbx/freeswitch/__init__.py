"""FreeSWITCH: its event socket, what it tells, and the recorders that it runs for us."""
