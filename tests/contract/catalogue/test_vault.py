"""The Vault on both databases: what it keeps, what it forgets, and what nobody finds in it."""

import asyncio
import base64
import shutil
import sqlite3
from collections.abc import Callable, Collection
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import select, update

from connector.catalogue.all_tables import METADATA
from connector.catalogue.database import sqlite_file
from connector.catalogue.store import Catalogue
from connector.catalogue.tables import SEALED
from connector.catalogue.vault import Seal, VaultRows
from connector.domain.call import CallState, Wanted
from connector.domain.decision import Change
from connector.domain.options import RecordingOptions
from connector.domain.secret import Secret
from connector.domain.states import DELIVERY, DeliveryEvent, DeliveryState, RecordingState, moved
from connector.errors import CatalogueUnavailable, ConfigError, SecretLost
from connector.ports.call_ledger import JournalPosition
from connector.ports.commands import Command
from tests.builders import CALL, MORNING, RECORDING, a_call, a_delivery, a_recording, a_rendering, an_artefact
from tests.contract.catalogue.conftest import NOW

KEY = Secret(bytes(range(32)).hex())
ANOTHER_KEY = Secret(bytes(range(1, 33)).hex())
SECRET = Secret("AKIAEXAMPLE:wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLE:eu-central-1")


def a_vault(catalogue: Catalogue, *, key: Secret = KEY, at: float = NOW) -> VaultRows:
    return VaultRows(catalogue.database, key, lambda: at)


async def sealed_text(catalogue: Catalogue, name: str) -> str:
    wanted = select(SEALED.c.sealed).where(SEALED.c.name == name)
    return await catalogue.database.read(lambda connection: connection.execute(wanted).scalar_one())


async def sealed_rows(catalogue: Catalogue) -> list[tuple[str, str, float]]:
    rows = await catalogue.database.read(lambda connection: connection.execute(select(SEALED)).all())
    return [(row.name, row.sealed, row.kept_at) for row in rows]


async def change(catalogue: Catalogue, name: str, sealed: str) -> None:
    changed = update(SEALED).where(SEALED.c.name == name).values(sealed=sealed)
    await catalogue.database.write(lambda connection: connection.execute(changed))


# --- kept and revealed --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", [SECRET.reveal(), "", "Zoé:\x00:\udcff", "x" * 100_000])
async def test_what_was_kept_is_revealed_to_the_next_process(catalogue: Catalogue, url: str, text: str) -> None:
    name = await a_vault(catalogue).keep(Secret(text))
    next_process = Catalogue.open(url)
    assert (await a_vault(next_process).reveal(name)).reveal() == text
    await next_process.close()


async def test_the_same_secret_has_one_name_and_another_has_another(catalogue: Catalogue) -> None:
    vault = a_vault(catalogue)
    name = await vault.keep(SECRET)
    assert await a_vault(catalogue).keep(Secret(SECRET.reveal())) == name
    assert await vault.keep(Secret(SECRET.reveal() + " ")) != name
    assert name.startswith("s-")
    assert len(bytes.fromhex(name[2:])) == 16


async def test_to_keep_what_is_known_writes_nothing(catalogue: Catalogue) -> None:
    await a_vault(catalogue).keep(SECRET)
    before = await sealed_rows(catalogue)
    await a_vault(catalogue, at=NOW + 99).keep(SECRET)
    assert await sealed_rows(catalogue) == before
    assert [row[2] for row in before] == [NOW]


async def test_two_that_keep_the_same_at_once_have_one_name_and_one_row(catalogue: Catalogue, url: str) -> None:
    other = Catalogue.open(url)
    names = await asyncio.gather(*(a_vault(one).keep(SECRET) for one in (catalogue, other, catalogue, other)))
    await other.close()
    assert [row[0] for row in await sealed_rows(catalogue)] == list(set(names))


def test_a_secret_is_sealed_otherwise_each_time() -> None:
    seal = Seal(KEY)
    assert len({seal.sealed("s-1", SECRET) for _ in range(50)}) == 50


async def test_a_name_is_told_by_the_key_and_not_by_the_secret_alone(catalogue: Catalogue) -> None:
    assert await a_vault(catalogue).keep(SECRET) != await a_vault(catalogue, key=ANOTHER_KEY).keep(SECRET)


