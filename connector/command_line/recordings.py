"""callreel recordings list, show, retry, verify, link, waive, unknown."""

import argparse
import asyncio
import hashlib
import sys
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from rich.console import Console
from rich.progress import Progress

from connector.command_line.exits import Exit
from connector.command_line.output import as_json, iso, print_json, print_table, printable, seconds_text
from connector.domain.ids import RecordingId
from connector.domain.recording import Delivery
from connector.domain.states import RecordingState
from connector.errors import ConfigError, ConnectorError, NotFound
from connector.ports.search_ledger import RecordingFilter
from connector.ports.shipping_ledger import RecordingFile
from connector.roles.house import House, opened
from connector.services.fetching import stored
from connector.services.reconciling import unknown_files

_RETRIABLE = (RecordingState.FAILED_RENDER, RecordingState.FAILED_STORE)
_FAILED = (RecordingState.FAILED_CAPTURE, *_RETRIABLE)
_PAGE = 200
_CHOICES = 10
#: Ids may be given by their beginning: so much of one is shown, and is enough.
_ID_SIGNS = 8
#: What work goes on with after a retry; in any other state there is nothing to retry.
_GOES_ON = (RecordingState.CAPTURED, RecordingState.RENDERED, RecordingState.AVAILABLE)


def listing(options: argparse.Namespace) -> int:
    """The newest recordings."""
    wanted = RecordingFilter(
        organisation=options.organisation,
        states=_states(options.state),
        number=options.number,
        agent=options.agent,
    )

    async def work(house: House) -> int:
        files = await house.catalogue.search.recordings(wanted, limit=options.limit)
        if options.json:
            print_json([as_json(file) for file in files])
        else:
            columns = ("started (UTC)", "id", "from", "to", "agent", "length", "state", "reason")
            print_table(columns, [_row(file) for file in files], whole=columns[:2])
        return Exit.OK

    return _with_house(options, work)


def show(options: argparse.Namespace) -> int:
    """Everything about one recording."""

    async def work(house: House) -> int:
        file = await recording_called(house, options.id)
        if options.json:
            print_json(as_json(file))
        else:
            _print_file(as_json(file))
        return Exit.OK

    return _with_house(options, work)


def retry(options: argparse.Namespace) -> int:
    """Failed recordings fall due again."""

    async def work(house: House) -> int:
        ids = list(options.ids)
        if options.all_failed:
            ids += [file.recording.id for file in await _all(house, _RETRIABLE)]
        if not ids:
            raise ConfigError("which recordings? name their ids, or say --all-failed")
        states = {}
        for id in ids:
            file = await recording_called(house, id)
            states[file.recording.id] = await house.reviving.revive(file.recording.id)
        if options.json:
            print_json(states)
        else:
            print_table(("id", "state now"), states.items(), whole=("id",))
        is_done = all(state in _GOES_ON for state in states.values())
        if not is_done:
            print("callreel: what is not captured, rendered or available cannot be retried", file=sys.stderr)
        return Exit.OK if is_done else Exit.FAILED

    return _with_house(options, work)


def verify(options: argparse.Namespace) -> int:
    """Read stored copies back and compare."""

    async def work(house: House) -> int:
        if options.ids:
            files = [await recording_called(house, id) for id in options.ids]
        else:
            files = await _all(house, (RecordingState.AVAILABLE,))
        held = [(file, delivery) for file in files for delivery in stored(file)]
        verdicts = await _verified(house, held)
        bad = [verdict for verdict in verdicts if verdict["verdict"] != "ok"]
        if options.json:
            print_json(verdicts)
        else:
            print_table(("recording", "file", "verdict"), [(v["id"], v["url"], v["verdict"]) for v in bad])
            print(f"{len(verdicts) - len(bad)} of {len(verdicts)} copies are what was sent")
        return Exit.FAILED if bad else Exit.OK

    return _with_house(options, work)


def link(options: argparse.Namespace) -> int:
    """Addresses to fetch it from, and until when."""

    async def work(house: House) -> int:
        file = await recording_called(house, options.id)
        copies = [one for one in stored(file) if options.destination in (None, one.destination)]
        if not copies:
            raise NotFound(f"nothing of {file.recording.id} is stored{_there(options)}: see callreel recordings show")
        links = [await _linked(house, file, copy, options.lifetime) for copy in copies]
        if options.json:
            print_json(links)
        else:
            columns = ("file", "destination", "until (UTC)", "link")
            rows = [(one["kind"], one["destination"], one["expires_at"], one["url"] or one["reason"]) for one in links]
            print_table(columns, rows, whole=("link",))
        return Exit.OK if all(one["url"] for one in links) else Exit.FAILED

    return _with_house(options, work)


