"""Every mistake is named with its line, its key and what was probably meant; all of a file's at once."""

from pathlib import Path

import pytest

from connector.config.loading import load
from connector.errors import ConfigError
from tests.unit.config.conftest import ENVIRONMENT, PBX, Load, Refused

TWO = "organisations: {acme: {}, globex: {}}\n"
DISK = 'destinations: {disk: {url: "file:///srv/recordings/"}}\n'


@pytest.mark.parametrize(
    ("line", "path", "meant"),
    [
        ("timezon: UTC", "timezon", "timezone"),
        ("Rules: []", "Rules", "rules"),
        ("log: {levle: info}", "log.levle", "level"),
        ("defaults: {retentionDay: 3}", "defaults.retentionDay", "retentionDays"),
        ("defaults: {Format: mp3}", "defaults.Format", "format"),
        ("defaults: {recrod: yes}", "defaults.recrod", "record"),
        ("rules: [{when: {queu: sales}, record: no}]", "rules[1].when.queu", "queue"),
        ("rules: [{record: no}, {wehn: {}, record: no}]", "rules[2].wehn", "when"),
        ("organisations: {unkown: refuse}", "organisations.unkown", "unknown"),
        ("organisations: {acme: {recrod: no}}", "organisations.acme.recrod", "record"),
        ('destinations: {x: {ulr: "file:///x/"}}', "destinations.x.ulr", "url"),
        ("log: {level: infos}", "log.level", "info"),
        ("rules: [{record: allways}]", "rules[1].record", "yes"),
        ("agents: {source: queues}", "agents.source", "asterisk-queues"),
        (f"{DISK}defaults: {{destination: dsik}}", "defaults.destination", "disk"),
        (f"{DISK}rules: [{{record: yes, destination: dsik}}]", "rules[1].destination", "disk"),
        (TWO + "rules: [{when: {organisation: globx}, record: no}]", "rules[1].when.organisation", "globex"),
        ("organisations: {acme: {plan: busines}}\nplans: {business: {}}", "organisations.acme.plan", "business"),
    ],
)
def test_a_name_that_is_none_is_answered_with_the_nearest_one(
    refused: Refused, line: str, path: str, meant: str
) -> None:
    found = [problem for problem in refused(f"{PBX}{line}\n") if f": {path}: " in problem]
    assert len(found) == 1
    if meant != "yes":
        assert f"did you mean {meant}?" in found[0]


