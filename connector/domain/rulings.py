"""What the rules of a call's organisation say of it, with its own wish and with what people and the dialplan asked for.

Knows policies and legs; begins and ends nothing.
"""

from collections.abc import Mapping
from dataclasses import replace

from connector.domain.call import Call, Verdict
from connector.domain.conversation import Conversation
from connector.domain.ids import Moment
from connector.domain.instruction import options_text, wish
from connector.domain.organisation import Directory
from connector.domain.policy import CallFacts, Policy, Ruling, Wish
from connector.errors import IllegalInstruction

#: How the reason names a recorder that the dialplan started by itself.
MUST_RECORD = "the dialplan's must-record"


class Rulings:
    def __init__(self, directory: Directory, policies: Mapping[str, Policy]) -> None:
        self._directory = directory
        self._policies = policies

    def follow(self, directory: Directory, policies: Mapping[str, Policy]) -> None:
        self._directory = directory
        self._policies = policies

    def of(self, conversation: Conversation, at: Moment) -> Ruling:
        call = conversation.call
        policy = self._policies.get(call.organisation)
        own = _wish(conversation)
        if policy is None:
            reason = "no organisation of the configuration fits this call: refused"
            return Ruling(verdict=Verdict(record=False, is_final=True, reason=reason), options=own.options)
        ruling = policy.decide(call_facts(call, self._directory, at), own)
        if call.is_wanted and call.wanted is not None and not ruling.verdict.is_final:
            reason = f"asked for by {call.wanted.by}"
            if call.wanted.by == MUST_RECORD:
                reason = f"{MUST_RECORD}; {ruling.verdict.reason}"
            ruling = replace(ruling, verdict=Verdict(record=True, reason=reason))
        if own.trouble:
            reason = f"{ruling.verdict.reason}; {own.trouble}"
            return replace(ruling, verdict=replace(ruling.verdict, reason=reason))
        return ruling


def call_facts(call: Call, directory: Directory, at: Moment) -> CallFacts:
    """What rules may ask about it."""
    first = min(call.legs, key=lambda leg: leg.created_at, default=None)
    return CallFacts(
        organisation=call.organisation,
        direction=call.direction,
        from_number=call.from_number,
        to_number=call.to_number,
        agent=call.agent_id,
        queue=call.queue,
        context=first.context if first else "",
        trunk=next((leg.device for leg in call.legs if directory.is_trunk(leg)), ""),
        at=at,
    )


def _wish(conversation: Conversation) -> Wish:
    """Of all parties, not of those who only rang; in a conference, of who came first."""
    first, wanted = conversation.first_leg, conversation.call.wanted
    parties = () if conversation.is_conference else conversation.call.legs
    legs = [leg for leg in parties if leg.answered_at is not None and leg is not first]
    legs = [first, *legs] if first else legs
    said = wish(dict(pair for leg in legs for pair in leg.variables))
    if wanted is None:
        return said
    try:
        return replace(said, options=options_text(wanted.options).over(said.options))
    except IllegalInstruction as error:
        # Another release took them, when this very call was begun.
        return replace(said, trouble="; ".join(filter(None, (said.trouble, str(error)))))
