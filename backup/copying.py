"""Copying what rows stand for: uploaded files, texts, chunks."""

import asyncio
import hashlib
from collections.abc import AsyncGenerator
from dataclasses import replace
from io import BufferedReader

from backup.chunks import Batch, joined, packed_chunks, packed_vectors
from backup.errors import BackupError
from backup.writing import Entries, padding
from records.blobs import BlobMissingError, Blobs, StorageError, names
from records.dumping import Row, Subject
from records.ids import DocumentId
from vectorstore import Collection, VectorStore

_PIECE_BYTES = 1 << 20
_BATCH_CHUNKS = 256


class Copier:
    """Makes entries of what is there at the moment of copying, and tells what was not."""

    def __init__(self, blobs: Blobs, vectors: VectorStore, entries: Entries) -> None:
        self._blobs = blobs
        self._vectors = vectors
        self._entries = entries
        self._collections: dict[str, Collection] = {}
        self._held: dict[Collection, list[Batch]] = {}
        self._batches = 0
        self.missing: set[str] = set()
        """Hashes of files whose bytes are not there, or damaged."""
        self.unfinished: set[str] = set()
        """Documents of which something is missing."""
        self.files = self.file_bytes = self.chunks = 0

    def know(self, store: Row) -> None:
        """Note in which collection a store's chunks are."""
        self._collections[store["id"]] = Collection(store["embedding_model"], store["embedding_dimensions"] or 0)

    async def file(self, sha256: str) -> AsyncGenerator[bytes]:
        """An entry with a file, unless it is missing."""
        self.missing.discard(sha256)
        try:
            async with self._blobs.local(sha256) as path:
                # Once it is open, it can be read even when somebody deletes it.
                with await asyncio.to_thread(path.open, "rb") as file:
                    size_bytes = await asyncio.to_thread(_intact_size, file, sha256)
                    if size_bytes is None:
                        self.missing.add(sha256)
                        return
                    async for piece in self._file(file, sha256, size_bytes):
                        yield piece
        except (BlobMissingError, FileNotFoundError):
            self.missing.add(sha256)
        except OSError as error:
            raise StorageError from error

    async def document(self, subject: Subject) -> AsyncGenerator[bytes]:
        """Entries with a document's text and chunks; what is missing makes it unfinished."""
        self.unfinished.discard(subject.id)
        is_whole = self.missing.isdisjoint(subject.contents)
        if is_whole and subject.version:
            async for piece in self._text(subject):
                yield piece
            held = 0
            async for batch in self._chunks(subject):
                held += len(batch.chunks)
                async for piece in self._collected(batch):
                    yield piece
            is_whole = held == subject.chunks and subject.id not in self.unfinished
            self.chunks += held if is_whole else 0
        if not is_whole:
            self.unfinished.add(subject.id)

    async def rest(self) -> AsyncGenerator[bytes]:
        """Entries with the chunks that are still held back to make larger ones."""
        for collection in list(self._held):
            async for piece in self._written(collection):
                yield piece

    async def _file(self, file: BufferedReader, sha256: str, size_bytes: int) -> AsyncGenerator[bytes]:
        yield self._entries.header(names.file(sha256), size_bytes, sha256)
        left = size_bytes
        while left:
            piece = await asyncio.to_thread(file.read, min(_PIECE_BYTES, left))
            if not piece:
                raise BackupError("A file became shorter while it was copied; take the backup once more.")
            left -= len(piece)
            yield piece
        yield padding(size_bytes)
        self.files += 1
        self.file_bytes += size_bytes

    async def _text(self, subject: Subject) -> AsyncGenerator[bytes]:
        document_id = DocumentId(subject.id)
        for name in (names.text(document_id, subject.version), names.layout(document_id, subject.version)):
            try:
                data = b"".join([piece async for piece in self._blobs.read(name)])
            except BlobMissingError:
                if name.endswith(names.TEXT):  # most have no layout
                    self.unfinished.add(subject.id)
                    return
            else:
                yield await asyncio.to_thread(self._entries.whole, name, data)

    async def _chunks(self, subject: Subject) -> AsyncGenerator[Batch]:
        """The chunks of the visible version, with the attributes that the document has."""
        collection, after = self._collections[subject.store_id], None
        while True:
            page = await self._vectors.scroll(
                collection,
                store_id=subject.store_id,
                document_id=subject.id,
                version=subject.version,
                after=after,
                limit=_BATCH_CHUNKS,
                with_vectors=True,
            )
            chunks = [replace(chunk, attributes=subject.attributes) for chunk in page.chunks]
            yield Batch(collection, chunks, page.vectors)
            if (after := page.after) is None:
                return

    async def _collected(self, batch: Batch) -> AsyncGenerator[bytes]:
        """Nothing, or entries once there are enough chunks to make some."""
        if not batch.chunks:  # they are missing: an entry of none would be taken for a damaged one
            return
        held = self._held.setdefault(batch.collection, [])
        held.append(batch)
        if sum(len(one.chunks) for one in held) >= _BATCH_CHUNKS:
            async for piece in self._written(batch.collection):
                yield piece

    async def _written(self, collection: Collection) -> AsyncGenerator[bytes]:
        batch, name = joined(self._held.pop(collection)), f"chunks/{self._batches:08}"
        self._batches += 1
        whole = self._entries.whole
        yield await asyncio.to_thread(lambda: whole(f"{name}.jsonl", packed_chunks(batch)))
        if (vectors := batch.vectors) is not None:
            yield await asyncio.to_thread(lambda: whole(f"{name}.f32", packed_vectors(vectors)))


def _intact_size(file: BufferedReader, sha256: str) -> int | None:
    """How many bytes a file has; None when they are not those that its name is the hash of."""
    intact = hashlib.file_digest(file, "sha256").hexdigest() == sha256
    size_bytes = file.tell()
    file.seek(0)
    return size_bytes if intact else None