@pytest.mark.parametrize(
    ("line", "path", "said"),
    [
        ("encoders: two", "encoders", "no whole number"),
        ("encoders: 0", "encoders", "less than 1"),
        ("encoders: [1]", "encoders", "single value"),
        ("log: text", "log", "names with values"),
        ("log: {mask_numbers: maybe}", "log.mask_numbers", "neither yes nor no"),
        ("defaults: {format: mp4}", "defaults.format", "mp3, wav, flac, opus"),
        ("defaults: {retentionDays: 0}", "defaults.retentionDays", "unlimited"),
        ("defaults: {credentials: KEY:SECRET}", "defaults.credentials", "never a secret"),
        ("defaults: {tags: {a: b}}", "defaults.tags", "text"),
        ("rules: [no]", "rules[1]", "names with values"),
        ("rules: [{when: {time: noon}, record: no}]", "rules[1].when.time", "mon-fri 08:00-18:00"),
        ("rules: [{when: {time: 08:00-08:00}, record: no}]", "rules[1].when.time", "no time at all"),
        ('rules: [{when: {from: "1.2"}, record: no}]', "rules[1].when.from", "only stand at the end"),
        ("rules: [{when: {queue: []}, record: no}]", "rules[1].when.queue", "empty list"),
        ("rules: [{when: {direction: inwards}, record: no}]", "rules[1].when.direction", "inbound"),
        ("organisations: {unknown: hold}", "organisations.unknown", "it is not recorded. Write refuse"),
        ("organisations: {unknown: keep}", "organisations.unknown", "'keep' is not one of refuse"),
        ("timezone: Europe/Londn", "timezone", "Europe/London"),
        ("timezone: ../../etc/passwd", "timezone", "unknown"),
        ("state: var/lib", "state", "whole path"),
        ("api: {listen: 8080}", "api.listen", "127.0.0.1:8080"),
        ('api: {listen: "localhost:99999"}', "api.listen", "127.0.0.1:8080"),
        ("local: {keep: soon}", "local.keep", "length of time"),
        ("retention: {daily_at: 25:00}", "retention.daily_at", "03:30"),
        ('catalogue: "mysql://x"', "catalogue", "postgresql://"),
        ("destinations: {x: {}}", "destinations.x.url", "is missing"),
        ("destinations: {x: {url: /srv}}", "destinations.x.url", "file://, s3://"),
        ('destinations: {x: {url: "file://srv/x"}}', "destinations.x.url", "three/slashes"),
        ('destinations: {x: {url: "ftp://h/x"}}', "destinations.x.url", "file://, s3://"),
        ('destinations: {x: {url: "s3:///x"}}', "destinations.x.url", "bucket"),
        ('destinations: {x: {url: "azure://account/"}}', "destinations.x.url", "container"),
        ('destinations: {x: {url: "s3://b/{quue}/"}}', "destinations.x.url", "did you mean {queue}?"),
        ('destinations: {x: {url: "file:///x/", template: "../{callId}.mp3"}}', "destinations.x.template", "'..'"),
        ('destinations: {x: {url: "file:///x/y.mp3", template: "z/"}}', "destinations.x.template", "names the file"),
        (
            f'destinations: {{x: {{url: "s3://b/{"a" * 190}/{"b" * 190}/", template: "{"c" * 190}/{"d" * 190}/"}}}}',
            "destinations.x.template",
            "can grow beyond 800 characters",
        ),
        ('destinations: {x: {url: "file:///x/", mode: 0888}}', "destinations.x.mode", "0640"),
        ('destinations: {x: {url: "file:///x/", encrypt: password}}', "destinations.x.encrypt", "openssl rand"),
        ('destinations: {x: {url: "file:///x/", region: eu}}', "destinations.x.region", "a folder has none"),
        ('destinations: {x: {url: "file:///x/", backup: x}}', "destinations.x.backup", "own backup"),
        ('destinations: {x: {url: "s3://b/", endpoint: r2.example.com}}', "destinations.x.endpoint", "https://"),
        ('notifications: {n: {url: "http://crm.lan/"}}', "notifications.n.url", "https://"),
        (
            'notifications: {n: {url: "https://c/", allow_private: 10.0.0.1/24}}',
            "notifications.n.allow_private",
            "10.0.0.0/24",
        ),
        ('notifications: {n: {url: "https://c/", fallback: "http://d/"}}', "notifications.n.fallback", "https://"),
        ('notifications: {n: {url: "https://c/", secret: {env: SHORT}}}', "notifications.n.secret", "openssl rand"),
        ('callbacks: {n: {url: "https://c/", secret: {env: HALVES}}}', "callbacks.n.secret", "not one key's"),
        ('callbacks: {n: {url: "https://c/", next_secret: {env: LONG}}}', "callbacks.n.next_secret", "`secret`"),
        (
            'callbacks: {n: {url: "https://c/", application_key: k}}',
            "callbacks.n.application_key",
            "application_secret",
        ),
        (
            """
callbacks:
  n: {url: "https://c/", application_key: k, application_secret: {env: LONG}, headers: {authorization: {env: SHORT}}}
""",
            "callbacks.n.headers",
            "the signature",
        ),
        ('callbacks: {n: {url: "https://c/", headers: {Host: {env: SHORT}}}}', "callbacks.n.headers", "'Host'"),
        ('callbacks: {n: {url: "https://c/", headers: {X-Y: {env: LINES}}}}', "callbacks.n.headers", "'X-Y'"),
        ("rules: [{callback: nobody}]", "rules[1].callback", "callbacks"),
        (
            'notifications: {n: {url: "https://c/", format: dialgen, events: recording_failed}}',
            "notifications.n.events",
            "one thing",
        ),
        ('notifications: {n: {url: "https://c/", events: recorded}}', "notifications.n.events", "recording_finished"),
        ("agents: {source: variable}", "agents.source", "agents.variable"),
        (TWO + 'agents: {names: {"201": Ada}}', "agents.names.201", "whose is it?"),
        ("organisations: {acme: {match: [x]}, globex: {match: [X]}}", "organisations.globex", "means 'acme' already"),
        ("plans: {p: {retentionDays: 90, maxRetentionDays: 30}}", "plans.p.retentionDays", "more than"),
    ],
)
def test_a_value_that_cannot_be_is_refused_with_what_to_write(
    refused: Refused, line: str, path: str, said: str
) -> None:
    problems = refused(f"{PBX}{line}\n")
    found = [problem for problem in problems if f": {path}: " in problem]
    assert found, problems
    assert said in found[0]


@pytest.mark.parametrize(
    ("pbx", "path", "said"),
    [
        ("pbx: {a: {}}", "pbx.a", "one of asterisk, freeswitch, scripted"),
        ('pbx: {a: {asterisk: {ami: "u:p@h"}, freeswitch: {esl: ":p@h"}}}', "pbx.a", "one of"),
        ("pbx: {a: {asterisk: {}}}", "pbx.a.asterisk.ami", "is missing"),
        ("pbx: {a: {asterisk: {ami: localhost}}}", "pbx.a.asterisk.ami", "user:password@host"),
        ('pbx: {a: {asterisk: {ami: "u:@h"}}}', "pbx.a.asterisk.ami", "password is empty"),
        ('pbx: {a: {asterisk: {ami: "u:p@h:port"}}}', "pbx.a.asterisk.ami", "host and port"),
        ('pbx: {a: {asterisk: {ami: "u:p@h?ssl=yes"}}}', "pbx.a.asterisk.ami", "tls=yes"),
        ('pbx: {a: {asterisk: {ami: "u:p@h", files: ari}}}', "pbx.a.asterisk.files", "`ari`"),
        ('pbx: {a: {asterisk: {ami: "u:p@h", spool: x}}}', "pbx.a.asterisk.spool", "whole path"),
        ('pbx: {a: {asterisk: {ami: "u:p@h"}, internal: "2.X"}}', "pbx.a.internal", "at the end"),
        ("pbx: {a: {scripted: {socket: /run/x}}}", "pbx.a.scripted.spool", "is missing"),
    ],
)
def test_a_pbx_that_cannot_be_reached_as_written_is_refused(refused: Refused, pbx: str, path: str, said: str) -> None:
    found = [problem for problem in refused(f"{pbx}\n") if f": {path}: " in problem]
    assert len(found) == 1
    assert said in found[0]


