"""The entries of a backup file, in their order."""

import gzip
import hashlib
import tarfile
import zlib
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, BinaryIO

from backup.errors import DamagedBackupError, ForeignBackupError
from backup.writing import SHA256

_GZIP = b"\x1f\x8b"
_PIECE_BYTES = 1 << 20
_MAX_WHOLE_BYTES = 1 << 30
"""Entries that are read at once: rows, chunks and texts. Footnote writes none as large."""


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry, to be read before the next one is asked for. Everything here reads the disk: call it in a thread."""

    name: str
    size_bytes: int
    sha256: str
    _content: IO[bytes]

    def whole(self) -> bytes:
        """All of it. Raises DamagedBackupError."""
        if self.size_bytes > _MAX_WHOLE_BYTES:
            raise DamagedBackupError
        return b"".join(self.pieces())

    def pieces(self) -> Iterator[bytes]:
        """Its bytes in pieces, and DamagedBackupError at their end when they are not what they were."""
        digest, left = hashlib.sha256(), self.size_bytes
        while left:
            with _translated():
                piece = self._content.read(min(_PIECE_BYTES, left))
            if not piece:
                raise DamagedBackupError
            left -= len(piece)
            digest.update(piece)
            yield piece
        if digest.hexdigest() != self.sha256:
            message = f"The backup is damaged at {self.name}; nothing was restored. Take another copy of it."
            raise DamagedBackupError(message)


def entries(path: Path) -> Generator[Entry]:
    """The entries of a file, which may be compressed with gzip.

    Raises:
        ForeignBackupError: it is no tar file.
        DamagedBackupError: it ends early, or cannot be read from some place on.
        OSError: it cannot be opened.
    """
    with path.open("rb") as file:
        is_compressed = file.read(len(_GZIP)) == _GZIP
        file.seek(0)
        yield from _entries(gzip.GzipFile(fileobj=file) if is_compressed else file)


def _entries(file: BinaryIO | gzip.GzipFile) -> Iterator[Entry]:
    try:
        tar = tarfile.TarFile(fileobj=file)
    except (tarfile.TarError, EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise ForeignBackupError from error
    with tar:
        while (found := _next(tar)) is not None:
            content = tar.extractfile(found) if found.isreg() else None
            if content is None or SHA256 not in found.pax_headers:
                raise ForeignBackupError
            yield Entry(found.name, found.size, found.pax_headers[SHA256], content)


def _next(tar: tarfile.TarFile) -> tarfile.TarInfo | None:
    with _translated():
        found = tar.next()
    tar.members = []  # type: ignore[attr-defined]  # it would keep all, and there may be millions
    return found


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except (tarfile.TarError, EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise DamagedBackupError from error
