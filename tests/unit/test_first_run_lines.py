"""What the web page has people write for their first PBX: callreel takes it, and the documentation says the same."""

from pathlib import Path
from xml.etree import ElementTree

import pytest

from connector.config.loading import load

ROOT = Path(__file__).parents[2]
LINES = ROOT / "connector/web/page/src/settings/first_run"
PASSWORDS = {"asterisk": "AMI_PASSWORD", "freeswitch": "ESL_PASSWORD"}


@pytest.mark.parametrize("kind", PASSWORDS)
def test_callreel_takes_the_line_of_the_configuration(kind: str) -> None:
    settings = load(LINES / f"{kind}.yaml", {PASSWORDS[kind]: "a-long-one"})
    (pbx,) = settings.pbx.values()
    endpoint = pbx.asterisk.ami if pbx.asterisk else pbx.freeswitch.esl if pbx.freeswitch else None
    assert endpoint is not None
    assert (endpoint.host, endpoint.password.reveal()) == ("127.0.0.1", "a-long-one")


@pytest.mark.parametrize("kind", PASSWORDS)
def test_the_documentation_says_the_same_line_by_line(kind: str) -> None:
    page = (ROOT / f"docs/{kind}.md").read_text()
    account = next(LINES.glob(f"{kind}.[cx]*"))
    for text in ((LINES / f"{kind}.yaml").read_text(), account.read_text()):
        assert text.strip() in page
    source = (LINES / "lines.ts").read_text()
    section = source[source.index(f"    {kind}: {{") :].partition("    },")[0]
    for said in ("reload", "folder"):
        command = section.partition(f'{said}: "')[2].partition('",')[0]
        assert command
        assert command in page
    assert f'secret: "{PASSWORDS[kind]}=' in section
    assert f"{PASSWORDS[kind]}=" in page


def test_freeswitchs_lines_are_xml() -> None:
    names = [one.attrib["name"] for one in ElementTree.parse(LINES / "freeswitch.xml").iter("param")]
    assert {"listen-ip", "password", "apply-inbound-acl"} <= set(names)
