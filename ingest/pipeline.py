"""One document's way: parse, chunk, embed, store, and only then make it visible."""

from collections.abc import Sequence
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

    async def run(self, document: Document, store: Store, embedding: Embedding | None) -> None:
        """Make `document` searchable; nothing of it is visible before all of it is.

        Raises:
            ParseError: the file cannot be read.
            UpstreamError: its chunks cannot be embedded.
            VectorStoreError: they cannot be stored.
            IngestError: it was deleted meanwhile, or chunks are missing in the end.
        """
        store = await self._with_dimensions(store, embedding)
        chunks = await self._read(document, store)
        await self._vectors.ensure_collection(collection_of(store))
        for first in range(0, len(chunks), _STEP):
            step = chunks[first : first + _STEP]
            await self._store(store, document, step, embedding)
            await self._require(await self._mark(document, first + len(step)))
        await self._publish(store, document, len(chunks))

    async def _with_dimensions(self, store: Store, embedding: Embedding | None) -> Store:
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
        await self._require(await self._database.write(lambda c: documents.describe(c, document.id, summary)))
        return [_chunk(document, extracted, index, span) for index, span in enumerate(spans)]

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
        if document.version:
            await self._vectors.delete_document(collection_of(store), store.id, document.id, keep_version=version)
        held = await self._vectors.count(collection_of(store), store.id, document.id)
        if held != chunks:
            raise IncompleteError
        await self._require(await self._database.write(lambda c: documents.complete(c, document.id, version)))
        await self._catch_up_attributes(store, document)

    async def _catch_up_attributes(self, store: Store, document: Document) -> None:
        """Attributes may have been changed while the chunks were written with the earlier ones."""
        now = await self._database.read(lambda c: documents.find(c, document.id))
        if now is not None and now.attributes != document.attributes:
            await self._vectors.set_attributes(collection_of(store), store.id, document.id, now.attributes)

    async def _require(self, still_there: bool) -> None:
        if not still_there:
            raise DocumentGoneError


def _summary(extracted: Extracted, chunks: int) -> Summary:
    pages = len(extracted.pages) or None
    return Summary(extracted.media_type, extracted.title, len(extracted.text), pages, chunks)


def _chunk(document: Document, extracted: Extracted, index: int, span: Span) -> Chunk:
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
        page_starts=tuple(page.start for page in extracted.pages if span.start < page.start < span.end),
        headings=span.headings,
        attributes=document.attributes,
    )


def _embedded_text(chunk: Chunk) -> str:
    """The headings above a passage often name what it is about; they are embedded with it but never quoted."""
    return "\n".join((" > ".join(chunk.headings), chunk.text)) if chunk.headings else chunk.text
