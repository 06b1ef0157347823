"""How a bucket wants to be spoken to: what is tried, in which order, and what is found of it."""

import pytest

from connector.domain.diagnosis import Finding, Level
from connector.errors import ConnectorError, DestinationRefused, DestinationUnreachable, NoRoom
from connector.ports.feeler import Way
from connector.ports.pins import ADDRESSING, CHECKSUMS, CONDITIONS, REGION, Pin
from connector.services.leavings import Leavings
from connector.services.settling import Settling
from connector.storage.memory import MemoryStore
from tests.unit.services.memory_feeler import MemoryFeeler

ALL = frozenset({REGION, ADDRESSING, CONDITIONS, CHECKSUMS})
BOTH = ("path", "virtual")
GOOD = Pin(region="usual", addressing="path", conditions="honoured", checksums="checked")


class Ground:
    """One server, and what was told of it."""

    def __init__(self, feeler: MemoryFeeler) -> None:
        self.feeler = feeler
        self.leavings = Leavings()
        self.findings: list[Finding] = []
        self.settling = Settling(feeler, "felt.wav", self.leavings, self.findings.append)

    async def settled(self) -> Pin:
        return await self.settling.settled()

    @property
    def tried(self) -> list[Pin]:
        return [manner for manner, way in self.feeler.asked if way is Way.REPLACING]

    def level(self, subject: str) -> Level:
        (one,) = [finding for finding in self.findings if finding.subject == subject]
        return one.level


def ground(**server: object) -> Ground:
    given: dict[str, object] = {"is_open": ALL, "addressings": BOTH} | server
    return Ground(MemoryFeeler({}, **given))  # type: ignore[arg-type]  # by the parameters' own names


async def test_where_all_is_as_usual_one_try_is_enough_and_everything_is_pinned() -> None:
    usual = ground()
    assert await usual.settled() == GOOD
    assert usual.tried == [Pin(addressing="path")]
    assert {finding.level for finding in usual.findings} == {Level.OK}
    assert [finding.subject for finding in usual.findings] == [REGION, ADDRESSING, CONDITIONS, CHECKSUMS]


async def test_where_nothing_is_open_nobody_is_asked() -> None:
    written = ground(is_open=frozenset(), addressings=())
    assert await written.settled() == Pin()
    assert written.feeler.asked == []


async def test_what_the_settings_say_is_neither_tried_otherwise_nor_pinned() -> None:
    written = ground(is_open=frozenset({CONDITIONS}), addressings=())
    assert await written.settled() == Pin(conditions="honoured")
    assert [finding.subject for finding in written.findings] == [CONDITIONS]


async def test_the_region_that_the_server_names_is_taken() -> None:
    elsewhere = ground(region="eu-central-1")
    assert (await elsewhere.settled()).region == "eu-central-1"
    assert elsewhere.tried == [Pin(addressing="path"), Pin(region="eu-central-1", addressing="path")]


async def test_a_region_that_nobody_names_is_not_guessed() -> None:
    elsewhere = ground(region="eu-central-1", names_region=False)
    assert await elsewhere.settled() == Pin()
    assert {pin.region for pin in elsewhere.tried} == {""}
    assert elsewhere.level("alternatives") is Level.NOTE


async def test_the_other_addressing_is_tried_and_with_it_the_region_that_is_named_then() -> None:
    odd = ground(addressing="virtual", region="eu-central-1")
    pin = await odd.settled()
    assert (pin.region, pin.addressing) == ("eu-central-1", "virtual")
    assert odd.settling.manner == Pin(region="eu-central-1", addressing="virtual")


@pytest.mark.parametrize("trouble", [NoRoom("full"), DestinationUnreachable("nobody answers")])
async def test_who_is_full_or_silent_is_not_asked_in_another_manner(trouble: ConnectorError) -> None:
    down = ground()
    down.feeler.trouble = trouble
    assert await down.settled() == Pin()
    assert len(down.feeler.asked) == 1
    assert down.findings == []


async def test_who_refuses_whatever_is_tried_is_asked_a_few_times_only() -> None:
    closed = ground()
    closed.feeler.trouble = DestinationRefused("the secret is wrong")
    assert await closed.settled() == Pin()
    assert closed.tried == [Pin(addressing="path"), Pin(addressing="virtual")]
    assert closed.settling.manner == Pin()


async def test_a_server_that_replaces_whatever_is_there_is_not_relied_on() -> None:
    careless = ground()
    careless.feeler.conditions = None
    assert (await careless.settled()).conditions == "ignored"
    assert careless.level(CONDITIONS) is Level.NOTE


async def test_a_server_that_knows_no_conditions_is_sent_none() -> None:
    old = ground()
    old.feeler.conditions, old.feeler.is_condition_unknown = DestinationRefused("501"), True
    assert (await old.settled()).conditions == "ignored"


async def test_a_condition_that_fails_for_another_reason_tells_nothing() -> None:
    busy = ground()
    busy.feeler.conditions = DestinationUnreachable("503")
    assert (await busy.settled()).conditions == ""
    assert busy.level(CONDITIONS) is Level.NOTE


async def test_a_server_that_does_not_look_at_the_md5_is_found_out() -> None:
    blind = ground()
    blind.feeler.damaged = None
    assert (await blind.settled()).checksums == "unchecked"
    assert blind.level(CHECKSUMS) is Level.WARNING


async def test_a_server_that_takes_no_md5_is_sent_none() -> None:
    odd = ground()
    odd.feeler.takes_md5 = False
    assert (await odd.settled()).checksums == "refused"
    assert Way.DAMAGED not in {way for _, way in odd.feeler.asked}


async def test_whatever_was_felt_with_can_be_taken_away() -> None:
    objects: dict[str, bytes] = {}
    blind = Ground(MemoryFeeler(objects, is_open=ALL, addressings=BOTH))
    blind.feeler.damaged = None
    await blind.settled()
    assert list(objects) == ["felt.wav"]
    finding = await blind.leavings.cleared(MemoryStore(objects))
    assert finding is not None
    assert (finding.level, objects) == (Level.OK, {})
