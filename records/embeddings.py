"""Embeddings that were paid for once: by model and by the hash of the text."""

from collections.abc import Mapping, Sequence
from itertools import groupby
from operator import itemgetter

import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.dialects import postgresql, sqlite

from records.ids import DocumentId
from records.schema import documents, embeddings

_MAX_PARAMETERS = 500
_FIND = sa.select(embeddings.c.text_hash, embeddings.c.vector).where(
    embeddings.c.model == sa.bindparam("wanted"), embeddings.c.text_hash.in_(sa.bindparam("some", expanding=True))
)
_ADD = {
    "sqlite": sqlite.insert(embeddings).on_conflict_do_nothing(),
    "postgresql": postgresql.insert(embeddings).on_conflict_do_nothing(),
}


def find(connection: Connection, model: str, hashes: Sequence[bytes]) -> Mapping[bytes, bytes]:
    """The vectors recorded for texts of these hashes: little-endian float32, as they came."""
    found: dict[bytes, bytes] = {}
    for first in range(0, len(hashes), _MAX_PARAMETERS):
        some = hashes[first : first + _MAX_PARAMETERS]
        found.update({row.text_hash: row.vector for row in connection.execute(_FIND, {"wanted": model, "some": some})})
    return found


def add(connection: Connection, model: str, document_id: DocumentId, vectors: Mapping[bytes, bytes]) -> None:
    """Record vectors by the hash of their text; those there already stay as they are."""
    if not vectors:
        return
    rows = [
        {"model": model, "text_hash": text_hash, "document_id": document_id, "vector": vector}
        for text_hash, vector in vectors.items()
    ]
    connection.execute(_ADD[connection.dialect.name], rows)


def add_all(connection: Connection, model: str, vectors: Sequence[tuple[DocumentId, bytes, bytes]]) -> None:
    """Record vectors by document and by the hash of their text; those there already stay as they are.

    Those of documents that have been deleted meanwhile are dropped: with the document, all of it is forgotten.
    """
    owners = {document_id for document_id, _, _ in vectors}
    query = sa.select(documents.c.id).where(documents.c.id.in_(owners)).with_for_update(key_share=True, read=True)
    there = set(connection.scalars(query))
    for document_id, some in groupby(sorted(vectors), key=itemgetter(0)):
        if document_id in there:
            add(connection, model, document_id, {text_hash: vector for _, text_hash, vector in some})


def remove(connection: Connection, document_id: DocumentId) -> None:
    """Forget the vectors that were paid for with this document."""
    connection.execute(sa.delete(embeddings).where(embeddings.c.document_id == document_id))
