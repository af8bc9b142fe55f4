"""One document's way: read, chunk, embed, store, and only then make it visible."""

import asyncio
import logging
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import replace

from ingest.chunking import Span
from ingest.collections import collection_of
from ingest.errors import StoreChangedError
from ingest.parsing import Extracted, pack_layout, unpack_layout
from ingest.publishing import Publisher, Written
from ingest.readers import Readers
from ingest.writing import STEP, ChunkWriter, Embedding, Work
from records import Records, embeddings, jobs, leases, stores
from records.documents import Status, Summary
from records.leases import LeaseLostError
from records.store_files import chunking_of
from records.stores import Store
from vectorstore import Chunk, VectorStore

_log = logging.getLogger(__name__)
_GIVEN_UP = (Status.FAILED, Status.CANCELLED)


class Pipeline:
    """Turns documents into searchable chunks."""

    def __init__(self, records: Records, vectors: VectorStore, readers: Readers) -> None:
        self._database = records.database
        self._blobs = records.blobs
        self._vectors = vectors
        self._readers = readers
        self._writer = ChunkWriter(records.database, vectors)
        self._publisher = Publisher(records, vectors)

    async def warm(self, used: Iterable[Store]) -> None:
        """Start the engines of these stores, before anybody has to wait for them. Raises VectorStoreError."""
        for collection in {collection_of(store) for store in used}:
            await self._vectors.ensure_collection(collection)

    async def run(self, work: Work, embedding: Embedding | None) -> None:
        """Make a document searchable; nothing of it is visible before all of it is.

        Raises:
            ParseError: the file cannot be read.
            UpstreamError: its chunks cannot be embedded.
            VectorStoreError: they cannot be stored.
            IngestError: chunks are missing in the end, or the store has changed.
            LeaseLostError: the job is somebody else's by now, or nobody's.
        """
        work = replace(work, store=await self._with_dimensions(work.store, embedding))
        try:
            await self._run(work, embedding)
        except LeaseLostError:
            await self._withdraw(work)
            raise

    async def _run(self, work: Work, embedding: Embedding | None) -> None:
        extracted, spans, first = await self._prepared(work)
        chunks = _chunks(work, extracted, spans)
        collection = collection_of(work.store)
        await self._writer.write(work, chunks, embedding, collection, first=first)
        summary = _summary(extracted, len(chunks))
        await self._publisher.publish(Written(work.lease, work.job, work.store, summary, work.document.attributes))

    async def _with_dimensions(self, store: Store, embedding: Embedding | None) -> Store:
        """The store with the length of its vectors, which the first document settles."""
        if store.embedding_dimensions is not None or embedding is None:
            return store
        dimensions = await embedding.embedder.dimensions()
        if not await self._database.write(lambda c: stores.set_dimensions(c, store, dimensions)):
            raise StoreChangedError
        return replace(store, embedding_dimensions=dimensions)

    async def _prepared(self, work: Work) -> tuple[Extracted, list[Span], int]:
        """What the file holds, and the chunk to go on with; opens the collection meanwhile."""
        opening = self._vectors.ensure_collection(collection_of(work.store))
        # What fails must not leave the other half under way.
        found, opened = await asyncio.gather(self._resumed_or_read(work), opening, return_exceptions=True)
        work.after_reading()
        if isinstance(found, BaseException):
            raise found
        if opened is not None:
            raise opened
        return found

    async def _resumed_or_read(self, work: Work) -> tuple[Extracted, list[Span], int]:
        if work.job.chunks_done and (known := await self._known(work)):
            await self._database.write(lambda c: leases.resumed(c, work.lease))
            return *known, work.job.chunks_done
        if work.job.attempts > 1:
            await self._discard_earlier(work)
        extracted, spans = await self._read(work)
        await self._keep(work, extracted, spans)
        await self._database.write(lambda c: leases.described(c, work.lease, len(spans)))
        return extracted, spans, 0

    async def _known(self, work: Work) -> tuple[Extracted, list[Span]] | None:
        """What an earlier attempt has read."""
        job = work.job
        layout = await self._blobs.layout(job.document_id, job.version)
        text = await self._blobs.text(job.document_id, job.version)
        if layout is None or text is None:
            return None
        try:
            return await asyncio.to_thread(unpack_layout, layout, text)
        except (ValueError, TypeError, KeyError, IndexError):
            _log.warning("document %s: the layout kept of it cannot be read; reading the file again", job.document_id)
            return None

    async def _discard_earlier(self, work: Work) -> None:
        """Another version of Footnote may have cut it into more chunks than will be written now."""
        store, job = work.store, work.job
        await self._vectors.delete_document(collection_of(store), store.id, job.document_id, job.version)

    async def _read(self, work: Work) -> tuple[Extracted, list[Span]]:
        job, chunking = work.job, chunking_of(work.store, work.document)
        async with self._blobs.local(job.sha256) as path, self._readers.place(urgent=work.is_urgent) as place:
            found = await place.parse(
                path, job.filename, max_tokens=chunking.max_tokens, overlap_tokens=chunking.overlap_tokens
            )
        work.after_reading()
        return found

    async def _keep(self, work: Work, extracted: Extracted, spans: Sequence[Span]) -> None:
        """The text, which quotes are cut from, and, where work may be interrupted between steps, how it was cut."""
        job = work.job
        work.require()
        if len(spans) > STEP:
            layout = await asyncio.to_thread(pack_layout, extracted, spans)
            await self._blobs.put_layout(job.document_id, job.version, layout)
        await self._blobs.put_text(job.document_id, job.version, extracted.text)

    async def _withdraw(self, work: Work) -> None:
        """Remove what was written for nothing, unless another worker goes on with it."""
        job, store = work.job, work.store
        now = await self._database.read(lambda c: jobs.find(c, job.document_id))
        if now is not None and now.version == job.version and now.status not in _GIVEN_UP:
            return
        await self._vectors.delete_document(collection_of(store), store.id, job.document_id, job.version)
        await self._blobs.remove_text(job.document_id, job.version)
        if now is None:
            await self._database.write(lambda c: embeddings.remove(c, job.document_id))


def _summary(extracted: Extracted, chunks: int) -> Summary:
    pages = extracted.pages[-1].number if extracted.pages else None
    return Summary(extracted.media_type, extracted.title, len(extracted.text), pages, chunks)


def _chunks(work: Work, extracted: Extracted, spans: Sequence[Span]) -> list[Chunk]:
    page_starts = _page_starts(extracted)
    return [_chunk(work, extracted, page_starts, index, span) for index, span in enumerate(spans)]


def _page_starts(extracted: Extracted) -> Sequence[int]:
    """Where each page starts, from the first on; one without text starts where the next with text does."""
    starts: list[int] = []
    for page in extracted.pages:
        starts += [page.start] * (page.number - len(starts))
    return starts


def _chunk(work: Work, extracted: Extracted, page_starts: Sequence[int], index: int, span: Span) -> Chunk:
    return Chunk(
        store_id=work.document.store_id,
        document_id=work.document.id,
        version=work.job.version,
        index=index,
        text=extracted.text[span.start : span.end],
        start=span.start,
        end=span.end,
        filename=work.job.filename,
        page=span.page,
        page_starts=tuple(page_starts[bisect_right(page_starts, span.start) : bisect_left(page_starts, span.end)]),
        headings=span.headings,
        attributes=work.document.attributes,
    )