async def test_a_key_is_the_same_however_it_is_spelled(catalogue: Catalogue) -> None:
    material = bytes(range(224, 256))
    name = await a_vault(catalogue, key=Secret(material.hex().upper())).keep(SECRET)
    for spelled in (base64.b64encode(material), base64.urlsafe_b64encode(material), b" " + material.hex().encode()):
        assert await a_vault(catalogue, key=Secret(spelled.decode() + "\n")).reveal(name) == SECRET


@pytest.mark.parametrize("text", ["", "a passphrase", "00" * 31, "00" * 33, "ä" * 64])
async def test_a_key_that_is_none_is_refused_and_not_repeated(catalogue: Catalogue, text: str) -> None:
    with pytest.raises(ConfigError, match="openssl rand -base64 32") as refused:
        a_vault(catalogue, key=Secret(text))
    assert not text or text not in str(refused.value)


# --- lost ---------------------------------------------------------------------------------------------------------


async def test_an_unknown_name_is_lost_and_says_what_to_do(catalogue: Catalogue) -> None:
    with pytest.raises(SecretLost, match="'s-unknown': give them again, or restore"):
        await a_vault(catalogue).reveal("s-unknown")


async def test_another_houses_key_opens_nothing_and_both_are_named(catalogue: Catalogue) -> None:
    name = await a_vault(catalogue).keep(SECRET)
    theirs, ours = Seal(KEY).key_id, Seal(ANOTHER_KEY).key_id
    with pytest.raises(SecretLost, match=f"key {theirs}, the one here is {ours}: configure the one") as lost:
        await a_vault(catalogue, key=ANOTHER_KEY).reveal(name)
    assert KEY.reveal()[:8] not in str(lost.value)
    assert await a_vault(catalogue).reveal(name) == SECRET


async def test_whoever_changes_the_keys_id_has_not_changed_the_key(catalogue: Catalogue) -> None:
    name = await a_vault(catalogue).keep(SECRET)
    sealed = await sealed_text(catalogue, name)
    await change(catalogue, name, sealed.replace(Seal(KEY).key_id, Seal(ANOTHER_KEY).key_id))
    with pytest.raises(SecretLost, match="is damaged"):
        await a_vault(catalogue, key=ANOTHER_KEY).reveal(name)


def flipped(sealed: str, place: int) -> str:
    head, _, text = sealed.rpartition(".")
    box = bytearray(base64.b64decode(text))
    box[place] ^= 1
    return f"{head}.{base64.b64encode(box).decode()}"


@pytest.mark.parametrize(
    "tampered",
    [
        lambda sealed: flipped(sealed, 0),
        lambda sealed: flipped(sealed, 12),
        lambda sealed: flipped(sealed, -1),
        lambda sealed: sealed[:-4],
        lambda sealed: sealed[:16],
        lambda sealed: sealed.rpartition(".")[0] + ".",
        lambda sealed: sealed + "é",
        lambda sealed: sealed.replace("v1.", "v9."),
        lambda sealed: "plain words",
        lambda sealed: "",
    ],
    ids=["nonce", "content", "tag", "end", "nearly all", "box", "letter", "version", "format", "everything"],
)
async def test_a_tampered_row_is_lost_and_says_what_to_do(catalogue: Catalogue, tampered: Callable[[str], str]) -> None:
    name = await a_vault(catalogue).keep(SECRET)
    await change(catalogue, name, tampered(await sealed_text(catalogue, name)))
    with pytest.raises(SecretLost, match=f"{name} is damaged.*restore a backup, or give these credentials again"):
        await a_vault(catalogue).reveal(name)


async def test_a_row_under_anothers_name_is_lost(catalogue: Catalogue) -> None:
    mine, theirs = await a_vault(catalogue).keep(SECRET), await a_vault(catalogue).keep(Secret("theirs"))
    await change(catalogue, theirs, await sealed_text(catalogue, mine))
    with pytest.raises(SecretLost):
        await a_vault(catalogue).reveal(theirs)


async def test_a_vault_without_its_catalogue_cannot_answer_now(tmp_path: Path) -> None:
    catalogue = Catalogue.open(f"sqlite:///{tmp_path / 'nowhere.db'}")
    with pytest.raises(CatalogueUnavailable):
        await a_vault(catalogue).keep(SECRET)
    with pytest.raises(CatalogueUnavailable):
        await a_vault(catalogue).reveal("s-1")
    with pytest.raises(CatalogueUnavailable):
        await a_vault(catalogue).forget_unused(NOW, ())
    await catalogue.close()


# --- nobody else finds it -----------------------------------------------------------------------------------------


