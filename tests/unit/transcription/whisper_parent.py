"""A parent of the real program, who says its number and then waits to be killed."""

import asyncio
import sys

from connector.transcription.whisper_worker import WhisperWorker


async def main() -> None:
    worker = await WhisperWorker.start((sys.executable, "-m", "connector.transcription.whisper_process"))
    sys.stdout.write(f"child {worker.process_id}\n")
    sys.stdout.flush()
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
