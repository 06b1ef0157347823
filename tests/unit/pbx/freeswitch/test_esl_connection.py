"""How the event socket comes, stays and goes: logins, refusals, silence, losses, back-off, farewells."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from connector.domain.secret import Secret
from connector.errors import PbxRefused, PbxUnreachable
from connector.pbx.freeswitch.esl import CONNECT_SECONDS, LOGIN_SECONDS, RECONNECT_SECONDS, REFUSED_SECONDS
from connector.pbx.freeswitch.esl_codec import LONGEST_BODY_BYTES
from connector.pbx.freeswitch.esl_link import PING_SECONDS, SILENCE_SECONDS
from connector.settings import Endpoint
from tests.clocks import SimulatedClock
from tests.unit.pbx.certificates import server_context
from tests.unit.pbx.freeswitch import transcripts
from tests.unit.pbx.freeswitch.esl_listener import Listener
from tests.unit.pbx.freeswitch.esl_server import (
    GOODBYE,
    PASSWORD,
    REJECTION,
    EslServer,
    Peer,
    event,
    reply,
    response,
    says,
)

LINGER = (
    b"Content-Type: text/disconnect-notice\nContent-Disposition: linger\nLinger-Time: 2\nContent-Length: 15\n\n"
    b"Lingering 2 s.\n"
)


async def resting(clock: SimulatedClock, seconds: float) -> None:
    """Until nothing is waited for but the next try, and that for so long."""
    while clock.wakes_at != [clock.now() + seconds]:
        clock._arrived.clear()
        await clock._arrived.wait()


# Coming


async def test_commands_and_events_have_a_connection_each_and_are_up_together() -> None:
    async with EslServer().listening() as server, Listener(server.endpoint).running() as us:
        await us.up()
        assert len(server.peers) == 2
        assert [peer.commands[0] for peer in server.peers] == [f"auth {PASSWORD}"] * 2


async def test_it_is_up_only_when_what_lives_is_known_and_events_are_heard_before() -> None:
    seen: list[bool] = []
    async with EslServer({"api x": says("x")}).listening() as server, Listener(server.endpoint).running() as us:

        async def on_up() -> None:
            server.events.write(event("RECORD_STOP"))
            await us.until(lambda: us.heard)
            seen.extend([us.esl.is_up, await us.esl.api("x") == "x"])

        us.on_up = on_up
        await us.up()
    assert seen == [False, True]


@pytest.mark.parametrize("failure", [PbxRefused("no"), PbxUnreachable("gone"), TimeoutError("late")])
async def test_when_what_lives_cannot_be_learnt_the_connection_is_made_again(failure: Exception) -> None:
    async with EslServer().listening() as server, Listener(server.endpoint).running() as us:

        async def on_up() -> None:
            if us.ups == 1:
                raise failure

        us.on_up = on_up
        await us.up(times=2)
        assert us.downs == [f"what lives there is not known: {failure}"]


async def test_a_pbx_that_was_started_anew_has_another_core() -> None:
    async with EslServer().listening() as server, Listener(server.endpoint).running() as us:
        await us.up()
        before = us.esl.core_uuid
        server.answers["api global_getvar core_uuid"] = says("another")
        server.events.end()
        await us.up(times=2)
        assert (us.esl.core_uuid, before == "another") == ("another", False)


# Refusals


async def test_a_refused_login_is_said_and_tried_ever_more_seldom() -> None:
    clock, server = SimulatedClock(), EslServer()
    async with server.listening():
        wrong = replace(server.endpoint, password=Secret("wrong"))
        async with Listener(wrong, clock=clock).running() as us:
            for number, pause in enumerate((*REFUSED_SECONDS, REFUSED_SECONDS[-1]), start=1):
                await (await server.peer(number)).gone()
                await us.trouble("login refused")
                assert "-ERR invalid" in us.esl.trouble
                assert "wrong" not in us.esl.trouble
                await resting(clock, pause)
                assert len(server.peers) == number
                await clock.advance(pause)
            assert REFUSED_SECONDS[-1] == 60.0
            server.answers["auth"] = lambda _: reply("+OK accepted")
            await clock.advance(60.0)
            await us.up()
            assert us.esl.trouble == ""
            assert us.downs == []
            server.answers["auth"] = lambda _: reply("-ERR invalid") + GOODBYE
            server.events.abort()
            await resting(clock, RECONNECT_SECONDS[0])
            await clock.advance(RECONNECT_SECONDS[0])
            await us.trouble("login refused")
            await resting(clock, REFUSED_SECONDS[0])


async def test_an_address_that_is_refused_is_said_and_tried_ever_more_seldom() -> None:
    clock, server = SimulatedClock(), EslServer(greeting=transcripts.said("rude_rejection"))
    assert server.greeting == REJECTION
    async with server.listening(), Listener(server.endpoint, clock=clock).running() as us:
        for number, pause in enumerate(REFUSED_SECONDS, start=1):
            (await server.peer(number)).end()
            await us.trouble("apply-inbound-acl")
            assert "Access Denied" in us.esl.trouble
            await resting(clock, pause)
            await clock.advance(pause)
        assert all(peer.commands == [] for peer in server.peers)


async def test_a_password_that_cannot_be_sent_is_refused_without_a_try() -> None:
    server = EslServer()
    async with server.listening():
        odd = replace(server.endpoint, password=Secret("a\n\napi shutdown"))
        async with Listener(odd).running() as us:
            await us.trouble("line break")
            assert server.peers[0].commands == []


async def test_events_that_are_refused_are_said() -> None:
    async with (
        EslServer({"event json CHANNEL": lambda _: reply("-ERR no keywords supplied")}).listening() as server,
        Listener(server.endpoint).running() as us,
    ):
        await us.trouble("refused to tell its events (-ERR no keywords supplied)")
        assert us.ups == 0


# Whoever is no event socket


@pytest.mark.parametrize(
    "garbage",
    [
        b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/html\r\n\r\n<html>",
        b"SSH-2.0-OpenSSH_9.2p1\r\n",
        b"Asterisk Call Manager/11.0.0\r\n",
        b"\xff\xfe\x00\n\x00\n\n",
        b"Content-Type: auth/request\nContent-Length: %d\n\n" % (LONGEST_BODY_BYTES + 1),
    ],
    ids=lambda garbage: repr(garbage[:30]),
)
async def test_a_peer_that_is_no_event_socket_is_said(garbage: bytes) -> None:
    async with EslServer(greeting=garbage).listening() as server, Listener(server.endpoint).running() as us:
        await us.trouble("does not speak with us")
        assert "it sent" in us.esl.trouble
        assert server.peers[0].commands == []


async def test_a_peer_that_has_no_tls_though_it_should_is_said() -> None:
    async with EslServer().listening() as server:
        async with Listener(replace(server.endpoint, tls=True)).running() as us:
            await us.trouble("is it stunnel's port")
        assert server.peers[0].named("auth") == []


async def test_tls_is_spoken_with_whom_the_given_certificate_vouches_for(tmp_path: Path) -> None:
    tls, ca = server_context(tmp_path)
    async with EslServer().listening(tls) as server, Listener(server.endpoint, ca=str(ca)).running() as us:
        await us.up()
        assert us.esl.trouble == ""


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
async def test_tls_is_not_spoken_with_a_stranger(tmp_path: Path, host: str) -> None:
    """Not vouched for at all; vouched for under another name."""
    tls, ca = server_context(tmp_path)
    trusted = "" if host == "localhost" else str(ca)
    async with EslServer().listening(tls) as server:
        async with Listener(replace(server.endpoint, host=host), ca=trusted).running() as us:
            await us.trouble("TLS with")
            assert "certificate" in us.esl.trouble
        assert all(not peer.named("auth") for peer in server.peers)


async def test_a_certificate_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    nowhere = Endpoint(user="", password=Secret(PASSWORD), host="127.0.0.1", port=1, tls=True)
    async with Listener(nowhere, ca=str(tmp_path / "none.pem")).running() as us:
        await us.trouble("none.pem is no file of certificates")


async def test_a_peer_that_never_greets_is_given_up() -> None:
    clock, server = SimulatedClock(), EslServer(greeting=b"")
    async with server.listening(), Listener(server.endpoint, clock=clock).running() as us:
        await server.peer()
        await clock.until_sleeping()
        await clock.advance(max(CONNECT_SECONDS, LOGIN_SECONDS))
        await us.trouble("says nothing at")
        await server.peers[0].gone()


@pytest.mark.parametrize("silent_to", ["auth", "event json", "api global_getvar core_uuid", "event json CHANNEL"])
async def test_a_peer_that_falls_silent_during_the_login_is_given_up(silent_to: str) -> None:
    clock, server = SimulatedClock(), EslServer({silent_to: lambda _: b""})
    async with server.listening(), Listener(server.endpoint, clock=clock).running() as us:
        number = 2 if silent_to == "event json CHANNEL" else 1
        await (await server.peer(number)).asked(silent_to)
        await clock.advance(LOGIN_SECONDS)
        await us.trouble("did not answer")
        for peer in list(server.peers):
            await peer.gone()
        assert PASSWORD not in us.esl.trouble


@pytest.mark.parametrize("number", [1, 2])
async def test_a_peer_that_goes_during_the_login_is_tried_again(number: int) -> None:
    clock, server = SimulatedClock(), EslServer({"auth": lambda _: b""})
    async with server.listening(), Listener(server.endpoint, clock=clock).running() as us:
        if number == 2:
            await _authorised(await server.peer())
        await (await server.peer(number)).asked("auth")
        server.peers[number - 1].abort()
        await us.trouble("did not answer auth")
        server.answers["auth"] = lambda _: reply("+OK accepted")
        await clock.until_sleeping()
        await clock.advance(RECONNECT_SECONDS[0])
        await us.up()


async def _authorised(peer: Peer) -> None:
    await peer.asked("auth")
    peer.write(reply("+OK accepted"))


async def test_garbage_in_the_middle_ends_the_connection_after_what_came_whole() -> None:
    async with EslServer().listening() as server, Listener(server.endpoint).running() as us:
        await us.up()
        server.events.write(event("RECORD_STOP") + b"garbage\n\n" + event("CUSTOM"))
        assert "what is no event socket's: 'garbage'" in await us.down()
        await us.up(times=2)
        assert us.names == ["RECORD_STOP"]


async def test_a_length_nobody_could_hold_ends_the_connection() -> None:
    async with EslServer().listening() as server, Listener(server.endpoint).running() as us:
        await us.up()
        server.events.write(b"Content-Type: text/event-json\nContent-Length: 99999999999\n\n")
        assert "Content-Length" in await us.down()
        await us.up(times=2)


# Going


@pytest.mark.parametrize("is_commands", [True, False])
async def test_a_connection_that_is_lost_takes_the_other_with_it_and_both_are_made_again(is_commands: bool) -> None:
    async with EslServer({"api x": says("x")}).listening() as server, Listener(server.endpoint).running() as us:
        await us.up()
        first = server.commands, server.events
        first[0 if is_commands else 1].abort()
        await us.down()
        for peer in first:
            await peer.gone()
        assert not us.esl.is_up
        await us.up(times=2)
        assert us.esl.trouble == ""
        assert await us.esl.api("x") == "x"
        assert server.events.named("event") == first[1].named("event")


async def test_an_event_that_was_cut_in_the_middle_is_not_heard() -> None:
    async with EslServer().listening() as server, Listener(server.endpoint).running() as us:
        await us.up()
        server.events.write(event("RECORD_STOP") + event("CUSTOM", X="x" * 100)[:-20])
        server.events.end()
        await us.up(times=2)
        server.events.write(event("CHANNEL_BRIDGE"))
        await us.until(lambda: len(us.heard) == 2)
        assert us.names == ["RECORD_STOP", "CHANNEL_BRIDGE"]


async def test_a_farewell_is_the_reason_of_the_loss() -> None:
    notice = transcripts.frames("server_shutdown")[-1]
    async with EslServer().listening() as server, Listener(server.endpoint).running() as us:
        await us.up()
        farewell = b"Content-Type: text/disconnect-notice\nContent-Length: %d\n\n" % len(notice.body) + notice.body
        server.events.write(event("SHUTDOWN") + farewell + event("RECORD_STOP"))
        assert await us.down() == "The system is being shut down."
        assert us.names == ["SHUTDOWN"]
        await us.up(times=2)


async def test_a_farewell_that_lingers_is_none_yet() -> None:
    async with EslServer({"api x": says("x")}).listening() as server, Listener(server.endpoint).running() as us:
        await us.up()
        server.events.write(LINGER + event("RECORD_STOP"))
        server.commands.write(LINGER)
        await us.until(lambda: us.names == ["RECORD_STOP"])
        assert await us.esl.api("x") == "x"
        assert us.downs == []
        server.events.write(GOODBYE)
        assert await us.down() == "Disconnected, goodbye."


async def test_a_pbx_that_is_not_there_is_tried_every_few_seconds_until_it_is() -> None:
    clock, server = SimulatedClock(), EslServer()
    async with server.listening():
        endpoint = server.endpoint
    async with Listener(endpoint, clock=clock).running() as us:
        await us.trouble("does not answer")
        for pause in RECONNECT_SECONDS:
            await resting(clock, pause)
            await clock.advance(pause)
        async with server.listening():
            await clock.until_sleeping()
            await clock.advance(max(RECONNECT_SECONDS))
            await us.up()


async def test_a_connection_that_had_been_up_is_made_again_soon_however_often_it_was_lost() -> None:
    clock, server = SimulatedClock(), EslServer()
    async with server.listening(), Listener(server.endpoint, clock=clock).running() as us:
        for number in range(1, 8):
            await us.up(times=number)
            server.events.abort()
            await us.down(times=number)
            await resting(clock, RECONNECT_SECONDS[0])
            await clock.advance(RECONNECT_SECONDS[0])


# Silence


@pytest.mark.parametrize("index", [0, 1])
async def test_a_half_open_peer_is_asked_and_then_given_up(index: int) -> None:
    clock, server = SimulatedClock(), EslServer()
    async with server.listening(), Listener(server.endpoint, clock=clock).running() as us:
        await us.up()
        living, silent = server.peers[1 - index], server.peers[index]
        before = {peer: len(peer.named("api")) for peer in server.peers}
        del server.answers["api global_getvar core_uuid"]
        for question in (1, 2, 3):
            await clock.advance(PING_SECONDS)
            await living.asked("api", times=before[living] + question)
            await silent.asked("api", times=before[silent] + 1)
            living.write(response(""))
            await clock.settle()
        await clock.advance(SILENCE_SECONDS - 3 * PING_SECONDS - 0.1)
        assert us.downs == []
        await clock.advance(0.1)
        assert "said nothing" in await us.down()


@pytest.mark.parametrize("index", [0, 1])
async def test_a_peer_that_lives_and_leaves_a_question_unanswered_is_given_up(index: int) -> None:
    """Replies are told apart by their order: the answer to the next question would be taken for that one's."""
    clock, server = SimulatedClock(), EslServer()
    async with server.listening(), Listener(server.endpoint, clock=clock).running() as us:
        await us.up()
        silent = server.peers[index]
        before = len(silent.named("api"))
        answer = server.answers.pop("api global_getvar core_uuid")
        await clock.advance(PING_SECONDS)
        await silent.asked("api", times=before + 1)
        server.peers[1 - index].write(response(""))
        server.answers["api global_getvar core_uuid"] = answer
        heard = len(us.heard)
        for number in range(1, 8):
            await clock.advance(PING_SECONDS / 2)
            for peer in server.peers[:2]:
                peer.write(event("HEARTBEAT"))
            await us.until(lambda number=number: us.downs or len(us.heard) == heard + number)  # type: ignore[misc]  # its number of now
        assert len(silent.named("api")) == before + 1
        assert "did not answer a question in time" in await us.down()