def spellings(text: str) -> list[bytes]:
    plain = text.encode()
    return [plain, plain.hex().encode(), *(base64.b64encode(plain[shift:])[4:-4] for shift in range(3))]


async def everything_written(catalogue: Catalogue, url: str) -> bytes:
    """Every row of every table; of SQLite the raw files, what is deleted and what is in the write-ahead log too."""
    file = sqlite_file(url)
    if file is not None:
        return b"".join(path.read_bytes() for path in sorted(file.parent.glob(f"{file.name}*")))
    tables = METADATA.sorted_tables
    rows = await catalogue.database.snapshot(
        lambda connection: [tuple(row) for table in tables for row in connection.execute(select(table))]
    )
    return repr(rows).encode()


async def test_no_byte_of_secret_or_key_is_in_the_catalogue(catalogue: Catalogue, url: str) -> None:
    vault = a_vault(catalogue)
    kept, forgotten = await vault.keep(SECRET), await vault.keep(Secret("forgotten:" + SECRET.reveal()[::-1]))
    assert await vault.forget_unused(NOW + 1, [kept]) == 1
    written = await everything_written(catalogue, url)
    assert kept.encode() in written, "we look where it is"
    assert sqlite_file(url) is None or forgotten.encode() in written, "and at what SQLite still has of it"
    for part in [
        *SECRET.reveal().split(":"),
        SECRET.reveal()[::-1],
        KEY.reveal(),
        bytes.fromhex(KEY.reveal()).decode(),
    ]:
        assert [spelled for spelled in spellings(part) if spelled and spelled in written] == []


# --- forgotten ----------------------------------------------------------------------------------------------------


async def captured(catalogue: Catalogue, *changes: Change) -> None:
    await catalogue.calls.apply("here", changes, JournalPosition(file="journal-00000001.jsonl", offset=1))


async def forgets(catalogue: Catalogue, name: str, *, still_used: Collection[str] = ()) -> bool:
    """Whether it is the one thing that is forgotten."""
    vault = a_vault(catalogue)
    count = await vault.forget_unused(NOW + 1, still_used)
    assert count in {0, 1}
    if count:
        with pytest.raises(SecretLost):
            await vault.reveal(name)
    else:
        await vault.reveal(name)
    return bool(count)


async def test_what_nobody_names_is_forgotten_once(catalogue: Catalogue) -> None:
    name = await a_vault(catalogue).keep(SECRET)
    assert await forgets(catalogue, name)
    assert await a_vault(catalogue).forget_unused(NOW + 1, ()) == 0
    assert await a_vault(catalogue).keep(SECRET) == name, "and may come again"
    assert await a_vault(catalogue).reveal(name) == SECRET


async def test_what_is_still_used_and_what_is_fresh_stays(catalogue: Catalogue) -> None:
    old, fresh = a_vault(catalogue), a_vault(catalogue, at=NOW + 1)
    used, unused, young = await old.keep(SECRET), await old.keep(Secret("unused")), await fresh.keep(Secret("young"))
    assert await old.forget_unused(NOW + 1, {used}) == 1
    assert {name for name, _, _ in await sealed_rows(catalogue)} == {used, young}
    with pytest.raises(SecretLost):
        await old.reveal(unused)


_EVENTS = {
    DeliveryState.WAITING: [],
    DeliveryState.STORED: [DeliveryEvent.STORED],
    DeliveryState.REFUSED: [DeliveryEvent.REFUSED],
    DeliveryState.GAVE_UP: [DeliveryEvent.GAVE_UP],
    DeliveryState.WAIVED: [DeliveryEvent.GAVE_UP, DeliveryEvent.WAIVED],
    DeliveryState.DELETING: [DeliveryEvent.STORED, DeliveryEvent.DELETING],
    DeliveryState.DELETED: [DeliveryEvent.STORED, DeliveryEvent.DELETING, DeliveryEvent.DELETED],
    DeliveryState.UNDELETABLE: [DeliveryEvent.STORED, DeliveryEvent.DELETING, DeliveryEvent.UNDELETABLE],
    DeliveryState.LEFT: [DeliveryEvent.STORED, DeliveryEvent.LEFT],
}


