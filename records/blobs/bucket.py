"""Bytes in a bucket of an S3-compatible object storage."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import BinaryIO

from obstore.store import S3Store

from records.blobs import names
from records.blobs.errors import BlobMissingError, BlobTooLargeError, StorageError
from records.blobs.refusals import NotFoundInBucketError, translated_from_s3
from records.blobs.storage import Blob
from records.blobs.temporary import Temporary, create, remove_leftovers, translated

_PIECE_BYTES = 1 << 20
_PART_BYTES = 8 << 20  # S3 takes 10,000 parts of a file, so 80 GB
_PARTS_AT_ONCE = 3  # of one file; what is held in memory is this many parts and one
_PROBE = "probe"


class Bucket:
    """The names are the keys, below the store's prefix. S3 itself shows an object when it is whole, and not before."""

    def __init__(self, store: S3Store, downloads: Path) -> None:
        self._store = store
        self._downloads = downloads
        with translated():
            downloads.mkdir(mode=0o700, parents=True, exist_ok=True)
            remove_leftovers(downloads)

    async def put(self, source: BinaryIO, max_bytes: int) -> Blob:
        """Read `source` twice: for its hash, which is its key, and to send it, unless it is there already."""
        start = source.tell()
        with translated():
            blob = await asyncio.to_thread(_measure, source, max_bytes)
            name = names.file(blob.sha256)
            if not await asyncio.to_thread(self.exists, name):
                source.seek(start)
                await self._send(name, _pieces(source))
        return blob

    async def keep(self, name: str, data: bytes) -> None:
        """Keep a few bytes, in place of earlier ones."""
        with translated_from_s3():
            await self._store.put_async(name, data, use_multipart=False)

    async def get(self, name: str) -> bytes | None:
        """All bytes of a name at once; None when there is no such name."""
        try:
            return b"".join([piece async for piece in self.read(name)])
        except BlobMissingError:
            return None

    @asynccontextmanager
    async def local(self, name: str) -> AsyncIterator[Path]:
        """A download, deleted when the block ends."""
        with translated():
            target = create(self._downloads)
        try:
            await self._download(name, target)
            yield target.path
        finally:
            target.discard()

    def exists(self, name: str) -> bool:
        """Whether there is something of that name."""
        try:
            with translated_from_s3():
                self._store.head(name)
        except NotFoundInBucketError:
            return False
        return True

    def remove(self, name: str) -> None:
        """Delete what is there under that name, if anything."""
        with translated_from_s3():
            self._store.delete(name)

    def listed(self, prefix: str) -> Iterator[str]:
        """Names below a prefix, in no particular order."""
        with translated_from_s3():
            for page in self._store.list(prefix or None, chunk_size=1000):
                yield from (found["path"] for found in page if names.is_name(found["path"]))

    async def read(self, name: str) -> AsyncIterator[bytes]:
        """The bytes of a name in pieces."""
        try:
            with translated_from_s3():
                found = await self._store.get_async(name)
                async for piece in found.stream(min_chunk_size=_PIECE_BYTES):
                    yield bytes(piece)
        except NotFoundInBucketError:
            raise BlobMissingError from None

    async def write(self, name: str, pieces: AsyncIterator[bytes]) -> None:
        """Keep the pieces under a name, in place of earlier ones; nothing is kept when the iterator raises."""
        await self._send(name, pieces)

    async def check(self) -> None:
        """Ask for an object that need not be there: that takes the cheapest request that S3 tells its troubles to."""
        await self.get(_PROBE)

    async def prove(self) -> None:
        """Try everything that is needed of the bucket, with an object that is deleted again."""
        await self.keep(_PROBE, b"probe")
        if await self.get(_PROBE) != b"probe":
            raise StorageError("The S3 bucket does not return what was put there; it cannot be used.")
        await asyncio.to_thread(lambda: next(self.listed(names.TEXTS), None))
        await asyncio.to_thread(self.remove, _PROBE)

    async def _download(self, name: str, target: Temporary) -> None:
        async for piece in self.read(name):
            with translated():
                await asyncio.to_thread(target.file.write, piece)
        with translated():
            target.file.flush()

    async def _send(self, name: str, pieces: AsyncIterator[bytes]) -> None:
        """Send what fits a part in one request, and anything larger in parts."""
        head = bytearray()
        async for piece in pieces:
            head += piece
            if len(head) > _PART_BYTES:
                break
        else:
            await self.keep(name, bytes(head))
            return
        with translated_from_s3():
            await self._store.put_async(
                name, _chained(head, pieces), use_multipart=True, chunk_size=_PART_BYTES, max_concurrency=_PARTS_AT_ONCE
            )


async def _pieces(source: BinaryIO) -> AsyncIterator[bytes]:
    while piece := await asyncio.to_thread(source.read, _PIECE_BYTES):
        yield piece


async def _chained(head: bytearray, pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield bytes(head)
    head.clear()
    async for piece in pieces:
        yield piece


def _measure(source: BinaryIO, max_bytes: int) -> Blob:
    digest, size = hashlib.sha256(), 0
    while piece := source.read(_PIECE_BYTES):
        size += len(piece)
        if size > max_bytes:
            raise BlobTooLargeError
        digest.update(piece)
    return Blob(digest.hexdigest(), size)
