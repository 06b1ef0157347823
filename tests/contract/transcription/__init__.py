"""The promises of ports.transcriber, on every engine that is asked over HTTP."""
