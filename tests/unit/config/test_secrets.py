"""Where secrets come from, who may read them, and that no message repeats one."""

import base64
import os
from pathlib import Path

import pytest

from connector.domain.secret import Secret
from tests.unit.config.conftest import PBX, Load, Refused, a_secret

BUCKET = 'destinations: {{cloud: {{url: "s3://b/", credentials: {}}}}}\n'


def credentials(read: Load, written: str, above: str = "") -> Secret | None:
    return read(PBX + above + BUCKET.format(written), {"S3": "K:S:eu"}).destinations["cloud"].credentials


def test_a_secret_comes_from_the_environment_a_file_a_name_or_the_place_itself(read: Load, tmp_path: Path) -> None:
    a_secret(tmp_path, "s3", "K:S/+:eu\r\n")
    assert credentials(read, "{env: S3}") == Secret("K:S:eu")
    assert credentials(read, "{file: secrets/s3}") == Secret("K:S/+:eu")
    assert credentials(read, f"{{file: {tmp_path}/secrets/s3}}") == Secret("K:S/+:eu")
    assert credentials(read, "mine", "credentials: {mine: {env: S3}}\n") == Secret("K:S:eu")
    assert credentials(read, '"${S3}"') == Secret("K:S:eu")
    assert credentials(read, "AKIA:abc/+:eu-central-1") == Secret("AKIA:abc/+:eu-central-1")


@pytest.mark.parametrize("mode", [0o644, 0o604, 0o666, 0o660, 0o601])
def test_a_secret_file_that_others_may_use_is_refused_with_the_chmod(
    refused: Refused, tmp_path: Path, mode: int
) -> None:
    path = a_secret(tmp_path, "s3", mode=mode)
    problems = refused(PBX + BUCKET.format("{file: secrets/s3}"))
    assert len(problems) == 1
    assert f"chmod 640 {path}" in problems[0]


@pytest.mark.parametrize("mode", [0o400, 0o600, 0o640, 0o440])
def test_a_secret_file_of_ours_and_our_group_is_fine(read: Load, tmp_path: Path, mode: int) -> None:
    path = a_secret(tmp_path, "s3", mode=mode)
    os.chown(path, -1, os.getegid())
    assert credentials(read, "{file: secrets/s3}") == Secret("s3cr3t")


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("{file: secrets/none}", "cannot be read"),
        ("{file: secrets}", "cannot be read"),
        ("{file: secrets/empty}", "is empty"),
        ("{file: secrets/binary}", "UTF-8"),
        ("{env: NO_SUCH}", "NO_SUCH is not set"),
        ("{env: S3, file: x}", "{env: NAME} or {file: /path}"),
        ("{vault: x}", "{env: NAME} or {file: /path}"),
        ("[a]", "single value"),
        ("azur", "did you mean azure"),
    ],
)
def test_a_secret_that_cannot_be_had_is_named(refused: Refused, tmp_path: Path, written: str, said: str) -> None:
    a_secret(tmp_path, "empty", "\n")
    a_secret(tmp_path, "binary").write_bytes(b"\xff\xfe")
    problems = refused(PBX + "credentials: {azure: K}\n" + BUCKET.format(written))
    assert len(problems) == 1
    assert said in problems[0]


SECRET = "Tr0ub4dor-and-3"


@pytest.mark.parametrize(
    "line",
    [
        f'pbx: {{o: {{asterisk: {{ami: "user:{SECRET}@host:port"}}}}}}',
        f'pbx: {{o: {{asterisk: {{ami: "user:{SECRET}"}}}}}}',
        f'pbx: {{o: {{asterisk: {{ami: "user:{SECRET}@h?x={SECRET}"}}}}}}',
        f'destinations: {{x: {{url: "s3://key:{SECRET}@bucket/"}}}}',
        f'destinations: {{x: {{url: "ftp://key:{SECRET}@bucket/"}}}}',
        f'destinations: {{x: {{url: "s3://b/", credentials: {SECRET}}}}}',
        f'destinations: {{x: {{url: "file:///x/", encrypt: {SECRET}}}}}',
        f'catalogue: "postgres:{SECRET}@host"',
        f'notifications: {{n: {{url: "https://u:{SECRET}@host/"}}}}',
        f"defaults: {{credentials: key:{SECRET}}}",
    ],
)
def test_no_refusal_repeats_what_may_be_a_secret(refused: Refused, line: str) -> None:
    problems = refused(line if line.startswith("pbx") else f"{PBX}{line}")
    assert problems
    assert SECRET not in "\n".join(problems)


def test_nothing_that_is_loaded_shows_a_secret(read: Load) -> None:
    settings = read(
        f'pbx: {{o: {{asterisk: {{ami: "user:{SECRET}@h"}}}}}}\ncredentials: {{a: {SECRET}}}\n'
        f'catalogue: "postgresql://u:{SECRET}@h/x"\n' + BUCKET.format("a")
    )
    assert SECRET not in repr(settings)
    assert settings.catalogue is not None
    assert settings.catalogue.reveal().startswith("postgresql://u:")


@pytest.mark.parametrize("password", ["p@ss", "a?b", "a:b/c#d", "p%40", "ä ö", "x?tls=yes"])
def test_a_password_may_hold_any_sign(read: Load, password: str) -> None:
    text = 'pbx: {o: {asterisk: {ami: "callreel:${PW}@10.0.0.5?tls=yes", ari: "a:${PW}@[::1]:99"}}}'
    asterisk = read(text, {"PW": password}).pbx["o"].asterisk
    assert asterisk is not None
    assert asterisk.ari is not None
    assert (asterisk.ami.password.reveal(), asterisk.ami.port, asterisk.ami.tls) == (password, 5039, True)
    assert (asterisk.ari.password.reveal(), asterisk.ari.host, asterisk.ari.port) == (password, "::1", 99)


@pytest.mark.parametrize("form", ["base64", "hex"])
def test_an_encryption_key_is_32_bytes_in_base64_or_hex(read: Load, form: str) -> None:
    key = base64.b64encode(bytes(32)).decode() if form == "base64" else bytes(32).hex()
    settings = read(
        f'{PBX}destinations: {{x: {{url: "file:///x/", encrypt: {{env: KEY}}, former_keys: ["{key}"]}}}}', {"KEY": key}
    )
    assert settings.destinations["x"].encrypt == Secret(key)
    assert settings.destinations["x"].former_keys == (Secret(key),)
