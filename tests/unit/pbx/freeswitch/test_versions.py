"""Which FreeSWITCH is too old, and which nobody can tell."""

import pytest

from connector.domain.diagnosis import Level
from connector.pbx.freeswitch.versions import release, version_findings


@pytest.mark.parametrize(
    ("text", "found", "level"),
    [
        ("FreeSWITCH Version 1.11.3-dev+git~20260821T141014Z~cc93a683ca~64bit (git cc93a68 64bit)", (1, 11, 3), "ok"),
        ("FreeSWITCH Version 1.10.12-release~64bit ( 64bit)", (1, 10, 12), "ok"),
        ("FreeSWITCH Version 1.10.7-release~64bit", (1, 10, 7), "ok"),
        ("FreeSWITCH Version 1.10.6-release~64bit", (1, 10, 6), "warning"),
        ("FreeSWITCH Version 1.8.6~64bit", (1, 8, 6), "warning"),
        ("FreeSWITCH Version 1.8.5~64bit", (1, 8, 5), "bad"),
        ("FreeSWITCH Version 1.6.20~64bit", (1, 6, 20), "bad"),
        ("git master", None, "note"),
        ("", None, "note"),
    ],
)
def test_a_version_is_read_and_judged(text: str, found: tuple[int, int, int] | None, level: str) -> None:
    assert release(text) == found
    assert [one.level for one in version_findings(text)] == [Level(level)]
