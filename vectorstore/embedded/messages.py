"""What the service asks of an engine process, and what it hears back."""

import pickle
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from vectorstore.chunk import AttributeValue, Chunk
from vectorstore.interface import Query, Vectors


@dataclass(frozen=True, slots=True)
class Upsert:
    """Write chunks; vectors of shape (len(chunks), dimensions), or None."""

    chunks: Sequence[Chunk]
    vectors: Vectors | None


@dataclass(frozen=True, slots=True)
class Delete:
    """Remove a store's chunks, or one document's, or one version of it."""

    store_id: str
    document_id: str | None = None
    version: int | None = None


@dataclass(frozen=True, slots=True)
class SetAttributes:
    """Replace the attributes of a document's chunks."""

    store_id: str
    document_id: str
    attributes: Mapping[str, AttributeValue]


@dataclass(frozen=True, slots=True)
class Flush:
    """Bring all that was written to disk."""


@dataclass(frozen=True, slots=True)
class Ping:
    """Answer, to show that you can."""


@dataclass(frozen=True, slots=True)
class Search:
    """Answer a question; `vector` is the checked one, None for BM25 alone."""

    query: Query
    vector: Vectors | None


@dataclass(frozen=True, slots=True)
class Count:
    """How many chunks a store, a document or one of its versions has."""

    store_id: str
    document_id: str | None = None
    version: int | None = None


@dataclass(frozen=True, slots=True)
class Scroll:
    """A page of chunks, from the point `after` on."""

    store_id: str | None
    document_id: str | None
    version: int | None
    after: str | None
    limit: int
    with_vectors: bool


Write = Upsert | Delete | SetAttributes
Read = Search | Count | Scroll | Ping
Request = Write | Flush | Read


@dataclass(frozen=True, slots=True)
class Written:
    """Answer to a write, a flush or a ping: chunks now in the collection."""

    chunk_count: int


@dataclass(frozen=True, slots=True)
class Failure:
    """Answer to a request that the engine refused. The text is the engine's own, for the log."""

    reason: str
    caller_error: Exception | None = None


HEADER = struct.Struct("!QQ")
"""Frames on the socket: number of the request, length of the body in bytes, body."""


def packed(number: int, body: Any) -> bytes:
    """A frame, ready to send."""
    data = pickle.dumps(body, protocol=pickle.HIGHEST_PROTOCOL)
    return HEADER.pack(number, len(data)) + data


def unpacked(data: bytes) -> Any:
    """The body of a frame. Both ends are this program, on a socket that nobody else can reach."""
    return pickle.loads(data)  # noqa: S301
