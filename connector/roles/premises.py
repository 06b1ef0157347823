"""Doctor's look at our own house: state folder, catalogue, roles, destinations, FastAGI, what is recorded at all.

Changes nothing: makes no folder, no file and no lock.
"""

import asyncio
import contextlib
import os
import shutil
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path

from connector.catalogue.store import Catalogue
from connector.catalogue.version import HEAD, check_version
from connector.config.addresses import folder_of
from connector.domain.diagnosis import Finding, bad, not_looked_at, note, ok, warning
from connector.domain.ids import Moment
from connector.domain.policy import Word
from connector.errors import CatalogueMismatch, ConnectorError
from connector.pbx.accounts import Account
from connector.ports.search_ledger import RecordingFilter
from connector.roles.stores import unusable
from connector.services.reports import read_reports
from connector.settings import DestinationSettings, Settings

WEEK_SECONDS = 7 * 86400.0
_PAGE = 200
#: More recordings than these say nothing new about how much a day writes.
_COUNTED = 5000
_FRESH_SECONDS = 15.0
_ANSWER_SECONDS = 1.0
_LOW_ROOM_SHARE = 0.05
_BYTES_PER_SAMPLE = 2
#: What we say first to whoever asks for something unknown.
_OUR_ANSWER = "SET VARIABLE RECORDING_STATUS"


def callreel_account(state: Path) -> Account:
    """Whom the checks of files speak of. An administrator often asks as root, and callreel runs as another."""
    own = Account.own()
    with contextlib.suppress(OSError):
        if own.uid == 0:
            return Account.named(state.stat().st_uid)
    return own


def policy_finding(settings: Settings) -> Finding:
    word = settings.defaults.record
    is_recorded = word in (Word.YES, Word.FORCE)
    when = "when no rule matches, a call is" if settings.rules else "there are no rules: every call is"
    return note("rules", f"{when} {'recorded' if is_recorded else 'not recorded'} (defaults.record: {word})")


def pbx_finding(settings: Settings) -> Finding:
    if settings.pbx:
        return ok("pbx", f"recorded: {', '.join(settings.pbx)}")
    mend = "the lines for config.yaml stand in docs/asterisk.md and docs/freeswitch.md, and on the page"
    return warning("pbx", "there is none: nothing is recorded", mend)


def plays_sounds(settings: Settings) -> bool:
    """Whether defaults, a rule or an organisation asks for an announcement, for consent or for beeps."""
    organisations = settings.organisations.known.values()
    rules = (*settings.rules, *(rule for organisation in organisations for rule in organisation.rules))
    said = (settings.defaults.options, *(one.options for one in rules), *(one.options for one in organisations))
    return any(options.beep or options.announce or options.consent for options in said)


def state_findings(state: Path, us: Account) -> Iterator[Finding]:
    subject = "state folder"
    try:
        obstacle = us.obstacle(state, os.R_OK | os.W_OK | os.X_OK)
        usage = shutil.disk_usage(state)
    except OSError as error:
        mend = f"install -d -o callreel -g callreel -m 0750 {state}"
        yield bad(subject, f"{state} cannot be looked at ({error.strerror})", mend)
        return
    if obstacle:
        yield bad(subject, obstacle, f"chown -R {us.name} {state}")
    else:
        yield ok(subject, f"{us.name} may write to {state}")
    what = f"{usage.free / 1e9:,.1f} GB free at {state}"
    is_low = usage.free < _LOW_ROOM_SHARE * usage.total
    yield warning("room", f"only {what}", "make room: rendering stops when it is full") if is_low else ok("room", what)


async def catalogue_finding(catalogue: Catalogue, url: str) -> Finding:
    subject = "catalogue"
    if url.startswith("sqlite:") and not _is_there(Path(url.removeprefix("sqlite:///"))):
        return bad(subject, f"{url} is not there", "callreel migrate, or put a backup back: callreel restore")
    try:
        await check_version(catalogue.database)
    except CatalogueMismatch as error:
        return bad(subject, str(error), "callreel migrate")
    except (ConnectorError, TimeoutError) as error:
        return bad(subject, str(error) or "it does not answer", "see to its disk, or to PostgreSQL")
    return ok(subject, f"it answers, and is of revision {HEAD}")


def role_findings(state: Path, now: Moment) -> Iterator[Finding]:
    """What each role says of itself while it runs."""
    reports = read_reports(state / "health")
    for name in ("capture", "work", "web"):
        facts = reports.get(name)
        if facts is None or now - float(facts.get("at", 0.0)) > _FRESH_SECONDS:
            yield note(name, "does not run here", "systemctl start callreel")
            continue
        problems = [str(problem) for problem in facts.get("problems", [])]
        for problem in problems:
            yield warning(name, f"says: {problem}", "docs/operations.md explains it")
        if not problems:
            yield ok(name, "runs, and names no problem")


