"""Which files are there, for whom, and until when."""

import pytest

from records import Database, documents, files, stores
from records.files import Sight, Terms
from records.ids import DocumentId, FileId, StoreId
from records.paging import Page
from records.stores import NewStore

pytestmark = pytest.mark.anyio


async def add(database: Database, name: str, terms: Terms = files.FOR_DOCUMENTS) -> FileId:
    return await database.write(lambda c: files.add(c, name, 3, f"hash of {name}", terms))


async def store_with(database: Database, name: str, *file_ids: FileId) -> tuple[StoreId, list[DocumentId]]:
    store = await database.write(lambda c: stores.add(c, NewStore(name, "bm25", 0, 800, 400)))
    added = [
        await database.write(lambda c, one=file_id: documents.add(c, store.id, one, f"content of {one}", {}))  # type: ignore[misc]
        for file_id in file_ids
    ]
    return store.id, added


async def seen(database: Database, sight: Sight) -> list[str]:
    return [file.filename for file in await database.read(lambda c: files.page(c, sight, Page(100, ascending=True)))]


async def test_a_kept_file_outlives_its_documents_and_others_do_not(database: Database) -> None:
    kept, other = await add(database, "kept", Terms("assistants")), await add(database, "other")
    for file_id in (kept, other):
        await database.write(lambda c, one=file_id: files.remove_unused(c, one))  # type: ignore[misc]
    assert await database.read(lambda c: files.look_up(c, other)) is None
    assert await database.read(lambda c: files.look_up(c, kept)) is not None
    assert await database.write(lambda c: files.remove(c, kept))
    assert await database.read(lambda c: files.look_up(c, kept)) is None


async def test_a_file_that_a_document_has_is_not_removed(database: Database) -> None:
    kept = await add(database, "kept", Terms("assistants"))
    store_id, (document_id,) = await store_with(database, "s", kept)
    assert await database.read(lambda c: files.users_of(c, kept)) == {document_id: store_id}
    assert not await database.write(lambda c: files.remove(c, kept))
    await database.write(lambda c: documents.remove(c, document_id))
    assert await database.write(lambda c: files.remove(c, kept))


async def test_a_key_for_some_stores_sees_its_own_files_and_those_in_its_stores(database: Database) -> None:
    terms = {"own": Terms("user_data", "key_1"), "foreign": Terms("user_data", "key_2")}
    _own, foreign = [await add(database, name, given) for name, given in terms.items()]
    native, nobodys = await add(database, "native"), await add(database, "nobody's")
    store_id, _ = await store_with(database, "s", native, foreign)
    assert sorted(await seen(database, Sight("key_1", {store_id}))) == ["foreign", "native", "own"]
    assert await seen(database, Sight("key_1", set())) == ["own"]
    assert await seen(database, Sight("key_3", set())) == []
    assert sorted(await seen(database, files.EVERYTHING)) == ["foreign", "native", "own"]
    assert await database.read(lambda c: files.find(c, nobodys)) is None


async def test_an_expired_file_is_not_seen(database: Database) -> None:
    gone = await add(database, "gone", Terms("assistants", lifetime_seconds=-1))
    there = await add(database, "there", Terms("assistants", lifetime_seconds=3600))
    assert [file.id for file in await database.read(lambda c: files.find_all(c, [gone, there]))] == [there]
    assert await database.read(lambda c: files.expired(c, 10)) == [gone]
    found = await database.read(lambda c: files.find(c, there))
    assert found is not None
    assert found.expires_at == found.created_at + 3600


async def test_lists_can_be_read_by_purpose_in_pages_both_ways(database: Database) -> None:
    for name in ("a", "b", "c"):
        await add(database, name, Terms("assistants"))
    await add(database, "d", Terms("user_data"))

    async def pages(*, ascending: bool) -> list[str]:
        found: list[str] = []
        after: str | None = None
        while part := await database.read(
            lambda c: files.page(c, files.EVERYTHING, Page(2, ascending, after), purpose="assistants")  # noqa: B023
        ):
            found += [file.id for file in part]
            after = part[-1].id
        return found

    forward, backward = await pages(ascending=True), await pages(ascending=False)
    assert forward == backward[::-1]
    assert len(set(forward)) == 3


async def test_files_without_a_purpose_are_listed_for_assistants(database: Database) -> None:
    await store_with(database, "s", await add(database, "native"))

    async def names(purpose: str) -> list[str]:
        found = await database.read(lambda c: files.page(c, files.EVERYTHING, Page(9), purpose=purpose))
        return [file.filename for file in found]

    assert (await names("assistants"), await names("user_data")) == (["native"], [])
