"""Calls told from outside to inside, for the Director's tests."""

from connector.pbx.scripted.conversation import Conversation

INBOUND = "+4930123456"


def an_inbound_call(**over: object) -> Conversation:
    return Conversation(caller=INBOUND, agent="201", **over)  # type: ignore[arg-type]
