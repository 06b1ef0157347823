"""The catalogue against the spool."""

import logging

import pytest

from connector.pbx.spool import SpoolFolder
from connector.services.reconciling import name_unknown, unknown_files
from tests.builders import RECORDING
from tests.unit.services.yard import Yard


async def test_only_files_that_no_recording_refers_to_are_unknown(yard: Yard) -> None:
    await yard.captured(yard.caller(), yard.agent())
    (yard.spool / "stray.wav").write_bytes(b"RIFF")
    assert await unknown_files(yard.catalogue.shipping, yard.sources) == {"asterisk": ["stray.wav"]}
    assert (yard.spool / "stray.wav").exists()


async def test_a_file_that_came_back_after_it_was_removed_is_unknown(yard: Yard) -> None:
    await yard.captured(yard.caller())
    await yard.catalogue.shipping.sources_removed(RECORDING)
    assert await unknown_files(yard.catalogue.shipping, yard.sources) == {"asterisk": ["caller.wav"]}


async def test_a_spool_that_cannot_be_read_is_said_and_is_not_taken_for_empty(
    yard: Yard, caplog: pytest.LogCaptureFixture
) -> None:
    absent = SpoolFolder(yard.spool / "absent")
    found = await unknown_files(yard.catalogue.shipping, {"down": absent, "asterisk": yard.source})
    await absent.close()
    assert found == {"asterisk": []}
    assert [record.getMessage() for record in caplog.records] == ["spool unreadable"]


def test_every_unknown_file_is_named_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        name_unknown({"office": ["a.wav", "b.wav"], "branch": []})
    assert [(vars(record)["pbx"], vars(record)["path"]) for record in caplog.records] == [
        ("office", "a.wav"),
        ("office", "b.wav"),
    ]
