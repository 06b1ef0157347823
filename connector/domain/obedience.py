"""What becomes of instructions: start, stop, pause, resume, discard, options. Each is answered; each id acts once."""

from collections import OrderedDict
from dataclasses import replace

from connector.domain.beginnings import Beginnings
from connector.domain.call import Verdict, Wanted
from connector.domain.conversation import Conversation
from connector.domain.decision import CommandAnswered
from connector.domain.events import InstructionGiven
from connector.domain.ids import Moment
from connector.domain.instruction import joined_texts, options_text
from connector.domain.recorders import Recorders
from connector.domain.rulings import Rulings
from connector.domain.take import Notes, Take
from connector.errors import IllegalInstruction

_ACTIONS = ("start", "stop", "pause", "resume", "discard", "options")
#: How many ids are remembered here; the catalogue remembers all of them.
_REMEMBERED_IDS = 10_000


class Obedience:
    def __init__(self, rulings: Rulings, beginnings: Beginnings, recorders: Recorders) -> None:
        self._rulings = rulings
        self._beginnings = beginnings
        self._recorders = recorders
        self._answers: OrderedDict[str, CommandAnswered] = OrderedDict()

    def obey(self, order: InstructionGiven, conversation: Conversation | None, at: Moment, notes: Notes) -> None:
        answer = self._answers.get(order.command_id)
        if answer is None:
            try:
                answer = self._outcome(order, conversation, at, notes)
            except IllegalInstruction as error:
                answer = _refusal(order, str(error))
            self._remember(answer)
        notes.changed(answer)

    def _outcome(
        self, order: InstructionGiven, conversation: Conversation | None, at: Moment, notes: Notes
    ) -> CommandAnswered:
        if order.action not in _ACTIONS:
            return _refusal(order, f"unknown action {order.action!r}: {', '.join(_ACTIONS[:-1])} or {_ACTIONS[-1]}")
        if conversation is None:
            return _refusal(order, f"no such {'conference' if order.conference else 'call'} is live on this PBX")
        running = self._recorders.running(conversation)
        if order.action == "start":
            return self._start(order, conversation, running, at, notes)
        if order.action == "options":
            return self._describe(order, conversation, running, notes)
        if running is None and order.action in {"stop", "discard"} and conversation.call.is_wanted:
            return self._wanted_no_more(order, conversation, notes)
        if running is None and order.action == "discard":
            return self._forbid(order, conversation, at, notes)
        if running is None:
            return _refusal(order, "nothing is being recorded on this call")
        match order.action:
            case "pause":
                return self._pause(order, running, at, notes)
            case "resume":
                return self._resume(order, running, at, notes)
        return self._stop(order, conversation, running, at, notes)

    def _start(
        self, order: InstructionGiven, conversation: Conversation, running: Take | None, at: Moment, notes: Notes
    ) -> CommandAnswered:
        options_text(order.options)
        if running is not None:
            return _done(order, running, f"{running.id} is recording already")
        ruling = self._rulings.of(conversation, at)
        if ruling.verdict.is_final and not ruling.verdict.record:
            return _refusal(order, ruling.verdict.reason)
        # The call's own wish from now on: who joins later does not undo it, and it waits for what is missing.
        wanted = Wanted(by=order.by or "command", options=_added(conversation.call.wanted, order.options))
        conversation.call = replace(conversation.call, wanted=wanted)
        conversation.ruled(self._rulings.of(conversation, at).verdict)
        notes.changed(conversation.call)
        if not conversation.answered_legs():
            return _waiting(order, "waits for the answer")
        self._beginnings.met(conversation, at, notes)
        begun = self._recorders.running(conversation)
        return _done(order, begun) if begun is not None else _waiting(order, "waits for consent")

    def _describe(
        self, order: InstructionGiven, conversation: Conversation, running: Take | None, notes: Notes
    ) -> CommandAnswered:
        """How, if at all. What runs keeps the options that it began with."""
        options_text(order.options)
        wanted = conversation.call.wanted or Wanted(by=order.by or "command", is_only_how=True)
        wanted = replace(wanted, options=_added(wanted, order.options))
        conversation.call = replace(conversation.call, wanted=wanted)
        notes.changed(conversation.call)
        if running is not None:
            return _done(order, running, f"{running.id} keeps its options; they hold for the next recording")
        return _waiting(order, "holds when it is recorded")

    def _forbid(self, order: InstructionGiven, conversation: Conversation, at: Moment, notes: Notes) -> CommandAnswered:
        """Nothing was recorded yet, and nothing will be."""
        verdict = self._rulings.of(conversation, at).verdict
        if verdict.is_final and verdict.record:
            return _refusal(order, verdict.reason)
        if conversation.recordings:
            return _refusal(order, "nothing is being recorded on this call")
        self._rule_by_hand(order, conversation, notes)
        return _waiting(order, "nothing will be recorded")

    def _wanted_no_more(self, order: InstructionGiven, conversation: Conversation, notes: Notes) -> CommandAnswered:
        """It was asked for, and had not begun."""
        self._rule_by_hand(order, conversation, notes)
        return _waiting(order, "no longer waits")

    def _stop(
        self, order: InstructionGiven, conversation: Conversation, running: Take, at: Moment, notes: Notes
    ) -> CommandAnswered:
        verdict = self._rulings.of(conversation, at).verdict
        if verdict.is_final and verdict.record:
            return _refusal(order, verdict.reason)
        self._rule_by_hand(order, conversation, notes)
        reason = f"discarded by {order.by or 'command'}" if order.action == "discard" else ""
        self._recorders.stop(running, at, notes, discard_reason=reason)
        return _done(order, running)

    def _rule_by_hand(self, order: InstructionGiven, conversation: Conversation, notes: Notes) -> None:
        if conversation.call.is_wanted:
            conversation.call = replace(conversation.call, wanted=None)
        conversation.ruled(Verdict(record=False, is_by_hand=True, reason=f"stopped by {order.by or 'command'}"))
        notes.changed(conversation.call)

    def _pause(self, order: InstructionGiven, running: Take, at: Moment, notes: Notes) -> CommandAnswered:
        if running.is_paused:
            return _done(order, running, f"{running.id} is paused already")
        self._recorders.pause(running, at, notes)
        return _done(order, running)

    def _resume(self, order: InstructionGiven, running: Take, at: Moment, notes: Notes) -> CommandAnswered:
        if not running.is_paused:
            return _done(order, running, f"{running.id} is not paused")
        running.resume(at, notes)
        return _done(order, running)

    def _remember(self, answer: CommandAnswered) -> None:
        self._answers[answer.command_id] = replace(answer)
        if len(self._answers) > _REMEMBERED_IDS:
            self._answers.popitem(last=False)


def _added(wanted: Wanted | None, options: str) -> str:
    """The options with those that were wished for before under them."""
    before = wanted.options if wanted is not None and wanted.is_only_how else ""
    return joined_texts(before, options)


def _done(order: InstructionGiven, take: Take, outcome: str = "") -> CommandAnswered:
    return CommandAnswered(
        command_id=order.command_id, is_done=True, outcome=outcome or take.id, recording=take.recording.id
    )


def _waiting(order: InstructionGiven, outcome: str) -> CommandAnswered:
    return CommandAnswered(command_id=order.command_id, is_done=True, outcome=outcome)


def _refusal(order: InstructionGiven, reason: str) -> CommandAnswered:
    return CommandAnswered(command_id=order.command_id, is_done=False, outcome=reason)
