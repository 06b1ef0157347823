"""Arguments to commands. Knows every command's words, none of its work."""

import argparse
import importlib
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from connector.command_line.exits import Exit
from connector.config.environment_file import add_variables
from connector.domain.access import KeyRole
from connector.domain.durations import seconds_of
from connector.domain.recording import ArtefactKind
from connector.domain.states import NotificationState, TranscriptionState
from connector.errors import (
    BadRequest,
    CatalogueUnavailable,
    ConfigError,
    ConnectorError,
    DestinationUnreachable,
    NotFound,
    PbxUnreachable,
)

DEFAULT_CONFIG = "/etc/callreel/config.yaml"

_EPILOG = """\
exit codes:  0 done   1 failed   2 wrong usage or configuration   3 not found   4 unavailable, try again
             130 interrupted

The configuration is --config, else $CALLREEL_CONFIG, else /etc/callreel/config.yaml. A file `environment` beside it
holds variables (NAME=value) that it takes as ${NAME}.
Begin with:  callreel check my-config.yaml   and then   callreel run --config my-config.yaml
"""


def run(arguments: Sequence[str]) -> int:
    """Carry out one command; every failure on purpose becomes one line on stderr and an exit code."""
    options = _parser().parse_args(arguments)
    add_variables(getattr(options, "file", None) or options.config, os.environ)
    try:
        return _carried_out(options)
    except (ConfigError, BadRequest) as error:
        return _failure(error, Exit.USAGE)
    except NotFound as error:
        return _failure(error, Exit.NOT_FOUND)
    except (CatalogueUnavailable, DestinationUnreachable, PbxUnreachable) as error:
        return _failure(error, Exit.UNAVAILABLE)
    except ConnectorError as error:
        return _failure(error, Exit.FAILED)
    except KeyboardInterrupt:
        return Exit.INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Exit.OK


def _carried_out(options: argparse.Namespace) -> int:
    module = importlib.import_module(f"connector.command_line.{options.module}")
    command: Callable[[argparse.Namespace], int] = getattr(module, options.command)
    code = int(command(options))
    # Here, where a reader that has left is no error, and not when the interpreter leaves.
    sys.stdout.flush()
    return code


def _failure(error: ConnectorError, code: Exit) -> int:
    print(f"callreel: {error}", file=sys.stderr)
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="callreel",
        description="Records the calls of your PBX in stereo and ships them where they belong.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    _add_roles(commands)
    _add_care(commands)
    _add_recordings(commands)
    _add_transcripts(commands)
    _add_notifications(commands)
    _add_keys(commands)
    _add_audit(commands)
    _add_settings(commands)
    _add_export(commands)
    _add_retention(commands)
    _add_erasure(commands)
    trial = _command(
        commands, "test-destination", "prove a destination before the first call", "probing", "test_destination"
    )
    trial.add_argument("destination", metavar="NAME|URL", help="a destination of the configuration, or an address")
    trial.add_argument("--credentials", metavar="NAME", help="with these of the configuration's credentials")
    _json(trial)
    return parser


