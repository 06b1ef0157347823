"""What the configuration says becomes the adapter that does it, or a sentence."""

from pathlib import Path

import pytest

from connector.domain.secret import Secret
from connector.errors import ConfigError
from connector.network.clock import SystemClock
from connector.pbx.asterisk.ari_files import AriSpool
from connector.pbx.asterisk.driver import AsteriskPbx
from connector.pbx.freeswitch.driver import FreeSwitchPbx
from connector.pbx.scripted.driver import ScriptedPbx
from connector.roles.adapters import left_behind, pbx_driver, segment_source
from connector.settings import (
    AsteriskSettings,
    Endpoint,
    FreeswitchSettings,
    PbxSettings,
    ScriptedSettings,
)

ENDPOINT = Endpoint(user="callreel", password=Secret("s3cret"), host="127.0.0.1", port=5038)


def test_the_scripted_pbx_has_a_driver() -> None:
    settings = PbxSettings(scripted=ScriptedSettings(socket="/run/demo.sock", spool="/spool"))
    assert isinstance(pbx_driver("demo", settings, SystemClock()), ScriptedPbx)


async def test_asterisk_has_a_driver_which_is_not_connected_before_its_events_are_asked_for() -> None:
    pbx = pbx_driver("office", PbxSettings(asterisk=AsteriskSettings(ami=ENDPOINT)), SystemClock())
    assert isinstance(pbx, AsteriskPbx)
    await pbx.close()


async def test_freeswitch_has_a_driver_which_is_not_connected_before_its_events_are_asked_for() -> None:
    pbx = pbx_driver("office", PbxSettings(freeswitch=FreeswitchSettings(esl=ENDPOINT)), SystemClock())
    assert isinstance(pbx, FreeSwitchPbx)
    await pbx.close()


async def test_files_without_a_shared_disk_are_fetched_into_the_state_folder(tmp_path: Path) -> None:
    asterisk = AsteriskSettings(ami=ENDPOINT, ari=ENDPOINT, files="ari", spool="/var/spool/asterisk/recording")
    source = segment_source("office", PbxSettings(asterisk=asterisk), tmp_path, SystemClock())
    assert isinstance(source, AriSpool)
    await source.close()


@pytest.mark.parametrize(
    ("settings", "trouble"),
    [
        (AsteriskSettings(ami=ENDPOINT, files="ari"), r"^pbx\.office\.asterisk: files: ari needs the address of ARI"),
        (
            AsteriskSettings(ami=ENDPOINT, ari=ENDPOINT, files="ari", spool="/srv/calls"),
            r"spool '/srv/calls' cannot be",
        ),
    ],
)
def test_fetching_files_needs_the_address_and_a_folder_that_ari_serves(
    settings: AsteriskSettings, trouble: str, tmp_path: Path
) -> None:
    with pytest.raises(ConfigError, match=trouble):
        segment_source("office", PbxSettings(asterisk=settings), tmp_path, SystemClock())


async def test_only_asterisk_leaves_files_of_its_dialplan_behind(tmp_path: Path) -> None:
    clock = SystemClock()
    scripted = PbxSettings(scripted=ScriptedSettings(socket="", spool=str(tmp_path)))
    asterisk = PbxSettings(asterisk=AsteriskSettings(ami=ENDPOINT, spool=str(tmp_path)))
    assert left_behind(scripted, segment_source("office", scripted, tmp_path, clock), clock) is None
    files = left_behind(asterisk, segment_source("office", asterisk, tmp_path, clock), clock)
    assert files is not None
    assert await files.found(()) == []


async def test_files_are_found_in_the_spool_of_whatever_pbx_it_is(tmp_path: Path) -> None:
    (tmp_path / "one.wav").write_bytes(b"RIFF")
    spool = str(tmp_path)
    for settings in (
        PbxSettings(asterisk=AsteriskSettings(ami=ENDPOINT, spool=spool)),
        PbxSettings(freeswitch=FreeswitchSettings(esl=ENDPOINT, spool=spool)),
        PbxSettings(scripted=ScriptedSettings(socket="", spool=spool)),
    ):
        assert await segment_source("office", settings, tmp_path, SystemClock()).known() == ["one.wav"]
