"""callreel retention and callreel erasure: what goes, what would, and how far an erasure is."""

from pathlib import Path

from connector.domain.call import CallState
from connector.domain.states import RecordingState
from tests.builders import a_call
from tests.unit.command_line.site import Site

PARTIES = {"from_number": "+49301", "to_number": "201"}


def old(site: Site) -> Path:
    """Recorded at the builders' MORNING, to be kept for a day."""
    site.config.write_text(site.config.read_text() + "defaults: {retentionDays: 1}\n")
    return site.available("a", **PARTIES)


def removals(site: Site) -> list[str]:
    """Subjects of due work but for what is to be told."""
    return [subject for subject in site.dues() if "/" not in subject]


def test_a_dry_run_names_what_would_go_and_leaves_it(site: Site) -> None:
    copy = old(site)
    facts = site.run("retention", "run", "--dry-run", "--json").facts
    assert (facts["dry_run"], facts["expired"]) == (True, 1)
    assert [one["recording_id"] for one in facts["going"]] == ["a"]
    answer = site.run("retention", "run", "--dry-run")
    assert "1 recordings would go" in answer.out
    assert site.state_of("a") == "available"
    assert copy.exists()
    assert removals(site) == []


def test_a_run_removes_what_is_over_and_the_list_is_empty_then(site: Site) -> None:
    old(site)
    site.recording("live", RecordingState.RECORDING)
    assert site.run("retention", "run", "--json").facts["expired"] == 1
    assert site.state_of("a") == "removing"
    assert removals(site) == ["a"]
    assert site.run("retention", "run", "--json").facts["expired"] == 0
    assert site.run("retention", "list", "--json").facts == {"ending": [], "undeleted": []}
    (line,) = site.run("audit", "list", "--action", "retention.", "--limit", "1", "--json").facts
    assert line["by"] == "retention job"


def test_the_list_shows_what_goes_soon(site: Site) -> None:
    site.config.write_text(site.config.read_text() + "defaults: {retentionDays: 3650}\n")
    site.recording("a", RecordingState.FAILED_STORE)
    site.run("retention", "run")
    assert site.run("retention", "list", "--json").facts["ending"] == []
    (one,) = site.run("retention", "list", "--days", "4000", "--json").facts["ending"]
    assert (one["recording_id"], one["stays"]) == ("a", "")
    assert "a" in site.run("retention", "list", "--days", "4000").out


def test_other_days_reach_earlier_recordings_when_asked(site: Site) -> None:
    site.config.write_text(site.config.read_text() + "defaults: {retentionDays: 3650}\n")
    site.recording("a", RecordingState.FAILED_STORE)
    site.run("retention", "run")
    site.config.write_text(site.config.read_text().replace("3650", "unlimited"))
    assert site.run("retention", "apply", "--json").facts == {"changed": 1}
    assert site.run("retention", "list", "--days", "4000", "--json").facts["ending"] == []
    assert site.run("retention", "apply", "--json").facts == {"changed": 0}
    assert site.run("retention", "apply", "--organisation", "nobody").code == 2


def test_an_erasure_is_begun_and_followed(site: Site) -> None:
    site.available("a", **PARTIES)
    site.apply(a_call(id="call-a", pbx="demo", state=CallState.ENDED, **PARTIES))
    begun = site.run("erasure", "begin", "--number", "+49301", "--json").facts
    assert (begun["under_way"], begun["calls"][0]["call_id"]) == (1, "call-a")
    assert site.state_of("a") == "removing"
    shown = site.run("erasure", "show", begun["id"])
    assert shown.code == 0
    assert "0 calls erased, 1 under way" in shown.out
    assert (site.state / "erasures.jsonl").read_text().count("\n") == 1


def test_an_erasure_wants_a_call_or_a_number(site: Site) -> None:
    assert site.run("erasure", "begin").code == 2
    assert site.run("erasure", "begin", "--call", "a", "--number", "1").code == 2
    assert site.run("erasure", "begin", "--call", "unknown").code == 3
    assert site.run("erasure", "show", "unknown").code == 3
