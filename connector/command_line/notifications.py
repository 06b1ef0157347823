"""callreel notifications list, show, replay, test, enable, public-key."""

import argparse
import asyncio
import os
import sys
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from typing import Any, Final

from rich.console import Console

from connector.command_line.exits import Exit
from connector.command_line.output import iso, print_json, print_table, printable
from connector.config.loading import load
from connector.domain.bodies import test_body
from connector.domain.notification import Attempt, Notification, Told
from connector.domain.states import NotificationState
from connector.errors import ConfigError, NotFound
from connector.network import signing
from connector.ports.notification_ledger import Disabled
from connector.ports.search_ledger import RecordingFilter
from connector.roles.house import House, opened
from connector.settings import NotificationSettings, Settings

_PAGE: Final = 500
_CHOICES: Final = 10
#: Ids may be given by their beginning: so much of one is shown, and is enough.
_ID_SIGNS: Final = 8
#: What every id of a notification begins with; it need not be typed.
_MARK: Final = "msg_"
_LOOK_SECONDS: Final = 0.1
#: What a daemon takes to notice, beside what the endpoint may take to answer.
_NOTICE_SECONDS: Final = 10.0


def listing(options: argparse.Namespace) -> int:
    """The newest notifications."""

    async def work(house: House) -> int:
        found = await house.catalogue.notifications.listed(
            states=_states(options),
            endpoint=options.endpoint,
            recording_id=await _recording_id(house, options.recording) if options.recording else "",
            limit=options.limit,
        )
        if options.endpoint and not found:
            # One that left the configuration may have some.
            _endpoint(house, options.endpoint)
        if options.json:
            print_json([_as_json(one) for one in found])
        else:
            columns = ("created (UTC)", "id", "to", "what", "of", "state", "reason")
            print_table(columns, [_row(one) for one in found], whole=("created (UTC)", "id", "of", "state"))
        return Exit.OK

    return _with_house(options, work)


def show(options: argparse.Namespace) -> int:
    """One of them with its body and its tries."""

    async def work(house: House) -> int:
        (id,) = await _whole_ids(house, [options.id])
        one, attempts = await _found(house, id)
        if options.json:
            print_json(_whole_as_json(one, attempts))
            return Exit.OK
        print_table(("", ""), [(name, str(value)) for name, value in _as_json(one).items() if value not in ("", None)])
        print(f"\n{printable(one.body)}\n")
        _print_tries(attempts)
        return Exit.OK

    return _with_house(options, work)


def replay(options: argparse.Namespace) -> int:
    """Send them again, with the ids that they had."""

    async def work(house: House) -> int:
        endpoints = await _to_be_replayed(house, options)
        obstacles = await _obstacles(house, set(endpoints.values()))
        ids = [id for id, endpoint in endpoints.items() if endpoint not in obstacles]
        now = house.clock.now()
        slices = [ids[at : at + _PAGE] for at in range(0, len(ids), _PAGE)]
        count = sum([await house.catalogue.notifications.replay(some, now) for some in slices])
        waiting, refused = len(ids) - count, len(endpoints) - len(ids)
        if options.json:
            print_json({"replayed": count, "waiting": waiting, "refused": refused})
        else:
            print(f"{count} to be sent again" + (f", {waiting} wait already" if waiting else ""))
        for endpoint, why in obstacles.items():
            held_up = list(endpoints.values()).count(endpoint)
            print(f"callreel: {held_up} cannot be sent again: endpoint {endpoint!r} {why}", file=sys.stderr)
        return Exit.FAILED if refused else Exit.OK

    return _with_house(options, work)


def test(options: argparse.Namespace) -> int:
    """One that is only a trial goes the way that all others go."""

    async def work(house: House) -> int:
        endpoint = _endpoint(house, options.name)
        one = Notification(
            id=f"{_MARK}{uuid.uuid4().hex}",
            endpoint=options.name,
            organisation="",
            recording_id="",
            call_id="",
            told=Told.TEST,
            body=test_body(endpoint.format, house.clock.now()),
            created_at=house.clock.now(),
            next_at=house.clock.now(),
        )
        await house.catalogue.notifications.add([one])
        last, attempts = await _tried(house, one.id, endpoint)
        if options.json:
            print_json(_whole_as_json(last, attempts))
        elif _is_settled(last):
            _print_tries(attempts)
            print(f"{last.id}: {last.state}{f', {printable(last.reason)}' if last.reason else ''}")
        for why in (await _obstacles(house, {options.name})).values():
            print(f"callreel: endpoint {options.name!r} {why}", file=sys.stderr)
        if not _is_settled(last):
            print(f"callreel: {_unsent(last.id)}", file=sys.stderr)
            return Exit.UNAVAILABLE
        return Exit.OK if last.state is NotificationState.DELIVERED else Exit.FAILED

    return _with_house(options, work)


