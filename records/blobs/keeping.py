"""Files and texts, whatever the storage."""

import asyncio
import hashlib
import itertools
import zlib
from collections.abc import AsyncIterator, Iterable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import BinaryIO

from records.blobs import names
from records.blobs.errors import BlobDamagedError, BlobNameError
from records.blobs.storage import Blob, Storage
from records.ids import DocumentId

_CHECKSUM_BYTES = 4
_NAMES_AT_ONCE = 1000


class Blobs:
    """Uploaded files by the hash of their content; texts and layouts by document and version.

    Every method raises `StorageError` when the storage does not do its part. What a method has put survives a power
    cut once it returns, layouts excepted: a layout may be gone then, but is never returned damaged.
    """

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    async def put(self, source: BinaryIO, max_bytes: int) -> Blob:
        """Keep a file, read piece by piece from the current position of `source`, which must be seekable.

        Raises:
            BlobTooLargeError: it holds more than `max_bytes`.
        """
        return await self._storage.put(source, max_bytes)

    def local(self, sha256: str) -> AbstractAsyncContextManager[Path]:
        """A file of this machine with the bytes of that hash, to read while the block lasts.

        Raises:
            BlobMissingError: there is no such file.
        """
        return self._storage.local(names.file(sha256))

    def exists(self, sha256: str) -> bool:
        """Whether the bytes of that hash are there. Blocks: to be called in a thread."""
        return self._storage.exists(names.file(sha256))

    def remove(self, sha256: str) -> None:
        """Delete the bytes of that hash, if they are there. Blocks: to be called in a thread."""
        self._storage.remove(names.file(sha256))

    async def put_text(self, document_id: DocumentId, version: int, text: str) -> None:
        """Keep a document's extracted text, in place of an earlier one of that version."""
        await self._storage.keep(names.text(document_id, version), text.encode())

    async def text(self, document_id: DocumentId, version: int) -> str | None:
        """A document's extracted text; None when that version has none (yet)."""
        data = await self._storage.get(names.text(document_id, version))
        return None if data is None else data.decode()

    async def put_layout(self, document_id: DocumentId, version: int, data: bytes) -> None:
        """Keep what the parser found besides the text, in place of an earlier one of that version."""
        await self._storage.keep(names.layout(document_id, version), _checksum(data) + data)

    async def layout(self, document_id: DocumentId, version: int) -> bytes | None:
        """What `put_layout` kept; None when that version has none, or a power cut has damaged it."""
        data = await self._storage.get(names.layout(document_id, version))
        if data is None or data[:_CHECKSUM_BYTES] != _checksum(data[_CHECKSUM_BYTES:]):
            return None
        return data[_CHECKSUM_BYTES:]

    async def remove_text(self, document_id: DocumentId, version: int) -> None:
        """Delete the text and layout of one version, if they are there."""
        await asyncio.to_thread(self._remove, (names.text(document_id, version), names.layout(document_id, version)))

    async def remove_texts(self, document_id: DocumentId, *, keep_version: int | None = None) -> None:
        """Delete the texts and layouts of a document, of all versions but one if that is given."""
        await asyncio.to_thread(self._remove_texts, document_id, keep_version)

    async def names(self, prefix: str = "") -> AsyncIterator[str]:
        """What is kept, by name, in no particular order: `files/…` and `texts/…`, or only those below a prefix.

        What is put or removed meanwhile may be among them or not.
        """
        found = self._storage.listed(prefix)
        while batch := await asyncio.to_thread(lambda: list(itertools.islice(found, _NAMES_AT_ONCE))):
            for name in batch:
                yield name

    def read(self, name: str) -> AsyncIterator[bytes]:
        """The bytes of a name in pieces of about 1 MB.

        Raises:
            BlobMissingError: it is not there, or not any more.
            BlobNameError: it is not a name of `names`.
        """
        _require_name(name)
        return self._storage.read(name)

    async def write(self, name: str, pieces: AsyncIterator[bytes]) -> None:
        """Keep what `read` gave; in place of what is there, and nothing when the iterator raises.

        Raises:
            BlobDamagedError: a file's content is not what its name is the hash of.
            BlobNameError: it is not a name of `names`.
        """
        _require_name(name)
        if name.startswith(names.FILES):
            pieces = _checked(pieces, name.removeprefix(names.FILES))
        await self._storage.write(name, pieces)

    async def check(self) -> None:
        """Raise `StorageError` unless the storage answers."""
        await self._storage.check()

    def _remove_texts(self, document_id: DocumentId, keep_version: int | None) -> None:
        kept = set[str]()
        if keep_version is not None:
            kept = {names.text(document_id, keep_version), names.layout(document_id, keep_version)}
        self._remove(set(self._storage.listed(names.texts(document_id))) - kept)

    def _remove(self, given: Iterable[str]) -> None:
        for name in given:
            self._storage.remove(name)


def _checksum(data: bytes) -> bytes:
    return zlib.crc32(data).to_bytes(_CHECKSUM_BYTES)


def _require_name(name: str) -> None:
    if not names.is_name(name):
        raise BlobNameError


async def _checked(pieces: AsyncIterator[bytes], sha256: str) -> AsyncIterator[bytes]:
    """The pieces, and an error at their end when they are not what they should be."""
    digest = hashlib.sha256()
    async for piece in pieces:
        digest.update(piece)
        yield piece
    if digest.hexdigest() != sha256:
        raise BlobDamagedError
