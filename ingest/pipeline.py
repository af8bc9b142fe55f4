"""One document's way: parse, chunk, embed, store, and only then make it visible."""

import asyncio
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from ingest.chunking import Span
from ingest.collections import collection_of
from ingest.embedding import CachedEmbedding
from ingest.errors import DocumentGoneError, IncompleteError
from ingest.parsing import Extracted, ParserPool
from records import Records, documents, stores
from records.documents import Document, Summary
from records.stores import Store
from upstream import Embedder
from vectorstore import Chunk, VectorStore

_STEP = 64
"""Chunks embedded and stored between two marks of progress."""


@dataclass(frozen=True, slots=True)
class Embedding:
    """The means to embed a store's chunks."""

    embedder: Embedder
    cache: CachedEmbedding


class Pipeline:
    """Turns documents into searchable chunks."""

    def __init__(self, records: Records, vectors: VectorStore, parsers: ParserPool) -> None:
        self._database = records.database
        self._blobs = records.blobs
        self._vectors = vectors
        self._parsers = parsers

    async def warm(self, used: Iterable[Store]) -> None:
        """Start a process that reads files and the engines of these stores, before anybody has to wait for them.

        Raises:
            ParseError, VectorStoreError: what cannot be started.
        """
        for collection in {collection_of(store) for store in used}:
            await self._vectors.ensure_collection(collection)
        await self._parsers.warm()

    async def run(self, document: Document, store: Store, embedding: Embedding | None) -> None:
        """Make `document` searchable; nothing of it is visible before all of it is. `store` knows its dimensions.

        Raises:
            ParseError: the file cannot be read.
            UpstreamError: its chunks cannot be embedded.
            VectorStoreError: they cannot be stored.
            IngestError: it was deleted meanwhile, or chunks are missing in the end.
        """
        chunks = await self._prepare(document, store)
        for first in range(0, len(chunks), _STEP):
            step = chunks[first : first + _STEP]
            await self._store(store, document, step, embedding)
            if first + len(step) < len(chunks):  # the last step is marked by completing
                _require(await self._mark(document, first + len(step)))
        await self._publish(store, document, len(chunks))

    async def _prepare(self, document: Document, store: Store) -> list[Chunk]:
        """Read the file while the collection is opened; what fails must not leave the other half under way."""
        opening = self._vectors.ensure_collection(collection_of(store))
        chunks, opened = await asyncio.gather(self._read(document, store), opening, return_exceptions=True)
        if isinstance(chunks, BaseException):
            raise chunks
        if opened is not None:
            raise opened
        return chunks

    async def with_dimensions(self, store: Store, embedding: Embedding | None) -> Store:
        """The store with the length of its vectors, which the first document settles.

        Raises:
            UpstreamError: nobody knows the length.
        """
        if store.embedding_dimensions is not None or embedding is None:
            return store
        dimensions = await embedding.embedder.dimensions()
        await self._database.write(lambda c: stores.set_dimensions(c, store.id, dimensions))
        return replace(store, embedding_dimensions=dimensions)

    async def _read(self, document: Document, store: Store) -> list[Chunk]:
        path = self._blobs.path(document.sha256)
        extracted, spans = await self._parsers.parse(
            path, document.filename, max_tokens=store.chunk_max_tokens, overlap_tokens=store.chunk_overlap_tokens
        )
        await self._blobs.put_text(document.id, extracted.text)
        summary = _summary(extracted, len(spans))
        _require(await self._database.write(lambda c: documents.describe(c, document.id, summary)))
        page_starts = _page_starts(extracted)
        return [_chunk(document, extracted, page_starts, index, span) for index, span in enumerate(spans)]

    async def _store(
        self, store: Store, document: Document, chunks: Sequence[Chunk], embedding: Embedding | None
    ) -> None:
        vectors = None
        if embedding is not None:
            vectors = await embedding.cache.embed(document.id, [_embedded_text(chunk) for chunk in chunks])
        await self._vectors.upsert(collection_of(store), chunks, vectors)

    async def _mark(self, document: Document, chunks_done: int) -> bool:
        return await self._database.write(lambda c: documents.progress(c, document.id, chunks_done))

    async def _publish(self, store: Store, document: Document, chunks: int) -> None:
        version = document.version + 1
        held = await self._vectors.count(collection_of(store), store.id, document.id)
        if held != chunks:
            raise IncompleteError
        attributes = await self._database.write(lambda c: documents.complete(c, document.id, version))
        if attributes is None:
            raise DocumentGoneError
        if attributes != document.attributes:  # they were changed while the chunks were written with the earlier ones
            await self._vectors.set_attributes(collection_of(store), store.id, document.id, attributes)


def _require(still_there: bool) -> None:
    if not still_there:
        raise DocumentGoneError


def _summary(extracted: Extracted, chunks: int) -> Summary:
    pages = extracted.pages[-1].number if extracted.pages else None
    return Summary(extracted.media_type, extracted.title, len(extracted.text), pages, chunks)


def _page_starts(extracted: Extracted) -> Sequence[int]:
    """Where each page starts, from the first on; one without text starts where the next with text does."""
    starts: list[int] = []
    for page in extracted.pages:
        starts += [page.start] * (page.number - len(starts))
    return starts


def _chunk(document: Document, extracted: Extracted, page_starts: Sequence[int], index: int, span: Span) -> Chunk:
    return Chunk(
        store_id=document.store_id,
        document_id=document.id,
        version=document.version + 1,
        index=index,
        text=extracted.text[span.start : span.end],
        start=span.start,
        end=span.end,
        filename=document.filename,
        page=span.page,
        page_starts=tuple(page_starts[bisect_right(page_starts, span.start) : bisect_left(page_starts, span.end)]),
        headings=span.headings,
        attributes=document.attributes,
    )


def _embedded_text(chunk: Chunk) -> str:
    """The headings above a passage often name what it is about; they are embedded with it but never quoted."""
    return "\n".join((" > ".join(chunk.headings), chunk.text)) if chunk.headings else chunk.text
