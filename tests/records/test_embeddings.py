import pytest

from records import Database, embeddings
from records.ids import DocumentId

pytestmark = pytest.mark.anyio
ONE, OTHER = DocumentId("doc_1"), DocumentId("doc_2")


async def test_a_vector_is_found_by_model_and_text(database: Database) -> None:
    await database.write(lambda c: embeddings.add(c, "m", ONE, {b"h": b"\x00\x00\x80?"}))
    assert await database.read(lambda c: embeddings.find(c, "m", [b"h", b"x"])) == {b"h": b"\x00\x00\x80?"}
    assert await database.read(lambda c: embeddings.find(c, "n", [b"h"])) == {}


async def test_the_first_vector_of_a_text_stays(database: Database) -> None:
    await database.write(lambda c: embeddings.add(c, "m", ONE, {b"h": b"1"}))
    await database.write(lambda c: embeddings.add(c, "m", OTHER, {b"h": b"2", b"i": b"3"}))
    assert await database.read(lambda c: embeddings.find(c, "m", [b"h", b"i"])) == {b"h": b"1", b"i": b"3"}


async def test_more_texts_than_a_statement_takes_are_found(database: Database) -> None:
    vectors = {n.to_bytes(4, "big"): b"v" for n in range(1200)}
    await database.write(lambda c: embeddings.add(c, "m", ONE, vectors))
    assert await database.read(lambda c: embeddings.find(c, "m", list(vectors))) == vectors


async def test_a_removed_document_leaves_no_vectors(database: Database) -> None:
    await database.write(lambda c: embeddings.add(c, "m", ONE, {b"h": b"1"}))
    await database.write(lambda c: embeddings.add(c, "m", OTHER, {b"i": b"2"}))
    await database.write(lambda c: embeddings.remove(c, ONE))
    assert await database.read(lambda c: embeddings.find(c, "m", [b"h", b"i"])) == {b"i": b"2"}
