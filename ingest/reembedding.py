"""One document's part in a change of model: its visible chunks, embedded anew, into the other collection."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from ingest.collections import collection_of, next_collection_of
from ingest.errors import AttributesChangedError, IncompleteError
from ingest.writing import STEP, ChunkWriter, Embedding, Work
from records import Connection, Records, documents, embeddings, leases
from records.leases import Lease, LeaseLostError
from vectorstore import Chunk, Collection, VectorStore


class Reembedder:
    """Embeds documents with the model that their store is changing to; no file is read again."""

    def __init__(self, records: Records, vectors: VectorStore) -> None:
        self._database = records.database
        self._vectors = vectors
        self._writer = ChunkWriter(records.database, vectors)

    async def run(self, work: Work, embedding: Embedding | None) -> None:
        """Write the document's visible chunks into the collection of the store's next model.

        Raises:
            UpstreamError: they cannot be embedded.
            VectorStoreError: they cannot be stored.
            IncompleteError: chunks are missing, in this collection or in that.
            LeaseLostError: the document was replaced or deleted, or the change was given up.
        """
        work.after_reading()
        collection = next_collection_of(work.store)
        assert collection is not None, "the job would have gone with the change"
        try:
            await self._run(work, embedding, collection)
        except LeaseLostError:
            await self._withdraw(work, collection)
            raise

    async def _run(self, work: Work, embedding: Embedding | None, collection: Collection) -> None:
        chunks = await self._visible(work)
        await self._vectors.ensure_collection(collection)
        first = await self._begin(work, len(chunks))
        await self._writer.write(work, chunks, embedding, collection, first=first)
        await self._complete(work, collection, len(chunks))

    async def _visible(self, work: Work) -> Sequence[Chunk]:
        """All chunks of the document's version, in their order."""
        read = partial(
            self._vectors.scroll,
            collection_of(work.store),
            store_id=work.store.id,
            document_id=work.document.id,
            version=work.job.version,
            limit=STEP,
            with_vectors=False,
        )
        page = await read(after=None)
        found = list(page.chunks)
        while page.after is not None:
            page = await read(after=page.after)
            found += page.chunks
        if len(found) != work.document.chunks:
            raise IncompleteError
        attributes = work.document.attributes
        return [replace(one, attributes=attributes) for one in sorted(found, key=lambda chunk: chunk.index)]

    async def _begin(self, work: Work, chunks: int) -> int:
        """The chunk to go on with."""
        if work.job.chunks == chunks and work.job.chunks_done:
            await self._database.write(lambda c: leases.resumed(c, work.lease))
            return work.job.chunks_done
        await self._database.write(lambda c: leases.described(c, work.lease, chunks))
        return 0

    async def _complete(self, work: Work, collection: Collection, chunks: int) -> None:
        store_id, document_id = work.store.id, work.document.id
        attributes = work.document.attributes
        while True:
            try:
                await self._database.write(partial(_complete, work.lease, document_id, chunks, attributes))
            except AttributesChangedError as changed:
                attributes = changed.attributes
                await self._vectors.set_attributes(collection, store_id, document_id, attributes)
            else:
                return

    async def _withdraw(self, work: Work, collection: Collection) -> None:
        """Remove what was written for nothing, unless it is the visible version, which others go on with."""
        document_id, version = work.document.id, work.job.version
        now = await self._database.read(lambda c: documents.find(c, document_id))
        if now is None or now.version != version:
            await self._vectors.delete_document(collection, work.store.id, document_id, version)
        if now is None:
            await self._database.write(lambda c: embeddings.remove(c, document_id))


def _complete(
    lease: Lease, document_id: str, chunks: int, attributes: Mapping[str, Any], connection: Connection
) -> None:
    """End the job, unless it was taken away: as it is when another version becomes visible."""
    leases.complete(connection, lease, chunks)
    now = documents.find(connection, document_id)
    if now is None:
        raise LeaseLostError
    if now.attributes != attributes:
        raise AttributesChangedError(now.attributes)
