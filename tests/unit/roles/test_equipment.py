"""What of the configuration health shows, and to whom."""

from pathlib import Path
from typing import Any

import pytest

from connector.domain.secret import Secret
from connector.roles.equipment import equipment
from connector.settings import (
    AsteriskSettings,
    DestinationSettings,
    Endpoint,
    FreeswitchSettings,
    OrganisationSettings,
    OrganisationsSettings,
    PbxSettings,
    ScriptedSettings,
    Settings,
)

ENDPOINT = Endpoint(user="callreel", password=Secret("s3cret"), host="127.0.0.1", port=5038)
PBXS = {
    "office": PbxSettings(asterisk=AsteriskSettings(ami=ENDPOINT, spool="/spool/a")),
    "hotel": PbxSettings(freeswitch=FreeswitchSettings(esl=ENDPOINT, spool="/spool/f")),
    "demo": PbxSettings(scripted=ScriptedSettings(socket="/run/demo", spool="/spool/d")),
}
FOLDER = DestinationSettings(url="file:///srv/archive/")
BUCKET = DestinationSettings(url="s3://calls/", credentials=Secret("KEY:secret:eu"))
KEPT_FOR_GLOBEX = DestinationSettings(url="gs://globex/", credentials=Secret("KEY:secret"), organisations=("globex",))


def settings(*organisations: str, **over: Any) -> Settings:
    known = {name: OrganisationSettings(**over.pop(name, {})) for name in organisations}
    destinations = {"archive": FOLDER, "bucket": BUCKET, "globex-only": KEPT_FOR_GLOBEX}
    return Settings(
        node="here",
        state="/state",
        pbx=PBXS,
        destinations=destinations,
        organisations=OrganisationsSettings(known=known),
        **over,
    )


def test_the_house_sees_every_pbx_and_destination_with_its_kind_and_what_lies_on_its_disks() -> None:
    found = equipment(settings("acme", acme={"destination": BUCKET}), None)
    assert found.node == "here"
    assert found.pbxs == {"office": "asterisk", "hotel": "freeswitch", "demo": "scripted"}
    assert found.destinations == {
        "archive": "file",
        "bucket": "s3",
        "globex-only": "gs",
        "organisation:acme": "s3",
    }
    assert found.folders == {
        "state folder": Path("/state"),
        "spool of office": Path("/spool/a"),
        "spool of hotel": Path("/spool/f"),
        "spool of demo": Path("/spool/d"),
        "destination archive": Path("/srv/archive"),
    }


def test_of_several_organisations_none_sees_a_pbx_or_a_disk() -> None:
    found = equipment(settings("acme", "globex"), "acme")
    assert (found.pbxs, found.folders) == ({}, {})


@pytest.mark.parametrize(("known", "asks"), [(("acme",), "acme"), ((), "default")])
def test_the_only_organisation_sees_the_pbxs(known: tuple[str, ...], asks: str) -> None:
    assert equipment(settings(*known), asks).pbxs.keys() == PBXS.keys()


def test_an_organisation_sees_where_its_recordings_go_and_what_is_kept_for_it() -> None:
    house = settings("acme", "globex", "initech", acme={"destination": BUCKET}, initech={"destinations": ("bucket",)})
    seen = {name: [*equipment(house, name).destinations] for name in ("acme", "globex", "initech", "left")}
    assert seen == {
        "acme": ["organisation:acme"],
        "globex": ["archive", "globex-only"],
        "initech": ["bucket"],
        "left": ["archive"],
    }
