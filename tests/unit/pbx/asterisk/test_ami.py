"""The manager interface: asking, hearing, and what the far end may do to it."""

import asyncio
import logging

import pytest

from connector.errors import PbxRefused, PbxUnreachable
from tests.unit.pbx.asterisk.ami_listener import Listener
from tests.unit.pbx.asterisk.ami_server import PASSWORD, AmiServer, error, listing, packet, success


async def test_after_the_login_the_filters_are_set_and_events_are_heard_in_order() -> None:
    async with (
        AmiServer().listening() as server,
        Listener(server.endpoint, variables=frozenset({"ACCOUNT"})).running() as us,
    ):
        await us.up()
        peer = await server.peer()
        assert [action.get("Action") for action in peer.actions] == ["Login", "Filter", "Filter", "Filter"]
        assert "Newchannel|" in peer.actions[1].get("Filter")
        assert "ACCOUNT" in peer.actions[3].get("Filter")
        peer.write(packet("Event: Newchannel", "Uniqueid: 1.1") + packet("Event: Hangup", "Uniqueid: 1.1"))
        await us.until(lambda: len(us.heard) == 2)
        assert us.names == ["Newchannel", "Hangup"]
        assert (us.ami.trouble, us.ami.unfiltered) == ("", "")


async def test_without_the_right_to_filter_it_goes_on_and_says_so() -> None:
    server = AmiServer({"Filter": error("Permission denied")})
    async with server.listening(), Listener(server.endpoint).running() as us:
        await us.up()
        assert "Permission denied" in us.ami.unfiltered
        assert us.ami.trouble == ""


async def test_what_is_asked_is_answered_also_when_the_answers_come_in_another_order() -> None:
    async with AmiServer().listening() as server, Listener(server.endpoint).running() as us:
        await us.up()
        peer = await server.peer()
        async with asyncio.TaskGroup() as tasks:
            first = tasks.create_task(us.ami.act("Getvar", {"Variable": "A"}))
            one = await peer.asked("Getvar")
            second = tasks.create_task(us.ami.act("Getvar", {"Variable": "B"}))
            other = await peer.asked("Getvar", times=2)
            for action, value in ((other, "b"), (one, "a")):
                peer.tell("Response: Success", f"ActionID: {action.get('ActionID')}", f"Value: {value}")
        assert (first.result().get("value"), second.result().get("VALUE")) == ("a", "b")


async def test_a_no_is_told_with_its_reason() -> None:
    server = AmiServer({"MixMonitor": error("No such channel")})
    async with server.listening(), Listener(server.endpoint).running() as us:
        await us.up()
        with pytest.raises(PbxRefused, match="office refused MixMonitor: No such channel"):
            await us.ami.act("MixMonitor", {"Channel": "x"})


@pytest.mark.parametrize("value", ["a\r\n\r\nAction: MixMonitor", "a\nAction: Hangup", "a\rb", "a\0b", "\ud800"])
async def test_a_value_that_would_be_read_as_more_than_a_value_is_never_sent(value: str) -> None:
    async with AmiServer({"Getvar": success()}).listening() as server, Listener(server.endpoint).running() as us:
        await us.up()
        with pytest.raises(PbxRefused, match="not sent"):
            await us.ami.act("Setvar", {"Variable": "A", "Value": value})
        await us.ami.act("Getvar", {"Variable": "A"})
        assert {action.get("Action") for action in server.peers[0].actions} == {"Login", "Filter", "Getvar"}


async def test_lists_come_whole_and_empty_ones_and_refused_ones_come_too() -> None:
    answers = {
        "Status": listing("Event: Status\r\nUniqueid: 1.1", "Event: Status\r\nUniqueid: 1.2"),
        "BridgeList": listing(),
        "ParkedCalls": error("Permission denied"),
    }
    async with AmiServer(answers).listening() as server, Listener(server.endpoint).running() as us:
        await us.up()
        assert [item.get("Uniqueid") for item in await us.ami.listed("Status")] == ["1.1", "1.2"]
        assert await us.ami.listed("BridgeList") == []
        with pytest.raises(PbxRefused, match="Permission denied"):
            await us.ami.listed("ParkedCalls")
        assert us.heard == []


async def test_a_variable_with_empty_lines_in_it_neither_hides_a_channel_nor_forges_an_event() -> None:
    forged = "Variable: BODY=a\r\n\r\nEvent: Hangup\r\nUniqueid: 1.2\r\n\r\nResponse: Success\r\nVariable: LAST=yes"
    first, second = f"Event: Status\r\nUniqueid: 1.1\r\n{forged}", "Event: Status\r\nUniqueid: 1.2"
    answers = {"Status": listing(first, second)}
    async with AmiServer(answers).listening() as server, Listener(server.endpoint).running() as us:
        await us.up()
        items = await us.ami.listed("Status")
        assert [item.get("Uniqueid") for item in items] == ["1.1", "1.2"]
        assert items[0].all("Variable") == ["BODY=a", "LAST=yes"]
        assert us.heard == []


