"""How the manager interface comes, stays and goes: logins, silence, losses, back-off, TLS."""

import asyncio
import ssl
from dataclasses import replace
from pathlib import Path

import pytest

from connector.domain.secret import Secret
from connector.errors import PbxUnreachable
from connector.pbx.asterisk.ami import LOGIN_SECONDS, RECONNECT_SECONDS, REFUSED_SECONDS, SILENCE_SECONDS
from tests.clocks import SimulatedClock
from tests.unit.pbx.asterisk.ami_listener import Listener
from tests.unit.pbx.asterisk.ami_server import AmiServer, error, packet, success
from tests.unit.pbx.certificates import server_context


async def test_a_connection_that_is_lost_is_said_and_made_again() -> None:
    async with AmiServer({"Getvar": success()}).listening() as server, Listener(server.endpoint).running() as us:
        await us.up()
        server.peers[0].abort()
        assert await us.down()
        with pytest.raises(PbxUnreachable):
            await us.ami.act("Getvar", {"Variable": "A"})
        assert "was lost" in us.ami.trouble
        await us.up(times=2)
        assert us.ami.trouble == ""
        assert (await us.ami.act("Getvar", {"Variable": "A"})).response == "Success"


async def test_what_is_unanswered_when_the_connection_is_lost_fails_at_once_and_is_never_sent_again() -> None:
    async with AmiServer({"Getvar": success()}).listening() as server, Listener(server.endpoint).running() as us:
        await us.up()
        peer = await server.peer()
        async with asyncio.TaskGroup() as tasks:
            asking = tasks.create_task(_outcome(us, "MixMonitor"))
            await peer.asked("MixMonitor")
            peer.abort()
        assert isinstance(asking.result(), PbxUnreachable)
        await us.up(times=2)
        (await server.peer(2)).tell("Event: FullyBooted")
        await us.until(lambda: us.names == ["FullyBooted"])
        await us.ami.act("Getvar", {"Variable": "A"})
        assert server.peers[1].named("MixMonitor") == []


async def _resting(clock: SimulatedClock, seconds: float) -> None:
    """Until nothing is waited for but the next try, and that for so long."""
    while clock.wakes_at != [clock.now() + seconds]:
        clock._arrived.clear()
        await clock._arrived.wait()


async def _outcome(us: Listener, action: str) -> Exception | None:
    try:
        await us.ami.act(action, {"Channel": "x"}, 60.0)
    except (PbxUnreachable, TimeoutError) as failure:
        return failure
    return None


async def test_a_peer_that_falls_silent_is_pinged_and_then_given_up() -> None:
    clock, server = SimulatedClock(), AmiServer()
    async with server.listening(), Listener(server.endpoint, clock=clock).running() as us:
        await us.up()
        del server.answers["Ping"]
        for ping in (1, 2, 3):
            await clock.advance(4.0)
            await server.peers[0].asked("Ping", times=ping)
        await clock.advance(SILENCE_SECONDS - 12.0 - 0.1)
        assert us.downs == []
        await clock.advance(0.1)
        assert "said nothing" in await us.down()


async def test_a_peer_that_answers_nothing_but_still_talks_is_kept() -> None:
    clock, server = SimulatedClock(), AmiServer()
    async with server.listening(), Listener(server.endpoint, clock=clock).running() as us:
        await us.up()
        del server.answers["Ping"]
        for word in range(1, 11):
            await clock.advance(4.0)
            server.peers[0].tell("Event: Newstate")
            await us.until(lambda word=word: len(us.heard) == word)  # type: ignore[misc]  # its number of now
        assert us.downs == []


async def test_a_quiet_peer_that_answers_pings_is_kept() -> None:
    clock, server = SimulatedClock(), AmiServer()
    async with server.listening(), Listener(server.endpoint, clock=clock).running() as us:
        await us.up()
        for ping in range(1, 11):
            await clock.advance(4.0)
            await server.peers[0].asked("Ping", times=ping)
            server.peers[0].tell("Event: Newstate")
            await us.until(lambda ping=ping: len(us.heard) == ping)  # type: ignore[misc]  # its number of now
        assert us.downs == []


async def test_our_own_sleep_is_no_silence_of_the_peers() -> None:
    clock, server = SimulatedClock(), AmiServer()
    async with server.listening(), Listener(server.endpoint, clock=clock).running() as us:
        await us.up()
        await clock.until_sleeping()
        clock._now += 600.0
        await clock.advance(0.0)
        await clock.advance(4.0)
        await server.peers[0].asked("Ping")
        assert us.downs == []


async def test_a_refused_login_is_said_and_tried_ever_more_seldom() -> None:
    clock, server = SimulatedClock(), AmiServer({"Login": error("Authentication failed")})
    async with server.listening(), Listener(server.endpoint, clock=clock).running() as us:
        for number, pause in enumerate((*REFUSED_SECONDS, REFUSED_SECONDS[-1]), start=1):
            peer = await server.peer(number)
            await peer.gone()
            await us.trouble("login refused")
            assert "[callreel] in manager.conf" in us.ami.trouble
            await _resting(clock, pause)
            await clock.advance(pause)
        assert REFUSED_SECONDS[-1] == 60.0
        server.answers["Login"] = success()
        await clock.advance(60.0)
        await us.up()
        assert us.ami.trouble == ""