def is_running(state: Path, role: str, now: Moment) -> bool:
    facts = read_reports(state / "health").get(role)
    return facts is not None and now - float(facts.get("at", 0.0)) <= _FRESH_SECONDS


def destination_findings(settings: Settings, us: Account) -> Iterator[Finding]:
    """Folders only: nothing is written, so a bucket cannot be proved here."""
    for name, destination in _all_destinations(settings):
        subject = f"destination {name}"
        folder = folder_of(destination.url)
        if not folder and (useless := unusable({name: destination})):
            yield bad(subject, useless[name], f"then callreel test-destination {name}")
            continue
        if not folder:
            yield not_looked_at(subject, f"nothing is written here: callreel test-destination {name} proves a bucket")
            continue
        there = next(place for place in (Path(folder), *Path(folder).parents) if place.exists())
        try:
            obstacle = us.obstacle(there, os.W_OK | os.X_OK)
        except OSError as error:
            obstacle = f"{there} cannot be looked at ({error.strerror})"
        if obstacle:
            yield bad(subject, obstacle, f"install -d -o {us.name} -m 0750 {folder}, and ReadWritePaths= of the unit")
        else:
            yield ok(subject, f"{us.name} may write to {there}")


async def fastagi_finding(listen: str, *, is_capture_running: bool) -> Finding:
    """Whether who listens at our FastAGI port is us: asked as Asterisk asks, for what nobody has. No call is named."""
    subject = "FastAGI"
    host, _, port = listen.rpartition(":")
    try:
        async with asyncio.timeout(_ANSWER_SECONDS):
            answer = await _asked(host.strip("[]") or "127.0.0.1", int(port))
    except TimeoutError:
        what = f"who listens at {listen} does not answer: calls that ask there wait"
        return bad(subject, what, "restart capture, or see which program it is: ss -ltnp")
    except OSError:
        if is_capture_running:
            mend = "its log says why; is another capture.fastagi meant?"
            return bad(subject, f"capture runs, and nothing listens at {listen}: the dialplan gets no answers", mend)
        return note(subject, f"nothing listens at {listen}: capture does not run")
    if not answer.startswith(_OUR_ANSWER):
        what = f"another program listens at {listen}: the dialplan gets no answers from us"
        return bad(subject, what, "stop that program (ss -ltnp names it), or choose another capture.fastagi")
    return ok(subject, f"capture answers at {listen}")


async def bytes_per_day(catalogue: Catalogue, now: Moment) -> Mapping[str, float]:
    """What each PBX's recorders wrote a day in the last week, by the lengths of the segments; absent = nothing."""
    totals: dict[str, float] = {}
    oldest = now
    async for pbx, at, size in _recent_segments(catalogue, now):
        totals[pbx] = totals.get(pbx, 0.0) + size
        oldest = min(oldest, at)
    days = max((now - oldest) / 86400.0, 1.0)
    return {pbx: total / days for pbx, total in totals.items() if total > 0.0}


async def _recent_segments(catalogue: Catalogue, now: Moment) -> AsyncIterator[tuple[str, Moment, float]]:
    wanted = RecordingFilter(started_after=now - WEEK_SECONDS)
    after, counted = None, 0
    while counted < _COUNTED:
        page = await catalogue.search.recordings(wanted, limit=_PAGE, after=after)
        for file in page:
            for segment in file.segments:
                if segment.started_at is not None and segment.stopped_at is not None:
                    seconds = max(segment.stopped_at - segment.started_at, 0.0)
                    yield file.recording.pbx, segment.started_at, seconds * segment.sample_rate * _BYTES_PER_SAMPLE
        counted += len(page)
        if len(page) < _PAGE:
            return
        after = page[-1].recording.id


async def _asked(host: str, port: int) -> str:
    reader, writer = await asyncio.open_connection(host, port)
    try:
        writer.write(b"agi_network: yes\nagi_network_script: doctor\nagi_request: agi://callreel/doctor\n\n")
        await writer.drain()
        return (await reader.readline()).decode(errors="replace")
    finally:
        writer.close()


def _is_there(path: Path) -> bool:
    return path.exists()


def _all_destinations(settings: Settings) -> Iterator[tuple[str, DestinationSettings]]:
    yield from settings.destinations.items()
    for name, organisation in settings.organisations.known.items():
        if isinstance(organisation.destination, DestinationSettings):
            yield f"of {name}", organisation.destination
