"""callreel transcripts list, show, again."""

import argparse
import asyncio
import json
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final

from connector.command_line.audit import operator
from connector.command_line.exits import Exit
from connector.command_line.output import iso, print_json, print_table, printable, seconds_text
from connector.command_line.recordings import recording_called
from connector.config.engine_rules import engines_of
from connector.domain.ids import RecordingId
from connector.domain.speech import Word
from connector.domain.states import TranscriptionState
from connector.domain.transcript import Transcript
from connector.domain.transcript_document import Occasion, document, occasion_of
from connector.domain.transcript_forms import srt, timed, vtt
from connector.domain.vcon import vcon
from connector.errors import BadRequest, ConfigError, Conflict, NoLongerThere, NotFound
from connector.ports.search_ledger import TranscriptFilter
from connector.ports.shipping_ledger import RecordingFile
from connector.roles.house import House, opened
from connector.services.lookup import copies
from connector.services.rehearing import Rehearing

_PAGE: Final = 200
_ID_SIGNS: Final = 8
Words = Sequence[Sequence[Word]]


def listing(options: argparse.Namespace) -> int:
    """Those of the newest recordings."""
    states = tuple(TranscriptionState(name) for name in options.state)
    wanted = TranscriptFilter(organisation=options.organisation, states=states)

    async def work(house: House) -> int:
        found = await house.catalogue.search.transcripts(wanted, limit=options.limit)
        if options.json:
            print_json([_as_json(one) for one in found])
        else:
            columns = ("made (UTC)", "recording", "call", "state", "engine", "language", "words", "reason")
            print_table(columns, [_row(one) for one in found], whole=columns[:2])
        return Exit.OK

    return _with_house(options, work)


def show(options: argparse.Namespace) -> int:
    """One of them: about it and in lines; or only its words, in a form for programs."""

    async def work(house: House) -> int:
        file = await recording_called(house, options.id)
        versions = await house.catalogue.transcriptions.versions(file.recording.id)
        one = _of_version(file, versions, options.version)
        if one.state is TranscriptionState.DONE:
            form = options.format or ("json" if options.json else "lines")
            await house.auditing.done(
                operator(house),
                "transcript.read",
                subject=one.recording_id,
                organisation=one.organisation,
                call_id=one.call_id,
                format=form,
            )
        if options.format:
            words = await house.catalogue.transcriptions.words(one.recording_id, one.version)
            print(_in_form(options.format, file, one, words), end="")
        elif options.json:
            print_json(_as_json(one) | {"lines": _lines(one), "versions": [_as_json(other) for other in versions]})
        else:
            _print_whole(one, versions)
        return Exit.OK

    return _with_house(options, work)


def again(options: argparse.Namespace) -> int:
    """Recordings are heard again, or for the first time; the work role does it."""

    async def work(house: House) -> int:
        asked, refused = await _asked(house, await _meant(house, options), options.engine)
        if options.json:
            print_json({"asked": asked, "refused": refused})
        else:
            rows = [(one["recording_id"], str(one["version"]), one["engine"]) for one in asked]
            print_table(("recording", "version", "engine"), rows, whole=("recording",))
        for id, why in refused.items():
            print(f"callreel: {id}: {printable(why)}", file=sys.stderr)
        return Exit.FAILED if refused else Exit.OK

    return _with_house(options, work)


def _with_house(options: argparse.Namespace, work: Callable[[House], Awaitable[int]]) -> int:
    async def run() -> int:
        async with opened(options.config) as house:
            return await work(house)

    return asyncio.run(run())


async def _meant(house: House, options: argparse.Namespace) -> dict[str, str]:
    """Recordings, each with its call."""
    if not options.ids and not options.all_failed:
        raise ConfigError("which recordings? name their ids, or say --all-failed")
    meant = {}
    for id in options.ids:
        file = await recording_called(house, id)
        meant[file.recording.id] = file.call.id
    if options.all_failed:
        meant |= {one.recording_id: one.call_id for one in await _failed(house)}
    return {str(id): str(call_id) for id, call_id in meant.items()}


async def _failed(house: House) -> list[Transcript]:
    wanted = TranscriptFilter(states=(TranscriptionState.FAILED,))
    found: list[Transcript] = []
    after: RecordingId | None = None
    while True:
        page = await house.catalogue.search.transcripts(wanted, limit=_PAGE, after=after)
        found += page
        if len(page) < _PAGE:
            return found
        after = page[-1].recording_id