def _add_roles(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    texts = {
        "run": "run all three roles under one supervisor (this is what the service does)",
        "capture": "run the role that listens to the PBXs and keeps their recorders",
        "work": "run the role that renders, ships and tidies up",
        "web": "run the role that answers HTTP",
    }
    for name, text in texts.items():
        _command(commands, name, text, "starting")


def _add_care(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    check = _command(commands, "check", "read the configuration and say everything that is wrong with it", "checking")
    check.add_argument("file", nargs="?", type=Path, help="the file to check instead of --config")
    _json(check)
    doctor = _command(commands, "doctor", "look at every PBX and at this machine, and say what to mend", "doctor")
    doctor.add_argument("--pbx", metavar="NAME", help="only this PBX; default: all of them")
    _json(doctor)
    _command(commands, "migrate", "bring the catalogue to this version; copies it first", "upkeep")
    backup = _command(commands, "backup", "copy catalogue, engine and journal while everything runs", "upkeep")
    backup.add_argument("target", type=Path, help="the archive to write; must not exist")
    restore = _command(commands, "restore", "put a backup back; callreel must not be running", "upkeep")
    restore.add_argument("archive", type=Path, help="an archive made by callreel backup")
    restore.add_argument("--force", action="store_true", help="replace a catalogue that is not empty")
    version = _command(commands, "version", "print the version", "upkeep")
    _json(version)


def _add_recordings(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    recordings = commands.add_parser("recordings", help="look at recordings, retry failed ones, verify stored ones")
    verbs = recordings.add_subparsers(title="what to do", metavar="VERB", required=True)
    listing = _command(verbs, "list", "the newest recordings, with their states and reasons", "recordings", "listing")
    listing.add_argument("--state", action="append", default=[], help="only this state (failed = all that failed)")
    listing.add_argument("--number", help="only calls from or to a number that contains this")
    listing.add_argument("--agent", help="only this agent")
    listing.add_argument("--organisation", help="only this organisation")
    listing.add_argument("--limit", type=_count, default=50, help="at most so many (default 50)")
    _json(listing)
    show = _command(verbs, "show", "everything about one recording", "recordings")
    show.add_argument("id", help="its id, or the beginning of it, or the id of its call")
    _json(show)
    retry = _command(verbs, "retry", "take failed recordings up again from the stage that failed", "recordings")
    retry.add_argument("ids", nargs="*", metavar="ID")
    retry.add_argument("--all-failed", action="store_true", help="every recording that failed at render or at store")
    _json(retry)
    verify = _command(verbs, "verify", "read stored copies back and compare their hashes", "recordings")
    verify.add_argument("ids", nargs="*", metavar="ID", help="default: every available recording")
    _json(verify)
    link = _command(verbs, "link", "addresses to fetch a recording's files from, without any other key", "recordings")
    link.add_argument("id", help="its id, or the beginning of it, or the id of its call")
    link.add_argument(
        "--for", dest="lifetime", type=_lifetime, metavar="TIME", help="how long it is good for: 90, 10m, 7d"
    )
    link.add_argument("--destination", help="of the copies there; default: of each one")
    _json(link)
    waive = _command(verbs, "waive", "do without the copies that could not be made", "recordings")
    waive.add_argument("id", help="its id, or the beginning of it, or the id of its call")
    waive.add_argument("--destination", help="only those that were to go there")
    _json(waive)
    unknown = _command(verbs, "unknown", "files in the PBX's spool that no recording refers to", "recordings")
    _json(unknown)


def _add_transcripts(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    transcripts = commands.add_parser("transcripts", help="look at transcripts, and have recordings heard again")
    verbs = transcripts.add_subparsers(title="what to do", metavar="VERB", required=True)
    listing = _command(
        verbs, "list", "those of the newest recordings, with their states and reasons", "transcripts", "listing"
    )
    states = [str(state) for state in TranscriptionState]
    listing.add_argument("--state", action="append", default=[], choices=states, help="only this state")
    listing.add_argument("--organisation", help="only this organisation")
    listing.add_argument("--limit", type=_count, default=50, help="at most so many (default 50)")
    _json(listing)
    show = _command(verbs, "show", "one transcript: about it, who spoke for how long, and its lines", "transcripts")
    show.add_argument("id", metavar="RECORDING", help="its id, or the beginning of it, or the id of its call")
    forms = ("text", "timed", "vtt", "srt", "document", "vcon")
    show.add_argument("--format", choices=forms, help="only its words, in this form")
    show.add_argument("--version", type=_count, metavar="N", help="an earlier one; default: the newest")
    _json(show)
    again = _command(verbs, "again", "hear recordings again, or for the first time", "transcripts")
    again.add_argument("ids", nargs="*", metavar="RECORDING")
    again.add_argument("--all-failed", action="store_true", help="every recording whose transcript failed")
    again.add_argument("--engine", default="", metavar="NAME", help="by this one; default: as before")
    _json(again)


def _add_notifications(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    notifications = commands.add_parser("notifications", help="look at what is told to endpoints, replay it, try them")
    verbs = notifications.add_subparsers(title="what to do", metavar="VERB", required=True)
    listing = _command(verbs, "list", "the newest notifications, with their states", "notifications", "listing")
    listing.add_argument("--dead", action="store_true", help="only those whose tries are over")
    states = [str(state) for state in NotificationState]
    listing.add_argument("--state", action="append", default=[], choices=states, help="only this state")
    listing.add_argument("--endpoint", default="", metavar="NAME", help="only those to this endpoint")
    listing.add_argument("--recording", default="", metavar="ID", help="only those about it; the beginning is enough")
    listing.add_argument("--limit", type=_count, default=50, help="at most so many (default 50)")
    _json(listing)
    show = _command(verbs, "show", "one notification with its body and its tries", "notifications")
    show.add_argument("id", help="its id, or the beginning of it")
    _json(show)
    replay = _command(verbs, "replay", "send notifications again, with the ids that they had", "notifications")
    replay.add_argument("ids", nargs="*", metavar="ID")
    replay.add_argument("--dead", action="store_true", help="all whose tries are over")
    replay.add_argument("--endpoint", default="", metavar="NAME", help="with --dead: of this endpoint")
    _json(replay)
    test = _command(verbs, "test", "send one that is only a trial, the way that all others go", "notifications")
    test.add_argument("name", metavar="NAME", help="an endpoint of the configuration")
    _json(test)
    enable = _command(verbs, "enable", "tell an endpoint again that said that it is gone (410)", "notifications")
    enable.add_argument("name", metavar="NAME", help="an endpoint of the configuration")
    _json(enable)
    key = _command(
        verbs, "public-key", "by which a receiver verifies what a whsk_ secret signed", "notifications", "public_key"
    )
    key.add_argument("name", metavar="NAME", help="an endpoint of the configuration")
    _json(key)


def _add_keys(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    keys = commands.add_parser("keys", help="make, list, renew and end the keys of the API")
    verbs = keys.add_subparsers(title="what to do", metavar="VERB", required=True)
    add = _command(verbs, "add", "make a key and show it, once", "keys")
    add.add_argument("name", metavar="NAME", help="for people: what it is for")
    add.add_argument("--organisation", metavar="NAME", help="whose; default: the whole house")
    roles = [str(role) for role in KeyRole]
    add.add_argument("--role", action="append", choices=roles, help="what it may do (default read); more than once")
    for what, text in (("tag", "with this tag"), ("agent", "of this agent"), ("number", "from or to it; +4930* = all")):
        add.add_argument(
            f"--limit-{what}", action="append", default=[], metavar=what.upper(), help=f"only calls {text}"
        )
    add.add_argument("--expires", type=_lifetime, metavar="TIME", help="how long it is good for: 12h, 30d")
    add.add_argument("--signing", action="store_true", help="for clients that sign requests, as Sinch's do")
    _json(add)
    listing = _command(verbs, "list", "the keys there are, without what is secret of them", "keys", "listing")
    listing.add_argument("--organisation", metavar="NAME", help="only this organisation's")
    listing.add_argument("--all", action="store_true", help="revoked and expired ones, too")
    _json(listing)
    revoke = _command(verbs, "revoke", "end a key at once", "keys")
    revoke.add_argument("id", metavar="ID", help="its id, or the beginning of it")
    _json(revoke)
    rotate = _command(verbs, "rotate", "make a new key in the place of an old one", "keys")
    rotate.add_argument("id", metavar="ID", help="its id, or the beginning of it")
    rotate.add_argument(
        "--grace",
        type=_grace,
        default=86_400.0,
        metavar="TIME",
        help="how long the old one is good still (default 24h)",
    )
    _json(rotate)


def _add_audit(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    audit = commands.add_parser("audit", help="look at who did what, and whether anybody has changed that")
    verbs = audit.add_subparsers(title="what to do", metavar="VERB", required=True)
    listing = _command(verbs, "list", "the newest lines of the audit log", "audit", "listing")
    listing.add_argument("--subject", default="", metavar="ID", help="only about this call, recording or key")
    listing.add_argument("--action", default="", help="only this action, or all that begin so: recording.")
    listing.add_argument("--by", default="", metavar="WHO", help="only what was done by: 'key k7f3…', 'retention job'")
    listing.add_argument("--organisation", default="", metavar="NAME", help="only this organisation's")
    listing.add_argument("--limit", type=_count, default=50, help="at most so many (default 50)")
    _json(listing)
    verify = _command(verbs, "verify", "reckon the whole log again and say whether anybody has changed it", "audit")
    verify.add_argument(
        "--head", type=Path, metavar="FILE", help="compare with this copy of the signed head; default STATE/audit.head"
    )
    _json(verify)


def _add_settings(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    settings = commands.add_parser("settings", help="look at what the API has laid over the configuration, undo it")
    verbs = settings.add_subparsers(title="what to do", metavar="VERB", required=True)
    listing = _command(verbs, "list", "what the API has changed, who did, and whether it holds", "settings", "listing")
    listing.add_argument("--organisation", metavar="NAME", help="only this organisation's")
    _json(listing)
    unset = _command(verbs, "unset", "take changes back, so that the configuration holds again", "settings")
    unset.add_argument("names", nargs="+", metavar="NAME", help="as in the list: recording_enabled, storage")
    unset.add_argument("--organisation", metavar="NAME", help="whose; default: the only one")
    _json(unset)


def _add_export(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    export = _command(commands, "export", "recordings into a folder or a ZIP; or all about a number", "export")
    export.add_argument("--output", type=Path, required=True, metavar="DIR|FILE.zip", help="a folder is completed")
    export.add_argument("--from", dest="first", metavar="DAY", help="calls of that day and later: 2026-01-31 (UTC)")
    export.add_argument("--to", dest="last", metavar="DAY", help="calls of that day and earlier")
    export.add_argument("--organisation", help="only this organisation's")
    export.add_argument("--agent", help="only this agent's, by id or name")
    export.add_argument("--tag", help="only calls with this tag")
    export.add_argument("--number", help="all that is kept about this number, for whoever it belongs to")
    kinds = [str(kind) for kind in ArtefactKind]
    export.add_argument("--kind", action="append", default=[], choices=kinds, help="default: the best that there is")
    export.add_argument("--transcripts", choices=("csv", "json"), help="and what was said, in one file")
    _json(export)


def _add_retention(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    retention = commands.add_parser("retention", help="what goes when its days are over, and what could not go")
    verbs = retention.add_subparsers(title="what to do", metavar="VERB", required=True)
    run = _command(verbs, "run", "do now what the daily job does", "retention")
    run.add_argument("--dry-run", action="store_true", help="only say what would go")
    _json(run)
    listing = _command(
        verbs, "list", "what ends within the next days, and what could not be deleted", "retention", "listing"
    )
    listing.add_argument("--days", type=_count, default=7, help="within so many days (default 7)")
    listing.add_argument("--organisation", metavar="NAME", help="only this organisation's")
    listing.add_argument("--limit", type=_count, default=200, help="at most so many (default 200)")
    _json(listing)
    apply = _command(verbs, "apply", "let the days of the configuration hold for earlier recordings, too", "retention")
    apply.add_argument("--organisation", metavar="NAME", help="only this organisation's")
    _json(apply)


def _add_erasure(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    erasure = commands.add_parser("erasure", help="erase all of a call or of a number, and see how far that is")
    verbs = erasure.add_subparsers(title="what to do", metavar="VERB", required=True)
    begin = _command(verbs, "begin", "erase every copy, transcript and note, and who it was", "erasure")
    begin.add_argument("--call", metavar="ID", help="of this call")
    begin.add_argument("--number", help="of all calls of this number, as the PBX shows it")
    _json(begin)
    show = _command(verbs, "show", "how far an erasure is", "erasure")
    show.add_argument("id", metavar="ID", help="as begin has said it")
    _json(show)


def _command(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]",
    name: str,
    text: str,
    module: str,
    function: str | None = None,
) -> argparse.ArgumentParser:
    parser = commands.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".")
    default = Path(os.environ.get("CALLREEL_CONFIG", DEFAULT_CONFIG))
    parser.add_argument("--config", type=Path, default=default, metavar="FILE", help=f"default {default}")
    parser.set_defaults(module=module, command=function or name)
    return parser


def _lifetime(text: str) -> float:
    try:
        seconds = seconds_of(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    if seconds <= 0:
        raise argparse.ArgumentTypeError(f"{text!r} is no time at all")
    return seconds


def _grace(text: str) -> float:
    """None at all is a length of time, too."""
    try:
        return seconds_of(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _count(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError
    return number


def _json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print JSON for programs")