def enable(options: argparse.Namespace) -> int:
    """An endpoint that said that it is gone is told again from now on."""

    async def work(house: House) -> int:
        _endpoint(house, options.name)
        was_disabled = options.name in await house.catalogue.notifications.disabled()
        await house.catalogue.notifications.enable(options.name)
        if options.json:
            print_json({"endpoint": options.name, "was_disabled": was_disabled})
        else:
            print(f"{options.name} is told again from now on" if was_disabled else f"{options.name} was not disabled")
        return Exit.OK

    return _with_house(options, work)


def public_key(options: argparse.Namespace) -> int:
    """By which a receiver knows what is from us, of an endpoint with a whsk_ secret. Needs no catalogue."""
    secret = _configured(load(options.config, os.environ), options.name).secret
    if secret is None:
        raise ConfigError(f"endpoint {options.name} has no secret: give it a whsk_ one, docs/callbacks.md says how")
    key = signing.public_key(secret)
    if options.json:
        print_json({"endpoint": options.name, "public_key": key})
    else:
        print(key)
    return Exit.OK


def _with_house(options: argparse.Namespace, work: Callable[[House], Awaitable[int]]) -> int:
    async def run() -> int:
        async with opened(options.config) as house:
            return await work(house)

    return asyncio.run(run())


def _states(options: argparse.Namespace) -> list[NotificationState]:
    return [NotificationState(name) for name in options.state] + ([NotificationState.DEAD] if options.dead else [])


async def _recording_id(house: House, name: str) -> str:
    """Of the recording that is called so, or begins so: that much of it is shown."""
    if await house.catalogue.notifications.listed(recording_id=name, limit=1):
        return name
    files = await house.catalogue.search.recordings(RecordingFilter(id_begins_with=name), limit=_CHOICES)
    return _only(name, "recording", [str(file.recording.id) for file in files])


async def _whole_ids(house: House, names: Sequence[str]) -> list[str]:
    """Of the notifications that are called so, or begin so."""
    known = [name for name in names if await house.catalogue.notifications.find(name) is not None]
    choices: dict[str, list[str]] = {name: [name] if name in known else [] for name in names}
    short = [name for name in names if name not in known]
    if short:
        async for one in _every(house):
            for name in short:
                if one.id.removeprefix(_MARK).startswith(name.removeprefix(_MARK)):
                    choices[name].append(one.id)
    return [_only(name, "notification", found) for name, found in choices.items()]


def _only(name: str, what: str, ids: Sequence[str]) -> str:
    if name in ids:
        return name
    if not ids:
        raise NotFound(f"no {what} is called {name!r}: callreel {what}s list shows what there is")
    if len(ids) > 1:
        raise ConfigError(f"{name!r} means more than one {what}: say which, {', '.join(ids[:_CHOICES])}")
    return ids[0]


async def _found(house: House, id: str) -> tuple[Notification, Sequence[Attempt]]:
    found = await house.catalogue.notifications.find(id)
    if found is None:
        raise NotFound(f"notification {id} is forgotten: callreel notifications list shows what there is")
    return found


async def _every(
    house: House, states: Sequence[NotificationState] = (), endpoint: str = ""
) -> AsyncIterator[Notification]:
    before = ""
    while page := await house.catalogue.notifications.listed(
        states=states, endpoint=endpoint, limit=_PAGE, before=before
    ):
        for one in page:
            yield one
        before = page[-1].id


async def _to_be_replayed(house: House, options: argparse.Namespace) -> dict[str, str]:
    """Ids, each with its endpoint."""
    if not options.dead and not options.ids:
        raise ConfigError("which notifications? name their ids, or say --dead")
    if not options.dead and options.endpoint:
        raise ConfigError("--endpoint goes with --dead: what is named by its id has one")
    if options.endpoint:
        _endpoint(house, options.endpoint)
    wanted = {}
    for id in await _whole_ids(house, options.ids):
        one, _ = await _found(house, id)
        wanted[id] = one.endpoint
    if options.dead:
        wanted |= {one.id: one.endpoint async for one in _every(house, [NotificationState.DEAD], options.endpoint)}
    return wanted