async def test_a_quiet_peer_that_answers_is_kept() -> None:
    clock, server = SimulatedClock(), EslServer()
    async with server.listening(), Listener(server.endpoint, clock=clock).running() as us:
        await us.up()
        before = [len(peer.named("api")) for peer in server.peers]
        for question in range(1, 11):
            await clock.advance(PING_SECONDS)
            for peer, known in zip(server.peers, before, strict=True):
                await peer.asked("api", times=known + question)
            # What is asked now is answered behind that, on either connection.
            server.events.write(event("HEARTBEAT"))
            await us.until(lambda question=question: len(us.heard) == question)  # type: ignore[misc]  # its number of now
            await us.esl.api("global_getvar core_uuid")
            before[0] += 1
        assert us.downs == []


async def test_our_own_sleep_is_no_silence_of_the_peers() -> None:
    clock, server = SimulatedClock(), EslServer()
    async with server.listening(), Listener(server.endpoint, clock=clock).running() as us:
        await us.up()
        await clock.until_sleeping(2)
        clock._now += 600.0
        await clock.advance(0.0)
        await clock.advance(PING_SECONDS)
        await server.events.asked("api")
        assert us.downs == []


async def test_events_that_are_held_back_are_no_silence() -> None:
    clock, server = SimulatedClock(), EslServer()
    async with server.listening(), Listener(server.endpoint, clock=clock).running() as us:
        await us.up()
        us.esl.pause_events()
        for _ in range(10):
            await clock.advance(PING_SECONDS)
            await us.esl.api("global_getvar core_uuid")
        us.esl.resume_events()
        server.events.write(event("RECORD_STOP"))
        await us.until(lambda: us.heard)
        assert us.downs == []


# Closing


async def test_it_may_be_closed_while_it_connects() -> None:
    async with EslServer(greeting=b"").listening() as server, Listener(server.endpoint).running() as us:
        await server.peer()
    await server.peers[0].gone()
    assert not us.esl.is_up


async def test_it_may_be_closed_while_it_waits_for_the_next_try() -> None:
    clock, server = SimulatedClock(), EslServer(greeting=REJECTION)
    async with server.listening(), Listener(server.endpoint, clock=clock).running() as us:
        await us.trouble("apply-inbound-acl")
        await resting(clock, REFUSED_SECONDS[0])
        await us.esl.close()
        await us.esl.close()
    assert len(server.peers) == 1


async def test_it_may_be_closed_before_it_runs() -> None:
    us = Listener(EslServer().endpoint)
    await us.esl.close()
    await us.esl.run()
    assert us.downs == []


async def test_closing_lets_go_of_both_connections_and_of_who_waits() -> None:
    async with EslServer().listening() as server, Listener(server.endpoint).running() as us:
        await us.up()
        asking = asyncio.create_task(us.esl.api("x", 60.0))
        await server.commands.asked("api x")
    with pytest.raises(PbxUnreachable):
        await asking
    for peer in server.peers:
        await peer.gone()
