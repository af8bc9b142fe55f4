"""Bytes on disk: uploaded files by the hash of their content, extracted texts by document."""

import asyncio
import hashlib
import os
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, BinaryIO

from records.errors import RecordsError
from records.ids import DocumentId

_PIECE_BYTES = 1 << 20


class BlobTooLargeError(RecordsError):
    """The file is larger than allowed."""


@dataclass(frozen=True, slots=True)
class Blob:
    """Bytes that are safely on disk."""

    sha256: str
    bytes: int


class Blobs:
    """A folder of files by hash and one of texts by document."""

    def __init__(self, folder: Path) -> None:
        self._files = folder / "files"
        self._texts = folder / "texts"
        self._files.mkdir(parents=True, exist_ok=True)
        self._texts.mkdir(parents=True, exist_ok=True)

    async def put(self, source: BinaryIO, max_bytes: int) -> Blob:
        """Copy `source` to disk, piece by piece.

        Raises:
            BlobTooLargeError: it holds more than `max_bytes`.
        """
        return await asyncio.to_thread(self._put, source, max_bytes)

    def path(self, sha256: str) -> Path:
        """Where the bytes of that hash are."""
        return self._files / sha256[:2] / sha256

    async def remove(self, sha256: str) -> None:
        """Delete the bytes of that hash, if they are there."""
        await asyncio.to_thread(self.path(sha256).unlink, missing_ok=True)

    async def put_text(self, document_id: DocumentId, text: str) -> None:
        """Keep a document's extracted text, in place of an earlier one."""
        await asyncio.to_thread(self._put_text, document_id, text)

    async def text(self, document_id: DocumentId) -> str | None:
        """A document's extracted text; None when it has none (yet)."""
        return await asyncio.to_thread(self._text, document_id)

    async def remove_text(self, document_id: DocumentId) -> None:
        """Delete a document's extracted text, if it is there."""
        await asyncio.to_thread(self._text_path(document_id).unlink, missing_ok=True)

    def _put(self, source: BinaryIO, max_bytes: int) -> Blob:
        with tempfile.NamedTemporaryFile(dir=self._files, delete=False) as target:
            try:
                blob = _copy(source, target.file, max_bytes)
                _settle(target.file, target.name, self.path(blob.sha256))
            except BaseException:
                with suppress(FileNotFoundError):
                    Path(target.name).unlink()
                raise
        return blob

    def _put_text(self, document_id: DocumentId, text: str) -> None:
        with tempfile.NamedTemporaryFile(dir=self._texts, delete=False) as target:
            target.write(text.encode())
            _settle(target.file, target.name, self._text_path(document_id))

    def _text(self, document_id: DocumentId) -> str | None:
        try:
            return self._text_path(document_id).read_bytes().decode()
        except FileNotFoundError:
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


def _settle(written: IO[bytes], name: str, path: Path) -> None:
    """Move a finished file to its place, so that it is there whole or not at all, also after a power cut."""
    written.flush()
    os.fsync(written.fileno())
    path.parent.mkdir(exist_ok=True)
    Path(name).replace(path)
