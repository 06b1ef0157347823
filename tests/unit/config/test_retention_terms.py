"""What a configuration says about days: plans, defaults, own transcripts, and where expired copies are deleted."""

from pathlib import Path

import pytest

from connector.config.loading import load
from connector.config.retention_terms import retention_terms
from connector.domain.retention import Plan
from connector.errors import ConfigError
from connector.settings import Settings

SITE = """
pbx: {office: {asterisk: {ami: "a:b@127.0.0.1"}}}
destinations:
  folder: {url: "file:///srv/recordings/"}
  kept: {url: "file:///srv/kept/", delete_expired: no}
  bucket: {url: "s3://bucket/"}
  cleaned: {url: "s3://cleaned/", delete_expired: yes}
plans:
  small: {retentionDays: 7, maxRetentionDays: 30, transcriptRetentionDays: unlimited}
  large: {maxRetentionDays: unlimited}
organisations:
  acme: {plan: small, destination: {url: "s3://acme/"}}
  globex: {plan: large, destination: {url: "s3://globex/", delete_expired: yes}, transcriptRetentionDays: 12}
  initech: {}
"""


def loaded(tmp_path: Path, text: str = SITE) -> Settings:
    file = tmp_path / "config.yaml"
    file.write_text(text)
    return load(file, {})


def test_copies_are_deleted_in_folders_and_where_somebody_asks(tmp_path: Path) -> None:
    assert retention_terms(loaded(tmp_path)).deletes_expired == {
        "folder": True,
        "kept": False,
        "bucket": False,
        "cleaned": True,
        "organisation:acme": False,
        "organisation:globex": True,
    }


def test_plans_limit_and_say_what_holds_without_a_word(tmp_path: Path) -> None:
    terms = retention_terms(loaded(tmp_path))
    assert terms.plans == {"acme": Plan(name="small", most_days=30), "globex": Plan(name="large", most_days=0)}
    assert [terms.days(name, None) for name in ("acme", "globex", "initech")] == [7, 90, 90]
    assert [terms.days(name, 0) for name in ("acme", "globex", "initech")] == [30, 0, 0]


def test_transcripts_have_days_of_their_own_by_plan_or_organisation(tmp_path: Path) -> None:
    policies = retention_terms(loaded(tmp_path)).policies
    found = {
        name: policy.organisation_options.over(policy.default_options).transcript_retention_days
        for name, policy in policies.items()
    }
    assert found == {"acme": 0, "globex": 12, "initech": None}


@pytest.mark.parametrize("key", ["retentionDays", "maxRetentionDays", "transcriptRetentionDays"])
@pytest.mark.parametrize("days", ["0", "3651", "-1", "soon", "1.5"])
def test_days_that_are_none_are_refused(tmp_path: Path, key: str, days: str) -> None:
    with pytest.raises(ConfigError, match=key):
        loaded(tmp_path, SITE.replace("small: {", f"other: {{{key}: {days}}}\n  small: {{"))


@pytest.mark.parametrize("hour", ["24:00", "3", "noon"])
def test_an_hour_that_is_none_is_refused(tmp_path: Path, hour: str) -> None:
    with pytest.raises(ConfigError, match="daily_at"):
        loaded(tmp_path, f'{SITE}\nretention: {{daily_at: "{hour}"}}\n')
