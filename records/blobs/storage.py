"""What a storage of bytes by name does; there are two, `Disk` and `Bucket`."""

from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol


@dataclass(frozen=True, slots=True)
class Blob:
    """Bytes that are safely kept."""

    sha256: str
    bytes: int


class Storage(Protocol):
    """Bytes by name (`records.blobs.names`). What is there is there whole.

    Every method raises `StorageError` when the storage does not do its part. Methods that are not `async` block.
    """

    async def put(self, source: BinaryIO, max_bytes: int) -> Blob:
        """Keep a file under the hash of its content; `BlobTooLargeError` beyond `max_bytes`."""

    async def keep(self, name: str, data: bytes) -> None:
        """Keep a few bytes, in place of earlier ones."""

    async def get(self, name: str) -> bytes | None:
        """All bytes of a name at once; None when there is no such name."""

    def local(self, name: str) -> AbstractAsyncContextManager[Path]:
        """A file of this machine with the bytes of that name; `BlobMissingError` when there is no such name."""

    def exists(self, name: str) -> bool:
        """Whether there is something of that name."""

    def remove(self, name: str) -> None:
        """Delete what is there under that name, if anything."""

    def listed(self, prefix: str) -> Iterator[str]:
        """Names below a prefix that is empty or ends with `/`, in no particular order."""

    def read(self, name: str) -> AsyncIterator[bytes]:
        """The bytes of a name in pieces; `BlobMissingError` when there is no such name."""

    async def write(self, name: str, pieces: AsyncIterator[bytes]) -> None:
        """Keep the pieces under a name, in place of earlier ones; nothing is kept when the iterator raises."""

    async def check(self) -> None:
        """Raise `StorageError` unless the storage answers."""
