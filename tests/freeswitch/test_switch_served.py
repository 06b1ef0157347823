"""The scripted switch as a process: told what to do from outside, and really killed."""

import signal
import struct
import time
from pathlib import Path

from tests.freeswitch.client import connected
from tests.freeswitch.served import ServedSwitch
from tests.pbx import proof
from tests.pbx.waiting import talking, until_told


async def test_calls_are_made_from_outside_and_proved_afterwards(tmp_path: Path) -> None:
    async with ServedSwitch(tmp_path) as switch, connected(switch.port) as client:
        a_leg, b_leg = await switch.do("call", "1000", "2000")
        path = switch.recordings / "x.wav"
        await client.ask(f"api uuid_record {a_leg['uuid']} start {path} 0 {{RECORD_STEREO=true}}")
        begun = time.time()
        await talking(0.4)
        between = begun + 0.02, time.time()
        await switch.do("hang_up", a_leg["uuid"])
        await client.event("CHANNEL_DESTROY", Unique_ID=a_leg["uuid"])
        left, right = [await switch.voice(leg["uuid"], between=between) for leg in (a_leg, b_leg)]
        proof.assert_complete(proof.read(path), left=[left], right=[right])


async def test_a_kill_leaves_an_open_head_and_the_next_start_another_core_uuid(tmp_path: Path) -> None:
    async with ServedSwitch(tmp_path) as switch:
        a_leg, _ = await switch.do("call")
        path = switch.recordings / "x.wav"
        async with connected(switch.port) as client:
            first = await client.ask("api global_getvar core_uuid")
            await client.ask(f"api uuid_record {a_leg['uuid']} start {path} 0 {{enable_file_write_buffering=false}}")
            await talking(0.2)
            await switch.kill()
            await client.is_over.wait()
        assert struct.unpack_from("<I", path.read_bytes(), 40) == (0,)
        assert path.stat().st_size > 44
        await switch.start()
        async with connected(switch.port) as client:
            assert await client.ask("api global_getvar core_uuid") != first


async def test_a_terminated_switch_finishes_its_files(tmp_path: Path) -> None:
    async with ServedSwitch(tmp_path) as switch:
        a_leg, _ = await switch.do("call")
        path = switch.recordings / "x.wav"
        async with connected(switch.port) as client:
            await client.ask(f"api uuid_record {a_leg['uuid']} start {path}")
            await talking(0.2)
            await switch.kill(signal.SIGTERM)
            await client.is_over.wait()
        assert struct.unpack_from("<I", path.read_bytes(), 40) == (path.stat().st_size - 44,)


async def test_a_load_of_calls_is_carried_and_ends(tmp_path: Path) -> None:
    async with ServedSwitch(tmp_path, tick_seconds=1.0, cheap=True) as switch:
        async with connected(switch.port, events="CHANNEL_BRIDGE CHANNEL_DESTROY") as client:
            await switch.do("load", 20, 100, 0.1)

            async def is_over() -> bool:
                status = await switch.do("status")
                return client.names.count("CHANNEL_DESTROY") == 40 and status["legs"] == 0

            await until_told(is_over, "twenty calls to begin and end")
        assert client.names.count("CHANNEL_BRIDGE") == 20
