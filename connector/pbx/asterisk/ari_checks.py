"""Doctor's look at Asterisk's REST interface: reachable, login, and whether files come and go by it."""

import asyncio
from collections.abc import AsyncIterator

from connector.domain.diagnosis import Finding, bad, not_looked_at, note, ok
from connector.errors import PbxRefused, PbxUnreachable
from connector.pbx.asterisk.ari import Ari
from connector.pbx.asterisk.ari_http import AriRefused
from connector.pbx.doors import clear_text_finding, knock
from connector.ports.clock import Clock
from connector.settings import AsteriskSettings, Endpoint

REST, FILES = "ARI", "files by ARI"
_ANSWER_SECONDS = 5.0
#: No recording is called so: to delete it does nothing, and tells whether we might.
_NOBODY = "callreel-doctor-asks"
_NOT_FOUND, _FORBIDDEN = 404, 403


async def ari_findings(name: str, settings: AsteriskSettings, clock: Clock) -> AsyncIterator[Finding]:
    if settings.ari is None:
        yield note(REST, "not configured: used for files without a shared disk, and for other ARI applications' calls")
        return
    door = await knock(REST, settings.ari, settings.ca, is_greeted=False)
    if isinstance(door, Finding):
        yield door
        if settings.files == "ari":
            yield not_looked_at(FILES, "ARI cannot be reached")
        return
    if (in_clear_text := clear_text_finding(REST, settings.ari, door)) is not None:
        yield in_clear_text
    ari = Ari(name, settings.ari, ca=settings.ca, clock=clock)
    try:
        async with asyncio.timeout(_ANSWER_SECONDS):
            async for finding in _asked(ari, settings, settings.ari):
                yield finding
    except TimeoutError:
        what = f"it takes the connection and does not answer within {_ANSWER_SECONDS:.0f} s"
        yield bad(REST, what, "look at Asterisk's log: overloaded, or locked up?")
    finally:
        await ari.close()


async def _asked(ari: Ari, settings: AsteriskSettings, endpoint: Endpoint) -> AsyncIterator[Finding]:
    try:
        await ari.request("asterisk", "getInfo")
    except (PbxRefused, PbxUnreachable) as error:
        yield bad(REST, str(error), "after a change: asterisk -rx 'module reload res_ari.so'")
        if settings.files == "ari":
            yield not_looked_at(FILES, "ARI does not let us in")
        return
    yield ok(REST, f"{endpoint.host}:{endpoint.port} lets {endpoint.user} in")
    yield await _deleting(ari, endpoint)
    if settings.files == "ari":
        yield await _listing(ari)


async def _deleting(ari: Ari, endpoint: Endpoint) -> Finding:
    """A user that may only read can neither delete files nor play a beep."""
    try:
        await ari.request("recordings", "deleteStored", recordingName=_NOBODY)
    except AriRefused as error:
        if error.status == _FORBIDDEN:
            what = f"{endpoint.user} may only read: files stay at the PBX, announcements are not played"
            return bad(REST, what, f"read_only = no for [{endpoint.user}] in ari.conf")
        if error.status != _NOT_FOUND:
            return bad(REST, str(error), "see what Asterisk's log says")
    except (PbxRefused, PbxUnreachable) as error:
        return bad(REST, str(error), "load = res_ari_recordings.so in modules.conf")
    return ok(REST, f"{endpoint.user} may read and change")


async def _listing(ari: Ari) -> Finding:
    try:
        stored = await ari.request("recordings", "listStored")
    except (PbxRefused, PbxUnreachable) as error:
        return bad(FILES, str(error), "load = res_ari_recordings.so and res_stasis_recording.so in modules.conf")
    return ok(FILES, f"stored recordings can be listed ({len(stored)} there)")
