"""What every engine of the vector store offers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from vectorstore.chunk import AttributeValue, Chunk, Hit
from vectorstore.filters import Filter

Vectors = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Collection:
    """The Qdrant collection of one embedding model: all stores that use the model share it."""

    model: str
    """Name of the embedding model; `bm25` when there is none."""
    dimensions: int
    """Length of its vectors; 0 when the collection holds BM25 vectors only."""


@dataclass(frozen=True, slots=True)
class Query:
    """One question to the vector store."""

    store_id: str
    text: str
    """The question itself, for BM25."""
    vector: Vectors | None = None
    """Its embedding, shape (dimensions,), float32; None searches by BM25 alone."""
    mode: Literal["hybrid", "dense", "bm25"] = "hybrid"
    """In hybrid mode BM25 ranks only chunks in the question's script: across scripts it would match stray loan words
    and push down what the embedding found."""
    filter: Filter | None = None
    limit: int = 10
    candidates: int = 100
    """Hits taken from each of the two lists before fusion, `limit` at least."""


@dataclass(frozen=True, slots=True)
class Page:
    """Some of a collection's chunks, in the order of their points' ids."""

    chunks: Sequence[Chunk]
    vectors: Vectors | None
    """Shape (len(chunks), dimensions), float32; None when not asked for or when the collection has none. Made unit
    length when they were written, so they compare by direction; never the quantized ones."""
    after: str | None
    """What continues after this page; None when nothing is left."""


class VectorStore(Protocol):
    """Chunks in, hits out. Safe to use from many tasks of one event loop; nothing blocks the loop.

    Every method raises `VectorStoreError` or one of its children, and nothing else.
    """

    async def ensure_collection(self, collection: Collection) -> None:
        """Make the collection if it does not exist; cheap when it does."""

    async def upsert(self, collection: Collection, chunks: Sequence[Chunk], vectors: Vectors | None) -> None:
        """Write chunks with their vectors, shape (len(chunks), dimensions), float32; searchable when it returns.

        None for vectors where the collection has no dimensions. Raises `InvalidVectorError`, and nothing is written.
        """

    async def query(self, collection: Collection, query: Query) -> list[Hit]:
        """The best hits of one store, best first. A collection that does not exist has none.

        Raises `InvalidVectorError` and `InvalidFilterError`.
        """

    async def count(
        self, collection: Collection, store_id: str, document_id: str | None = None, version: int | None = None
    ) -> int:
        """How many chunks a store, or one document of it, or one version, holds; exact."""

    async def scroll(
        self,
        collection: Collection,
        *,
        store_id: str | None = None,
        document_id: str | None = None,
        version: int | None = None,
        after: str | None,
        limit: int,
        with_vectors: bool,
    ) -> Page:
        """A page of the chunks of the collection, of a store, of a document or of one version; all are optional.

        Begin with None for `after` and go on with what each page says. A page holds at most `limit` chunks and may hold
        fewer; only its `after` tells whether it is the last. The order is that of the points' ids, so whatever is
        written meanwhile, a chunk that is there from the first page to the last comes exactly once.
        A collection that does not exist has one empty page.
        """

    async def delete_document(
        self, collection: Collection, store_id: str, document_id: str, version: int | None = None
    ) -> None:
        """Remove a document's chunks, all of them or one version's."""

    async def delete_store(self, collection: Collection, store_id: str) -> None:
        """Remove all chunks of a store."""

    async def set_attributes(
        self, collection: Collection, store_id: str, document_id: str, attributes: Mapping[str, AttributeValue]
    ) -> None:
        """Replace the attributes on all chunks of a document."""

    async def check(self) -> None:
        """Return when the engine answers; raise `VectorStoreUnavailableError` when it does not."""
