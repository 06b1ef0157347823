"""The demo's PBX with everybody who calls there: a real Asterisk of the rig's, or the scripted one.

Knows what either needs of the configuration and how it is started and ended; no daemon.
"""

import asyncio
import re
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.demo import phones, prompts, voices
from tests.demo.phones import AGENTS
from tests.pbx.asterisk import Asterisk, NoAsterisk


class ExchangeFailed(Exception):
    """The PBX is there and does not run; the message says what it said last."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    #: As --json says it.
    name: str
    #: Its sections of callreel's configuration.
    settings: str
    #: The process that plays the calls there.
    players: tuple[str, ...]
    #: Where callreel answers about its health.
    address: str
    caller_voice: Path
    agent_voices: tuple[Path, ...]
    #: What phones heard of the caller's voice, and of the agents'.
    heard_of_caller: tuple[Path, ...] = ()
    heard_of_agents: tuple[Path, ...] = ()
    #: How somebody else places a call, in lines; "" where nobody can.
    invitation: str = ""
    #: Whether the players place a call for each line on their standard input; otherwise they do it by themselves.
    obeys: bool = False


def found_asterisk(folder: Path) -> Asterisk:
    """One that lies unpacked and does not run yet; NoAsterisk, with the reason in one sentence."""
    try:
        return Asterisk(folder / "asterisk")
    except NoAsterisk as error:
        raise NoAsterisk(str(error).rpartition("get-asterisk: ")[2]) from error


@contextmanager
def real_exchange(asterisk: Asterisk, folder: Path) -> Iterator[Exchange]:
    """It runs, and its phones wait for orders."""
    # Its configuration holds secrets.
    asterisk.folder.mkdir(mode=0o700)
    try:
        _start(asterisk)
        speakers = (prompts.CALLER, *prompts.AGENTS)
        files = [folder / f"voice-of-{who}.wav" for who in ("the-caller", *(f"agent-{number}" for number in AGENTS))]
        for speaker, file in zip(speakers, files, strict=True):
            speaker.write(asterisk.sounds_folder, file)
        yield Exchange(
            name=f"asterisk {_version(asterisk)}",
            settings=_asterisk_settings(asterisk),
            players=_phones(asterisk, folder, files),
            address=f"127.0.0.1:{asterisk.ports.http + 1}",
            caller_voice=files[0],
            agent_voices=tuple(files[1:]),
            heard_of_caller=tuple(phones.heard_by_agents(folder)),
            heard_of_agents=(phones.heard_by_caller(folder),),
            invitation=_invitation(asterisk),
            obeys=True,
        )
    finally:
        _close(asterisk)


@contextmanager
def scripted_exchange(folder: Path, *, once: bool) -> Iterator[Exchange]:
    caller_voice, agent_voice = folder / "voice-of-the-caller.wav", folder / "voice-of-the-agent.wav"
    voices.write_speech(voices.CALLER, caller_voice)
    voices.write_speech(voices.AGENT, agent_voice)
    door, spool = folder / "pbx.sock", folder / "spool"
    spool.mkdir()
    places = {"socket": door, "spool": spool, "caller-voice": caller_voice, "agent-voice": agent_voice}
    yield Exchange(
        name="scripted",
        settings=f'pbx:\n  demo: {{scripted: {{socket: "{door}", spool: "{spool}"}}}}\n',
        players=(
            *(sys.executable, "-m", "tests.demo.pbx"),
            *(f"--{name}={path}" for name, path in places.items()),
            *(["--once"] if once else []),
        ),
        address=f"127.0.0.1:{_free_port()}",
        caller_voice=caller_voice,
        agent_voices=(agent_voice,),
    )


def _start(asterisk: Asterisk) -> None:
    try:
        asyncio.run(asterisk.start())
    except AssertionError as error:
        raise ExchangeFailed(f"Asterisk did not start (--scripted does without it): {error}") from error


def _close(asterisk: Asterisk) -> None:
    try:
        asyncio.run(asterisk.close())
    except AssertionError:
        # It did not leave when it was asked, and was killed.
        return


def _version(asterisk: Asterisk) -> str:
    said = asyncio.run(asterisk.cli("core show version"))
    version = re.search(r"Asterisk (\d+(?:\.\d+)*)", said)
    return version.group(1) if version else str(asterisk.version)


def _asterisk_settings(asterisk: Asterisk) -> str:
    login, ports = asterisk.driver, asterisk.ports
    return f"""pbx:
  demo:
    asterisk:
      ami: "{login.user}:{login.secret}@127.0.0.1:{ports.ami}"
      ari: "{login.user}:{login.secret}@127.0.0.1:{ports.http}"
      spool: "{asterisk.recording_folder}"
    internal: [2XX]
capture: {{fastagi: "127.0.0.1:{ports.agi}"}}
"""


def _phones(asterisk: Asterisk, folder: Path, files: list[Path]) -> tuple[str, ...]:
    ports = asterisk.ports
    return (
        *(sys.executable, "-m", "tests.demo.phones", f"--pbx-port={ports.sip}", f"--port={ports.phone}"),
        *(f"--folder={folder}", *map(str, files)),
    )


def _invitation(asterisk: Asterisk) -> str:
    port, first = asterisk.ports.sip, next(iter(AGENTS))
    return f"""a softphone on this machine dials  sip:{first}@127.0.0.1:{port}  (UDP, G.711 µ-law, no account);
           agent {first} answers by itself, and {" and ".join(list(AGENTS)[1:])} too. You are the left side."""


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
