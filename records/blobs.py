"""Bytes on disk: uploaded files by the hash of their content, extracted texts by document."""

import asyncio
import fcntl
import hashlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, BinaryIO

from records.errors import RecordsError
from records.ids import DocumentId

_PIECE_BYTES = 1 << 20


class BlobTooLargeError(RecordsError):
    """The file is larger than allowed."""


class StorageError(RecordsError):
    """The data folder cannot be used; see whether its disk is full, and who may read and write it."""


@dataclass(frozen=True, slots=True)
class Blob:
    """Bytes that are safely on disk."""

    sha256: str
    bytes: int


class Blobs:
    """A folder of files by hash and one of texts by document.

    Every method raises `StorageError` when the disk does not do its part.
    """

    def __init__(self, folder: Path) -> None:
        self._files = folder / "files"
        self._texts = folder / "texts"
        with _translated():
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            for part in (self._files, self._texts):
                part.mkdir(exist_ok=True)
                _remove_leftovers(part)

    async def put(self, source: BinaryIO, max_bytes: int) -> Blob:
        """Copy `source` to disk, piece by piece.

        Raises:
            BlobTooLargeError: it holds more than `max_bytes`.
        """
        return await asyncio.to_thread(self._put, source, max_bytes)

    def path(self, sha256: str) -> Path:
        """Where the bytes of that hash are."""
        return self._files / sha256[:2] / sha256

    async def put_text(self, document_id: DocumentId, text: str) -> None:
        """Keep a document's extracted text, in place of an earlier one."""
        await asyncio.to_thread(self._put_text, document_id, text)

    async def text(self, document_id: DocumentId) -> str | None:
        """A document's extracted text; None when it has none (yet)."""
        return await asyncio.to_thread(self._text, document_id)

    async def remove_text(self, document_id: DocumentId) -> None:
        """Delete a document's extracted text, if it is there."""
        with _translated():
            await asyncio.to_thread(self._text_path(document_id).unlink, missing_ok=True)

    def _put(self, source: BinaryIO, max_bytes: int) -> Blob:
        with _temporary(self._files) as target:
            blob = _copy(source, target, max_bytes)
            _settle(target, self.path(blob.sha256))
        return blob

    def _put_text(self, document_id: DocumentId, text: str) -> None:
        with _temporary(self._texts) as target:
            target.write(text.encode())
            _settle(target, self._text_path(document_id))

    def _text(self, document_id: DocumentId) -> str | None:
        with _translated(), suppress(FileNotFoundError):
            return self._text_path(document_id).read_bytes().decode()
        return None

    def _text_path(self, document_id: DocumentId) -> Path:
        return self._texts / document_id[-2:] / f"{document_id}.txt"


def _copy(source: BinaryIO, target: IO[bytes], max_bytes: int) -> Blob:
    digest, size = hashlib.sha256(), 0
    while piece := source.read(_PIECE_BYTES):
        size += len(piece)
        if size > max_bytes:
            raise BlobTooLargeError
        digest.update(piece)
        target.write(piece)
    return Blob(digest.hexdigest(), size)


def _settle(written: IO[bytes], path: Path) -> None:
    """Move a finished file to its place, so that it is there whole or not at all, also after a power cut."""
    written.flush()
    os.fsync(written.fileno())
    if not path.parent.is_dir():
        path.parent.mkdir(exist_ok=True)
        _sync_folder(path.parent.parent)
    Path(written.name).replace(path)
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    """Bring to disk which names a folder has; without it a power cut can undo a rename."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def _temporary(folder: Path) -> Iterator[IO[bytes]]:
    """A file to write and then move away; it is deleted when the block fails."""
    with _translated(), tempfile.NamedTemporaryFile(dir=folder, delete=False) as target:
        fcntl.flock(target, fcntl.LOCK_EX)
        try:
            yield target.file
        except BaseException:
            Path(target.name).unlink(missing_ok=True)
            raise


def _remove_leftovers(folder: Path) -> None:
    """Delete temporary files that no process writes any more: the lock on a file ends with its process."""
    for path in folder.iterdir():
        if path.is_file():
            with path.open("rb") as leftover, suppress(BlockingIOError):
                fcntl.flock(leftover, fcntl.LOCK_EX | fcntl.LOCK_NB)
                path.unlink()


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StorageError from error
