"""When a recording of a call begins, and when rules or consent end it.

Joins rulings, consent and recorders; knows no channel events and no files.
"""

from dataclasses import replace

from connector.domain import consent
from connector.domain.call import Asked, Verdict
from connector.domain.conversation import Conversation
from connector.domain.ids import ChannelId, Moment
from connector.domain.options import Beginning, RecordingOptions
from connector.domain.pbx_commands import PlaySound
from connector.domain.policy import Ruling
from connector.domain.recorders import Recorders
from connector.domain.rulings import Rulings
from connector.domain.take import Notes, Take


class Beginnings:
    def __init__(self, rulings: Rulings, recorders: Recorders) -> None:
        self._rulings = rulings
        self._recorders = recorders

    def met(self, conversation: Conversation, at: Moment, notes: Notes) -> None:
        """Somebody new is in the talk, or somebody wants it recorded: what is to be done now?"""
        ruling = self._rulings.of(conversation, at)
        if conversation.is_stopped_by_hand and not ruling.verdict.is_final:
            return
        ruling = self.lawful(conversation, ruling, at, notes)
        self._rule(conversation, ruling.verdict, notes)
        running = self._recorders.running(conversation)
        if running is not None:
            self._reconsider(conversation, running, ruling, at, notes)
        elif ruling.verdict.record and conversation.answered_legs():
            # Helper channels alone have no voice: the first real one to join them begins the recording.
            self._begin(conversation, ruling, at, notes)

    def answered(self, conversation: Conversation, at: Moment, notes: Notes) -> None:
        """Who dialled is connected, maybe to a machine: with recordFrom `answer` the recording begins."""
        eldest = min(conversation.live_legs(), key=lambda leg: leg.created_at, default=None)
        if eldest is None or eldest.answered_at is None or conversation.recordings or conversation.is_conference:
            return
        if self._rulings.of(conversation, at).options.record_from is Beginning.ANSWER:
            self.met(conversation, at, notes)

    def conferring(self, conversation: Conversation, at: Moment, notes: Notes) -> None:
        """The helper channel that a party seemed to talk with stands for a conference: what a rule has just begun is
        undone, for the conference is recorded as such."""
        running = self._recorders.running(conversation)
        if running is None or conversation.call.is_wanted or not self._is_young(running, at):
            return
        if running.recording.options.record_from is not Beginning.ANSWER:
            self._recorders.stop(running, at, notes, discard_reason="it is a conference")

    def pressed(self, conversation: Conversation, channel: ChannelId, key: str, at: Moment, notes: Notes) -> None:
        """A key, or what the dialplan says was pressed: an answer when somebody is asked."""
        leg = conversation.leg(channel)
        options = self._rulings.of(conversation, at).options
        answer = consent.answer(conversation.call.consent, options.consent, leg, key, at) if leg else None
        if answer is not None:
            conversation.call = replace(conversation.call, consent=answer)
            notes.changed(conversation.call)
            self.met(conversation, at, notes)

    def lawful(self, conversation: Conversation, ruling: Ruling, at: Moment, notes: Notes) -> Ruling:
        """The ruling with consent above it. Who has to be asked is asked now."""
        legs = conversation.answered_legs()
        demanded = ruling.options.consent
        if demanded is not None and legs and consent.is_question_open(ruling, conversation.call):
            told = consent.told_before(demanded, legs, at)
            if told is None:
                self._play(conversation, ruling.options.announce, notes)
            conversation.call = replace(conversation.call, consent=told or Asked(since=at))
            notes.changed(conversation.call)
        return consent.lawful(ruling, conversation.call)

    def _rule(self, conversation: Conversation, verdict: Verdict, notes: Notes) -> None:
        if conversation.call.verdict != verdict:
            conversation.ruled(verdict)
            notes.changed(conversation.call)

    def _begin(self, conversation: Conversation, ruling: Ruling, at: Moment, notes: Notes) -> None:
        options = _fitting(conversation, ruling.options)
        asked = conversation.call.consent
        if options.consent is None or asked is None or asked.since is None:
            self._play(conversation, options.announce, notes)
        self._play(conversation, "beep" if options.beep else None, notes)
        self._recorders.begin(conversation, options, ruling.verdict.reason, at, notes)

    def _reconsider(self, conversation: Conversation, running: Take, ruling: Ruling, at: Moment, notes: Notes) -> None:
        is_refused = consent.is_refused(ruling.options, conversation.call)
        is_undone = self._is_young(running, at) or running.is_of_one_party or is_refused
        if ruling.verdict.record or not (is_undone or ruling.verdict.is_final):
            self._recorders.ensure(conversation, at, notes)
            return
        self._recorders.stop(running, at, notes, discard_reason=ruling.verdict.reason if is_undone else "")

    def _is_young(self, take: Take, at: Moment) -> bool:
        return at - take.recording.requested_at < self._recorders.limits.regret_seconds

    def _play(self, conversation: Conversation, sound: str | None, notes: Notes) -> None:
        for leg in conversation.answered_legs() if sound else ():
            notes.wanted(PlaySound(call=conversation.call.id, channel=leg.channel, sound=sound or ""))


def _fitting(conversation: Conversation, options: RecordingOptions) -> RecordingOptions:
    """In a conference each hears himself played nothing but the others; who is alone is recorded with the prompts."""
    if conversation.is_conference:
        return replace(options, record_from=None, prompts=None)
    if conversation.call.is_wanted and len(conversation.answered_legs()) == 1:
        return replace(options, record_from=Beginning.ANSWER)
    return options