async def test_a_pbx_that_is_not_there_is_tried_every_few_seconds_until_it_is() -> None:
    clock, server = SimulatedClock(), AmiServer()
    async with server.listening():
        endpoint = server.endpoint
    async with Listener(endpoint, clock=clock).running() as us:
        await us.trouble("does not answer")
        for pause in RECONNECT_SECONDS:
            await _resting(clock, pause)
            await clock.advance(pause)
        async with server.listening():
            await clock.until_sleeping()
            await clock.advance(max(RECONNECT_SECONDS))
            await us.up()


async def test_a_connection_that_had_been_up_is_made_again_soon_however_often_it_was_lost() -> None:
    clock, server = SimulatedClock(), AmiServer()
    async with server.listening(), Listener(server.endpoint, clock=clock).running() as us:
        for number in range(1, 8):
            await us.up(times=number)
            server.peers[-1].abort()
            await us.down(times=number)
            await _resting(clock, RECONNECT_SECONDS[0])
            await clock.advance(RECONNECT_SECONDS[0])
        await us.up(times=8)


async def test_a_server_that_takes_the_connection_and_says_nothing_is_given_up() -> None:
    clock, server = SimulatedClock(), AmiServer(greeting=b"")
    async with server.listening(), Listener(server.endpoint, clock=clock).running() as us:
        peer = await server.peer()
        await clock.until_sleeping()
        await clock.advance(LOGIN_SECONDS)
        await us.trouble("does not answer")
        await peer.gone()
        assert peer.actions == []


async def test_a_server_that_never_answers_the_login_is_given_up() -> None:
    clock, server = SimulatedClock(), AmiServer()
    del server.answers["Login"]
    async with server.listening(), Listener(server.endpoint, clock=clock).running() as us:
        peer = await server.peer()
        await peer.asked("Login")
        await clock.advance(LOGIN_SECONDS)
        await us.trouble("did not answer Login")
        await peer.gone()


async def test_what_is_no_ami_never_gets_to_see_the_password() -> None:
    server = AmiServer(greeting=b"HTTP/1.1 400 Bad Request\r\n")
    async with server.listening(), Listener(server.endpoint).running() as us:
        await us.trouble("it is no AMI: it says 'HTTP/1.1 400 Bad Request'")
        assert server.peers[0].actions == []


async def test_a_message_without_an_end_ends_the_connection_and_not_the_memory() -> None:
    async with AmiServer().listening() as server, Listener(server.endpoint).running() as us:
        await us.up()
        server.peers[0].write(b"Event: Endless\r\nValue: " + b"x" * (17 << 20))
        assert "more than 16 MB" in await us.down()


async def test_closing_ends_it_also_while_it_waits_for_the_next_try() -> None:
    clock, server = SimulatedClock(), AmiServer({"Login": error("Authentication failed")})
    async with server.listening():
        async with Listener(server.endpoint, clock=clock).running() as us:
            await us.trouble("login refused")
        await clock.advance(600.0)
        assert len(server.peers) == 1
        assert us.downs == []


async def test_closing_lets_go_of_a_live_connection_and_says_no_loss() -> None:
    async with AmiServer().listening() as server:
        async with Listener(server.endpoint).running() as us:
            await us.up()
        await server.peers[0].gone()
        assert us.downs == []
        with pytest.raises(PbxUnreachable):
            await us.ami.act("Ping")


async def test_closing_what_never_ran_is_done_at_once() -> None:
    await Listener(AmiServer().endpoint).ami.close()


async def test_when_it_cannot_be_learned_what_lives_there_the_connection_is_made_anew() -> None:
    server = AmiServer({"Status": error("Permission denied")})
    async with server.listening():
        us = Listener(server.endpoint)

        async def resynchronised() -> None:
            await us.ami.listed("Status")

        us.on_up = resynchronised
        async with us.running():
            assert "Permission denied" in await us.down()
            assert "Permission denied" in us.ami.trouble
            server.answers["Status"] = lambda action: (
                packet("Response: Success", f"ActionID: {action.get('ActionID')}", "EventList: start")
                + packet("Event: StatusComplete", f"ActionID: {action.get('ActionID')}", "EventList: Complete")
            )
            await us.until(lambda: us.ami.is_up)


async def test_tls_is_spoken_with_whom_the_given_certificate_vouches_for(tmp_path: Path) -> None:
    tls, ca = server_context(tmp_path)
    async with AmiServer().listening(tls) as server, Listener(server.endpoint, ca=str(ca)).running() as us:
        await us.up()
        assert us.ami.trouble == ""


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
async def test_tls_is_not_spoken_with_a_stranger(tmp_path: Path, host: str) -> None:
    tls, ca = server_context(tmp_path)
    # Not vouched for at all; vouched for under another name.
    trusted = "" if host == "localhost" else str(ca)
    async with AmiServer().listening(tls) as server:
        endpoint = replace(server.endpoint, host=host, password=Secret("never sent"))
        async with Listener(endpoint, ca=trusted).running() as us:
            await us.trouble("TLS with")
            assert "certificate" in us.ami.trouble
            assert all(peer.actions == [] for peer in server.peers)


async def test_a_certificate_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    async with AmiServer().listening() as server:
        endpoint = replace(server.endpoint, tls=True)
        async with Listener(endpoint, ca=str(tmp_path / "none.pem")).running() as us:
            await us.trouble("none.pem is no file of certificates")


def test_the_certificates_of_these_tests_are_good(tmp_path: Path) -> None:
    _, ca = server_context(tmp_path)
    assert ssl.create_default_context(cafile=str(ca)).get_ca_certs()
