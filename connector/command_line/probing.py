"""callreel test-destination."""

import argparse
import asyncio
import logging
import os
import signal
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from connector.command_line.exits import Exit
from connector.command_line.output import print_json, printable
from connector.command_line.ownership import become_owner
from connector.config.loading import load
from connector.domain.diagnosis import Finding, Level
from connector.ports.pins import Pin
from connector.roles.trial import Trial, wanted

#: A terminal that is closed, and whoever ends a service: what was put is taken away first.
_ENDINGS = (signal.SIGTERM, signal.SIGHUP)


def test_destination(options: argparse.Namespace) -> int:
    """Put, read back, link, overwrite, delete; say what works, and remember how it wants to be spoken to."""
    # What the stores log is in the findings.
    logging.getLogger("connector").addHandler(logging.NullHandler())
    settings = load(options.config, os.environ)
    trial = wanted(settings, options.destination, options.credentials)
    become_owner(Path(settings.state))
    findings: list[Finding] = []

    def tell(finding: Finding) -> None:
        """As soon as it is found: a slow server takes its time."""
        findings.append(finding)
        if not options.json:
            mend = f". Mend: {finding.mend}" if finding.mend else ""
            print(printable(f"{finding.level:<7}  {finding.subject}: {finding.what}{mend}"), flush=True)

    pin: Pin | None = None
    try:
        pin = asyncio.run(_until_ended(trial, tell))
    except (asyncio.CancelledError, KeyboardInterrupt):
        return Exit.INTERRUPTED
    finally:
        if options.json:
            _print_facts(trial, findings, pin)
    is_good = _is_good(findings)
    if not options.json:
        _print_end(trial, pin, is_good=is_good)
    return Exit.OK if is_good else Exit.FAILED


async def _until_ended(trial: Trial, tell: Callable[[Finding], None]) -> Pin:
    task = asyncio.current_task()
    assert task is not None
    for number in _ENDINGS:
        # Under nohup nobody means us by it.
        if signal.getsignal(number) is not signal.SIG_IGN:
            asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    return await trial.run(tell)


def _is_good(findings: list[Finding]) -> bool:
    return all(finding.level is not Level.BAD for finding in findings)


def _print_end(trial: Trial, pin: Pin, *, is_good: bool) -> None:
    print(f"{trial.name} {'takes recordings' if is_good else 'does not take recordings'}")
    if lines := trial.written(pin):
        print(f"\nWritten down for good in config.yaml:\n\n{lines}")


def _print_facts(trial: Trial, findings: list[Finding], pin: Pin | None) -> None:
    """Also of a trial that was interrupted: what stays there is in it."""
    said = [{"check": one.subject, "level": str(one.level), "what": one.what, "mend": one.mend} for one in findings]
    found = {} if pin is None else {word: value for word, value in asdict(pin).items() if value}
    print_json(
        {
            "is_good": pin is not None and _is_good(findings),
            "findings": said,
            "found": found,
            "config": trial.written(pin or Pin()),
        }
    )
