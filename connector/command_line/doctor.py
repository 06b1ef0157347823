"""callreel doctor."""

import argparse
import asyncio
import logging
import os
from collections import Counter

from connector.command_line.exits import Exit
from connector.command_line.output import print_json, printable
from connector.config.loading import load
from connector.domain.diagnosis import Level
from connector.roles.examination import Report, examined, is_good


def doctor(options: argparse.Namespace) -> int:
    """Look at every PBX and at our own house; change nothing."""
    # What the parts log of a PBX that is down is in the findings.
    logging.getLogger("connector").addHandler(logging.NullHandler())
    reports = asyncio.run(examined(load(options.config, os.environ), options.pbx))
    if options.json:
        print_json({"is_good": is_good(reports), "findings": [facts for report in reports for facts in _facts(report)]})
    else:
        for report in reports:
            for line in _lines(report):
                print(printable(line))
        print(_summary(reports))
    return Exit.OK if is_good(reports) else Exit.FAILED


def _facts(report: Report) -> list[dict[str, str]]:
    return [
        {
            "about": report.about,
            "check": finding.subject,
            "level": str(finding.level),
            "what": finding.what,
            "mend": finding.mend,
        }
        for finding in report.findings
    ]


def _lines(report: Report) -> list[str]:
    return [
        f"{finding.level:<7}  {report.about}: {finding.subject}: {finding.what}"
        + (f". Mend: {finding.mend}" if finding.mend else "")
        for finding in report.findings
    ]


def _summary(reports: list[Report]) -> str:
    counted = Counter(finding.level for report in reports for finding in report.findings)
    worst = [f"{counted[level]} {word}" for level, word in ((Level.BAD, "bad"), (Level.WARNING, "to be warned of"))]
    return f"{sum(counted.values())} findings: {', '.join(worst)}"