@pytest.mark.parametrize(
    "folder",
    [
        "/var/spool/asterisk/recording",
        "/var/spool/asterisk",
        "/var/spool/asterisk/recording/{utc:yyyy}/",
        "/var/spool/asterisk/recording/kept/",
    ],
)
def test_recordings_cannot_be_kept_where_the_pbx_writes(refused: Refused, folder: str) -> None:
    problems = refused(f'{PBX}destinations: {{x: {{url: "file://{folder}"}}}}\n')
    assert "must be folders apart" in problems[0]


def test_all_that_is_wrong_is_said_at_once_in_the_order_of_the_file(refused: Refused) -> None:
    text = """\
pbx: {office: {asterisk: {ami: "u:${NO_SUCH}@h"}}}
timezone: Europe/Nowhere
timezone: UTC
destinations:
  disk: {url: "file:///srv/x/", modus: 0640}
  cloud: {url: "s3://b/", credentials: missing}
defaults: {destination: dsik, format: mp4}
rules:
  - {when: {queu: sales}, record: perhaps}
  - {record: no, retentionDays: 4000}
notifications: {crm: {url: "http://crm.lan/"}}
plans: {p: {retentionDays: 90, maxRetentionDays: 30}}
"""
    problems = refused(text)
    places = [problem.split(": ")[1] for problem in problems]
    assert places == [
        "pbx.office.asterisk.ami",
        "timezone",
        "timezone",
        "destinations.disk.modus",
        "destinations.cloud.credentials",
        "defaults.destination",
        "defaults.format",
        "rules[1].when.queu",
        "rules[1].record",
        "rules[2].retentionDays",
        "notifications.crm.url",
        "plans.p.retentionDays",
    ]
    lines = [int(problem.split(":")[0].removeprefix("line ")) for problem in problems]
    assert lines == [1, 2, 3, 5, 6, 7, 7, 9, 9, 10, 11, 12]


def test_the_message_names_the_file(tmp_path: Path) -> None:
    path = tmp_path / "site.yaml"
    path.write_text("pbx: {a: {}}\n")
    with pytest.raises(ConfigError, match=r"site\.yaml: line 1: pbx\.a: must be one of"):
        load(path, {})


def test_a_file_that_is_not_there_or_no_text_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="is not there"):
        load(tmp_path / "none.yaml", {})
    with pytest.raises(ConfigError, match="cannot be read"):
        load(tmp_path, {})
    (tmp_path / "latin.yaml").write_bytes(b"pbx: \xff\n")
    with pytest.raises(ConfigError, match="cannot be read"):
        load(tmp_path / "latin.yaml", {})


def test_a_missing_variable_is_named_and_its_text_can_be_meant(read: Load, refused: Refused) -> None:
    assert (
        "the environment variable AMI_PASSWORD is not set"
        in refused('pbx: {o: {asterisk: {ami: "u:${AMI_PASSWORD}@h"}}}', {})[0]
    )
    settings = read(f'{PBX}defaults: {{clientState: "$${{X}} $1 $$ ${{AMI_PASSWORD}}"}}', ENVIRONMENT)
    assert settings.defaults.options.client_state == "${X} $1 $$ ami-pw"


def test_a_plan_limits_what_an_organisation_and_its_rules_keep(refused: Refused) -> None:
    problems = refused(
        f"{PBX}plans: {{p: {{retentionDays: 7, maxRetentionDays: 30}}}}\n"
        "organisations: {acme: {plan: p, retentionDays: 90, rules: [{record: yes, retentionDays: unlimited}]}}\n"
    )
    assert [problem.split(": ")[1] for problem in problems] == [
        "organisations.acme.retentionDays",
        "organisations.acme.rules[1].retentionDays",
    ]


def test_an_organisation_cannot_name_anothers_destination(refused: Refused) -> None:
    problems = refused(
        f'{PBX}destinations: {{a: {{url: "file:///a/", organisations: [acme]}}}}\n'
        "organisations:\n  acme: {destination: a}\n  globex: {destination: a, rules: [{record: yes, destination: a}]}\n"
    )
    assert [problem.split(": ")[1] for problem in problems] == [
        "organisations.globex.destination",
        "organisations.globex.rules[1].destination",
    ]
