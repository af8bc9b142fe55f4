"""Of keys, hashes are kept."""

import asyncio
import time
from pathlib import Path

import pytest

from records import Database, keys
from records.database import open_database
from records.keys import LastAdminError, NewKey, RevokedError
from settings import DatabaseSettings

pytestmark = pytest.mark.anyio

NEW = NewKey(name="test", permissions=("search",), stores=("vs_a",), monthly_budget_usd=1.5, expires_at=2**33)


async def test_a_key_is_random_and_only_its_hash_is_kept(database: Database) -> None:
    key, secret = await database.write(lambda c: keys.add(c, NEW))
    other, other_secret = await database.write(lambda c: keys.add(c, NEW))
    assert secret != other_secret
    assert len(secret) == len(keys.PREFIX) + 43
    assert key.hash == keys.hash_of(secret.encode()) != other.hash
    assert secret not in repr(key)
    assert repr(key.hash) not in repr(key)
    found = await database.read(lambda c: keys.find(c, key.id))
    assert found == key
    assert {name: getattr(found, name) for name in NewKey.__slots__} == {
        name: getattr(NEW, name) for name in NewKey.__slots__
    }


async def test_nothing_of_a_secret_is_in_the_database_but_the_hint(tmp_path: Path) -> None:
    async with open_database(DatabaseSettings(), tmp_path) as database:
        _, secret = await database.write(lambda c: keys.add(c, NEW))
    for path in tmp_path.iterdir():
        assert secret[6:-4].encode() not in path.read_bytes()


async def test_what_changed_since_a_moment_is_found(database: Database) -> None:
    first, _ = await database.write(lambda c: keys.add(c, NEW))
    second, _ = await database.write(lambda c: keys.add(c, NEW))
    assert await database.read(lambda c: keys.changed(c, second.updated_at + 1)) == []
    assert {key.id for key in await database.read(lambda c: keys.changed(c, 0.0))} == {first.id, second.id}
    await asyncio.sleep(0.01)
    changed = await database.write(lambda c: keys.update(c, first.id, {"name": "other", "stores": None}))
    assert changed is not None
    assert (changed.name, changed.stores, changed.permissions) == ("other", None, ("search",))
    assert changed.updated_at > second.updated_at
    assert await database.read(lambda c: keys.changed(c, second.updated_at)) == [changed]


async def test_an_admin_key_is_made_where_none_is_valid(database: Database) -> None:
    await database.write(lambda c: keys.add(c, NEW))
    made = await database.write(keys.ensure_admin)
    assert made is not None
    assert await database.write(keys.ensure_admin) is None
    (admin,) = [key for key in await database.read(keys.list_all) if "admin" in key.permissions]
    await database.read(keys.require_admin)
    await database.write(lambda c: keys.revoke(c, admin.id))
    with pytest.raises(LastAdminError):
        await database.read(keys.require_admin)
    assert await database.write(keys.ensure_admin) not in {None, made}


async def test_revoking_is_final(database: Database) -> None:
    key, _ = await database.write(lambda c: keys.add(c, NEW))
    revoked = await database.write(lambda c: keys.revoke(c, key.id))
    assert revoked is not None
    assert not revoked.is_valid
    assert await database.write(lambda c: keys.revoke(c, key.id)) == revoked
    with pytest.raises(RevokedError):
        await database.write(lambda c: keys.update(c, key.id, {"revoked_at": None}))
    with pytest.raises(RevokedError):
        await database.write(lambda c: keys.rotate(c, key.id, 60))


async def test_rotating_keeps_the_secret_before_for_its_grace(database: Database) -> None:
    key, _ = await database.write(lambda c: keys.add(c, NEW))
    rotated = await database.write(lambda c: keys.rotate(c, key.id, 60))
    assert rotated is not None
    assert rotated[0].hash == keys.hash_of(rotated[1].encode())
    assert rotated[0].previous_hash == key.hash
    assert rotated[0].previous_until == pytest.approx(time.time() + 60, abs=5)
    at_once = await database.write(lambda c: keys.rotate(c, key.id, 0))
    assert at_once is not None
    assert (at_once[0].previous_hash, at_once[0].previous_until) == (None, None)


async def test_the_last_use_only_moves_on_and_is_no_change(database: Database) -> None:
    key, _ = await database.write(lambda c: keys.add(c, NEW))
    for at in (1_000, 2_000, 1_500):
        await database.write(lambda c, at=at: keys.touch(c, {key.id: at}))  # type: ignore[misc]
    found = await database.read(lambda c: keys.find(c, key.id))
    assert found is not None
    assert found.last_used_at == 2_000
    assert found == key


async def test_what_is_not_there_is_neither_changed_nor_rotated(database: Database) -> None:
    assert await database.write(lambda c: keys.update(c, "key_none", {"name": "x"})) is None
    assert await database.write(lambda c: keys.revoke(c, "key_none")) is None
    assert await database.write(lambda c: keys.rotate(c, "key_none", 0)) is None