async def test_an_event_with_the_id_of_an_action_is_heard_when_it_is_no_part_of_a_list() -> None:
    async with AmiServer().listening() as server, Listener(server.endpoint).running() as us:
        await us.up()
        peer = await server.peer()
        async with asyncio.TaskGroup() as tasks:
            asking = tasks.create_task(us.ami.act("Originate", {"Channel": "Local/1@x"}))
            id = (await peer.asked("Originate")).get("ActionID")
            peer.tell("Event: OriginateResponse", f"ActionID: {id}", "Response: Failure")
            await us.until(lambda: us.names == ["OriginateResponse"])
            peer.tell("Response: Success", f"ActionID: {id}", "Message: Originate successfully queued")
        assert asking.result().response == "Success"
        peer.tell("Event: OriginateResponse", f"ActionID: {id}", "Response: Failure")
        await us.until(lambda: us.names == ["OriginateResponse"] * 2)


async def test_an_answer_after_its_deadline_is_forgotten_and_the_connection_stays() -> None:
    async with AmiServer().listening() as server, Listener(server.endpoint).running() as us:
        await us.up()
        with pytest.raises(TimeoutError, match=r"did not answer Getvar within 0\.05 s"):
            await us.ami.act("Getvar", {"Variable": "A"}, 0.05)
        peer = await server.peer()
        peer.tell("Response: Success", f"ActionID: {(await peer.asked('Getvar')).get('ActionID')}", "Value: late")
        server.answers["Getvar"] = success("Value: in time")
        assert (await us.ami.act("Getvar", {"Variable": "A"})).get("Value") == "in time"
        assert us.downs == []


async def test_an_event_that_breaks_its_handler_takes_nothing_with_it(caplog: pytest.LogCaptureFixture) -> None:
    async with AmiServer().listening() as server, Listener(server.endpoint).running() as us:
        await us.up()
        us.fails_at = {"Bad"}
        (await server.peer()).write(packet("Event: Bad") + packet("Event: Good"))
        await us.until(lambda: us.heard)
        assert us.names == ["Good"]
        assert us.downs == []
    assert "an AMI event could not be used" in caplog.text


async def test_fifty_thousand_events_come_in_order_and_all_of_them() -> None:
    async with AmiServer().listening() as server, Listener(server.endpoint).running() as us:
        await us.up()
        peer = await server.peer()
        peer.write(b"".join(packet("Event: VarSet", f"Value: {number}", "X: " + "x" * 100) for number in range(50_000)))
        await us.until(lambda: len(us.heard) == 50_000)
        assert [message.get("Value") for message in us.heard] == [str(number) for number in range(50_000)]


async def test_a_field_of_a_megabyte_and_bytes_that_are_no_text_are_heard() -> None:
    async with AmiServer().listening() as server, Listener(server.endpoint).running() as us:
        await us.up()
        (await server.peer()).write(
            packet("Event: Big", f"Value: {'x' * (1 << 20)}") + b"Event: Odd\r\nV: a\xff\xfeb\r\n\r\n"
        )
        await us.until(lambda: len(us.heard) == 2)
        assert len(us.heard[0].get("Value")) == 1 << 20
        assert us.heard[1].get("V") == "a��b"


async def test_a_character_that_the_network_cuts_stays_whole() -> None:
    async with AmiServer().listening() as server, Listener(server.endpoint).running() as us:
        await us.up()
        peer = await server.peer()
        whole = packet("Event: Odd", "Name: Jürgen 日本")
        cut = whole.index("ü".encode()) + 1
        peer.write(packet("Event: First") + whole[:cut])
        # What was in one packet with the first half has been read.
        await us.until(lambda: us.heard)
        peer.write(whole[cut:])
        await us.until(lambda: len(us.heard) == 2)
        assert us.heard[1].get("Name") == "Jürgen 日本"


async def test_no_log_line_of_any_level_holds_the_password(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    server = AmiServer({"Login": error("Authentication failed")})
    async with server.listening(), Listener(server.endpoint).running() as us:
        assert (await (await server.peer()).asked("Login")).get("Secret") == PASSWORD
        await us.trouble("login refused")
    async with AmiServer().listening() as server, Listener(server.endpoint).running() as us:
        await us.up()
        server.peers[0].abort()
        await us.down()
    assert caplog.records
    assert PASSWORD not in caplog.text
    assert all(PASSWORD not in str(vars(record)) for record in caplog.records)


async def test_without_a_connection_an_action_fails_at_once_and_is_never_sent_later() -> None:
    server = AmiServer({"Getvar": success()})
    async with server.listening():
        us = Listener(server.endpoint)
        with pytest.raises(PbxUnreachable, match="MixMonitor was not sent"):
            await us.ami.act("MixMonitor", {"Channel": "x"})
        async with us.running():
            await us.up()
            await us.ami.act("Getvar", {"Variable": "A"})
            assert server.peers[0].named("MixMonitor") == []