@pytest.mark.parametrize("state", list(DeliveryState))
async def test_the_place_of_a_delivery_stays_until_nothing_is_to_be_asked_there(
    catalogue: Catalogue, state: DeliveryState
) -> None:
    name = await a_vault(catalogue).keep(SECRET)
    await captured(catalogue, a_recording(state=RecordingState.CAPTURED))
    await catalogue.shipping.rendered(RECORDING, a_rendering(artefacts=(an_artefact(),)), [a_delivery()])
    await catalogue.shipping.named(a_delivery(), "one.mp3", name)
    reached = DeliveryState.WAITING
    for event in _EVENTS[state]:
        await catalogue.shipping.delivery_moved(a_delivery(), event)
        reached = moved(DELIVERY, reached, event)
    assert reached is state
    assert await forgets(catalogue, name) == (state in {DeliveryState.DELETED, DeliveryState.WAIVED})


async def test_one_delivery_of_many_keeps_a_place(catalogue: Catalogue) -> None:
    name = await a_vault(catalogue).keep(SECRET)
    gone, there = a_delivery(), a_delivery(destination="other")
    await captured(catalogue, a_recording(state=RecordingState.CAPTURED))
    await catalogue.shipping.rendered(RECORDING, a_rendering(artefacts=(an_artefact(),)), [gone, there])
    await catalogue.shipping.named(gone, "one.mp3", name)
    await catalogue.shipping.named(there, "two.mp3", name)
    for event in (DeliveryEvent.REFUSED, DeliveryEvent.WAIVED):
        await catalogue.shipping.delivery_moved(gone, event)
    assert not await forgets(catalogue, name)


@pytest.mark.parametrize("state", list(RecordingState))
async def test_credentials_of_a_recording_stay_until_it_is_removed_or_was_none(
    catalogue: Catalogue, state: RecordingState
) -> None:
    name = await a_vault(catalogue).keep(SECRET)
    others = [a_recording(id=f"other-{word}", options=RecordingOptions(credentials=word)) for word in ("bucket", None)]
    options = RecordingOptions(credentials=name, client_state='"credentials":"x"', tags=("é",))
    await captured(catalogue, a_recording(state=state, options=options), *others)
    assert await forgets(catalogue, name) == (state in {RecordingState.REMOVED, RecordingState.ABSENT})


async def test_what_merely_looks_like_the_name_in_a_recordings_options_keeps_nothing(catalogue: Catalogue) -> None:
    name = await a_vault(catalogue).keep(SECRET)
    await captured(catalogue, a_recording(options=RecordingOptions(client_state=f'"credentials":"{name}"')))
    assert await forgets(catalogue, name)


@pytest.mark.parametrize("form", ['{{"credentials": "{}"}}', "destinationUrl=s3://b,credentials={}"])
async def test_what_a_live_call_is_wanted_with_stays_until_it_has_ended(catalogue: Catalogue, form: str) -> None:
    name = await a_vault(catalogue).keep(SECRET)
    call = a_call(wanted=Wanted(by="the API", options=form.format(name)))
    await captured(catalogue, call, a_call(id="another"))
    assert not await forgets(catalogue, name)
    await captured(catalogue, a_call(wanted=call.wanted, state=CallState.ENDED))
    assert await forgets(catalogue, name)


async def test_what_an_open_command_names_stays_until_the_command_is_settled(catalogue: Catalogue) -> None:
    name = await a_vault(catalogue).keep(SECRET)
    options = f'{{"credentials":"{name}"}}'
    await catalogue.commands.post(
        Command(id="c1", node="here", call_id=CALL, action="start", options=options, expires_at=MORNING)
    )
    assert not await forgets(catalogue, name)
    assert await catalogue.commands.open_for("here", MORNING) == []
    assert await forgets(catalogue, name)


async def test_nobodys_lock_stops_what_has_nothing_to_write(migrated_file: Path, tmp_path: Path) -> None:
    file = tmp_path / "catalogue.db"
    shutil.copy(migrated_file, file)
    catalogue = Catalogue.open(f"sqlite:///{file}")
    name = await a_vault(catalogue).keep(SECRET)
    await captured(catalogue, a_recording(options=RecordingOptions(credentials=name)))
    with closing(sqlite3.connect(file, isolation_level=None)) as another:
        another.execute("BEGIN IMMEDIATE")
        assert await a_vault(catalogue).keep(SECRET) == name
        assert await a_vault(catalogue).forget_unused(NOW + 1, ()) == 0
        assert await a_vault(catalogue).reveal(name) == SECRET
        with pytest.raises(CatalogueUnavailable):
            await a_vault(catalogue).keep(Secret("another"))
    await catalogue.close()