async def _asked(house: House, calls: Mapping[str, str], engine: str) -> tuple[list[dict[str, Any]], dict[str, str]]:
    """What is made, and why not what is not. Raises BadRequest for an engine that may hear none of them."""
    rehearing = Rehearing(
        house.catalogue.transcriptions,
        house.lookup,
        lambda organisation: engines_of(house.overlay.settings, organisation),
        house.auditing,
        house.clock,
    )
    asked, refused = [], {}
    wrong: BadRequest | None = None
    for id, call_id in calls.items():
        try:
            one = await rehearing.again(operator(house), call_id, id, engine)
        except (Conflict, NoLongerThere, NotFound) as error:
            refused[id] = str(error)
            continue
        except BadRequest as error:
            # Another organisation's may be heard by it all the same.
            wrong, refused[id] = error, str(error)
            continue
        asked.append({"recording_id": one.recording_id, "version": one.version, "engine": one.engine})
    if wrong is not None and not asked:
        raise wrong
    return asked, refused


def _of_version(file: RecordingFile, versions: Sequence[Transcript], wanted: int | None) -> Transcript:
    id = file.recording.id
    if not versions:
        raise NotFound(f"no transcript of {id} was asked for: callreel transcripts again {id} does")
    found = next((one for one in versions if wanted in (None, one.version)), None)
    if found is None:
        known = ", ".join(str(one.version) for one in versions)
        raise NotFound(f"the transcript of {id} has no version {wanted}: it has {known}")
    return found


def _in_form(form: str, file: RecordingFile, one: Transcript, words: Words) -> str:
    if one.state is not TranscriptionState.DONE:
        raise NotFound(f"the transcript of {one.recording_id} is {one.state}{f': {one.reason}' if one.reason else ''}")
    if form == "text":
        return one.labelled + "\n"
    if form == "timed":
        return timed(one.lines)
    if form == "vtt":
        return vtt(one.lines, words)
    if form == "srt":
        return srt(one.lines, words)
    occasion = _occasion(file, one)
    sounds = copies(file)
    whole = (
        document(one, words, occasion)
        if form == "document"
        else vcon(one, words, occasion, file.call, sounds[0][1] if sounds else None)
    )
    return json.dumps(whole, ensure_ascii=False, indent=2) + "\n"


def _occasion(file: RecordingFile, one: Transcript) -> Occasion:
    began = file.recording.started_at or file.call.started_at
    return occasion_of(one, began, file.rendering)


def _print_whole(one: Transcript, versions: Sequence[Transcript]) -> None:
    facts = [(name, str(value)) for name, value in _as_json(one).items() if value not in ("", None)]
    print_table(("", ""), facts)
    if len(versions) > 1:
        rows = [("", *_row(other)[:1], str(other.version), other.engine, other.model) for other in versions]
        print_table(("versions:", "made (UTC)", "version", "engine", "model"), rows)
    if one.facts is not None:
        sides = [
            (
                "",
                str(side.role),
                side.party,
                seconds_text(side.talk_seconds),
                seconds_text(side.longest_monologue_seconds),
                str(side.interruptions),
                "" if side.response_seconds is None else f"{side.response_seconds:.1f}",
            )
            for side in one.facts.sides
        ]
        print_table(("talk:", "role", "party", "spoke", "longest", "interruptions", "answers after"), sides)
    if one.lines:
        print("\n" + "\n".join(printable(line) for line in timed(one.lines).splitlines()))


def _row(one: Transcript) -> tuple[str, ...]:
    return (
        (iso(one.made_at) or "")[:19].replace("T", " "),
        one.recording_id[:_ID_SIGNS],
        one.call_id,
        str(one.state),
        one.engine,
        one.language,
        str(one.word_count) if one.lines else "",
        one.reason,
    )


def _as_json(one: Transcript) -> dict[str, Any]:
    return {
        "recording_id": one.recording_id,
        "call_id": one.call_id,
        "organisation": one.organisation,
        "state": str(one.state),
        "reason": one.reason,
        "version": one.version,
        "engine": one.engine,
        "model": one.model,
        "language": one.language or None,
        "confidence": None if one.confidence is None else round(one.confidence, 3),
        "made_at": iso(one.made_at),
        "word_count": one.word_count,
    }


def _lines(one: Transcript) -> list[dict[str, Any]]:
    return [
        {
            "role": str(line.role),
            "party": line.party,
            "start_seconds": line.start_seconds,
            "end_seconds": line.end_seconds,
            "text": line.text,
            "confidence": line.confidence,
            "overlaps": line.overlaps,
        }
        for line in one.lines
    ]