async def _obstacles(house: House, names: set[str]) -> dict[str, str]:
    """Of those endpoints that are told nothing, why."""
    disabled = await house.catalogue.notifications.disabled()
    return {name: why for name in sorted(names) if (why := _obstacle(house, name, disabled))}


def _obstacle(house: House, name: str, disabled: Mapping[str, Disabled]) -> str:
    endpoint, gone = house.settings.notifications.get(name), disabled.get(name)
    if endpoint is None:
        return "is not in the configuration"
    if gone is not None and gone.url == endpoint.url:
        return f"is disabled ({printable(gone.reason)}): callreel notifications enable {name}"
    return ""


def _endpoint(house: House, name: str) -> NotificationSettings:
    return _configured(house.settings, name)


def _configured(settings: Settings, name: str) -> NotificationSettings:
    endpoint = settings.notifications.get(name)
    if endpoint is None:
        known = ", ".join(settings.notifications) or "none"
        raise NotFound(f"no endpoint is called {name!r} in the configuration; there are: {known}")
    return endpoint


async def _tried(house: House, id: str, endpoint: NotificationSettings) -> tuple[Notification, Sequence[Attempt]]:
    """After its first try, or as it is when nobody has made one in time."""
    addresses = 2 if endpoint.fallback else 1
    until = house.clock.now() + addresses * endpoint.timeout_seconds + _NOTICE_SECONDS
    with Console(stderr=True).status(f"{id} waits to be sent"):
        while True:
            one, attempts = await _found(house, id)
            if _is_settled(one) or house.clock.now() >= until:
                return one, attempts
            await house.clock.sleep_until(house.clock.now() + _LOOK_SECONDS)


def _is_settled(one: Notification) -> bool:
    """Whether somebody has tried it, or will not."""
    return one.state is not NotificationState.WAITING or one.attempts > 0


def _unsent(id: str) -> str:
    return (
        f"nobody has sent {id} yet: does callreel work run, and with this configuration? An endpoint that takes nothing"
        " is only probed, minutes apart. It waits on: callreel notifications show tells what becomes of it"
    )


def _whole_as_json(one: Notification, attempts: Sequence[Attempt]) -> dict[str, Any]:
    return _as_json(one) | {"body": one.body, "tries": [_try_as_json(attempt) for attempt in attempts]}


def _as_json(one: Notification) -> dict[str, Any]:
    return {
        "id": one.id,
        "endpoint": one.endpoint,
        "organisation": one.organisation,
        "recording_id": one.recording_id,
        "call_id": one.call_id,
        "type": str(one.told),
        "destination": one.destination,
        "state": str(one.state),
        "attempts": one.attempts,
        "created_at": iso(one.created_at),
        "next_at": iso(one.next_at) if one.state is NotificationState.WAITING else None,
        "reason": one.reason,
    }


def _try_as_json(attempt: Attempt) -> dict[str, Any]:
    return {
        "at": iso(attempt.at),
        "seconds": round(attempt.seconds, 3),
        "status": attempt.status,
        "fallback": attempt.is_fallback,
        "reason": attempt.reason,
    }


def _row(one: Notification) -> tuple[str, ...]:
    created = (iso(one.created_at) or "")[:19].replace("T", " ")
    tries = f"({one.attempts} tries)" if one.attempts > 1 else ""
    return (
        created,
        one.id.removeprefix(_MARK)[:_ID_SIGNS],
        one.endpoint,
        one.told.removeprefix("recording_"),
        one.recording_id[:_ID_SIGNS],
        str(one.state),
        " ".join(filter(None, (one.reason, tries))),
    )


def _print_tries(attempts: Sequence[Attempt]) -> None:
    if not attempts:
        print("not tried yet")
        return
    rows = [
        (
            iso(attempt.at) or "",
            f"{attempt.seconds:.2f}",
            "" if attempt.status is None else str(attempt.status),
            "fallback" if attempt.is_fallback else "",
            attempt.reason or "taken",
        )
        for attempt in attempts
    ]
    columns = ("tried (UTC)", "seconds", "status", "", "what came")
    print_table(columns, rows, whole=columns[:1])