def waive(options: argparse.Namespace) -> int:
    """Copies that were refused or given up are done without; then local files can go."""

    async def work(house: House) -> int:
        file = await recording_called(house, options.id)
        waived = await house.shipping.waive(file.recording.id, options.destination or "")
        if options.json:
            print_json([{"kind": one.kind, "destination": one.destination} for one in waived])
        else:
            print_table(("file", "destination"), [(one.kind, one.destination) for one in waived])
        if not waived:
            print(f"callreel: no copy was refused or given up{_there(options)}", file=sys.stderr)
        return Exit.OK if waived else Exit.FAILED

    return _with_house(options, work)


def unknown(options: argparse.Namespace) -> int:
    """Files that lie in a spool and belong to no recording."""

    async def work(house: House) -> int:
        found = await unknown_files(house.catalogue.shipping, house.sources)
        if options.json:
            print_json(found)
        else:
            print_table(("pbx", "file"), [(pbx, path) for pbx, paths in found.items() for path in paths])
        return Exit.OK

    return _with_house(options, work)


def _with_house(options: argparse.Namespace, work: Callable[[House], Awaitable[int]]) -> int:
    async def run() -> int:
        async with opened(options.config) as house:
            return await work(house)

    return asyncio.run(run())


def _states(words: Sequence[str]) -> tuple[RecordingState, ...]:
    states: list[RecordingState] = []
    for word in words:
        if word == "failed":
            states += _FAILED
        elif word in set(RecordingState):
            states.append(RecordingState(word))
        else:
            raise ConfigError(f"no state is called {word!r}: failed, {', '.join(RecordingState)}")
    return tuple(states)


async def _all(house: House, states: Sequence[RecordingState]) -> list[RecordingFile]:
    found: list[RecordingFile] = []
    after: RecordingId | None = None
    while True:
        page = await house.catalogue.search.recordings(RecordingFilter(states=tuple(states)), limit=_PAGE, after=after)
        found += page
        if len(page) < _PAGE:
            return found
        after = page[-1].recording.id


async def recording_called(house: House, name: str) -> RecordingFile:
    file = await house.catalogue.shipping.file(RecordingId(name))
    if file is not None:
        return file
    of_call = await house.catalogue.search.recordings(RecordingFilter(call_id=name), limit=_CHOICES)
    beginning = of_call or await house.catalogue.search.recordings(RecordingFilter(id_begins_with=name), limit=_CHOICES)
    if len(beginning) == 1:
        return beginning[0]
    if beginning:
        ids = ", ".join(file.recording.id for file in beginning)
        raise ConfigError(f"{name!r} means more than one recording: say which, {ids}")
    raise NotFound(f"no recording and no call is called {name!r}: callreel recordings list shows what there is")


async def _verified(house: House, stored: Sequence[tuple[RecordingFile, Delivery]]) -> list[dict[str, str]]:
    verdicts = []
    with Progress(console=Console(stderr=True), transient=True) as progress:
        for file, delivery in progress.track(stored, description="reading back"):
            verdicts.append(
                {"id": delivery.recording_id, "url": delivery.url, "verdict": await _verdict(house, file, delivery)}
            )
    return verdicts


async def _verdict(house: House, file: RecordingFile, delivery: Delivery) -> str:
    digest = hashlib.sha256()
    try:
        destination = await house.destinations.holding(delivery, file.recording)
        if destination is None:
            return f"destination {delivery.destination!r} is not in the configuration"
        async for piece in destination.store.read(delivery.object_name):
            digest.update(piece)
    except ConnectorError as error:
        return str(error)
    return "ok" if digest.hexdigest() == file.artefact(delivery).sha256 else "its bytes are not those that were sent"


async def _linked(house: House, file: RecordingFile, copy: Delivery, seconds: float | None) -> dict[str, str]:
    facts = {"kind": str(copy.kind), "destination": copy.destination, "url": "", "expires_at": "", "reason": ""}
    try:
        found = await house.fetching.link(file, copy, seconds)
    except ConnectorError as error:
        return facts | {"reason": str(error)}
    return facts | {"url": found.url, "expires_at": iso(found.expires_at) or ""}


def _there(options: argparse.Namespace) -> str:
    return f" at {options.destination!r}" if options.destination else ""


def _row(file: RecordingFile) -> tuple[str, ...]:
    recording, call = file.recording, file.call
    length = seconds_text(file.rendering.duration_seconds) if file.rendering else ""
    started = (iso(recording.started_at or recording.requested_at) or "")[:19].replace("T", " ")
    agent = call.agent_name or call.agent_id
    return (
        started,
        recording.id[:_ID_SIGNS],
        call.from_number,
        call.to_number,
        agent,
        length,
        str(recording.state),
        recording.reason,
    )


def _print_file(facts: dict[str, Any]) -> None:
    plain = [
        (name, str(value)) for name, value in facts.items() if not isinstance(value, list) and value not in ("", None)
    ]
    print_table(("", ""), plain)
    for name in ("channels", "gaps", "levels", "files"):
        if facts[name]:
            print_table([f"{name}:", *list(facts[name][0])], [("", *map(str, one.values())) for one in facts[name]])
    for trouble in facts["troubles"]:
        print(f"trouble: {printable(trouble)}")
